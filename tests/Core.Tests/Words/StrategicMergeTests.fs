module Tikv.Core.Tests.Words.StrategicMergeTests

open NUnit.Framework
open Tikv.Tests
open Tikv.Core

let private pod =
    json
        """{
  "metadata": { "labels": { "app": "tikv" }, "finalizers": ["a", "b"], "ownerReferences": [{ "uid": "1", "name": "x" }] },
  "spec": {
    "containers": [{
      "name": "tikv", "image": "tikv:1", "args": ["--a"],
      "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }],
      "ports": [{ "name": "client", "containerPort": 20160 }, { "name": "status", "containerPort": 20180 }],
      "volumeMounts": [{ "name": "data", "mountPath": "/var/lib/tikv" }]
    }],
    "tolerations": [{ "key": "a", "operator": "Exists" }],
    "topologySpreadConstraints": [{ "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1 }],
    "volumes": [{ "name": "data", "emptyDir": {} }, { "name": "config", "configMap": { "name": "basic" } }]
  }
}"""

let private merged patch = StrategicMerge.apply (json patch) pod |> ok
let private shouldHave path expected tree = Json.tryPath path tree |> shouldBe (Some(json expected))

let private container patch =
    merged $"""{{"spec":{{"containers":[%s{patch}]}}}}"""
    |> Json.itemsAt [ "spec"; "containers" ]

let private tikv patch = container patch |> List.head

[<Test>]
let ``a container is merged by its name, another one comes last`` () =
    let containers =
        container """{"name":"sidecar","image":"s"},{"name":"tikv","image":"tikv:2","args":["--b"]}"""

    containers
    |> List.map (Json.stringAt [ "image" ])
    |> shouldBe [ Some "tikv:2"; Some "s" ]

    containers[0] |> shouldHave [ "args" ] """["--b"]"""

[<Test>]
let ``environment, mounts and ports are merged by name, path and number`` () =
    let changed =
        tikv
            """{"name":"tikv",
                "env":[{"name":"B","value":"3"},{"name":"C","value":"4"}],
                "volumeMounts":[{"mountPath":"/var/lib/tikv","readOnly":true},{"mountPath":"/x","name":"x"}],
                "ports":[{"containerPort":20180,"protocol":"TCP","hostPort":1},{"containerPort":20180,"protocol":"UDP"}]}"""

    changed
    |> shouldHave [ "env" ] """[{"name":"A","value":"1"},{"name":"B","value":"3"},{"name":"C","value":"4"}]"""

    changed
    |> shouldHave
        [ "volumeMounts" ]
        """[{"name":"data","mountPath":"/var/lib/tikv","readOnly":true},{"mountPath":"/x","name":"x"}]"""

    changed
    |> shouldHave
        [ "ports" ]
        """[{"name":"client","containerPort":20160},{"name":"status","containerPort":20180,"protocol":"TCP","hostPort":1},{"containerPort":20180,"protocol":"UDP"}]"""

[<Test>]
let ``the ports of a Service are merged by port`` () =
    let service = json """{"spec":{"ports":[{"name":"client","port":2379}]}}"""

    StrategicMerge.apply (json """{"spec":{"ports":[{"port":2379,"nodePort":30000},{"port":80}]}}""") service
    |> ok
    |> shouldHave [ "spec"; "ports" ] """[{"name":"client","port":2379,"nodePort":30000},{"port":80}]"""

[<Test>]
let ``tolerations and arguments are replaced as a whole`` () =
    merged """{"spec":{"tolerations":[{"key":"b"}]}}"""
    |> shouldHave [ "spec"; "tolerations" ] """[{"key":"b"}]"""

[<Test>]
let ``spread constraints are merged by topology and by what happens when they cannot be met`` () =
    merged
        """{"spec":{"topologySpreadConstraints":[{"topologyKey":"zone","maxSkew":2},{"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway"}]}}"""
    |> shouldHave
        [ "spec"; "topologySpreadConstraints" ]
        """[{"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","maxSkew":2},{"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway"}]"""

