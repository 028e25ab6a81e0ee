/// What a Cluster says of itself in its status: the sum of its groups, and what PD says.
module Tikv.Core.Cluster.Report

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let private summary (observed: Observed) ready synced =
    let any summary =
        observed.Groups
        |> List.exists (fun group -> group.Status.Summary = Some summary)

    if observed.Meta.DeletionTimestamp.IsSome then
        Summary.Deleting
    elif observed.Spec.Paused then
        Summary.Paused
    elif observed.Spec.SuspendAction.SuspendCompute then
        Summary.Suspended
    elif ready && synced then
        Summary.Healthy
    elif observed.Status.Id.IsNone then
        Summary.Creating
    else
        match observed.Pd with
        | PdView.Silent _ -> Summary.Unavailable
        | PdView.Unasked
        | PdView.Answered _ ->
            if any Summary.Rolling then Summary.Rolling
            elif any Summary.Creating then Summary.Creating
            elif any Summary.Scaling then Summary.Scaling
            elif ready then Summary.Healthy
            else Summary.Degraded

let private componentStatus (observed: Observed) kind ``component`` =
    let groups = observed.Groups |> List.filter (fun group -> group.Kind = kind)
    let wanted = groups |> List.sumBy _.Replicas
    let ready = groups |> List.sumBy _.Status.ReadyReplicas

    if groups.IsEmpty then
        None
    else
        Some {
            Kind = ``component``
            Replicas = wanted
            ReadyReplicas = ready
            Summary = $"%d{ready}/%d{wanted}"
        }

/// Stores that serve, of those that are not on their way out.
let private stores (facts: PdFacts) =
    let counted =
        facts.Stores
        |> List.filter (fun store ->
            store.NodeState <> NodeState.Removed && store.NodeState <> NodeState.Removing)

    counted |> List.filter (fun store -> store.StateName = "Up") |> List.length, counted.Length

/// PD has a leader that answers, and a quorum of stores serves. Region by region, only PD's own checks could tell more.
let private available (observed: Observed) =
    match observed.Pd with
    | PdView.Unasked -> ConditionStatus.False, ConditionReason.NotBootstrapped, "PD has not been asked yet"
    | PdView.Silent problem -> ConditionStatus.Unknown, "PDUnreachable", $"PD did not answer: %s{problem}"
    | PdView.Answered facts ->
        let up, all = stores facts

        if all = 0 then
            ConditionStatus.False, ConditionReason.NotBootstrapped, "no store has registered yet"
        elif all - up > max 0 ((min facts.MaxReplicas all - 1) / 2) then
            ConditionStatus.False,
            ConditionReason.RegionsWithoutQuorum,
            $"%d{up} of %d{all} stores are up: some regions may have no quorum"
        else
            ConditionStatus.True,
            ConditionReason.AllRegionsServing,
            $"PD has a leader, and %d{up} of %d{all} stores are up"

/// The operator's own certificate comes first, then those of the groups, as each group says.
let private certificates (observed: Observed) conditions =
    let set = Certificates.condition observed.Clock observed.Meta.Generation

    let groups =
        observed.Groups
        |> List.choose (fun group ->
            group.Status.Conditions
            |> Condition.tryFind ConditionType.CertificatesValid
            |> Option.filter (fun condition -> condition.Reason <> ConditionReason.Valid)
            |> Option.map (fun condition -> group.Meta.Name, condition))

    let own = Rules.certificateProblems observed

    match own, groups with
    | Some [], (_, worst) :: _ ->
        let worst =
            groups
            |> List.map snd
            |> List.tryFind (fun condition -> condition.Status <> ConditionStatus.True)
            |> Option.defaultValue worst

        let message =
            groups
            |> List.map (fun (name, condition) -> $"%s{name}: %s{condition.Message}")
            |> fun messages -> System.String.Join("; ", messages)

        conditions
        |> Condition.set
            observed.Clock
            observed.Meta.Generation
            ConditionType.CertificatesValid
            worst.Status
            worst.Reason
            message
    | _ -> set own conditions

/// Where clients find PD: what was said before, while that group lives, else a group that is ready, else any.
let private pd (observed: Observed) =
    let groups = observed.Groups |> List.filter (fun group -> group.Kind = Kind.PDGroup)

    let living =
        groups
        |> List.filter (fun group -> group.Meta.DeletionTimestamp.IsNone)
        |> List.sortBy (fun group -> group.Status.ReadyReplicas = 0)

    let url (group: GroupView) =
        observed.PdUrls
        |> List.tryFind (fun url -> url.Contains($"//%s{group.Meta.Name}.", System.StringComparison.Ordinal))

    let ready, others = living |> List.partition (fun group -> group.Status.ReadyReplicas > 0)
    let readyUrls = ready |> List.choose url

    match observed.Status.Pd with
    | Some known when List.contains known readyUrls -> Some known
    | Some known when readyUrls.IsEmpty && others |> List.choose url |> List.contains known -> Some known
    | known ->
        readyUrls
        |> List.tryHead
        |> Option.orElse (others |> List.tryPick url)
        |> Option.orElse known
        |> Option.orElse (List.tryHead observed.PdUrls)

