/// One moment of single regions, held against what classes may do: each region moves as L1 lets a class move, at a time
/// of its own.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.Moves

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd

/// What is asked of the world before and after a moment.
type Moment = {
    At: int64
    Before: PdGroup
    After: PdGroup
    RaftBefore: Raft
    RaftAfter: Raft
    /// The same stores live and meet before and after.
    IsCalm: bool
}

let private singles (group: PdGroup) = group.Cluster.Singles |> Option.get
let private text store = let (StoreId id) = store in string id
let private texts stores = stores |> List.map text |> String.concat ","

let private words (one: RegionClass) =
    let leader = one.Leader |> ValueOption.map text |> ValueOption.defaultValue "none"
    $"[%s{texts one.Voters}] led by %s{leader}"

/// The operator that PD had for a region, or made and carried out at this very moment.
let private operator (moment: Moment) id = Map.tryFind id (singles moment.Before).Operators

let private changesVoters (moment: Moment) (before: SingleRegion) (after: SingleRegion) =
    let was, is = Singles.classOf before, Singles.classOf after
    let added = is.Voters |> List.except was.Voters
    let removed = was.Voters |> List.except is.Voters
    let operator = operator moment before.Id

    let adds = operator |> Option.bind (fun operator -> ValueOption.toOption operator.Adds)

    let removes = operator |> Option.bind (fun operator -> ValueOption.toOption operator.Removes)

    let isToldTo =
        match added, removed with
        | [], [] -> true
        | [ added ], [] -> adds = Some added
        | [], [ removed ] -> removes = Some removed
        | [ _ ], [ _ ] -> Singles.isJoint before // the operator may be forgotten by now (V P31)
        | _ -> false

    [
        if not isToldTo then
            $"region %d{before.Id} went from %s{words was} to %s{words is}, which PD did not tell it"
        if
            moment.IsCalm
            && Singles.hasMajority moment.RaftBefore before
            && not (Singles.hasMajority moment.RaftAfter after)
        then
            $"region %d{before.Id} lost its majority as it went from %s{words was} to %s{words is}"
        if
            moment.IsCalm
            && not (Singles.isJoint before)
            && Regions.hasMajority moment.RaftBefore was
            && not (Regions.hasMajority moment.RaftAfter is)
        then
            $"the class of region %d{before.Id} lost its majority as it went from %s{words was} to %s{words is}"
    ]

let private changesLeader (moment: Moment) (before: SingleRegion) (after: SingleRegion) =
    let can raft store region = Singles.electable raft region |> List.exists (fun peer -> peer.Store = store)

    let isEvicted store = Set.contains store moment.After.Cluster.Evicting

    let problem =
        match before.Leader, after.Leader with
        | ValueSome one, ValueSome other when one = other -> None
        | ValueNone, ValueNone -> None
        | ValueSome one, ValueNone when can moment.RaftAfter one after -> Some "stepped down without need"
        | ValueSome _, ValueNone -> None
        | _, ValueSome other when not (can moment.RaftAfter other after) -> Some "leads without a majority"
        | ValueNone, ValueSome _ -> None
        | ValueSome _, ValueSome other ->
            let hasToGo = Singles.isJoint before || (operator moment before.Id).IsSome

            match Singles.peerOn other before with
            | Some peer when not (Singles.hasCaughtUp moment.At peer) -> Some "leads and is behind"
            | _ when isEvicted other && not hasToGo -> Some "was given a leader and evicts them"
            | _ -> None

    match problem, after.Leader with
    | Some problem, leader ->
        let who =
            leader
            |> ValueOption.orElse before.Leader
            |> ValueOption.map text
            |> ValueOption.defaultValue ""

        [ $"region %d{before.Id}: store %s{who} %s{problem}" ]
    | None, _ -> []

