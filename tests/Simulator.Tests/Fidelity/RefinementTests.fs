/// Single regions (L2) held against regions by class (L1): ADR 0013.
module Tikv.Simulator.Tests.Fidelity.RefinementTests

open NUnit.Framework
open FsCheck
open FsCheck.FSharp
open Tikv.Tests
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Fidelity

let private deed =
    Gen.choose (0, System.Int32.MaxValue - 1)
    |> Gen.listOfLength Draw.numbers
    |> Gen.map (fun numbers -> Draw.deed (fun nth below -> numbers[nth] % below))

let private history =
    gen {
        let! stores = Gen.choose (3, 5)
        let! regions = Gen.choose (5, 30)
        let! deeds = Gen.listOf deed
        return { Stores = stores; Regions = regions; Deeds = deeds }
    }

type Histories =
    static member History() =
        let shrink history =
            Arb.toShrink (ArbMap.defaults |> ArbMap.arbitrary<Deed list>) history.Deeds
            |> Seq.map (fun deeds -> { history with Deeds = deeds })

        Arb.fromGenShrink (history, shrink)

let private check settings history =
    match Refinement.check settings history with
    | None -> ()
    | Some failure -> Assert.Fail(Refinement.words failure |> String.concat "\n")

[<Property(Arbitrary = [| typeof<Histories> |], MaxTest = 200, EndSize = 30)>]
let ``single regions do nothing that regions by class may not do`` (history: History) =
    check SingleSettings.defaults history

/// Snapshots that take minutes, few at a time: all that is under way meets all that can happen.
let private slow = {
    SingleSettings.defaults with
        SnapshotPerMiB = 1_000L
        Snapshots = 2
        PendingPeers = 3
        Change = 5_000L
}

[<Property(Arbitrary = [| typeof<Histories> |], MaxTest = 60, EndSize = 30)>]
let ``nor do they when all that they do takes long`` (history: History) = check slow history

let private named stores regions deeds () =
    check SingleSettings.defaults { Stores = stores; Regions = regions; Deeds = deeds }

/// What a moment shows that classes do not.
let private sights at (world: PdWorld) = [
    let group = History.group world
    let singles = group.Cluster.Singles.Value
    let any test = Singles.count test singles > 0
    let raft = Leaders.raft world group

    if any Singles.isJoint then
        "joint consensus"

    if any (fun region -> region.Peers |> List.exists _.Data.IsReceives) then
        "a snapshot"

    if
        any (fun region ->
            region.Peers |> List.exists Singles.isLearner
            && not (Map.containsKey region.Id singles.Operators))
    then
        "a learner that PD has forgotten"

    if any (Singles.isStalled at raft) then
        "a region that cannot be written"

    if any (Singles.hasMajority raft >> not) then
        "a region without majority"

    if
        group.Cluster.Stores.Values
        |> Seq.exists (fun store -> store.NodeState = NodeState.Removed)
    then
        "a tombstone"
]

[<Test>]
let ``histories by chance come to all that single regions add`` () =
    let rec pass until (world: PdWorld) =
        seq {
            match PdWorld.nextEvent world with
            | Some next when next <= until ->
                let after = PdWorld.advance next world
                yield next, after
                yield! pass until after
            | _ -> ()
        }

    let moments (history: History) =
        let start = History.start history |> PdWorld.atFidelity History.begins (Some slow)

        ((History.begins, start, []), history.Deeds)
        ||> List.fold (fun (now, world, seen) deed ->
            let until = History.ends now deed
            let during = pass until world |> List.ofSeq
            until, fst (History.perform now deed world), during @ seen)
        |> fun (_, _, seen) -> seen

    let seen =
        [ 1UL .. 20UL ]
        |> List.collect (Draw.history >> moments)
        |> List.collect (fun (at, world) -> sights at world)
        |> Set.ofList

    Assert.That(
        Set.toList seen,
        Is.EquivalentTo [
            "joint consensus"
            "a snapshot"
            "a learner that PD has forgotten"
            "a region that cannot be written"
            "a region without majority"
            "a tombstone"
        ]
    )

// ---- durations

type Emptied = {
    Stores: int
    Regions: int
    Rate: int
    /// Removed; otherwise it dies, and is Down after a minute.
    IsRemoved: bool
}

