module Tikv.Simulator.Tests.WhatIf.ImportTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.WhatIf
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Tests.WhatIf.Dumped

let private import (text: string) : Result<Imported, string list> =
    inFile text (fun file -> Dump.read file |> Result.bind (Import.ofDump None))

let private imported (text: string) : Imported =
    match import text with
    | Ok imported -> imported
    | Error problems -> raise (AssertionException(String.Join("\n", problems)))

let private problems (text: string) : string =
    match import text with
    | Ok _ -> ""
    | Error problems -> String.Join("\n", problems)

let private ofWorld = lazy Json.print (dump (world given))

/// A member of every object of a kind is changed.
let private changed kind (path: string list) value (text: string) =
    match Json.parse text with
    | Ok dump ->
        let items =
            Json.itemsAt [ "items" ] dump
            |> List.map (fun item ->
                if Json.stringAt [ "kind" ] item = Some kind then Json.setPath path value item else item)

        Json.print (Json.withField "items" (Json.array items) dump)
    | Error problem -> invalidArg (nameof text) problem

[<Test>]
let ``a cluster that is dumped and imported is the cluster that it was`` () =
    let found = imported (ofWorld.Force())
    Assert.That(found.Warnings, Is.Empty)
    Assert.That({ found.Story.Given with Manifests = [] }, Is.EqualTo { given with Manifests = [] })

    let spec =
        found.Story.Given.Manifests
        |> List.find (fun (target, _) -> target = "TiKVGroup/basic-tikv")
        |> snd

    Assert.That(
        Json.print spec,
        Does
            .Contain("\"version\":\"v8.5.1\"")
            .And.Contain("\"enabled\":true")
            .And.Contain("\"downAfter\":\"40m\"")
            .And.Contain("20Gi")
            .And.Not.Contain("minReadySeconds")
    )

[<Test>]
let ``Pods begin on the nodes that they stood on`` () =
    let stands =
        (world given).Pods.Values
        |> Seq.map (fun pod -> pod.Name, pod.Node)
        |> Map.ofSeq

    for node in given.Nodes do
        for pod in node.Runs do
            Assert.That(Map.tryFind pod stands, Is.EqualTo(Some node.Name), pod)

[<Test>]
let ``other names become those of the simulated cluster and are told`` () =
    let found = imported (ofWorld.Force().Replace("basic-tikv", "prod-kv").Replace("basic", "prod"))
    Assert.That(found.Names, Does.Contain(("prod-kv-2", "basic-tikv-2")).And.Contain(("prod", "basic")))
    Assert.That(found.Story.Given.Nodes, Is.EqualTo(box given.Nodes))
    Assert.That(found.Story.Why |> Option.defaultValue "", Does.Contain "prod-kv is basic-tikv here")

    Assert.That(
        Phrases.renamed found.Names "disk of prod-kv-2 is lost",
        Is.EqualTo "disk of basic-tikv-2 is lost"
    )

[<Test>]
let ``what the simulation cannot have is told field by field`` () =
    let overlay =
        Acts.json
            """{"pod": {"spec": {"nodeSelector": {"disk": "nvme"}, "tolerations": [{"operator": "Exists"}]}}}"""

    let found =
        ofWorld.Force()
        |> changed "TiKVGroup" [ "spec"; "template"; "spec"; "overlay" ] (Some overlay)
        |> changed "Cluster" [ "spec"; "tlsCluster" ] (Some(Acts.json """{"enabled": true}"""))
        |> changed "Node" [ "metadata"; "labels"; "topology.kubernetes.io/zone" ] None
        |> imported

    let told = String.Join("\n", found.Warnings)

    Assert.That(
        told,
        Does.Contain "TiKVGroup basic-tikv: template.spec.overlay `{\"pod\":{\"spec\":{\"nodeSelector\""
    )

    Assert.That(told, Does.Contain "Cluster basic: tlsCluster `{\"enabled\":true}` is left out")
    Assert.That(told, Does.Contain "n1, n2, n3, n4: no zone is known")

    Assert.That(
        string found.Story.Given.Manifests,
        Does.Contain("tolerations").And.Not.Contain "nvme",
        "tolerations are kept, as taints are"
    )

[<Test>]
let ``taints that Kubernetes sets by the state of a node are left out and told`` () =
    let taints =
        Acts.json
            """[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}, {"key": "old", "effect": "NoSchedule"}]"""

    let found = ofWorld.Force() |> changed "Node" [ "spec"; "taints" ] (Some taints) |> imported

    for node in found.Story.Given.Nodes do
        Assert.That(
            node.Taints,
            Is.EqualTo<GivenTaint list> [ { Key = "old"; Value = ""; Effect = TaintEffect.NoSchedule } ]
        )

    Assert.That(
        found.Warnings,
        Has.Some.StartsWith "nodes: n1: its taint node.kubernetes.io/unschedulable is left out"
    )

