module Tikv.Simulator.Tests.World.SchedulerTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Tests.World.Cluster

let private sleeper name spec = pod name [ "sleep" ] spec

let private spread = [
    "topologySpreadConstraints",
    Json.array [
        Json.object [
            "topologyKey", Json.String "topology.kubernetes.io/zone"
            "maxSkew", Json.int 1
            "whenUnsatisfiable", Json.String "DoNotSchedule"
            "labelSelector", Json.object [ "matchLabels", Json.object [ "app", Json.String "a" ] ]
        ]
    ]
]

let private unschedulable name world =
    Json.stringAt [ "message" ] (condition "PodScheduled" name world)
    |> Option.defaultValue ""

[<Test>]
let ``a pod is bound to a node`` () =
    let world = fresh |> createPod (sleeper "a" []) |> wait 100L
    Assert.That(node "a" world, Does.StartWith "node-")

[<Test>]
let ``pods that are to be spread go to different zones`` () =
    let world =
        (fresh, [ "a0"; "a1"; "a2" ])
        ||> List.fold (fun world name ->
            world |> createPod (sleeper name spread |> labelled [ "app", "a" ]) |> wait 100L)

    let nodes = [ "a0"; "a1"; "a2" ] |> List.map (fun name -> node name world)
    Assert.That(List.sort nodes, Is.EqualTo<string list> [ "node-a1"; "node-b1"; "node-c1" ])

[<Test>]
let ``a pod whose node selector fits no node says so`` () =
    let world =
        fresh
        |> createPod (sleeper "a" [ "nodeSelector", Json.object [ "disk", Json.String "nvme" ] ])
        |> wait 100L

    Assert.That(
        unschedulable "a" world,
        Is.EqualTo "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
    )

[<Test>]
let ``a pod that asks for more than any node has says so`` () =
    let container =
        Json.object [
            "name", Json.String "main"
            "image", Json.String "i"
            "resources", Json.object [ "requests", Json.object [ "cpu", Json.String "17" ] ]
        ]

    let greedy = object "v1" "Pod" "a" [ "spec", Json.object [ "containers", Json.array [ container ] ] ]
    let world = fresh |> createPod greedy |> wait 100L
    Assert.That(unschedulable "a" world, Is.EqualTo "0/3 nodes are available: 3 Insufficient cpu.")

[<Test>]
let ``a pod whose claim does not exist waits for it, and is bound when it comes`` () =
    let world = fresh |> createPod (sleeper "a" [ using [ "data" ] ]) |> wait 100L

    Assert.That(
        unschedulable "a" world,
        Is.EqualTo "0/3 nodes are available: persistentvolumeclaim \"data\" not found."
    )

    let world =
        world
        |> create Builtins.persistentVolumeClaims (claim "data" "1Gi" "")
        |> wait 1_000L

    Assert.That(node "a" world, Does.StartWith "node-")

[<Test>]
let ``a pod with a claim that waits for it gets a volume on its own node`` () =
    let world =
        fresh
        |> create Builtins.persistentVolumeClaims (claim "data" "1Gi" "local")
        |> wait 1_000L

    Assert.That(text [ "status"; "phase" ] Builtins.persistentVolumeClaims "data" world, Is.EqualTo "Pending")
    let world = world |> createPod (sleeper "a" [ using [ "data" ] ]) |> wait 1_000L

    let volume = text [ "spec"; "volumeName" ] Builtins.persistentVolumeClaims "data" world
    let terms = world.Volumes[volume].NodeTerms

    Assert.That(
        terms,
        Is.EqualTo<LabelRequirement list list> [ [ In("kubernetes.io/hostname", [ node "a" world ]) ] ]
    )

[<Test>]
let ``no pod is bound to a node that is lost`` () =
    let world =
        (fresh, [ "node-a1"; "node-b1" ])
        ||> List.fold (fun world node -> Power.set false true node world)
        |> wait 60_000L
        |> createPod (sleeper "a" [])
        |> wait 100L

    Assert.That(node "a" world, Is.EqualTo "node-c1")

