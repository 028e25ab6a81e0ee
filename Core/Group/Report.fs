/// What a group says of itself in its status.
module Tikv.Core.Group.Report

open Tikv.Core
open Tikv.Core.Api

let private stalls reason =
    match reason with
    | NotOurs _
    | LastPdGroup
    | Downgrade _
    | UnknownRevision _ -> true
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

let private topologySafe (observed: Observed) settings (plan: Plan.Plan) conditions =
    match Spread.safety observed settings plan.Staying with
    | None -> conditions |> Condition.remove ConditionType.TopologySafe
    | Some(status, reason, message) ->
        conditions
        |> Condition.set
            observed.Clock
            observed.Meta.Generation
            ConditionType.TopologySafe
            status
            reason
            message

/// The status before, and as it should be now.
let status (observed: Observed) (decision: Decision<Action, Reason>) =
    let old = Manifest.status observed
    let settings = Manifest.settings observed
    let revision = Shared.revision observed
    let instances = observed.Instances |> Map.toList |> List.map snd
    let count condition = instances |> List.filter condition |> List.length

    let isAt wanted (one: InstanceView) =
        one.Current = Some wanted
        && Map.tryFind Labels.revision one.Meta.Labels = Some wanted

    let readyCount = count _.Ready
    let plan = Plan.ofGroup observed

    let complete =
        plan.New.IsEmpty
        && plan.Leaving.IsEmpty
        && plan.Staying.Length = instances.Length

    let all = complete && readyCount = instances.Length

    // Surplus that is kept until the others are updated has no part in what they have reached.
    let reached =
        plan.New.IsEmpty
        && plan.Staying |> List.forall (isAt revision)
        && (RollRules.unavailable observed plan.Staying).IsEmpty

    let synced = reached && complete && decision.Actions.IsEmpty
    let current = if reached then Some revision else old.CurrentRevision

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
                |> Certificates.condition
                    observed.Clock
                    observed.Meta.Generation
                    (Rules.certificateProblems observed)
                |> topologySafe observed settings plan
            Replicas = instances.Length
            ReadyReplicas = readyCount
            UpdatedReplicas = count (isAt revision)
            CurrentReplicas = count (fun one -> current.IsSome && one.Current = current)
            CurrentRevision = current
            UpdateRevision = Some revision
            Selector = $"%s{Labels.group}=%s{observed.Meta.Name}"
            Version = if reached then Some(Manifest.version observed) else old.Version
            Summary = Some(summary observed settings synced decision revision)
    }

    Codec.encode old, Codec.encode now
