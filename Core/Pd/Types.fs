namespace Tikv.Core.Pd

open Tikv.Core

/// A member of PD's etcd, as another member lists it.
type Member = {
    Id: MemberId
    /// Empty for a half-joined one (added, never started): it can be removed by id only.
    Name: string
    PeerUrls: string list
    /// Empty while the member has never been seen.
    ClientUrls: string list
    LeaderPriority: int
    /// Such as `v8.5.7`; empty while the member has never been seen.
    Version: string
}

/// The answer to `GetMembers`: fresh from etcd, hence the truth about membership.
type Members = {
    ClusterId: ClusterId
    Members: Member list
    /// The member that serves PD's API.
    Leader: Member option
    EtcdLeader: Member option
}

/// One line of the answer to `GetHealth`, which each member gives by itself, without a leader.
type MemberHealth = {
    Id: MemberId
    Name: string
    ClientUrls: string list
    /// Says no more than that the member's HTTP port answered: also of removed ones, also without quorum (P 2).
    Health: bool
}

/// The answer to `GetCluster`; it needs no TiKV.
type ClusterSummary = { Id: ClusterId; MaxReplicas: int }

/// The older of the two states that PD keeps of a store.
[<RequireQualifiedAccess; Struct>]
type StoreState =
    | Up
    | Offline
    | Tombstone

/// The newer of the two: Preparing and Serving are Up, Removing is Offline, Removed is Tombstone.
[<RequireQualifiedAccess; Struct>]
type NodeState =
    | Preparing
    | Serving
    | Removing
    | Removed

/// A TiKV store, as PD's leader sees it. Counts are as old as the heartbeats that brought them.
type Store = {
    Id: StoreId
    /// `host:port` that clients and other stores use.
    Address: string
    PeerAddress: string
    /// `host:port` of TiKV's own HTTP server.
    StatusAddress: string
    /// Without a leading `v`.
    Version: string
    StoreState: StoreState
    NodeState: NodeState
    /// `Up`, `Disconnected`, `Down`, `Offline` or `Tombstone`. A store that has not sent a heartbeat yet is `Down`
    /// (P 12); an Offline one is never shown as `Disconnected` or `Down` (P 13).
    StateName: string
    /// Unix time in nanoseconds; none before the first heartbeat.
    LastHeartbeat: int64 option
    /// When the process started: unix time in seconds.
    StartTimestamp: int64
    Labels: Map<string, string>
    Leaders: int
    Regions: int
    /// In MiB, as all region sizes of PD.
    RegionSize: int64
    PendingPeers: int
    /// In bytes, of four significant digits.
    Capacity: int64
    Available: int64
    /// Removed by force: PD will never take it back.
    PhysicallyDestroyed: bool
}

/// PD's replication settings, of those that matter to us.
type Replication = {
    MaxReplicas: int
    LocationLabels: string list
    /// Empty for none.
    IsolationLevel: string
    StrictlyMatchLabel: bool
    EnablePlacementRules: bool
}

/// The stores that are listed in the evict-leader scheduler, ours and others'.
type EvictLeaders = Set<StoreId>