let private apart = [
    "affinity",
    Json.object [
        "podAntiAffinity",
        Json.object [
            "requiredDuringSchedulingIgnoredDuringExecution",
            Json.array [
                Json.object [
                    "topologyKey", Json.String "kubernetes.io/hostname"
                    "labelSelector", Json.object [ "matchLabels", Json.object [ "app", Json.String "a" ] ]
                ]
            ]
        ]
    ]
]

[<Test>]
let ``pods that must stand apart get disks on different nodes, while none of the disks is there yet`` () =
    let names = [ "a0"; "a1"; "a2" ]

    let world =
        (fresh, names)
        ||> List.fold (fun world name ->
            world
            |> create Builtins.persistentVolumeClaims (claim ("data-" + name) "1Gi" "local")
            |> createPod (sleeper name (using [ "data-" + name ] :: apart) |> labelled [ "app", "a" ]))
        |> wait 2_000L

    let nodes = names |> List.map (fun name -> node name world)
    Assert.That(List.sort nodes, Is.EqualTo<string list> [ "node-a1"; "node-b1"; "node-c1" ])

/// A world of one node, which is for databases.
let private dedicated =
    Setup.world {
        Setup.ordinary with
            Stands = Map [ "there", "m1" ]
            Nodes = [
                {
                    Name = "m1"
                    Zone = "west"
                    Cpu = "4"
                    Memory = "8Gi"
                    Taints = [ "dedicated", "db", "NoSchedule" ]
                }
            ]
    }

let private endures value = [
    "tolerations", Json.array [ Json.object [ "key", Json.String "dedicated"; "value", Json.String value ] ]
]

[<Test>]
let ``a pod that comes back to a disk whose node is taken meanwhile waits, and the one that took it stands there``
    ()
    =
    let stands name spec =
        createPod (sleeper name (using [ "data-" + name ] :: spec) |> labelled [ "app", "a" ])

    let disk name = create Builtins.persistentVolumeClaims (claim ("data-" + name) "1Gi" "local")
    let only node = [ "nodeSelector", Json.object [ "kubernetes.io/hostname", Json.String node ] ]

    let world = fresh |> disk "a0" |> stands "a0" apart |> wait 2_000L
    let taken = node "a0" world

    let world =
        world
        |> delete Builtins.pods "a0"
        |> wait 2_000L
        |> disk "a1"
        |> stands "a1" (only taken @ apart)
        |> stands "a0" apart
        |> wait 60_000L

    Assert.That((node "a1" world, node "a0" world), Is.EqualTo((taken, "")))

[<Test>]
let ``a node that the world begins with takes only Pods that endure its taints and those that stand there``
    ()
    =
    let world =
        dedicated
        |> createPod (sleeper "a" [])
        |> createPod (sleeper "b" (endures "web"))
        |> createPod (sleeper "c" (endures "db"))
        |> createPod (sleeper "there" [])
        |> wait 100L

    Assert.That(
        unschedulable "a" world,
        Is.EqualTo "0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: db}."
    )

    Assert.That(
        [ for name in [ "b"; "c"; "there" ] -> node name world ],
        Is.EqualTo<string list> [ ""; "m1"; "m1" ]
    )

[<Test>]
let ``a machine that is replaced is of its zone, as big as it was, and has its taints`` () =
    let before = dedicated.Nodes["m1"]
    let world = Power.replace "m1" dedicated |> wait 5_000L
    let after = world.Nodes["m1"]
    Assert.That(after.Labels, Is.EqualTo<Map<string, string>> before.Labels)
    Assert.That((after.Cpu, after.Memory), Is.EqualTo((before.Cpu, before.Memory)))
    Assert.That(after.Taints, Is.EqualTo<(string * string * string) list> before.Taints)
