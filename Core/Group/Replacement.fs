/// What cannot be changed in place, such as the storage class of a volume, is changed by putting another instance in the old
/// one's place: the new one first, then the old one leaves as any other does.
module Tikv.Core.Group.Replacement

open Tikv.Core
open Tikv.Core.Group.Plan

/// What a roll does not reach, since the instance is to leave: a template that was changed meanwhile, perhaps back.
let private outOfDate (observed: Observed) (one: InstanceView) =
    stays one
    && one.Shared <> Shared.wanted observed
    && one.Process = Shared.wantedProcess observed

/// An instance that is being replaced stays until all that are wanted serve, and goes only while there is still a reason.
let mayGo (plan: Plan) (observed: Observed) (one: InstanceView) =
    not (replaced one)
    || one.OtherClass = Some true
       && not (outOfDate observed one)
       && plan.New.IsEmpty
       && plan.Staying |> List.forall (fun other -> other.Ready && other.Settled)

/// Instances whose volumes are of another storage class than their template says are replaced one at a time, the highest
/// index first, and each only while all instances serve and nothing else is to come or to go. It is written on the
/// instance before its successor is made, so that a crash changes nothing; taken back while the old one still serves, it
/// stays.
let next (plan: Plan) (observed: Observed) =
    let instances = Observed.instances observed
    let marked = instances |> List.filter replaced
    let healed = marked |> List.filter calledOff

    let due =
        plan.Staying
        |> List.filter (fun one -> one.OtherClass = Some true && not (outOfDate observed one))

    let lacking = instances |> List.filter (fun one -> not one.Ready)

    match healed, marked, due with
    | _ when marked |> List.exists (outOfDate observed) ->
        marked
        |> List.filter (outOfDate observed)
        |> List.map (fun one -> UpdateInstance(one.Meta, Manifest.update observed one.Meta))
        |> Decision.act
    | _ :: _, _, _ -> Decision.act (healed |> List.map (fun one -> CancelReplacement one.Meta))
    | [], (_ :: _ as marked), _ -> Decision.wait (marked |> List.map (fun one -> Replacing one.Meta.Name))
    | [], [], [] -> Decision.settled
    | [], [], _ when not lacking.IsEmpty ->
        Decision.wait [ InstancesNotReady(lacking |> List.map _.Meta.Name) ]
    | [], [], due ->
        let one = due |> List.maxBy _.Index

        if plan.New.IsEmpty && plan.Leaving.IsEmpty then
            Decision.act [ Replace one.Meta ]
        else
            Decision.wait [ Replacing one.Meta.Name ]
