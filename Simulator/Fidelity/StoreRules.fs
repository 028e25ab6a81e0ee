/// The states of stores as anybody finds them, held against the table of V B10 and the times of P: for both levels.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.StoreRules

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd

let private views now (world: PdWorld) =
    Views.stores world now (History.group world).Cluster
    |> List.map (fun (store: Store) -> store.Id, store)
    |> Map.ofList

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
let private name now (world: PdWorld) (store: Store) =
    let age =
        store.LastHeartbeat
        |> Option.map (fun beat -> world.Epoch + now - beat / 1_000_000L)

    let down = (History.group world).Cluster.MaxStoreDownTime

    match store.NodeState, age with
    | NodeState.Removing, _ -> "Offline"
    | NodeState.Removed, _ -> "Tombstone"
    | _, None -> "Down"
    | _, Some age when age > down -> "Down"
    | _, Some age when age > 20_000L -> "Disconnected"
    | _ -> "Up"

/// What is wrong with the stores after a moment: of time when there is no deed.
let problems deed now (before: PdWorld) (after: PdWorld) : string list =
    let was, is = views now before, views now after

    [
        for KeyValue(StoreId id, old) in was do
            match Map.tryFind (StoreId id) is with
            | None when old.NodeState <> NodeState.Removed || deed <> Some Deed.ForgetTombstones ->
                $"store %d{id} is forgotten, and was %A{old.NodeState}"
            | None -> ()
            | Some store ->
                if not (mayGo deed old.NodeState store.NodeState) then
                    $"store %d{id} went from %A{old.NodeState} to %A{store.NodeState}"

                if
                    store.NodeState = NodeState.Removed
                    && Fidelity.peers store.Id (History.group after).Cluster > 0
                then
                    $"store %d{id} is a tombstone with peers"

        for KeyValue(StoreId id, store) in is do
            if store.StateName <> name now after store then
                $"store %d{id} is called %s{store.StateName}, not %s{name now after store}"
    ]
