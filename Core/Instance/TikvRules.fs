/// The life of one store of TiKV.
module Tikv.Core.Instance.TikvRules

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance

/// A Pod is made once PD has answered for the first time; from then on it never waits for PD (law 5).
let pod (observed: Observed) =
    match observed.Pod, Seen.clusterId observed with
    | Some _, _ -> Decision.settled
    | None, None -> Decision.wait [ Seen.pdReason observed ]
    | None, Some _ -> Rules.withPod observed (fun body -> Decision.act [ CreatePod body ])

/// The addresses of PD are known as soon as a PD group is.
let pd (observed: Observed) = if observed.PdUrls.IsEmpty then Decision.wait [ PdAbsent ] else Decision.settled

let private spec (observed: Observed) =
    match observed.Role with
    | TiKV(spec, status) -> Some(spec, status)
    | PD _ -> None

let private eviction (observed: Observed) =
    match observed.Role with
    | TiKV(_, status) -> status.Evicting
    | PD _ -> None

/// Stores other than this one that live and may take leaders.
let private others (store: Store) (facts: PdFacts) =
    facts.Stores |> List.filter (fun one -> one.Id <> store.Id && Seen.lives one)

/// An outage is no time to take anything down: more than max(1, (n-1)/2) stores are silent (law 6).
let private outage (facts: PdFacts) =
    let counted = facts.Stores |> List.filter (fun store -> store.NodeState <> NodeState.Removed)

    let silent =
        counted
        |> List.filter (fun store -> store.StateName = "Down" || store.StateName = "Disconnected")

    if silent.Length > max 1 ((counted.Length - 1) / 2) then
        Some(StoresSilent(silent.Length, counted.Length))
    else
        None

/// Leaders are moved away from a store: the mark in our status comes first, then PD's entry, then its count must reach
/// zero or the deadline pass. A single store, or single replicas, have nowhere to move leaders to.
let private evicted (store: Store) (facts: PdFacts) (observed: Observed) =
    match spec observed with
    | None -> Decision.settled
    | Some(spec, _) ->
        let nowhere =
            facts.MaxReplicas <= 1
            || others store facts
               |> List.forall (fun one -> Set.contains one.Id facts.Evicting)

        let timeout = spec.Eviction.EvictLeaderTimeout
        let holds = spec.Eviction.EvictLeaderPolicy = EvictLeaderPolicy.Hold

        match eviction observed, Set.contains store.Id facts.Evicting with
        | None, _ when nowhere || timeout = TimeSpan.Zero -> Decision.settled
        | None, _ -> Decision.act [ MarkEviction(Condition.timestamp observed.Clock) ]
        | Some _, false when nowhere -> Decision.settled
        | Some _, false -> Decision.act [ Action.EvictLeaders store.Id ]
        | Some mark, true ->
            let late = Rules.since mark.Since observed |> Option.exists (fun span -> span >= timeout)

            if store.Leaders = 0 || late && not holds then
                Decision.settled
            else
                Decision.wait [ LeadersRemain store.Leaders ]

/// A store with other settings than wanted, or on a node that is to be emptied, is restarted:
/// 1. one whose process does not run is replaced at once;
/// 2. otherwise only while holding the disruption, never in an outage, and after its leaders have moved away.
let restart (observed: Observed) =
    match observed.Pod with
    | None -> Decision.settled
    | Some pod ->
        match Rules.restartCause observed pod with
        | None -> Decision.settled
        | Some(_, why) when Rules.broken pod -> Decision.act [ RemovePod(pod.Meta, why) ]
        | Some(disruption, why) ->
            match Seen.facts observed with
            | None -> Decision.wait [ Seen.pdReason observed ]
            | Some facts ->
                match outage facts, Seen.storeOf observed facts with
                | Some reason, _ -> Decision.wait [ reason ]
                | None, store ->
                    Rules.withDisruption disruption observed (fun () ->
                        let go _ = Decision.act [ RestartPod(pod.Meta, why) ]

                        match store with
                        | Some store -> observed |> Rule.inTurn [ evicted store facts; go ]
                        | None -> go observed)

/// Whether the store is to leave the cluster.
let leaves (observed: Observed) =
    Seen.deleting observed
    || spec observed |> Option.exists (fun (spec, _) -> spec.Offline)

