namespace Tikv.Core.Operator

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// What the reflectors have learnt, each object decoded once, when it changes. Keys are `namespace/name`.
type Cache = {
    Clusters: Map<string, Held<ClusterSpec, ClusterStatus>>
    PdGroups: Map<string, Held<PDGroupSpec, PDGroupStatus>>
    TikvGroups: Map<string, Held<TiKVGroupSpec, TiKVGroupStatus>>
    Pds: Map<string, HeldInstance<PDSpec, PDStatus>>
    Tikvs: Map<string, HeldInstance<TiKVSpec, TiKVStatus>>
    /// What follows from their specifications; the key is `kind/namespace/name`.
    GroupPrints: Map<string, Derived<Group.Prints>>
    InstancePrints: Map<string, Derived<Instance.Prints>>
    /// The instances of each group by index; the key is `kind of the instances/namespace/group`.
    Instances: Map<string, Map<int, Group.InstanceView>>
    /// The instances of each cluster by the names of their Pods; the key is `kind/namespace/cluster`.
    Peers: Map<string, Map<string, string>>
    Pods: Map<string, PodView>
    ConfigMaps: Map<string, ConfigMapView>
    Claims: Map<string, ClaimView>
    Services: Map<string, ServiceView>
    Revisions: Map<string, RevisionView>
    Budgets: Map<string, BudgetView>
    /// Of no namespace: the key is `/name`.
    Nodes: Map<string, NodeView>
    Volumes: Map<string, VolumeView>
    StorageClasses: Map<string, StorageClassView>
    /// Optional kinds that the server does not have, or does not show to the operator.
    Hidden: Set<Kind>
    /// Objects that we wrote: events older than that version are of the past, and are passed over until it has come.
    Expected: Map<ObjectRef, ResourceVersion>
    /// The versions of each object before the one that is known, newest first: the late answer to a read or a write must
    /// not bring them back.
    Passed: Map<ObjectRef, ResourceVersion list>
    /// The lives that ended last, newest first: the late answer to a write must not bring them back.
    Buried: Uid list
}

