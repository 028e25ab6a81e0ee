namespace Tikv.Simulator.Pd

open System
open Tikv.Core
open Tikv.Core.Pd

/// The evict-leader scheduler, PD's settings, and what it tells of regions (P 9-11, 20).
[<RequireQualifiedAccess>]
module SchedulerApi =

    let private answer cluster reply : PdCluster * PdReply = cluster, reply
    let private evictLeader = "evict-leader-scheduler"

    let private standing = [
        "balance-hot-region-scheduler"
        "balance-leader-scheduler"
        "balance-region-scheduler"
        "evict-slow-store-scheduler"
        "evict-stopping-store-scheduler"
    ]

    let list (cluster: PdCluster) =
        let evicting = if Set.isEmpty cluster.Evicting then [] else [ evictLeader ]
        answer cluster (Replies.ok (Json.strings (standing @ evicting)))

    let add (timings: PdTimings) now (body: Result<Json, string>) (cluster: PdCluster) =
        let body, problem =
            match body with
            | Ok body -> body, None
            | Error _ -> Json.Null, Some "unexpected end of JSON input"

        let exists = not (Set.isEmpty cluster.Evicting)

        match problem, Json.stringAt [ "name" ] body, Json.uint64At [ "store_id" ] body with
        | Some problem, _, _ -> answer cluster (Replies.badInput problem)
        | None, None, _ -> answer cluster (Replies.refused 400 "missing scheduler name")
        | None, Some name, None when name = evictLeader ->
            answer cluster (Replies.refused 400 "missing store id")
        | None, Some name, Some number when name = evictLeader ->
            let store = StoreId number

            if not (Map.containsKey store cluster.Stores) then
                let message = Replies.noStore number

                // quoted twice when the scheduler exists (P 6)
                let message = if exists then Json.print (Json.string message) + "\n" else message

                answer cluster (Replies.refused 500 message)
            else
                let evicting =
                    { cluster with Evicting = Set.add store cluster.Evicting }
                    |> Stores.wake timings now

                answer
                    evicting
                    (Replies.said (
                        if exists then
                            "The scheduler has been applied to the store."
                        else
                            "The scheduler is created."
                    ))
        | None, Some name, _ when List.contains name standing ->
            answer cluster (Replies.refused 500 "[PD:scheduler:ErrSchedulerExisted]scheduler existed")
        | None, Some _, _ -> answer cluster (Replies.refused 400 "unknown scheduler")

    /// With a number at the end: one store; without: all of them.
    let remove (timings: PdTimings) now (name: string) (cluster: PdCluster) =
        let prefix = evictLeader + "-"

        let store =
            if name.StartsWith(prefix, StringComparison.Ordinal) then
                match UInt64.TryParse(name.Substring prefix.Length) with
                | true, number -> Some(StoreId number)
                | false, _ -> None
            else
                None

        let without evicting = { cluster with Evicting = evicting } |> Stores.wake timings now

        match store with
        | Some store when Set.contains store cluster.Evicting ->
            answer (without (Set.remove store cluster.Evicting)) (Replies.ok Json.Null)
        | Some _ -> answer cluster (Replies.json 404 Json.Null)
        | None when name = evictLeader && not (Set.isEmpty cluster.Evicting) ->
            answer (without Set.empty) (Replies.said "The scheduler is removed.")
        | None ->
            answer cluster (Replies.refused 404 "[PD:scheduler:ErrSchedulerNotFound]scheduler not found")

    let evictLeaders (cluster: PdCluster) =
        answer
            cluster
            (if Set.isEmpty cluster.Evicting then
                 Replies.notFound
             else
                 Replies.ok (PdEncode.evictLeaders cluster.Evicting))

    // ---- settings

    let private duration (text: string) : int64 option =
        let rec sum total (text: string) =
            let digits = text |> Seq.takeWhile Char.IsAsciiDigit |> Seq.length

            let unit =
                text.Substring digits
                |> Seq.takeWhile Char.IsAsciiLetter
                |> Seq.toArray
                |> String

            match text, Int64.TryParse(text.Substring(0, digits)), unit with
            | "", _, _ -> Some total
            | _, (true, value), ("h" | "m" | "s" | "ms") ->
                let milliseconds =
                    match unit with
                    | "h" -> 3_600_000L
                    | "m" -> 60_000L
                    | "s" -> 1_000L
                    | _ -> 1L

                sum (total + value * milliseconds) (text.Substring(digits + unit.Length))
            | _ -> None

        if text = "" then None else sum 0L text

    let private withReplication change (cluster: PdCluster) = {
        cluster with
            Replication = change cluster.Replication
    }

    /// The limits of PD's schedulers: regions by class know none of them.
    let private limit name count (cluster: PdCluster) =
        match cluster.Singles with
        | None -> cluster
        | Some singles ->
            let settings = singles.Settings

            let changed =
                match name with
                | "leader-schedule-limit" -> { settings with LeaderScheduleLimit = count }
                | "region-schedule-limit" -> { settings with RegionScheduleLimit = count }
                | "replica-schedule-limit" -> { settings with ReplicaScheduleLimit = count }
                | "max-snapshot-count" -> { settings with Snapshots = count }
                | "max-pending-peer-count" -> { settings with PendingPeers = count }
                | _ -> settings

            { cluster with Singles = Some { singles with Settings = changed } }

    /// One key of PD's config. Settings that the model does not know are accepted.
    let private set (key: string, value: Json) (cluster: PdCluster) : Result<PdCluster, PdReply> =
        let name = key.Substring(key.LastIndexOf '.' + 1)

        match name, value with
        | "max-replicas", Json.Number _ ->
            match Json.asInt value with
            | Some count when count > 0 ->
                Ok(
                    cluster
                    |> withReplication (fun replication -> { replication with MaxReplicas = count })
                )
            | _ ->
                Error(
                    Replies.refused 500 "[PD:placement:ErrRuleContent]invalid rule content, invalid count 0"
                )
        | "location-labels", Json.String text ->
            let labels = text.Split(',', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

            Ok(
                cluster
                |> withReplication (fun replication -> { replication with LocationLabels = labels })
            )
        | "location-labels", _ -> Error(Replies.refused 400 "invalid syntax")
        | "isolation-level", Json.String level when
            level = "" || List.contains level cluster.Replication.LocationLabels
            ->
            Ok(
                cluster
                |> withReplication (fun replication -> { replication with IsolationLevel = level })
            )
        | "isolation-level", _ ->
            Error(Replies.refused 500 "isolation-level must be one of location-labels or empty")
        | "max-store-down-time", Json.String text ->
            match duration text with
            | Some span -> Ok(Stores.withDownTime span cluster)
            | None -> Error(Replies.refused 400 $"time: invalid duration \"%s{text}\"")
        | _, Json.Bool _ ->
            Error(
                Replies.refused
                    400
                    "json: invalid use of ,string struct tag, trying to unmarshal unquoted value into bool"
            )
        | _ ->
            match Json.asInt value with
            | Some count -> Ok(limit name count cluster)
            | None -> Ok cluster

    let configure (timings: PdTimings) now (body: Result<Json, string>) (cluster: PdCluster) =
        match body |> Result.map Json.asMembers with
        | Ok(Some members) ->
            let outcome =
                (Ok cluster, members)
                ||> List.fold (fun cluster member' -> cluster |> Result.bind (set member'))

            match outcome with
            | Ok changed -> answer (Stores.wake timings now changed) (Replies.said "The config is updated.")
            | Error reply -> answer cluster reply
        | Ok None
        | Error _ -> answer cluster (Replies.badInput "unexpected end of JSON input")

    let replication (cluster: PdCluster) =
        answer cluster (Replies.ok (PdEncode.replication cluster.Replication))

    // ---- regions

    /// How many regions have something the matter; the regions themselves have no names here.
    let regionCount (cluster: PdCluster) =
        answer
            cluster
            (Replies.ok (
                Json.object [ "count", Json.int (Regions.count cluster.Regions); "regions", Json.Null ]
            ))

    /// Its peers are down peers: after 10 minutes (V P26).
    let private isLongSilent now (store: StoreRecord) =
        store.BeatsFrom > now
        && store.LastBeat |> ValueOption.exists (fun beat -> now - beat > 600_000L)

    /// Region heartbeats tell PD of learners and of joint consensus, too.
    let private singlesCheck now (kind: string) (cluster: PdCluster) (singles: Singles) =
        let any test (region: SingleRegion) = region.Peers |> List.exists test

        let onStore test (peer: Peer) = Map.tryFind peer.Store cluster.Stores |> Option.exists test

        let matches: SingleRegion -> bool =
            match kind with
            | "miss-peer" -> fun region -> region.Peers.Length < cluster.Replication.MaxReplicas
            | "extra-peer" -> fun region -> region.Peers.Length > cluster.Replication.MaxReplicas
            | "learner-peer" -> any Singles.isLearner
            | "pending-peer" -> any (Singles.hasCaughtUp now >> not)
            | "offline-peer" -> any (onStore (fun store -> store.NodeState = NodeState.Removing))
            | "down-peer" -> any (onStore (isLongSilent now))
            | _ -> fun _ -> false

        Singles.count matches singles

    let regionsCheck now (kind: string) (cluster: PdCluster) =
        let store id = Map.tryFind id cluster.Stores

        let any test (one: RegionClass) = one.Voters |> List.exists (store >> Option.exists test)

        let matches =
            match kind with
            | "miss-peer" -> fun (one: RegionClass) -> one.Voters.Length < cluster.Replication.MaxReplicas
            | "extra-peer" -> fun one -> one.Voters.Length > cluster.Replication.MaxReplicas
            | "pending-peer" -> any (fun store -> store.CaughtUpAt > now)
            | "offline-peer" -> any (fun store -> store.NodeState = NodeState.Removing)
            | "down-peer" -> any (isLongSilent now)
            | _ -> fun _ -> false

        let count =
            match cluster.Singles with
            | Some singles when now >= cluster.ReportedAt -> singlesCheck now kind cluster singles
            | _ ->
                Stores.reported now cluster
                |> Map.toSeq
                |> Seq.filter (fst >> matches)
                |> Seq.sumBy snd

        answer cluster (Replies.ok (Json.object [ "count", Json.int count; "regions", Json.array [] ]))

    let statistics (timings: PdTimings) (cluster: PdCluster) =
        let count = Regions.count cluster.Regions

        let byStore counted =
            cluster.Stores
            |> Map.toList
            |> List.map (fun (StoreId id, _) -> string id, Json.int (counted (StoreId id)))
            |> Json.object

        answer
            cluster
            (Replies.ok (
                Json.object [
                    "count", Json.int count
                    "empty_count", Json.int 0
                    "storage_size", Json.int64 (int64 count * timings.RegionSizeMiB)
                    "store_leader_count", byStore (fun store -> Regions.leaders store cluster.Regions)
                    "store_peer_count", byStore (fun store -> Fidelity.peers store cluster)
                ]
            ))
