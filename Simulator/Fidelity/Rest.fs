/// Where both levels come to rest once all is well: at the same.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.Rest

open Tikv.Core.Pd
open Tikv.Simulator.Pd

let private span = 3L * 86_400_000L

let private spread (group: PdGroup) =
    let counts =
        group.Cluster.Stores
        |> Map.toList
        |> List.filter (fun (_, store) -> store.NodeState = NodeState.Serving)
        |> List.map (fun (id, _) -> Fidelity.peers id group.Cluster)

    if counts.IsEmpty then 0 else List.max counts - List.min counts

/// How many regions have so many voters.
let private sizes (group: PdGroup) =
    (Map.empty, group.Cluster.Regions)
    ||> Map.fold (fun sizes one count -> Counts.add one.Voters.Length count sizes)

let private states (group: PdGroup) = group.Cluster.Stores |> Map.map (fun _ store -> store.NodeState)

/// What is left of a world that is left alone.
let private leftovers level now (world: PdWorld) =
    let group = History.group world

    [
        match PdWorld.nextEvent world with
        | Some at -> $"%s{level} does not come to rest: after %d{now} comes %d{at}"
        | None -> ()
        if Regions.leaderless group.Cluster.Regions then
            $"%s{level} rests with regions that have no leader"
        match group.Cluster.Singles with
        | None -> ()
        | Some singles ->
            if not singles.Operators.IsEmpty then
                $"%s{level} rests with %d{singles.Operators.Count} operators"

            if Singles.count (fun region -> region.Peers |> List.exists Singles.isLearner) singles > 0 then
                $"%s{level} rests with learners"

            if Singles.count Singles.isJoint singles > 0 then
                $"%s{level} rests with regions under joint consensus"

            if Singles.count (Singles.isStalled now (Leaders.raft world group)) singles > 0 then
                $"%s{level} rests with regions that cannot be written"
    ]

/// Both are left alone for three days.
let problems now (world: PdWorld) : string list =
    let later = now + span
    let l1 = Commuting.classesOf now world |> PdWorld.advance later
    let l2 = PdWorld.advance later world
    let one, other = History.group l1, History.group l2
    let lost1 = Fidelity.unavailable (Leaders.raft l1 one) one.Cluster
    let lost2 = Fidelity.unavailable (Leaders.raft l2 other) other.Cluster

    [
        yield! leftovers "L1" later l1
        yield! leftovers "L2" later l2
        if states one <> states other then
            $"stores rest as %A{states one} in L1 and as %A{states other} in L2"
        if sizes one <> sizes other then
            $"regions rest with voters %A{sizes one} in L1 and %A{sizes other} in L2"
        if lost1 <> lost2 then
            $"%d{lost1} regions rest without majority in L1, %d{lost2} in L2"
        let tolerance = PdTimings.defaults.BalanceTolerance

        if spread one > tolerance || spread other > tolerance then
            $"stores rest with peers %d{spread one} apart in L1, %d{spread other} in L2"
    ]
