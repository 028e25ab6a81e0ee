/// The labels of a store in PD: where it is, for PD to place replicas apart, and what its group adds.
module Tikv.Core.Instance.StoreLabels

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// Labels of nodes that a short location label of PD may stand for, the first that there is (L 2.8, T 3.13).
let private aliases (label: string) =
    match label with
    | "region" -> [ "topology.kubernetes.io/region"; "failure-domain.beta.kubernetes.io/region" ]
    | "zone" -> [ "topology.kubernetes.io/zone"; "failure-domain.beta.kubernetes.io/zone" ]
    | "host" -> [ "kubernetes.io/hostname" ]
    | _ -> []

let private ofNode (facts: PdFacts) (node: NodeView) =
    facts.LocationLabels
    |> List.choose (fun label ->
        label :: aliases label
        |> List.tryPick (fun name -> Map.tryFind name node.Meta.Labels)
        |> Option.filter (fun value -> value <> "")
        |> Option.map (fun value -> label, value))

/// What the store should be labelled with: PD's location labels by the labels of its node, and `server.labels`. A node
/// that cannot be seen, or lacks a label, adds nothing: the store serves all the same.
let wanted (observed: Observed) (facts: PdFacts) =
    let own =
        match observed.Role with
        | TiKV(spec, _) -> spec.Template.Server.Labels |> Map.filter (fun _ value -> value <> "")
        | PD _ -> Map.empty

    match observed.Node with
    | Sighting.Known node ->
        ofNode facts node
        |> List.fold (fun labels (key, value) -> Map.add key value labels) own
    | Sighting.Absent
    | Sighting.Unknown -> own

/// PD matches keys without regard to case (P 18).
let private has (store: Store) key value =
    store.Labels
    |> Map.exists (fun other found ->
        String.Equals(other, key, StringComparison.OrdinalIgnoreCase) && found = value)

/// A registered store bears the labels that it should; those of others stay. PD merges what it is given, so only what
/// differs is sent.
let labels (observed: Observed) =
    match Seen.facts observed with
    | None -> Decision.settled
    | Some facts ->
        match Seen.storeOf observed facts with
        | Some store when store.NodeState = NodeState.Preparing || store.NodeState = NodeState.Serving ->
            let lacking = wanted observed facts |> Map.filter (fun key value -> not (has store key value))

            if lacking.IsEmpty then Decision.settled else Decision.act [ SetStoreLabels(store.Id, lacking) ]
        | Some _
        | None -> Decision.settled
