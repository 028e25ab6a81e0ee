/// Owner mapping: what has changed, and who has to look again.
module internal Tikv.Core.Operator.Wakes

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator.Run

/// Many instances change at once; their group and cluster look at them together.
let gathering = TimeSpan.FromMilliseconds 50L

let reconcile at kind space name queue =
    queue
    |> Queue.add at (Work.Reconcile { Kind = kind; Namespace = space; Name = name })

let label name (meta: Meta) = meta.Labels |> Map.tryFind name

let instanceKind (meta: Meta) =
    match label Labels.``component`` meta with
    | Some "pd" -> Some Kind.PD
    | Some "tikv" -> Some Kind.TiKV
    | _ -> None

let groupKind (meta: Meta) =
    match label Labels.``component`` meta with
    | Some "pd" -> Some Kind.PDGroup
    | Some "tikv" -> Some Kind.TiKVGroup
    | _ -> None

/// Also those of a group that cannot be read.
let instancesOfCluster space cluster (sight: Looks.Sight) =
    let named kind =
        Cache.peersOf kind space cluster sight.Cache
        |> Map.values
        |> Seq.map (fun name -> kind, name)
        |> List.ofSeq

    named Kind.PD @ named Kind.TiKV

/// What of a Cluster its groups and instances decide by.
let matters (cache: Cache) key =
    cache.Clusters
    |> Map.tryFind key
    |> Option.map (fun held ->
        held.Meta.Uid,
        held.Meta.Generation,
        held.Meta.DeletionTimestamp,
        held.Meta.Annotations |> Map.tryFind Annotations.adoptVolumesOf,
        held.Object
        |> Result.toOption
        |> Option.map (fun cluster -> cluster.Status.Id, cluster.Status.Disruption, cluster.Status.Stopped))

let wakeCluster (input: Input) space name everybody run =
    let later = input.At |> Instant.add gathering
    let sight = sight input run.State
    let run = run |> queue (reconcile later Kind.Cluster space name)

    if everybody then
        let groups =
            (Looks.pdGroups space name sight
             |> List.map (fun group -> Kind.PDGroup, group.Meta.Name))
            @ (Looks.tikvGroups space name sight
               |> List.map (fun group -> Kind.TiKVGroup, group.Meta.Name))

        groups @ instancesOfCluster space name sight
        |> List.fold (fun run (kind, name) -> run |> queue (reconcile later kind space name)) run
    else
        run

/// All groups of a namespace.
let private wakeGroupsOf (input: Input) space run =
    let groups (cache: Cache) =
        (cache.PdGroups |> Map.values |> Seq.map (fun group -> Kind.PDGroup, group.Meta))
        |> Seq.append (
            cache.TikvGroups
            |> Map.values
            |> Seq.map (fun group -> Kind.TiKVGroup, group.Meta)
        )

    groups run.State.Cache
    |> Seq.filter (fun (_, meta) -> meta.Namespace = space)
    |> Seq.fold
        (fun run (kind, meta) ->
            run
            |> queue (reconcile (input.At |> Instant.add gathering) kind space meta.Name))
        run

/// The instances whose Pods are on a node.
let wakeInstancesOn at node run =
    run.State.Cache.Pods
    |> Map.toSeq
    |> Seq.map snd
    |> Seq.filter (fun pod -> pod.Node = node)
    |> Seq.fold
        (fun run pod ->
            match instanceKind pod.Meta, label Labels.instance pod.Meta with
            | Some kind, Some instance -> run |> queue (reconcile at kind pod.Meta.Namespace instance)
            | _ -> run)
        run

