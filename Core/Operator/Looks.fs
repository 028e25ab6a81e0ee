/// One look at one object of ours: what the layer's decision needs, gathered from the caches.
module Tikv.Core.Operator.Looks

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// What is gathered from.
type Sight = {
    At: Instant
    Clock: DateTimeOffset
    Cache: Cache
    /// What is known of each cluster's PD; the key is `namespace/cluster`.
    Pds: Map<string, PdView>
    /// Since when a PD that had answered does not, or hears from hardly any store.
    SilentSince: Map<string, Instant>
    /// The Secrets of each cluster with TLS, by name; the key is `namespace/cluster`.
    Secrets: Map<string, Map<string, Sighting<SecretView>>>
}

let internal okay (held: Held<'Spec, 'Status>) = held.Object |> Result.toOption

let cluster space name sight = sight.Cache.Clusters |> Map.tryFind (Cache.key space name) |> Option.bind okay

let pdView space cluster sight =
    sight.Pds
    |> Map.tryFind (Cache.key space cluster)
    |> Option.defaultValue PdView.Unasked

let private silentFor space cluster sight =
    sight.SilentSince
    |> Map.tryFind (Cache.key space cluster)
    |> Option.map (fun since -> Instant.since since sight.At)

let private inCluster space cluster (settings: GroupSettings) (meta: Meta) =
    meta.Namespace = space && settings.Cluster.Name = cluster

/// The Cluster is there, and cannot be read: nobody can say what it wants, and it has not gone.
let isUnreadable space name sight =
    sight.Cache.Clusters
    |> Map.tryFind (Cache.key space name)
    |> Option.exists _.Object.IsError

/// The PD groups of a cluster, in the order of their names.
let pdGroups space cluster sight =
    sight.Cache.PdGroups
    |> Map.toList
    |> List.choose (snd >> okay)
    |> List.filter (fun group -> inCluster space cluster group.Spec.Group group.Meta)

let tikvGroups space cluster sight =
    sight.Cache.TikvGroups
    |> Map.toList
    |> List.choose (snd >> okay)
    |> List.filter (fun group -> inCluster space cluster group.Spec.Group group.Meta)

/// The groups of a cluster that cannot be read: what cluster they are of, their instances say.
let private unreadable kind groups space cluster sight =
    let isError (held: Held<'Spec, 'Status>) = held.Object.IsError

    if groups |> Map.exists (fun _ held -> isError held) then
        Cache.peersOf kind space cluster sight.Cache
        |> Map.toList
        |> List.choose (fun (_, name) ->
            Cache.meta { Kind = kind; Namespace = space; Name = name } sight.Cache
            |> Option.bind (fun meta -> Map.tryFind Labels.group meta.Labels))
        |> List.distinct
        |> List.choose (fun group -> groups |> Map.tryFind (Cache.key space group))
        |> List.filter isError
    else
        []

let internal unreadablePdGroups space cluster sight =
    unreadable Kind.PD sight.Cache.PdGroups space cluster sight

/// The PodDisruptionBudgets that others have made over one of these Pods.
let internal foreignBudgets sight space (pods: Lazy<PodView list>) =
    sight.Cache.Budgets
    |> Map.toList
    |> List.map snd
    |> List.filter (fun budget ->
        budget.Meta.Namespace = space
        && budget.Meta.Labels |> Map.tryFind Labels.managedBy <> Some Labels.manager
        && budget.Spec
           |> Json.tryField "selector"
           |> Option.exists (fun selector ->
               pods.Value |> List.exists (fun pod -> Selector.matches selector pod.Meta.Labels)))

// ---- where PD is

let private serviceHost (dns: Dns option) (name: string) (space: string) =
    match dns |> Option.map (fun dns -> dns.Mode, dns.ClusterDomain) with
    | Some(DnsMode.FQDN, domain) -> name + "." + space + ".svc." + domain
    | Some(DnsMode.Legacy, _) -> name + "." + space + ".svc"
    | Some(DnsMode.InCluster, _)
    | None -> name + "." + space

