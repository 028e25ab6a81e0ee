/// What an instance says of itself in its status.
module Tikv.Core.Instance.Report

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance

/// Whether the process serves. What did, and whose Pod is ready, does not count as failed or unknown while PD changes its
/// leader: silent for a moment, and then without the heartbeats that the former one had.
let private serves (observed: Observed) =
    let isOverlooked =
        Condition.isTrue ConditionType.Ready (Seen.status observed).Conditions
        && PdView.isShort observed.PdSilentFor

    match observed.Pod with
    | Some pod when pod.Ready && pod.Meta.DeletionTimestamp.IsNone ->
        match Seen.facts observed with
        | None when isOverlooked -> ConditionStatus.True
        | None -> ConditionStatus.Unknown
        | Some facts ->
            let healthy =
                match observed.Role with
                | PD _ ->
                    Seen.memberOf observed facts
                    |> Option.exists (fun self -> self.Healthy && Seen.hasStarted self)
                | TiKV _ ->
                    Seen.storeOf observed facts
                    |> Option.exists (fun store ->
                        Seen.lives store
                        || isOverlooked
                           && store.StateName = "Disconnected"
                           && (Evidence.outage facts).IsSome)

            if healthy && not (Seen.areOutOfDate observed facts) then
                ConditionStatus.True
            else
                ConditionStatus.False
    | _ -> ConditionStatus.False

let private upToDate (observed: Observed) =
    match observed.Pod with
    | Some pod ->
        (Rules.restartCause observed pod).IsNone
        && pod.Meta.DeletionTimestamp.IsNone
        && Reload.pending observed pod = Reload.InEffect
    | None -> false

let private stalls reason =
    match reason with
    | InvalidSpec _
    | NotOurs _
    | VolumeExpansionForbidden _
    | VolumeShrinkRefused _
    | VolumeAttributesClassNotServed _
    | VolumeDeleting _
    | VolumeSpent _
    | VolumeOfUnknownStore _
    | VolumeOfAnotherCluster _
    | ImageUnavailable _
    | VolumeLost _
    | StoreTombstoned _ -> true
    | ProcessEnded death ->
        match death with
        | Death.AnotherCluster _
        | Death.Tombstone
        | Death.BadConfig _
        | Death.VersionRefused _ -> true
        | _ -> false
    | _ -> false

let private verdict (observed: Observed) upToDate (decision: Decision<Action, Reason>) : Report.Verdict = {
    Ready = serves observed
    Synced = decision.Actions.IsEmpty && upToDate && not (Seen.deleting observed)
    Why =
        decision.Waiting
        |> List.map (fun reason -> Reason.code reason, Reason.text reason)
    Stalled = decision.Waiting |> List.exists stalls
}

let private ofVolumes reason =
    match reason with
    | ClaimTerminating _
    | ClaimPending _
    | VolumeLost _
    | VolumeClassDiffers _
    | VolumeResizing _
    | VolumeResizeFailed _
    | VolumeExpansionForbidden _
    | VolumeShrinkRefused _
    | VolumeModifying _
    | VolumeModifyFailed _
    | VolumeAttributesClassNotServed _
    | VolumeDeleting _
    | VolumeSpent _
    | VolumeOfUnknownStore _
    | VolumeOfAnotherCluster _ -> true
    | _ -> false

let private volumesReady (observed: Observed) (decision: Decision<Action, Reason>) conditions =
    let set status reason message =
        conditions
        |> Condition.set
            observed.Clock
            observed.Meta.Generation
            ConditionType.VolumesReady
            status
            reason
            message

    let unbound =
        Seen.wantedClaims observed
        |> List.map snd
        |> List.filter (fun name ->
            observed.Claims
            |> Map.tryFind name
            |> Option.forall (fun claim -> claim.Phase <> "Bound"))

    match decision.Waiting |> List.filter ofVolumes, unbound with
    | first :: _ as reasons, _ ->
        let texts = reasons |> List.map Reason.text
        set ConditionStatus.False (Reason.code first) (String.Join("; ", texts))
    | [], _ :: _ ->
        let names = String.Join(", ", unbound)
        set ConditionStatus.False ConditionReason.Missing $"not bound: %s{names}"
    | [], [] -> set ConditionStatus.True ConditionReason.Bound "every volume is as the specification says"

