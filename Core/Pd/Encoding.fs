namespace Tikv.Core.Pd

open System
open System.Globalization
open Tikv.Core

/// What `PdCodec` reads, as a PD prints it: for servers that stand in for one. Zero values are left out where PD leaves
/// them out (P 10).
[<RequireQualifiedAccess>]
module PdEncode =

    let private strings (texts: string list) = Json.Array(List.map Json.String texts)

    /// As in the list of members.
    let ofMember (one: Member) =
        let (MemberId id) = one.Id

        Json.Object [
            if one.Name <> "" then
                "name", Json.string one.Name
            "member_id", Json.uint64 id
            if not (List.isEmpty one.PeerUrls) then
                "peer_urls", strings one.PeerUrls
            if not (List.isEmpty one.ClientUrls) then
                "client_urls", strings one.ClientUrls
            if one.LeaderPriority <> 0 then
                "leader_priority", Json.int one.LeaderPriority
            if one.Version <> "" then
                "binary_version", Json.string one.Version
        ]

    /// The answer of `GET /leader`: without version.
    let leader (one: Member) = ofMember { one with Version = "" }

    let members (view: Members) =
        let (ClusterId cluster) = view.ClusterId

        Json.present [
            "header", Some(Json.object [ "cluster_id", Json.uint64 cluster ])
            "members", Some(Json.Array(List.map ofMember view.Members))
            "leader", view.Leader |> Option.map ofMember
            "etcd_leader", view.EtcdLeader |> Option.map ofMember
        ]

    let health (view: MemberHealth list) =
        view
        |> List.map (fun one ->
            let (MemberId id) = one.Id

            Json.object [
                "name", Json.string one.Name
                "member_id", Json.uint64 id
                "client_urls", (if List.isEmpty one.ClientUrls then Json.Null else strings one.ClientUrls)
                "health", Json.bool one.Health
            ])
        |> Json.array

    let cluster (view: ClusterSummary) =
        let (ClusterId id) = view.Id
        Json.object [ "id", Json.uint64 id; "max_peer_count", Json.int view.MaxReplicas ]

    /// Nanoseconds below a second, with as many digits as needed.
    let private fraction (nanoseconds: int64) =
        if nanoseconds = 0L then
            ""
        else
            "." + nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd '0'

    /// RFC 3339 in UTC with as many digits as needed, the way Go prints it.
    let private timestamp (nanoseconds: int64) =
        let seconds, rest = Math.DivRem(nanoseconds, 1_000_000_000L)
        let second = DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime
        second.ToString("s", CultureInfo.InvariantCulture) + fraction rest + "Z"

    /// A duration of a second or more, the way Go prints it: `2m31.016822576s`.
    let private duration (nanoseconds: int64) =
        let hours, rest = Math.DivRem(nanoseconds, 3_600_000_000_000L)
        let minutes, rest = Math.DivRem(rest, 60_000_000_000L)
        let seconds, rest = Math.DivRem(rest, 1_000_000_000L)

        (if hours > 0L then string hours + "h" else "")
        + (if hours > 0L || minutes > 0L then string minutes + "m" else "")
        + string seconds
        + fraction rest
        + "s"

    let private stateNumber state =
        match state with
        | StoreState.Up -> 0
        | StoreState.Offline -> 1
        | StoreState.Tombstone -> 2

    let private nodeStateNumber state =
        match state with
        | NodeState.Preparing -> 0
        | NodeState.Serving -> 1
        | NodeState.Removing -> 2
        | NodeState.Removed -> 3

    let private weight = Json.int 1

    let store (one: Store) =
        let (StoreId id) = one.Id
        let started = one.StartTimestamp * 1_000_000_000L
        let heartbeat = one.LastHeartbeat |> Option.defaultValue 0L
        let state = stateNumber one.StoreState
        let nodeState = nodeStateNumber one.NodeState
        let leaders = Json.int one.Leaders
        let size = Json.int64 one.RegionSize
        let label key value = Json.object [ "key", Json.string key; "value", Json.string value ]

        Json.object [
            "store",
            Json.Object [
                "id", Json.uint64 id
                if one.Address <> "" then
                    "address", Json.string one.Address
                if state <> 0 then
                    "state", Json.int state
                if not (Map.isEmpty one.Labels) then
                    "labels",
                    Json.Array(Map.foldBack (fun key value labels -> label key value :: labels) one.Labels [])
                if one.Version <> "" then
                    "version", Json.string one.Version
                if one.PeerAddress <> "" then
                    "peer_address", Json.string one.PeerAddress
                if one.StatusAddress <> "" then
                    "status_address", Json.string one.StatusAddress
                "start_timestamp", Json.int64 one.StartTimestamp
                match one.LastHeartbeat with
                | Some heartbeat -> "last_heartbeat", Json.int64 heartbeat
                | None -> ()
                if one.PhysicallyDestroyed then
                    "physically_destroyed", Json.bool true
                if nodeState <> 0 then
                    "node_state", Json.int nodeState
                "state_name", Json.string one.StateName
            ]
            "status",
            Json.Object [
                "capacity", Json.string (PdSize.print one.Capacity)
                "available", Json.string (PdSize.print one.Available)
                "used_size", Json.string (PdSize.print (one.Capacity - one.Available))
                "leader_count", leaders
                "leader_weight", weight
                "leader_score", leaders
                "leader_size",
                Json.int64 (
                    if one.Regions = 0 then 0L else one.RegionSize / int64 one.Regions * int64 one.Leaders
                )
                "region_count", Json.int one.Regions
                "region_weight", weight
                "region_score", size
                "region_size", size
                if one.PendingPeers <> 0 then
                    "pending_peer_count", Json.int one.PendingPeers
                "start_ts", Json.string (timestamp started)
                "last_heartbeat_ts", Json.string (timestamp heartbeat)
                if heartbeat > started then
                    "uptime", Json.string (duration (heartbeat - started))
            ]
        ]

    let stores (view: Store list) =
        Json.object [ "count", Json.int (List.length view); "stores", Json.Array(List.map store view) ]

    let replication (view: Replication) =
        let flag value = Json.string (if value then "true" else "false")

        Json.object [
            "max-replicas", Json.int view.MaxReplicas
            "location-labels", Json.string (String.Join(",", view.LocationLabels))
            "strictly-match-label", flag view.StrictlyMatchLabel
            "enable-placement-rules", flag view.EnablePlacementRules
            "enable-placement-rules-cache", flag false
            "isolation-level", Json.string view.IsolationLevel
        ]

    /// There is no such list when no store is in it: PD answers 404 then.
    let evictLeaders (stores: EvictLeaders) =
        let wholeRange = Json.array [ Json.object [ "end-key", Json.string ""; "start-key", Json.string "" ] ]

        Json.object [
            "store-id-ranges",
            stores
            |> Set.toSeq
            |> Seq.map (fun (StoreId store) -> string store, wholeRange)
            |> Json.object
            "batch", Json.int 3
        ]
