namespace Tikv.Simulator.Pd

open Tikv.Core

/// The life of PD processes: P 22-25 and V B6.
[<RequireQualifiedAccess>]
module Members =

    let private never = Stores.never

    let private put (one: PdProcess) (world: PdWorld) = {
        world with
            Members = Map.add one.Start.Process one world.Members
    }

    let private putGroup (group: PdGroup) (world: PdWorld) = {
        world with
            Groups = Map.add group.Id group world.Groups
    }

    /// Between removal and its own end, a process goes on without being a member.
    let isMember (world: PdWorld) (one: PdProcess) =
        match one.Disk with
        | Some disk ->
            world.Groups
            |> Map.tryFind disk.Group
            |> Option.exists (fun group -> Map.containsKey disk.Member group.Members)
        | None -> false

    let private exits now code message (one: PdProcess) = {
        one with
            State = ProcessState.Exited(code, message)
            Since = now
            NextAt = never
            LiveSince = never
            Doom = None
    }

    let private fails now span message (one: PdProcess) = {
        one with
            NextAt = now + span
            Doom = Some message
    }

    /// Its etcd runs, and waits to be heard by a quorum.
    let private waits now disk (one: PdProcess) = {
        one with
            State = ProcessState.Hanging
            Since = now
            Disk = Some disk
            LiveSince = now
            NextAt = never
    }

    // ---- starting

    let private initialKey (members: (string * string) list) = List.sort members

    let private newGroup (world: PdWorld) (initial: (string * string) list) : PdGroup =
        let id = Map.count world.Groups + 1

        let members =
            initial
            |> List.map (fun (name, url) ->
                let id = MemberId(Hash.mix (Hash.ofText url) 1UL ||| (1UL <<< 60)) // the same in every such cluster

                id, { Id = id; Name = name; PeerUrl = url; ClientUrls = []; Priority = 0; Version = "" })
            |> Map.ofList

        {
            Id = id
            Initial = initialKey initial
            ClusterId = None
            Members = members
            Leadership = Leadership.Vacant(false, never)
            Terms = 0
            Cluster = Stores.empty world.Timings
        }

    let private neverSeen (one: EtcdMember) = List.isEmpty one.ClientUrls

    /// A static start with an empty data directory: the cluster of that configuration which still waits for this
    /// member, or a new one.
    let private beginStatic (world: PdWorld) now members (one: PdProcess) =
        let mine (group: PdGroup) =
            group.Members
            |> Map.toList
            |> List.map snd
            |> List.tryFind (fun other -> other.Name = one.Start.Name && other.PeerUrl = one.Start.PeerUrl)

        let sameConfiguration =
            world.Groups
            |> Map.toList
            |> List.map snd
            |> List.filter (fun group -> group.Initial = initialKey members)
            |> List.tryLast

        let isTaken (group: PdGroup) (mine: EtcdMember) =
            world.Members
            |> Map.exists (fun _ other ->
                other.Start.Process <> one.Start.Process
                && other.Disk = Some { Group = group.Id; Member = mine.Id })

        let joins (group: PdGroup) (mine: EtcdMember) world =
            put (waits now { Group = group.Id; Member = mine.Id } one) world

        match
            sameConfiguration
            |> Option.bind (fun group -> mine group |> Option.map (fun mine -> group, mine))
        with
        | Some(group, mine) when neverSeen mine && not (isTaken group mine) -> joins group mine world
        | Some(group, _) when not (Map.isEmpty (Leaders.live world group)) ->
            let message =
                "tocommit is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?"

            put (exits now 2 message one) world
        | _ ->
            let group = newGroup world members

            match mine group with
            | Some mine -> world |> putGroup group |> joins group mine
            | None ->
                let message =
                    $"couldn't find local name \"%s{one.Start.Name}\" in the initial cluster configuration"

                put (exits now 1 message one) world

    let private connection (world: PdWorld) now (group: PdGroup) =
        let live = Leaders.live world group

        fun id ->
            match Map.tryFind id live with
            | None -> Connection.Down
            | Some one when not (Leaders.meetsLeader world group one.Start.Process) -> Connection.Down
            | Some one when now - one.LiveSince < world.Timings.EtcdHealth -> Connection.Fresh
            | Some _ -> Connection.Connected

    let private add (world: PdWorld) now (group: PdGroup) (one: PdProcess) =
        let id =
            MemberId(
                Hash.mix (Hash.mix (Hash.ofText one.Start.PeerUrl) (uint64 group.Id)) (uint64 now)
                ||| (1UL <<< 60)
            )

        let added = {
            Id = id
            Name = ""
            PeerUrl = one.Start.PeerUrl
            ClientUrls = []
            Priority = 0
            Version = ""
        }

        let grown = { group with Members = Map.add id added group.Members }

        let grown =
            if Map.count group.Members = 1 then
                Leaders.vacate world now false (now + world.Timings.LeaderAfterJoinToOne) grown
            else
                grown

        world |> putGroup grown |> put (waits now { Group = group.Id; Member = id } one)

    /// A join with an empty data directory.
    let private beginJoin (world: PdWorld) now urls (one: PdProcess) =
        let fail span message = put (fails now span message one) world
        let die message = put (exits now 1 message one) world

        let group =
            Network.answering world one.Start.Process urls
            |> Option.bind _.Disk
            |> Option.bind (fun disk -> Map.tryFind disk.Group world.Groups)

        if
            urls
            |> List.exists (fun url -> Network.authority url = Network.authority one.Start.ClientUrl)
        then
            die "join self is forbidden"
        else
            match group with
            | None ->
                fail
                    world.Timings.PdJoinUnreachable
                    "[PD:etcd:ErrEtcdMemberList]rpc error: code = Unavailable desc = connection error: connect: connection refused"
            | Some group ->
                let members = group.Members |> Map.toList |> List.map snd
                let unnamed, named = members |> List.partition (fun other -> other.Name = "")

                match unnamed with
                // the one that was to be this one, and whose data was lost on the way (V P44)
                | [ half ] when half.PeerUrl = one.Start.PeerUrl && Leaders.serves group ->
                    put (waits now { Group = group.Id; Member = half.Id } one) world
                | half :: _ ->
                    let (MemberId id) = half.Id
                    die $"there is a member %d{id} that has not joined successfully"
                | [] when named |> List.exists (fun other -> other.Name = one.Start.Name) ->
                    die "missing data or join a duplicated pd"
                | [] ->
                    match Leaders.serves group, Leaders.leader group with
                    | true, Some leader ->
                        match Membership.mayAdd leader (connection world now group) members with
                        | Ok() -> add world now group one
                        | Error message -> die message
                    | _ -> fail world.Timings.EtcdRequest "context deadline exceeded"

    let private beginRun (world: PdWorld) now (one: PdProcess) =
        match one.Disk, one.Start.Start with
        | Some disk, _ when isMember world one -> put (waits now disk one) world
        | Some _, _ -> // removed: "data-dir must be removed" in its log, and nothing else
            put { one with State = ProcessState.Hanging; Since = now; NextAt = never } world
        | None, PdStart.InitialCluster members -> beginStatic world now members one
        | None, PdStart.Join urls -> beginJoin world now urls one

    let start now (start: PdMemberStart) (world: PdWorld) =
        put
            {
                Start = start
                State = ProcessState.Starting
                Since = now
                Disk = start.Disk
                NextAt = now + world.Timings.PdStart
                Doom = None
                LiveSince = never
                Deposed = false
            }
            world

    // ---- running

    let private groupOf (world: PdWorld) (one: PdProcess) =
        one.Disk |> Option.bind (fun disk -> Map.tryFind disk.Group world.Groups)

    /// From now on it answers, and the others know its name and address.
    let private run now (group: PdGroup) (disk: PdDisk) (one: PdProcess) (world: PdWorld) =
        let known = Map.find disk.Member group.Members

        let named = {
            known with
                Name = one.Start.Name
                ClientUrls = [ one.Start.ClientUrl ]
                Version = one.Start.Version
        }

        world
        |> putGroup { group with Members = Map.add disk.Member named group.Members }
        |> put { one with State = ProcessState.Running; Since = now; NextAt = never }

    /// Takes a process one step further, at the time that it waited for.
    let step now (one: PdProcess) (world: PdWorld) =
        match one.Doom, one.State with
        | Some message, _ -> put (exits now 1 message one) world
        | None, ProcessState.Starting -> beginRun world now one
        | None, ProcessState.Stopping -> put (exits now 0 "" one) world
        | None, ProcessState.Hanging ->
            match groupOf world one, one.Disk with
            | Some group, Some disk when
                Leaders.serves group
                && isMember world one
                && Leaders.meetsLeader world group one.Start.Process
                ->
                run now group disk one world
            | _ -> put (exits now 1 "[PD:server:ErrCancelStartEtcd]etcd start canceled" one) world
        | None, (ProcessState.Running | ProcessState.Exited _) -> put { one with NextAt = never } world

    /// When a waiting member will answer, or give up.
    let settle now (world: PdWorld) (one: PdProcess) =
        match one.State, groupOf world one with
        | ProcessState.Hanging, Some group when one.LiveSince <> never ->
            let span =
                match one.Start.Disk, one.Start.Start with
                | None, PdStart.Join _ -> world.Timings.PdJoin
                | _ -> world.Timings.PdRestart

            if not (isMember world one) then
                { one with NextAt = never; LiveSince = never }
            elif Leaders.serves group && Leaders.meetsLeader world group one.Start.Process then
                { one with NextAt = max now (one.Since + span) }
            else
                { one with NextAt = one.Since + world.Timings.PdWaitForQuorum }
        | _ -> one

    let stop now how name (world: PdWorld) =
        match Map.tryFind name world.Members, how with
        | Some { State = ProcessState.Exited _ }, _
        | None, _ -> world
        | Some one, PdStop.Graceful when one.State = ProcessState.Running ->
            let world =
                put
                    {
                        one with
                            State = ProcessState.Stopping
                            Since = now
                            NextAt = now + world.Timings.PdStop
                    }
                    world

            match groupOf world one, one.Disk with
            | Some group, Some disk when Leaders.leader group = Some disk.Member ->
                putGroup (Leaders.resign world now world.Timings.LeaderAfterStop group) world
            | _ -> world
        | Some one, PdStop.Graceful when one.State = ProcessState.Stopping -> world
        | Some one, PdStop.Graceful -> put (exits now 0 "" one) world
        | Some one, PdStop.Kill -> put (exits now 137 "killed" one) world

    // ---- membership

    /// Etcd's answer to the removal of a member, asked of the leader.
    let remove now id (group: PdGroup) (world: PdWorld) : Result<PdWorld, string> =
        match Leaders.leader group with
        | None -> Error "context deadline exceeded"
        | Some leader ->
            group.Members
            |> Map.toList
            |> List.map snd
            |> Membership.mayRemove leader (connection world now group) id
            |> Result.map (fun () ->
                let deposed (one: PdProcess) =
                    id = leader && one.Disk = Some { Group = group.Id; Member = id }

                {
                    world with
                        Members =
                            world.Members
                            |> Map.map (fun _ one ->
                                if deposed one then { one with Deposed = true } else one)
                }
                |> putGroup { group with Members = Map.remove id group.Members })