let private usesTls (cluster: Object<ClusterSpec, ClusterStatus> option) =
    cluster |> Option.exists (fun cluster -> Defaults.isTls cluster.Spec)

// ---- Secrets

let private secretsOf space cluster sight =
    sight.Secrets
    |> Map.tryFind (Cache.key space cluster)
    |> Option.defaultValue Map.empty

/// What is known of some Secrets of a cluster.
let internal secretsNamed (cluster: Object<ClusterSpec, ClusterStatus> option) (ca, own) sight =
    match cluster with
    | Some cluster when Defaults.isTls cluster.Spec ->
        let known = secretsOf cluster.Meta.Namespace cluster.Meta.Name sight

        [ ca; own ]
        |> List.map (fun name -> name, known |> Map.tryFind name |> Option.defaultValue Sighting.Unknown)
        |> Map.ofList
    | _ -> Map.empty

/// The Secrets that a cluster with TLS needs: the operator's own, and those that its groups and their instances name.
let secretNames space clusterName sight =
    match cluster space clusterName sight with
    | Some cluster when Defaults.isTls cluster.Spec ->
        let pair (ca, own) = [ ca; own ]

        // Those of a group that cannot be read count like any other.
        let ofInstances kind held secrets =
            Cache.peersOf kind space clusterName sight.Cache
            |> Map.toList
            |> List.choose (fun (_, name) -> held (Cache.key space name))
            |> List.collect secrets

        let ofPd group template = pair (Defaults.tlsSecrets Component.PD group template)
        let ofTikv group template = pair (Defaults.tlsSecrets Component.TiKV group template)

        let pd =
            (pdGroups space clusterName sight
             |> List.collect (fun one -> ofPd one.Meta.Name one.Spec.Template.Spec.Component))
            @ ofInstances
                Kind.PD
                (fun key -> sight.Cache.Pds |> Map.tryFind key |> Option.bind (_.Held >> okay))
                (fun (one: Object<PDSpec, PDStatus>) ->
                    ofPd (Labels.groupOf one.Meta) one.Spec.Template.Component)

        let tikv =
            (tikvGroups space clusterName sight
             |> List.collect (fun one -> ofTikv one.Meta.Name one.Spec.Template.Spec.Component))
            @ ofInstances
                Kind.TiKV
                (fun key -> sight.Cache.Tikvs |> Map.tryFind key |> Option.bind (_.Held >> okay))
                (fun (one: Object<TiKVSpec, TiKVStatus>) ->
                    ofTikv (Labels.groupOf one.Meta) one.Spec.Template.Component)

        pair (Defaults.clientTlsSecrets clusterName cluster.Spec) @ pd @ tikv
        |> List.distinct
    | _ -> []

let private version sight space cluster name =
    match secretsOf space cluster sight |> Map.tryFind name with
    | Some(Sighting.Known view) ->
        let (ResourceVersion version) = view.Meta.ResourceVersion
        version
    | _ -> ""

/// The operator's own certificate, for calls of a cluster with TLS.
let private endpointTls (cluster: Object<ClusterSpec, ClusterStatus> option) sight =
    cluster
    |> Option.filter (fun cluster -> Defaults.isTls cluster.Spec)
    |> Option.map (fun cluster ->
        let space, name = cluster.Meta.Namespace, cluster.Meta.Name
        let authority, pair = Defaults.clientTlsSecrets name cluster.Spec

        let version =
            match version sight space name authority, version sight space name pair with
            | "", _
            | _, "" -> ""
            | one, other -> $"%s{one}-%s{other}"

        {
            Authority = authority
            Pair = pair
            Version = version
            SkipVerify = cluster.Spec.Security.Tls.Client |> Option.exists _.InsecureSkipTLSVerify
        })

