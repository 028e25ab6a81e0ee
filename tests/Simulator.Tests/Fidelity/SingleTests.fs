/// What single regions (L2) add to regions by class.
module Tikv.Simulator.Tests.Fidelity.SingleTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Fidelity
open Tikv.Simulator.Tests.Pd.Given

let private t1 = afterwards
let private hour = seconds 3600.0
let private single settings world = PdWorld.atFidelity t1 (Some settings) world
let private four = lazy (stores 4 44 |> single SingleSettings.defaults)
let private singles world = (group world).Cluster.Singles.Value
let private peers id world = Fidelity.peers (StoreId id) (group world).Cluster
let private isTombstone id world = (group world).Cluster.Stores[StoreId id].NodeState = NodeState.Removed
let private removed = lazy (four.Value |> write t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL)))

let private limited rate world =
    ask t1 "pd-0" "POST" "/pd/api/v1/stores/limit" $"""{{"rate": %d{rate}}}""" world
    |> fst

let private config key value world =
    ask t1 "pd-0" "POST" "/pd/api/v1/config" $"""{{"%s{key}": %s{value}}}""" world
    |> fst

let private learners world =
    Singles.count (fun region -> region.Peers |> List.exists Singles.isLearner) (singles world)

let private receiving world =
    let sent, taken = SingleRaft.snapshots (singles world)
    let most counts = counts |> Map.fold (fun most _ count -> max most count) 0
    most sent, most taken

/// Every event up to a time.
let private moments until world =
    world
    |> List.unfold (fun world ->
        match PdWorld.nextEvent world with
        | Some at when at <= until -> let after = PdWorld.advance at world in Some((at, after), after)
        | _ -> None)

[<Test>]
let ``a world of classes becomes one of single regions, and the same again`` () =
    let classes = (group four.Value).Cluster.Regions
    Singles.classes (singles four.Value) |> shouldBe classes

    (group (PdWorld.atFidelity t1 None four.Value)).Cluster.Regions
    |> shouldBe classes

[<Test>]
let ``a quiet cluster of single regions comes to rest`` () =
    four.Value |> PdWorld.advance (t1 + hour) |> PdWorld.nextEvent |> shouldBe None

[<Test>]
let ``a peer moves as a learner, takes a snapshot, and votes from when it has caught up`` () =
    let seen =
        moments (t1 + seconds 60.0) removed.Value
        |> List.map (fun (at, world) -> at, (singles world).Regions)

    let first =
        seen
        |> List.pick (fun (_, regions) ->
            regions
            |> Map.tryFindKey (fun _ region -> region.Peers |> List.exists Singles.isLearner))

    let stages =
        seen
        |> List.map (fun (at, regions) ->
            let region = Map.find first regions

            match region.Peers |> List.tryFind Singles.isLearner with
            | Some { Data = PeerData.Receives _ } -> "takes a snapshot"
            | Some learner when Singles.hasCaughtUp at learner -> "waits for PD"
            | Some _ -> "is pending"
            | None when Singles.isJoint region -> "is joint"
            | None when Singles.holds (StoreId 6UL) region -> "has not begun"
            | None -> "votes")

    (stages, List.skip 1 stages @ [ "" ])
    ||> List.zip
    |> List.filter (fun (one, next) -> one <> next)
    |> List.map fst
    |> List.filter (fun stage -> stage <> "has not begun")
    |> List.filter (fun stage -> stage <> "votes")
    |> String.concat ", "
    |> shouldBe "takes a snapshot, is pending, is joint"

    // the last of them lasts
    List.last stages |> shouldBe "votes"

[<Test>]
let ``a region of 96 MiB takes a second and a half to be sent, as observed`` () =
    let settings = SingleSettings.defaults
    settings.SnapshotStart + 96L * settings.SnapshotPerMiB |> shouldBe 1_500L

[<Test>]
let ``25 regions at 60 a minute with snapshots of 1.5 s leave their store in 16 s, burial included, as observed``
    ()
    =
    let world = four.Value |> limited 60 |> write t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL))

    Assert.That(peers 6UL world, Is.InRange(23, 27))
    let buried = world |> until hour (isTombstone 6UL) t1
    Assert.That(buried - t1, Is.InRange(seconds 14.0, seconds 18.0))

