namespace Tikv.Simulator.Pd

open Tikv.Core

/// How a peer takes part in raft.
[<RequireQualifiedAccess; Struct>]
type PeerRole =
    | Voter
    /// Is sent data, and does not vote.
    | Learner
    /// Under joint consensus: a voter of the new configuration only.
    | Incoming
    /// Under joint consensus: a voter of the old configuration only.
    | Outgoing

/// How far the data of a peer is.
[<RequireQualifiedAccess; Struct>]
type PeerData =
    /// Needs a snapshot, which nobody sends yet.
    | Awaits
    /// A snapshot is on its way until then.
    | Receives of From: StoreId * Until: int64
    /// Has its data, and is behind its leader until then (V P27).
    | Has of CaughtUpAt: int64

type Peer = { Store: StoreId; Role: PeerRole; Data: PeerData }

/// One region.
type SingleRegion = {
    Id: uint64
    SizeMiB: int
    /// By store, ascending.
    Peers: Peer list
    Leader: StoreId voption
    /// When it elects; `Int64.MaxValue` while it has a leader, or was found unable to.
    ElectAt: int64
}

/// What PD has told a region to do. Only the leader of PD knows of it (V P31).
type RegionOperator = {
    Adds: StoreId voption
    Removes: StoreId voption
    /// Counts against replica-schedule-limit; otherwise against region-schedule-limit.
    Repairs: bool
    Since: int64
    /// Its next step, or when PD gives it up.
    At: int64
    /// Nothing can be done until something else happens: data that comes, or a leader.
    Waits: bool
}

/// Limits and durations of single regions; times in milliseconds.
type SingleSettings = {
    LeaderScheduleLimit: int
    RegionScheduleLimit: int
    ReplicaScheduleLimit: int
    /// At a time, that a store sends, and that it takes.
    Snapshots: int
    /// A store that has so many peers without data is given no more.
    PendingPeers: int
    /// A snapshot of 96 MiB took 1.5 s (P).
    SnapshotStart: int64
    SnapshotPerMiB: int64
    /// From the end of a snapshot until the peer has caught up.
    Applying: int64
    /// One change of membership or leader of one region.
    Change: int64
    /// An operator that is not done by then is given up (V B1, slow steps).
    OperatorTimeout: int64
    /// A peer that was away for longer needs a snapshot.
    LogKept: int64
    /// A region whose leader died elects after 10-20 s (V P28).
    ElectionLeast: int64
    ElectionMost: int64
    /// Leaders are evicted in batches of so many (V P36) ...
    EvictionBatch: int
    /// ... 150 a second (P).
    EvictionTick: int64
}

[<RequireQualifiedAccess>]
module SingleSettings =
    let defaults: SingleSettings = {
        LeaderScheduleLimit = 4
        RegionScheduleLimit = 2048
        ReplicaScheduleLimit = 64
        Snapshots = 32
        PendingPeers = 64
        SnapshotStart = 540L
        SnapshotPerMiB = 10L
        Applying = 300L
        Change = 100L
        OperatorTimeout = 600_000L
        LogKept = 600_000L
        ElectionLeast = 10_000L
        ElectionMost = 20_000L
        EvictionBatch = 3
        EvictionTick = 20L
    }

/// The regions of a cluster one by one, and what PD does with them: the second level of fidelity, L2 (V B8).
type Singles = {
    Settings: SingleSettings
    Regions: Map<uint64, SingleRegion>
    NextRegion: uint64
    /// At most one a region.
    Operators: Map<uint64, RegionOperator>
    /// When `store limit` lets a store be given its next peer.
    AddFrom: Map<StoreId, int64>
    /// When it lets a store lose its next one.
    RemoveFrom: Map<StoreId, int64>
    /// What regions do next by themselves; `Int64.MaxValue` for nothing.
    RaftAt: int64
    /// What PD does next with them.
    PdAt: int64
}
