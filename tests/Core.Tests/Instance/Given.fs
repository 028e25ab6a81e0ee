/// Looks at instances of the cluster `basic`, in which everything is as desired, and small changes of them.
module Tikv.Core.Tests.Instance.Given

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Api
open Tikv.Core.Tests.Words

let clock = DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)

/// RFC 3339, that many seconds before `clock`.
let ago (seconds: int) = Timestamp.print (clock.AddSeconds(float -seconds))

let clusterId = ClusterId 7_400_000_000_000_000_001UL

let meta (name: string) (uid: string) : Meta = {
    Meta.empty with
        Name = name
        Namespace = "default"
        Uid = Uid uid
        ResourceVersion = ResourceVersion "100"
        Generation = 1L
        CreationTimestamp = ago 3600
}

let cluster: Object<ClusterSpec, ClusterStatus> =
    let read = sound (Codec.cluster Samples.cluster)

    { read with Meta = meta "basic" "cluster-uid"; Status = { read.Status with Id = Some clusterId } }

// ---- what PD says

let memberId index = MemberId(1_000UL + uint64 index)

let memberFact index : MemberFact = {
    Id = memberId index
    Name = $"basic-pd-%d{index}"
    PeerUrls = [ $"http://basic-pd-%d{index}.basic-pd-peer.default:2380" ]
    ClientUrls = [ $"http://basic-pd-%d{index}.basic-pd-peer.default:2379" ]
    Healthy = true
    IsLeader = (index = 0)
}

let storeId index = StoreId(uint64 index + 1UL)

let store index : Store = {
    Id = storeId index
    Address = $"basic-tikv-%d{index}.basic-tikv-peer.default:20160"
    PeerAddress = ""
    StatusAddress = $"basic-tikv-%d{index}.basic-tikv-peer.default:20180"
    Version = "8.5.2"
    StoreState = StoreState.Up
    NodeState = NodeState.Serving
    StateName = "Up"
    LastHeartbeat = Some(clock.ToUnixTimeMilliseconds() * 1_000_000L)
    StartTimestamp = clock.ToUnixTimeSeconds() - 3600L
    Labels = Map.empty
    Leaders = 5
    Regions = 15
    RegionSize = 100L
    PendingPeers = 0
    Capacity = 1000L
    Available = 500L
    PhysicallyDestroyed = false
}

/// Three members, of which 0 leads, and four stores of three replicas.
let facts: PdFacts = {
    AskedAt = Instant 1_000_000L
    ClusterId = clusterId
    Members = List.init 3 memberFact
    Stores = List.init 4 store
    Evicting = Set.empty
    MaxReplicas = 3
    IsolationLevel = ""
    Regions = 20
    LocationLabels = []
}

// ---- the instance

let owner kind (meta: Meta) : OwnerReference = {
    ApiVersion = Kind.apiVersion kind
    Kind = Kind.name kind
    Name = meta.Name
    Uid = meta.Uid
    Controller = true
    BlockOwnerDeletion = true
}

