/// What is said of files that are wrong: the line, the field, the value, and what is allowed; of everything at once.
module Tikv.Simulator.Tests.Files.ProblemTests

open System
open NUnit.Framework
open Tikv.Simulator.Files

let private told (text: string) =
    match StoryFile.parse (text.Replace("\r", "")) with
    | Ok _ -> "nothing"
    | Error problems -> problems |> List.map (StoryFile.words "a.yaml") |> String.concat "\n"

let private lines (lines: string list) = String.Join("\n", lines)

[<Test>]
let ``all that is wrong is told, in the order of the lines`` () =
    let text =
        lines [
            "id: A"
            "show: b"
            "given: {pd: three, nodesPerZone: 2}"
            "steps:"
            "  - at: ten seconds"
            "    do: {scale: TiKVGroup/basic-tikv, replicas: -1}"
            "  - at: 5s"
            "    do: {scale: TiKVGroup/basic-tikv, replica: 3}"
            "  - once: {removing: basic-tikvs-3}"
        ]

    Assert.That(
        told text,
        Is.EqualTo(
            lines [
                "a.yaml:1: shows: it is missing"
                "a.yaml:2: show: there is no such field here; allowed: id, shows, why, sources, pending, given, steps, expect, quiet, limit, rest, mustStrike, calm, endsLike"
                "a.yaml:3: given.pd: `three` is not one; allowed: a whole number from 1 to 9"
                "a.yaml:5: steps[0].at: `ten seconds` is not a duration; allowed: numbers with d, h, m, s or ms, such as 90s, 5m, 2h30m"
                "a.yaml:6: steps[0].do.replicas: `-1` is not one; allowed: a whole number from 0 on"
                "a.yaml:8: steps[1].do.replica: there is no such field here; allowed: replicas"
                "a.yaml:8: steps[1].do.replicas: it is missing"
                "a.yaml:9: steps[2].do: it is missing"
                "a.yaml:9: steps[2].once.removing: `basic-tikvs-3` is no Pod of this scenario; allowed: basic-pd-0, basic-tikv-0 and so on"
            ]
        )
    )

[<Test>]
let ``taints of nodes have a key and an effect of Kubernetes`` () =
    let text =
        lines [
            "id: A"
            "shows: b"
            "given:"
            "  nodes:"
            "    - {name: n, zone: z, taints: [{key: a, effect: NoSchedule}]}"
            "    - {name: o, zone: z, taints: [{key: a, effect: never}]}"
            "    - {name: p, zone: z, taints: [{value: a}]}"
        ]

    Assert.That(
        told text,
        Is.EqualTo(
            lines [
                "a.yaml:6: given.nodes[1].taints[0].effect: `never` is not one of them; allowed: NoSchedule, PreferNoSchedule, NoExecute"
                "a.yaml:7: given.nodes[2].taints[0].effect: it is missing"
                "a.yaml:7: given.nodes[2].taints[0].key: it is missing"
            ]
        )
    )

let private one step = lines [ "id: A"; "shows: b"; "steps:"; "  - " + step ]

[<TestCase("{at: 1s, do: {delete: TiKV/basic-tikvs-1}}",
           "a.yaml:4: steps[0].do.delete: `TiKV/basic-tikvs-1` is no store of this scenario; allowed: basic-tikv-0 and so on")>]
[<TestCase("{at: 1s, do: {delete: Pods/basic-tikv-1}}",
           "a.yaml:4: steps[0].do.delete: `Pods` is no kind; allowed: Cluster, PDGroup, TiKVGroup, PD, TiKV, Pod, ConfigMap, PersistentVolumeClaim, and others that the server has")>]
[<TestCase("{at: 1s, do: {nodePower: node-d1, on: false}}",
           "a.yaml:4: steps[0].do.nodePower: `node-d1` is no node of this scenario; allowed: node-a1 to node-c2: 2 in each of the zones a, b and c")>]
[<TestCase("{at: 1s, do: {sitePower: d, for: 1m}}",
           "a.yaml:4: steps[0].do.sitePower: `d` is no zone; allowed: a, b, c, or all of them")>]
[<TestCase("{at: 1s, do: {diskLost: default/data-basic-tikv}}",
           "a.yaml:4: steps[0].do.diskLost: `default/data-basic-tikv` is no claim of this scenario; allowed: data-basic-pd-0, basic-tikv-0 and so on")>]
[<TestCase("{at: 1s, after: 2s, do: crash}",
           "a.yaml:4: steps[0].after: there is no such field here; allowed: ")>]
[<TestCase("{at: 1s, once: settled, do: crash}",
           "a.yaml:4: steps[0]: at and once are said at once; allowed: one of them")>]
[<TestCase("{atWriteTo: pod, do: crashAfter}",
           "a.yaml:4: steps[0].atWriteTo: `pod` is not one of them; allowed: Cluster, PDGroup, TiKVGroup, PD, TiKV, Pod, ConfigMap, PersistentVolumeClaim, Service, Lease, Event, Node, PersistentVolume, StorageClass, PodDisruptionBudget, ControllerRevision, Secret")>]
[<TestCase("{at: 1s, do: {nodePower: node-a1, on: no}}",
           "a.yaml:4: steps[0].do.on: `no` is not one of them; allowed: true, false")>]
[<TestCase("{at: 1s, do: scale}",
           "a.yaml:4: steps[0].do: `scale` alone says too little; it has the fields target, replicas")>]
[<TestCase("{at: -1s, do: crash}", "a.yaml:4: steps[0].at: `-1s` is negative; allowed: durations from 0s on")>]
let ``what is wrong with a step is told with what is allowed`` (step: string, words: string) =
    Assert.That(told (one step), Is.EqualTo words)

[<Test>]
let ``an object that a step makes can be named`` () =
    let text =
        lines [
            "id: A"
            "shows: b"
            "steps:"
            "  - {at: 1s, do: {create: {apiVersion: core.tikv.org/v1alpha1, kind: TiKVGroup, metadata: {name: more-tikv}}}}"
            "  - {at: 1s, do: {delete: TiKV/more-tikv-1}}"
        ]

    Assert.That(told text, Is.EqualTo "nothing")

[<Test>]
let ``what is no YAML is told with its line`` () =
    Assert.That(told "id: A\nshows: b\nid: C\n", Does.StartWith "a.yaml:3: YAML: ")

[<Test>]
let ``an empty file is no scenario`` () = Assert.That(told "", Is.EqualTo "a.yaml:1: file: it is empty")

[<Test>]
let ``a list where an object stands is told`` () =
    Assert.That(told "- a\n", Does.StartWith "a.yaml:1: a list is not an object of allowed: id, shows")