type Emptyings =
    static member Emptied() =
        gen {
            let! stores = Gen.choose (4, 6)
            let! regions = Gen.choose (20, 80)
            let! rate = Gen.elements [ 15; 60; 200 ]
            let! isRemoved = Gen.elements [ true; false ]
            return { Stores = stores; Regions = regions; Rate = rate; IsRemoved = isRemoved }
        }
        |> Arb.fromGen

/// The first time at which the test holds, looked for at every event.
let rec private until holds now world =
    if holds world then
        now
    else
        match PdWorld.nextEvent world with
        | Some next -> until holds next (PdWorld.advance next world)
        | None -> failwith "never"

let private atBoth settings history =
    let world = History.start history
    world, PdWorld.atFidelity History.begins (Some settings) world

let private perform deeds world =
    (world, deeds)
    ||> List.fold (fun world deed -> fst (History.perform History.begins deed world))

[<Property(Arbitrary = [| typeof<Emptyings> |], MaxTest = 60)>]
let ``a store is emptied within the bounds of ADR 0013`` (emptied: Emptied) =
    let settings = SingleSettings.defaults
    let l1, l2 = atBoth settings { Stores = emptied.Stores; Regions = emptied.Regions; Deeds = [] }
    let store = (History.storeOf 1 l1).Value

    let deeds = [
        Deed.StoreLimit emptied.Rate
        if emptied.IsRemoved then
            Deed.Remove 1
        else
            Deed.DownAfter 60
            Deed.Kill 1
    ]

    let lasts world =
        let isEmpty world = Fidelity.peers store (History.group world).Cluster = 0
        until isEmpty History.begins (perform deeds world) - History.begins

    let inL1, inL2 = lasts l1, lasts l2
    let least, most = Bounds.drain settings emptied.Rate inL1
    Assert.That(inL2, Is.InRange(least, most), $"%d{inL1} ms in L1")

[<Property(MaxTest = 30)>]
let ``leaders are evicted within the bounds of ADR 0013`` (more: byte) =
    let settings = SingleSettings.defaults
    let l1, l2 = atBoth settings { Stores = 4; Regions = 20 + 4 * int more; Deeds = [] }
    let store = (History.storeOf 1 l1).Value
    let leaders world = Regions.leaders store (History.group world).Cluster.Regions

    let lasts world =
        until (fun world -> leaders world = 0) History.begins (perform [ Deed.Evict 1 ] world)
        - History.begins

    let inL1, inL2 = lasts l1, lasts l2
    let least, most = Bounds.eviction settings (leaders l1) inL1
    Assert.That(inL2, Is.InRange(least, most), $"%d{inL1} ms in L1")

// ---- what histories by chance have found, each the least that showed it

[<Test>]
let ``a store that is Down as soon as max-store-down-time falls is emptied from then on, not from when it would have been``
    ()
    =
    named 5 29 [ Deed.Kill 4; Deed.Pass 119; Deed.DownAfter 60 ] ()

[<Test>]
let ``with fewer replicas the peers that do not live go first`` () =
    named 3 17 [ Deed.Kill 1; Deed.Replicas 1; Deed.Pass 120 ] ()

[<Test>]
let ``a voter may come in whose store has just died`` () =
    named
        5
        55
        [
            Deed.Split 40
            Deed.Pass 5
            Deed.Replicas 4
            Deed.StoreLimit 200
            Deed.Pass 4
            Deed.Kill 3
            Deed.Pass 10
        ]
        ()

[<Test>]
let ``a region between two configurations is without majority when the new one is`` () =
    named
        5
        5
        [
            Deed.Replicas 2
            Deed.Terminate 1
            Deed.Pass 9
            Deed.Remove 0
            Deed.Terminate 0
            Deed.Start 1
            Deed.Pass 136
        ]
        ()

[<Test>]
let ``no peer moves where its region would have no majority in a partition`` () =
    named 3 22 [ Deed.Kill 1; Deed.Part(0, 4); Deed.Start 4; Deed.Pass 1843 ] ()

[<Test>]
let ``fewer than one history are refused, with exit code 2`` () =
    for runs in [ "0"; "-1" ] do
        let code, told = Tikv.Simulator.Tests.Reports.Given.command [ "refine"; "--runs"; runs ]
        Assert.That(code, Is.EqualTo 2)
        Assert.That(told.Trim(), Is.EqualTo $"tikv-sim: --runs is %s{runs}; allowed: 1 or more")
