namespace Tikv.Core.Instance

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// Which program an instance runs, with what is asked of that program alone.
type Role =
    | PD of Spec: PDSpec * Status: PDStatus
    | TiKV of Spec: TiKVSpec * Status: TiKVStatus

/// How a process of PD becomes a member when its volume is empty.
type Entry =
    /// By the static `initial-cluster` of the first bootstrap.
    | Bootstraps
    /// By asking the members that there are; a process that has data ignores that.
    | Joins
    /// PD would have to say which, and does not answer.
    | EntryUnknown

/// What follows from an instance's specification alone; see `Derive`.
[<ReferenceEquality>]
type Prints = {
    /// The hash of the template's metadata that they were made with.
    Metadata: string option
    /// The group that they were made for.
    Group: string
    /// The labels of every object of the instance.
    Labels: Lazy<Map<string, string>>
    /// By whether there is TLS.
    Process: bool -> string
    Base: bool -> string
    /// The fingerprint of the configuration.
    Config: Lazy<string>
    /// The configuration.
    Document: Lazy<Result<TomlValue, string>>
}

/// One look at one instance.
type Observed = {
    At: Instant
    /// UTC, for timestamps that people read.
    Clock: DateTimeOffset
    Meta: Meta
    Role: Role
    /// None: the Cluster does not exist.
    Cluster: Object<ClusterSpec, ClusterStatus> option
    Pod: PodView option
    Config: ConfigMapView option
    /// The claims that exist, by name.
    Claims: Map<string, ClaimView>
    Pd: PdView
    /// How long a PD that had answered has been silent, or has heard from hardly any store.
    PdSilentFor: TimeSpan option
    /// Where PD is reached, for the configuration of TiKV and of joining members; empty when no PD group exists.
    PdUrls: string list
    /// The members of the first bootstrap that exist as instances.
    Siblings: Set<string>
    /// The node that the Pod is on: absent when it has been deleted; unknown while there is no such Pod.
    Node: Sighting<NodeView>
    /// The volumes that the claims are bound to, by name of the claim.
    Volumes: Map<string, Sighting<VolumeView>>
    /// The storage classes of the claims, by name of the claim.
    StorageClasses: Map<string, Sighting<StorageClassView>>
    /// The nodes that those volumes are bound to, by the names that the volumes give.
    VolumeNodes: Map<string, Sighting<NodeView>>
    /// Every instance of the same component in the cluster, of all groups, this one included: its name, by that of its Pod.
    Peers: Map<string, string>
    /// The Pods among those of the peers that are being stopped, or do not run: PD counts on their stores for some seconds
    /// more. Of TiKV, looked for only while its own is, while it leaves, or while it holds the disruption.
    Stopping: Set<string>
    /// Those that were made within the last minute; of TiKV, looked for only while it holds the disruption.
    JustMade: Set<string>
    /// PodDisruptionBudgets of others that select its Pod, and now let none of their Pods be taken down.
    Refusing: string list
    /// The Secrets of its certificates, by name; empty without TLS.
    Secrets: Map<string, Sighting<SecretView>>
    /// The Cluster is there, and cannot be read.
    ClusterUnreadable: bool
    /// Every node that is seen, by name; empty where nodes are not shown.
    Nodes: Map<string, NodeView>
    /// TiKV only: how many instances of its group may be down at a time; 1 while that is not known.
    MaxUnavailable: int
    /// TiKV only: the gates that the annotation of its group overrides; see `Gate.overridden`. Empty without one.
    Overrides: string
    /// Of the specification in `Role`.
    Prints: Derived<Prints>
}

