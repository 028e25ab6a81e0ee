/// How instances are brought to the group's template.
module Tikv.Core.Group.RollRules

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group.Plan

let private label (one: InstanceView) = one.Meta.Labels |> Map.tryFind Labels.revision

/// How long an instance has still to be ready before it counts as available; none when it is.
let private soaking (observed: Observed) (one: InstanceView) =
    let needed = TimeSpan.FromSeconds(float (Manifest.settings observed).MinReadySeconds)

    Timestamp.tryParse one.ReadySince
    |> Option.map (fun since -> needed - (observed.Clock - since))
    |> Option.filter (fun left -> left > TimeSpan.Zero)

let private serves (one: InstanceView) = one.Ready && one.Settled

/// What keeps instances from counting as available; none when all of them do.
let unavailable observed (instances: InstanceView list) =
    match instances |> List.filter (serves >> not) with
    | _ :: _ as waiting -> [ InstancesNotReady(waiting |> List.map _.Meta.Name) ]
    | [] ->
        instances
        |> List.tryPick (fun one ->
            soaking observed one
            |> Option.map (fun left -> InstanceSoaking(one.Meta.Name, left)))
        |> Option.toList

/// Those that have the wanted template; those that only an update of their object is missing to; those that have to be
/// restarted.
let sorted (observed: Observed) (staying: InstanceView list) =
    let wanted, process' = Shared.wanted observed, Shared.wantedProcess observed
    let revision = Some(Shared.revision observed)

    let current, outdated =
        staying
        |> List.partition (fun one -> one.Shared = wanted && label one = revision)

    let light, heavy = outdated |> List.partition (fun one -> one.Process = process')
    current, light, heavy

let update observed (one: InstanceView) = UpdateInstance(one.Meta, Manifest.update observed one.Meta)

/// Restarts are under way or still to come, and nothing is against them: what is surplus stays until all that stay are
/// available with the new template (T 3.1).
let isUnderWay (observed: Observed) (plan: Plan) =
    let _, _, heavy = sorted observed plan.Staying

    let isNew =
        match (Manifest.status observed).CurrentRevision with
        | Some revision -> revision <> Shared.revision observed
        | None -> false

    Decision.isSettled (VersionRules.path observed)
    && (not heavy.IsEmpty || isNew && not (unavailable observed plan.Staying).IsEmpty)

/// Its template is not the one of the revision that it has: somebody has changed it by hand (V T43).
let private isEdited (observed: Observed) =
    match Revisions.current observed, (Manifest.status observed).CurrentRevision with
    | Some former, (Some _ as revision) ->
        let process' = Shared.wantedProcess former
        fun (one: InstanceView) -> label one = revision && one.Process <> process'
    | _ -> fun _ -> false

/// 1. What restarts nothing reaches all instances at once; so does anything those whose process is known not to run, and
///    the template that an instance was ready with last: a revert must always heal (V I36). One that was changed by hand is
///    restarted in any case: once, with the group's template.
/// 2. Of the others one goes at a time, only after new instances, and only when those that have the template have been
///    ready with it for `minReadySeconds`; or up to `maxUnavailable` of one failure domain, where all of it may be down.
///    One that has failed and was replaced is not waited for.
/// 3. One that is known not to serve goes before the others, and does not wait for those that once served with the
///    template: what is wrong with them is something else.
/// 4. Of PD the leader goes last; then by the priority that people gave, then the highest index.
let roll (plan: Plan) (observed: Observed) =
    match sorted observed plan.Staying with
    | _, [], [] -> Decision.settled
    | current, light, heavy ->
        let reverted = Some(Shared.revision observed)
        let isEdited = if heavy.IsEmpty then (fun _ -> false) else isEdited observed
        let heals (one: InstanceView) = one.Broken || one.Current = reverted || isEdited one
        let healed = heavy |> List.filter heals

        let waiting =
            heavy
            |> List.sortBy (fun one -> one.Ready, not one.Fails, one.Leads, priority one, -one.Index)

        let current = current |> List.filter (Failover.standsAside observed >> not)
        let unproven = current |> List.filter (fun one -> not (serves one) && one.Current <> label one)

        match light @ healed, waiting with
        | (_ :: _ as atOnce), _ -> Decision.act (atOnce |> List.map (update observed))
        | [], [] -> Decision.settled
        | [], next :: _ when next.Fails && unproven.IsEmpty -> Decision.act [ update observed next ]
        | [], _ when not plan.New.IsEmpty -> Decision.settled
        | [], _ ->
            let working = current |> List.filter (fun one -> not (unavailable observed [ one ]).IsEmpty)
            let chosen, alone = Together.next observed working waiting

            {
                Actions = chosen |> List.map (update observed)
                Waiting = [
                    if chosen.IsEmpty then
                        yield! unavailable observed current
                    match alone with
                    | Some why -> TakenAlone why
                    | None -> ()
                ]
            }

/// What is in order of versions comes first. While the wanted version must wait, an instance whose process is known not to
/// run gets the template that the others have: it may be what PD, which goes first, waits for. One that is just being
/// restarted on purpose comes back by itself, with what it was restarted for.
let inOrder (plan: Plan) (observed: Observed) =
    let path = VersionRules.path observed

    if Decision.isSettled path then
        roll plan observed
    else
        match Revisions.current observed with
        | None -> path
        | Some former ->
            let _, _, heavy = sorted former plan.Staying

            let heals (one: InstanceView) = one.Broken && not (Together.isPlanned observed one)
            { path with Actions = heavy |> List.filter heals |> List.map (update former) }

/// A group is as desired when all its instances have been ready for `minReadySeconds`, the last one too (L F35).
let available (plan: Plan) (observed: Observed) =
    match unavailable observed plan.Staying with
    | [] ->
        Observed.instances observed
        |> List.filter ending
        |> List.map (fun one -> InstanceTerminating one.Meta.Name)
        |> Decision.wait
    | waiting -> Decision.wait waiting
