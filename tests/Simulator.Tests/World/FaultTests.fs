/// What befalls the containers and disks of a running cluster (V K38, K39, K58, B3), and the truth about it.
module Tikv.Simulator.Tests.World.FaultTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.World
open Tikv.Simulator.Tests.World.Cluster

/// Three PD and three TiKV that an operator has set up, and that are left alone now.
let private settled =
    lazy
        (let result = Run.run (Bootstrap.scenario Programs.alone Setup.ordinary Network.realistic)
         Assert.That(Run.isGood result, Run.words result)
         result.Final.World)

let private strike misfortune world = world |> Calamity.strike misfortune |> Observer.observe |> wait 1L
let private tikv = "default/basic-tikv-0"
let private data = "default/data-basic-tikv-0"
let private restarts name world = Json.intAt [ "restartCount" ] (container name world)

let private waiting name world = Json.stringAt [ "state"; "waiting"; "reason" ] (container name world)

let private store pod (world: World) = Truth.stores world |> List.find (fun store -> store.Pod = Some pod)
let private living world = Truth.stores world |> List.filter _.Lives |> List.length

[<Test>]
let ``the truth of a settled cluster: all live, each on its own disk, and everything is available`` () =
    let world = settled.Value
    let stores = Truth.stores world
    Assert.That(stores |> List.forall (fun store -> store.Lives && store.Disks.Length = 1))
    Assert.That(stores |> List.collect _.Disks |> List.distinct |> List.length, Is.EqualTo 3)
    Assert.That(Truth.available world)
    Assert.That(Truth.regions world |> List.forall (fun region -> region.Copies.Length = 3))
    let members = Truth.members world
    Assert.That(members |> List.filter _.Lives |> List.length, Is.EqualTo 3)
    Assert.That(members |> List.filter _.Leads |> List.length, Is.EqualTo 1)

[<Test>]
let ``K39: a container out of memory starts again in the same Pod`` () =
    let world = settled.Value
    let before = uid Builtins.pods "basic-tikv-0" world
    let struck = strike (Misfortune.OutOfMemory tikv) world
    Assert.That(living struck, Is.EqualTo 2)
    let after = wait 30_000L struck
    Assert.That(uid Builtins.pods "basic-tikv-0" after, Is.EqualTo before)
    Assert.That(restarts "basic-tikv-0" after, Is.EqualTo(Some 1))

    Assert.That(
        Json.stringAt [ "lastState"; "terminated"; "reason" ] (container "basic-tikv-0" after),
        Is.EqualTo(Some "OOMKilled")
    )

    Assert.That(living after, Is.EqualTo 3)

[<Test>]
let ``the truth tells who ended a process`` () =
    let world =
        settled.Value
        |> strike (Misfortune.ContainerKill(tikv, 139, "segmentation fault"))

    let death = Truth.deaths world |> List.head
    Assert.That(death.Pod, Is.EqualTo tikv)
    Assert.That(death.By, Is.EqualTo Culprit.Fault)

    let deleted = settled.Value |> delete Builtins.pods "basic-tikv-1" |> wait 60_000L

    let death = Truth.deaths deleted |> List.head
    Assert.That(death.Pod, Is.EqualTo "default/basic-tikv-1")
    Assert.That(death.By, Is.EqualTo(Culprit.Client "test"))

[<Test>]
let ``K38: a container that crashes as often as it starts backs off`` () =
    let world = settled.Value |> strike (Misfortune.CrashLoop(tikv, 3, "panic")) |> wait 15_000L

    Assert.That(waiting "basic-tikv-0" world, Is.EqualTo(Some "CrashLoopBackOff"))
    Assert.That(living (wait 120_000L world), Is.EqualTo 3)

[<Test>]
let ``K39: a Pod that its kubelet evicts has failed, and stays so until somebody deletes it`` () =
    let world =
        settled.Value
        |> strike (Misfortune.PodEvicted(tikv, "ephemeral-storage"))
        |> wait 600_000L

    Assert.That(phase "basic-tikv-0" world, Is.EqualTo "Failed")
    Assert.That(text [ "status"; "reason" ] Builtins.pods "basic-tikv-0" world, Is.EqualTo "Evicted")
    Assert.That(living world, Is.EqualTo 2)