/// An operator begins only where L1 would move a peer: for one that is missing, too many, on a store that is left, too
/// close, or for balance.
let private begun (moment: Moment) (region: SingleRegion) (operator: RegionOperator) =
    let before = moment.Before.Cluster
    let store id = Map.tryFind id moment.After.Cluster.Stores

    let isFit id =
        match store id with
        | Some store ->
            (store.NodeState = NodeState.Serving || store.NodeState = NodeState.Preparing)
            && moment.RaftAfter.Lives id
            && (match Stores.lastBeat PdTimings.defaults moment.At store with
                | ValueSome beat -> moment.At - beat <= 20_000L
                | ValueNone -> false)
        | None -> false

    let isLeft id =
        match store id with
        | Some store ->
            store.NodeState = NodeState.Removing
            || (match Stores.lastBeat PdTimings.defaults moment.At store with
                | ValueSome beat -> moment.At - beat > moment.After.Cluster.MaxStoreDownTime
                | ValueNone -> false)
        | None -> true

    let voters = region.Peers |> List.filter (Singles.isLearner >> not)

    let isLearner id = region |> Singles.peerOn id |> Option.exists Singles.isLearner

    let isFuller from target =
        let load id = Singles.peers id (singles moment.Before)
        let running = (singles moment.After).Operators |> Map.count
        load from - load target + running > PdTimings.defaults.BalanceTolerance

    let isRight =
        match operator.Adds, operator.Removes with
        | ValueNone, ValueNone -> Singles.isJoint region
        | ValueSome added, ValueNone -> isFit added && voters.Length < before.Replication.MaxReplicas
        | ValueNone, ValueSome removed -> isLearner removed || voters.Length > before.Replication.MaxReplicas
        | ValueSome added, ValueSome removed ->
            isFit added
            && (isLeft removed || not operator.Repairs && isFuller removed added)

    if isRight then
        []
    else
        [
            $"region %d{region.Id} %s{words (Singles.classOf region)} was told %A{operator}, which L1 never does"
        ]

let private limits (moment: Moment) =
    let before, after = singles moment.Before, singles moment.After
    let settings = after.Settings

    let count repairs (singles: Singles) =
        singles.Operators
        |> Map.filter (fun _ operator -> operator.Repairs = repairs)
        |> Map.count

    let most counts = counts |> Map.fold (fun most _ count -> max most count) 0

    let sent, taken = SingleRaft.snapshots after
    let sentBefore, takenBefore = SingleRaft.snapshots before

    [
        // what tidies up is not counted by PD's limit, one a region at the most
        if count false after > max (count false before) settings.RegionScheduleLimit then
            $"%d{count false after} operators run for balance"
        if most sent > max settings.Snapshots (most sentBefore) then
            $"a store sends %d{most sent} snapshots"
        if most taken > max settings.Snapshots (most takenBefore) then
            $"a store takes %d{most taken} snapshots"
    ]

let private shape (moment: Moment) (region: SingleRegion) =
    let stores = region.Peers |> List.map _.Store
    let one = Singles.classOf region

    [
        if List.distinct stores <> stores || List.sort stores <> stores then
            $"region %d{region.Id} has two peers on one store"
        if one.Voters.IsEmpty then
            $"region %d{region.Id} has no voter"
        if
            one.Leader
            |> ValueOption.exists (fun leader -> not (List.contains leader one.Voters))
        then
            $"region %d{region.Id} is led by none of its voters"
        for store in stores do
            match Map.tryFind store moment.After.Cluster.Stores with
            | Some { NodeState = NodeState.Removed } ->
                $"region %d{region.Id} has a peer on store %s{text store}, which is a tombstone"
            | None -> $"region %d{region.Id} has a peer on store %s{text store}, which PD does not know"
            | Some _ -> ()
    ]

/// All that L1 does not allow.
let problems (moment: Moment) : string list =
    let before, after = singles moment.Before, singles moment.After

    [
        if Singles.classes after <> moment.After.Cluster.Regions then
            "the classes are not those of the regions"
        for KeyValue(id, was) in before.Regions do
            match Map.tryFind id after.Regions with
            | None -> $"region %d{id} is lost"
            | Some is when LanguagePrimitives.PhysicalEquality is was -> ()
            | Some is ->
                yield! changesVoters moment was is
                yield! changesLeader moment was is
                yield! shape moment is
        for KeyValue(id, operator) in after.Operators do
            if operator.Since = moment.At && not (Map.containsKey id before.Operators) then
                yield! begun moment (Map.find id after.Regions) operator
        yield! limits moment
    ]