/// A store that runs is registered in PD, and serves. One that was to leave and now stays is taken back.
let membership (observed: Observed) =
    match observed.Pod, Seen.facts observed with
    | None, _ -> Decision.settled
    | Some _, None -> Decision.wait [ Seen.pdReason observed ]
    | Some _, Some facts ->
        match Seen.storeOf observed facts with
        | None -> Decision.wait [ StoreNotRegistered ]
        | Some store ->
            match store.NodeState with
            | NodeState.Removing -> Decision.act [ RestoreStore store.Id ]
            | NodeState.Removed -> Decision.wait [ StoreNotServing "Removed" ]
            | NodeState.Preparing
            | NodeState.Serving when store.StateName <> "Up" ->
                Decision.wait [ StoreNotServing store.StateName ]
            | NodeState.Preparing
            | NodeState.Serving -> Decision.settled

/// The Pod has been ready for the time that leaders wait before they come back.
let private readyLongEnough (observed: Observed) =
    match observed.Pod, spec observed with
    | Some pod, Some(spec, _) ->
        let wanted = TimeSpan.FromSeconds(float spec.Eviction.MinReadyForLeaderSeconds)

        Rules.since pod.ReadySince observed
        |> Option.forall (fun span -> span >= wanted)
    | _ -> true

/// The eviction that we began ends when the store serves again: first the entry in PD, then our mark.
let endEviction (observed: Observed) =
    match eviction observed, Seen.facts observed with
    | None, _ -> Decision.settled
    | Some _, None -> Decision.wait [ Seen.pdReason observed ]
    | Some _, Some facts ->
        match Seen.storeOf observed facts with
        | Some store when Set.contains store.Id facts.Evicting ->
            if readyLongEnough observed || Seen.deleting observed then
                Decision.act [ StopEvictingLeaders store.Id ]
            else
                Decision.wait [ LeadersReturnSoon ]
        | _ -> Decision.act [ UnmarkEviction ]

/// PD was seen to call the store Removed: that is for ever, also when it has forgotten its tombstones.
let private removed (observed: Observed) =
    spec observed
    |> Option.exists (fun (_, status) -> status.State = Some Api.StoreState.Removed)

let private registered (observed: Observed) =
    spec observed |> Option.exists (fun (_, status) -> status.Id.IsSome)

/// A store leaves in two steps: its leaders move away, PD is asked to remove it, and its regions move while the process
/// runs on; only when PD calls it Removed is there anything to take down. It is refused while too few living stores
/// would remain for all replicas (V I05: PD itself counts dead ones too).
let leave (observed: Observed) =
    match Seen.facts observed, spec observed with
    // No store can be registered in a cluster that is none yet.
    | None, Some(_, status) when status.Id.IsNone && observed.Pod.IsNone && (Seen.clusterId observed).IsNone ->
        Decision.settled
    | None, _ -> Decision.wait [ Seen.pdReason observed ]
    | Some facts, _ ->
        match Seen.storeOf observed facts with
        | None when removed observed || Seen.deleting observed && not (registered observed) ->
            Decision.settled
        // A store that PD does not list may be one of a PD that lost its data: absence is not removal.
        | None -> Decision.wait [ StoreNotRegistered ]
        | Some store ->
            match store.NodeState with
            | NodeState.Removed -> Decision.settled
            | NodeState.Removing -> Decision.wait [ RegionsRemain store.Regions ]
            | NodeState.Preparing
            | NodeState.Serving ->
                let living = (others store facts).Length

                if living < facts.MaxReplicas then
                    Decision.wait [ StoresTooFew(living, facts.MaxReplicas) ]
                else
                    let go _ = Decision.act [ RemoveStore store.Id ]
                    observed |> Rule.inTurn [ evicted store facts; go ]

/// The store has left the cluster: a process of it would only end again.
let left (observed: Observed) =
    match Seen.facts observed |> Option.bind (Seen.storeOf observed) with
    | Some store -> store.NodeState = NodeState.Removed
    | None -> removed observed

/// What is left of a store that PD has let go.
let gone (observed: Observed) =
    Rules.tearDown ((Seen.settings observed).VolumeReclaimPolicy = ReclaimPolicy.Delete) observed