let private own (component': string) (name: string) =
    let group = name.Substring(0, name.LastIndexOf '-')

    {
        meta name $"%s{name}-uid" with
            Finalizers = [ Labels.finalizer ]
            Labels =
                Labels.ofGroup "basic" group component'
                |> Map.add Labels.instance name
                |> Map.add Labels.revision "r1"
    }

let private bare role (meta: Meta) : Observed = {
    At = Instant 1_000_000L
    Clock = clock
    Meta = meta
    Role = role
    Cluster = Some cluster
    Pod = None
    Config = None
    Claims = Map.empty
    Pd = PdView.Answered facts
    PdSilentFor = None
    PdUrls = [ "http://basic-pd.default:2379" ]
    Siblings = Set.ofList [ "basic-pd-0"; "basic-pd-1"; "basic-pd-2" ]
    Node = Sighting.Unknown
    Volumes = Map.empty
    StorageClasses = Map.empty
    Secrets = Map.empty
    VolumeNodes = Map.empty
    Nodes = Map.empty
    Peers =
        Map.ofList [
            for index in 0..9 do
                match role with
                | PD _ -> $"basic-pd-%d{index}", $"basic-pd-%d{index}"
                | TiKV _ -> $"basic-tikv-%d{index}", $"basic-tikv-%d{index}"
        ]
    Stopping = Set.empty
    JustMade = Set.empty
    Refusing = []
    ClusterUnreadable = false
    MaxUnavailable = 1
    Overrides = ""
    Prints = Derived.none
}

/// A Pod that serves, started with what is wanted now.
let podOf (observed: Observed) : PodView = {
    Meta = {
        meta (Seen.podName observed) "pod-uid" with
            CreationTimestamp = ago 620
            Labels = Manifest.labels observed
            Annotations = Map [ Annotations.processRevision, Revision.ofProcess observed ]
            OwnerReferences = [ owner (Seen.kind observed) observed.Meta ]
    }
    Phase = "Running"
    Ready = true
    ReadySince = ago 600
    Node = "node-1"
    Ip = "10.0.0.1"
    Unschedulable = ""
    Running = true
    Restarts = 0
    Problem = None
    LastEnd = None
    EndReason = ""
    ScheduledSince = ago 600
}

let configOf (observed: Observed) : ConfigMapView = {
    Meta = {
        meta (Seen.podName observed) "config-uid" with
            OwnerReferences = [ owner (Seen.kind observed) observed.Meta ]
    }
    Data = Map [ "config.toml", ok (Manifest.configFile observed) ]
}

let claimOf (name: string) : ClaimView = {
    Meta = { meta name $"%s{name}-uid" with Labels = Map [ Labels.managedBy, Labels.manager ] }
    Phase = "Bound"
    Requested = "1Gi"
    Capacity = "1Gi"
    StorageClass = None
    Volume = "pv-1"
    AttributesClass = None
    CurrentAttributesClass = None
    ResizeStatus = ""
    ModifyStatus = ""
    Conditions = []
}

/// The claim of one of its volumes, as it is when the instance serves.
let claimFor (observed: Observed) (volume: Volume) name : ClaimView =
    let (ClusterId cluster) = clusterId

    let holder =
        match observed.Role with
        | PD(_, { Id = Some(MemberId id) }) -> Map [ Labels.memberId, string id ]
        | TiKV(_, { Id = Some(StoreId id) }) -> Map [ Labels.storeId, string id ]
        | PD _
        | TiKV _ -> Map.empty

    let labels =
        holder
        |> Map.fold (fun all key value -> Map.add key value all) (Manifest.claimLabels observed volume)
        |> Map.add Labels.clusterId (string cluster)

    let claim = claimOf name
    let size = Quantity.text volume.Storage

    {
        claim with
            Meta = {
                claim.Meta with
                    Labels = labels
                    Annotations = Manifest.claimAnnotations observed volume
            }
            Requested = size
            Capacity = size
    }

/// All that the instance wants to have stands and serves.
let built (observed: Observed) : Observed =
    let claims =
        Seen.wantedClaims observed
        |> List.map (fun (volume, name) -> name, claimFor observed volume name)
        |> Map.ofList

    { observed with Pod = Some(podOf observed); Config = Some(configOf observed); Claims = claims }

/// `basic-pd-<index>`, before anything of it exists.
let barePd index =
    let read = sound (Codec.pd Samples.pd)
    let spec = { read.Spec with Instance = { read.Spec.Instance with Index = index } }
    let status = { read.Status with Id = Some(memberId index) }
    bare (PD(spec, status)) (own "pd" $"basic-pd-%d{index}")

/// `basic-tikv-<index>`, before anything of it exists.
let bareTikv index =
    let read = sound (Codec.tikv Samples.tikv)
    let spec = { read.Spec with Instance = { read.Spec.Instance with Index = index } }
    let status = { read.Status with Id = Some(storeId index); State = Some Api.StoreState.Serving }
    bare (TiKV(spec, status)) (own "tikv" $"basic-tikv-%d{index}")

/// A member that is as desired; it does not lead.
let pd = built (barePd 1)

/// The member that leads.
let pdLeader = built (barePd 0)

let tikv = built (bareTikv 2)

// ---- changes

let private withAnswer change (observed: Observed) =
    match observed.Pd with
    | PdView.Answered facts -> { observed with Pd = PdView.Answered(change facts) }
    | PdView.Unasked
    | PdView.Silent _ -> observed

let private leaders (facts: PdFacts) = facts.Stores |> List.sumBy _.Leaders

/// Each region that PD has heard of has a leader; of those that it has not, it hears no more by that.
let withFacts change =
    withAnswer (fun facts ->
        let changed: PdFacts = change facts
        { changed with Regions = facts.Regions - leaders facts + leaders changed })

/// PD has started just now: it knows the regions, and hardly a leader.
let cold = withAnswer (fun facts -> { facts with Regions = 100 + 2 * facts.Regions })

let silent (observed: Observed) = { observed with Pd = PdView.Silent "no leader" }
let unasked (observed: Observed) = { observed with Pd = PdView.Unasked }

let withCluster change (observed: Observed) = {
    observed with
        Cluster = observed.Cluster |> Option.map change
}

let withClusterSpec change =
    withCluster (fun (cluster: Object<ClusterSpec, ClusterStatus>) -> {
        cluster with
            Spec = change cluster.Spec
    })

let withClusterStatus change =
    withCluster (fun (cluster: Object<ClusterSpec, ClusterStatus>) -> {
        cluster with
            Status = change cluster.Status
    })

let withoutClusterId observed = observed |> withClusterStatus (fun status -> { status with Id = None })

let paused observed = observed |> withClusterSpec (fun spec -> { spec with Paused = true })

let suspended observed =
    observed
    |> withClusterSpec (fun spec -> { spec with SuspendAction = { SuspendCompute = true } })

let endingCluster observed =
    observed
    |> withCluster (fun cluster -> {
        cluster with
            Meta = { cluster.Meta with DeletionTimestamp = Some(ago 10) }
    })

let deleting (observed: Observed) = {
    observed with
        Meta = { observed.Meta with DeletionTimestamp = Some(ago 10) }
}

let disruptionOf (observed: Observed) : Disruption = {
    Kind = (if Seen.kind observed = Kind.PD then Component.PD else Component.TiKV)
    Name = observed.Meta.Name
    Uid = observed.Meta.Uid
    Reason = "RollingUpdate"
    Since = ago 640
    Domain = None
    Others = []
}

let withDisruption held observed =
    observed
    |> withClusterStatus (fun status -> { status with Disruption = Some held })

/// The instance holds the cluster's disruption.
let holding observed = observed |> withDisruption (disruptionOf observed)

/// The same, since a moment ago: the Pod was there before.
let justHolding observed = observed |> withDisruption { disruptionOf observed with Since = ago 5 }

/// Another instance holds it.
let heldByOther observed =
    observed
    |> withDisruption { disruptionOf observed with Name = "basic-tikv-0"; Uid = Uid "basic-tikv-0-uid" }

let withPod change (observed: Observed) = { observed with Pod = observed.Pod |> Option.map change }

/// Its Pod says that it is not restarted under the disruption that the instance holds.
let spared (observed: Observed) =
    let since = Seen.asHolder observed |> Option.map _.Since |> Option.defaultValue ""

    observed
    |> withPod (fun pod -> {
        pod with
            Meta = { pod.Meta with Annotations = Map.add Annotations.spared since pod.Meta.Annotations }
    })

let withoutPod (observed: Observed) = { observed with Pod = None }

let terminating =
    withPod (fun pod -> { pod with Meta = { pod.Meta with DeletionTimestamp = Some(ago 3) } })

let broken =
    withPod (fun pod -> {
        pod with
            Running = false
            Ready = false
            Problem = Some { Reason = "CrashLoopBackOff"; Message = "back-off" }
    })

let foreignPod = withPod (fun pod -> { pod with Meta = { pod.Meta with OwnerReferences = [] } })

/// The running process was started with something else than is wanted.
let outdated =
    withPod (fun pod -> {
        pod with
            Meta = { pod.Meta with Annotations = Map [ Annotations.processRevision, "other" ] }
    })

let withPdRole change (observed: Observed) =
    match observed.Role with
    | PD(spec, status) -> { observed with Role = PD(change (spec, status)) }
    | TiKV _ -> observed

let withTikvRole change (observed: Observed) =
    match observed.Role with
    | TiKV(spec, status) -> { observed with Role = TiKV(change (spec, status)) }
    | PD _ -> observed

/// Of either role.
let withTemplate change (observed: Observed) =
    match observed.Role with
    | PD(spec, status) ->
        let template = { spec.Template with Component = change spec.Template.Component }
        { observed with Role = PD({ spec with Template = template }, status) }
    | TiKV(spec, status) ->
        let template = { spec.Template with Component = change spec.Template.Component }
        { observed with Role = TiKV({ spec with Template = template }, status) }

let withSettings change (observed: Observed) =
    match observed.Role with
    | PD(spec, status) -> { observed with Role = PD({ spec with Instance = change spec.Instance }, status) }
    | TiKV(spec, status) -> {
        observed with
            Role = TiKV({ spec with Instance = change spec.Instance }, status)
      }

let reclaimed observed =
    observed
    |> withSettings (fun settings -> { settings with VolumeReclaimPolicy = ReclaimPolicy.Delete })

let withEviction change =
    withTikvRole (fun (spec, status) -> { spec with Eviction = change spec.Eviction }, status)

/// What is written before PD is asked to move the five leaders of the store away.
let firstMark = {
    Since = ago 0
    Store = Some(storeId 2)
    Leaders = Some 5
    HeardAt = None
    Until = None
    Ended = None
}

/// We have written down that we evict leaders, that many seconds ago, and made the entry in PD when it last heard from
/// the store then.
let marked seconds =
    withTikvRole (fun (spec, status) ->
        spec,
        {
            status with
                Evicting =
                    Some {
                        Since = ago seconds
                        Store = Some(storeId 2)
                        Leaders = Some 5
                        HeardAt = Some(ago seconds)
                        Until = None
                        Ended = None
                    }
        })

let withMark change =
    withTikvRole (fun (spec, status) -> spec, { status with Evicting = status.Evicting |> Option.map change })

/// The same, before the entry was seen in PD.
let begun seconds observed =
    observed
    |> marked seconds
    |> withMark (fun mark -> { mark with HeardAt = None })

/// The store's process was started that many seconds before its last heartbeat.
let startedAgo seconds index observed =
    observed
    |> withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun one ->
                    if one.Id = storeId index then
                        { one with StartTimestamp = clock.ToUnixTimeSeconds() - int64 seconds }
                    else
                        one)
    })

