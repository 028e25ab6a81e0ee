namespace Tikv.Core.Api

open Tikv.Core

/// What the instances of PD and of TiKV have alike.
type InstanceSettings = {
    [<Doc "The Cluster that the instance belongs to."; Required; Immutable>]
    Cluster: ClusterReference
    [<Doc "The headless Service that gives the Pod its DNS name.";
      Required;
      Immutable;
      MinLength 1;
      MaxLength 63>]
    Subdomain: string
    [<Doc "The instance's number within its group."; Required; Immutable; Minimum 0>]
    Index: int
    [<Doc "Node labels that the Pod is bound to."; Immutable; MaxLength 64>]
    Topology: Map<string, string>
    [<Doc "What becomes of the volume claims after the instance has left the cluster."; Default "Retain">]
    VolumeReclaimPolicy: ReclaimPolicy
    [<Doc "What is done when the node of the instance is to be emptied: see the group."; Default "Move">]
    Drain: DrainPolicy
    [<Doc "Name of an adopted Pod. Default: the name of the instance."; Immutable; MaxLength 253>]
    PodName: string option
    [<Doc "Names of adopted claims, by volume. Default: <volume>-<pod>."; MaxLength 256>]
    VolumeClaimNames: Map<string, string>
}

/// One volume of an instance, as it was last seen.
type VolumeStatus = {
    [<Doc "Name of the volume."; Required; MaxLength 63>]
    Name: string
    [<Doc "Name of its claim."; Required; MaxLength 253>]
    ClaimName: string
    [<Doc "The life of the claim that holds that data; of a volume without, of the claim.">]
    ClaimUid: Uid option
    [<Doc "The size that the volume has.">]
    Capacity: string option
    [<Doc "The store id or member id (decimal) that its data belongs to.">]
    DataOf: string option
}

type InstanceStatus = {
    [<Doc "The generation that this status speaks of.">]
    ObservedGeneration: int64
    [<Doc "The generation of the Cluster that this status speaks of.">]
    ObservedClusterGeneration: int64
    [<Doc "What is true of the instance."; ListMapKey "type">]
    Conditions: Condition list
    [<Doc "The revision that the instance last was ready with.">]
    CurrentRevision: string option
    [<Doc "The revision that the instance is brought to.">]
    UpdateRevision: string option
    [<Doc "The life of the Pod that this status speaks of.">]
    PodUid: Uid option
    [<Doc "The node of the Pod.">]
    NodeName: string option
    [<Doc "The zone of that node.">]
    Zone: string option
    [<Doc "Its volumes."; ListMapKey "name">]
    Volumes: VolumeStatus list
}
