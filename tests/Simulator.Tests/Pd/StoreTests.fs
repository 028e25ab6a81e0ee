module Tikv.Simulator.Tests.Pd.StoreTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Tests.Pd.Given

let private hour = seconds 3600.0
let private t1 = afterwards
let private between low high (span: int64) = Assert.That(span, Is.InRange(seconds low, seconds high))
let private four = lazy (stores 4 44)
let private store id world = (group world).Cluster.Stores[StoreId id]
let private peers id world = Regions.peers (StoreId id) (group world).Cluster.Regions
let private leaders id world = Regions.leaders (StoreId id) (group world).Cluster.Regions
let private isTombstone id world = (store id world).NodeState = NodeState.Removed

let private processOf id (world: PdWorld) =
    world.Tikvs
    |> Map.findKey (fun _ one -> one.Disk |> Option.exists (fun disk -> disk.Store = StoreId id))

// ---- registration

[<Test>]
let ``stores are numbered as PD numbers them`` () =
    (group four.Value).Cluster.Stores
    |> Map.toList
    |> List.map fst
    |> shouldBe [ StoreId 1UL; StoreId 4UL; StoreId 5UL; StoreId 6UL ]

[<Test>]
let ``a new store is Down until its first heartbeat, then Up, and serves after the next job`` () =
    let world = PdWorld.startStore t1 (tikv "tikv-9" None) four.Value

    let registered =
        world
        |> until hour (fun world -> PdWorld.storeState "tikv-9" world = Some ProcessState.Running) t1

    let world = PdWorld.advance registered world

    let view now =
        let one = readStore now "pd-0" 7UL (PdWorld.advance now world) in
        one.StateName, one.NodeState, one.LastHeartbeat.IsSome

    view registered |> shouldBe ("Down", NodeState.Preparing, false)
    view (registered + 600L) |> shouldBe ("Up", NodeState.Preparing, true)
    view (registered + 10_000L) |> shouldBe ("Up", NodeState.Serving, true)

[<Test>]
let ``the first store brings one region, which is then replicated`` () =
    let world =
        (threeMembers, tikvNames 3)
        ||> List.fold (fun world name -> PdWorld.startStore (seconds 20.0) (tikv name None) world)

    let start = world |> PdWorld.advance (seconds 22.0)
    PdWorld.regionCount (cluster start) start |> shouldBe 1
    let later = start |> PdWorld.advance (seconds 60.0)
    [ for id in [ 1UL; 4UL; 5UL ] -> peers id later ] |> shouldBe [ 1; 1; 1 ]

let private exit name world =
    match PdWorld.storeState name world with
    | Some(ProcessState.Exited(_, message)) -> message
    | other -> failwith $"%A{other}"

let private comes start world = world |> PdWorld.startStore t1 start |> PdWorld.advance (t1 + 5_000L)

[<Test>]
let ``a store with data of another cluster exits`` () =
    let disk = Some { Cluster = ClusterId 42UL; Store = StoreId 1UL }

    Assert.That(
        four.Value |> comes (tikv "tikv-9" disk) |> exit "tikv-9",
        Does.StartWith "cluster ID mismatch, local 42 "
    )

[<Test>]
let ``a new store at the address of another is refused`` () =
    let start = { tikv "tikv-9" None with Address = "tikv-0:20160" }
    Assert.That(four.Value |> comes start |> exit "tikv-9", Does.StartWith "duplicated store address")

[<Test>]
let ``a store older than the cluster is refused`` () =
    four.Value
    |> comes { tikv "tikv-9" None with Version = "4.0.0" }
    |> exit "tikv-9"
    |> shouldBe "version should compatible with version  8.5.7, got 4.0.0"

[<Test>]
let ``a store whose number is unknown registers under it`` () =
    let disk = Some { Cluster = cluster four.Value; Store = StoreId 77UL }
    let world = four.Value |> comes (tikv "tikv-9" disk)
    (store 77UL world).NodeState |> shouldBe NodeState.Preparing

[<Test>]
let ``the same disk run twice is a violation, which PD does not see`` () =
    let disk = PdWorld.storeDisk "tikv-0" four.Value
    let world = four.Value |> comes (tikv "tikv-9" disk)
    PdWorld.storeState "tikv-9" world |> shouldBe (Some ProcessState.Running)
    world.Violations |> List.map snd |> shouldBe [ "store 1 runs twice" ]

