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

/// All serve; or all but those that are being restarted on purpose, when all did before (U 6.1: Ready does not flap during
/// a roll). To become Ready it takes more than the instances' word, which may be of before an outage of the API server: their
/// Pods have to run.
let private serves (observed: Observed) instances =
    let wasReady = Condition.isTrue ConditionType.Ready (Manifest.status observed).Conditions

    match instances |> List.filter (fun (one: InstanceView) -> one.Unready.IsSome) with
    | [] -> wasReady || instances |> List.forall (fun one -> not one.Broken)
    | away -> wasReady && away |> List.forall (Together.isPlanned observed)

let private summary
    (observed: Observed)
    (settings: GroupSettings)
    serves
    ready
    (decision: Decision<Action, Reason>)
    current
    revision
    =
    let existing = observed.Instances.Count

    // The last one has the template, and has not served with it yet.
    let rolls =
        current <> Some revision
        || observed.Instances
           |> Map.exists (fun _ one ->
               one.Meta.Labels |> Map.tryFind Labels.revision <> Some revision
               || one.Unready.IsSome && Together.isPlanned observed one)

    if observed.Meta.DeletionTimestamp.IsSome then Summary.Deleting
    elif List.contains ClusterPaused decision.Waiting then Summary.Paused
    elif List.contains ClusterSuspended decision.Waiting then Summary.Suspended
    elif ready then Summary.Healthy
    elif current.IsNone then Summary.Creating
    elif rolls then Summary.Rolling
    elif existing <> settings.Replicas then Summary.Scaling
    elif serves then Summary.Healthy
    else Summary.Degraded

/// No instance has a Pod, each by its own word on the Cluster's present generation.
let private suspension (observed: Observed) conditions =
    match observed.Cluster with
    | Some cluster when cluster.Spec.SuspendAction.SuspendCompute ->
        let awake =
            Observed.instances observed
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

    let found object code message =
        Gate.tryOfCode code
        |> Option.map (fun gate ->
            let since =
                old
                |> List.tryFind (fun one -> one.Gate = gate && one.Object = object)
                |> Option.map _.Since
                |> Option.defaultValue (Timestamp.print observed.Clock)

            entry object since message gate)

    let ofGroup reason =
        match reason with
        // It is told with the instance.
        | InstanceBlocked _ -> None
        | reason -> found own (Reason.code reason) (Reason.text reason)

    let ofInstance (one: InstanceView) =
        one.Waits
        |> Option.bind (fun (code, message) ->
            found (name (Manifest.instanceKind observed) one.Meta.Name) code message)

    (decision.Waiting |> List.choose ofGroup)
    @ (Observed.instances observed |> List.choose ofInstance)

let private degraded (observed: Observed) conditions =
    let why = Failover.degraded (Together.isPlanned observed) observed

    conditions
    |> Condition.onlyWhile observed.Clock observed.Meta.Generation ConditionType.Degraded why

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
let private statuses (observed: Observed) (decision: Decision<Action, Reason>) =
    let old = Manifest.status observed
    let settings = Manifest.settings observed
    let revision = Shared.revision observed
    let instances = Observed.instances observed
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

    let all = complete && serves observed instances

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
                |> suspension observed
                |> degraded observed
            BlockedBy = blocked observed decision old.BlockedBy
            Replicas = instances.Length
            ReadyReplicas = readyCount
            UpdatedReplicas = count (isAt revision)
            CurrentReplicas = count (fun one -> current.IsSome && one.Current = current)
            CurrentRevision = current
            UpdateRevision = Some revision
            Selector = $"%s{Labels.group}=%s{observed.Meta.Name}"
            Version = if reached then Some(Manifest.version observed) else old.Version
            Summary = Some(summary observed settings all synced decision current revision)
    }

    old, now

/// The status before, and as it should be now, as JSON.
let status observed decision =
    let old, now = statuses observed decision
    Codec.encode old, Codec.encode now

let change observed decision = statuses observed decision |> Report.change
