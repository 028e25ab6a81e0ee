namespace Tikv.Simulator.Pd

/// Every duration and rate of the model, in milliseconds where nothing else is said. Letters name the reference: P is
/// what a real PD v8.5.7 was seen to do, V what its source says.
type PdTimings = {
    // processes
    /// From the start of a PD process to its first step.
    PdStart: int64
    /// A restarted follower: 0.25-0.5 s until it answers (P).
    PdRestart: int64
    /// 2 members become 3: 0.25 s (P).
    PdJoin: int64
    /// Nobody listens at the address to join: exit after 2.6 s (P 24).
    PdJoinUnreachable: int64
    /// A stopping member exits after 1.5 s (P).
    PdStop: int64
    /// A member that waits for quorum gives up after 5 min (V B1).
    PdWaitForQuorum: int64
    // leadership
    /// One member alone: 0.6-3.1 s (P).
    FirstLeaderOfOne: int64
    /// A static cluster, all members started (P).
    FirstLeaderOfAll: int64
    /// A static cluster, only a majority started (P).
    FirstLeaderOfMajority: int64
    /// 1 member becomes 2: 16-19 s without leader (P).
    LeaderAfterJoinToOne: int64
    /// A transfer, and the call for it, take 0.5 s (P).
    LeaderTransfer: int64
    /// The last part of a transfer, in which no member leads (P 4).
    LeaderTransferGap: int64
    /// SIGTERM of the leader: 0.3-0.7 s (P).
    LeaderAfterStop: int64
    /// SIGKILL of the leader: 12.7-12.9 s (P).
    LeaderAfterCrash: int64
    /// The leader was removed as a member: 11.8 s (P).
    LeaderAfterRemoval: int64
    /// Quorum regained: 1.5-1.9 s (P).
    LeaderAfterQuorum: int64
    /// A leader moved to a member that is stopping: 6 s without (P 21).
    LeaderAfterTransferToStopping: int64
    /// A transfer to a dead member fails after 5 s (P).
    TransferToDead: int64
    /// Lease of the leader (V B1): so long it serves without quorum.
    LeaderLease: int64
    /// Each so often the leader gives way to a member of higher priority (V B1).
    PriorityCheck: int64
    /// A request waits so long for a leader before it is refused (P 4).
    WaitForLeader: int64
    /// A request to etcd without quorum fails after 10 s (P 4).
    EtcdRequest: int64
    /// A member counts as connected when it has been so for 5 s (V B9).
    EtcdHealth: int64
    // stores
    /// From the start of a TiKV process to its registration.
    TikvStart: int64
    /// A starting TiKV asks PD again after 3 s (V P21).
    TikvRetry: int64
    /// ... and exits after so long.
    TikvGiveUp: int64
    /// From registration to the first heartbeat (P 12: Down in between).
    FirstHeartbeat: int64
    Heartbeat: int64
    /// Between the heartbeats of a store whose disk is slow (V P58: late, in bursts).
    SlowHeartbeat: int64
    /// Without heartbeat for longer than this: Disconnected.
    Disconnected: int64
    /// Without heartbeat for longer than this: Down (max-store-down-time; the config of PD starts with it).
    Down: int64
    /// PD writes the time of a heartbeat down so often only, and forgets the later ones with its leader (V P15).
    HeartbeatPersisted: int64
    /// From registration to Serving: the job runs each 10 s (V B1).
    NodeStateJob: int64
    /// From the last region gone to Tombstone: 5.6-6.6 s (P).
    Bury: int64
    /// A store counts as Serving, however empty, after so long (V P02).
    MaxPreparing: int64
    /// Peers of a restarted store are pending for so long (V P27).
    CatchUp: int64
    /// ... and a millisecond more for each so many of its absence, up to the most.
    CatchUpShare: int64
    CatchUpMost: int64
    /// A TiKV that is stopped waits so long for its leaders to leave (V B1).
    TikvStop: int64
    /// ... and looks so often whether they have.
    TikvStopPoll: int64
    // regions
    /// Regions whose leader crashed have none for 10-20 s (V P28).
    RegionElection: int64
    /// Schedulers rest after a change of PD's leader, until the regions have reported (V P31).
    SchedulersCold: int64
    /// ... and at the most so long, where less than 90 % of the regions can report (V B1).
    SchedulersColdMost: int64
    /// Each region reports so often (V B1): until then a new leader of PD tells what it remembers (V P14).
    RegionHeartbeat: int64
    /// Leaders move so often ...
    LeaderTick: int64
    /// ... and so many at a time: 12 in 0.2 s, 502 in 4 s (P).
    LeadersPerTick: int
    /// Leaders that balancing moves at a time.
    BalancedLeadersPerTick: int
    /// Differences between stores that balancing leaves alone (P: 12 leaders become 5 and stay).
    BalanceTolerance: int
    /// Peers per minute that a store takes, or gives for balance (V B1).
    StoreLimit: int
    RegionSizeMiB: int64
    /// Regions one by one (L2); none: by class (L1).
    Single: SingleSettings option
}

[<RequireQualifiedAccess>]
module PdTimings =
    let defaults: PdTimings = {
        PdStart = 60L
        PdRestart = 400L
        PdJoin = 250L
        PdJoinUnreachable = 2_600L
        PdStop = 1_500L
        PdWaitForQuorum = 300_000L
        FirstLeaderOfOne = 1_500L
        FirstLeaderOfAll = 3_700L
        FirstLeaderOfMajority = 5_500L
        LeaderAfterJoinToOne = 17_000L
        LeaderTransfer = 500L
        LeaderTransferGap = 50L
        LeaderAfterStop = 450L
        LeaderAfterCrash = 12_800L
        LeaderAfterRemoval = 11_800L
        LeaderAfterQuorum = 1_700L
        LeaderAfterTransferToStopping = 6_000L
        TransferToDead = 5_000L
        LeaderLease = 5_000L
        PriorityCheck = 60_000L
        WaitForLeader = 3_000L
        EtcdRequest = 10_000L
        EtcdHealth = 5_000L
        TikvStart = 2_000L
        TikvRetry = 3_000L
        TikvGiveUp = 180_000L
        FirstHeartbeat = 500L
        Heartbeat = 10_000L
        SlowHeartbeat = 35_000L
        Disconnected = 20_000L
        Down = 1_800_000L
        HeartbeatPersisted = 300_000L
        NodeStateJob = 10_000L
        Bury = 6_000L
        MaxPreparing = 172_800_000L
        CatchUp = 3_000L
        CatchUpShare = 20L
        CatchUpMost = 60_000L
        TikvStop = 20_000L
        TikvStopPoll = 1_000L
        RegionElection = 12_000L
        SchedulersCold = 60_000L
        SchedulersColdMost = 300_000L
        RegionHeartbeat = 60_000L
        LeaderTick = 200L
        LeadersPerTick = 30
        BalancedLeadersPerTick = 4
        BalanceTolerance = 8
        StoreLimit = 15
        RegionSizeMiB = 96L
        Single = None
    }
