/// The same deed done to single regions and to the classes that they come to: both must come to the same, or to what the
/// bounds let differ.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.Commuting

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd

let private text store = let (StoreId id) = store in string id
let joint (group: PdGroup) = Singles.count Singles.isJoint group.Cluster.Singles.Value

/// The world of classes that a world of single regions looks like.
let classesOf now (world: PdWorld) = PdWorld.atFidelity now None world

/// How many regions are of another class here than there.
let private moved (one: Map<RegionClass, int>) (other: Map<RegionClass, int>) =
    (0, one)
    ||> Map.fold (fun sum key count -> sum + max 0 (count - Counts.of' key other))

let private statesOf (world: PdWorld) = world.Tikvs |> Map.map (fun _ one -> one.State)

/// An act takes no time: each level comes to the same at once, but for regions that are between two classes.
let ofAct deed (before: PdWorld) (l1: PdWorld, said1: int) (l2: PdWorld, said2: int) : string list =
    let one, other = History.group l1, History.group l2
    let between = joint (History.group before)
    // when its burial is due follows from the last peer, which may be a learner's
    let stores (group: PdGroup) = group.Cluster.Stores |> Map.map (fun _ store -> { store with JobAt = 0L })

    [
        if said1 <> said2 then
            $"%A{deed}: L1 answers %d{said1}, L2 %d{said2}"
        if moved one.Cluster.Regions other.Cluster.Regions > between then
            $"%A{deed}: L1 has classes %A{Map.toList one.Cluster.Regions}, L2 %A{Map.toList other.Cluster.Regions}"
        if stores one <> stores other then
            $"%A{deed}: the stores differ"
        if one.Cluster.Evicting <> other.Cluster.Evicting then
            $"%A{deed}: the evictions differ"
        if statesOf l1 <> statesOf l2 then
            $"%A{deed}: the processes differ"
    ]

/// L1 may be further than L2 with what takes regions to move, or the other way.
let private mayDiffer (one: NodeState) other =
    match one, other with
    | (NodeState.Removing | NodeState.Removed), (NodeState.Removing | NodeState.Removed)
    | (NodeState.Preparing | NodeState.Serving), (NodeState.Preparing | NodeState.Serving) -> true
    | _ -> one = other

let private gained now span (before: PdGroup) (after: PdGroup) =
    let tick = 60_000L / int64 (max 1 before.Cluster.StoreLimit)
    // and what goes in one second at once
    let most = int (span / tick) + 1 + int (1_000L / tick)

    let inFlight id =
        match before.Cluster.Singles with
        | None -> 0
        | Some singles ->
            singles.Operators
            |> Map.filter (fun _ operator -> operator.Adds = ValueSome id)
            |> Map.count

    [
        for id in after.Cluster.Stores.Keys do
            let more = Fidelity.peers id after.Cluster - Fidelity.peers id before.Cluster

            if more > most + inFlight id then
                $"store %s{text id} gained %d{more} peers in %d{span} ms up to %d{now}"
    ]

/// Time passes for both.
let ofTime now span (before: PdWorld) (l1: PdWorld) (l2: PdWorld) : string list =
    let was, one, other = History.group before, History.group l1, History.group l2
    let before' = statesOf before
    let isQuiet world = statesOf world = before'

    [
        for KeyValue(id, store) in other.Cluster.Stores do
            match Map.tryFind id one.Cluster.Stores with
            | None -> $"L1 does not know store %s{text id}"
            | Some store1 when not (mayDiffer store1.NodeState store.NodeState) ->
                $"store %s{text id} is %A{store1.NodeState} in L1 and %A{store.NodeState} in L2"
            | Some store1 when store1.NodeState = store.NodeState && isQuiet l1 && isQuiet l2 ->
                let name world (group: PdGroup) store = Stores.stateName world.Timings now group.Cluster store

                if name l1 one store1 <> name l2 other store then
                    $"store %s{text id} is %s{name l1 one store1} in L1 and %s{name l2 other store} in L2"
            | Some _ -> ()

        for KeyValue(name, state) in statesOf l2 do
            let mayDiffer =
                match Map.tryFind name before' with
                // it exits when its leaders are gone
                | Some ProcessState.Stopping -> true
                // it may find itself a tombstone in one and not yet in the other
                | Some ProcessState.Starting ->
                    was.Cluster.Stores
                    |> Map.exists (fun _ store -> store.NodeState = NodeState.Removing)
                | _ -> false

            if not mayDiffer && Map.tryFind name (statesOf l1) <> Some state then
                $"process %s{name} is %A{Map.tryFind name (statesOf l1)} in L1 and %A{state} in L2"

        if Regions.count one.Cluster.Regions <> Regions.count other.Cluster.Regions then
            "the counts of regions differ"

        if isQuiet l1 && isQuiet l2 then
            let lost = Regions.unavailable (Leaders.raft l1 one) one.Cluster.Regions
            let lost2 = Regions.unavailable (Leaders.raft l2 other) other.Cluster.Regions

            if abs (lost - lost2) > joint was then
                $"%d{lost} regions are without majority in L1, %d{lost2} in L2"

        yield! gained now span was other
    ]
