/// How many instances a group has, which one is next, and what it is brought to.
module Tikv.Core.Group.Rules

open System
open System.Globalization
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

let private settings = Manifest.settings
let private deleting (observed: Observed) = observed.Meta.DeletionTimestamp.IsSome
let private instances (observed: Observed) = observed.Instances |> Map.toList |> List.map snd
let private ending (one: InstanceView) = one.Meta.DeletionTimestamp.IsSome

/// A paused cluster is left alone in everything but status, deletion included.
let pause (observed: Observed) =
    match observed.Cluster with
    | Some cluster when cluster.Spec.Paused -> Decision.wait [ ClusterPaused ]
    | _ -> Decision.settled

/// A group without its Cluster is not built up: nothing says how.
let cluster (observed: Observed) =
    match observed.Cluster with
    | None -> Decision.wait [ ClusterAbsent (settings observed).Cluster.Name ]
    | Some _ -> Decision.settled

/// Our finalizer stands before anything exists that it must clean up after.
let finalizer (observed: Observed) =
    if List.contains Labels.finalizer observed.Meta.Finalizers then
        Decision.settled
    else
        Decision.act [ AddFinalizer ]

/// A group goes after the last of its instances, and its Services with it.
let ends (observed: Observed) =
    match instances observed, Map.toList observed.Services with
    | (_ :: _ as remaining), _ ->
        match remaining |> List.filter (ending >> not) with
        | [] -> Decision.wait [ InstancesRemain(remaining |> List.map _.Meta.Name) ]
        | alive -> Decision.act (alive |> List.map (fun one -> DeleteInstance one.Meta))
    | [], services ->
        let ours =
            services
            |> List.map snd
            |> List.filter (fun service -> Manifest.owns observed service.Meta)

        match ours |> List.filter (fun service -> service.Meta.DeletionTimestamp.IsNone) with
        | [] when List.contains Labels.finalizer observed.Meta.Finalizers -> Decision.act [ RemoveFinalizer ]
        | [] -> Decision.settled
        | ours -> Decision.act (ours |> List.map (fun service -> RemoveService service.Meta))

/// Whether what is ours of a Service's spec is as it should be: fields of others do not count.
let private asWanted wanted (service: ServiceView) =
    Json.asMembers wanted
    |> Option.defaultValue []
    |> List.forall (fun (key, value) ->
        match key, Json.tryField key service.Spec with
        | "ports", Some(Json.Array actual) ->
            let fields = [ "name"; "port"; "protocol"; "targetPort" ]
            let owned port = fields |> List.map (fun field -> Json.tryField field port)
            (Json.asItems value |> Option.defaultValue [] |> List.map owned) = (actual |> List.map owned)
        | _, actual -> actual = Some value)

/// The Services of the group stand before its instances.
let services (observed: Observed) =
    Decision.together [
        for name, spec in Manifest.services observed do
            match observed.Services |> Map.tryFind name with
            | None -> Decision.act [ CreateService(name, Manifest.service observed name spec) ]
            | Some service when not (Manifest.owns observed service.Meta) ->
                Decision.wait [ NotOurs("Service", name) ]
            | Some service when asWanted spec service -> Decision.settled
            | Some service ->
                Decision.act [ UpdateService(service.Meta, spec, Manifest.service observed name spec) ]
    ]

/// Once the cluster has an id, PD is bootstrapped for ever: members made from then on join.
let bootstrapped (observed: Observed) =
    match observed.Role, observed.Cluster |> Option.bind _.Status.Id with
    | PD(spec, _), Some _ when not spec.Bootstrapped -> Decision.act [ MarkBootstrapped ]
    | _ -> Decision.settled

/// The indexes that should exist: the lowest ones, without those that are to be left out.
let wanted (observed: Observed) =
    let settings = settings observed
    let out = Set.union (Set.ofList settings.OfflineIndexes) (Replacement.leftOut observed)

    Seq.initInfinite id
    |> Seq.filter (fun index -> not (Set.contains index out))
    |> Seq.truncate settings.Replicas
    |> Set.ofSeq