/// The store or member was recorded with its data on a claim of that uid.
let recordedOn uid (observed: Observed) =
    let noted (status: InstanceStatus) : InstanceStatus = {
        status with
            Volumes = [
                {
                    Name = "data"
                    ClaimName = $"data-%s{observed.Meta.Name}"
                    ClaimUid = Some(Uid uid)
                    Capacity = None
                    DataOf = Ownership.ownId observed
                }
            ]
    }

    let role =
        match observed.Role with
        | PD(spec, status) -> PD(spec, { status with Instance = noted status.Instance })
        | TiKV(spec, status) -> TiKV(spec, { status with Instance = noted status.Instance })

    { observed with Role = role }

/// Its claims say nothing of whose data they hold.
let unlabelled (observed: Observed) =
    let nobodys (claim: ClaimView) =
        let labels = claim.Meta.Labels |> Map.remove Labels.storeId |> Map.remove Labels.memberId

        { claim with Meta = { claim.Meta with Labels = labels } }

    { observed with Claims = observed.Claims |> Map.map (fun _ claim -> nobodys claim) }

/// The claim of the data was another one when it was recorded.
let lostDisk = recordedOn "an earlier volume" >> unlabelled

let offline = withTikvRole (fun (spec, status) -> { spec with Offline = true }, status)