[<Test>]
let ``a store waits for PD, and exits when it does not come`` () =
    let world = empty |> PdWorld.startStore 0L (tikv "tikv-0" None)

    world
    |> PdWorld.advance (seconds 170.0)
    |> PdWorld.storeState "tikv-0"
    |> shouldBe (Some ProcessState.Starting)

    world
    |> PdWorld.advance (seconds 190.0)
    |> exit "tikv-0"
    |> shouldBe "check cluster bootstrapped failed"

[<Test>]
let ``a store reaches PD by the name of a service`` () =
    let world =
        threeMembers
        |> PdWorld.setHost "basic-pd.default" three
        |> PdWorld.startStore (seconds 20.0) {
            tikv "tikv-0" None with
                PdUrls = [ "http://basic-pd.default:2379" ]
        }
        |> PdWorld.advance (seconds 25.0)

    PdWorld.storeState "tikv-0" world |> shouldBe (Some ProcessState.Running)

// ---- silence

[<Test>]
let ``a silent store is Disconnected after 20 seconds and Down after max-store-down-time, counted from its last heartbeat``
    ()
    =
    let world = PdWorld.stopStore t1 PdStop.Kill (processOf 5UL four.Value) four.Value
    let beat = (store 5UL world).LastBeat.Value
    let name now = (readStore now "pd-0" 5UL (PdWorld.advance now world)).StateName
    Assert.That(t1 - beat, Is.InRange(0L, 10_000L))
    name (beat + 20_000L) |> shouldBe "Up"
    name (beat + 20_030L) |> shouldBe "Disconnected"
    name (beat + 1_800_000L) |> shouldBe "Disconnected"
    name (beat + 1_800_010L) |> shouldBe "Down"

[<Test>]
let ``a killed store leads nothing after an election, and its regions go on`` () =
    let world = PdWorld.stopStore t1 PdStop.Kill (processOf 5UL four.Value) four.Value
    leaders 5UL world |> shouldBe 0
    PdWorld.unavailableRegions (cluster world) world |> shouldBe 0
    Assert.That(Regions.leaderless (group world).Cluster.Regions)
    let elected = world |> PdWorld.advance (t1 + 20_000L)
    Assert.That(Regions.leaderless (group elected).Cluster.Regions, Is.False)

[<Test>]
let ``the regions of a Down store are replaced, and it stays Down`` () =
    let setting = """{"max-store-down-time": "60s"}"""
    let world, (status, _, _) = ask t1 "pd-0" "POST" "/pd/api/v1/config" setting four.Value
    status |> shouldBe 200
    let world, _ = ask t1 "pd-0" "POST" "/pd/api/v1/stores/limit" """{"rate": 200}""" world
    let world = PdWorld.stopStore t1 PdStop.Kill (processOf 5UL world) world
    let down = world |> PdWorld.advance (t1 + 50_000L)
    Assert.That(peers 5UL down, Is.GreaterThan 25)
    let drained = world |> until hour (fun world -> peers 5UL world = 0) t1
    let beat = (store 5UL world).LastBeat.Value
    // 60 s of silence, and 38 regions at 200 a minute in 9.4 s (P)
    drained - beat |> between 60.0 72.0
    let later = world |> PdWorld.advance (drained + 100_000L)
    (readStore (drained + 100_000L) "pd-0" 5UL later).StateName |> shouldBe "Down"
    (store 5UL later).NodeState |> shouldBe NodeState.Serving

[<Test>]
let ``a new PD leader knows only the heartbeats that were written down`` () =
    let world = PdWorld.stopStore t1 PdStop.Kill (processOf 5UL four.Value) four.Value
    let leader = (leaderName world).Value
    let world = PdWorld.stopMember (t1 + 30_000L) PdStop.Kill leader world
    let moved = world |> PdWorld.advance (t1 + 60_000L)
    let alive = (leaderName moved).Value
    (readStore (t1 + 60_000L) alive 1UL moved).StateName |> shouldBe "Up"
    (readStore (t1 + 60_000L) alive 5UL moved).StateName |> shouldBe "Disconnected"

// ---- removal

[<Test>]
let ``a removed store gives its regions away and is a Tombstone about six seconds later`` () =
    let world, _ = ask t1 "pd-0" "POST" "/pd/api/v1/stores/limit" """{"rate": 60}""" four.Value
    let world = write t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL)) world
    (readStore t1 "pd-0" 6UL world).StateName |> shouldBe "Offline"
    let drained = world |> until hour (fun world -> peers 6UL world = 0) t1
    let buried = world |> until hour (isTombstone 6UL) t1
    buried - drained |> between 5.6 6.6
    // 25 regions in 16 s, with 6 s of burial and 60 a minute for each of three targets (P)
    Assert.That(drained - t1, Is.InRange(seconds 8.0, seconds 16.0))

