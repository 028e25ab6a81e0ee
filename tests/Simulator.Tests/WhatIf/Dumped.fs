/// Dumps of simulated clusters, as `tikv-operator snapshot` would write them.
module Tikv.Simulator.Tests.WhatIf.Dumped

open System
open System.IO
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let given = {
    Given.ordinary with
        Pd = 1
        Tikv = 3
        Regions = 12
        Nodes = [
            for name, zone, pods, taints in
                [
                    "n1", "west", [ "basic-pd-0"; "basic-tikv-0" ], []
                    "n2", "west", [ "basic-tikv-2" ], []
                    "n3", "east", [], [ "spare", "", TaintEffect.NoExecute ]
                    "n4", "east", [ "basic-tikv-1" ], [ "dedicated", "db", TaintEffect.NoSchedule ]
                ] ->
                {
                    Given.node with
                        Name = name
                        Zone = zone
                        Runs = pods
                        Cpu = "8"
                        Taints = [
                            for key, value, effect in taints -> { Key = key; Value = value; Effect = effect }
                        ]
                }
        ]
        LocationLabels = [ "zone"; "host" ]
        Manifests = [
            "TiKVGroup/basic-tikv",
            Acts.json
                """{"spec": {"failover": {"enabled": true, "downAfter": "40m"}, "template": {"spec": {"version": "v8.5.1", "volumes": [{"name": "data", "storage": "20Gi"}]}}}}"""
        ]
}

let world (given: Given) : World = (Settled.from given).World

let private ask (world: World) (call: PdCall) : Outcome<PdReply> =
    let request = PdCodec.request call

    let leads (group: PdGroup) (one: PdProcess) =
        one.Disk |> Option.exists (fun disk -> Some disk.Member = Ground.leader group)

    let group = Seq.head world.Pd.Groups.Values
    let leader = world.Pd.Members.Values |> Seq.find (leads group)

    match
        PdServer.handle world.Pd world.Now leader.Start.Process request.Method request.Path ""
        |> snd
    with
    | PdAnswer.Replied(reply, _) -> Done reply
    | PdAnswer.Silent
    | PdAnswer.Refused -> Unknown "no answer"

let private objects (world: World) : struct (Kind * Json) list = [
    for kind in Kind.watched do
        for object in ApiServer.listObjects (Answers.key kind) None world.Server do
            struct (kind, object)
]

/// The dump of a world in which there are further Pods.
let dumpBeside (others: Json list) (world: World) : Json =
    let objects = objects world @ [ for pod in others -> struct (Kind.Pod, pod) ]

    Snapshot.document
        "default"
        "basic"
        (World.clock world)
        "test"
        (Snapshot.ofCluster "default" "basic" objects) [
            for call in Snapshot.questions -> struct (call, ask world call)
        ] []

let dump (world: World) : Json = dumpBeside [] world

/// A file with that text, while something is done with it.
let inFile (text: string) (use': string -> 'Value) : 'Value =
    let folder = Directory.CreateTempSubdirectory "tikv-dump-"

    try
        let file = Path.Combine(folder.FullName, "dump.json")
        File.WriteAllText(file, text)
        use' file
    finally
        folder.Delete true
