namespace Tikv.Simulator.World

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd

/// What a machine or controller has to look at again. Each is level-triggered: it reads the world as it is by then.
[<RequireQualifiedAccess>]
type Work =
    /// The scheduler, at a Pod (`namespace/name`).
    | Schedule of Pod: string
    /// A kubelet, at a Pod that it runs, by uid.
    | Kubelet of Uid: string
    /// The volume binder, at a claim (`namespace/name`).
    | Claim of Key: string
    /// The reclaimer, at a volume.
    | Volume of Name: string
    /// The endpoints controller, at a Service (`namespace/name`).
    | Endpoints of Key: string
    /// The node controller, at a node.
    | Node of Name: string
    /// The pod garbage collector, at Pods of a node that may exist no more.
    | Orphans of Node: string
    /// The service account controller, at a namespace.
    | Namespace of Name: string
    /// `kubectl drain` of a node, which goes on until it is empty.
    | Drain of Node: string
    /// The garbage collector, the claim protection, and the controllers of namespaces, definitions and budgets.
    | Garbage

/// What runs in a container, with its name in the model of PD.
[<RequireQualifiedAccess>]
type Process =
    | Pd of Name: string
    | Tikv of Name: string
    /// Anything else: it starts, and is content.
    | Other
    /// None runs.
    | Ended

/// How far a kubelet is with a Pod. Times in milliseconds of the world.
[<RequireQualifiedAccess>]
type Life =
    /// Something is missing: a volume, a ConfigMap. Reason and message, as the Pod's status shows them.
    | Waiting of Reason: string * Message: string
    | Pulling of Until: int64
    /// The image could not be pulled; tried again then, after a back-off of so many milliseconds.
    | PullBackOff of Until: int64 * Wait: int64
    | Starting of Until: int64
    | Running of Since: int64
    | BackingOff of Until: int64
    /// SIGTERM was sent; killed at the latest then.
    | Stopping of Until: int64
    /// Nothing runs, and nothing will.
    | Ended

/// How the last run of a container ended.
type Exit = { Code: int; Reason: string; Message: string; StartedAt: int64; FinishedAt: int64 }

/// A Pod on a machine. It may outlive its object in the API server (a forced deletion).
type Run = {
    Pod: Pod
    Node: string
    Ip: string
    AdmittedAt: int64
    Life: Life
    Process: Process
    Restarts: int
    BackOff: int64
    Exit: Exit voption
    Ready: bool
    /// Has passed its startup probe, where it has one.
    Started: bool
    /// Successive good (positive) or bad (negative) answers to the readiness or startup probe.
    Probes: int
    /// Successive bad answers to the liveness probe.
    Sick: int
    /// `Int64.MaxValue` while probing can tell nothing new: until its process changes.
    NextProbe: int64
    /// When it was probed last.
    ProbedAt: int64
    /// Since when its object has been gone from the API server while nobody could tell its kubelet.
    GoneSince: int64 voption
    /// Its network volumes were detached by force: it can write no more.
    Detached: bool
    /// Why its kubelet evicted it (V K39), or nothing.
    Evicted: string
    /// What the container said and when, newest first.
    Log: (int64 * string) list
}

/// What a kubelet registers its node with.
type NodeShape = {
    Name: string
    Zone: string
    Cpu: string
    Memory: string
    /// Key, value, effect.
    Taints: (string * string * string) list
}

/// What is under a node's name. `Up` is its power; `Connected` is its kubelet's way to the API server.
type Machine = {
    Name: string
    Shape: NodeShape
    Ip: string
    Up: bool
    Connected: bool
    /// Its kubelet runs; containers go on without, but nobody restarts or probes them.
    Kubelet: bool
    /// Never comes back, whatever is done with its power.
    Lost: bool
    /// Open files that a container may have (RLIMIT_NOFILE).
    FileLimit: int
    /// Since when the kubelet has been silent.
    SilentSince: int64 voption
    Images: Set<string>
}

/// What stands on a volume.
[<RequireQualifiedAccess>]
type Disk =
    | Pd of PdDisk
    | Tikv of TikvDisk

/// What is the matter with a volume.
[<RequireQualifiedAccess>]
type Sickness =
    /// Full at this capacity (milli-bytes): a larger one has room again.
    | Full of Capacity: int64
    /// Every access fails.
    | Broken

/// How a container dies as often as it is started.
type Ailment = { Times: int; Code: int; Reason: string; Message: string }

/// Who ended a process.
[<RequireQualifiedAccess>]
type Culprit =
    /// Whoever deleted or evicted the Pod, by field manager: `tikv-operator` is the operator.
    | Client of Manager: string
    /// A controller of Kubernetes, or a kubelet.
    | Cluster
    /// A misfortune of the scenario.
    | Fault
    /// The process exited.
    | Itself

