module Tikv.Simulator.Tests.Serve.TableTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Serve

let private cells (columns: Column list) object =
    columns |> List.map (fun column -> column.Cell noon object |> Json.print)

let private named plural = Builtins.all |> List.find (fun resource -> resource.Key.Plural = plural)

let private row plural object = cells (BuiltinColumns.ofResource (named plural)) (parsed object)

[<TestCase(0, "0s")>]
[<TestCase(119, "119s")>]
[<TestCase(120, "2m")>]
[<TestCase(185, "3m5s")>]
[<TestCase(600, "10m")>]
[<TestCase(10799, "179m")>]
[<TestCase(10800, "3h")>]
[<TestCase(12000, "3h20m")>]
[<TestCase(172799, "47h")>]
[<TestCase(190800, "2d5h")>]
[<TestCase(864000, "10d")>]
let ``an age has two units while it is short`` (seconds: int, expected: string) =
    Ages.ofSpan (TimeSpan.FromSeconds(float seconds)) |> shouldBe expected

[<Test>]
let ``the columns of a custom resource follow its paths, with filters and ages`` () =
    let gadget =
        parsed
            """{"metadata":{"name":"g"},"spec":{"size":3},"status":{"since":"2026-01-01T11:59:00Z","conditions":[{"type":"Synced","status":"False"},{"type":"Ready","status":"True"}]}}"""

    cells (BuiltinColumns.ofResource gadgets) gadget
    |> shouldBe [ "\"g\""; "3"; "\"True\""; "\"60s\"" ]

[<Test>]
let ``what a path does not find is an empty cell`` () =
    cells (BuiltinColumns.ofResource gadgets) (parsed """{"metadata":{"name":"g"}}""")
    |> shouldBe [ "\"g\""; "null"; "null"; "null" ]

[<TestCase(".items[0].a", "1")>]
[<TestCase(".items[-1].a", "2")>]
[<TestCase(".items[*].a", "1 2")>]
[<TestCase(".items[?(@.a>1)].b", "y")>]
[<TestCase(".map['x.y/z']", "w")>]
[<TestCase(".map.x\\.y/z", "w")>]
[<TestCase("{.items[0].b}", "x")>]
let ``a path may have indexes, filters and names with dots`` (path: string, expected: string) =
    let json = parsed """{"items":[{"a":1,"b":"x"},{"a":2,"b":"y"}],"map":{"x.y/z":"w"}}"""

    JsonPath.parse path
    |> Option.map (fun steps ->
        JsonPath.find steps json
        |> List.map (fun found -> (Json.print found).Trim '"')
        |> String.concat " ")
    |> shouldBe (Some expected)

[<TestCase(".a[")>]
[<TestCase("..a")>]
[<TestCase(".a[?(b)]")>]
let ``a path that is not understood is none`` (path: string) = JsonPath.parse path |> shouldBe None

[<Test>]
let ``a pod shows its ready containers, its trouble and its last restart`` () =
    row
        "pods"
        """{"metadata":{"name":"p","creationTimestamp":"2026-01-01T11:00:00Z"},"spec":{"containers":[{"name":"a"},{"name":"b"}],"nodeName":"n"},"status":{"phase":"Running","podIP":"10.0.0.1","containerStatuses":[{"name":"a","ready":true,"restartCount":1,"state":{"running":{}}},{"name":"b","ready":false,"restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"finishedAt":"2026-01-01T11:57:00Z"}}}]}}"""
    |> shouldBe (
        [ "p"; "1/2"; "CrashLoopBackOff"; "3 (3m ago)"; "60m"; "10.0.0.1"; "n"; "<none>"; "<none>" ]
        |> List.map (fun cell -> $"\"{cell}\"")
    )

[<Test>]
let ``a pod that is being deleted is Terminating`` () =
    PodColumns.status (
        parsed """{"metadata":{"deletionTimestamp":"2026-01-01T11:57:00Z"},"status":{"phase":"Running"}}"""
    )
    |> shouldBe "Terminating"

[<Test>]
let ``a pod whose init container waits says which`` () =
    PodColumns.status (
        parsed
            """{"spec":{"initContainers":[{},{}]},"status":{"phase":"Pending","initContainerStatuses":[{"state":{"terminated":{"exitCode":0}}},{"state":{"running":{}}}]}}"""
    )
    |> shouldBe "Init:1/2"

[<Test>]
let ``a claim shows its volume and size`` () =
    row
        "persistentvolumeclaims"
        """{"metadata":{"name":"c","creationTimestamp":"2026-01-01T11:59:30Z"},"spec":{"volumeName":"v","storageClassName":"s","volumeMode":"Filesystem"},"status":{"phase":"Bound","capacity":{"storage":"10Gi"},"accessModes":["ReadWriteOnce"]}}"""
    |> shouldBe (
        [ "c"; "Bound"; "v"; "10Gi"; "RWO"; "s"; "<unset>"; "30s"; "Filesystem" ]
        |> List.map (fun cell -> $"\"{cell}\"")
    )

[<Test>]
let ``every built-in kind has a table for an object with a name alone`` () =
    let failures = [
        for resource in Builtins.all do
            let found = cells (BuiltinColumns.ofResource resource) (parsed """{"metadata":{"name":"x"}}""")

            if not (List.exists ((=) "\"x\"") found) then
                resource.Key.Plural
    ]

    failures |> shouldBe []

[<Test>]
let ``rows carry metadata unless asked otherwise`` () =
    let list =
        parsed
            """{"kind":"GadgetList","metadata":{"resourceVersion":"9"},"items":[{"kind":"Gadget","metadata":{"name":"g"},"spec":{"size":1}}]}"""

    let objects included =
        Tables.ofAnswer noon included (BuiltinColumns.ofResource gadgets) list
        |> Json.itemsAt [ "rows" ]
        |> List.map (Json.tryField "object")

    objects IncludeObject.Nothing |> shouldBe [ None ]

    objects IncludeObject.Metadata
    |> shouldBe [
        Some(
            parsed
                """{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"g"}}"""
        )
    ]

    objects IncludeObject.Object
    |> shouldBe [ Some(parsed """{"kind":"Gadget","metadata":{"name":"g"},"spec":{"size":1}}""") ]