[<Test>]
let ``K38: an image that cannot be pulled is tried again after a growing while`` () =
    let image = "image:v8.5.2"

    let world =
        fresh
        |> strike (Misfortune.BadImage(image, true))
        |> createPod (pod "a" [ "sleep" ] [])
        |> wait 5_000L

    Assert.That(waiting "a" world, Is.EqualTo(Some "ImagePullBackOff"))
    let world = world |> strike (Misfortune.BadImage(image, false)) |> wait 10_000L
    Assert.That(phase "a" world, Is.EqualTo "Running")

[<Test>]
let ``K58: a disk that is full kills TiKV at every start, until it has room`` () =
    let world = settled.Value |> strike (Misfortune.DiskFull(data, true)) |> wait 120_000L
    Assert.That(living world, Is.EqualTo 2)
    Assert.That(waiting "basic-tikv-0" world, Is.EqualTo(Some "CrashLoopBackOff"))
    let freed = world |> strike (Misfortune.DiskFull(data, false)) |> wait 400_000L
    Assert.That(living freed, Is.EqualTo 3)

[<Test>]
let ``P20: a TiKV whose disk was lost is refused as a duplicate of itself`` () =
    let world = settled.Value |> strike (Misfortune.DiskLost data) |> wait 60_000L
    Assert.That(living world, Is.EqualTo 2)

    Assert.That(
        Truth.stores world
        |> List.filter (fun store -> store.Disks.IsEmpty)
        |> List.length,
        Is.EqualTo 1
    )

    Assert.That(Truth.regions world |> List.exists (fun region -> region.Copies.Length = 2))
    Assert.That(Truth.available world)
    let log = world.Runs[uid Builtins.pods "basic-tikv-0" world].Log |> List.map snd
    Assert.That(log |> List.exists (fun line -> line.Contains "duplicated store address"))

[<Test>]
let ``P45: a PD whose disk was lost cannot join as a duplicate of itself`` () =
    let world =
        settled.Value
        |> strike (Misfortune.DiskLost "default/data-basic-pd-1")
        |> wait 60_000L

    Assert.That(Truth.members world |> List.filter _.Lives |> List.length, Is.EqualTo 2)
    Assert.That(Truth.clusters world |> List.length, Is.EqualTo 1)

[<Test>]
let ``a TiKV that may not open enough files does not start`` () =
    let world = settled.Value

    let world =
        world
        |> strike (Misfortune.FileLimit(node "basic-tikv-0" world, 1024))
        |> strike (Misfortune.OutOfMemory tikv)
        |> wait 60_000L

    Assert.That(living world, Is.EqualTo 2)
    let log = world.Runs[uid Builtins.pods "basic-tikv-0" world].Log |> List.map snd
    Assert.That(log |> List.exists (fun line -> line.Contains "Too many open files"))

let private dying policy =
    let container =
        Json.present [
            "name", Some(Json.String "main")
            "image", Some(Json.String "tikv:v8.5.2")
            "command", Some(Json.strings [ "/tikv-server" ])
            "terminationMessagePolicy", policy |> Option.map Json.String
        ]

    object "v1" "Pod" "a" [ "spec", Json.object [ "containers", Json.array [ container ] ] ]

let private message world = Json.stringAt [ "lastState"; "terminated"; "message" ] (container "a" world)

[<Test>]
let ``the end of its log tells why a container died, where its Pod asks for that`` () =
    let asked = fresh |> createPod (dying (Some "FallbackToLogsOnError")) |> wait 3_000L
    Assert.That(message asked |> Option.defaultValue "", Does.Contain "pd.endpoints is not set")
    let silent = fresh |> createPod (dying None) |> wait 3_000L
    Assert.That(message silent, Is.EqualTo None)

[<Test>]
let ``a settled cluster has nothing to do by itself`` () =
    let world = settled.Value
    let later = wait 7_200_000L world
    Assert.That(later.Server.Revision, Is.EqualTo world.Server.Revision)
    Assert.That(Machines.next later, Is.EqualTo(ValueNone: int64 voption))