/// The client Service of a PD group.
type private PdService = { Name: string; Port: int; Ending: bool }

/// Those of a cluster, in the order of their names. A group that cannot be read keeps its Service, on the port that its
/// instances have.
let private pdServices space cluster sight =
    let ofReadable (group: Object<PDGroupSpec, PDGroupStatus>) = {
        Name = group.Meta.Name
        Port = Defaults.pdClientPort group.Spec.Template.Spec
        Ending = group.Meta.DeletionTimestamp.IsSome
    }

    let ofUnreadable (group: Held<PDGroupSpec, PDGroupStatus>) =
        Cache.instancesOf Kind.PD space group.Meta.Name sight.Cache
        |> Map.toList
        |> List.tryPick (fun (_, one) ->
            sight.Cache.Pds
            |> Map.tryFind (Cache.key space one.Meta.Name)
            |> Option.bind (_.Held >> okay))
        |> Option.map (fun one -> {
            Name = group.Meta.Name
            Port = Defaults.pdClientPort one.Spec.Template
            Ending = group.Meta.DeletionTimestamp.IsSome
        })

    (pdGroups space cluster sight |> List.map ofReadable)
    @ (unreadablePdGroups space cluster sight |> List.choose ofUnreadable)
    |> List.sortBy _.Name

/// URLs of the client Services of PD, one a group; those of groups that are being deleted only while there is no other.
let pdUrls space clusterName sight =
    let cluster = cluster space clusterName sight
    let scheme = if usesTls cluster then "https" else "http"

    let ending, living = pdServices space clusterName sight |> List.partition _.Ending

    (if living.IsEmpty then ending else living)
    |> List.map (fun service ->
        let host = serviceHost (cluster |> Option.map _.Spec.Dns) service.Name space
        scheme + "://" + host + ":" + string service.Port)

/// Where PD can be asked: the client Services, then the Pods of members that run, as their instances say, whether their
/// group can be read or not. Empty while none runs.
let pdEndpoints space clusterName sight : PdEndpoint list =
    let cluster = cluster space clusterName sight
    let dns = cluster |> Option.map _.Spec.Dns
    let tls = endpointTls cluster sight

    let pods =
        Cache.peersOf Kind.PD space clusterName sight.Cache
        |> Map.toList
        |> List.choose (fun (pod, name) ->
            let instance =
                sight.Cache.Pds
                |> Map.tryFind (Cache.key space name)
                |> Option.bind (_.Held >> okay)

            match instance, sight.Cache.Pods |> Map.tryFind (Cache.key space pod) with
            | Some instance, Some pod when pod.Running && pod.Meta.DeletionTimestamp.IsNone ->
                Some {
                    Namespace = space
                    IsPod = true
                    Name = pod.Meta.Name
                    Host = Instance.Manifest.host dns pod.Meta.Name instance.Spec.Instance.Subdomain space
                    Port = Defaults.pdClientPort instance.Spec.Template
                    Tls = tls
                }
            | _ -> None)

    let services =
        pdServices space clusterName sight
        |> List.map (fun service -> {
            Namespace = space
            IsPod = false
            Name = service.Name
            Host = serviceHost dns service.Name space
            Port = service.Port
            Tls = tls
        })

    if pods.IsEmpty then [] else services @ pods

// ---- the three layers

/// PD calls a store Up for 20 s after its last heartbeat, which may be of the process before.
let private untilHeard = TimeSpan.FromMinutes 1L

