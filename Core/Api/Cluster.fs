namespace Tikv.Core.Api

open Tikv.Core

type SuspendAction = {
    [<Doc "Delete all Pods; claims, members and stores stay. Default: false.">]
    SuspendCompute: bool
}

type TlsCluster = {
    [<Doc "Mutual TLS between all components. Default: false.">]
    Enabled: bool
}

[<RequireQualifiedAccess>]
type UpgradePolicy =
    | Default
    | NoConstraints

/// What can be turned on for one cluster; what each does stands in `Features`.
[<RequireQualifiedAccess>]
type Feature =
    /// Lets the other feature gates be changed after creation.
    | FeatureModification
    | VolumeAttributesClass
    | DisablePDDefaultReadinessProbe
    | UsePDReadyAPI
    | UseTiKVReadyAPI

type FeatureGate = {
    [<Doc "Name of the feature that is turned on."; Required; MaxLength 63>]
    Name: Feature
}

[<RequireQualifiedAccess>]
type DnsMode =
    | FQDN
    | InCluster
    | Legacy

type Dns = {
    [<Doc "Form of the names by which components reach each other. InCluster: <pod>.<service>.<namespace>. FQDN: the same with .svc.<clusterDomain>. Legacy: the same with .svc, as TikvCluster had it.">]
    [<Default "InCluster">]
    Mode: DnsMode
    [<Doc "Domain of the Kubernetes cluster, for FQDN."; Default "cluster.local"; MaxLength 253>]
    [<Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "a DNS-1123 subdomain")>]
    ClusterDomain: string
}

type ClientTls = {
    [<Doc "Secret with the certificate authority in ca.crt. Default: <cluster>-cluster-client-secret.">]
    Ca: SecretReference option
    [<Doc "Secret with tls.crt and tls.key. Default: <cluster>-cluster-client-secret.">]
    CertKeyPair: SecretReference option
    [<Doc "Do not check the certificates of PD and TiKV. Default: false.">]
    InsecureSkipTLSVerify: bool
}

type ClusterTls = {
    [<Doc "The operator's own certificate, as a client of PD and TiKV.">]
    Client: ClientTls option
}

type ClusterSecurity = {
    [<Doc "Where certificates are, when tlsCluster is enabled.">]
    Tls: ClusterTls
}

[<Doc "What is common to all components of one TiKV cluster.">]
[<Cel("!(has(oldSelf.featureGates) && oldSelf.featureGates.exists(f, f.name == 'FeatureModification')) || (has(self.featureGates) && self.featureGates.exists(f, f.name == 'FeatureModification'))",
      "FeatureModification cannot be turned off")>]
[<Cel("(has(oldSelf.featureGates) && oldSelf.featureGates.exists(f, f.name == 'FeatureModification')) || ((!has(self.featureGates) || self.featureGates.all(n, n.name == 'FeatureModification' || (has(oldSelf.featureGates) && oldSelf.featureGates.exists(o, o.name == n.name)))) && (!has(oldSelf.featureGates) || oldSelf.featureGates.all(o, has(self.featureGates) && self.featureGates.exists(n, n.name == o.name))))",
      "feature gates change after creation only once FeatureModification is on")>]
[<Cel("has(oldSelf.tlsCluster) == has(self.tlsCluster)",
      "tlsCluster cannot be added or taken away after creation")>]
type ClusterSpec = {
    [<Doc "Whether the cluster is put to sleep.">]
    SuspendAction: SuspendAction
    [<Doc "TLS between components. It can be neither added, changed nor taken away after creation."; Immutable>]
    TlsCluster: TlsCluster option
    [<Doc "Default: PD is upgraded before TiKV. NoConstraints: all at once."; Default "Default">]
    UpgradePolicy: UpgradePolicy
    [<Doc "Change nothing, only report. Default: false.">]
    Paused: bool
    [<Doc "How many past revisions each group keeps."; Default 10; Minimum 0; Maximum 1000>]
    RevisionHistoryLimit: int
    [<Doc "Features that are turned on. After creation they change only with FeatureModification.";
      ListMapKey "name";
      MaxLength 64>]
    FeatureGates: FeatureGate list
    [<Doc "How names of instances are resolved.">]
    Dns: Dns
    [<Doc "Certificates of the operator.">]
    Security: ClusterSecurity
    [<Doc "What becomes of the volume claims when the Cluster is deleted."; Default "Retain">]
    DeletionPolicy: ReclaimPolicy
}

[<RequireQualifiedAccess>]
type Component =
    | PD
    | TiKV

type ComponentStatus = {
    [<Doc "PD or TiKV."; Required>]
    Kind: Component
    [<Doc "How many instances are wanted."; Minimum 0>]
    Replicas: int
    [<Doc "How many of them are ready."; Minimum 0>]
    ReadyReplicas: int
    [<Doc "Ready and wanted, as 3/3."; MaxLength 63>]
    Summary: string
}

[<RequireQualifiedAccess>]
type FeatureStage =
    | ALPHA
    | BETA
    | STABLE

