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

let private okay (held: Held<'Spec, 'Status>) = held.Object |> Result.toOption

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
let private secretsNamed (cluster: Object<ClusterSpec, ClusterStatus> option) (ca, own) sight =
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

        let ofInstances kind held template (group: string) =
            Cache.instancesOf kind space group sight.Cache
            |> Map.toList
            |> List.choose (fun (_, one) -> held one.Meta.Name)
            |> List.collect (template >> pair)

        let pd =
            pdGroups space clusterName sight
            |> List.collect (fun group ->
                let name = group.Meta.Name
                let secrets template = Defaults.tlsSecrets Component.PD name template

                let held instance =
                    sight.Cache.Pds
                    |> Map.tryFind (Cache.key space instance)
                    |> Option.bind (_.Held >> okay)

                pair (secrets group.Spec.Template.Spec.Component)
                @ ofInstances
                    Kind.PD
                    held
                    (fun (one: Object<PDSpec, PDStatus>) -> secrets one.Spec.Template.Component)
                    name)

        let tikv =
            tikvGroups space clusterName sight
            |> List.collect (fun group ->
                let name = group.Meta.Name
                let secrets template = Defaults.tlsSecrets Component.TiKV name template

                let held instance =
                    sight.Cache.Tikvs
                    |> Map.tryFind (Cache.key space instance)
                    |> Option.bind (_.Held >> okay)

                pair (secrets group.Spec.Template.Spec.Component)
                @ ofInstances
                    Kind.TiKV
                    held
                    (fun (one: Object<TiKVSpec, TiKVStatus>) -> secrets one.Spec.Template.Component)
                    name)

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

let private clientPort (group: Object<PDGroupSpec, PDGroupStatus>) =
    Defaults.pdClientPort group.Spec.Template.Spec

/// URLs of the client Services of PD, one a group; those of groups that are being deleted only while there is no other.
let pdUrls space clusterName sight =
    let cluster = cluster space clusterName sight
    let scheme = if usesTls cluster then "https" else "http"

    let living, ending =
        pdGroups space clusterName sight
        |> List.partition (fun group -> group.Meta.DeletionTimestamp.IsNone)

    (if living.IsEmpty then ending else living)
    |> List.map (fun group ->
        let host = serviceHost (cluster |> Option.map _.Spec.Dns) group.Meta.Name space
        scheme + "://" + host + ":" + string (clientPort group))

/// Where PD can be asked: the client Services, then the Pods of members that run, as their instances say, whether their
/// group can be read or not. Empty while none runs.
let pdEndpoints space clusterName sight : PdEndpoint list =
    let cluster = cluster space clusterName sight
    let dns = cluster |> Option.map _.Spec.Dns
    let tls = endpointTls cluster sight
    let groups = pdGroups space clusterName sight

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
        groups
        |> List.map (fun group -> {
            Namespace = space
            IsPod = false
            Name = group.Meta.Name
            Host = serviceHost dns group.Meta.Name space
            Port = clientPort group
            Tls = tls
        })

    if pods.IsEmpty then [] else services @ pods

// ---- the three layers

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

    let groupName = meta.Labels |> Map.tryFind Labels.group |> Option.defaultValue ""

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
        |> Option.exists (fun pod -> pod.Meta.DeletionTimestamp.IsSome)

    let stopping =
        match role with
        | Instance.TiKV _ when not (isStopping podName) -> Set.empty
        | Instance.PD _
        | Instance.TiKV _ -> peers |> Map.keys |> Seq.filter isStopping |> Set.ofSeq

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

/// Whether PD lists a member, or a store that it has not let go, by the name of that Pod.
let private isListed pod view =
    match view with
    | PdView.Answered facts ->
        facts.Members |> List.exists (fun one -> one.Name = pod)
        || facts.Stores
           |> List.exists (fun store ->
               store.NodeState <> NodeState.Removed
               && store.Address.StartsWith(pod + ".", StringComparison.Ordinal))
    | PdView.Silent _
    | PdView.Unasked -> false

