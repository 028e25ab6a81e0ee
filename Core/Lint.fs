/// The laws of the architecture, checked on every decision before anything is sent, in production too. It is written
/// against what was observed and what was decided, and calls no rule: a mistake in a rule needs a second one here to do
/// harm (V C8).
module Tikv.Core.Lint

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.LintFacts

/// The laws that a decision on an instance breaks; none is as it should be.
let instance (observed: Instance.Observed) (actions: Instance.Action list) : string list =
    LintInstance.check observed actions

/// The laws that a decision on a group breaks.
let group (observed: Group.Observed) (actions: Group.Action list) : string list = [
    let deleting = observed.Meta.DeletionTimestamp.IsSome

    let alive =
        observed.Cluster
        |> Option.exists (fun cluster -> cluster.Meta.DeletionTimestamp.IsNone && cluster.Status.Id.IsSome)

    let isGivenUp (meta: Meta) = deleting && Map.tryFind Annotations.abandon meta.Annotations = Some "true"

    // A member that PD does not list has left already, whatever keeps its Pod.
    let hasLeft (one: Group.InstanceView) =
        match observed.Role, observed.Pd with
        | Group.PD _, PdView.Answered facts ->
            facts.Members
            |> List.forall (fun other -> other.Name <> one.Pod && other.Name <> "")
        | _ -> false

    // Besides this one, of the same group.
    let another (meta: Meta) =
        observed.Instances
        |> Map.exists (fun _ one ->
            one.Meta.Uid <> meta.Uid
            && one.Registered
            && not (hasLeft one)
            && (one.Meta.DeletionTimestamp.IsSome || one.Offline && not one.Removed))

    if isPaused observed.Cluster && not actions.IsEmpty then
        "a paused cluster is left alone"

    yield!
        actions
        |> atMostOne
            (fun action ->
                match action with
                | Group.TakeOffline _ -> true
                | _ -> false)
            "one instance leaves at a time (V I06)"

    for action in actions do
        match action with
        | Group.RemoveFinalizer _ ->
            yield!
                unless (deleting && observed.Instances.IsEmpty) "a group goes after the last of its instances"
        | Group.UpdateInstance(seen, _)
        | Group.KeepOnline seen
        | Group.RenumberRevision(seen, _)
        | Group.Replace seen
        | Group.CancelReplacement seen
        | Group.DeferDeletion seen
        | Group.CancelDeferral seen ->
            yield! unless (ownedBy observed.Meta.Uid seen) $"%s{seen.Name} belongs to somebody else (law 9)"
        | Group.AbandonInstance(seen, _) ->
            yield! unless (ownedBy observed.Meta.Uid seen) $"%s{seen.Name} belongs to somebody else (law 9)"
            yield! unless (isGivenUp observed.Meta) "only the user gives instances up"
        | Group.TakeOffline(seen, _) ->
            yield! unless (ownedBy observed.Meta.Uid seen) $"%s{seen.Name} belongs to somebody else (law 9)"

            yield!
                unless
                    (not (another seen) && observed.LeavingElsewhere.IsEmpty)
                    "one store leaves at a time (V I06)"
        | Group.RemoveRevision seen ->
            yield! unless (ownedBy observed.Meta.Uid seen) $"%s{seen.Name} belongs to somebody else (law 9)"

            let isUsed =
                match Map.tryFind Labels.revision seen.Labels with
                | None -> false
                | revision ->
                    observed.Instances
                    |> Map.exists (fun _ one ->
                        Map.tryFind Labels.revision one.Meta.Labels = revision || one.Current = revision)

            yield! unless (not isUsed) "a revision that an instance has is kept"
        | Group.DeleteInstance(seen, _) ->
            yield! unless (ownedBy observed.Meta.Uid seen) $"%s{seen.Name} belongs to somebody else (law 9)"

            if alive && not (isGivenUp seen) then
                match observed.Role with
                | Group.PD _ -> yield! unless (not (another seen)) "one member leaves at a time (V B9)"
                | Group.TiKV _ ->
                    let serves =
                        observed.Instances
                        |> Map.exists (fun _ one ->
                            one.Meta.Uid = seen.Uid && one.Registered && not one.Removed)

                    yield! unless (not serves) "a store leaves PD before its instance is deleted (T 7.1 #7)"
        | Group.CreateInstance(name, _) ->
            let bootstraps =
                match observed.Role with
                | Group.PD(spec, _) -> not spec.Bootstrapped
                | Group.TiKV _ -> false

            yield!
                unless
                    (bootstraps
                     || observed.Retained
                        |> Set.forall (fun index -> name <> $"%s{observed.Meta.Name}-%d{index}"))
                    "a new instance does not start on the volumes of one that has left (V I39)"
        | Group.RecordFailures(failures, _, _) ->
            let settings, status =
                match observed.Role with
                | Group.PD(spec, status) -> spec.Group, status
                | Group.TiKV(spec, status) -> spec.Group, status

            let acted (failures: Failure list) =
                failures
                |> List.filter (fun one -> one.Stage <> FailureStage.Suspected)
                |> List.map _.Uid
                |> Set.ofList

            let before, now = acted status.Failures, acted failures

            if not (Set.isSubset now before) then
                yield! unless settings.Failover.Enabled "failover is not asked for (V I41)"

                yield!
                    unless
                        (now.Count <= settings.Failover.MaxReplacements)
                        "no more replacements than allowed (V I41)"

                match observed.Pd with
                | PdView.Answered facts ->
                    let stores =
                        facts.Stores
                        |> List.filter (fun one ->
                            one.NodeState <> NodeState.Removed
                            && Map.tryFind "engine" one.Labels <> Some "tiflash")

                    let counted = stores.Length

                    let silent =
                        stores
                        |> List.filter (fun one -> one.StateName = "Down" || one.StateName = "Disconnected")
                        |> List.length

                    let healthy = facts.Members |> List.filter _.Healthy |> List.length

                    yield!
                        unless
                            (silent <= max 1 ((counted - 1) / 2) && healthy * 2 > facts.Members.Length)
                            "no failover in an outage (V I24, I25)"
                | PdView.Silent _
                | PdView.Unasked -> "no failover without facts of PD (V I24)"
        | Group.AddFinalizer
        | Group.CreateService _
        | Group.UpdateService _
        | Group.CreateBudget _
        | Group.MarkBootstrapped
        | Group.RemoveService _
        | Group.CreateRevision _
        | Group.CountCollision _
        | Group.RollBack _ -> ()
        | Group.UpdateBudget(seen, _)
        | Group.RemoveBudget seen ->
            yield! unless (ownedBy observed.Meta.Uid seen) $"%s{seen.Name} belongs to somebody else (law 9)"
]

