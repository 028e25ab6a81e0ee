namespace Tikv.Core.Api

open System
open Tikv.Core
open Tikv.Core.Kubernetes

/// One object of ours: what is wanted, and what was seen.
type Object<'Spec, 'Status> = { Meta: Meta; Spec: 'Spec; Status: 'Status }

type ClusterReference = {
    [<Doc "Name of the Cluster, in the same namespace."; Required; MaxLength 37>]
    [<Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "a DNS-1123 subdomain")>]
    Name: string
}

type SecretReference = {
    [<Doc "Name of the Secret, in the same namespace."; Required; MinLength 1; MaxLength 253>]
    Name: string
}

type Port = {
    [<Doc "TCP port."; Required; Minimum 1; Maximum 65535>]
    Port: int
}

type Resources = {
    [<Doc "CPU, both request and limit, such as 500m or 4.">]
    Cpu: Quantity option
    [<Doc "Memory, both request and limit, such as 8Gi.">]
    Memory: Quantity option
}

[<Doc "Where a volume is seen in the container.">]
type VolumeMount = {
    [<Doc "What is kept there. The data of the component has the type data and a path of its own; another type needs mountPath.">]
    [<Required; MinLength 1; MaxLength 63>]
    Type: string
    [<Doc "Path in the container. Default for the type data: /var/lib/pd or /var/lib/tikv.";
      MinLength 1;
      MaxLength 4096>]
    MountPath: string option
    [<Doc "Path within the volume. Default: its root."; MaxLength 4096>]
    SubPath: string option
}

[<Doc "One persistent volume of each instance; its claim is <name>-<pod>.">]
[<Cel("!has(oldSelf.volumeAttributesClassName) || has(self.volumeAttributesClassName)",
      "volumeAttributesClassName can be changed, not taken away")>]
type Volume = {
    [<Doc "Name of the volume; data is the one that holds the component's data."; Required; MaxLength 63>]
    [<Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a DNS-1123 label")>]
    Name: string
    [<Doc "Where it is mounted. Default: once, with the type data.">]
    Mounts: VolumeMount list
    [<Doc "Size. It may grow, where the storage class allows it; it never shrinks."; Required>]
    Storage: Quantity
    [<Doc "Storage class. Default: that of the Kubernetes cluster."; MaxLength 253>]
    StorageClassName: string option
    [<Doc "VolumeAttributesClass, where the API server has that kind."; MaxLength 253>]
    VolumeAttributesClassName: string option
}

type ObjectMetadata = {
    [<Doc "Labels to add."; MaxLength 512>]
    Labels: Map<string, string>
    [<Doc "Annotations to add."; MaxLength 512>]
    Annotations: Map<string, string>
}

type PodOverlay = {
    [<Doc "Labels and annotations to add to the Pod.">]
    Metadata: ObjectMetadata
    [<Doc "A part of a v1 PodSpec, merged upon the Pod that the operator makes: lists by their keys, as in a strategic merge patch.">]
    Spec: Json option
}

type VolumeClaimTemplate = {
    [<Doc "Labels and annotations to add to the claim.">]
    Metadata: ObjectMetadata
}

type VolumeClaimOverlay = {
    [<Doc "Name of one of the volumes."; Required; MaxLength 63>]
    Name: string
    [<Doc "What to add to its PersistentVolumeClaim.">]
    VolumeClaim: VolumeClaimTemplate
}

[<Doc "What to add to, or to change in, the objects that the operator makes.">]
type Overlay = {
    [<Doc "Changes to the Pod.">]
    Pod: PodOverlay option
    [<Doc "Changes to the PersistentVolumeClaims."; ListMapKey "name"; MaxLength 256>]
    VolumeClaims: VolumeClaimOverlay list
}

[<RequireQualifiedAccess>]
type SchedulePolicyType = | EvenlySpread

type TopologyShare = {
    [<Doc "Node labels that an instance in this topology is bound to."; Required; MinLength 1; MaxLength 64>]
    Topology: Map<string, string>
    [<Doc "Share of the instances, in proportion to the other topologies."; Default 1; Minimum 1; Maximum 1000>]
    Weight: int
}

type EvenlySpread = {
    [<Doc "The topologies to spread over."; Required; MinLength 1; MaxLength 256>]
    Topologies: TopologyShare list
}

type SchedulePolicy = {
    [<Doc "EvenlySpread: every topology gets its share of the instances."; Required>]
    Type: SchedulePolicyType
    [<Doc "For the type EvenlySpread.">]
    EvenlySpread: EvenlySpread option
}

[<RequireQualifiedAccess>]
type ConfigUpdate =
    | Restart
    | HotReload

type UpdateStrategy = {
    [<Doc "How a change of config reaches a running process. Restart (the default): one instance after another. HotReload: by the component's own API, where it can; else by restart.">]
    Config: ConfigUpdate option
}

type TlsPair = {
    [<Doc "Secret with the certificate authority in ca.crt. Default: <group>-<component>-cluster-secret.">]
    Ca: SecretReference option
    [<Doc "Secret with tls.crt and tls.key. Default: <group>-<component>-cluster-secret.">]
    CertKeyPair: SecretReference option
}

type ComponentTls = {
    [<Doc "Certificates for the traffic between components.">]
    Cluster: TlsPair option
}

type ComponentSecurity = {
    [<Doc "Where the certificates are, when the cluster has TLS.">]
    Tls: ComponentTls
}

/// What PD and TiKV have alike in the template of an instance. No field has a default in the schema: a revision is
/// hashed from what was given, and a new default must not restart anybody.
type ComponentTemplate = {
    [<Doc "Version, such as v8.5.2."; Required; MaxLength 64>]
    [<Pattern("^v?(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$",
              "a semantic version, with or without v before it, such as v8.5.2")>]
    Version: string
    [<Doc "Container image. Without a tag or digest, version is the tag. Default: pingcap/pd or pingcap/tikv.";
      MinLength 1;
      MaxLength 1024>]
    Image: string option
    [<Doc "Resources of the container.">]
    Resources: Resources
    [<Doc "How changes are carried out.">]
    UpdateStrategy: UpdateStrategy
    [<Doc "Configuration file of the component (TOML). Keys that the operator manages are refused.";
      MaxLength 262144>]
    Config: string option
    [<Doc "Certificates of the component.">]
    Security: ComponentSecurity
    [<Doc "Persistent volumes; one has the name data.";
      Required;
      ListMapKey "name";
      MinLength 1;
      MaxLength 256>]
    [<Cel("self.exists(v, v.name == 'data')", "one volume must have the name data")>]
    Volumes: Volume list
    [<Doc "What to add to, or to change in, the Pod and the volume claims.">]
    Overlay: Overlay option
}

[<RequireQualifiedAccess>]
type ReclaimPolicy =
    | Retain
    | Delete

/// What is done about an instance whose node is to be emptied: it is cordoned, or an autoscaler has marked it.
[<RequireQualifiedAccess>]
type DrainPolicy =
    | Move
    | Hold
    | Unmanaged

/// What keeps a disruption from being carried out.
type BlockedBy = {
    [<Doc "Name of the gate, such as all-stores-up."; Required; MaxLength 63>]
    Gate: string
    [<Doc "The object that waits, as kind/name."; MaxLength 316>]
    Object: string
    [<Doc "Since when (RFC 3339).">]
    Since: string
    [<Doc "What is missing, in words."; MaxLength 32768>]
    Message: string
    [<Doc "When it is looked at again (RFC 3339).">]
    RetryAt: string option
    [<Doc "The annotation that would override the gate, if it may be overridden."; MaxLength 1024>]
    Override: string option
}
