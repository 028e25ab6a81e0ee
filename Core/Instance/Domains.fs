/// Which stores may be down together. A region that has one peer at the most in a failure domain loses no more by the whole
/// domain than by one store of it (T 7.1 #6; V I15, I16). All that is not known counts against it.
module Tikv.Core.Instance.Domains

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd
open Tikv.Core.Instance

/// The location labels down to the isolation level: stores that agree in them share no region. Without an isolation level
/// labels are no more than PD's preference, which it gives up when a value is full.
let private labels (facts: PdFacts) =
    match
        facts.LocationLabels
        |> List.tryFindIndex (fun label -> label = facts.IsolationLevel)
    with
    | Some level -> facts.LocationLabels |> List.truncate (level + 1)
    | None -> []

/// PD matches keys without regard to case (P 18).
let private valueOf (store: Store) label =
    store.Labels
    |> Map.tryPick (fun key value ->
        if String.Equals(key, label, StringComparison.OrdinalIgnoreCase) && value <> "" then
            Some value
        else
            None)

/// The first label that some store lacks, or the place of each; commas are no part of a value.
let private places labels (stores: Store list) =
    let lacking =
        stores
        |> List.tryPick (fun store ->
            labels
            |> List.tryFind (valueOf store >> Option.isNone)
            |> Option.map (fun label -> Alone.Unlabelled(store.Address, label)))

    match lacking with
    | Some why -> Error why
    | None ->
        stores
        |> List.map (fun store -> store, labels |> List.choose (valueOf store) |> String.concat ",")
        |> Ok

/// More peers than regions: two replicas of some region are there, whatever PD is to do about it.
let private crowded label (facts: PdFacts) placed =
    placed
    |> List.groupBy snd
    |> List.tryFind (fun (_, stores) ->
        stores |> List.sumBy (fun (store: Store, _) -> store.Regions) > facts.Regions)
    |> Option.map (fun (value, _) -> Alone.Crowded(label, value))

/// Anything that goes on outside could be what takes the next peer of a region.
let private troubled (facts: PdFacts) (store: Store) =
    if store.NodeState = NodeState.Removing then Some(Alone.Leaving store.Address)
    elif store.Regions > 0 && not (Seen.hears facts store) then Some(Alone.Silent store.Address)
    elif Set.contains store.Id facts.Evicting then Some(Alone.Evicted store.Address)
    else None

/// The failure domain of stores that may be down together:
/// 1. PD places replicas apart by an isolation level, and all stores say where they are;
/// 2. they have one value; in others so many stores live that every other replica, and every leader, has its place;
/// 3. no value has more peers than there are regions;
/// 4. no store besides them is silent, leaving, or losing its leaders, and none elsewhere lags.
let together (facts: PdFacts) (ids: Set<StoreId>) : Result<DisruptionDomain, Alone> =
    let labels = labels facts
    let label = facts.IsolationLevel

    match labels, places labels (Seen.tikvStores facts) with
    | [], _ -> Error Alone.NoIsolation
    | _ when facts.MaxReplicas < 3 -> Error(Alone.FewReplicas facts.MaxReplicas)
    | _, Error why -> Error why
    | _, Ok placed ->
        let ours, others = placed |> List.partition (fun (store, _) -> Set.contains store.Id ids)

        match ours |> List.map snd |> List.distinct with
        | [ value ] ->
            let outside = others |> List.filter (fun (_, other) -> other <> value)

            let living =
                outside
                |> List.filter (fst >> Seen.lives)
                |> List.map snd
                |> List.distinct
                |> List.length

            let isLagging (store: Store) = store.PendingPeers > store.Regions / 100

            if living < facts.MaxReplicas - 1 then
                Error(Alone.FewValues(label, living, facts.MaxReplicas - 1))
            else
                crowded label facts placed
                |> Option.orElse (others |> List.tryPick (fst >> troubled facts))
                |> Option.orElse (
                    outside
                    |> List.tryFind (fst >> isLagging)
                    |> Option.map (fun (store, _) -> Alone.Lagging store.Address)
                )
                |> function
                    | Some why -> Error why
                    | None -> Ok { Label = label; Value = value }
        | _ ->
            match ours with
            | [] -> Error Alone.PdUnknown
            | (_, first) :: rest ->
                let store, _ = rest |> List.find (fun (_, value) -> value <> first)
                Error(Alone.OtherValue(store.Address, label))

/// The store of a Pod, by the host part of its address.
let storeOfPod (facts: PdFacts) pod =
    Seen.tikvStores facts
    |> List.tryFind _.Address.StartsWith(pod + ".", StringComparison.Ordinal)
