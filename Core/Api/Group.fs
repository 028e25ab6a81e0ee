namespace Tikv.Core.Api

open System
open Tikv.Core

type Failover = {
    [<Doc "Replace an instance that is down for good. Default: false.">]
    Enabled: bool
    [<Doc "How long an instance must be down before it is replaced, such as 30m."; Default "30m">]
    DownAfter: TimeSpan
    [<Doc "How many replacements may exist at a time."; Default 3; Minimum 0; Maximum 100>]
    MaxReplacements: int
    [<Doc "Remove the failed instance once its replacement serves. Default: false.">]
    RemoveFailed: bool
}

/// What PD groups and TiKV groups have alike.
type GroupSettings = {
    [<Doc "The Cluster that the group belongs to."; Required; Immutable>]
    Cluster: ClusterReference
    [<Doc "How many instances there should be."; Required; Minimum 0; Maximum 10000>]
    Replicas: int
    [<Doc "How instances are spread over topologies."; ListMapKey "type"; MaxLength 8>]
    SchedulePolicies: SchedulePolicy list
    [<Doc "Seconds that an instance must have been ready before it counts as available.";
      Default 5;
      Minimum 0;
      Maximum 86400>]
    MinReadySeconds: int
    [<Doc "Indexes to leave out: the instances that have them are taken offline, and others make up the number.";
      ListSet;
      MaxLength 1000>]
    OfflineIndexes: int list
    [<Doc "What becomes of the volume claims of an instance that has left the cluster."; Default "Retain">]
    VolumeReclaimPolicy: ReclaimPolicy
    [<Doc "How many instances may be down at a time for a change. More than 1, of TiKV only: stores of one value of PD's isolation-level, while no other store is in trouble; otherwise one at a time.";
      Default 1;
      Minimum 1;
      Maximum 100>]
    MaxUnavailable: int
    [<Doc "What is done about instances whose node is cordoned or marked by an autoscaler. Move: one after another, each after its leaders have moved away. Hold: they stay, and kubectl drain waits. Unmanaged: the same, and the operator keeps no PodDisruptionBudget.";
      Default "Move">]
    Drain: DrainPolicy
    [<Doc "What is done about instances that are down for good.">]
    Failover: Failover
}

/// What is done about a failed instance.
[<RequireQualifiedAccess>]
type FailureStage =
    | Suspected
    | Replacing
    | Retiring

type Failure = {
    [<Doc "The index of the failed instance."; Required; Minimum 0>]
    Index: int
    [<Doc "The life of the failed instance."; Required>]
    Uid: Uid
    [<Doc "Since when it counts as failed (RFC 3339)."; Required>]
    Since: string
    [<Doc "Suspected: PD has not called it down for long enough. Replacing: another one stands in for it. Retiring: it is to go.";
      Required>]
    Stage: FailureStage
    [<Doc "PD: how often it was found down, a tenth of failover.downAfter apart.">]
    Confirmations: int
    [<Doc "PD: when it was found down last (RFC 3339).">]
    ConfirmedAt: string option
}

type GroupStatus = {
    [<Doc "The generation that this status speaks of.">]
    ObservedGeneration: int64
    [<Doc "The generation of the Cluster that this status speaks of.">]
    ObservedClusterGeneration: int64
    [<Doc "What is true of the group."; ListMapKey "type">]
    Conditions: Condition list
    [<Doc "How many instances exist.">]
    Replicas: int
    [<Doc "How many instances are ready.">]
    ReadyReplicas: int
    [<Doc "How many instances have the current revision.">]
    CurrentReplicas: int
    [<Doc "How many instances have the update revision.">]
    UpdatedReplicas: int
    [<Doc "The revision that all instances last had.">]
    CurrentRevision: string option
    [<Doc "The revision that instances are brought to.">]
    UpdateRevision: string option
    [<Doc "How often the hash of a revision collided.">]
    CollisionCount: int
    [<Doc "Label selector of the Pods, for the scale subresource.">]
    Selector: string
    [<Doc "The version that all instances have reached.">]
    Version: string option
    [<Doc "State in one word.">]
    Summary: Summary option
    [<Doc "What keeps the operator from its next disruptive step.">]
    BlockedBy: BlockedBy list
    [<Doc "Instances that are, or are to be, replaced because they are down (failover)."; ListMapKey "index">]
    Failures: Failure list
}