/// What cannot be changed in place is changed by another instance.
let replace (observed: Observed) = Replacement.next (wanted observed) observed

let private bootstrapsFirst (observed: Observed) =
    observed.PdGroups
    |> List.map fst
    |> List.sort
    |> List.tryHead
    |> Option.filter (fun name -> name <> observed.Meta.Name)

/// Missing instances are made: of TiKV all at once; of PD all at once for the first bootstrap, which knows all its
/// members from the start, and later one after another, each joined and healthy before the next (P 24, V B9).
let scaleOut (observed: Observed) =
    let wanted = wanted observed

    let missing =
        wanted
        |> Set.filter (fun index -> not (Map.containsKey index observed.Instances))
        |> Set.toList

    let terminating =
        instances observed
        |> List.filter (fun one -> ending one && Set.contains one.Index wanted)

    let blocked = terminating |> List.map (fun one -> InstanceTerminating one.Meta.Name)

    let create initial indexes =
        List.zip indexes (Manifest.topologies observed (List.length indexes))
        |> List.map (fun (index, topology) ->
            let name = Names.instance observed.Meta.Name index
            CreateInstance(name, Manifest.instance observed initial (index, topology)))

    match missing, observed.Role with
    | [], _ -> Decision.wait blocked
    | _, TiKV _ -> { Actions = create [] missing; Waiting = blocked }
    | _, PD(spec, _) when not spec.Bootstrapped ->
        match bootstrapsFirst observed with
        | Some elder -> Decision.wait [ OtherGroupBootstraps elder ]
        | None ->
            let initial = wanted |> Set.toList |> List.map (Names.instance observed.Meta.Name)
            Decision.act (create initial missing)
    | next :: _, PD _ ->
        match instances observed |> List.filter (fun one -> not one.Ready) with
        | [] -> Decision.act (create [] [ next ])
        | waiting -> Decision.wait [ InstancesNotReady(waiting |> List.map _.Meta.Name) ]

/// Surplus instances go one at a time: those that never registered first, then those that are not ready, then the
/// highest index. A store leaves PD before its instance is deleted; a member is removed by its instance, and a healthy one
/// only when all that are to stay serve.
let scaleIn (observed: Observed) =
    let wanted = wanted observed

    let surplus =
        instances observed
        |> List.filter (fun one -> not (Set.contains one.Index wanted))

    let called =
        instances observed
        |> List.filter (fun one -> one.Offline && Set.contains one.Index wanted && not (ending one))

    let leaving = surplus |> List.filter (fun one -> ending one || one.Offline && not one.Removed)
    let removed = surplus |> List.filter (fun one -> one.Removed && not (ending one))

    let next () =
        surplus
        |> List.filter (Replacement.mayGo observed wanted)
        |> List.sortBy (fun one -> one.Registered, one.Ready, -one.Index)
        |> List.tryHead

    match called, removed, leaving, observed.Role with
    | _ :: _, _, _, _ -> Decision.act (called |> List.map (fun one -> KeepOnline one.Meta))
    | [], _ :: _, _, _ -> Decision.act (removed |> List.map (fun one -> DeleteInstance one.Meta))
    | [], [], one :: _, _ -> Decision.wait [ ScalingIn one.Meta.Name ]
    | [], [], [], TiKV _ ->
        match next () with
        | Some one when not one.Registered -> Decision.act [ DeleteInstance one.Meta ]
        | Some one -> Decision.act [ TakeOffline one.Meta ]
        | None -> Decision.settled
    | [], [], [], PD _ ->
        let others = instances observed |> List.filter (fun one -> Set.contains one.Index wanted)
        let lacking = others |> List.filter (fun one -> not one.Ready)

        match next () with
        | Some one when not one.Ready -> Decision.act [ DeleteInstance one.Meta ]
        // One change of membership at a time: what is to be added comes before what is to go (V B9).
        | Some _ when others.Length < wanted.Count -> Decision.settled
        | Some _ when not lacking.IsEmpty ->
            Decision.wait [ InstancesNotReady(lacking |> List.map _.Meta.Name) ]
        | Some one -> Decision.act [ DeleteInstance one.Meta ]
        | None -> Decision.settled