type FeatureGateStatus = {
    [<Doc "Name of the feature that is in effect."; Required>]
    Name: Feature
    [<Doc "How settled the feature is."; Required>]
    Stage: FeatureStage
}

/// Stores that share no region: those with one value of a label.
type DisruptionDomain = {
    [<Doc "The label by which PD keeps replicas apart, its isolation-level."; Required; MaxLength 253>]
    Label: string
    [<Doc "The value that the stores have; those of wider labels stand before it, as eu,a.";
      Required;
      MaxLength 1024>]
    Value: string
}

/// An instance that is taken down together with another one.
type DisruptionHolder = {
    [<Doc "Kind of the instance: PD or TiKV."; Required>]
    Kind: Component
    [<Doc "Name of the instance."; Required; MaxLength 253>]
    Name: string
    [<Doc "The life of the instance that is meant."; Required; MaxLength 253>]
    Uid: Uid
    [<Doc "Since when (RFC 3339)."; Required>]
    Since: string
}

/// One healthy process is being taken down on purpose; while this stands, no other is, but of the same failure domain.
type Disruption = {
    [<Doc "Kind of the instance: PD or TiKV."; Required>]
    Kind: Component
    [<Doc "Name of the instance."; Required; MaxLength 253>]
    Name: string
    [<Doc "The life of the instance that is meant."; Required; MaxLength 253>]
    Uid: Uid
    [<Doc "Why, in one CamelCase word."; Required; MaxLength 1024>]
    Reason: string
    [<Doc "Since when (RFC 3339)."; Required>]
    Since: string
    [<Doc "What the stores have in common, while several are taken down together.">]
    Domain: DisruptionDomain option
    [<Doc "Instances of the same group and domain that are taken down together with it (maxUnavailable).";
      ListMapKey "name";
      MaxLength 100>]
    Others: DisruptionHolder list
}

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Disruption =
    /// All that are being taken down, the first one first.
    let holders (held: Disruption) : DisruptionHolder list =
        { Kind = held.Kind; Name = held.Name; Uid = held.Uid; Since = held.Since }
        :: held.Others

    /// None of them while there is no disruption.
    let allHolders (held: Disruption option) = held |> Option.map holders |> Option.defaultValue []

    let tryHolder uid held = holders held |> List.tryFind (fun one -> one.Uid = uid)

    let isHeldBy uid held = allHolders held |> List.exists (fun one -> one.Uid = uid)

    /// What is left of it when some have given it back; none when all have.
    let without isGone (held: Disruption) =
        match holders held |> List.filter (fun one -> not (isGone one.Uid)) with
        | [] -> None
        | first :: others ->
            Some {
                held with
                    Kind = first.Kind
                    Name = first.Name
                    Uid = first.Uid
                    Since = first.Since
                    Domain = if others.IsEmpty then None else held.Domain
                    Others = others
            }

/// The state of a cluster or a group in one word.
[<RequireQualifiedAccess>]
type Summary =
    | Creating
    | Healthy
    | Rolling
    | Scaling
    | Degraded
    | Paused
    | Suspended
    | Blocked
    | Unavailable
    | Invalid
    | Deleting

/// A member or a store that PD lists and no instance of the cluster stands for.
type UnmanagedPart = {
    [<Doc "PD for a member, TiKV for a store."; Required>]
    Kind: Component
    [<Doc "The id that PD gave (decimal)."; Required; MaxLength 20>]
    Id: string
    [<Doc "Where it listens, as PD has it."; MaxLength 1024>]
    Address: string
}

type ClusterStatus = {
    [<Doc "The generation that this status speaks of.">]
    ObservedGeneration: int64
    [<Doc "What is true of the cluster."; ListMapKey "type">]
    Conditions: Condition list
    [<Doc "The cluster id that PD gave (decimal). Recorded once, never replaced.">]
    Id: ClusterId option
    [<Doc "URL of PD.">]
    Pd: string option
    [<Doc "The version that all components have reached.">]
    Version: string option
    [<Doc "How many instances of each component there are."; ListMapKey "kind">]
    Components: ComponentStatus list
    [<Doc "State in one word.">]
    Summary: Summary option
    [<Doc "What keeps the operator from its next disruptive step.">]
    BlockedBy: BlockedBy list
    [<Doc "The healthy process that is being taken down on purpose.">]
    Disruption: Disruption option
    [<Doc "Features that are in effect."; ListMapKey "name">]
    FeatureGates: FeatureGateStatus list
    [<Doc "Stores that are up, of those that PD knows, as 3/3.">]
    StoresUp: string option
    [<Doc "Members and stores that PD lists and no instance of the cluster stands for, the first hundred of them. The operator leaves them alone.";
      MaxLength 100>]
    Unmanaged: UnmanagedPart list
    [<Doc "Regions without all their peers.">]
    RegionsUnhealthy: int64 option
    [<Doc "Components that the suspension has stopped, and that start again only after those they need. PD stops once TiKV is here.">]
    Stopped: Component list
}
