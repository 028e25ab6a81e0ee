/// The end of a group.
module Tikv.Core.Group.Ending

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

let private abandoned (meta: Meta) = meta.Annotations |> Map.tryFind Annotations.abandon = Some "true"

/// Each instance is told that it may go without PD before it is asked to go.
let private givenUp (remaining: InstanceView list) =
    match remaining |> List.filter (fun one -> not (abandoned one.Meta)) with
    | [] ->
        match remaining |> List.filter (fun one -> one.Meta.DeletionTimestamp.IsNone) with
        | [] -> Decision.wait [ InstancesRemain(remaining |> List.map _.Meta.Name) ]
        | alive -> Decision.act (alive |> List.map (fun one -> DeleteInstance one.Meta))
    | untold -> Decision.act (untold |> List.map (fun one -> AbandonInstance one.Meta))

let private lastObjects (observed: Observed) =
    let services =
        observed.Services
        |> Map.toList
        |> List.map snd
        |> List.filter (fun service -> Manifest.owns observed service.Meta)

    let budgets =
        match observed.Budget with
        | Sighting.Known budget when
            Manifest.owns observed budget.Meta && budget.Meta.DeletionTimestamp.IsNone
              ->
              [ RemoveBudget budget.Meta ]
        | Sighting.Known _
        | Sighting.Absent
        | Sighting.Unknown -> []

    budgets
    @ (services
       |> List.filter (fun service -> service.Meta.DeletionTimestamp.IsNone)
       |> List.map (fun service -> RemoveService service.Meta))

/// A group goes after the last of its instances, and its Services and its budget with it.
let rule (observed: Observed) : Decision<Action, Reason> =
    match observed.Instances |> Map.toList |> List.map snd, lastObjects observed with
    | (_ :: _ as remaining), _ when abandoned observed.Meta -> givenUp remaining
    | _ :: _, _ -> ScaleRules.drained observed
    | [], [] when List.contains Labels.finalizer observed.Meta.Finalizers -> Decision.act [ RemoveFinalizer ]
    | [], [] -> Decision.settled
    | [], objects -> Decision.act objects
