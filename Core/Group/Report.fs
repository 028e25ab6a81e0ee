/// What a group says of itself in its status.
module Tikv.Core.Group.Report

open Tikv.Core
open Tikv.Core.Api

let private stalls reason =
    match reason with
    | NotOurs _ -> true
    | _ -> false

let private summary
    (observed: Observed)
    (settings: GroupSettings)
    ready
    (decision: Decision<Action, Reason>)
    revision
    =
    let existing = observed.Instances.Count

    let outdated =
        observed.Instances
        |> Map.exists (fun _ one -> one.Meta.Labels |> Map.tryFind Labels.revision <> Some revision)

    if observed.Meta.DeletionTimestamp.IsSome then Summary.Deleting
    elif List.contains ClusterPaused decision.Waiting then Summary.Paused
    elif List.contains ClusterSuspended decision.Waiting then Summary.Suspended
    elif ready then Summary.Healthy
    elif (Manifest.status observed).CurrentRevision.IsNone then Summary.Creating
    elif outdated then Summary.Rolling
    elif existing <> settings.Replicas then Summary.Scaling
    else Summary.Degraded

/// No instance has a Pod, each by its own word on the Cluster's present generation.
let private suspension (observed: Observed) conditions =
    match observed.Cluster with
    | Some cluster when cluster.Spec.SuspendAction.SuspendCompute ->
        let awake =
            observed.Instances
            |> Map.toList
            |> List.map snd
            |> List.filter (fun one -> one.SuspendedAt <> Some cluster.Meta.Generation)

        let status, reason, message =
            match awake with
            | [] -> ConditionStatus.True, ConditionReason.Suspended, "no Pod is left; volumes stay"
            | awake ->
                let stopped = observed.Instances.Count - awake.Length

                ConditionStatus.False,
                ConditionReason.Suspending,
                $"%d{stopped} of %d{observed.Instances.Count} instances have stopped"

        conditions
        |> Condition.set observed.Clock observed.Meta.Generation ConditionType.Suspended status reason message
    | _ -> conditions |> Condition.remove ConditionType.Suspended

/// The gates that hold the group or one of its instances up, each since it has been so.
let private blocked
    (observed: Observed)
    (decision: Decision<Action, Reason>)
    (old: BlockedBy list)
    : BlockedBy list =
    let entry object since message gate : BlockedBy = {
        Gate = gate
        Object = object
        Since = since
        Message = message
        RetryAt = None
        Override = None
    }

    let name kind name = $"%s{Kubernetes.Kind.name kind}/%s{name}"
    let own = name (Manifest.kind observed) observed.Meta.Name

    let ofGroup reason =
        Gate.tryOfCode (Reason.code reason)
        |> Option.map (fun gate ->
            let since =
                old
                |> List.tryFind (fun one -> one.Gate = gate && one.Object = own)
                |> Option.map _.Since
                |> Option.defaultValue (Condition.timestamp observed.Clock)

            entry own since (Reason.text reason) gate)

    let ofInstance (one: InstanceView) =
        one.Waits
        |> Option.bind (fun waits ->
            Gate.tryOfCode waits.Reason
            |> Option.map (
                entry
                    (name (Manifest.instanceKind observed) one.Meta.Name)
                    waits.LastTransitionTime
                    waits.Message
            ))

    (decision.Waiting |> List.choose ofGroup)
    @ (observed.Instances |> Map.toList |> List.choose (snd >> ofInstance))

/// The status before, and as it should be now.
let status (observed: Observed) (decision: Decision<Action, Reason>) =
    let old = Manifest.status observed
    let settings = Manifest.settings observed
    let revision = Shared.revision observed
    let instances = observed.Instances |> Map.toList |> List.map snd
    let count condition = instances |> List.filter condition |> List.length
    let hasRevision wanted (one: InstanceView) = one.Meta.Labels |> Map.tryFind Labels.revision = Some wanted
    let updated = count (fun one -> hasRevision revision one && one.Settled)
    let readyCount = count _.Ready
    let wanted = Rules.wanted observed
    let present = instances |> List.map _.Index |> Set.ofList
    let all = present = wanted && readyCount = instances.Length
    let synced = all && updated = instances.Length && decision.Actions.IsEmpty
    let current = if synced then Some revision else old.CurrentRevision

    let verdict: Report.Verdict = {
        Ready = if all then ConditionStatus.True else ConditionStatus.False
        Synced = synced
        Why =
            decision.Waiting
            |> List.map (fun reason -> Reason.code reason, Reason.text reason)
        Stalled = decision.Waiting |> List.exists stalls
    }

    let now = {
        old with
            ObservedGeneration = observed.Meta.Generation
            ObservedClusterGeneration =
                observed.Cluster
                |> Option.map _.Meta.Generation
                |> Option.defaultValue old.ObservedClusterGeneration
            Conditions =
                old.Conditions
                |> Report.conditions observed.Clock observed.Meta.Generation verdict
                |> suspension observed
            BlockedBy = blocked observed decision old.BlockedBy
            Replicas = instances.Length
            ReadyReplicas = readyCount
            UpdatedReplicas = updated
            CurrentReplicas =
                count (fun one -> current |> Option.exists (fun current -> hasRevision current one))
            CurrentRevision = current
            UpdateRevision = Some revision
            Selector = $"%s{Labels.group}=%s{observed.Meta.Name}"
            Version = if synced then Some(Manifest.version observed) else old.Version
            Summary = Some(summary observed settings synced decision revision)
    }

    Codec.encode old, Codec.encode now