/// The laws that a decision on a Cluster breaks.
let cluster (observed: Cluster.Observed) (actions: Cluster.Action list) : string list = [
    let deleting = observed.Meta.DeletionTimestamp.IsSome

    if observed.Spec.Paused && not actions.IsEmpty then
        "a paused cluster is left alone"

    for action in actions do
        match action with
        | Cluster.RecordId _ ->
            yield! unless observed.Status.Id.IsNone "a cluster id, once recorded, is never replaced (law 7)"
        | Cluster.DeleteGroup(kind, _) ->
            let tikv =
                observed.Groups |> List.exists (fun group -> group.Kind = Kind.TiKVGroup)
                || observed.Unreadable |> List.exists (fun (kind, _) -> kind = Kind.TiKVGroup)

            yield! unless deleting "a group is deleted only with its Cluster"
            yield! unless (kind = Kind.TiKVGroup || not tikv) "TiKV goes before PD"
        | Cluster.RemoveFinalizer ->
            yield!
                unless
                    (deleting && observed.Groups.IsEmpty && observed.Unreadable.IsEmpty)
                    "a Cluster goes after the last of its groups"
        | Cluster.RecordStopped stopped ->
            let running =
                observed.Groups
                |> List.exists (fun group ->
                    group.Kind = Kind.TiKVGroup
                    && not (Condition.isTrue ConditionType.Suspended group.Status.Conditions))
                || observed.Unreadable |> List.exists (fun (kind, _) -> kind = Kind.TiKVGroup)

            yield!
                unless
                    (stopped.IsEmpty || observed.Spec.SuspendAction.SuspendCompute && not running)
                    "PD may stop only for a suspension, after the last store (V I26)"
        | Cluster.CutDisruption left -> yield! LintSharing.cut observed left
        | Cluster.AddFinalizer
        | Cluster.VoidDisruption -> ()
]