[<Test>]
let ``metadata is merged: finalizers as a set, owners by uid, labels by key`` () =
    let metadata =
        merged
            """{"metadata":{"finalizers":["b","c"],"ownerReferences":[{"uid":"1","controller":true}],"labels":{"app":null,"x":"y"}}}"""
        |> Json.tryPath [ "metadata" ]
        |> Option.get

    metadata |> shouldHave [ "finalizers" ] """["a","b","c"]"""

    metadata
    |> shouldHave [ "ownerReferences" ] """[{"uid":"1","name":"x","controller":true}]"""

    metadata |> shouldHave [ "labels" ] """{"x":"y"}"""

[<Test>]
let ``an item is deleted by its key, and values by themselves`` () =
    let changed =
        merged
            """{"spec":{"volumes":[{"name":"config","$patch":"delete"},{"name":"none","$patch":"delete"}]},
                "metadata":{"finalizers":["c"],"$deleteFromPrimitiveList/finalizers":["a"]}}"""

    changed
    |> shouldHave [ "spec"; "volumes" ] """[{"name":"data","emptyDir":{}}]"""

    changed |> shouldHave [ "metadata"; "finalizers" ] """["b","c"]"""

[<Test>]
let ``a list, an item or an object is replaced on demand`` () =
    merged """{"spec":{"volumes":[{"$patch":"replace"},{"name":"x","emptyDir":{}}]}}"""
    |> shouldHave [ "spec"; "volumes" ] """[{"name":"x","emptyDir":{}}]"""

    merged """{"spec":{"volumes":[{"name":"data","hostPath":{"path":"/d"},"$patch":"replace"}]}}"""
    |> shouldHave
        [ "spec"; "volumes" ]
        """[{"name":"data","hostPath":{"path":"/d"}},{"name":"config","configMap":{"name":"basic"}}]"""

    merged """{"metadata":{"$patch":"replace","labels":{"x":"y"}}}"""
    |> shouldHave [ "metadata" ] """{"labels":{"x":"y"}}"""

    merged """{"metadata":{"$patch":"delete"}}""" |> shouldHave [ "metadata" ] "{}"

[<Test>]
let ``a volume gets another source when only its new keys are retained`` () =
    merged
        """{"spec":{"volumes":[{"name":"data","hostPath":{"path":"/d"},"$retainKeys":["name","hostPath"]}]}}"""
    |> shouldHave
        [ "spec"; "volumes" ]
        """[{"name":"data","hostPath":{"path":"/d"}},{"name":"config","configMap":{"name":"basic"}}]"""

[<TestCase("""{"spec":{"containers":[{"image":"x"}]}}""",
           "spec.containers[0]: an item of this list needs \"name\", by which it is merged")>]
[<TestCase("""{"spec":{"containers":[{"name":"tikv","env":[{"value":"x"}]}]}}""",
           "spec.containers[\"tikv\"].env[0]: an item of this list needs \"name\", by which it is merged")>]
[<TestCase("""{"spec":{"$patch":"drop"}}""",
           "spec.$patch: it must be \"replace\", \"delete\" or \"merge\", not \"drop\"")>]
[<TestCase("""{"$other":1}""", "$other: there is no such directive")>]
[<TestCase("""[]""", "a strategic merge patch is an object")>]
let ``an error names the field of the patch`` (patch: string) (problem: string) =
    StrategicMerge.apply (json patch) pod |> error |> shouldBe problem

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a patch without known lists does what a merge patch does`` (patch: Json) (target: Json) =
    match patch with
    | Json.Object _ -> StrategicMerge.apply patch target = Ok(MergePatch.apply patch target)
    | _ -> StrategicMerge.apply patch target |> Result.isError

[<Test>]
let ``a Pod merged into itself is that Pod`` () = StrategicMerge.apply pod pod |> shouldBe (Ok pod)