let private progress (observed: Observed) settled (decision: Decision<Action, Reason>) =
    let why standard =
        match decision.Waiting with
        | [] -> standard
        | waiting -> System.String.Join("; ", waiting |> List.map Reason.text |> List.distinct)

    if observed.Meta.DeletionTimestamp.IsSome then
        ConditionStatus.True, ConditionReason.ClusterDeletion, why "the cluster is being deleted"
    elif observed.Spec.Paused then
        ConditionStatus.False, ConditionReason.Paused, why "the cluster is paused"
    elif settled then
        ConditionStatus.False, ConditionReason.AllUpToDate, "everything is as the specification says"
    elif Suspension.isAsked observed && (Suspension.awake observed).IsEmpty then
        ConditionStatus.False, ConditionReason.Suspended, why "the cluster is suspended"
    elif observed.Status.Id.IsNone then
        ConditionStatus.True, ConditionReason.ClusterCreation, why "the cluster is being built"
    else
        ConditionStatus.True, ConditionReason.Waiting, why "changes are being carried out"

/// Suspended is True only when no Pod is left; it is False on the way there and back, and absent otherwise.
let private suspension (observed: Observed) conditions =
    let set status reason message =
        conditions
        |> Condition.set observed.Clock observed.Meta.Generation ConditionType.Suspended status reason message

    let names groups = System.String.Join(", ", groups |> List.map snd)

    match Suspension.isAsked observed, Suspension.awake observed with
    | true, [] -> set ConditionStatus.True ConditionReason.UserRequested "no Pod is left; volumes stay"
    | true, awake -> set ConditionStatus.False ConditionReason.Suspending $"the Pods of %s{names awake} stop"
    | false, _ when Suspension.isResuming observed ->
        set ConditionStatus.False ConditionReason.Resuming "PD starts, and TiKV after it"
    | false, _ -> conditions |> Condition.remove ConditionType.Suspended

/// What the groups say, those that can.
let private topologySafe (observed: Observed) conditions =
    let said =
        observed.Groups
        |> List.choose (fun group ->
            group.Status.Conditions
            |> Condition.tryFind ConditionType.TopologySafe
            |> Option.map (fun condition -> group.Meta.Name, condition))

    let set status reason message =
        conditions
        |> Condition.set
            observed.Clock
            observed.Meta.Generation
            ConditionType.TopologySafe
            status
            reason
            message

    match
        said
        |> List.tryFind (fun (_, condition) -> condition.Status = ConditionStatus.False),
        said
    with
    | Some(name, condition), _ ->
        set ConditionStatus.False condition.Reason $"%s{name}: %s{condition.Message}"
    | None, [] -> conditions |> Condition.remove ConditionType.TopologySafe
    | None, _ -> set ConditionStatus.True ConditionReason.Satisfied "the loss of any one domain is survived"

/// Regions may have no majority, as `Available` has it, and not by a restart on purpose, a suspension or the end alone.
let private lacksMajority (observed: Observed) =
    let restarted =
        observed.Status.Disruption
        |> Disruption.allHolders
        |> List.map _.Name
        |> Set.ofList

    let isUnplanned (store: Store) =
        store.NodeState <> NodeState.Removed
        && store.NodeState <> NodeState.Removing
        && store.StateName <> "Up"
        && not (Set.contains (Address.pod store.Address) restarted)

    let isOnPurpose =
        observed.Meta.DeletionTimestamp.IsSome
        || Suspension.isAsked observed
        || Suspension.isResuming observed

    match observed.Pd, available observed with
    | PdView.Answered facts, (ConditionStatus.False, reason, message) when
        reason = ConditionReason.RegionsWithoutQuorum
        && not isOnPurpose
        && facts.Stores |> List.exists isUnplanned
        ->
        Some(reason, message)
    | _ -> None

