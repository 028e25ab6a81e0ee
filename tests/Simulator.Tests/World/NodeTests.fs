/// What becomes of Pods and volumes when nodes are lost, tainted, drained or replaced (V K40-K48, K54, K55).
module Tikv.Simulator.Tests.World.NodeTests

open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.World
open Tikv.Simulator.Tests.World.Cluster

let private minutes count = 60_000L * int64 count
let private sleeper = pod "a" [ "sleep" ] []
let private running = fresh |> createPod sleeper |> wait 1_000L
let private home = node "a" running
let private strike misfortune world = world |> Calamity.strike misfortune |> Observer.observe |> wait 1L
let private deleting name world = text [ "metadata"; "deletionTimestamp" ] Builtins.pods name world <> ""

let private taints (world: World) =
    world.Nodes[home].Taints
    |> List.map (fun (key, _, effect) -> key + ":" + effect)

let private withClaim storageClass =
    fresh
    |> create Builtins.persistentVolumeClaims (claim "data" "1Gi" storageClass)
    |> createPod (pod "a" [ "sleep" ] [ using [ "data" ] ])
    |> wait 5_000L

let private forced =
    Requests.delete { Requests.deleteOptions with GraceSeconds = Some 0 } Builtins.pods (Some "default") "a"
    |> ask

let private budget most =
    object "policy/v1" "PodDisruptionBudget" "a" [
        "spec",
        Json.object [
            "minAvailable", Json.int most
            "selector", Json.object [ "matchLabels", Json.object [ "app", Json.String "a" ] ]
        ]
    ]

[<Test>]
let ``K40: a node whose kubelet is silent for 50 s is tainted, and not before`` () =
    let off = strike (Misfortune.NodePower(home, false)) running
    Assert.That(taints (wait 49_000L off), Is.Empty)

    Assert.That(
        taints (wait 52_000L off),
        Is.EquivalentTo [
            "node.kubernetes.io/unreachable:NoSchedule"
            "node.kubernetes.io/unreachable:NoExecute"
        ]
    )

[<Test>]
let ``K40: the Pods of a lost node are deleted after 300 s more, and stay as long as nobody confirms their end``
    ()
    =
    let off = strike (Misfortune.NodePower(home, false)) running
    Assert.That(deleting "a" (wait 345_000L off), Is.False)
    let evicted = wait 352_000L off
    Assert.That(deleting "a" evicted)
    Assert.That(exists Builtins.pods "a" (wait (minutes 600) evicted))

[<Test>]
let ``K40: a Pod bears the loss of its node for as long as its toleration says`` () =
    let patient =
        pod "a" [ "sleep" ] [
            "tolerations",
            Json.array [
                Json.object [
                    "key", Json.String "node.kubernetes.io/unreachable"
                    "operator", Json.String "Exists"
                    "effect", Json.String "NoExecute"
                    "tolerationSeconds", Json.int 30
                ]
            ]
        ]

    let world = fresh |> createPod patient |> wait 1_000L
    let off = strike (Misfortune.NodePower(node "a" world, false)) world
    Assert.That(deleting "a" (wait 75_000L off), Is.False)
    Assert.That(deleting "a" (wait 82_000L off))

[<Test>]
let ``a taint that a person sets outlives the node's own taints`` () =
    let world =
        running
        |> strike (Misfortune.NodeTaint(home, "team", "NoSchedule", true))
        |> strike (Misfortune.NodePower(home, false))
        |> wait 60_000L
        |> strike (Misfortune.NodePower(home, true))
        |> wait 5_000L

    Assert.That(taints world, Is.EqualTo<string list> [ "team:NoSchedule" ])

[<Test>]
let ``a taint of effect NoExecute drives out the Pods that do not bear it`` () =
    let world =
        running
        |> strike (Misfortune.NodeTaint(home, "team", "NoExecute", true))
        |> wait 2_000L

    Assert.That(exists Builtins.pods "a" world, Is.False)

