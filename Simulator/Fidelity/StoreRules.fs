/// The states of stores as anybody finds them, held against the table of V B10 and the times of P: for both levels.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.StoreRules

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd

/// How a store may go from one state to another: by itself, or asked by whom.
let private mayGo deed (from: NodeState) into =
    match from, into with
    | one, other when one = other -> true
    | NodeState.Preparing, NodeState.Serving -> true
    | (NodeState.Preparing | NodeState.Serving), NodeState.Removing ->
        (match deed with
         | Some(Deed.Remove _) -> true
         | _ -> false)
    | NodeState.Removing, NodeState.Serving ->
        (match deed with
         | Some(Deed.Restore _) -> true
         | _ -> false)
    | NodeState.Removing, NodeState.Removed -> Option.isNone deed
    | _ -> false

/// The name that the age of the last heartbeat comes to.
let private name now down (store: StoreRecord) =
    match store.NodeState, Stores.lastBeat PdTimings.defaults now store with
    | NodeState.Removing, _ -> "Offline"
    | NodeState.Removed, _ -> "Tombstone"
    | _, ValueNone -> "Down"
    | _, ValueSome beat when now - beat > down -> "Down"
    | _, ValueSome beat when now - beat > 20_000L -> "Disconnected"
    | _ -> "Up"

/// What is wrong with the stores after a moment: of time when there is no deed.
let problems deed now (before: PdGroup) (after: PdGroup) : string list = [
    for KeyValue(StoreId id, old) in before.Cluster.Stores do
        match Map.tryFind (StoreId id) after.Cluster.Stores with
        | None when old.NodeState <> NodeState.Removed || deed <> Some Deed.ForgetTombstones ->
            $"store %d{id} is forgotten, and was %A{old.NodeState}"
        | None -> ()
        | Some store ->
            if not (mayGo deed old.NodeState store.NodeState) then
                $"store %d{id} went from %A{old.NodeState} to %A{store.NodeState}"

            if store.NodeState = NodeState.Removed && Fidelity.peers store.Id after.Cluster > 0 then
                $"store %d{id} is a tombstone with peers"

    for KeyValue(StoreId id, store) in after.Cluster.Stores do
        let called = Stores.stateName PdTimings.defaults now after.Cluster store
        let is = name now after.Cluster.MaxStoreDownTime store

        if called <> is then
            $"store %d{id} is called %s{called}, not %s{is}"
]