[<Test>]
let ``a store that never sent a heartbeat is a Tombstone in six seconds`` () =
    let world = PdWorld.startStore t1 (tikv "tikv-9" None) four.Value

    let registered =
        world
        |> until hour (fun world -> PdWorld.storeState "tikv-9" world = Some ProcessState.Running) t1

    let world =
        world
        |> PdWorld.advance registered
        |> write registered "pd-0" (PdCall.RemoveStore(StoreId 7UL))

    let buried = world |> until hour (isTombstone 7UL) registered
    buried - registered |> between 5.6 6.6

[<Test>]
let ``a cancelled removal keeps the store`` () =
    let world =
        four.Value
        |> write t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL))
        |> PdWorld.advance (t1 + 20_000L)
        |> write (t1 + 20_000L) "pd-0" (PdCall.RestoreStore(StoreId 6UL))
        |> PdWorld.advance (t1 + 1_000_000L)

    (store 6UL world).NodeState |> shouldBe NodeState.Serving
    Assert.That(peers 6UL world, Is.GreaterThan 10)

[<Test>]
let ``a Tombstone's process runs on, and cannot start again`` () =
    let world =
        four.Value
        |> write t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL))
        |> PdWorld.advance (t1 + 1_000_000L)

    let name = processOf 6UL world
    PdWorld.storeState name world |> shouldBe (Some ProcessState.Running)
    let now = t1 + 1_000_000L

    world
    |> PdWorld.stopStore now PdStop.Kill name
    |> PdWorld.startStore now (tikv name (PdWorld.storeDisk name world))
    |> PdWorld.advance (now + 5_000L)
    |> exit name
    |> shouldBe "store 6 is tombstone"

    // a new disk at the old address is welcome
    world
    |> PdWorld.stopStore now PdStop.Kill name
    |> PdWorld.startStore now (tikv name None)
    |> PdWorld.advance (now + 5_000L)
    |> PdWorld.storeState name
    |> shouldBe (Some ProcessState.Running)

[<Test>]
let ``a Down store counts as up when PD asks whether enough are left`` () =
    let world =
        four.Value
        |> PdWorld.stopStore t1 PdStop.Kill (processOf 5UL four.Value)
        |> PdWorld.advance (t1 + 2_000_000L)

    (call (t1 + 2_000_000L) "pd-0" (PdCall.RemoveStore(StoreId 6UL)) world |> snd).Status
    |> shouldBe 200

[<Test>]
let ``a store cannot go when all others evict their leaders`` () =
    let world =
        (four.Value, [ 1UL; 4UL; 5UL ])
        ||> List.fold (fun world id -> write t1 "pd-0" (PdCall.EvictLeaders(StoreId id)) world)

    match call t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL)) world |> snd |> PdError.ofReply with
    | PdError.NoStoreForLeaders _ -> ()
    | other -> Assert.Fail $"%A{other}"

// ---- leaders

[<Test>]
let ``evicting twelve leaders takes a fifth of a second, and they do not all come back`` () =
    let before = leaders 1UL four.Value
    Assert.That(before, Is.InRange(8, 14))
    let world = write t1 "pd-0" (PdCall.EvictLeaders(StoreId 1UL)) four.Value
    let gone = world |> until hour (fun world -> leaders 1UL world = 0) t1
    gone - t1 |> between 0.1 0.4

    let back =
        world
        |> PdWorld.advance gone
        |> write gone "pd-0" (PdCall.StopEvictingLeaders(StoreId 1UL))
        |> PdWorld.advance (gone + 60_000L)

    Assert.That(leaders 1UL back, Is.InRange(3, before - 1))

[<Test>]
let ``evicting hundreds of leaders takes four seconds for five hundred`` () =
    let world = stores 4 2000
    let before = leaders 1UL world
    Assert.That(before, Is.InRange(400, 700))
    let world = write t1 "pd-0" (PdCall.EvictLeaders(StoreId 1UL)) world
    let gone = world |> until hour (fun world -> leaders 1UL world = 0) t1
    (gone - t1) * 502L / int64 before |> between 3.0 5.0

[<Test>]
let ``a single store cannot be evicted`` () =
    let world = stores 1 10

    let world =
        world
        |> write t1 "pd-0" (PdCall.EvictLeaders(StoreId 1UL))
        |> PdWorld.advance (t1 + 600_000L)

    leaders 1UL world |> shouldBe 10

