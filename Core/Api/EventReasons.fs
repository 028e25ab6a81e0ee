namespace Tikv.Core.Api

/// `reason` of an event.
[<RequireQualifiedAccess>]
module EventReason =
    // Normal
    let ClusterBootstrapped = "ClusterBootstrapped"
    let InstanceCreated = "InstanceCreated"
    let InstanceReady = "InstanceReady"
    let InstanceDeleted = "InstanceDeleted"
    let RollingUpdateStarted = "RollingUpdateStarted"
    let RollingUpdateCompleted = "RollingUpdateCompleted"
    let PodRestarting = "PodRestarting"
    let LeaderEvictionStarted = "LeaderEvictionStarted"
    let LeaderEvictionCompleted = "LeaderEvictionCompleted"
    let StoreOfflineStarted = "StoreOfflineStarted"
    let StoreTombstoned = "StoreTombstoned"
    let ScaleOutStarted = "ScaleOutStarted"
    let ScaleOutCompleted = "ScaleOutCompleted"
    let ScaleInStarted = "ScaleInStarted"
    let ScaleInCompleted = "ScaleInCompleted"
    let PDMemberAdded = "PDMemberAdded"
    let PDMemberRemoved = "PDMemberRemoved"
    let PDLeaderTransferred = "PDLeaderTransferred"
    let VolumeExpanding = "VolumeExpanding"
    let VolumeExpanded = "VolumeExpanded"
    let Paused = "Paused"
    let Resumed = "Resumed"
    let Suspended = "Suspended"
    let ChangesHeld = "ChangesHeld"
    let ChangesReleased = "ChangesReleased"
    let GateCleared = "GateCleared"
    let LeaderElected = "LeaderElected"
    let FailoverStarted = "FailoverStarted"
    let FailoverEnded = "FailoverEnded"
    let FailedInstanceRetired = "FailedInstanceRetired"
    // Warning
    let GateBlocked = "GateBlocked"
    let ProgressDeadlineExceeded = "ProgressDeadlineExceeded"
    let UnsafeScaleInRefused = "UnsafeScaleInRefused"
    let UnsafeDeleteRefused = "UnsafeDeleteRefused"
    let QuorumAtRisk = "QuorumAtRisk"
    let RegionsWithoutQuorum = "RegionsWithoutQuorum"
    let StoreDown = "StoreDown"
    let StoreDisconnected = "StoreDisconnected"
    let PDUnreachable = "PDUnreachable"
    let InvalidSpec = "InvalidSpec"
    let UnknownConfigKey = "UnknownConfigKey"
    let ImagePullFailed = "ImagePullFailed"
    let PodUnschedulable = "PodUnschedulable"
    let ConflictingFieldManager = "ConflictingFieldManager"
    let CertificateExpiring = "CertificateExpiring"
    let UnsupportedVersionPath = "UnsupportedVersionPath"
    let GateOverridden = "GateOverridden"
    let ReconcileError = "ReconcileError"
    let PDMemberDown = "PDMemberDown"
    let CertificateInvalid = "CertificateInvalid"

    /// Of type Warning; all others are Normal.
    let warnings =
        Set.ofList [
            GateBlocked
            ProgressDeadlineExceeded
            UnsafeScaleInRefused
            UnsafeDeleteRefused
            QuorumAtRisk
            RegionsWithoutQuorum
            StoreDown
            StoreDisconnected
            PDUnreachable
            InvalidSpec
            UnknownConfigKey
            ImagePullFailed
            PodUnschedulable
            ConflictingFieldManager
            CertificateExpiring
            UnsupportedVersionPath
            GateOverridden
            ReconcileError
            PDMemberDown
            CertificateInvalid
        ]