[<Test>]
let ``K40: out of service, the Pods of a lost node go`` () =
    let world =
        running
        |> strike (Misfortune.NodeLost home)
        |> wait 60_000L
        |> strike (Misfortune.NodeTaint(home, "node.kubernetes.io/out-of-service", "NoExecute", true))
        |> wait 40_000L

    Assert.That(exists Builtins.pods "a" world, Is.False)

[<Test>]
let ``K40: out of service means nothing on a node that is ready`` () =
    let world =
        running
        |> strike (Misfortune.NodeTaint(home, "node.kubernetes.io/out-of-service", "NoSchedule", true))
        |> wait 60_000L

    Assert.That(exists Builtins.pods "a" world)

[<Test>]
let ``K40: when the node is deleted its Pods are collected a minute later`` () =
    let world =
        running
        |> strike (Misfortune.NodeLost home)
        |> strike (Misfortune.NodeDeleted home)

    Assert.That(exists Builtins.pods "a" (wait 50_000L world))
    Assert.That(exists Builtins.pods "a" (wait 65_000L world), Is.False)

[<Test>]
let ``a machine that is lost for good does not come back with power`` () =
    let world =
        running
        |> strike (Misfortune.NodeLost home)
        |> strike (Misfortune.NodePower(home, true))
        |> wait 60_000L

    Assert.That(world.Nodes[home].Ready, Is.False)

[<Test>]
let ``K44: a machine replaced under its name is a new node whose local disks are empty`` () =
    let world = withClaim "local"
    let home = node "a" world
    let volume = world.Volumes.Values |> Seq.exactlyOne

    let world = { world with Disks = Map.ofList [ volume.Uid, Disk.Pd { Group = 1; Member = MemberId 1UL } ] }

    let before = ApiServer.tryGet Builtins.nodes None home world.Server |> Option.map Meta.uid
    let replaced = world |> strike (Misfortune.NodeReplaced home) |> wait 5_000L
    let after = ApiServer.tryGet Builtins.nodes None home replaced.Server |> Option.map Meta.uid
    Assert.That(after.IsSome && after <> before)
    Assert.That(replaced.Disks, Is.Empty)
    Assert.That(isReady "a" replaced)

[<Test>]
let ``K55: a network volume comes free of a dead node six minutes after its Pod has gone`` () =
    let world = withClaim ""
    let home = node "a" world

    let moved =
        world
        |> strike (Misfortune.NodeLost home)
        |> wait 60_000L
        |> forced
        |> createPod (pod "a" [ "sleep" ] [ using [ "data" ] ])
        |> wait 60_000L

    Assert.That(node "a" moved, Is.Not.EqualTo home)
    Assert.That(phase "a" moved, Is.EqualTo "Pending")
    Assert.That(phase "a" (wait 280_000L moved), Is.EqualTo "Pending")
    Assert.That(phase "a" (wait 310_000L moved), Is.EqualTo "Running")

[<Test>]
let ``K55: a network volume comes free at once of a node that is out of service`` () =
    let world = withClaim ""
    let home = node "a" world

    let moved =
        world
        |> strike (Misfortune.NodeLost home)
        |> wait 60_000L
        |> strike (Misfortune.NodeTaint(home, "node.kubernetes.io/out-of-service", "NoExecute", true))
        |> wait 30_000L
        |> createPod (pod "a" [ "sleep" ] [ using [ "data" ] ])
        |> wait 10_000L

    Assert.That(node "a" moved, Is.Not.EqualTo home)
    Assert.That(phase "a" moved, Is.EqualTo "Running")