let private instance
    sight
    (meta: Meta)
    role
    (settings: InstanceSettings)
    (template: ComponentTemplate)
    : Instance.Observed =
    let space = meta.Namespace
    let clusterName = settings.Cluster.Name
    let podName = Defaults.podName meta.Name settings

    let claims =
        template.Volumes
        |> List.map (fun volume -> Defaults.volumeClaimName meta.Name settings volume.Name)
        |> List.choose (fun name ->
            sight.Cache.Claims
            |> Map.tryFind (Cache.key space name)
            |> Option.map (fun claim -> name, claim))
        |> Map.ofList

    let siblings =
        match role with
        | Instance.PD(spec, _) ->
            spec.InitialCluster
            |> List.filter (fun name -> sight.Cache.Pds |> Map.containsKey (Cache.key space name))
            |> Set.ofList
        | Instance.TiKV _ -> Set.empty

    let pod = sight.Cache.Pods |> Map.tryFind (Cache.key space podName)
    let cluster = cluster space clusterName sight

    let ofComponent =
        match role with
        | Instance.PD _ -> Component.PD
        | Instance.TiKV _ -> Component.TiKV

    let groupName = Labels.groupOf meta

    let volumes =
        claims
        |> Map.filter (fun _ claim -> claim.Volume <> "")
        |> Map.map (fun _ claim -> Cache.volume claim.Volume sight.Cache)

    let kind =
        match role with
        | Instance.PD _ -> Kind.PD
        | Instance.TiKV _ -> Kind.TiKV

    let peers = Cache.peersOf kind space clusterName sight.Cache

    let isStopping pod =
        sight.Cache.Pods
        |> Map.tryFind (Cache.key space pod)
        |> Option.forall (fun pod -> pod.Meta.DeletionTimestamp.IsSome || not pod.Running)

    let holds = cluster |> Option.bind _.Status.Disruption |> Disruption.isHeldBy meta.Uid

    let stopping =
        match role with
        | Instance.TiKV(spec, _) when
            not holds
            && not spec.Offline
            && meta.DeletionTimestamp.IsNone
            && not (isStopping podName)
            ->
            Set.empty
        | Instance.PD _
        | Instance.TiKV _ -> peers |> Map.keys |> Seq.filter isStopping |> Set.ofSeq

    let isJustMade pod =
        sight.Cache.Pods
        |> Map.tryFind (Cache.key space pod)
        |> Option.bind (fun pod -> Timestamp.tryParse pod.Meta.CreationTimestamp)
        |> Option.exists (fun made -> sight.Clock - made < untilHeard)

    let justMade =
        match role with
        | Instance.TiKV _ when holds -> peers |> Map.keys |> Seq.filter isJustMade |> Set.ofSeq
        | Instance.PD _
        | Instance.TiKV _ -> Set.empty

    {
        At = sight.At
        Clock = sight.Clock
        Meta = meta
        Role = role
        Cluster = cluster
        Pod = pod
        Config = sight.Cache.ConfigMaps |> Map.tryFind (Cache.key space podName)
        Claims = claims
        Pd = pdView space clusterName sight
        PdSilentFor = silentFor space clusterName sight
        PdUrls = pdUrls space clusterName sight
        Siblings = siblings
        Node =
            match pod with
            | Some pod when pod.Node <> "" -> Cache.node pod.Node sight.Cache
            | _ -> Sighting.Unknown
        Volumes = volumes
        StorageClasses =
            claims
            |> Map.map (fun _ claim ->
                match claim.StorageClass with
                | Some name -> Cache.storageClass name sight.Cache
                | None -> Sighting.Unknown)
        VolumeNodes =
            volumes
            |> Map.values
            |> Seq.collect (fun volume ->
                match volume with
                | Sighting.Known volume -> volume.Nodes
                | Sighting.Absent
                | Sighting.Unknown -> [])
            |> Seq.map (fun name -> name, Cache.nodeCalled name sight.Cache)
            |> Map.ofSeq
        Peers = peers
        Stopping = stopping
        JustMade = justMade
        Refusing =
            foreignBudgets sight space (lazy (Option.toList pod))
            |> List.filter (fun budget -> budget.Allowed < 1)
            |> List.map _.Meta.Name
        Secrets = secretsNamed cluster (Defaults.tlsSecrets ofComponent groupName template) sight
        ClusterUnreadable = isUnreadable space clusterName sight
        Nodes = sight.Cache.Nodes
        MaxUnavailable =
            match role with
            | Instance.PD _ -> 1
            | Instance.TiKV _ ->
                sight.Cache.TikvGroups
                |> Map.tryFind (Cache.key space groupName)
                |> Option.bind okay
                |> Option.map _.Spec.Group.MaxUnavailable
                |> Option.defaultValue 1
        Overrides =
            match role with
            | Instance.PD _ -> ""
            | Instance.TiKV _ ->
                sight.Cache.TikvGroups
                |> Map.tryFind (Cache.key space groupName)
                |> Option.bind (fun held -> Map.tryFind Annotations.overrideGates held.Meta.Annotations)
                |> Option.defaultValue ""
        Prints = sight.Cache |> Cache.instancePrints kind meta
    }