/// The zone of the node that the Pod is on; the last known one while the node is not seen.
let private zone (observed: Observed) (old: InstanceStatus) =
    match observed.Node with
    | Sighting.Known node -> node.Meta.Labels |> Map.tryFind "topology.kubernetes.io/zone"
    | Sighting.Unknown
    | Sighting.Absent -> old.Zone

let private common (observed: Observed) decision (old: InstanceStatus) =
    let upToDate = upToDate observed
    let verdict = verdict observed upToDate decision
    let revision = observed.Meta.Labels |> Map.tryFind Labels.revision
    let ready = verdict.Ready = ConditionStatus.True

    {
        old with
            ObservedGeneration = observed.Meta.Generation
            ObservedClusterGeneration =
                observed.Cluster
                |> Option.map _.Meta.Generation
                |> Option.defaultValue old.ObservedClusterGeneration
            Conditions =
                old.Conditions
                |> Report.conditions observed.Clock observed.Meta.Generation verdict
                |> volumesReady observed decision
                |> Certificates.condition
                    observed.Clock
                    observed.Meta.Generation
                    (Rules.certificateProblems observed)
            CurrentRevision =
                (if ready && upToDate then revision else None)
                |> Option.orElse old.CurrentRevision
            UpdateRevision = revision |> Option.orElse old.UpdateRevision
            PodUid = observed.Pod |> Option.map _.Meta.Uid
            NodeName = observed.Pod |> Option.map _.Node |> Option.filter (fun node -> node <> "")
            Zone = zone observed old
    }

let private suspension (observed: Observed) conditions =
    if Seen.suspended observed then
        let status, reason =
            if Suspension.isAtRest observed then
                ConditionStatus.True, ConditionReason.Suspended
            else
                ConditionStatus.False, ConditionReason.Suspending

        conditions
        |> Condition.set
            observed.Clock
            observed.Meta.Generation
            ConditionType.Suspended
            status
            reason
            "suspended by the Cluster"
    else
        conditions |> Condition.remove ConditionType.Suspended

let private pd (observed: Observed) decision (old: PDStatus) =
    let status = common observed decision old.Instance
    let self = Seen.facts observed |> Option.bind (Seen.memberOf observed)
    let joined = self |> Option.filter Seen.hasStarted

    let initialized conditions =
        match joined, old.Id with
        | Some _, _ ->
            conditions
            |> Condition.set
                observed.Clock
                observed.Meta.Generation
                ConditionType.Initialized
                ConditionStatus.True
                ConditionReason.Initialized
                "PD lists this member"
        | None, None ->
            conditions
            |> Condition.set
                observed.Clock
                observed.Meta.Generation
                ConditionType.Initialized
                ConditionStatus.False
                ConditionReason.Uninitialized
                "PD does not list this member yet"
        | None, Some _ -> conditions

    // A member that has an id never bootstraps again, so the cluster's own id has to be recorded before it.
    let id =
        Seen.clusterId observed
        |> Option.bind (fun _ -> joined)
        |> Option.map _.Id
        |> Option.orElse old.Id

    {
        old with
            Instance = {
                status with
                    Conditions = status.Conditions |> initialized |> suspension observed
                    Volumes =
                        old.Instance.Volumes
                        |> Ownership.status
                            (id |> Option.map (fun (MemberId id) -> string id))
                            (id <> old.Id)
                            (joined |> Option.exists _.Healthy)
                            observed
            }
            Id = id
            IsLeader = self |> Option.map _.IsLeader |> Option.defaultValue old.IsLeader
            Role =
                self
                |> Option.map (fun self -> if self.IsLeader then PDRole.Leader else PDRole.Follower)
                |> Option.orElse old.Role
    }

