/// What is really so, for judges and expectations: never what anybody says of it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Truth

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd

/// A store that PD has a record of, or that runs.
type Store = {
    Id: StoreId
    /// The number of the etcd cluster that it is registered in: 1 for the first ever made.
    Group: int
    State: NodeState
    Destroyed: bool
    /// Its process takes part in raft.
    Lives: bool
    /// `namespace/name` and uid of the Pod whose container runs it; none when none does.
    Pod: string option
    PodUid: string option
    /// Uids of the volumes that hold its data: none when the data is lost.
    Disks: string list
    Address: string
    Version: string
    Peers: int
    Leaders: int
    /// Its peers lag behind their leaders.
    Pending: bool
    /// evict-leader is in force for it.
    Evicting: bool
}

/// Regions that are alike.
type Region = {
    Group: int
    Voters: StoreId list
    /// Voters whose process lives.
    Living: StoreId list
    /// Voters whose data exists somewhere, running or not.
    Copies: StoreId list
    Leader: StoreId voption
    Count: int
    /// A majority of its voters live and reach each other.
    Available: bool
}

type Member = {
    Group: int
    Id: MemberId
    /// Empty between the add and the first start (V P44).
    Name: string
    Lives: bool
    Leads: bool
    Pod: string option
    PodUid: string option
}

let private runOf (proc: Process) (world: World) =
    world.Runs.Values |> Seq.tryFind (fun run -> run.Process = proc)

let private keyOf (run: Run) = View.key run.Pod.Namespace run.Pod.Name

/// Uids of the volumes that a store's data stands on.
let private disksOf cluster store (world: World) =
    let isIt (disk: TikvDisk) = disk.Store = store && Some disk.Cluster = cluster

    let kept =
        world.Disks
        |> Map.toList
        |> List.choose (fun (volume, disk) ->
            match disk with
            | Disk.Tikv disk when isIt disk -> Some volume
            | _ -> None)

    let inUse =
        world.Pd.Tikvs
        |> Map.toList
        |> List.choose (fun (name, one) ->
            match one.Disk with
            | Some disk when isIt disk -> Map.tryFind name world.Mounted
            | _ -> None)

    List.distinct (kept @ inUse)

let private processesOf (group: PdGroup) store (world: World) =
    world.Pd.Tikvs
    |> Map.toList
    |> List.filter (fun (_, one) ->
        one.Group = ValueSome group.Id
        && one.Disk |> Option.map _.Store = Some store
        && (one.State = ProcessState.Running || one.State = ProcessState.Stopping))
    |> List.map fst

/// Every store of every PD cluster, tombstones included.
let stores (world: World) : Store list = [
    for group in world.Pd.Groups.Values do
        for store in group.Cluster.Stores.Values do
            let processes = processesOf group store.Id world
            let run = processes |> List.tryPick (fun name -> runOf (Process.Tikv name) world)

            {
                Id = store.Id
                Group = group.Id
                State = store.NodeState
                Destroyed = store.PhysicallyDestroyed
                Lives = not (List.isEmpty processes)
                Pod = run |> Option.map keyOf
                PodUid = run |> Option.map _.Pod.Uid
                Disks = disksOf group.ClusterId store.Id world
                Address = store.Address
                Version = store.Version
                Peers = Fidelity.peers store.Id group.Cluster
                Leaders = Regions.leaders store.Id group.Cluster.Regions
                Pending = store.CaughtUpAt > world.Now
                Evicting = Set.contains store.Id group.Cluster.Evicting
            }
]

/// Every class of regions of every PD cluster.
let regions (world: World) : Region list = [
    for group in world.Pd.Groups.Values do
        let raft = Leaders.raft world.Pd group

        for KeyValue(one, count) in group.Cluster.Regions ->
            {
                Group = group.Id
                Voters = one.Voters
                Living = one.Voters |> List.filter raft.Lives
                Copies =
                    one.Voters
                    |> List.filter (fun store -> not (List.isEmpty (disksOf group.ClusterId store world)))
                Leader = one.Leader
                Count = count
                Available = Regions.hasMajority raft one
            }
]

/// How many regions cannot be read or written now.
let unavailable (world: World) : int =
    (0, world.Pd.Groups)
    ||> Map.fold (fun sum _ group -> sum + Fidelity.unavailable (Leaders.raft world.Pd group) group.Cluster)

/// Every region has a majority of voters that live and reach each other.
let available (world: World) : bool = unavailable world = 0

let members (world: World) : Member list = [
    for group in world.Pd.Groups.Values do
        let live = Leaders.live world.Pd group
        let leads = if Leaders.serves group then Leaders.leader group else None

        for one in group.Members.Values do
            let run =
                Map.tryFind one.Id live
                |> Option.bind (fun running -> runOf (Process.Pd running.Start.Process) world)

            {
                Group = group.Id
                Id = one.Id
                Name = one.Name
                Lives = Map.containsKey one.Id live
                Leads = leads = Some one.Id
                Pod = run |> Option.map keyOf
                PodUid = run |> Option.map _.Pod.Uid
            }
]

/// PD clusters that were ever made: more than one is a bug of whoever started them (V P47).
let clusters (world: World) : ClusterId list = PdWorld.clusterIds world.Pd

/// Each end of a process of PD or TiKV, latest first: who brought it about, and why.
let deaths (world: World) : Death list = world.Deaths

/// Store ids that two processes run at once (V P19), as they were found.
let runTwice (world: World) : (int64 * string) list = world.Pd.Violations
