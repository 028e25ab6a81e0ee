namespace Tikv.Simulator.Pd

open Tikv.Core
open Tikv.Core.Pd

/// A model of PD and TiKV in virtual time: the processes on one network, what each has on its disk, the etcd clusters
/// that they form, and the stores and regions that PD's leaders look after. Pure: the same calls give the same world.
///
/// A caller starts and stops processes, keeps their disks, asks members over HTTP (`PdServer.handle`), and lets time
/// pass: `nextEvent` says when something happens by itself, `advance` makes it happen. A quiet world has no events:
/// heartbeats, states and labels are computed when somebody asks.
///
/// What it leaves out, on purpose:
/// - regions have no keys, and neither merge nor grow hot;
/// - in L1 they are classes of voters, leader and count, and a move of a peer is one step at PD's rate limits: ADR 0013;
/// - placement rules are the one that location labels and isolation level make (V P32);
/// - a PD leader's memory counts as loaded at once, except heartbeat times (V P15), what regions report (V P14) and the
///   schedulers' rest (V P31);
/// - the limits of single stores, weights, and the rest of PD's config are accepted and forgotten;
/// - clocks do not drift, they jump; no TLS, no microservices;
/// - a whole cluster of PD that lost all its disks comes back as a new one, also when one old disk turns up later.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module PdWorld =

    /// `epoch` is the unix time, in milliseconds, of time 0. `seed` goes into the ids of clusters.
    let create (timings: PdTimings) (seed: uint64) (epoch: int64) : PdWorld = {
        Timings = timings
        Seed = seed
        Epoch = epoch
        Members = Map.empty
        Tikvs = Map.empty
        Groups = Map.empty
        Hosts = Map.empty
        Cuts = Set.empty
        Slow = Set.empty
        Violations = []
        Next = Stores.never
    }

    // ---- time

    let private nextOf (world: PdWorld) now =
        let next =
            (Stores.never, world.Members)
            ||> Map.fold (fun next _ (one: PdProcess) -> min next one.NextAt)

        let next = (next, world.Tikvs) ||> Map.fold (fun next _ one -> min next one.NextAt)

        (next, world.Groups)
        ||> Map.fold (fun next _ group -> min next (min (Leaders.due world now group) (Schedulers.due group)))
        // what would have been due by now, had PD been told earlier, happens now: no time is made up for
        |> max now

    /// The very same map where nothing in it changes.
    let private each (change: 'Value -> 'Value) (map: Map<'Key, 'Value>) =
        (map, map)
        ||> Map.fold (fun changed key value ->
            let now = change value
            if LanguagePrimitives.PhysicalEquality now value then changed else Map.add key now changed)

    /// Draws the consequences of a change: to be called after every change of processes or members.
    let settle now (world: PdWorld) : PdWorld =
        let world = { world with Groups = world.Groups |> each (Leaders.settle world now) }
        let world = { world with Members = world.Members |> each (Members.settle now world) }
        { world with Next = nextOf world now }

    let private stepGroup now (world: PdWorld) id =
        let group = Map.find id world.Groups

        let group = Leaders.step world now group
        let group = if Schedulers.due group <= now then Schedulers.step world now group else group

        { world with Groups = Map.add id group world.Groups }

    /// Everything that is due at this very time.
    let private step now (world: PdWorld) =
        let world =
            (world, world.Members)
            ||> Map.fold (fun world name one ->
                if one.NextAt <= now then Members.step now (Map.find name world.Members) world else world)

        let world =
            (world, world.Tikvs)
            ||> Map.fold (fun world _ one -> if one.NextAt <= now then Tikvs.step now one world else world)

        let world = (world, world.Groups |> Map.keys) ||> Seq.fold (stepGroup now)
        settle now world

    /// When something happens by itself next.
    let nextEvent (world: PdWorld) : int64 option =
        if world.Next = Stores.never then None else Some world.Next

    /// Lets everything happen that is due up to `now`, in order.
    let rec advance (now: int64) (world: PdWorld) : PdWorld =
        if world.Next > now then world else advance now (step world.Next world)

    let private after change now world = world |> advance now |> change |> settle now

    // ---- processes

    /// Starts a PD process. One of the same name must have exited; it is forgotten.
    let startMember now (start: PdMemberStart) (world: PdWorld) = after (Members.start now start) now world

    /// Ends a PD process; a graceful one exits later, by itself. Its disk can be had by `memberDisk` afterwards.
    let stopMember now (how: PdStop) (name: string) (world: PdWorld) =
        after (Members.stop now how name) now world

    let memberState (name: string) (world: PdWorld) : ProcessState option =
        Map.tryFind name world.Members |> Option.map (fun (one: PdProcess) -> one.State)

    /// What stands in the data directory of a process, running or exited.
    let memberDisk (name: string) (world: PdWorld) : PdDisk option =
        Map.tryFind name world.Members |> Option.bind (fun (one: PdProcess) -> one.Disk)

    /// Forgets an exited PD process.
    let forgetMember now (name: string) (world: PdWorld) =
        after (fun world -> { world with Members = Map.remove name world.Members }) now world

    /// Starts a TiKV process. One of the same name must have exited; it is forgotten.
    let startStore now (start: TikvStart) (world: PdWorld) = after (Tikvs.start now start) now world

    /// Ends a TiKV process; a graceful one waits for its leaders to leave, and exits by itself.
    let stopStore now (how: PdStop) (name: string) (world: PdWorld) =
        after (Tikvs.stop now how name) now world

    let storeState (name: string) (world: PdWorld) : ProcessState option =
        Map.tryFind name world.Tikvs |> Option.map _.State

    /// What stands on the disk of a TiKV process, running or exited.
    let storeDisk (name: string) (world: PdWorld) : TikvDisk option =
        Map.tryFind name world.Tikvs |> Option.bind _.Disk

    /// Forgets an exited TiKV process.
    let forgetStore now (name: string) (world: PdWorld) =
        after (fun world -> { world with Tikvs = Map.remove name world.Tikvs }) now world

    /// The PD processes behind a host name, such as that of a Service (without port).
    let setHost (host: string) (processes: string list) (world: PdWorld) = {
        world with
            Hosts = Map.add host processes world.Hosts
    }

    /// Whether a PD or TiKV process of that name takes TCP connections, which is all that a TCP probe sees.
    let listens (name: string) (world: PdWorld) : bool =
        match memberState name world, storeState name world with
        | Some(ProcessState.Hanging | ProcessState.Running | ProcessState.Stopping), _
        | _, Some(ProcessState.Running | ProcessState.Stopping) -> true
        | _ -> false

    // ---- fidelity

    /// Regions one by one from now on (L2), or by class again (L1, when there are no settings).
    let atFidelity now (settings: SingleSettings option) (world: PdWorld) =
        let timings = { world.Timings with Single = settings }

        let change (group: PdGroup) =
            let cluster =
                match settings with
                | Some settings -> Fidelity.single settings group.Cluster
                | None -> Fidelity.classes timings now group.Cluster |> Schedulers.toBury timings now

            { group with Cluster = cluster |> Stores.wake timings now }

        after
            (fun world -> {
                world with
                    Timings = timings
                    Groups = world.Groups |> Map.map (fun _ group -> change group)
            })
            now
            world

    // ---- misfortunes

    let private relisten now (world: PdWorld) = {
        world with
            Groups = world.Groups |> Map.map (fun _ group -> Leaders.relisten world now group)
    }

    /// Which ways nothing passes from now on (V P57): from a place to a place, where `*` is any.
    let setCuts now (cuts: Set<struct (string * string)>) (world: PdWorld) =
        after (fun world -> { world with Cuts = cuts } |> relisten now) now world

    let private mapCluster change (world: PdWorld) = {
        world with
            Groups =
                world.Groups
                |> Map.map (fun _ group -> { group with Cluster = change group group.Cluster })
    }

    /// The disk under a TiKV is slow, or is so no longer (V P58).
    let setSlow now (place: string) slow (world: PdWorld) =
        let each = if slow then world.Timings.SlowHeartbeat else world.Timings.Heartbeat

        let isThere (group: PdGroup) (store: StoreRecord) =
            world.Tikvs
            |> Map.exists (fun name one ->
                Network.place name = place
                && one.Group = ValueSome group.Id
                && one.Disk |> Option.map _.Store = Some store.Id)

        after
            (fun world ->
                { world with Slow = if slow then Set.add place world.Slow else Set.remove place world.Slow }
                |> mapCluster (fun group cluster ->
                    {
                        cluster with
                            Stores =
                                cluster.Stores
                                |> Map.map (fun _ store ->
                                    if isThere group store then
                                        Stores.beatEach world.Timings now each store
                                    else
                                        store)
                    }
                    |> Stores.wake world.Timings now))
            now
            world

    /// The clock of the member at that place jumps by so many milliseconds; only a leader's matters (V P60).
    let jumpClock now (place: string) span (world: PdWorld) =
        let leads (group: PdGroup) =
            Leaders.live world group
            |> Map.exists (fun id one ->
                Network.place one.Start.Process = place && Leaders.leader group = Some id)

        after
            (mapCluster (fun group cluster ->
                if leads group then
                    {
                        cluster with
                            Stores =
                                cluster.Stores
                                |> Map.map (fun _ store ->
                                    Stores.jumpClock world.Timings now span cluster store)
                    }
                    |> Stores.wake world.Timings now
                else
                    cluster))
            now
            world

    // ---- the truth, for judges and callers

    /// The PD cluster that a member's disk belongs to; none before its first leader.
    let clusterOf (disk: PdDisk) (world: PdWorld) : ClusterId option =
        Map.tryFind disk.Group world.Groups |> Option.bind _.ClusterId

    /// All PD clusters that were ever made: more than one is a bug of whoever started them.
    let clusterIds (world: PdWorld) : ClusterId list =
        world.Groups |> Map.toList |> List.choose (fun (_, group) -> group.ClusterId)

    let private groupOf cluster (world: PdWorld) =
        world.Groups
        |> Map.toList
        |> List.map snd
        |> List.tryFind (fun group -> group.ClusterId = Some cluster)

    /// Regions that have no majority of living voters.
    let unavailableRegions cluster (world: PdWorld) =
        match groupOf cluster world with
        | Some group -> Fidelity.unavailable (Leaders.raft world group) group.Cluster
        | None -> 0

    let regionCount cluster (world: PdWorld) =
        match groupOf cluster world with
        | Some group -> Regions.count group.Cluster.Regions
        | None -> 0

    /// The workload makes more regions.
    let split now cluster count (world: PdWorld) =
        let change world =
            match groupOf cluster world with
            | Some group ->
                let regions = Regions.split count group.Cluster.Regions

                let changed = {
                    group with
                        Cluster = group.Cluster |> Fidelity.grow now regions |> Stores.wake world.Timings now
                }

                { world with Groups = Map.add group.Id changed world.Groups }
            | None -> world

        after change now world