/// Begins with 4.25 CPUs, runs with 1.75; 0.05 CPUs beside that.
let private guest phase =
    """{"metadata": {"namespace": "other", "name": "web-PHASE", "labels": {"owner": "somebody"}},
  "spec": {"nodeName": "n1", "overhead": {"cpu": "50m"},
    "initContainers": [
      {"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "250m"}}},
      {"name": "load", "resources": {"requests": {"cpu": "4", "memory": "1Mi"}}}],
    "containers": [
      {"name": "one", "image": "web", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}},
      {"name": "two", "resources": {"requests": {"cpu": "1", "memory": "512M"}, "limits": {"cpu": "8"}}},
      {"name": "three"}]},
  "status": {"phase": "PHASE"}}"""
        .Replace("PHASE", phase)

[<Test>]
let ``what Pods of others ask for is taken off the room of their nodes and nothing else of them is in a snapshot``
    ()
    =
    let pods = [ for phase in [ "Running"; "Succeeded"; "Failed" ] -> Acts.json (guest phase) ]
    let text = Json.print (dumpBeside pods (world given))
    let found = imported text
    let room = [ for node in found.Story.Given.Nodes -> node.Name, node.Cpu, node.Memory ]

    Assert.That(
        room,
        Is.EqualTo<(string * string * string) list> [
            "n1", "3700m", "67133734912"
            "n2", "8", "64Gi"
            "n3", "8", "64Gi"
            "n4", "8", "64Gi"
        ]
    )

    Assert.That(found.Story.Why |> Option.defaultValue "", Does.Contain "what other Pods ask for")
    Assert.That(text, Does.Contain("web-Running").And.Not.Contain("somebody").And.Not.Contain "web-Failed")
    Assert.That(text, Does.Not.Contain "\"image\":\"web\"")

    // as kubectl prints it
    let listed =
        match Json.parse (ofWorld.Force()) with
        | Ok dump ->
            let items =
                Json.itemsAt [ "items" ] dump
                @ [
                    for pod in pods ->
                        pod
                        |> Json.withField "kind" (Json.String "Pod")
                        |> Json.withField "apiVersion" (Json.String "v1")
                ]

            imported (Json.print (Json.withField "items" (Json.array items) dump))
        | Error problem -> invalidOp problem

    Assert.That(listed.Story.Given.Nodes, Is.EqualTo(box found.Story.Given.Nodes))

[<Test>]
let ``where Pods ask for more than a node has no room is left`` () =
    let greedy = (guest "Running").Replace("\"4\"", "\"40\"")
    let found = imported (Json.print (dumpBeside [ Acts.json greedy ] (world given)))
    Assert.That((found.Story.Given.Nodes |> List.find (fun node -> node.Name = "n1")).Cpu, Is.EqualTo "0m")

[<Test>]
let ``a dump that cannot be used is refused with its file, field, value and what is allowed`` () =
    let replicas value = changed "TiKVGroup" [ "spec"; "replicas" ] value (ofWorld.Force())

    for text, words in
        [
            "{", "dump.json: it is not JSON"
            "id: T01", "dump.json: kind: it is missing"
            ofWorld.Force().Replace("snapshot.tikv.org/v1", "snapshot.tikv.org/v9"),
            "apiVersion: `snapshot.tikv.org/v9` is not known; allowed: snapshot.tikv.org/v1"
            ofWorld.Force().Replace("\"kind\":\"TiKVGroup\"", "\"kind\":\"Other\""),
            "there is no TiKVGroup of the Cluster default/basic"
            replicas (Some(Json.String "many")),
            "(basic-tikv): spec.replicas: `\"many\"` is not one; allowed: a whole number from 0 to 1000"
            replicas None, "(basic-tikv): spec.replicas: it is missing"
        ] do
        Assert.That(problems text, Does.Contain words)

let private manifest (version: string) =
    """{"apiVersion": "core.tikv.org/v1alpha1", "kind": "TiKVGroup", "metadata": {"name": "prod-kv"}, "spec": {
  "cluster": {"name": "prod"}, "replicas": 3, "failover": {"enabled": true, "downAfter": "40m"},
  "template": {"spec": {"version": "VERSION", "config": "[storage]\nreserve-space = \"0MB\"\n",
    "volumes": [{"name": "data", "storage": "20Gi"}]}}}}"""
        .Replace("VERSION", version)

[<Test>]
let ``a changed manifest of the live cluster changes what differs and nothing else`` () =
    let found = imported (ofWorld.Force().Replace("basic-tikv", "prod-kv").Replace("basic", "prod"))

    let change text = inFile text (fun file -> Manifests.ofFile found.Story found.Names file)

    match change (manifest "v8.5.3") with
    | Ok([ Tikv.Simulator.Run.Misfortune.Acts(Tikv.Simulator.Run.Act.Patch(target, body)) ], []) ->
        Assert.That(target, Is.EqualTo "TiKVGroup/basic-tikv")

        Assert.That(
            Json.print body,
            Is.EqualTo """{"spec":{"template":{"spec":{"version":"v8.5.3"}},"replicas":3}}"""
        )
    | other -> Assert.Fail $"%A{other}"

    match change ((manifest "v8.5.3").Replace("TiKVGroup", "Pod")) with
    | Ok _ -> Assert.Fail "a Pod is changed"
    | Error problems ->
        Assert.That(
            problems,
            Has.Some.Contain "kind: `Pod` cannot be changed here; allowed: Cluster, PDGroup, TiKVGroup"
        )