[<Test>]
let ``K54: a Pod whose local volume is on a lost node finds no other node`` () =
    let world = withClaim "local"
    let home = node "a" world

    let world =
        world
        |> strike (Misfortune.NodeLost home)
        |> wait 60_000L
        |> forced
        |> createPod (pod "a" [ "sleep" ] [ using [ "data" ] ])
        |> wait (minutes 30)

    Assert.That(node "a" world, Is.Empty)

    Assert.That(
        Json.stringAt [ "message" ] (condition "PodScheduled" "a" world),
        Is.EqualTo(
            Some
                "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 2 node(s) had volume node affinity conflict."
        )
    )

[<Test>]
let ``K48: a drain evicts what is on the node, and leaves it cordoned`` () =
    let world = running |> strike (Misfortune.NodeDrain(home, true)) |> wait 20_000L
    Assert.That(exists Builtins.pods "a" world, Is.False)
    Assert.That(world.Nodes[home].Unschedulable)
    Assert.That(taints world, Is.EqualTo<string list> [ "node.kubernetes.io/unschedulable:NoSchedule" ])
    Assert.That(world.Troubles.Drains, Is.Empty)

[<Test>]
let ``K48: a drain waits for a budget that allows no eviction, for as long as it takes`` () =
    let guarded =
        fresh
        |> createPod (sleeper |> labelled [ "app", "a" ])
        |> create Builtins.podDisruptionBudgets (budget 1)
        |> wait 5_000L

    let home = node "a" guarded
    let drained = guarded |> strike (Misfortune.NodeDrain(home, true)) |> wait (minutes 10)
    Assert.That(deleting "a" drained, Is.False)
    Assert.That(Set.contains home drained.Troubles.Drains)

    let world = drained |> delete Builtins.podDisruptionBudgets "a" |> wait 20_000L
    Assert.That(exists Builtins.pods "a" world, Is.False)

[<Test>]
let ``a kubelet that is stopped leaves its containers alone, and its node is lost`` () =
    let stopped = running |> strike (Misfortune.KubeletStops home) |> wait 60_000L
    Assert.That(stopped.Nodes[home].Ready, Is.False)
    Assert.That(isReady "a" stopped, Is.False)
    Assert.That(stopped.Runs.Count, Is.EqualTo 1)
    let back = stopped |> strike (Misfortune.KubeletStarts home) |> wait 5_000L
    Assert.That(isReady "a" back)
    Assert.That(Json.intAt [ "restartCount" ] (container "a" back), Is.EqualTo(Some 0))

[<Test>]
let ``a machine without power for a while is back with the same Pods, started again`` () =
    let world = running |> strike (Misfortune.NodePower(home, false)) |> wait 20_000L
    let back = world |> strike (Misfortune.NodePower(home, true)) |> wait 10_000L
    Assert.That(isReady "a" back)
    Assert.That(Json.intAt [ "restartCount" ] (container "a" back), Is.EqualTo(Some 1))

[<Test>]
let ``a node tells its address, and its kubelet renews a Lease`` () =
    let object = ApiServer.tryGet Builtins.nodes None home running.Server |> Option.get

    let address =
        Json.itemsAt [ "status"; "addresses" ] object
        |> List.find (fun address -> Json.stringAt [ "type" ] address = Some "InternalIP")

    Assert.That(Json.stringAt [ "address" ] address, Is.EqualTo(Some running.Machines[home].Ip))
    Assert.That((ApiServer.tryGet Builtins.leases (Some "kube-node-lease") home running.Server).IsSome)

[<Test>]
let ``a person turns a machine off and on by an annotation of its node`` () =
    let annotate value =
        Requests.patch
            MergePatch
            Builtins.nodes
            None
            home
            (Json.object [
                "metadata",
                Json.object [ "annotations", Json.object [ "simulator.tikv.org/power", Json.String value ] ]
            ])
        |> ask

    let off = running |> annotate "off" |> wait 60_000L
    Assert.That(off.Nodes[home].Ready, Is.False)
    let on = off |> annotate "on" |> wait 10_000L
    Assert.That(on.Nodes[home].Ready)
    Assert.That(isReady "a" on)