/// PD is upgraded before TiKV is, unless the Cluster says otherwise.
let versionPath (observed: Observed) =
    let ordered =
        observed.Cluster
        |> Option.forall (fun cluster -> cluster.Spec.UpgradePolicy = UpgradePolicy.Default)

    match observed.Role, (Manifest.status observed).Version with
    | TiKV _, Some current when ordered && current <> Manifest.version observed ->
        let wanted = Manifest.version observed

        let reached reached =
            match reached |> Option.map SemVer.parse, SemVer.parse wanted with
            | Some(Ok reached), Ok wanted -> reached >= wanted
            | _ -> false

        if observed.PdGroups |> List.forall (snd >> reached) then
            Decision.settled
        else
            Decision.wait [ PdUpgradesFirst wanted ]
    | _ -> Decision.settled

/// How long an instance has still to be ready before it counts as available; none when it is.
let private soaking (observed: Observed) (one: InstanceView) =
    let needed = TimeSpan.FromSeconds(float (settings observed).MinReadySeconds)

    match
        DateTimeOffset.TryParse(one.ReadySince, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)
    with
    | true, since when observed.Clock - since < needed -> Some(needed - (observed.Clock - since))
    | _ -> None

let private shared (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> Shared.ofPdGroup spec
    | TiKV(spec, _) -> Shared.ofTikvGroup spec

/// Instances are brought to the group's template one at a time:
/// 1. one that is not ready goes first, since that costs nothing: a revert must heal;
/// 2. while another one is not ready, or has been so for less than `minReadySeconds`, none goes;
/// 3. otherwise the highest index goes.
let roll (observed: Observed) =
    let wanted = shared observed
    let present = instances observed |> List.filter (ending >> not)
    let outdated = present |> List.filter (fun one -> one.Shared <> wanted)
    let current = present |> List.filter (fun one -> one.Shared = wanted)
    let update (one: InstanceView) = UpdateInstance(one.Meta, Manifest.update observed one.Meta.Name)
    let revision = lazy Shared.revision observed

    let sameTemplate =
        outdated
        |> List.filter (fun one -> one.Meta.Labels |> Map.tryFind Labels.revision = Some revision.Value)

    match outdated, sameTemplate with
    | [], _ -> Decision.settled
    | _, (_ :: _ as settingsOnly) -> Decision.act (settingsOnly |> List.map update)
    | _, [] ->
        match
            outdated
            |> List.filter (fun one -> not one.Ready)
            |> List.sortBy (fun one -> -one.Index)
        with
        | broken :: _ -> Decision.act [ update broken ]
        | [] ->
            match current |> List.filter (fun one -> not one.Ready || not one.Settled) with
            | _ :: _ as waiting -> Decision.wait [ InstancesNotReady(waiting |> List.map _.Meta.Name) ]
            | [] ->
                match
                    current
                    |> List.tryPick (fun one -> soaking observed one |> Option.map (fun left -> one, left))
                with
                | Some(one, left) -> Decision.wait [ InstanceSoaking(one.Meta.Name, left) ]
                | None -> Decision.act [ update (outdated |> List.maxBy _.Index) ]

/// A group is as desired when its instances are.
let ready (observed: Observed) =
    match instances observed |> List.filter (fun one -> not one.Ready || not one.Settled) with
    | [] -> Decision.settled
    | waiting -> Decision.wait [ InstancesNotReady(waiting |> List.map _.Meta.Name) ]

let suspended (observed: Observed) =
    match observed.Cluster with
    | Some cluster when cluster.Spec.SuspendAction.SuspendCompute -> Decision.wait [ ClusterSuspended ]
    | _ -> Decision.settled
