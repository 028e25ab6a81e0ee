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
    /// The service account controller, at a namespace.
    | Namespace of Name: string
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
    NextProbe: int64
    /// What the container said and when, newest first.
    Log: (int64 * string) list
}

/// What is under a node's name. `Up` is its power; `Connected` is its kubelet's way to the API server.
type Machine = {
    Name: string
    Up: bool
    Connected: bool
    /// Since when the kubelet has been silent.
    SilentSince: int64 voption
    Images: Set<string>
}

/// What stands on a volume.
[<RequireQualifiedAccess>]
type Disk =
    | Pd of PdDisk
    | Tikv of TikvDisk

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

    let tryPod key (world: World) =
        match world.Pods.TryGetValue key with
        | true, pod -> ValueSome pod
        | _ -> ValueNone