/// Why an instance that is not (yet) as desired is left alone for now.
type Reason =
    /// The API server or PD refused what was decided.
    | StepRefused of Action: string * Message: string
    | ClusterAbsent of Name: string
    | ClusterPaused
    | ClusterSuspended
    | InvalidSpec of Problem: string
    | NotOurs of Kind: string * Name: string
    | SiblingsMissing of Names: string list
    | PdAbsent
    | PdNotAsked
    | PdSilent of Problem: string
    | ClaimTerminating of Name: string
    | ClaimPending of Name: string
    | PodPending of Why: string
    | PodNotReady of Problem: string
    | PodTerminating
    | MemberNotJoined
    | MemberUnhealthy
    | StoreNotRegistered
    | StoreNotServing of State: string
    | DisruptionHeldBy of Instance: string * Why: string
    | PdLeaderHere
    | QuorumAtRisk of Healthy: int * Members: int
    | LeadersRemain of Leaders: int
    | LeadersReturnSoon
    | RegionsRemain of Regions: int
    | StoresTooFew of Living: int * Needed: int
    | StoresSilent of Silent: int * Stores: int
    | StoreStops of Pod: string
    | StoreStarts of Pod: string
    | StoreLags of Address: string * Pending: int
    | BudgetRefuses of Name: string
    | NoNodeFits of Obstacle: Obstacle
    | QuotaExceeded of Message: string
    | StorageClassMissing of Claim: string * Class: string
    | ImageUnavailable of Message: string
    | ContainerConfigInvalid of Message: string
    | ProcessEnded of Death: Death
    | NodeNotReady of Node: string
    | NodeGone of Node: string
    | NodeOutOfService of Node: string
    | VolumeLost of Claim: string * Why: string
    /// PD has removed the store whose data the instance's disk holds.
    | StoreTombstoned of Store: StoreId
    /// The disk of the store is gone, and the instance has another one.
    | DiskLost of Store: StoreId
    /// The same, of a member of PD.
    | MemberDiskLost of Member: MemberId
    | MembersUnhealthy of Names: string list
    | LeadersUnknown of Known: int * Regions: int
    | LeadersUnconfirmed
    | PeersCatchUp of Pending: int
    | LeadersComeBack of Leaders: int * Before: int
    | OtherStoreLeaves of Address: string
    | DomainsTooFew of Label: string * Domains: int * Needed: int
    | VolumeClassDiffers of Claim: string * Actual: string * Wanted: string
    | VolumeResizing of Claim: string * Size: string * Step: string
    | VolumeResizeFailed of Claim: string * Size: string * Message: string
    | VolumeExpansionForbidden of Claim: string * Class: string * Size: string
    | VolumeShrinkRefused of Volume: string * Wanted: string * Claim: string * Allowed: string
    | VolumeModifying of Claim: string * Class: string
    | VolumeModifyFailed of Claim: string * Class: string * Message: string
    | VolumeAttributesClassNotServed of Claim: string * Class: string
    | VolumeDeleting of Claim: string
    | VolumeSpent of Claim: string * Holder: string
    | VolumeOfUnknownStore of Claim: string * Holder: string
    | VolumeOfAnotherCluster of Claim: string
    | CertificateWrong of Problem: CertificateProblem
    | ClusterUnreadable of Name: string
    | StoresStopFirst
    | PdStartsFirst
    | LeaveNeedsPd
    | ClaimOfAnotherCluster of Name: string * Cluster: Uid
    | NodeLeft of Node: string
    | NowhereToMove of Node: string
    | TiedToNode of Node: string
    | TakenAlone of Why: Alone
    /// An earlier call may yet make an evict-leader entry of ours.
    | EvictionUnsettled
    /// Somebody has heard of it from PD later, and wrote down that it does not serve.
    | FactsOutOfDate

