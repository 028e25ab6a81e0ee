/// What the controllers and kubelets see of the API server: views, brought up to date with each change, and the work
/// that a change gives them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Observer

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private soon stream (key: string) work (world: World) =
    World.after world.Timings.Notice stream key work world

/// The changes of one collection that were not seen yet, oldest first.
let private unseen (seen: int64) (collection: Collection) =
    let rec gather (history: Change list) found =
        match history with
        | change :: older when change.Revision > seen -> gather older (change :: found)
        | _ -> found

    gather collection.History []

let private garbage (change: Change) (world: World) =
    if
        change.Type = ChangeType.Deleted
        || Meta.isTerminating change.Object
        || change.Type = ChangeType.Added
           && not (List.isEmpty (Meta.ownerReferences change.Object))
        || change.Resource.Plural = "poddisruptionbudgets"
        || change.Resource.Plural = "pods"
           && ApiServer.latestChange Builtins.podDisruptionBudgets world.Server > 0L
    then
        World.after world.Timings.CollectGarbage "garbage" "" Work.Garbage world
    else
        world

let private endpointsOf (pod: Pod) (world: World) =
    (world, world.Services.Values)
    ||> Seq.fold (fun world service ->
        if Endpoints.selects service pod then
            World.after
                world.Timings.Endpoints
                "endpoints"
                service.Name
                (Work.Endpoints(View.key service.Namespace service.Name))
                world
        else
            world)

let private reschedule (world: World) =
    (world, world.Pods)
    ||> Seq.fold (fun world (KeyValue(key, pod)) ->
        if pod.Node = "" && pod.Deleting.IsNone then
            World.after world.Timings.Schedule "schedule" pod.Uid (Work.Schedule key) world
        else
            world)

let private claimsOf (pod: Pod) (world: World) =
    (world, pod.Spec.Volumes.Values)
    ||> Seq.fold (fun world source ->
        match source with
        | VolumeSource.Claim name ->
            let key = View.key pod.Namespace name
            soon "claim" key (Work.Claim key) world
        | _ -> world)

/// The object of a Pod is gone; on a silent node, what runs of it may stay for long.
let private forgotten uid (world: World) =
    match Map.tryFind uid world.Runs with
    | Some run ->
        { world with Runs = Map.add uid { run with GoneSince = ValueSome world.Now } world.Runs }
        |> World.at world.Now (Work.Node run.Node)
    | None -> world

/// A Pod that is to leave a node in trouble concerns the node controller.
let private leaving (pod: Pod) (before: Pod voption) (world: World) =
    match Map.tryFind pod.Node world.Nodes with
    | Some node when
        pod.Deleting.IsSome
        && not node.Ready
        && before |> ValueOption.forall _.Deleting.IsNone
        ->
        World.at (world.Now + world.Timings.CollectPods) (Work.Node pod.Node) world
    | _ -> world

let private podChanged (world: World) (change: Change) =
    let key = View.keyOf change.Object
    let before = World.tryPod key world

    match change.Type with
    | ChangeType.Deleted ->
        let uid = Meta.uid change.Object

        let world =
            { world with Pods = Map.remove key world.Pods; PodKeys = Map.remove uid world.PodKeys }
            |> forgotten uid
            |> soon "kubelet" uid (Work.Kubelet uid)
            |> reschedule

        match before with
        | ValueSome pod -> world |> endpointsOf pod |> claimsOf pod
        | ValueNone -> world
    | ChangeType.Added
    | ChangeType.Modified ->
        let pod = View.pod before change.Object

        let world = {
            world with
                Pods = Map.add key pod world.Pods
                PodKeys = Map.add pod.Uid key world.PodKeys
        }

        let world =
            if pod.Node = "" then
                World.after world.Timings.Schedule "schedule" pod.Uid (Work.Schedule key) world
            else
                match before with
                | ValueSome old when old.Uid = pod.Uid && old.Node = pod.Node && old.Deleting = pod.Deleting ->
                    world
                | _ -> soon "kubelet" pod.Uid (Work.Kubelet pod.Uid) world |> leaving pod before

        let world =
            match before with
            | ValueSome old when pod.Ready && not old.Ready -> claimsOf pod world
            | _ -> world

        match before with
        | ValueSome old when
            old.Ip = pod.Ip
            && old.Ready = pod.Ready
            && old.Deleting = pod.Deleting
            && old.Phase = pod.Phase
            && old.Labels = pod.Labels
            ->
            world
        | _ when pod.Ready -> world |> endpointsOf pod |> claimsOf pod
        | _ -> endpointsOf pod world

