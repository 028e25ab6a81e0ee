namespace Tikv.Core.Api

open Tikv.Core

type PDPorts = {
    [<Doc "Clients and PD's HTTP API. Default: 2379.">]
    Client: Port option
    [<Doc "The other members. Default: 2380.">]
    Peer: Port option
}

type PDServer = {
    [<Doc "Ports that the process listens on.">]
    Ports: PDPorts
}

[<RequireQualifiedAccess>]
type ServiceType =
    | ClusterIP
    | NodePort
    | LoadBalancer

[<RequireQualifiedAccess>]
type ExternalTrafficPolicy =
    | Cluster
    | Local

/// How the Service by which clients reach PD is exposed. Clients need every store too: one address of PD is not enough
/// outside of the Pods' network.
type ServiceSettings = {
    [<Doc "ClusterIP, NodePort or LoadBalancer."; Default "ClusterIP">]
    Type: ServiceType
    [<Doc "Annotations to add, such as those that a cloud's load balancer reads."; MaxLength 512>]
    Annotations: Map<string, string>
    [<Doc "NodePort and LoadBalancer: the port on every node. Default: the API server chooses one, and it stays.";
      Minimum 1;
      Maximum 65535>]
    NodePort: int option
    [<Doc "LoadBalancer: whose load balancer it is. It cannot be changed while the type is LoadBalancer.";
      MaxLength 253>]
    LoadBalancerClass: string option
    [<Doc "LoadBalancer: the only client addresses that are let through, as CIDR."; MaxLength 256>]
    LoadBalancerSourceRanges: string list
    [<Doc "NodePort and LoadBalancer: Local keeps the client's address. Default: the API server's, Cluster.">]
    ExternalTrafficPolicy: ExternalTrafficPolicy option
}

/// What an instance of PD is made from.
type PDTemplateSpec = {
    [<Inline>]
    Component: ComponentTemplate
    [<Doc "Settings of the server.">]
    Server: PDServer
}

type PDTemplate = {
    [<Doc "Labels and annotations of the instances (not of their Pods). A change restarts each once.">]
    Metadata: ObjectMetadata
    [<Doc "What each instance is made from."; Required>]
    Spec: PDTemplateSpec
}

[<Doc "Members of PD that are alike.">]
[<Cel("!has(oldSelf.bootstrapped) || !oldSelf.bootstrapped || (has(self.bootstrapped) && self.bootstrapped)",
      "bootstrapped cannot be taken back")>]
[<Cel("(has(oldSelf.bootstrapped) && oldSelf.bootstrapped) || self.replicas == oldSelf.replicas",
      "replicas cannot be changed before the group is bootstrapped")>]
type PDGroupSpec = {
    [<Inline>]
    Group: GroupSettings
    [<Doc "false: a new PD cluster is made of the first members. true: members join the cluster that exists. The operator sets it when PD has answered, and it is never taken back.">]
    Bootstrapped: bool
    [<Doc "The Service by which clients reach PD.">]
    Service: ServiceSettings
    [<Doc "What each instance is made from."; Required>]
    Template: PDTemplate
}

type PDGroupStatus = GroupStatus

[<Doc "One member of PD.">]
type PDSpec = {
    [<Inline>]
    Instance: InstanceSettings
    [<Doc "Names of all members of the first bootstrap. Empty: join the cluster that exists.";
      Immutable;
      MaxLength 100>]
    InitialCluster: string list
    [<Inline>]
    Template: PDTemplateSpec
}

[<RequireQualifiedAccess>]
type PDRole =
    | Leader
    | Follower
    | Learner

type PDStatus = {
    [<Inline>]
    Instance: InstanceStatus
    [<Doc "The member id (decimal).">]
    Id: MemberId option
    [<Doc "Whether it was the leader at the last look.">]
    IsLeader: bool
    [<Doc "What it was among the members at the last look.">]
    Role: PDRole option
}