let withMember index change =
    withFacts (fun facts -> {
        facts with
            Members =
                facts.Members
                |> List.map (fun one -> if one.Id = memberId index then change one else one)
    })

let unhealthy index = withMember index (fun one -> { one with Healthy = false })

let withMembers count = withFacts (fun facts -> { facts with Members = facts.Members |> List.truncate count })

let withStore index change =
    withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun one -> if one.Id = storeId index then change one else one)
    })

let withStores indexes = withFacts (fun facts -> { facts with Stores = List.map store indexes })
let withLeaders index leaders = withStore index (fun store -> { store with Leaders = leaders })
let down index = withStore index (fun store -> { store with StateName = "Down" })

let removing index =
    withStore index (fun store -> {
        store with
            StoreState = StoreState.Offline
            NodeState = NodeState.Removing
            StateName = "Offline"
    })

let tombstone index =
    withStore index (fun store -> {
        store with
            StoreState = StoreState.Tombstone
            NodeState = NodeState.Removed
            StateName = "Tombstone"
            Leaders = 0
            Regions = 0
    })

/// PD has an evict-leader entry of the store.
let evicting index = withFacts (fun facts -> { facts with Evicting = Set.add (storeId index) facts.Evicting })

/// Store n stands in the zone a, b or c, by turns, and PD keeps replicas in different ones.
let zones =
    withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun store ->
                    let (StoreId id) = store.Id
                    let zone = [ "a"; "b"; "c" ][int ((id - 1UL) % 3UL)]
                    { store with Labels = Map [ "zone", zone ]; Regions = 10 })
            LocationLabels = [ "zone" ]
            IsolationLevel = "zone"
    })

/// Six stores, two in each zone.
let zoned observed = observed |> withStores [ 0..5 ] |> zones

/// So many of the group may be down at a time.
let atOnce count (observed: Observed) : Observed = { observed with MaxUnavailable = count }

/// Store 5 holds the disruption, as the first of several where more are given.
let heldByFive (others: DisruptionHolder list) observed =
    observed
    |> withDisruption {
        disruptionOf observed with
            Name = "basic-tikv-5"
            Uid = Uid "basic-tikv-5-uid"
            Others = others
            Domain = if others.IsEmpty then None else Some { Label = "zone"; Value = "c" }
    }

