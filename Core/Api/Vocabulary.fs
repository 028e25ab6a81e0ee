namespace Tikv.Core.Api

/// Words that stand in status and events, and so are part of the API. A name never changes its meaning.
[<RequireQualifiedAccess>]
module ConditionType =

    /// All kinds: serving for its purpose at this generation. It does not flap during a normal roll.
    let Ready = "Ready"

    /// Cluster: PD has quorum, and every region a quorum of live replicas, as far as PD knows.
    let Available = "Available"

    /// All kinds: every owned object has the current revision.
    let Synced = "Synced"

    /// Cluster and groups: work is in progress.
    let Progressing = "Progressing"

    /// All kinds, only while true (kstatus): work is in progress.
    let Reconciling = "Reconciling"

    /// All kinds, only while true (kstatus): it cannot go on without a person or a fix.
    let Stalled = "Stalled"

    /// Cluster and groups: serving, with less safety than wanted.
    let Degraded = "Degraded"

    let Paused = "Paused"
    let Suspended = "Suspended"

    /// Cluster: instances are spread so that the loss of one domain is survived.
    let TopologySafe = "TopologySafe"

    /// Cluster, only while true: PD lists members or stores that no instance of ours stands for.
    let Unmanaged = "Unmanaged"

    /// Instances: the process runs.
    let Running = "Running"

    /// PD: joined, and its member id is known.
    let Initialized = "Initialized"

    /// TiKV: no leaders, and PD lets none come.
    let LeadersEvicted = "LeadersEvicted"

    /// TiKV: the store is a tombstone; it is safe to delete.
    let Offlined = "Offlined"

    let VolumesReady = "VolumesReady"

    /// With TLS: the Secrets that are needed exist, and their certificates are valid.
    let CertificatesValid = "CertificatesValid"
    let TopologySatisfied = "TopologySatisfied"

    let all = [
        Ready
        Available
        Synced
        Progressing
        Reconciling
        Stalled
        Degraded
        Paused
        Suspended
        TopologySafe
        Unmanaged
        Running
        Initialized
        LeadersEvicted
        Offlined
        VolumesReady
        CertificatesValid
        TopologySatisfied
    ]

/// `reason` of a condition. One of a wait is the code of the layer's `Reason`; these are the others.
[<RequireQualifiedAccess>]
module ConditionReason =
    // Ready
    let Ready = "Ready"
    let NotBootstrapped = "NotBootstrapped"
    let QuorumLost = "QuorumLost"
    let InstancesNotReady = "InstancesNotReady"
    let StoreNotServing = "StoreNotServing"
    let PodNotReady = "PodNotReady"
    let PodPending = "PodPending"
    let PodNotCreated = "PodNotCreated"
    let PodTerminating = "PodTerminating"
    let PodNotRunning = "PodNotRunning"
    let InstanceNotHealthy = "InstanceNotHealthy"
    let Suspended = "Suspended"
    let Deleting = "Deleting"
    // Available
    let AllRegionsServing = "AllRegionsServing"
    let PDQuorumLost = "PDQuorumLost"
    let RegionsWithoutQuorum = "RegionsWithoutQuorum"
    let Unknown = "Unknown"
    // Synced
    let AllUpToDate = "AllUpToDate"
    let RollingUpdate = "RollingUpdate"
    let ScalingOut = "ScalingOut"
    let ScalingIn = "ScalingIn"
    let Replacing = "Replacing"
    let VolumeResizing = "VolumeResizing"
    let HeldForApproval = "HeldForApproval"
    let Paused = "Paused"
    let PodNotUpToDate = "PodNotUpToDate"
    let PodNotDeleted = "PodNotDeleted"
    // Reconciling, Progressing
    let Creating = "Creating"
    let Evicting = "Evicting"
    let Waiting = "Waiting"
    let ClusterCreation = "ClusterCreation"
    let ClusterDeletion = "ClusterDeletion"
    // Stalled
    let InvalidSpec = "InvalidSpec"
    let GateBlocked = "GateBlocked"
    let ProgressDeadlineExceeded = "ProgressDeadlineExceeded"
    let ConflictingOwner = "ConflictingOwner"
    let PermissionDenied = "PermissionDenied"
    let ImagePullFailed = "ImagePullFailed"
    let UnsafeOperationRefused = "UnsafeOperationRefused"
    let UnsupportedVersionPath = "UnsupportedVersionPath"
    // Degraded
    let StoreDown = "StoreDown"
    let UnderReplicated = "UnderReplicated"
    let PDMemberDown = "PDMemberDown"
    let ZoneImbalance = "ZoneImbalance"
    let CertificateExpiring = "CertificateExpiring"
    let DiskAlmostFull = "DiskAlmostFull"
    // Unmanaged
    let NoInstance = "NoInstance"
    // Paused, Suspended
    let UserRequested = "UserRequested"
    let PendingChanges = "PendingChanges"
    let NoPendingChanges = "NoPendingChanges"
    let Suspending = "Suspending"
    let Unsuspended = "Unsuspended"
    let Resuming = "Resuming"
    // Running
    let Running = "Running"
    // Initialized
    let Initialized = "Initialized"
    let Uninitialized = "Uninitialized"
    let Unavailable = "Unavailable"
    // LeadersEvicted
    let NotEvicted = "NotEvicted"
    let Evicted = "Evicted"
    let StoreNotFound = "StoreNotFound"
    // Offlined
    let Processing = "Processing"
    let Cancelling = "Cancelling"
    let Completed = "Completed"
    let Failed = "Failed"
    // VolumesReady, CertificatesValid, TopologySatisfied, TopologySafe
    let Bound = "Bound"
    let Resizing = "Resizing"
    let Expiring = "Expiring"
    let Missing = "Missing"
    let Valid = "Valid"
    let Satisfied = "Satisfied"
    let InsufficientDomains = "InsufficientDomains"