let private claimChanged (world: World) (change: Change) =
    let key = View.keyOf change.Object
    let claim = View.claim change.Object

    let world =
        match change.Type with
        | ChangeType.Deleted ->
            { world with Claims = Map.remove key world.Claims }
            |> soon "volume" claim.Volume (Work.Volume claim.Volume)
        | _ ->
            let before = Map.tryFind key world.Claims

            let world =
                { world with Claims = Map.add key claim world.Claims }
                |> Wishes.ofClaim before claim

            World.after (Storage.delay claim world) "claim" claim.Uid (Work.Claim key) world

    reschedule world

let private volumeChanged (world: World) (change: Change) =
    let volume = View.volume change.Object

    match change.Type with
    | ChangeType.Deleted ->
        { world with Volumes = Map.remove volume.Name world.Volumes }
        |> Processes.destroyDisk volume.Uid
    | _ ->
        let before = Map.tryFind volume.Name world.Volumes

        { world with Volumes = Map.add volume.Name volume world.Volumes }
        |> Wishes.ofVolume before volume
    |> fun world ->
        let struct (``namespace``, name, _) = volume.Claim
        let key = View.key ``namespace`` name

        world
        |> soon "volume" volume.Name (Work.Volume volume.Name)
        |> if name = "" then id else soon "claim" key (Work.Claim key)

let private serviceChanged (world: World) (change: Change) =
    let service = View.service change.Object
    let key = View.key service.Namespace service.Name

    match change.Type with
    | ChangeType.Deleted -> { world with Services = Map.remove key world.Services }
    | _ -> { world with Services = Map.add key service world.Services }
    |> World.after world.Timings.Endpoints "endpoints" service.Name (Work.Endpoints key)

let private nodeChanged (world: World) (change: Change) =
    let before = Map.tryFind (Meta.name change.Object) world.Nodes
    let node = View.node before world.Now change.Object

    match change.Type with
    | ChangeType.Deleted ->
        { world with Nodes = Map.remove node.Name world.Nodes }
        |> World.at (world.Now + world.Timings.OrphanedPods) (Work.Orphans node.Name)
        |> reschedule
    | _ ->
        let world =
            { world with Nodes = Map.add node.Name node world.Nodes }
            |> Wishes.ofNode before node

        let concerns (before: Node) =
            before.Taints <> node.Taints
            || before.Unschedulable <> node.Unschedulable
            || before.Ready <> node.Ready

        match before with
        | Some before when not (concerns before) -> world
        | Some _ -> soon "node" node.Name (Work.Node node.Name) world |> reschedule
        | None -> reschedule world

let private classChanged (world: World) (change: Change) =
    let storage = View.storageClass change.Object

    match change.Type with
    | ChangeType.Deleted -> { world with Classes = Map.remove storage.Name world.Classes }
    | _ -> { world with Classes = Map.add storage.Name storage world.Classes }

let private namespaceChanged (world: World) (change: Change) =
    match change.Type with
    | ChangeType.Deleted -> world
    | _ -> soon "namespace" (Meta.name change.Object) (Work.Namespace(Meta.name change.Object)) world

let private others (world: World) (_: Change) = world

let private observer shelf =
    match shelf with
    | "pods" -> podChanged
    | "persistentvolumeclaims" -> claimChanged
    | "persistentvolumes" -> volumeChanged
    | "services" -> serviceChanged
    | "nodes" -> nodeChanged
    | "namespaces" -> namespaceChanged
    | "storageclasses.storage.k8s.io" -> classChanged
    | _ -> others

/// Takes note of what changed in the API server since the last time.
let observe (world: World) : World =
    let revision = ApiServer.revision world.Server

    match world.Server.Latest with
    | _ when revision = world.Seen -> world
    | ValueSome change when change.Revision = revision && revision = world.Seen + 1L ->
        let changed = observer (State.shelf change.Resource)
        { (changed world change |> garbage change) with Seen = revision }
    | _ ->
        let seen = world.Seen

        let world =
            (world, world.Server.Collections)
            ||> Seq.fold (fun world (KeyValue(shelf, collection)) ->
                match collection.History with
                | newest :: _ when newest.Revision > seen ->
                    let changed = observer shelf

                    (world, unseen seen collection)
                    ||> List.fold (fun world change -> changed world change |> garbage change)
                | _ -> world)

        { world with Seen = revision }
