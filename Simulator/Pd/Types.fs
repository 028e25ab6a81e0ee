namespace Tikv.Simulator.Pd

open Tikv.Core
open Tikv.Core.Pd

/// What a PD member has in its data directory. It is the caller's to keep, to lose, or to give to another process.
type PdDisk = {
    /// Which etcd cluster of this world; not PD's cluster id, which its first leader makes.
    Group: int
    Member: MemberId
}

/// What a PD process is told about the others. Looked at with an empty data directory only.
[<RequireQualifiedAccess>]
type PdStart =
    /// `--initial-cluster`: names and peer URLs, its own included.
    | InitialCluster of Members: (string * string) list
    /// `--join`: client URLs.
    | Join of Urls: string list

type PdMemberStart = {
    /// Names the process in this world, such as the Pod's name.
    Process: string
    /// `--name`.
    Name: string
    PeerUrl: string
    ClientUrl: string
    /// Such as `v8.5.7`.
    Version: string
    Start: PdStart
    Disk: PdDisk option
}

/// How a process is ended.
[<RequireQualifiedAccess; Struct>]
type PdStop =
    /// SIGTERM: it exits by itself, a little later.
    | Graceful
    /// SIGKILL, or the end of its node.
    | Kill

/// Where a PD or TiKV process stands.
[<RequireQualifiedAccess>]
type ProcessState =
    /// No port is open yet.
    | Starting
    /// Takes connections and answers none: waits for quorum (it may come), or was removed from the cluster whose
    /// data it holds (it never will, P 23).
    | Hanging
    | Running
    | Stopping
    | Exited of Code: int * Message: string

type PdProcess = {
    Start: PdMemberStart
    State: ProcessState
    /// When the present state began.
    Since: int64
    Disk: PdDisk option
    /// When it does its next step by itself; `Int64.MaxValue` for never.
    NextAt: int64
    /// What it will die of at `NextAt`.
    Doom: string option
    /// Since when the others' etcd can reach it; `Int64.MaxValue` while they cannot.
    LiveSince: int64
    /// Was removed while it led: it finds no leader any more.
    Deposed: bool
}

/// A member as etcd keeps it.
type EtcdMember = {
    Id: MemberId
    /// Empty from the add to the first start.
    Name: string
    PeerUrl: string
    ClientUrls: string list
    Priority: int
    Version: string
}

[<RequireQualifiedAccess>]
type Leadership =
    | Leading of Leader: MemberId * Since: int64
    /// Until `At` the old one leads, but for a short gap at the end.
    | HandingOver of From: MemberId * Since: int64 * To: MemberId * At: int64
    /// Without quorum: serves what needs no etcd until its lease ends.
    | Isolated of Leader: MemberId * Since: int64 * LeaseEnd: int64
    /// `Remembered`: the others still take the lost one for the leader. `ElectionAt`: `Int64.MaxValue` without quorum.
    | Vacant of Remembered: bool * ElectionAt: int64

/// Regions that are alike: the stores that hold a voter, in ascending order, and the one that leads.
[<Struct>]
type RegionClass = { Voters: StoreId list; Leader: StoreId voption }

/// A store as PD keeps it.
type StoreRecord = {
    Id: StoreId
    Address: string
    StatusAddress: string
    Version: string
    Labels: Map<string, string>
    NodeState: NodeState
    PhysicallyDestroyed: bool
    /// Of the process that registered last; unix seconds.
    StartTimestamp: int64
    Capacity: int64
    RegisteredAt: int64
    /// The last heartbeat before `BeatsFrom`.
    LastBeat: int64 voption
    /// Beats each `Heartbeat` from here on; `Int64.MaxValue` while it is silent.
    BeatsFrom: int64
    /// Milliseconds between its heartbeats: more than 20 s when its disk is slow (V P58).
    BeatEach: int64
    /// A point of time at which it beats, were it running.
    BeatPhase: int64
    /// When PD takes it for Down and replaces its peers; `Int64.MaxValue` while it beats, and afterwards.
    DownAt: int64
    /// The next look of the job that makes it Serving, or buries it; `Int64.MaxValue` for none.
    JobAt: int64
    /// Its peers lag until then.
    CaughtUpAt: int64
}

/// What the leader of one etcd cluster keeps.
type PdCluster = {
    Stores: Map<StoreId, StoreRecord>
    NextId: uint64
    /// When the first TiKV registered.
    BootstrappedAt: int64 voption
    Regions: Map<RegionClass, int>
    /// The regions one by one, of which `Regions` are then the classes; none in L1.
    Singles: Singles option
    Evicting: Set<StoreId>
    Replication: Replication
    /// Peers per minute.
    StoreLimit: int
    MaxStoreDownTime: int64
    ClusterVersion: string
    /// Next move of leaders and of peers; `Int64.MaxValue` while nothing is to be moved.
    LeadersAt: int64
    PeersAt: int64
    /// When leaderless regions elect.
    ElectionAt: int64
    /// Schedulers rest until then.
    ColdUntil: int64
    /// The regions as the former leader saw them last: all that the present one tells of, until they have reported.
    Remembered: Map<RegionClass, int>
    /// When they have (V P14).
    ReportedAt: int64
}

/// One etcd cluster, and the PD cluster in it.
type PdGroup = {
    Id: int
    /// The initial cluster that it was made of.
    Initial: (string * string) list
    /// Made by the first leader.
    ClusterId: ClusterId option
    /// In the order in which etcd lists them.
    Members: Map<MemberId, EtcdMember>
    Leadership: Leadership
    /// How many leaders it has had.
    Terms: int
    Cluster: PdCluster
}

/// What a TiKV has on its disk.
type TikvDisk = { Cluster: ClusterId; Store: StoreId }

type TikvStart = {
    Process: string
    /// `--pd`: client URLs, or `host:port`.
    PdUrls: string list
    Address: string
    StatusAddress: string
    /// Without `v`.
    Version: string
    Labels: Map<string, string>
    /// In bytes.
    Capacity: int64
    Disk: TikvDisk option
}

type TikvProcess = {
    Start: TikvStart
    State: ProcessState
    Since: int64
    StartedAt: int64
    Disk: TikvDisk option
    /// The etcd cluster that it registered with.
    Group: int voption
    /// When it does its next step by itself; `Int64.MaxValue` for never.
    NextAt: int64
}

/// All PD and TiKV processes on one network, and what they keep. Times are milliseconds from the start of the world.
type PdWorld = {
    Timings: PdTimings
    Seed: uint64
    /// Unix time of the start of the world, in milliseconds.
    Epoch: int64
    Members: Map<string, PdProcess>
    Tikvs: Map<string, TikvProcess>
    Groups: Map<int, PdGroup>
    /// Which processes stand behind a host name, such as that of a Service.
    Hosts: Map<string, string list>
    /// Ways that nothing passes, from one place to another: places are names of processes up to `@`, and `*` is any.
    Cuts: Set<struct (string * string)>
    /// Places whose disk is slow.
    Slow: Set<string>
    /// What a real cluster would not survive, latest first: the same store run twice.
    Violations: (int64 * string) list
    /// When something happens by itself next; `Int64.MaxValue` for never.
    Next: int64
}

/// What comes back from a request to a member.
[<RequireQualifiedAccess>]
type PdAnswer =
    | Replied of Reply: PdReply * AfterMs: int64
    /// The connection is taken and nothing is ever said.
    | Silent
    /// Nobody listens.
    | Refused