[<Test>]
let ``a terminated store gives its leaders away and exits`` () =
    let name = processOf 1UL four.Value
    let world = PdWorld.stopStore t1 PdStop.Graceful name four.Value

    let gone =
        world
        |> until hour (fun world -> PdWorld.storeState name world = Some(ProcessState.Exited(0, ""))) t1

    gone - t1 |> between 0.5 2.0
    let world = PdWorld.advance gone world
    Assert.That(Regions.leaderless (group world).Cluster.Regions, Is.False)

[<Test>]
let ``two stores terminated at once keep their leaders and die with them after twenty seconds`` () =
    let names = [ processOf 1UL four.Value; processOf 4UL four.Value ]

    let world =
        (four.Value, names)
        ||> List.fold (fun world name -> PdWorld.stopStore t1 PdStop.Graceful name world)

    let name = names.Head

    let gone =
        world
        |> until hour (fun world -> PdWorld.storeState name world = Some(ProcessState.Exited(0, ""))) t1

    gone - t1 |> between 19.9 21.0
    Assert.That(Regions.leaderless (group (PdWorld.advance gone world)).Cluster.Regions)

[<Test>]
let ``schedulers rest for a minute after PD's leader has changed`` () =
    let world =
        ask t1 "pd-0" "POST" "/pd/api/v1/leader/resign" "" four.Value
        |> fst
        |> PdWorld.advance (t1 + 1_000L)

    let world = write (t1 + 1_000L) "pd-0" (PdCall.EvictLeaders(StoreId 1UL)) world
    let gone = world |> until hour (fun world -> leaders 1UL world = 0) (t1 + 1_000L)
    gone - t1 |> between 59.0 62.0

[<Test>]
let ``an eviction that has no target goes on when one has caught up`` () =
    let three = stores 3 30
    let name = processOf 4UL three

    let world =
        three
        |> PdWorld.stopStore t1 PdStop.Kill (processOf 5UL three)
        |> PdWorld.stopStore t1 PdStop.Kill name
        |> PdWorld.startStore t1 (tikv name (PdWorld.storeDisk name three))

    let registered =
        world
        |> until hour (fun world -> PdWorld.storeState name world = Some ProcessState.Running) t1

    let world =
        world
        |> PdWorld.advance (registered + 100L)
        |> write (registered + 100L) "pd-0" (PdCall.EvictLeaders(StoreId 1UL))

    let gone = world |> until hour (fun world -> leaders 1UL world = 0) (registered + 100L)
    Assert.That(gone - registered, Is.LessThan(seconds 30.0))

[<Test>]
let ``a Tombstone is heard no more`` () =
    let world =
        four.Value
        |> write t1 "pd-0" (PdCall.RemoveStore(StoreId 6UL))
        |> PdWorld.advance (t1 + 1_000_000L)

    let view now = (readStore now "pd-0" 6UL (PdWorld.advance now world)).LastHeartbeat
    Assert.That((view (t1 + 1_000_000L)).IsSome)
    view (t1 + 1_000_000L) |> shouldBe (view (t1 + 1_100_000L))

[<Test>]
let ``a store that is Down already is emptied when max-store-down-time falls`` () =
    let world =
        four.Value
        |> PdWorld.stopStore t1 PdStop.Kill (processOf 5UL four.Value)
        |> PdWorld.advance (t1 + 120_000L)

    Assert.That(peers 5UL world, Is.GreaterThan 25)
    let setting = """{"schedule.max-store-down-time": "1m0s"}"""
    let world, _ = ask (t1 + 120_000L) "pd-0" "POST" "/pd/api/v1/config" setting world
    let drained = world |> until hour (fun world -> peers 5UL world = 0) (t1 + 120_000L)
    Assert.That(drained, Is.LessThan(t1 + 400_000L))

// ---- quiet

[<Test>]
let ``a member that waits for quorum takes connections, a store that waits for PD does not`` () =
    let world =
        empty
        |> startAll 0L three [ "pd-0" ]
        |> PdWorld.startStore 0L (tikv "tikv-0" None)
        |> PdWorld.advance (seconds 30.0)

    PdWorld.listens "pd-0" world |> shouldBe true
    PdWorld.listens "tikv-0" world |> shouldBe false
    PdWorld.listens "tikv-0" four.Value |> shouldBe true

[<Test>]
let ``a quiet cluster has no events at all`` () = PdWorld.nextEvent four.Value |> shouldBe None

[<Test>]
let ``regions are unavailable when two of their three stores are gone`` () =
    let world =
        four.Value
        |> PdWorld.stopStore t1 PdStop.Kill (processOf 1UL four.Value)
        |> PdWorld.stopStore t1 PdStop.Kill (processOf 4UL four.Value)

    Assert.That(PdWorld.unavailableRegions (cluster world) world, Is.GreaterThan 0)