/// The indexes among the next ones to be used whose claims were made in this life of the group, and whose instance has
/// left: PD has let go whom the data belonged to. Claims of an earlier life of the group count as brought back on purpose.
let private retained sight (meta: Meta) (settings: GroupSettings) (template: ComponentTemplate) pd instances =
    let offline = Set.ofList settings.OfflineIndexes

    let staying =
        instances
        |> Map.filter (fun index (one: Group.InstanceView) ->
            one.Meta.DeletionTimestamp.IsNone
            && not one.Removed
            && not (Set.contains index offline))
        |> Map.count

    let isLeft index =
        let pod = Names.instance meta.Name index

        template.Volumes
        |> List.exists (fun volume ->
            sight.Cache.Claims
            |> Map.tryFind (Cache.key meta.Namespace $"%s{volume.Name}-%s{pod}")
            |> Option.exists (fun claim ->
                String.CompareOrdinal(claim.Meta.CreationTimestamp, meta.CreationTimestamp) >= 0))
        && not (isListed pod pd)

    let rec find left index found =
        if left <= 0 then found
        elif Map.containsKey index instances || Set.contains index offline then find left (index + 1) found
        elif isLeft index then find left (index + 1) (Set.add index found)
        else find (left - 1) (index + 1) found

    // Failover may make so many more.
    find (settings.Replicas - staying + settings.Failover.MaxReplacements) 0 Set.empty

/// The stores of the other groups of a cluster that are on their way out; and those groups that have too many stores and
/// come before this one in the order of their names, so that two of them do not both begin.
let private leavingElsewhere space cluster (meta: Meta) sight =
    let others =
        tikvGroups space cluster sight
        |> List.filter (fun group -> group.Meta.Name <> meta.Name)
        |> List.map (fun group ->
            group,
            Cache.instancesOf Kind.TiKV space group.Meta.Name sight.Cache
            |> Map.toList
            |> List.map snd
            |> List.filter (fun one -> one.Registered && not one.Removed))

    let leaving =
        others
        |> List.collect snd
        |> List.filter (fun one -> one.Offline || one.Meta.DeletionTimestamp.IsSome)
        |> List.map _.Meta.Name

    let hasSurplus (group: Object<TiKVGroupSpec, TiKVGroupStatus>, stores: Group.InstanceView list) =
        let named, others =
            stores
            |> List.filter (Group.Plan.deferred >> not)
            |> List.partition (fun one -> List.contains one.Index group.Spec.Group.OfflineIndexes)

        String.CompareOrdinal(group.Meta.Name, meta.Name) < 0
        && (not named.IsEmpty || others.Length > group.Spec.Group.Replicas)

    leaving
    @ (others |> List.filter hasSurplus |> List.map (fun (group, _) -> group.Meta.Name))

/// A process that has just got its node is given so long to be heard from, however long it had none (L F28).
let private untilHeard = TimeSpan.FromMinutes 10.0

let private isFresh sight (pod: PodView) =
    Timestamp.tryParse pod.ScheduledSince
    |> Option.exists (fun since -> sight.Clock - since < untilHeard)

/// An instance with what its Pod and PD say of its process now. One whose Pod is not there has no process.
let private lively sight pd (one: Group.InstanceView) : Group.InstanceView =
    let pod = sight.Cache.Pods |> Map.tryFind (Cache.key one.Meta.Namespace one.Pod)

    {
        one with
            PodWord =
                match pod with
                | None -> Group.PodWord.Pending
                | Some pod when pod.Meta.DeletionTimestamp.IsSome -> Group.PodWord.Down
                | Some pod when pod.Ready && not (isFresh sight pod) -> Group.PodWord.Ready
                | Some pod when pod.Phase = "Pending" || pod.Phase = "" || isFresh sight pod ->
                    Group.PodWord.Pending
                | Some _ -> Group.PodWord.Down
            Broken = pod |> Option.forall (fun pod -> not pod.Running)
            Leads =
                match pd with
                | PdView.Answered facts ->
                    facts.Members
                    |> List.exists (fun other -> other.IsLeader && other.Name = one.Pod)
                | PdView.Silent _
                | PdView.Unasked -> one.Leads
            Domain =
                one.Domain
                |> Option.orElse (pod |> Option.map _.Node |> Option.filter (fun node -> node <> ""))
    }