[<RequireQualifiedAccess>]
module Cache =
    let empty = {
        Clusters = Map.empty
        PdGroups = Map.empty
        TikvGroups = Map.empty
        Pds = Map.empty
        Tikvs = Map.empty
        GroupPrints = Map.empty
        InstancePrints = Map.empty
        Instances = Map.empty
        Peers = Map.empty
        Pods = Map.empty
        ConfigMaps = Map.empty
        Claims = Map.empty
        Services = Map.empty
        Revisions = Map.empty
        Budgets = Map.empty
        Nodes = Map.empty
        Volumes = Map.empty
        StorageClasses = Map.empty
        Hidden = Set.empty
        Expected = Map.empty
        Passed = Map.empty
        Buried = []
    }

    let key (space: string) (name: string) = space + "/" + name
    let keyOf (meta: Meta) = key meta.Namespace meta.Name
    let private groupKey kind (space: string) (group: string) = Kind.name kind + "/" + space + "/" + group

    /// Of one group.
    let groupPrints kind (meta: Meta) cache =
        cache.GroupPrints
        |> Map.tryFind (groupKey kind meta.Namespace meta.Name)
        |> Option.defaultValue Derived.none

    /// Of one instance.
    let instancePrints kind (meta: Meta) cache =
        cache.InstancePrints
        |> Map.tryFind (groupKey kind meta.Namespace meta.Name)
        |> Option.defaultValue Derived.none

    /// The instances of a group, by index.
    let instancesOf kind space group cache =
        cache.Instances
        |> Map.tryFind (groupKey kind space group)
        |> Option.defaultValue Map.empty

    /// The names of the instances of one kind in a cluster, by the names of their Pods.
    let peersOf kind space cluster cache =
        cache.Peers
        |> Map.tryFind (groupKey kind space cluster)
        |> Option.defaultValue Map.empty

    /// The metadata of an object, when the cache has it.
    let meta (object: ObjectRef) cache : Meta option =
        let key = key object.Namespace object.Name

        match object.Kind with
        | Kind.Cluster -> cache.Clusters |> Map.tryFind key |> Option.map _.Meta
        | Kind.PDGroup -> cache.PdGroups |> Map.tryFind key |> Option.map _.Meta
        | Kind.TiKVGroup -> cache.TikvGroups |> Map.tryFind key |> Option.map _.Meta
        | Kind.PD -> cache.Pds |> Map.tryFind key |> Option.map _.Held.Meta
        | Kind.TiKV -> cache.Tikvs |> Map.tryFind key |> Option.map _.Held.Meta
        | Kind.Pod -> cache.Pods |> Map.tryFind key |> Option.map _.Meta
        | Kind.ConfigMap -> cache.ConfigMaps |> Map.tryFind key |> Option.map _.Meta
        | Kind.PersistentVolumeClaim -> cache.Claims |> Map.tryFind key |> Option.map _.Meta
        | Kind.Service -> cache.Services |> Map.tryFind key |> Option.map _.Meta
        | Kind.Node -> cache.Nodes |> Map.tryFind key |> Option.map _.Meta
        | Kind.PersistentVolume -> cache.Volumes |> Map.tryFind key |> Option.map _.Meta
        | Kind.StorageClass -> cache.StorageClasses |> Map.tryFind key |> Option.map _.Meta
        | Kind.PodDisruptionBudget -> cache.Budgets |> Map.tryFind key |> Option.map _.Meta
        | Kind.ControllerRevision -> cache.Revisions |> Map.tryFind key |> Option.map _.Meta
        | Kind.Secret
        | Kind.Lease
        | Kind.Event -> None

    /// The conditions of an object of ours; none when it is not there or cannot be read.
    let conditions (object: ObjectRef) cache : Condition list =
        let key = key object.Namespace object.Name
        let from found = found |> Option.bind Result.toOption

        match object.Kind with
        | Kind.Cluster ->
            cache.Clusters
            |> Map.tryFind key
            |> Option.map _.Object
            |> from
            |> Option.map _.Status.Conditions
        | Kind.PDGroup ->
            cache.PdGroups
            |> Map.tryFind key
            |> Option.map _.Object
            |> from
            |> Option.map _.Status.Conditions
        | Kind.TiKVGroup ->
            cache.TikvGroups
            |> Map.tryFind key
            |> Option.map _.Object
            |> from
            |> Option.map _.Status.Conditions
        | Kind.PD ->
            cache.Pds
            |> Map.tryFind key
            |> Option.map _.Held.Object
            |> from
            |> Option.map _.Status.Instance.Conditions
        | Kind.TiKV ->
            cache.Tikvs
            |> Map.tryFind key
            |> Option.map _.Held.Object
            |> from
            |> Option.map _.Status.Instance.Conditions
        | _ -> None
        |> Option.defaultValue []

    // ---- instances

    let private unlist kind (view: Group.InstanceView option) cache =
        match view with
        | None -> cache
        | Some view ->
            let key = groupKey kind view.Meta.Namespace (Labels.groupOf view.Meta)

            let left =
                cache.Instances
                |> Map.tryFind key
                |> Option.defaultValue Map.empty
                |> Map.remove view.Index

            {
                cache with
                    Instances =
                        if left.IsEmpty then
                            cache.Instances |> Map.remove key
                        else
                            cache.Instances |> Map.add key left
            }

    let private enlist kind (view: Group.InstanceView option) cache =
        match view with
        | None -> cache
        | Some view ->
            let key = groupKey kind view.Meta.Namespace (Labels.groupOf view.Meta)
            let others = cache.Instances |> Map.tryFind key |> Option.defaultValue Map.empty
            { cache with Instances = cache.Instances |> Map.add key (others |> Map.add view.Index view) }

    // ---- one object

    let private changePeers kind (meta: Meta) cluster change cache =
        let key = groupKey kind meta.Namespace cluster
        let peers = cache.Peers |> Map.tryFind key |> Option.defaultValue Map.empty |> change

        {
            cache with
                Peers =
                    if Map.isEmpty peers then
                        cache.Peers |> Map.remove key
                    else
                        cache.Peers |> Map.add key peers
        }

    let private befriend kind (meta: Meta) (cluster, pod) cache =
        changePeers kind meta cluster (Map.add pod meta.Name) cache

    let private part kind (meta: Meta) (cluster, pod) cache =
        changePeers kind meta cluster (Map.remove pod) cache

    let private derivedGroup kind make held cache = {
        cache with
            GroupPrints = cache.GroupPrints |> Held.derived (Kind.name kind) (Held.kept make) held
    }

    let private derivedInstance kind make held cache = {
        cache with
            InstancePrints = cache.InstancePrints |> Held.derived (Kind.name kind) make held
    }

    let private underived kind (key: string) cache =
        let key = Kind.name kind + "/" + key

        {
            cache with
                GroupPrints = cache.GroupPrints |> Map.remove key
                InstancePrints = cache.InstancePrints |> Map.remove key
        }

    let private put kind key json cache =
        match kind with
        | Kind.Cluster ->
            let before = cache.Clusters |> Map.tryFind key

            {
                cache with
                    Clusters =
                        cache.Clusters
                        |> Map.add key (Held.held Codec.cluster Validation.cluster before json)
            }
        | Kind.PDGroup ->
            let before = cache.PdGroups |> Map.tryFind key
            let held = Held.held Codec.pdGroup Validation.pdGroup before json

            { cache with PdGroups = cache.PdGroups |> Map.add key held }
            |> derivedGroup kind Group.Shared.printsOfPd held
        | Kind.TiKVGroup ->
            let before = cache.TikvGroups |> Map.tryFind key
            let held = Held.held Codec.tikvGroup Validation.tikvGroup before json

            { cache with TikvGroups = cache.TikvGroups |> Map.add key held }
            |> derivedGroup kind Group.Shared.printsOfTikv held
        | Kind.PD ->
            let known = cache.Pds |> Map.tryFind key
            let before = known |> Option.bind _.View
            let held = Held.held Codec.pd Validation.pd (known |> Option.map _.Held) json
            let view = Held.okay held |> Option.map (Held.pdView before)

            { cache with Pds = cache.Pds |> Map.add key { Held = held; View = view } }
            |> unlist kind before
            |> enlist kind view
            |> befriend kind held.Meta (Held.pdPeer held)
            |> derivedInstance kind Instance.Derive.ofPd held
        | Kind.TiKV ->
            let known = cache.Tikvs |> Map.tryFind key
            let before = known |> Option.bind _.View
            let held = Held.held Codec.tikv Validation.tikv (known |> Option.map _.Held) json
            let view = Held.okay held |> Option.map (Held.tikvView before)

            { cache with Tikvs = cache.Tikvs |> Map.add key { Held = held; View = view } }
            |> unlist kind before
            |> enlist kind view
            |> befriend kind held.Meta (Held.tikvPeer held)
            |> derivedInstance kind Instance.Derive.ofTikv held
        | Kind.Pod -> { cache with Pods = cache.Pods |> Map.add key (Held.podView json) }
        | Kind.ConfigMap -> { cache with ConfigMaps = cache.ConfigMaps |> Map.add key (View.configMap json) }
        | Kind.PersistentVolumeClaim -> { cache with Claims = cache.Claims |> Map.add key (View.claim json) }
        | Kind.Service -> { cache with Services = cache.Services |> Map.add key (View.service json) }
        | Kind.Node -> { cache with Nodes = cache.Nodes |> Map.add key (View.node json) }
        | Kind.PersistentVolume -> { cache with Volumes = cache.Volumes |> Map.add key (View.volume json) }
        | Kind.StorageClass -> {
            cache with
                StorageClasses = cache.StorageClasses |> Map.add key (View.storageClass json)
          }
        | Kind.PodDisruptionBudget -> { cache with Budgets = cache.Budgets |> Map.add key (View.budget json) }
        | Kind.ControllerRevision -> {
            cache with
                Revisions = cache.Revisions |> Map.add key (View.revision json)
          }
        | Kind.Secret
        | Kind.Lease
        | Kind.Event -> cache

    let private drop kind key cache =
        match kind with
        | Kind.Cluster -> { cache with Clusters = cache.Clusters |> Map.remove key }
        | Kind.PDGroup -> { cache with PdGroups = cache.PdGroups |> Map.remove key } |> underived kind key
        | Kind.TiKVGroup ->
            { cache with TikvGroups = cache.TikvGroups |> Map.remove key }
            |> underived kind key
        | Kind.PD ->
            match cache.Pds |> Map.tryFind key with
            | None -> cache
            | Some known ->
                { cache with Pds = cache.Pds |> Map.remove key }
                |> unlist kind known.View
                |> part kind known.Held.Meta (Held.pdPeer known.Held)
                |> underived kind key
        | Kind.TiKV ->
            match cache.Tikvs |> Map.tryFind key with
            | None -> cache
            | Some known ->
                { cache with Tikvs = cache.Tikvs |> Map.remove key }
                |> unlist kind known.View
                |> part kind known.Held.Meta (Held.tikvPeer known.Held)
                |> underived kind key
        | Kind.Pod -> { cache with Pods = cache.Pods |> Map.remove key }
        | Kind.ConfigMap -> { cache with ConfigMaps = cache.ConfigMaps |> Map.remove key }
        | Kind.PersistentVolumeClaim -> { cache with Claims = cache.Claims |> Map.remove key }
        | Kind.Service -> { cache with Services = cache.Services |> Map.remove key }
        | Kind.Node -> { cache with Nodes = cache.Nodes |> Map.remove key }
        | Kind.PersistentVolume -> { cache with Volumes = cache.Volumes |> Map.remove key }
        | Kind.StorageClass -> { cache with StorageClasses = cache.StorageClasses |> Map.remove key }
        | Kind.PodDisruptionBudget -> { cache with Budgets = cache.Budgets |> Map.remove key }
        | Kind.ControllerRevision -> { cache with Revisions = cache.Revisions |> Map.remove key }
        | Kind.Secret
        | Kind.Lease
        | Kind.Event -> cache

    /// A text of an object's metadata.
    let private text name json =
        match Json.tryField "metadata" json |> Option.bind (Json.tryField name) with
        | Some(Json.String text) -> text
        | _ -> ""

    /// Names the object that a JSON tree is.
    let refOf kind json : ObjectRef = {
        Kind = kind
        Namespace = text "namespace" json
        Name = text "name" json
    }

    let private version json = ResourceVersion(text "resourceVersion" json)
    let private uid json = Uid(text "uid" json)

    /// Versions of one kind grow with time (Kubernetes API concepts, "resource versions"); not known of those that are no
    /// numbers. After a relist it is the only sign that an answer is old: the versions between were never told.
    let private isAfter (ResourceVersion earlier) (ResourceVersion later) =
        match Int64.TryParse earlier, Int64.TryParse later with
        | (true, earlier), (true, later) -> later > earlier
        | _ -> false

    /// More versions than one object can get while one request about it is under way.
    let private remembered = 16

    /// A version is read once; one that `ending` has marked, again.
    let private isKnown (known: Meta) json =
        known.ResourceVersion = version json
        && known.ResourceVersion <> ResourceVersion ""
        && known.DeletionTimestamp <> Some ""
        && known.Uid = uid json

    let private store (object: ObjectRef) json cache =
        match meta object cache with
        | Some known when isKnown known json -> cache
        | known ->
            let passed =
                match known with
                | Some known when known.ResourceVersion <> version json ->
                    let before = cache.Passed |> Map.tryFind object |> Option.defaultValue []

                    cache.Passed
                    |> Map.add object (known.ResourceVersion :: List.truncate (remembered - 1) before)
                | _ -> cache.Passed

            { cache with Passed = passed }
            |> put object.Kind (key object.Namespace object.Name) json

    let private forget (object: ObjectRef) cache =
        { cache with Passed = cache.Passed |> Map.remove object }
        |> drop object.Kind (key object.Namespace object.Name)

    let private isPassed (object: ObjectRef) version cache =
        cache.Passed |> Map.tryFind object |> Option.exists (List.contains version)

    /// An object as a watch tells it. What came before our own last write is passed over: a watch tells every version in
    /// order, so the awaited one will come.
    let present kind json cache =
        let object = refOf kind json

        match cache.Expected |> Map.tryFind object with
        | Some expected when expected <> version json && not (version json |> isAfter expected) -> None
        | awaited ->
            let cache =
                match awaited with
                | Some _ -> { cache with Expected = cache.Expected |> Map.remove object }
                | None -> cache

            Some(object, store object json cache)

    /// A deletion as a watch tells it. One of another life than the one we know is of the past.
    let gone kind json cache =
        let object = refOf kind json
        let uid = uid json

        let cache = { cache with Buried = uid :: List.truncate 255 cache.Buried }

        match meta object cache with
        | Some known when known.Uid <> uid -> object, cache
        | _ -> object, { cache with Expected = cache.Expected |> Map.remove object } |> forget object

    /// An object as a quorum read or the answer to a write has it: newer than anything that a watch has told, unless the
    /// watch has told of its end or of a later version meanwhile.
    let written kind json cache =
        let object = refOf kind json
        let uid = uid json

        match meta object cache with
        | Some known when known.ResourceVersion = version json -> object, cache
        | Some known when known.ResourceVersion |> isAfter (version json) -> object, cache
        | _ when List.contains uid cache.Buried || isPassed object (version json) cache -> object, cache
        | _ ->
            object,
            { cache with Expected = cache.Expected |> Map.add object (version json) }
            |> store object json

    /// A quorum read did not find it.
    let absent (object: ObjectRef) cache =
        { cache with Expected = cache.Expected |> Map.remove object } |> forget object

    /// A delete was accepted: the object ends, and the watch will tell when it is gone.
    let ending (object: ObjectRef) (uid: Uid) cache =
        let key = key object.Namespace object.Name

        let marked (meta: Meta) = {
            meta with
                DeletionTimestamp = meta.DeletionTimestamp |> Option.orElse (Some "")
        }

        match meta object cache, object.Kind with
        | Some known, Kind.Pod when known.Uid = uid ->
            let pod = cache.Pods[key]
            { cache with Pods = cache.Pods |> Map.add key { pod with Meta = marked known } }
        | Some known, Kind.PersistentVolumeClaim when known.Uid = uid ->
            let claim = cache.Claims[key]
            { cache with Claims = cache.Claims |> Map.add key { claim with Meta = marked known } }
        | Some known, Kind.ConfigMap when known.Uid = uid -> {
            cache with
                ConfigMaps = cache.ConfigMaps |> Map.remove key
          }
        | Some known, Kind.Service when known.Uid = uid -> {
            cache with
                Services = cache.Services |> Map.remove key
          }
        | Some known, Kind.ControllerRevision when known.Uid = uid -> {
            cache with
                Revisions = cache.Revisions |> Map.remove key
          }
        | Some known, Kind.PodDisruptionBudget when known.Uid = uid -> {
            cache with
                Budgets = cache.Budgets |> Map.remove key
          }
        | _ -> cache

    let private names kind cache =
        let keys map = map |> Map.toList |> List.map fst

        match kind with
        | Kind.Cluster -> keys cache.Clusters
        | Kind.PDGroup -> keys cache.PdGroups
        | Kind.TiKVGroup -> keys cache.TikvGroups
        | Kind.PD -> keys cache.Pds
        | Kind.TiKV -> keys cache.Tikvs
        | Kind.Pod -> keys cache.Pods
        | Kind.ConfigMap -> keys cache.ConfigMaps
        | Kind.PersistentVolumeClaim -> keys cache.Claims
        | Kind.Service -> keys cache.Services
        | Kind.Node -> keys cache.Nodes
        | Kind.PersistentVolume -> keys cache.Volumes
        | Kind.StorageClass -> keys cache.StorageClasses
        | Kind.PodDisruptionBudget -> keys cache.Budgets
        | Kind.ControllerRevision -> keys cache.Revisions
        | Kind.Secret
        | Kind.Lease
        | Kind.Event -> []

    /// Whether the server shows the objects of a kind to the operator.
    let shown kind isShown cache = {
        cache with
            Hidden = if isShown then Set.remove kind cache.Hidden else Set.add kind cache.Hidden
    }

    /// What is known of an object of an optional kind.
    let sighting kind (map: Map<string, 'View>) key cache =
        match Map.tryFind key map with
        | Some view -> Sighting.Known view
        | None when Set.contains kind cache.Hidden -> Sighting.Unknown
        | None -> Sighting.Absent

    /// The node of a name.
    let node name cache = cache |> sighting Kind.Node cache.Nodes (key "" name)

    /// The node that calls itself so: by its name, or by the label of its host name, which is what volumes are bound to.
    let nodeCalled name cache =
        match node name cache with
        | Sighting.Absent ->
            cache.Nodes
            |> Map.tryPick (fun _ (one: NodeView) ->
                if one.Meta.Labels |> Map.tryFind "kubernetes.io/hostname" = Some name then
                    Some(Sighting.Known one)
                else
                    None)
            |> Option.defaultValue Sighting.Absent
        | sighting -> sighting

    /// The volume of a name.
    let volume name cache = cache |> sighting Kind.PersistentVolume cache.Volumes (key "" name)

    /// The storage class of a name.
    let storageClass name cache = cache |> sighting Kind.StorageClass cache.StorageClasses (key "" name)

    /// A whole list, of the version `at`, replaces what was known of its kind (and namespace), save what is known from later:
    /// the answer to a write that was made while the list was under way. Returns every object that changed or vanished.
    let everything kind space at objects cache =
        let isLater (object: ObjectRef) =
            meta object cache
            |> Option.exists (fun known -> known.ResourceVersion |> isAfter at)

        let buried = Set.ofList cache.Buried

        let objects =
            objects
            |> List.filter (fun json ->
                not (Set.contains (uid json) buried) && not (isLater (refOf kind json)))

        let listed = objects |> List.map (refOf kind) |> Set.ofList

        let vanished =
            names kind cache
            |> List.map (fun (key: string) ->
                let slash = key.IndexOf '/'
                { Kind = kind; Namespace = key.Substring(0, slash); Name = key.Substring(slash + 1) })
            |> List.filter (fun object ->
                (space |> Option.forall (fun space -> space = object.Namespace))
                && not (Set.contains object listed)
                && not (isLater object))

        let cache = {
            cache with
                Expected =
                    cache.Expected
                    |> Map.filter (fun object expected ->
                        object.Kind <> kind
                        || space |> Option.exists (fun space -> space <> object.Namespace)
                        || expected |> isAfter at)
        }

        let cache = vanished |> List.fold (fun cache object -> absent object cache) cache

        let cache =
            objects
            |> List.fold
                (fun cache json ->
                    let object = refOf kind json
                    store object json cache)
                cache

        vanished @ Set.toList listed, cache