module Reason =
    /// For people: the message of the Kubernetes condition, the event, the log line and the transcript.
    let text reason =
        match reason with
        | StepRefused(action, message) -> $"%s{action} was refused: %s{message}"
        | ClusterAbsent name -> $"the Cluster %s{name} does not exist"
        | ClusterPaused -> "the cluster is paused"
        | ClusterSuspended -> "the cluster is suspended"
        | InvalidSpec problem -> problem
        | NotOurs(kind, name) ->
            $"the %s{kind} %s{name} exists and belongs to somebody else; rename or remove it"
        | SiblingsMissing names ->
            let names = String.Join(", ", names)
            $"the first bootstrap of PD waits for %s{names}"
        | PdAbsent -> "the cluster has no PD group"
        | PdNotAsked -> "PD has not been asked yet"
        | PdSilent problem -> $"PD did not answer: %s{problem}"
        | ClaimTerminating name -> $"the volume claim %s{name} is being deleted"
        | ClaimPending name -> $"the volume claim %s{name} is not bound"
        | PodPending why -> $"the Pod is pending: %s{why}"
        | PodNotReady problem -> $"the Pod is not ready: %s{problem}"
        | PodTerminating -> "the Pod is being stopped"
        | MemberNotJoined -> "PD does not list this member yet"
        | MemberUnhealthy -> "PD says that this member is not healthy"
        | StoreNotRegistered -> "PD does not list this store yet"
        | StoreNotServing state -> $"PD says that this store is %s{state}"
        | DisruptionHeldBy(instance, why) -> $"%s{instance} is being taken down (%s{why}); one at a time"
        | PdLeaderHere -> "the leader of PD moves to another member first"
        | QuorumAtRisk(healthy, members) ->
            $"only %d{healthy} of %d{members} members of PD are healthy: without this one there is no quorum"
        | LeadersRemain leaders -> $"%d{leaders} region leaders have still to move away"
        | LeadersReturnSoon -> "the store serves; leaders may come back soon"
        | RegionsRemain regions -> $"%d{regions} regions have still to move away"
        | StoresTooFew(living, needed) ->
            $"%d{living} living stores would remain, and %d{needed} are needed for all replicas"
        | StoresSilent(silent, stores) ->
            $"%d{silent} of %d{stores} stores are silent: nothing else is taken down meanwhile"
        | StoreStops pod ->
            $"the Pod %s{pod} is being stopped, or does not run: nothing else is taken down meanwhile"
        | StoreStarts pod ->
            $"the Pod %s{pod} has just been made, and PD may not have heard from it yet: nothing else is taken down meanwhile"
        | StoreLags(address, pending) ->
            $"the store %s{address} has run for a short time, and %d{pending} of its peers are pending: nothing else is taken down until it has run for a minute and they are few, at most for half an hour; if they stay, look at its log, its disk and its network"
        | BudgetRefuses name ->
            $"the PodDisruptionBudget %s{name} lets no Pod be taken down now (its status.disruptionsAllowed is 0): nothing that serves is restarted; if that lasts, change or remove it"
        | NoNodeFits obstacle -> $"the Pod is pending: %s{Obstacle.text obstacle}"
        | QuotaExceeded message ->
            $"the namespace's quota is used up (%s{message}); raise the ResourceQuota, or ask for less"
        | StorageClassMissing(claim, name) ->
            $"the volume claim %s{claim} asks for the storage class %s{name}, which does not exist; make it"
        | ImageUnavailable message ->
            $"its image cannot be pulled: %s{message}; correct template.spec.image or version, or the registry's credentials"
        | ContainerConfigInvalid message ->
            $"its container cannot be made: %s{message}; make what it refers to, or correct the overlay"
        | ProcessEnded death -> Death.text death
        | NodeNotReady name ->
            $"its node %s{name} is not ready: the process may be alive, so nothing is done until the node is back, is deleted, or has the taint node.kubernetes.io/out-of-service"
        | NodeGone name -> $"its node %s{name} does not exist any more"
        | NodeOutOfService name -> $"its node %s{name} is out of service, as its taint says"
        | VolumeLost(claim, why) ->
            $"the volume of the claim %s{claim} cannot be used: %s{why}; bring it back, or delete the instance to have it made anew elsewhere"
        | StoreTombstoned(StoreId id) ->
            $"PD has removed store %d{id}, whose data is on this disk: it cannot come back; delete the instance to have it made anew"
        | DiskLost(StoreId id) ->
            $"the disk of store %d{id} is gone: PD removes the store, and then the instance starts anew on the disk that it has"
        | MemberDiskLost(MemberId id) ->
            $"the disk of member %d{id} is gone: PD removes the member, and then the instance joins anew"
        | MembersUnhealthy names ->
            let names = String.Join(", ", names)
            $"PD says that %s{names} is not healthy, or its Pod is being stopped: no other member is touched meanwhile"
        | LeadersUnknown(known, regions) ->
            $"PD has heard of the leaders of %d{known} of %d{regions} regions only: it has just started, or regions have none"
        | LeadersUnconfirmed ->
            "PD counts no leader on the store; the store's next heartbeat is to confirm that"
        | PeersCatchUp pending ->
            $"the store serves again; %d{pending} of its peers are pending, to be few for a minute"
        | LeadersComeBack(leaders, before) -> $"%d{leaders} of the store's %d{before} leaders have come back"
        | OtherStoreLeaves address -> $"the store %s{address} is leaving; one at a time"
        | DomainsTooFew(label, domains, needed) ->
            $"living stores in %d{domains} values of the label %s{label} would remain, and %d{needed} are needed"
        | VolumeClassDiffers(claim, actual, wanted) ->
            $"the volume claim %s{claim} has the storage class %s{actual}, which cannot be changed; another instance with a volume of the class %s{wanted} takes its place"
        | VolumeResizing(claim, size, step) -> $"the volume of %s{claim} is growing to %s{size}: %s{step}"
        | VolumeResizeFailed(claim, size, message) ->
            let message = if message = "" then "its driver gives no reason" else message

            $"the volume of %s{claim} could not grow to %s{size}: %s{message}; make room for it, or ask for a size between the present one and this"
        | VolumeExpansionForbidden(claim, storageClass, size) ->
            $"the volume claim %s{claim} cannot grow to %s{size}: its storage class %s{storageClass} does not allow expansion; set allowVolumeExpansion there, or take the larger size back"
        | VolumeShrinkRefused(volume, wanted, claim, allowed) ->
            $"the storage of the volume %s{volume} is %s{wanted}: it must be %s{allowed}, as the volume claim %s{claim} has it; a volume never shrinks"
        | VolumeModifying(claim, attributes) ->
            $"the volume of %s{claim} is being changed to the VolumeAttributesClass %s{attributes}"
        | VolumeModifyFailed(claim, attributes, message) ->
            $"the volume of %s{claim} cannot have the VolumeAttributesClass %s{attributes}: %s{message}"
        | VolumeAttributesClassNotServed(claim, attributes) ->
            $"the API server has not kept the VolumeAttributesClass %s{attributes} of the volume claim %s{claim}: it does not serve that field (Kubernetes 1.31 or later can); take it out of the specification, or change it once the server does"
        | VolumeDeleting claim ->
            $"somebody has deleted the volume claim %s{claim}: its data lasts as long as the Pod does, so the Pod is not restarted; replace this instance, or back the data up"
        | VolumeSpent(claim, holder) ->
            $"the volume claim %s{claim} holds the data of %s{holder}, which has left the cluster for ever; delete the claim to have a new one made, or set volumeReclaimPolicy: Delete"
        | VolumeOfUnknownStore(claim, holder) ->
            $"the volume claim %s{claim} holds the data of %s{holder}, which PD does not know; delete the claim to have a new one made, or bring back the PD that knows it"
        | VolumeOfAnotherCluster claim ->
            $"the volume claim %s{claim} holds the data of another PD cluster, as its label %s{Labels.clusterId} says; delete it to have a new one made"
        | CertificateWrong problem -> Certificates.text problem
        | ClusterUnreadable name -> $"the Cluster %s{name} cannot be read; its status says why"
        | StoresStopFirst -> "PD stops once every Pod of TiKV has stopped"
        | PdStartsFirst -> "TiKV starts once PD answers again"
        | LeaveNeedsPd ->
            $"it leaves only with PD's consent; if PD is gone for good, set the annotation %s{Annotations.abandon}=true: it is then given up, and its volume claims stay"
        | ClaimOfAnotherCluster(name, Uid cluster) ->
            $"the volume claim %s{name} holds data of an earlier Cluster (uid %s{cluster}): delete the claim, or set the annotation %s{Annotations.adoptVolumesOf}=%s{cluster} on this Cluster to take it over"
        | NodeLeft node ->
            $"its volume is on the node %s{node}: it starts again when that node takes Pods (kubectl uncordon)"
        | NowhereToMove node ->
            $"its node %s{node} is to be emptied, and no other node that is ready would take the Pod: it stays; add or uncordon a node"
        | TiedToNode node ->
            $"its node %s{node} is to be emptied, and its volume cannot leave it: it stays; delete the instance to have it made anew elsewhere, or its Pod to let it rest until the node takes Pods again"
        | TakenAlone why -> $"one at a time, not maxUnavailable: %s{Alone.text why}"
        | EvictionUnsettled ->
            "a request to move leaders away had no answer: until it cannot be carried out any more, PD is watched for it"
        | FactsOutOfDate -> "what PD has said is older than what is written here: it is asked again"

    /// The reason of the Kubernetes condition: stable, part of the API.
    let code reason =
        match reason with
        | StepRefused _ -> "StepRefused"
        | ClusterAbsent _ -> "ClusterAbsent"
        | ClusterPaused -> "Paused"
        | ClusterSuspended -> "Suspended"
        | InvalidSpec _ -> "InvalidSpec"
        | NotOurs _ -> "ConflictingOwner"
        | SiblingsMissing _ -> "SiblingsMissing"
        | PdAbsent -> "PDAbsent"
        | PdNotAsked -> "PDNotAsked"
        | PdSilent _ -> "PDUnreachable"
        | ClaimTerminating _ -> "VolumeClaimTerminating"
        | ClaimPending _ -> "VolumeClaimPending"
        | PodPending _ -> "PodPending"
        | PodNotReady _ -> "PodNotReady"
        | PodTerminating -> "PodTerminating"
        | MemberNotJoined -> "MemberNotJoined"
        | MemberUnhealthy -> "MemberUnhealthy"
        | StoreNotRegistered -> "StoreNotRegistered"
        | StoreNotServing _ -> "StoreNotServing"
        | DisruptionHeldBy _ -> "NoOtherDisruption"
        | PdLeaderHere -> "PDLeaderMoved"
        | QuorumAtRisk _ -> "PDQuorumAfter"
        | LeadersRemain _ -> "LeadersEvicted"
        | LeadersReturnSoon -> "SoakTime"
        | RegionsRemain _ -> "RegionsDrained"
        | StoresTooFew _ -> "MinReplicasAfter"
        | StoresSilent _
        | StoreStops _
        | StoreStarts _ -> "AllStoresUp"
        | BudgetRefuses _ -> "PDBAllows"
        | NoNodeFits obstacle -> Obstacle.code obstacle
        | QuotaExceeded _ -> "QuotaExceeded"
        | StorageClassMissing _ -> "StorageClassMissing"
        | ImageUnavailable _ -> "ImagePullFailed"
        | ContainerConfigInvalid _ -> "ContainerConfigInvalid"
        | ProcessEnded death -> Death.code death
        | NodeNotReady _ -> "NodeNotReady"
        | NodeGone _ -> "NodeGone"
        | NodeOutOfService _ -> "NodeOutOfService"
        | VolumeLost _ -> "VolumeLost"
        | StoreTombstoned _ -> "StoreTombstone"
        | DiskLost _ -> "DiskLost"
        | MemberDiskLost _ -> "DiskLost"
        | MembersUnhealthy _ -> "PDQuorumAfter"
        | LeadersUnknown _ -> "CacheFresh"
        | LeadersUnconfirmed -> "LeadersEvicted"
        | PeersCatchUp _
        | StoreLags _
        | LeadersComeBack _ -> "SoakTime"
        | OtherStoreLeaves _ -> "OneAtATime"
        | DomainsTooFew _ -> "TopologySpreadAfter"
        | VolumeClassDiffers _ -> "VolumeClassDiffers"
        | VolumeResizing _ -> "VolumeResizing"
        | VolumeResizeFailed _ -> "VolumeResizeFailed"
        | VolumeExpansionForbidden _ -> "VolumeExpansionForbidden"
        | VolumeShrinkRefused _ -> "VolumeShrinkRefused"
        | VolumeModifying _ -> "VolumeModifying"
        | VolumeModifyFailed _ -> "VolumeModifyFailed"
        | VolumeAttributesClassNotServed _ -> "VolumeAttributesClassNotServed"
        | VolumeDeleting _ -> "VolumeDeleting"
        | VolumeSpent _ -> "VolumeSpent"
        | VolumeOfUnknownStore _ -> "VolumeOfUnknownStore"
        | VolumeOfAnotherCluster _ -> "VolumeOfAnotherCluster"
        | CertificateWrong problem -> Certificates.code problem
        | ClusterUnreadable _ -> "ClusterUnreadable"
        | StoresStopFirst -> "Suspending"
        | PdStartsFirst -> "Resuming"
        | LeaveNeedsPd -> "PDReachable"
        | ClaimOfAnotherCluster _ -> "ConflictingOwner"
        | NodeLeft _ -> "NodeDrained"
        | NowhereToMove _ -> "NowhereToMove"
        | TiedToNode _ -> "VolumeTiedToNode"
        | TakenAlone _ -> "OneAtATime"
        | EvictionUnsettled -> "LeadersEvicted"
        | FactsOutOfDate -> "CacheFresh"

    /// How soon to look again unasked. Kubernetes tells when an object changes, and new facts of PD wake the instance
    /// too when they are about its own store or member; what is left are waits that time ends, or the stores and members of
    /// others.
    let recheckAfter reason =
        match reason with
        | PdSilent _
        | StoreNotServing _ -> ValueSome PdView.shortSilence
        | LeadersRemain _
        | LeadersUnknown _
        | LeadersUnconfirmed
        | PeersCatchUp _
        | LeadersComeBack _
        | PdLeaderHere
        | QuorumAtRisk _
        | StoresTooFew _
        | StoresSilent _
        | StoreStops _
        | StoreStarts _
        | StoreLags _
        | BudgetRefuses _
        | OtherStoreLeaves _
        | DomainsTooFew _
        | MembersUnhealthy _
        | TakenAlone _
        | EvictionUnsettled
        | FactsOutOfDate
        | LeadersReturnSoon -> ValueSome(TimeSpan.FromSeconds 5L)
        | InvalidSpec _
        | NotOurs _
        | LeaveNeedsPd
        | NodeGone _
        | NowhereToMove _
        | NodeOutOfService _ -> ValueSome(TimeSpan.FromMinutes 1L)
        | StepRefused _
        | ClusterAbsent _
        | ClusterPaused
        | ClusterSuspended
        | SiblingsMissing _
        | PdAbsent
        | PdNotAsked
        | ClaimTerminating _
        | ClaimPending _
        | PodPending _
        | PodNotReady _
        | PodTerminating
        | MemberNotJoined
        | MemberUnhealthy
        | StoreNotRegistered
        | DisruptionHeldBy _
        | RegionsRemain _
        | NoNodeFits _
        | QuotaExceeded _
        | StorageClassMissing _
        | ImageUnavailable _
        | ContainerConfigInvalid _
        | ProcessEnded _
        | NodeNotReady _
        | VolumeLost _
        | StoreTombstoned _
        | DiskLost _
        | MemberDiskLost _
        | VolumeClassDiffers _
        | VolumeResizing _
        | VolumeResizeFailed _
        | VolumeExpansionForbidden _
        | VolumeShrinkRefused _
        | VolumeModifying _
        | VolumeModifyFailed _
        | VolumeAttributesClassNotServed _
        | VolumeDeleting _
        | VolumeSpent _
        | VolumeOfUnknownStore _
        | VolumeOfAnotherCluster _
        | CertificateWrong _
        | ClusterUnreadable _
        | StoresStopFirst
        | PdStartsFirst
        | ClaimOfAnotherCluster _
        | TiedToNode _
        | NodeLeft _ -> ValueNone