let private group sight (meta: Meta) role (settings: GroupSettings) template instanceKind : Group.Observed =
    let space = meta.Namespace
    let pd = pdView space settings.Cluster.Name sight
    let cluster = cluster space settings.Cluster.Name sight

    let ofComponent =
        match instanceKind with
        | Kind.PD -> Component.PD
        | _ -> Component.TiKV

    let instances =
        Cache.instancesOf instanceKind space meta.Name sight.Cache
        |> Map.map (fun _ one -> lively sight pd one)

    let services =
        [ meta.Name; Group.Manifest.peerService meta.Name ]
        |> List.choose (fun name ->
            sight.Cache.Services
            |> Map.tryFind (Cache.key space name)
            |> Option.map (fun service -> name, service))
        |> Map.ofList

    {
        At = sight.At
        Clock = sight.Clock
        Meta = meta
        Role = role
        Cluster = cluster
        Instances = instances
        Services = services
        PdGroups =
            pdGroups space settings.Cluster.Name sight
            |> List.map (fun group -> {
                Name = group.Meta.Name
                Wanted = group.Spec.Template.Spec.Component.Version
                Reached = group.Status.Version
                Deleting = group.Meta.DeletionTimestamp.IsSome
            })
        Revisions =
            sight.Cache.Revisions
            |> Map.toList
            |> List.map snd
            |> List.filter (fun revision ->
                revision.Meta.Namespace = space
                && revision.Meta.OwnerReferences
                   |> List.exists (fun owner -> owner.Controller && owner.Uid = meta.Uid))
            |> List.sortBy _.Revision
        Budget =
            Cache.sighting
                Kind.PodDisruptionBudget
                sight.Cache.Budgets
                (Cache.key space meta.Name)
                sight.Cache
        Pd = pd
        Secrets = secretsNamed cluster (Defaults.tlsSecrets ofComponent meta.Name template) sight
        Retained = retained sight meta settings template pd instances
        LeavingElsewhere =
            match instanceKind with
            | Kind.TiKV -> leavingElsewhere space settings.Cluster.Name meta sight
            | _ -> []
        Prints =
            sight.Cache
            |> Cache.groupPrints (if instanceKind = Kind.PD then Kind.PDGroup else Kind.TiKVGroup) meta
    }

let pdGroup sight (object: Object<PDGroupSpec, PDGroupStatus>) =
    group
        sight
        object.Meta
        (Group.PD(object.Spec, object.Status))
        object.Spec.Group
        object.Spec.Template.Spec.Component
        Kind.PD

let tikvGroup sight (object: Object<TiKVGroupSpec, TiKVGroupStatus>) =
    group
        sight
        object.Meta
        (Group.TiKV(object.Spec, object.Status))
        object.Spec.Group
        object.Spec.Template.Spec.Component
        Kind.TiKV

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
        |> Option.map Disruption.holders
        |> Option.defaultValue []
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
        PdUrls = pdUrls space name sight
        Pd = pdView space name sight
        PdSilentFor = silentFor space name sight
        HolderExists = first |> Option.forall (fun uid -> not (Set.contains uid gone))
        OthersGone = gone |> Set.filter (fun uid -> Some uid <> first)
        Secrets = secretsNamed (Some object) (Defaults.clientTlsSecrets name object.Spec) sight
    }