[<Test>]
let ``38 regions of a store that is Down are replaced at 200 a minute in 9 to 14 s, where 9.4 s were observed``
    ()
    =
    let world = stores 4 51 |> single SingleSettings.defaults |> limited 200
    let world = config "schedule.max-store-down-time" "\"1m0s\"" world
    Assert.That(peers 5UL world, Is.InRange(36, 40))

    let name =
        world.Tikvs
        |> Map.findKey (fun _ one -> one.Disk |> Option.exists (fun disk -> disk.Store = StoreId 5UL))

    let world = PdWorld.stopStore t1 PdStop.Kill name world
    let drained = world |> until hour (fun world -> peers 5UL world = 0) t1
    let beat = (group world).Cluster.Stores[StoreId 5UL].LastBeat.Value
    Assert.That(drained - beat - seconds 60.0, Is.InRange(seconds 9.0, seconds 14.0))

[<Test>]
let ``no store sends or takes more snapshots at a time than it may`` () =
    let settings = { SingleSettings.defaults with Snapshots = 2; SnapshotPerMiB = 200L }

    let most =
        four.Value
        |> single settings
        |> limited 2000
        |> write t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL))
        |> moments (t1 + hour)
        |> List.map (snd >> receiving)

    most |> List.map fst |> List.max |> shouldBe 2
    most |> List.map snd |> List.max |> shouldBe 2

[<Test>]
let ``replica-schedule-limit bounds how many regions are repaired at a time`` () =
    four.Value
    |> config "schedule.replica-schedule-limit" "2"
    |> limited 2000
    |> write t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL))
    |> moments (t1 + hour)
    |> List.map (fun (_, world) ->
        (singles world).Operators
        |> Map.filter (fun _ operator -> operator.Repairs)
        |> Map.count)
    |> List.max
    |> shouldBe 2

[<Test>]
let ``a store is a tombstone only when learners, too, have left it`` () =
    moments (t1 + hour) removed.Value
    |> List.filter (fun (_, world) -> isTombstone 6UL world)
    |> List.forall (fun (_, world) -> peers 6UL world = 0)
    |> shouldBe true

    Assert.That(removed.Value |> until hour (isTombstone 6UL) t1, Is.GreaterThan t1)

[<Test>]
let ``regions keep leaving for a while when a removal is cancelled`` () =
    let underway = removed.Value |> until hour (fun world -> learners world > 0) t1

    let cancelled =
        removed.Value
        |> PdWorld.advance underway
        |> write underway "pd-0" (PdCall.RestoreStore(StoreId 6UL))

    let before = peers 6UL cancelled

    let least =
        moments (underway + seconds 30.0) cancelled
        |> List.map (snd >> peers 6UL)
        |> List.min

    Assert.That(least, Is.LessThan before)

[<Test>]
let ``a new leader of PD knows nothing of what regions were told, and clears learners away or takes them in``
    ()
    =
    let underway = removed.Value |> until hour (fun world -> learners world > 0) t1

    let world, _ =
        ask underway "pd-0" "POST" "/pd/api/v1/leader/resign" "" (PdWorld.advance underway removed.Value)

    let resigned = PdWorld.advance (underway + 1_000L) world
    (singles resigned).Operators.Count |> shouldBe 0
    Assert.That(learners resigned, Is.GreaterThan 0)
    let later = PdWorld.advance (underway + hour) resigned
    learners later |> shouldBe 0
    isTombstone 6UL later |> shouldBe true

[<Test>]
let ``a store that was away for long needs snapshots, and a second one that goes meanwhile stalls regions``
    ()
    =
    let world = stores 3 30 |> single { SingleSettings.defaults with Snapshots = 1 }

    let name id =
        world.Tikvs
        |> Map.findKey (fun _ one -> one.Disk |> Option.exists (fun disk -> disk.Store = StoreId id))

    let back = t1 + seconds 1200.0

    let world =
        world
        |> PdWorld.stopStore t1 PdStop.Kill (name 4UL)
        |> PdWorld.advance back
        |> PdWorld.startStore back (tikv (name 4UL) (PdWorld.storeDisk (name 4UL) world))

    let registered =
        world
        |> until
            (back + hour)
            (fun world -> PdWorld.storeState (name 4UL) world = Some ProcessState.Running)
            back

    let at = registered + 1_000L
    let world = PdWorld.advance at world
    Assert.That((readStore at "pd-0" 4UL world).PendingPeers, Is.GreaterThan 0)
    let world = PdWorld.stopStore at PdStop.Kill (name 5UL) world
    let raft = Leaders.raft world (group world)
    PdWorld.unavailableRegions (cluster world) world |> shouldBe 0
    Assert.That(Singles.count (Singles.isStalled at raft) (singles world), Is.GreaterThan 0)