let private state nodeState =
    match nodeState with
    | NodeState.Preparing -> Api.StoreState.Preparing
    | NodeState.Serving -> Api.StoreState.Serving
    | NodeState.Removing -> Api.StoreState.Removing
    | NodeState.Removed -> Api.StoreState.Removed

/// In steps of five points, for the reason of `Report.coarse`.
let private capacityUsed (old: string option) (store: Store) =
    if store.Capacity <= 0L then
        old
    else
        let used = float (store.Capacity - store.Available) / float store.Capacity
        Some $"%d{int (Math.Round(used * 20.0)) * 5}%%"

let private tikv (observed: Observed) decision (old: TiKVStatus) =
    let status = common observed decision old.Instance
    let store = Seen.facts observed |> Option.bind (Seen.storeOf observed)
    let entry = Seen.facts observed |> Option.map _.Evicting |> Option.defaultValue Set.empty

    let evicted conditions =
        match old.Evicting, store with
        | Some _, Some store ->
            let status, reason =
                if store.Leaders = 0 && Set.contains store.Id entry then
                    ConditionStatus.True, ConditionReason.Evicted
                else
                    ConditionStatus.False, ConditionReason.Evicting

            let message = $"%d{store.Leaders} leaders are on the store"

            conditions
            |> Condition.set
                observed.Clock
                observed.Meta.Generation
                ConditionType.LeadersEvicted
                status
                reason
                message
        | Some _, None -> conditions
        | None, _ -> conditions |> Condition.remove ConditionType.LeadersEvicted

    let offlined conditions =
        match TikvRules.leaves observed, store |> Option.map _.NodeState with
        | true, Some NodeState.Removed ->
            conditions
            |> Condition.set
                observed.Clock
                observed.Meta.Generation
                ConditionType.Offlined
                ConditionStatus.True
                ConditionReason.Completed
                "PD has let the store go"
        | true, _ ->
            conditions
            |> Condition.set
                observed.Clock
                observed.Meta.Generation
                ConditionType.Offlined
                ConditionStatus.False
                ConditionReason.Processing
                "the store is leaving the cluster"
        | false, _ -> conditions |> Condition.remove ConditionType.Offlined

    let id = store |> Option.map _.Id |> Option.orElse old.Id

    {
        old with
            Instance = {
                status with
                    Conditions = status.Conditions |> evicted |> offlined |> suspension observed
                    Volumes =
                        old.Instance.Volumes
                        |> Ownership.status
                            (id |> Option.map (fun (StoreId id) -> string id))
                            (id <> old.Id)
                            (store |> Option.exists Seen.lives)
                            observed
            }
            Id = id
            // A removed store whose disk is gone is not what becomes of the instance: it starts anew.
            State =
                match store with
                | Some store when
                    store.NodeState = NodeState.Removed
                    && Diagnosis.diskReplaced observed
                    && not (TikvRules.leaves observed)
                    ->
                    None
                | store -> store |> Option.map (_.NodeState >> state) |> Option.orElse old.State
            Leaders =
                store
                |> Option.bind (fun store -> Report.coarse old.Leaders store.Leaders)
                |> Option.orElse old.Leaders
            Regions =
                store
                |> Option.bind (fun store -> Report.coarse old.Regions store.Regions)
                |> Option.orElse old.Regions
            CapacityUsed =
                store
                |> Option.bind (capacityUsed old.CapacityUsed)
                |> Option.orElse old.CapacityUsed
    }

/// The status before, and as it should be now, as JSON.
let status (observed: Observed) decision =
    match observed.Role with
    | PD(_, old) -> Codec.encode old, Codec.encode (pd observed decision old)
    | TiKV(_, old) -> Codec.encode old, Codec.encode (tikv observed decision old)

let change (observed: Observed) decision =
    match observed.Role with
    | PD(_, old) -> Report.change (old, pd observed decision old)
    | TiKV(_, old) -> Report.change (old, tikv observed decision old)
