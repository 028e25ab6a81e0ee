/// The PodDisruptionBudget of a group: `kubectl drain` and autoscalers ask it, and are told to wait until the operator
/// has moved the instance itself (docs/node-drain.md).
module Tikv.Core.Group.Budget

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// All Pods that there are or should be: so none that is healthy is evicted. It is a number, not `maxUnavailable`: for
/// that the disruption controller asks the controllers of the Pods for their scale, and instances have none.
let private needed (observed: Observed) =
    let suspended = observed.Cluster |> Option.exists _.Spec.SuspendAction.SuspendCompute

    if suspended then 0 else max (Manifest.settings observed).Replicas observed.Instances.Count

/// What it should say; none where the group is not to have one. A JSON null is a field that must not be there.
let wanted (observed: Observed) =
    if
        (Manifest.settings observed).Drain = DrainPolicy.Unmanaged
        || observed.Meta.DeletionTimestamp.IsSome
    then
        None
    else
        Json.object [
            "minAvailable", Json.int (needed observed)
            "maxUnavailable", Json.Null
            "selector", Json.object [ "matchLabels", Manifest.selector observed ]
            // What does not serve is nothing that a budget protects. Servers before 1.27 do not keep the field.
            "unhealthyPodEvictionPolicy", Json.string "AlwaysAllow"
        ]
        |> Some

/// Whether what is ours of it is as it should be. A server that does not know `unhealthyPodEvictionPolicy` drops it.
let asWanted wanted (budget: BudgetView) =
    wanted
    |> Json.membersAt []
    |> List.forall (fun (key, value) ->
        match value, Json.tryField key budget.Spec with
        | Json.Null, None -> true
        | _, None -> key = "unhealthyPodEvictionPolicy"
        | value, Some actual -> actual = value)

let body (observed: Observed) spec =
    Manifest.object
        (Kind.apiVersion Kind.PodDisruptionBudget)
        (Kind.name Kind.PodDisruptionBudget)
        observed
        observed.Meta.Name
        Map.empty
        spec

let private own (observed: Observed) wanted : Decision<Action, Reason> =
    match observed.Budget, wanted with
    | Sighting.Unknown, _
    | Sighting.Absent, None -> Decision.settled
    | Sighting.Absent, Some spec -> Decision.act [ CreateBudget(body observed spec) ]
    | Sighting.Known budget, wanted when not (Manifest.owns observed budget.Meta) ->
        Decision.wait [
            if wanted.IsSome then
                ForeignBudget budget.Meta.Name
        ]
    | Sighting.Known budget, _ when budget.Meta.DeletionTimestamp.IsSome -> Decision.settled
    | Sighting.Known budget, None -> Decision.act [ RemoveBudget budget.Meta ]
    | Sighting.Known budget, Some spec when asWanted spec budget -> Decision.settled
    | Sighting.Known budget, Some spec -> Decision.act [ UpdateBudget(budget.Meta, spec) ]

/// A group has its budget where the server has the kind. One of others under its name is left alone, and told; so is
/// another one for the same Pods: the eviction of a Pod that has two is answered 500 (pkg/registry/core/pod/storage, V K47).
let rule (observed: Observed) : Decision<Action, Reason> =
    let wanted = wanted observed

    let others = if wanted.IsSome then observed.OtherBudgets |> List.map SecondBudget else []

    Decision.together [ own observed wanted; Decision.wait others ]