/// It serves with less safety than wanted: what its groups say of their instances, or what PD says of its stores.
let private degraded isOverlooked (observed: Observed) conditions =
    let groups =
        observed.Groups
        |> List.choose (fun group ->
            group.Status.Conditions
            |> Condition.tryFind ConditionType.Degraded
            |> Option.filter (fun condition -> condition.Status = ConditionStatus.True)
            |> Option.map (fun condition -> condition.Reason, $"%s{group.Meta.Name}: %s{condition.Message}"))

    let majority = if isOverlooked then None else lacksMajority observed

    let found = Option.toList majority @ groups

    let why =
        found
        |> List.tryHead
        |> Option.map (fun (reason, _) -> reason, System.String.Join("; ", found |> List.map snd))

    conditions
    |> Condition.onlyWhile observed.Clock observed.Meta.Generation ConditionType.Degraded why

/// While PD does not say, what it said last stands.
let private unmanaged (observed: Observed) conditions =
    match Unmanaged.parts observed with
    | None -> conditions
    | Some parts ->
        let why = if parts.IsEmpty then None else Some(ConditionReason.NoInstance, Unmanaged.text parts)

        conditions
        |> Condition.onlyWhile observed.Clock observed.Meta.Generation ConditionType.Unmanaged why

/// The status before, and as it should be now. The disruption and the id are written by actions, never here.
let private statuses (observed: Observed) (decision: Decision<Action, Reason>) =
    let old = observed.Status
    let generation = observed.Meta.Generation
    let isOverlooked = PdView.isShort observed.PdSilentFor

    // A group stays Ready while one of its instances is restarted on purpose; that keeps the Cluster so, and does not make
    // it so.
    let isComplete (group: GroupView) =
        Condition.isTrue ConditionType.Ready old.Conditions
        || group.Status.ReadyReplicas >= group.Replicas

    let ready =
        not observed.Groups.IsEmpty
        && Decision.isSettled decision
        && observed.Groups
           |> List.forall (fun group -> Rules.groupReady observed group && isComplete group)

    let synced =
        decision.Actions.IsEmpty
        && observed.Groups
           |> List.forall (fun group ->
               Rules.groupSpeaks group
               && Condition.isTrue ConditionType.Synced group.Status.Conditions)

    let verdict: Report.Verdict = {
        Ready =
            match observed.Pd with
            | PdView.Silent _ when old.Id.IsSome ->
                if isOverlooked && Condition.isTrue ConditionType.Ready old.Conditions then
                    ConditionStatus.True
                else
                    ConditionStatus.Unknown
            | _ when ready -> ConditionStatus.True
            | _ -> ConditionStatus.False
        Synced = synced
        Why =
            decision.Waiting
            |> List.map (fun reason -> Reason.code reason, Reason.text reason)
        Stalled = false
    }

    let status, reason, message = available observed

    let paused =
        if observed.Spec.Paused then Some(ConditionReason.UserRequested, "spec.paused is true") else None

    let progressing conditions =
        let status, reason, message = progress observed (ready && synced) decision

        conditions
        |> Condition.set observed.Clock generation ConditionType.Progressing status reason message

    let now = {
        old with
            ObservedGeneration = generation
            Conditions =
                old.Conditions
                |> Report.conditions observed.Clock generation verdict
                |> certificates observed
                |> (if
                        isOverlooked
                        && (Condition.tryFind ConditionType.Available old.Conditions).IsSome
                    then
                        id
                    else
                        Condition.set observed.Clock generation ConditionType.Available status reason message)
                |> topologySafe observed
                |> degraded isOverlooked observed
                |> unmanaged observed
                |> Condition.onlyWhile observed.Clock generation ConditionType.Paused paused
                |> suspension observed
                |> progressing
            Components =
                [
                    componentStatus observed Kind.PDGroup Component.PD
                    componentStatus observed Kind.TiKVGroup Component.TiKV
                ]
                |> List.choose id
            Pd = pd observed
            Unmanaged =
                Unmanaged.parts observed
                |> Option.map (List.truncate 100)
                |> Option.defaultValue old.Unmanaged
            FeatureGates = Features.inEffect observed.Spec
            BlockedBy = observed.Groups |> List.collect _.Status.BlockedBy
            Version =
                match observed.Groups |> List.map _.Status.Version |> List.distinct with
                | [ Some version ] -> Some version
                | _ -> old.Version
            Summary = Some(summary observed ready synced)
            StoresUp =
                match observed.Pd with
                | PdView.Answered facts ->
                    let up, all = stores facts
                    Some $"%d{up}/%d{all}"
                | PdView.Unasked
                | PdView.Silent _ -> old.StoresUp
    }

    old, now

/// The status before, and as it should be now, as JSON.
let status observed decision =
    let old, now = statuses observed decision
    Codec.encode old, Codec.encode now

let change observed decision = statuses observed decision |> Report.change
