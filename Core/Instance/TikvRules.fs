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

/// Leaders are moved away from a store: the mark in our status comes first, then PD's entry, then its count must reach
/// zero or the deadline pass. A single store, or single replicas, have nowhere to move leaders to.
let private evicted store (facts: PdFacts) (observed: Observed) go =
    match Evidence.leadersGone store observed facts, store, eviction observed with
    | Ok gone, _, _ -> go gone
    | Error _, Some _, None -> Decision.act [ MarkEviction(Condition.timestamp observed.Clock) ]
    | Error _, Some store, Some _ when not (Set.contains store.Id facts.Evicting) ->
        Decision.act [ Action.EvictLeaders store.Id ]
    | Error reason, _, _ -> Decision.wait [ reason ]

/// A store with other settings than wanted, or on a node that is to be emptied, is restarted:
/// 1. one whose process does not run is replaced at once;
/// 2. otherwise only while holding the disruption, never in an outage, and after its leaders have moved away.
let restart (observed: Observed) =
    match observed.Pod with
    | None -> Decision.settled
    | Some pod ->
        match
            Rules.restartCause observed pod,
            Evidence.notServing pod,
            Evidence.notFrozen observed,
            Seen.facts observed
        with
        | None, _, _, _ -> Decision.settled
        | Some(_, why), Some _, _, _ -> Rules.replace pod why
        | Some _, None, Error reason, _ -> Decision.wait [ reason ]
        | Some _, None, Ok _, None -> Decision.wait [ Seen.pdReason observed ]
        | Some(disruption, why), None, Ok calm, Some facts ->
            let store = Seen.storeOf observed facts

            match Evidence.othersHeard store facts with
            | Error reason -> Decision.wait [ reason ]
            | Ok others ->
                Rules.withDisruption disruption observed (fun held ->
                    evicted store facts observed (fun leaders ->
                        let grounds = Evidence.StoreRests(held, calm, others, leaders)
                        Decision.act [ RestartPod(pod.Meta, why, grounds) ]))

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

        Seen.since pod.ReadySince observed |> Option.forall (fun span -> span >= wanted)
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

/// A store leaves in two steps: its leaders move away, PD is asked to remove it, and its regions move while the process
/// runs on; only when PD calls it Removed is there anything to take down. It is refused while too few living stores
/// would remain for all replicas (V I05: PD itself counts dead ones too).
let leave (observed: Observed) =
    match Evidence.departed observed, Seen.facts observed with
    // Its group deletes it; until then it is as it is.
    | Some(Evidence.NothingDeparted _), _ when not (Seen.deleting observed) ->
        Decision.wait [ StoreNotRegistered ]
    | Some _, _ -> Decision.settled
    | None, None -> Decision.wait [ Seen.pdReason observed ]
    | None, Some facts ->
        match Seen.storeOf observed facts with
        // A store that PD does not list may be one of a PD that lost its data: absence is not removal.
        | None -> Decision.wait [ StoreNotRegistered ]
        | Some store ->
            match store.NodeState, Evidence.notFrozen observed with
            | NodeState.Removed, _
            | NodeState.Removing, _ -> Decision.wait [ RegionsRemain store.Regions ]
            | (NodeState.Preparing | NodeState.Serving), Error reason -> Decision.wait [ reason ]
            | (NodeState.Preparing | NodeState.Serving), Ok calm ->
                match Evidence.enoughStores store observed facts with
                | Error reason -> Decision.wait [ reason ]
                | Ok enough ->
                    evicted (Some store) facts observed (fun gone ->
                        Decision.act [ RemoveStore(store.Id, calm, enough, gone) ])

/// The store has left the cluster: a process of it would only end again.
let left (observed: Observed) =
    match Evidence.departed observed with
    | Some(Evidence.StoreDeparted _) -> true
    | _ -> false

/// What is left of a store that PD has let go.
let gone (observed: Observed) =
    match Evidence.departed observed with
    | Some departed -> Rules.tearDown departed observed
    | None -> Decision.settled
