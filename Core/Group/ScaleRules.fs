/// How a group grows, shrinks and ends.
module Tikv.Core.Group.ScaleRules

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Group.Plan

let private names (instances: InstanceView list) = instances |> List.map _.Meta.Name
let private instances (observed: Observed) = Observed.instances observed

// ---- out

let private bootstrapsFirst (observed: Observed) =
    observed.PdGroups
    |> List.filter (fun group -> not group.Deleting)
    |> List.map _.Name
    |> List.sort
    |> List.tryHead
    |> Option.filter (fun name -> name <> observed.Meta.Name)

let private create observed initial staying indexes =
    Spread.next (Manifest.settings observed) (Failover.counted observed staying) (List.length indexes)
    |> List.zip indexes
    |> List.map (fun (index, topology) ->
        let name = Names.instance observed.Meta.Name index
        CreateInstance(name, Manifest.instance observed initial (index, topology)))

/// Missing instances are made: of TiKV all at once; of PD all at once for the first bootstrap, which knows all its
/// members from the start, and later one after another, each joined and healthy before the next (P 24, V B9). An index is
/// not used again while its instance is leaving, nor while volume claims of one that has left remain (V I39).
/// While the wanted version must wait, new instances are made with the template that the others have (T S28). One that cannot
/// be read is there, whatever it is like: of TiKV the others are made; nobody joins PD beside a member that nobody knows.
let scaleOut (plan: Plan) (observed: Observed) =
    let unreadable = Observed.unreadable observed
    let leaving = instances observed |> List.filter ending
    let terminating = leaving |> List.map (fun one -> InstanceTerminating one.Meta.Name)

    match plan.New, observed.Role with
    | _ :: _, PD _ when not unreadable.IsEmpty -> Decision.wait [ InstancesUnreadable unreadable ]
    | _, PD(spec, _) when not spec.Bootstrapped ->
        match plan.New, bootstrapsFirst observed with
        | [], _ -> Decision.wait terminating
        | _, Some elder -> Decision.wait [ OtherGroupBootstraps elder ]
        | indexes, None ->
            let initial =
                (observed.Instances |> Map.keys |> List.ofSeq) @ indexes
                |> List.except (plan.Leaving |> List.map _.Index)
                |> List.sort
                |> List.map (Names.instance observed.Meta.Name)

            { Actions = create observed initial plan.Staying indexes; Waiting = terminating }
    | [], _ -> Decision.settled
    | indexes, role ->
        let path = VersionRules.path observed

        let template = if Decision.isSettled path then Some observed else Revisions.current observed

        match template, role with
        | None, _ -> path
        | Some observed, TiKV _ when unreadable.IsEmpty ->
            Decision.act (create observed [] plan.Staying indexes)
        | Some observed, TiKV _ ->
            let offline = Set.ofList (Manifest.settings observed).OfflineIndexes
            let there = Set.difference observed.Unreadable offline

            let missing =
                indexes
                |> List.filter (fun index -> not (Set.contains index there))
                |> List.truncate (max 0 (indexes.Length - there.Count))

            {
                Actions = create observed [] plan.Staying missing
                Waiting = [ InstancesUnreadable unreadable ]
            }
        // The successor of the only member comes before that leaves.
        | Some _, PD _ when not plan.Staying.IsEmpty && leaving |> List.exists (Evidence.holdsUp observed) ->
            Decision.wait terminating
        | Some observed, PD _ ->
            match plan.Staying @ plan.Leaving |> List.filter (fun one -> not one.Ready) with
            | [] -> Decision.act (create observed [] plan.Staying (List.truncate 1 indexes))
            | waiting -> Decision.wait [ InstancesNotReady(names waiting) ]

// ---- in

/// Gates by which an instance refuses to leave: they need a person, or another store.
let private refusals =
    set [
        "MinReplicasAfter"
        "PDQuorumAfter"
        "AllStoresUp"
        "RegionQuorumAfter"
        "TopologySpreadAfter"
        "DiskHeadroomAfter"
        "PdbAllows"
        "PDUnreachable"
        "PDNotAsked"
        "ClusterIdMismatch"
        "StepRefused"
    ]

let private leaves (one: InstanceView) =
    match one.Waits with
    | Some(code, message) when Set.contains code refusals -> InstanceBlocked(one.Meta.Name, code, message)
    | _ -> ScalingIn one.Meta.Name

/// What was to leave and now stays is called back, as long as it can be (T 6.4 #31, T 7.1 #13).
let private calledBack (plan: Plan) = [
    for one in plan.Staying do
        if not (ending one) then
            if one.Offline then
                KeepOnline one.Meta

            if deferred one then
                CancelDeferral one.Meta
]

/// Surplus that serves stays while the others are being restarted: it is the redundancy of that time (T 3.1).
let private deferral (observed: Observed) plan (next: InstanceView list) =
    if not next.IsEmpty && RollRules.isUnderWay observed plan then
        next
        |> List.partition (fun one -> one.Registered && not one.Fails && not one.Offline)
    else
        [], next

