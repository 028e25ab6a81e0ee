/// The end of a group.
module Tikv.Core.Group.Ending

open Tikv.Core
open Tikv.Core.Kubernetes

/// Each instance is told that it may go without PD before it is asked to go.
let private givenUp asked (remaining: InstanceView list) =
    let told, untold =
        remaining
        |> List.map (fun one -> one, Evidence.givenUp asked one)
        |> List.partition (snd >> Option.isSome)

    let alive = [
        for one, grounds in told do
            match grounds with
            | Some grounds when one.Meta.DeletionTimestamp.IsNone -> DeleteInstance(one.Meta, grounds)
            | _ -> ()
    ]

    match untold, alive with
    | _ :: _, _ -> Decision.act (untold |> List.map (fun (one, _) -> AbandonInstance(one.Meta, asked)))
    | [], _ :: _ -> Decision.act alive
    | [], [] -> Decision.wait [ InstancesRemain(remaining |> List.map _.Meta.Name) ]

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
    let remaining = Observed.instances observed

    match Evidence.noneLeft observed, Evidence.abandonAsked observed, lastObjects observed with
    | None, _, _ when remaining.IsEmpty -> Decision.wait [ InstancesUnreadable(Observed.unreadable observed) ]
    | None, Some asked, _ -> givenUp asked remaining
    | None, None, _ -> ScaleRules.drained observed
    | Some none, _, [] when List.contains Labels.finalizer observed.Meta.Finalizers ->
        Decision.act [ RemoveFinalizer none ]
    | Some _, _, [] -> Decision.settled
    | Some _, _, objects -> Decision.act objects