/// The instance, as one of several that hold the disruption.
let asOther (observed: Observed) : DisruptionHolder = {
    Kind = Component.TiKV
    Name = observed.Meta.Name
    Uid = observed.Meta.Uid
    Since = ago 640
}

let node: NodeView = {
    Meta = meta "node-1" "node-uid"
    Ready = true
    ReadySince = ago 3600
    Unschedulable = false
    Taints = []
}

let cordoned = { node with Unschedulable = true }

/// A node that takes Pods, beside the one that the instance is on.
let refuge = { node with Meta = meta "node-2" "node-2-uid" }

let onNode (view: NodeView) (observed: Observed) = {
    observed with
        Node = Sighting.Known view
        Nodes = Map [ view.Meta.Name, view; refuge.Meta.Name, refuge ]
}

let storesStopped observed =
    observed
    |> withClusterStatus (fun status -> { status with Stopped = [ Component.TiKV ] })

let abandoned (observed: Observed) = {
    observed with
        Meta = {
            observed.Meta with
                Annotations = Map.add Annotations.abandon "true" observed.Meta.Annotations
        }
}

// ---- the evidence that such a look gives

let private seen evidence =
    match evidence with
    | Some evidence -> evidence
    | None -> failwith "nothing is there to be seen"

let private known evidence =
    match evidence with
    | Ok evidence -> evidence
    | Error reason -> failwith $"%A{reason}"

let private answered (observed: Observed) = seen (Seen.facts observed)
let private calm observed = known (Evidence.notFrozen observed)

let departed observed = seen (Evidence.departed observed)

let restartGrounds observed =
    let facts = answered observed
    let held = seen (Evidence.heldDisruption observed)

    match observed.Role with
    | PD _ ->
        let self = seen (Seen.memberOf observed facts)
        let quorum = known (MemberEvidence.quorumWhileItRests self observed facts)

        Evidence.MemberRests(
            held,
            calm observed,
            quorum,
            known (MemberEvidence.notLeading self observed facts)
        )
    | TiKV _ ->
        let store = Seen.storeOf observed facts
        let leaders = known (Evidence.leadersGone store observed facts)
        let partners = known (Evidence.partners store observed facts)
        Evidence.StoreRests(held, calm observed, known (Evidence.othersHeard partners store facts), leaders)

let brokenGrounds (observed: Observed) =
    Evidence.Broken(observed.Pod |> Option.bind Evidence.notServing |> seen)

let suspendedGrounds observed = Evidence.Suspended(seen (Evidence.suspensionAsked observed))
let leftGrounds observed = Evidence.Left(departed observed)

let removeStore observed =
    let facts = answered observed
    let store = seen (Seen.storeOf observed facts)
    let gone = known (Evidence.leadersGone (Some store) observed facts)
    RemoveStore(store.Id, calm observed, known (Evidence.enoughStores store observed facts), gone)

let removeMember observed =
    let facts = answered observed
    let self = seen (Seen.memberOf observed facts)

    let unwanted =
        MemberEvidence.leaves self observed
        |> Option.orElse (MemberEvidence.lostDisk self observed)
        |> seen

    RemoveMember(self.Id, calm observed, known (MemberEvidence.quorumWithoutIt self observed facts), unwanted)

/// Leadership goes from the member that leads to the first heir, who is to bear that name.
let transferTo name (observed: Observed) =
    let facts = answered observed
    let leader = facts.Members |> List.find _.IsLeader

    match MemberEvidence.heirs leader observed facts with
    | heir :: _ when MemberEvidence.Heir.name heir = name -> TransferPdLeader heir
    | heirs -> failwith $"%A{heirs}"

let bootstrapGrounds observed = seen (Evidence.firstBootstrap observed)

let removeClaim claim (observed: Observed) =
    let alone = { observed with Pod = None }

    RemoveClaim(
        claim,
        departed observed,
        seen (Evidence.podGone alone),
        seen (Evidence.dataDisowned (departed observed) alone)
    )

let removeFinalizer (observed: Observed) =
    RemoveFinalizer(departed observed, seen (Evidence.podGone { observed with Pod = None }))

// ---- deciding

let decide (observed: Observed) = Reconciler.decide observed

let podMeta (observed: Observed) = observed.Pod |> Option.map _.Meta |> Option.defaultValue Meta.empty

let clusterMeta (observed: Observed) = observed.Cluster |> Option.map _.Meta |> Option.defaultValue Meta.empty

let act (actions: Action list) : Decision<Action, Reason> = Decision.act actions
let wait (reasons: Reason list) : Decision<Action, Reason> = Decision.wait reasons
let settled: Decision<Action, Reason> = Decision.settled
