/// How one group goes while its cluster lives, and how it goes with its cluster.
module Tikv.Core.Group.Ending

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

let private instances (observed: Observed) = observed.Instances |> Map.toList |> List.map snd
let private ending (one: InstanceView) = one.Meta.DeletionTimestamp.IsSome
let private abandoned (meta: Meta) = meta.Annotations |> Map.tryFind Annotations.abandon = Some "true"

let private withCluster (observed: Observed) =
    match observed.Cluster with
    | Some cluster -> cluster.Meta.DeletionTimestamp.IsSome
    | None -> true

/// The cluster would be without PD: its last members cannot leave, since nobody would be left to agree to it.
let private lastPd (observed: Observed) =
    match observed.Role with
    | TiKV _ -> false
    | PD _ ->
        observed.Siblings
        |> List.forall (fun one ->
            one.Kind <> Kind.PDGroup
            || one.Name = observed.Meta.Name
            || one.Deleting
            || one.ReadyReplicas = 0)

/// All instances go at once with the whole cluster. While it lives, members of PD go one after another, and the next
/// store is asked to go when PD has begun to let the one before go: each is counted against those that stay, and regions
/// move off all of them together.
let private next (observed: Observed) =
    let all = instances observed
    let alive = all |> List.filter (ending >> not)

    let holdsUp (one: InstanceView) =
        match observed.Role with
        | PD _ -> ending one
        | TiKV _ -> ending one && one.Registered && not one.Leaving

    if withCluster observed then
        alive
    elif all |> List.exists holdsUp then
        []
    else
        alive
        |> List.sortBy (fun one -> one.Registered, one.Ready, -one.Index)
        |> List.truncate 1

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

/// A group goes after the last of its instances, and its Services and its budget with it. The last PD group of a cluster
/// that lives stays, unless the user gives it up.
let rule (observed: Observed) : Decision<Action, Reason> =
    let remaining = instances observed

    let untold =
        if abandoned observed.Meta then
            remaining |> List.filter (fun one -> not (abandoned one.Meta))
        else
            []

    match remaining, untold, lastObjects observed with
    | _ :: _, [], _ when not (withCluster observed) && lastPd observed && not (abandoned observed.Meta) ->
        Decision.wait [ LastPdGroup ]
    | _ :: _, (_ :: _ as untold), _ -> Decision.act (untold |> List.map (fun one -> AbandonInstance one.Meta))
    | _ :: _, [], _ ->
        match next observed with
        | [] -> Decision.wait [ InstancesRemain(remaining |> List.map _.Meta.Name) ]
        | next -> Decision.act (next |> List.map (fun one -> DeleteInstance one.Meta))
    | [], _, [] when List.contains Labels.finalizer observed.Meta.Finalizers ->
        Decision.act [ RemoveFinalizer ]
    | [], _, [] -> Decision.settled
    | [], _, objects -> Decision.act objects
