namespace Tikv.Simulator.Pd

open System
open Tikv.Core
open Tikv.Core.Pd

/// PD's HTTP API, as its members answer it: who answers, when, and with what, if nobody leads (P 1-8).
[<RequireQualifiedAccess>]
module PdServer =

    let private groupOf (world: PdWorld) (one: PdProcess) =
        one.Disk |> Option.bind (fun disk -> Map.tryFind disk.Group world.Groups)

    // ---- the member itself

    /// 500 on the very first leader until TiKV comes, 200 everywhere else, also without quorum (P 1).
    let private ready (group: PdGroup) (one: PdProcess) verbose =
        let isFirstLeader =
            group.Terms = 1
            && group.Cluster.BootstrappedAt.IsNone
            && one.Disk |> Option.map _.Member = Leaders.leader group

        let status = if isFirstLeader then 500 else 200

        if verbose then
            Replies.json status (Json.object [ "region_loaded", Json.bool (not isFirstLeader) ])
        else
            Replies.empty status

    let private config (group: PdGroup) (one: PdProcess) =
        match group.Leadership with
        | Leadership.Vacant(true, _) ->
            Replies.refused 500 "Get \"/pd/api/v1/config\": dial tcp: connect: connection refused"
        | Leadership.Vacant(false, _) -> Replies.leaderNil
        | _ ->
            let cluster = group.Cluster

            Replies.ok (
                Json.object [
                    "advertise-client-urls", Json.string one.Start.ClientUrl
                    "name", Json.string one.Start.Name
                    "advertise-peer-urls", Json.string one.Start.PeerUrl
                    "schedule",
                    Json.object [
                        "max-store-down-time", Json.string $"%d{cluster.MaxStoreDownTime / 1000L}s"
                    ]
                    "replication", PdEncode.replication cluster.Replication
                    "cluster-version", Json.string cluster.ClusterVersion
                ]
            )

    let private local (world: PdWorld) (group: PdGroup) (one: PdProcess) route : PdReply =
        match route with
        | Route.Health -> Replies.ok (PdEncode.health (Views.health world one.Start.Process group))
        | Route.Ping -> Replies.empty 200
        | Route.Version ->
            Replies.ok (
                Json.object [
                    "version", Json.string one.Start.Version
                    "build_time", Json.string ""
                    "hash", Json.string ""
                    "branch", Json.string ""
                ]
            )
        | Route.Status ->
            Replies.ok (
                Json.object [
                    "build_ts", Json.string ""
                    "version", Json.string one.Start.Version
                    "git_hash", Json.string ""
                    "start_timestamp", Json.int64 ((world.Epoch + one.LiveSince) / 1000L)
                ]
            )
        | Route.Ready verbose -> ready group one verbose
        | Route.Config -> config group one
        | Route.MethodNotAllowed -> Replies.empty 405
        | Route.DoubleSlash -> Replies.text 307 "Temporary Redirect"
        | _ -> Replies.notFound

    // ---- the leader

    let private bootstrapTime (world: PdWorld) (cluster: PdCluster) =
        match cluster.BootstrappedAt with
        | ValueSome at ->
            (DateTimeOffset.FromUnixTimeMilliseconds(world.Epoch + at)).UtcDateTime.ToString
                "yyyy-MM-ddTHH:mm:ss.fffZ"
        | ValueNone -> "0001-01-01T00:00:00Z"

    let private leaderProcess (world: PdWorld) (group: PdGroup) =
        Leaders.leader group
        |> Option.bind (fun id -> Map.tryFind id (Leaders.live world group))
        |> Option.map _.Start.Process
        |> Option.defaultValue ""

    /// Routes that need no TiKV.
    let private anyway (world: PdWorld) now (group: PdGroup) route body : Handled option =
        let answer reply = Some(MemberApi.answer reply world)
        let parsed () = Json.parse body |> Result.defaultValue Json.Null

        match route with
        | Route.RootHealth ->
            answer (Replies.ok (PdEncode.health (Views.health world (leaderProcess world group) group)))
        | Route.RootPing -> answer (Replies.empty 200)
        | Route.Members -> answer (Replies.ok (PdEncode.members (Views.members group)))
        | Route.GetLeader ->
            Views.leader group
            |> Option.map (PdEncode.leader >> Replies.ok)
            |> Option.defaultValue Replies.leaderNil
            |> answer
        | Route.Cluster ->
            let (ClusterId id) = group.ClusterId |> Option.defaultValue (ClusterId 0UL)

            answer (
                Replies.ok (
                    PdEncode.cluster {
                        Id = ClusterId id
                        MaxReplicas = group.Cluster.Replication.MaxReplicas
                    }
                )
            )
        | Route.ClusterStatus ->
            answer (
                Replies.ok (
                    Json.object [
                        "raft_bootstrap_time", Json.string (bootstrapTime world group.Cluster)
                        "is_initialized", Json.bool group.Cluster.BootstrappedAt.IsSome
                        "replication_status", Json.string ""
                    ]
                )
            )
        | Route.Transfer name -> Some(MemberApi.transfer now name group world)
        | Route.Resign -> Some(MemberApi.resign now group world)
        | Route.RemoveMemberByName name -> Some(MemberApi.removeByName now name group world)
        | Route.RemoveMemberById id -> Some(MemberApi.removeById now id group world)
        | Route.SetPriority name -> Some(MemberApi.setPriority name (parsed ()) group world)
        | Route.Replication -> answer (SchedulerApi.replication group.Cluster |> snd)
        | Route.ClusterVersion -> answer (Replies.ok (Json.string group.Cluster.ClusterVersion))
        | Route.SetConfig ->
            let cluster, reply = SchedulerApi.configure world.Timings now (Json.parse body) group.Cluster

            let changed = Map.add group.Id { group with Cluster = cluster } world.Groups
            Some(MemberApi.answer reply { world with Groups = changed })
        | _ -> None

    let private bootstrapped (world: PdWorld) now route body (cluster: PdCluster) : PdCluster * PdReply =
        let timings = world.Timings
        let parsed () = Json.parse body
        let json () = parsed () |> Result.defaultValue Json.Null

        match route with
        | Route.Store id -> StoreApi.store world now id cluster
        | Route.Stores states -> StoreApi.stores world now states cluster
        | Route.StoresCheck states -> StoreApi.storesCheck world now states cluster
        | Route.RemoveStore(id, force) -> StoreApi.remove timings now force id cluster
        | Route.SetState(id, state) -> StoreApi.setState timings now id state cluster
        | Route.SetLabels(id, force) -> StoreApi.setLabels force id (parsed ()) cluster
        | Route.RemoveLabel id -> StoreApi.removeLabel id (json ()) cluster
        | Route.Labels -> StoreApi.labels cluster
        | Route.StoreSetting(id, text) -> StoreApi.setting id text cluster
        | Route.StoresLimit -> StoreApi.limits cluster
        | Route.SetStoresLimit -> StoreApi.setLimits (json ()) cluster
        | Route.RemoveTombstones -> StoreApi.removeTombstones cluster
        | Route.Schedulers -> SchedulerApi.list cluster
        | Route.AddScheduler -> SchedulerApi.add timings now (parsed ()) cluster
        | Route.RemoveScheduler name -> SchedulerApi.remove timings now name cluster
        | Route.EvictLeadersList -> SchedulerApi.evictLeaders cluster
        | Route.SetReplication -> SchedulerApi.configure timings now (parsed ()) cluster
        | Route.RegionCount -> SchedulerApi.regionCount cluster
        | Route.RegionsCheck kind -> SchedulerApi.regionsCheck now kind cluster
        | Route.RegionStatistics -> SchedulerApi.statistics timings cluster
        | Route.Progress ->
            cluster,
            Replies.refused 404 "[PD:progress:ErrProgressNotFound]no progress found for the given store ID"
        | _ -> cluster, Replies.notFound

    /// The schedulers' own routes have answers of their own before bootstrap (P 7).
    let private notBootstrapped route =
        match route with
        | Route.EvictLeadersList -> Replies.refused 406 Replies.notBootstrappedText
        | Route.RemoveScheduler name when name.StartsWith("evict-leader-scheduler-", StringComparison.Ordinal) ->
            Replies.json 406 Json.Null
        | _ -> Replies.refused 500 Replies.notBootstrappedText

    let private lead (world: PdWorld) now (group: PdGroup) route body : Handled =
        match anyway world now group route body, group.Cluster.BootstrappedAt with
        | Some handled, _ -> handled
        | None, ValueNone -> MemberApi.answer (notBootstrapped route) world
        | None, ValueSome _ ->
            let cluster, reply = bootstrapped world now route body group.Cluster

            if LanguagePrimitives.PhysicalEquality cluster group.Cluster then
                MemberApi.answer reply world
            else
                let changed = Map.add group.Id { group with Cluster = cluster } world.Groups
                MemberApi.answer reply { world with Groups = changed }

    /// What an isolated leader can still say from memory.
    let private needsEtcd verb route = verb <> "GET" || route = Route.Members || route = Route.Cluster

    let private leaderStops (world: PdWorld) (group: PdGroup) =
        Leaders.leader group
        |> Option.bind (fun id -> Map.tryFind id (Leaders.live world group))
        |> Option.exists (fun one -> one.State = ProcessState.Stopping)

    /// A request that finds no leader waits a little for one: answered then, when it only reads.
    let private wait (world: PdWorld) now electionAt groupId verb route body : Handled =
        let patience = world.Timings.WaitForLeader

        if verb = "GET" && electionAt <= now + patience then
            let later = PdWorld.advance electionAt world

            match Map.tryFind groupId later.Groups with
            | Some group when Leaders.serves group ->
                let _, reply, _ = lead later electionAt group route body
                world, reply, electionAt - now + 1L
            | _ -> world, Replies.noLeader, patience
        else
            world, Replies.noLeader, patience

    let private throughLeader
        (world: PdWorld)
        now
        (group: PdGroup)
        (one: PdProcess)
        verb
        route
        body
        : Handled =
        let timings = world.Timings

        match group.Leadership with
        | _ when one.Deposed -> world, Replies.noLeader, timings.WaitForLeader
        | Leadership.Leading _
        | Leadership.HandingOver _
        | Leadership.Isolated _ when not (Leaders.meetsLeader world group one.Start.Process) ->
            MemberApi.answer Replies.redirectFailed world
        | Leadership.HandingOver(_, _, _, at) when leaderStops world group ->
            wait world now at group.Id verb route body
        | Leadership.HandingOver(_, _, _, at) when at - now <= timings.LeaderTransferGap ->
            MemberApi.answer Replies.notLeader world
        | Leadership.Leading _
        | Leadership.HandingOver _ -> lead world now group route body
        | Leadership.Isolated _ when needsEtcd verb route -> world, Replies.etcdTimeout, timings.EtcdRequest
        | Leadership.Isolated _ -> lead world now group route body
        | Leadership.Vacant(true, _) -> MemberApi.answer Replies.redirectFailed world
        | Leadership.Vacant(false, at) -> wait world now at group.Id verb route body

    /// One request to the process of that name. Changes take effect at once, whenever the answer comes.
    let handle
        (world: PdWorld)
        (now: int64)
        (name: string)
        (verb: string)
        (pathAndQuery: string)
        (body: string)
        : PdWorld * PdAnswer =
        let world = PdWorld.advance now world

        match Map.tryFind name world.Members with
        | None -> world, PdAnswer.Refused
        | Some one ->
            match one.State, groupOf world one with
            | (ProcessState.Starting | ProcessState.Exited _), _ -> world, PdAnswer.Refused
            | ProcessState.Hanging, _
            | _, None -> world, PdAnswer.Silent
            | ProcessState.Stopping, _ -> world, PdAnswer.Replied(Replies.notStarted, 1L)
            | ProcessState.Running, Some group ->
                let route = Routes.parse verb pathAndQuery

                let after, reply, delay =
                    match Routes.scope route with
                    | Scope.Local -> MemberApi.answer (local world group one route) world
                    | Scope.Leader -> throughLeader world now group one verb route body

                let settled =
                    if LanguagePrimitives.PhysicalEquality after world then
                        world
                    else
                        PdWorld.settle now after

                settled, PdAnswer.Replied(reply, delay)