/// The end of a process of PD or TiKV.
type Death = {
    At: int64
    /// `namespace/name`.
    Pod: string
    Uid: string
    Process: Process
    By: Culprit
    Why: string
}

/// What misfortunes are going on among the machines.
type Troubles = {
    /// By `namespace/name` of the Pod.
    Ailing: Map<string, Ailment>
    /// Images that no registry gives out.
    BadImages: Set<string>
    /// By uid of the volume.
    SickDisks: Map<string, Sickness>
    /// Claims (`namespace/name`) whose volumes cannot be attached.
    StuckAttach: Set<string>
    /// Storage classes whose provisioner makes no volumes.
    BrokenProvisioners: Set<string>
    /// Claims (`namespace/name`) that cannot be enlarged.
    BrokenResize: Set<string>
    /// Nodes that somebody drains.
    Drains: Set<string>
}

[<RequireQualifiedAccess>]
module Troubles =
    let none = {
        Ailing = Map.empty
        BadImages = Set.empty
        SickDisks = Map.empty
        StuckAttach = Set.empty
        BrokenProvisioners = Set.empty
        BrokenResize = Set.empty
        Drains = Set.empty
    }

/// Everything there is beside the operators: an API server, the controllers and machines around it, disks, PD and TiKV.
/// A value: every step makes another one.
type World = {
    Seed: uint64
    Timings: Timings
    /// The wall clock at time 0.
    Epoch: DateTimeOffset
    /// Milliseconds since the epoch.
    Now: int64
    Agenda: Agenda<Work>
    /// When each piece of work is due; an entry of the agenda that says another time is void.
    Due: Map<Work, int64>
    Server: ApiServer
    /// The revision up to which the views and controllers have seen the server's changes.
    Seen: int64
    Pods: Map<string, Pod>
    /// Names of Pods by uid.
    PodKeys: Map<string, string>
    Claims: Map<string, Claim>
    Volumes: Map<string, Volume>
    Services: Map<string, Service>
    Nodes: Map<string, Node>
    Classes: Map<string, StorageClass>
    Machines: Map<string, Machine>
    Runs: Map<string, Run>
    Pd: PdWorld
    /// PD and TiKV as the kubelets last looked at them.
    Probed: PdWorld
    Troubles: Troubles
    /// The node on which a Pod comes to stand if it fits there, by the Pod's name.
    Stands: Map<string, string>
    /// Who deleted each Pod that is going, by uid: the field manager of the first request.
    Blamed: Map<string, string>
    /// Latest first.
    Deaths: Death list
    /// What volumes hold, by uid of the PersistentVolume (or of the Pod, for what lasts no longer than it).
    Disks: Map<string, Disk>
    /// By name of process: the volume that it writes to.
    Mounted: Map<string, string>
    NextIp: int
    /// What happened, newest first, until someone takes it.
    Notes: string list
}

[<RequireQualifiedAccess>]
module World =
    let clock (world: World) = world.Epoch.AddMilliseconds(float world.Now)

    let note text (world: World) = { world with Notes = text :: world.Notes }

    let draw (world: World) stream entity counter (delay: Delay) =
        Chance.between world.Seed stream entity counter delay.Least delay.Most

    /// Enters work to be done at a time, unless it is due before anyway.
    let at (time: int64) (work: Work) (world: World) =
        let time = max time world.Now

        match Map.tryFind work world.Due with
        | Some due when due <= time -> world
        | _ -> { world with Agenda = Agenda.add time work world.Agenda; Due = Map.add work time world.Due }

    /// Enters work to be done after a delay drawn for it.
    let after (delay: Delay) stream entity work (world: World) =
        at (world.Now + draw world stream entity world.Now delay) work world

    /// A request to the API server by a component of the cluster, executed at once.
    let request (manager: string) (request: Request) (world: World) : struct (World * Response) =
        let struct (server, response) =
            ApiServer.handle (clock world) { request with FieldManager = manager } world.Server

        struct ((if LanguagePrimitives.PhysicalEquality server world.Server then
                     world
                 else
                     { world with Server = server }),
                response)

    /// The same where the answer does not matter: the component looks again at the next change.
    let send manager request' world =
        let struct (world, _) = request manager request' world
        world

    let troubled change (world: World) = { world with Troubles = change world.Troubles }

    let tryPod key (world: World) =
        match world.Pods.TryGetValue key with
        | true, pod -> ValueSome pod
        | _ -> ValueNone
