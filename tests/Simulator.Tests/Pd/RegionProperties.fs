/// What holds for regions whatever happens to stores.
module Tikv.Simulator.Tests.Pd.RegionProperties

open NUnit.Framework
open FsCheck
open FsCheck.FSharp
open Tikv.Tests
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Tests.Pd.Given

type Event =
    | Kill of Tikv: int
    | Terminate of Tikv: int
    | Start of Tikv: int
    | KillPd of Member: int
    | StartPd of Member: int
    | Evict of Store: int
    | StopEvicting of Store: int
    | Remove of Store: int
    | Restore of Store: int
    | Replicas of Count: int
    | Pass of Seconds: int

let private events =
    let tikv = Gen.choose (0, 4)
    let pd = Gen.choose (0, 2)

    Gen.frequency [
        2, Gen.map Kill tikv
        2, Gen.map Terminate tikv
        6, Gen.map Start tikv
        1, Gen.map KillPd pd
        3, Gen.map StartPd pd
        2, Gen.map Evict tikv
        2, Gen.map StopEvicting tikv
        2, Gen.map Remove tikv
        2, Gen.map Restore tikv
        1, Gen.map Replicas (Gen.choose (1, 5))
        6, Gen.map Pass (Gen.choose (0, 400))
        1, Gen.map Pass (Gen.choose (1800, 4000))
    ]
    |> Gen.listOf

type Schedule = Schedule of Event list

type Schedules =
    static member Schedule() =
        Arb.fromGenShrink (events, Arb.toShrink (ArbMap.defaults |> ArbMap.arbitrary))
        |> Arb.convert Schedule (fun (Schedule events) -> events)

let private start = lazy (stores 5 60)

let private asked now verb path body world =
    match PdServer.handle world now "pd-0" verb path body with
    | world, _ -> world

let private storeId index (world: PdWorld) =
    match PdWorld.storeDisk $"tikv-%d{index}" world with
    | Some { Store = StoreId id } -> id
    | None -> 0UL

let private exited state =
    match state with
    | Some(ProcessState.Exited _) -> true
    | _ -> false

let private next (now, world) event =
    let store index = $"/pd/api/v1/store/%d{storeId index world}"

    match event with
    | Kill index -> now, PdWorld.stopStore now PdStop.Kill $"tikv-%d{index}" world
    | Terminate index -> now, PdWorld.stopStore now PdStop.Graceful $"tikv-%d{index}" world
    | Start index ->
        let name = $"tikv-%d{index}"

        now,
        (if exited (PdWorld.storeState name world) then
             PdWorld.startStore now (tikv name (PdWorld.storeDisk name world)) world
         else
             world)
    | KillPd index -> now, PdWorld.stopMember now PdStop.Kill $"pd-%d{index}" world
    | StartPd index ->
        let name = $"pd-%d{index}"

        now,
        (if exited (PdWorld.memberState name world) then restart now name (initial three) world else world)
    | Evict index ->
        let body = $"""{{"name": "evict-leader-scheduler", "store_id": %d{storeId index world}}}"""
        now, asked now "POST" "/pd/api/v1/schedulers" body world
    | StopEvicting index ->
        now,
        asked now "DELETE" $"/pd/api/v1/schedulers/evict-leader-scheduler-%d{storeId index world}" "" world
    | Remove index -> now, asked now "DELETE" (store index) "" world
    | Restore index -> now, asked now "POST" (store index + "/state?state=Up") "" world
    | Replicas count ->
        now, asked now "POST" "/pd/api/v1/config/replicate" $"""{{"max-replicas": %d{count}}}""" world
    | Pass span -> let now = now + 1000L * int64 span in now, PdWorld.advance now world

let private history (events: Event list) = events |> List.scan next (afterwards, start.Value) |> List.map snd

let private regions world = (group world).Cluster.Regions |> Map.toList

[<Property(Arbitrary = [| typeof<Schedules> |], MaxTest = 60, EndSize = 80)>]
let ``no region is lost or invented`` (Schedule events) =
    history events
    |> List.forall (fun world -> Regions.count (group world).Cluster.Regions = 60)

[<Property(Arbitrary = [| typeof<Schedules> |], MaxTest = 60, EndSize = 80)>]
let ``a region has voters on distinct stores, and a leader among them`` (Schedule events) =
    history events
    |> List.forall (fun world ->
        regions world
        |> List.forall (fun (one, count) ->
            count > 0
            && not (List.isEmpty one.Voters)
            && List.distinct one.Voters = one.Voters
            && List.sort one.Voters = one.Voters
            && one.Leader |> ValueOption.forall (fun leader -> List.contains leader one.Voters)))

[<Property(Arbitrary = [| typeof<Schedules> |], MaxTest = 60, EndSize = 80)>]
let ``a Tombstone holds no region`` (Schedule events) =
    history events
    |> List.forall (fun world ->
        (group world).Cluster.Stores
        |> Map.forall (fun id store ->
            store.NodeState <> NodeState.Removed
            || Regions.peers id (group world).Cluster.Regions = 0))

[<Property(Arbitrary = [| typeof<Schedules> |], MaxTest = 40, EndSize = 60)>]
let ``time passed at once is time passed in steps`` (Schedule events) =
    let now, world = events |> List.fold next (afterwards, start.Value)
    let target = now + 100_000L
    let atOnce = PdWorld.advance target world

    let inSteps =
        (world, [ now .. 7_001L .. target ])
        ||> List.fold (fun world at -> PdWorld.advance at world)
        |> PdWorld.advance target

    atOnce = inSteps

[<Property(Arbitrary = [| typeof<Schedules> |], MaxTest = 40, EndSize = 60)>]
let ``left alone, the world comes to rest`` (Schedule events) =
    let now, world = events |> List.fold next (afterwards, start.Value)
    let later = PdWorld.advance (now + 86_400_000L) world

    match PdWorld.nextEvent later with
    | None -> true
    // a TiKV without PD asks until it exits; nothing else goes on for ever
    | Some _ -> false
