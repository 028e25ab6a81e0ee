namespace Tikv.Simulator.Pd

open Tikv.Core
open Tikv.Core.Pd

/// The life of TiKV processes, and what their coming and going does to regions: V B3, P17-P21, P28, P34.
[<RequireQualifiedAccess>]
module Tikvs =

    let private never = Stores.never

    let private put (one: TikvProcess) (world: PdWorld) = {
        world with
            Tikvs = Map.add one.Start.Process one world.Tikvs
    }

    let private putGroup (group: PdGroup) (world: PdWorld) = {
        world with
            Groups = Map.add group.Id group world.Groups
    }

    let private exits now code message (one: TikvProcess) = {
        one with
            State = ProcessState.Exited(code, message)
            Since = now
            NextAt = never
    }

    let start now (start: TikvStart) (world: PdWorld) =
        put
            {
                Start = start
                State = ProcessState.Starting
                Since = now
                StartedAt = now
                Disk = start.Disk
                Group = ValueNone
                NextAt = now + world.Timings.TikvStart
            }
            world

    /// The first store of a cluster brings its only region, of one replica.
    let private bootstrap now id (cluster: PdCluster) =
        if cluster.BootstrappedAt.IsSome then
            cluster
        else
            {
                cluster with
                    BootstrappedAt = ValueSome now
                    NextId = cluster.NextId + 2UL // for the region and its peer
            }
            |> Fidelity.grow now (Map [ { Voters = [ id ]; Leader = ValueSome id }, 1 ])

    let private runsTwice (world: PdWorld) (one: TikvProcess) disk =
        world.Tikvs
        |> Map.exists (fun name other ->
            name <> one.Start.Process
            && other.Disk = Some disk
            && (other.State = ProcessState.Running || other.State = ProcessState.Stopping))

    let private register (world: PdWorld) now (group: PdGroup) cluster (one: TikvProcess) =
        let timings = world.Timings

        let disk, pd =
            match one.Disk with
            | Some disk -> disk, group.Cluster
            | None ->
                { Cluster = cluster; Store = StoreId group.Cluster.NextId },
                { group.Cluster with NextId = group.Cluster.NextId + 1UL }

        let (ClusterId mine), (ClusterId theirs) = disk.Cluster, cluster

        if disk.Cluster <> cluster then
            let message =
                $"cluster ID mismatch, local %d{mine} != remote %d{theirs}, you are trying to connect to another cluster, please reconnect to the correct PD"

            put (exits now 1 message one) world
        else
            let one = { one with Disk = Some disk }

            let slow = Set.contains (Network.place one.Start.Process) world.Slow

            let away =
                Map.tryFind disk.Store pd.Stores
                |> Option.bind (Stores.lastBeat timings now >> ValueOption.toOption)
                |> Option.map (fun beat -> now - beat)
                |> Option.defaultValue 0L

            match Stores.register timings now world.Epoch slow one.Start disk.Store pd with
            | Error message -> world |> putGroup { group with Cluster = pd } |> put (exits now 1 message one)
            | Ok pd ->
                let pd =
                    pd
                    |> bootstrap now disk.Store
                    |> Fidelity.comeBack timings now away disk.Store
                    |> Stores.wake timings (now + timings.CatchUp)

                let violations =
                    if runsTwice world one disk then
                        let (StoreId store) = disk.Store
                        (now, $"store %d{store} runs twice") :: world.Violations
                    else
                        world.Violations

                { world with Violations = violations }
                |> putGroup { group with Cluster = pd }
                |> put {
                    one with
                        State = ProcessState.Running
                        Since = now
                        Group = ValueSome group.Id
                        NextAt = never
                }

    let private tryRegister (world: PdWorld) now (one: TikvProcess) =
        let group =
            Network.answering world one.Start.Process one.Start.PdUrls
            |> Option.bind _.Disk
            |> Option.bind (fun disk -> Map.tryFind disk.Group world.Groups)
            |> Option.filter (fun group ->
                Leaders.serves group && Leaders.meetsLeader world group one.Start.Process)

        match group, group |> Option.bind _.ClusterId with
        | Some group, Some cluster -> register world now group cluster one
        | _ when now - one.StartedAt >= world.Timings.TikvGiveUp ->
            put (exits now 1 "check cluster bootstrapped failed" one) world
        | _ -> put { one with NextAt = now + world.Timings.TikvRetry } world

    /// The process is gone: its regions lose their leader, and PD hears no more of it.
    let private gone now (ended: TikvProcess) (world: PdWorld) =
        let world = put ended world

        match ended.Group, ended.Disk with
        | ValueSome id, Some disk when not (runsTwice world ended disk) ->
            let group = Map.find id world.Groups

            let cluster =
                group.Cluster
                |> Fidelity.lose world.Timings now disk.Store
                |> Stores.wake world.Timings now

            let cluster =
                match Map.tryFind disk.Store cluster.Stores with
                | Some store -> Stores.put (Stores.silence world.Timings now cluster store) cluster
                | None -> cluster

            putGroup { group with Cluster = cluster } world
        | _ -> world

    let leaders (world: PdWorld) (one: TikvProcess) =
        match one.Group, one.Disk with
        | ValueSome id, Some disk -> Regions.leaders disk.Store (Map.find id world.Groups).Cluster.Regions
        | _ -> 0

    let stop now how name (world: PdWorld) =
        match Map.tryFind name world.Tikvs, how with
        | Some { State = ProcessState.Exited _ }, _
        | None, _ -> world
        | Some one, PdStop.Kill -> gone now (exits now 137 "killed" one) world
        | Some one, PdStop.Graceful when one.State = ProcessState.Running ->
            let world =
                put
                    {
                        one with
                            State = ProcessState.Stopping
                            Since = now
                            NextAt = now + world.Timings.TikvStopPoll
                    }
                    world

            match one.Group with
            | ValueSome id ->
                let group = Map.find id world.Groups
                putGroup { group with Cluster = Stores.wake world.Timings now group.Cluster } world
            | ValueNone -> world
        | Some one, PdStop.Graceful when one.State = ProcessState.Stopping -> world
        | Some one, PdStop.Graceful -> put (exits now 0 "" one) world

    /// Takes a process one step further, at the time that it waited for.
    let step now (one: TikvProcess) (world: PdWorld) =
        match one.State with
        | ProcessState.Starting -> tryRegister world now one
        | ProcessState.Stopping when leaders world one = 0 || now - one.Since >= world.Timings.TikvStop ->
            gone now (exits now 0 "" one) world
        | ProcessState.Stopping -> put { one with NextAt = now + world.Timings.TikvStopPoll } world
        | ProcessState.Running
        | ProcessState.Hanging
        | ProcessState.Exited _ -> put { one with NextAt = never } world
