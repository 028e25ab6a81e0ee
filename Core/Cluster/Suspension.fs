/// Sleep and waking of a whole cluster: TiKV stops before PD, and PD starts before TiKV (L B24).
module Tikv.Core.Cluster.Suspension

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let isAsked (observed: Observed) = observed.Spec.SuspendAction.SuspendCompute

/// No instance of the group has a Pod, by its own word on the present generations of itself and of its Cluster.
let private isAsleep (observed: Observed) (group: GroupView) =
    group.Status.ObservedGeneration = group.Meta.Generation
    && group.Status.ObservedClusterGeneration = observed.Meta.Generation
    && group.Status.Conditions
       |> Condition.tryFind ConditionType.Suspended
       |> Option.exists (fun suspended ->
           suspended.Status = ConditionStatus.True
           && suspended.ObservedGeneration = group.Meta.Generation)

/// The groups that are not asleep yet, by kind and name. Of one that cannot be read nobody knows.
let awake (observed: Observed) : (Kind * string) list =
    let known =
        observed.Groups
        |> List.filter (isAsleep observed >> not)
        |> List.map (fun group -> group.Kind, group.Meta.Name)

    known @ (observed.Unreadable |> List.map (fun (kind, meta) -> kind, meta.Name))

let private storesStopped (observed: Observed) = List.contains Component.TiKV observed.Status.Stopped

/// The cluster is on its way back: PD does not answer yet.
let isResuming (observed: Observed) = not (isAsked observed) && storesStopped observed

let rule (observed: Observed) : Decision<Action, Reason> =
    match isAsked observed, storesStopped observed, awake observed with
    | true, false, awake when awake |> List.forall (fun (kind, _) -> kind <> Kind.TiKVGroup) ->
        Decision.act [ RecordStopped [ Component.TiKV ] ]
    | true, _, [] -> Decision.wait [ Suspended ]
    | true, _, awake -> Decision.wait [ Suspending(awake |> List.map snd) ]
    | false, false, _ -> Decision.settled
    | false, true, _ ->
        match observed.Pd with
        | PdView.Answered _ -> Decision.act [ RecordStopped [] ]
        | PdView.Silent problem -> Decision.wait [ Resuming problem ]
        | PdView.Unasked -> Decision.wait [ Resuming "none of its members runs yet" ]