/// Owner mapping: an object that changed wakes itself when it is ours, and those above and beside it that read it.
let wakeFor (input: Input) (before: Cache) (object: ObjectRef) run =
    let cache = run.State.Cache
    let later = input.At |> Instant.add gathering
    let space = object.Namespace
    let meta = Cache.meta object cache |> Option.orElse (Cache.meta object before)
    let clusterOf = meta |> Option.bind (label Labels.cluster)

    match object.Kind with
    | Kind.Cluster ->
        let key = Cache.key space object.Name

        run
        |> queue (Queue.add later (Work.Reconcile object))
        |> wakeCluster input space object.Name (matters before key <> matters cache key)
    | Kind.PDGroup
    | Kind.TiKVGroup ->
        let cluster (cache: Cache) =
            let key = Cache.key space object.Name

            if object.Kind = Kind.PDGroup then
                cache.PdGroups
                |> Map.tryFind key
                |> Option.bind (_.Object >> Result.toOption)
                |> Option.map _.Spec.Group.Cluster.Name
            else
                cache.TikvGroups
                |> Map.tryFind key
                |> Option.bind (_.Object >> Result.toOption)
                |> Option.map _.Spec.Group.Cluster.Name

        let run = run |> queue (Queue.add later (Work.Reconcile object))
        // TiKV is upgraded after PD has reached the version.
        let matters (cache: Cache) =
            let reached =
                cache.PdGroups
                |> Map.tryFind (Cache.key space object.Name)
                |> Option.bind (_.Object >> Result.toOption)
                |> Option.bind _.Status.Version

            Cache.meta object cache
            |> Option.map (fun meta -> meta.Uid, meta.Generation, reached)

        let known, now = matters before, matters cache

        match cluster cache |> Option.orElse (cluster before) with
        | Some name -> run |> wakeCluster input space name (object.Kind = Kind.PDGroup && known <> now)
        | None -> run
    | Kind.PD
    | Kind.TiKV ->
        let run = run |> queue (Queue.add input.At (Work.Reconcile object))
        let appeared = (Cache.meta object before).IsSome <> (Cache.meta object cache).IsSome

        let run =
            match meta |> Option.bind (label Labels.group), object.Kind with
            | Some group, Kind.PD -> run |> queue (reconcile later Kind.PDGroup space group)
            | Some group, _ -> run |> queue (reconcile later Kind.TiKVGroup space group)
            | None, _ -> run

        // Stores of a cluster leave one at a time, whichever group they are of.
        let leaving (cache: Cache) =
            cache.Tikvs
            |> Map.tryFind (Cache.key space object.Name)
            |> Option.bind _.View
            |> Option.map (fun view -> view.Offline, view.Removed, view.Meta.DeletionTimestamp.IsSome)

        let run =
            match clusterOf with
            | Some name when leaving before <> leaving cache ->
                Looks.tikvGroups space name (sight input run.State)
                |> List.fold
                    (fun run group -> run |> queue (reconcile later Kind.TiKVGroup space group.Meta.Name))
                    run
            | _ -> run

        // Siblings of a first bootstrap wait for each other, and a disruption ends with its holder.
        match clusterOf with
        | Some name when appeared -> run |> wakeCluster input space name (object.Kind = Kind.PD)
        | _ -> run
    | Kind.Pod
    | Kind.ConfigMap
    | Kind.PersistentVolumeClaim ->
        let run =
            match meta |> Option.bind instanceKind, meta |> Option.bind (label Labels.instance) with
            | Some kind, Some instance -> run |> queue (reconcile input.At kind space instance)
            | _ -> run

        match clusterOf with
        | Some name when object.Kind = Kind.Pod && (meta |> Option.bind instanceKind) = Some Kind.PD ->
            run |> poll later space name
        | _ -> run
    | Kind.Service
    | Kind.ControllerRevision ->
        match meta |> Option.bind groupKind, meta |> Option.bind (label Labels.group) with
        | Some kind, Some group -> run |> queue (reconcile later kind space group)
        | _ -> run
    | Kind.PodDisruptionBudget ->
        let spec (cache: Cache) =
            cache.Budgets |> Map.tryFind (Cache.key space object.Name) |> Option.map _.Spec

        match meta |> Option.bind groupKind, meta |> Option.bind (label Labels.group) with
        | Some kind, Some group -> run |> queue (reconcile later kind space group)
        // Of others: it may select Pods of ours. Its status changes with each of their Pods.
        | _ when spec before <> spec cache -> wakeGroupsOf input space run
        | _ -> run
    | Kind.Node ->
        let view (cache: Cache) =
            cache.Nodes
            |> Map.tryFind (Cache.key "" object.Name)
            |> Option.map (fun node -> {
                node with
                    Meta = { node.Meta with ResourceVersion = ResourceVersion "" }
            })

        if view before = view cache then run else wakeInstancesOn later object.Name run
    | Kind.PersistentVolume
    | Kind.StorageClass
    | Kind.Secret
    | Kind.Lease
    | Kind.Event -> run

let learn input kind space learnt run =
    let before = run.State.Cache

    let objects, cache =
        match learnt with
        | Learnt.Present json ->
            match Cache.present kind json before with
            | Some(object, cache) -> [ object ], cache
            | None -> [], before
        | Learnt.Gone json ->
            let object, cache = Cache.gone kind json before
            [ object ], cache
        | Learnt.Everything(at, objects) -> Cache.everything kind space at objects before

    let run = run |> change (fun state -> { state with Cache = cache })
    objects |> List.fold (fun run object -> wakeFor input before object run) run

/// The answer to a read or a write of ours is newer than what the watches have told. Where it says nothing new nobody is
/// woken: looking again before a cut would undo the back-off of one that is refused.
let store input json kind run =
    let before = run.State.Cache
    let object, cache = Cache.written kind json before

    if Object.ReferenceEquals(before, cache) then
        run
    else
        run
        |> change (fun state -> { state with Cache = cache })
        |> wakeFor input before object

let vanish input (object: ObjectRef) run =
    let before = run.State.Cache
    let run = run |> change (fun state -> { state with Cache = Cache.absent object before })
    if (Cache.meta object before).IsNone then run else run |> wakeFor input before object