let pd sight (object: Object<PDSpec, PDStatus>) =
    instance
        sight
        object.Meta
        (Instance.PD(object.Spec, object.Status))
        object.Spec.Instance
        object.Spec.Template.Component

let tikv sight (object: Object<TiKVSpec, TiKVStatus>) =
    instance
        sight
        object.Meta
        (Instance.TiKV(object.Spec, object.Status))
        object.Spec.Instance
        object.Spec.Template.Component

/// Whether the life of an instance that holds the disruption goes on.
let private holderExists sight space (holder: DisruptionHolder) =
    let kind =
        match holder.Kind with
        | Component.PD -> Kind.PD
        | Component.TiKV -> Kind.TiKV

    sight.Cache
    |> Cache.meta { Kind = kind; Namespace = space; Name = holder.Name }
    |> Option.exists (fun meta -> meta.Uid = holder.Uid)

let ofCluster sight (object: Object<ClusterSpec, ClusterStatus>) : Cluster.Observed =
    let space, name = object.Meta.Namespace, object.Meta.Name

    let view kind (settings: GroupSettings) version meta status : Cluster.GroupView = {
        Kind = kind
        Meta = meta
        Replicas = settings.Replicas
        Version = version
        Status = status
    }

    let gone =
        object.Status.Disruption
        |> Disruption.allHolders
        |> List.filter (holderExists sight space >> not)
        |> List.map _.Uid
        |> Set.ofList

    let first = object.Status.Disruption |> Option.map _.Uid

    let pd =
        pdGroups space name sight
        |> List.map (fun group ->
            view
                Kind.PDGroup
                group.Spec.Group
                group.Spec.Template.Spec.Component.Version
                group.Meta
                group.Status)

    let tikv =
        tikvGroups space name sight
        |> List.map (fun group ->
            view
                Kind.TiKVGroup
                group.Spec.Group
                group.Spec.Template.Spec.Component.Version
                group.Meta
                group.Status)

    {
        At = sight.At
        Clock = sight.Clock
        Meta = object.Meta
        Spec = object.Spec
        Status = object.Status
        Groups = pd @ tikv
        Unreadable =
            (unreadablePdGroups space name sight
             |> List.map (fun group -> Kind.PDGroup, group.Meta))
            @ (unreadable Kind.TiKV sight.Cache.TikvGroups space name sight
               |> List.map (fun group -> Kind.TiKVGroup, group.Meta))
        PdUrls = pdUrls space name sight
        Pd = pdView space name sight
        PdPods = Cache.peersOf Kind.PD space name sight.Cache |> Map.keys |> Set.ofSeq
        TikvPods = Cache.peersOf Kind.TiKV space name sight.Cache |> Map.keys |> Set.ofSeq
        PdSilentFor = silentFor space name sight
        HolderExists = first |> Option.forall (fun uid -> not (Set.contains uid gone))
        OthersGone = gone |> Set.filter (fun uid -> Some uid <> first)
        Secrets = secretsNamed (Some object) (Defaults.clientTlsSecrets name object.Spec) sight
    }