let private stores (observed: Observed) plan =
    let leaving = Evidence.leaving observed |> List.filter _.Registered

    let next =
        plan.Leaving
        |> List.filter (fun one ->
            not (one.Offline && one.Registered)
            && not one.Removed
            && Replacement.mayGo plan observed one)

    let kept, next = deferral observed plan next
    let unmarked = kept |> List.filter (deferred >> not)
    let removed = plan.Leaving |> List.filter _.Removed
    let unregistered = next |> List.filter (fun one -> not one.Registered)

    let apart =
        removed @ unregistered
        |> List.choose (fun one ->
            Evidence.apart one
            |> Option.map (fun grounds -> DeleteInstance(one.Meta, grounds)))

    match apart, leaving, next with
    | _ :: _, _, _ -> Decision.act apart
    | [], (_ :: _ as leaving), _ -> {
        Actions = unmarked |> List.map (fun one -> DeferDeletion one.Meta)
        Waiting = leaving |> List.map leaves
      }
    | [], [], one :: _ ->
        match Evidence.noStoreLeaves observed with
        | Error elsewhere -> Decision.wait [ OtherGroupScalesIn elsewhere ]
        | Ok quiet -> Decision.act [ TakeOffline(one.Meta, quiet) ]
    | [], [], [] ->
        match unmarked, kept with
        | _ :: _, _ -> Decision.act (unmarked |> List.map (fun one -> DeferDeletion one.Meta))
        | [], [] -> Decision.settled
        | [], kept ->
            Decision.wait (DeletionDeferred(names kept) :: RollRules.unavailable observed plan.Staying)

/// One change of membership at a time; of members that serve only when all that stay do, and after what is to be added
/// (V B9). A member that is known not to serve goes first of all; once PD does not list it, the next may go, though its
/// Pod be stuck.
let private members (observed: Observed) plan =
    let kept, next =
        plan.Leaving
        |> List.filter (Replacement.mayGo plan observed)
        |> deferral observed plan

    let unmarked = kept |> List.filter (deferred >> not)
    let lacking = plan.Staying |> List.filter (fun one -> not one.Ready)

    match Evidence.oneMember observed, next with
    | Error leaving, _ -> Decision.wait (leaving |> List.map leaves)
    | Ok grounds, one :: _ when one.Fails || not one.Registered ->
        Decision.act [ DeleteInstance(one.Meta, grounds) ]
    | Ok _, _ :: _ when not plan.New.IsEmpty -> Decision.settled
    | Ok _, _ :: _ when not lacking.IsEmpty -> Decision.wait [ InstancesNotReady(names lacking) ]
    | Ok _, one :: _ when not one.Ready -> Decision.wait [ InstancesNotReady [ one.Meta.Name ] ]
    | Ok grounds, one :: _ -> Decision.act [ DeleteInstance(one.Meta, grounds) ]
    | Ok _, [] ->
        match unmarked, kept with
        | _ :: _, _ -> Decision.act (unmarked |> List.map (fun one -> DeferDeletion one.Meta))
        | [], [] -> Decision.settled
        | [], kept ->
            Decision.wait (DeletionDeferred(names kept) :: RollRules.unavailable observed plan.Staying)

/// Surplus instances go one at a time, in the order of the plan; a store leaves PD before its instance is deleted, a
/// member is removed by its instance. Those that never registered have no part in the cluster, and need no turn.
let scaleIn (plan: Plan) (observed: Observed) =
    match calledBack plan, observed.Role with
    | (_ :: _ as calledBack), _ -> Decision.act calledBack
    | [], TiKV _ -> stores observed plan
    | [], PD _ -> members observed plan

// ---- the end

let private isLastPd (observed: Observed) =
    observed.PdGroups
    |> List.forall (fun group -> group.Deleting || group.Name = observed.Meta.Name)

/// The instances of a group that is being deleted. They go with their Cluster, all at once; of a cluster that lives on,
/// stores leave one by one before their instances are deleted (T 7.1 #7), members one by one, the leader last, and the
/// last PD group not at all.
let drained (observed: Observed) =
    let all = instances observed
    let alive = all |> List.filter (ending >> not)
    let delete grounds (one: InstanceView) = DeleteInstance(one.Meta, grounds)

    match Evidence.withCluster observed, observed.Role with
    | _ when alive.IsEmpty -> Decision.wait (all |> List.map leaves)
    | Some grounds, _ -> Decision.act (alive |> List.map (delete grounds))
    | None, TiKV _ ->
        stores observed {
            Staying = []
            Leaving = alive |> List.sortBy (fun one -> one.Registered, not one.Fails, -one.Index)
            New = []
        }
    | None, PD _ when isLastPd observed -> Decision.wait [ LastPdGroup ]
    | None, PD _ ->
        match Evidence.oneMember observed with
        | Error leaving -> Decision.wait (leaving |> List.map leaves)
        | Ok grounds ->
            alive
            |> List.minBy (fun one -> one.Registered, not one.Fails, one.Leads, -one.Index)
            |> delete grounds
            |> List.singleton
            |> Decision.act
