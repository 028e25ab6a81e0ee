namespace Tikv.Core.Pd

open System
open Tikv.Core

/// One HTTP request to PD. The path begins with a slash, and is escaped.
type PdRequest = { Method: string; Path: string; Body: Json option }

/// PD's HTTP API v1: how each call is asked, and what its answer means.
[<RequireQualifiedAccess>]
module PdCodec =

    let private evictLeader = "evict-leader-scheduler"

    let request (call: PdCall) : PdRequest =
        let ask verb path body = { Method = verb; Path = "/pd/api/v1" + path; Body = body }

        match call with
        | PdCall.GetCluster -> ask "GET" "/cluster" None
        | PdCall.GetMembers -> ask "GET" "/members" None
        | PdCall.GetHealth -> ask "GET" "/health" None
        | PdCall.GetStores -> ask "GET" "/stores?state=0&state=1&state=2" None // without filter, Tombstones are left out
        | PdCall.GetStore(StoreId store) -> ask "GET" $"/store/%d{store}" None
        | PdCall.GetReplicationConfig -> ask "GET" "/config/replicate" None
        | PdCall.GetEvictLeaders -> ask "GET" $"/scheduler-config/%s{evictLeader}/list" None
        | PdCall.GetRegionCount -> ask "GET" "/regions/count" None
        | PdCall.EvictLeaders(StoreId store) ->
            ask
                "POST"
                "/schedulers"
                (Some(Json.object [ "name", Json.string evictLeader; "store_id", Json.uint64 store ]))
        | PdCall.StopEvictingLeaders(StoreId store) ->
            ask "DELETE" $"/schedulers/%s{evictLeader}-%d{store}" None // without the number it would remove all stores
        | PdCall.TransferLeader name -> ask "POST" $"/leader/transfer/%s{Uri.EscapeDataString name}" None
        | PdCall.RemoveMember(MemberId id) -> ask "DELETE" $"/members/id/%d{id}" None
        | PdCall.RemoveStore(StoreId store) -> ask "DELETE" $"/store/%d{store}" None
        | PdCall.RestoreStore(StoreId store) -> ask "POST" $"/store/%d{store}/state?state=Up" None
        | PdCall.SetStoreLabels(StoreId store, labels) ->
            ask "POST" $"/store/%d{store}/label" (Some(Json.ofMap labels))
        | PdCall.SetConfig settings -> ask "POST" "/config" (Some(Json.object (Map.toList settings)))
        // TiKV would write its file, which is read-only in a Pod (tikv#15588).
        | PdCall.SetTikvConfig settings -> {
            Method = "POST"
            Path = "/config?persist=false"
            Body = Some(Json.object (Map.toList settings))
          }

    // ---- reading

    let private succeeded (reply: PdReply) = reply.Status >= 200 && reply.Status < 300

    /// The value of a successful answer; an answer that lacks what it must hold is unexpected, never a default.
    let private read (decode: Json -> 'Value option) (reply: PdReply) =
        if succeeded reply then
            match reply.Body with
            | PdBody.Json json -> decode json
            | PdBody.Text _ -> None
            |> Option.map Ok
            |> Option.defaultWith (fun () ->
                Error(PdError.Unexpected(reply.Status, PdBody.message reply.Body)))
        else
            Error(PdError.ofReply reply)

    /// All decoded, or none when one of them cannot be.
    let private all (decode: 'Item -> 'Value option) (items: 'Item list) =
        let decoded = items |> List.choose decode
        if List.length decoded = List.length items then Some decoded else None

    let private texts name json = Json.itemsAt [ name ] json |> List.choose Json.asString

    let private memberOf json : Member option =
        Json.uint64Field "member_id" json
        |> Option.map (fun id -> {
            Id = MemberId id
            Name = Json.stringField "name" json |> Option.defaultValue ""
            PeerUrls = texts "peer_urls" json
            ClientUrls = texts "client_urls" json
            LeaderPriority = Json.intField "leader_priority" json |> Option.defaultValue 0
            Version = Json.stringField "binary_version" json |> Option.defaultValue ""
        })

    let members (reply: PdReply) : Result<Members, PdError> =
        reply
        |> read (fun json ->
            match
                Json.uint64At [ "header"; "cluster_id" ] json,
                Json.itemsAt [ "members" ] json |> all memberOf
            with
            | Some cluster, Some members ->
                Some {
                    ClusterId = ClusterId cluster
                    Members = members
                    Leader = Json.tryPath [ "leader" ] json |> Option.bind memberOf
                    EtcdLeader = Json.tryPath [ "etcd_leader" ] json |> Option.bind memberOf
                }
            | _ -> None)

    let health (reply: PdReply) : Result<MemberHealth list, PdError> =
        let one json : MemberHealth option =
            match Json.uint64Field "member_id" json, Json.boolField "health" json with
            | Some id, Some health ->
                Some {
                    Id = MemberId id
                    Name = Json.stringField "name" json |> Option.defaultValue ""
                    ClientUrls = texts "client_urls" json
                    Health = health
                }
            | _ -> None

        reply |> read (Json.asItems >> Option.bind (all one))

    let cluster (reply: PdReply) : Result<ClusterSummary, PdError> =
        reply
        |> read (fun json ->
            match Json.uint64Field "id" json, Json.intField "max_peer_count" json with
            | Some id, Some replicas -> Some { Id = ClusterId id; MaxReplicas = replicas }
            | _ -> None)

    let private storeState json =
        match Json.intField "state" json with
        | None
        | Some 0 -> Some StoreState.Up
        | Some 1 -> Some StoreState.Offline
        | Some 2 -> Some StoreState.Tombstone
        | Some _ -> None

    let private nodeState json =
        match Json.intField "node_state" json with
        | None
        | Some 0 -> Some NodeState.Preparing
        | Some 1 -> Some NodeState.Serving
        | Some 2 -> Some NodeState.Removing
        | Some 3 -> Some NodeState.Removed
        | Some _ -> None

    let private labelsOf json =
        Json.itemsAt [ "labels" ] json
        |> List.choose (fun label ->
            Json.stringField "key" label
            |> Option.map (fun key -> key, Json.stringField "value" label |> Option.defaultValue ""))
        |> Map.ofList

    let private storeOf json : Store option =
        let meta = Json.tryField "store" json |> Option.defaultValue Json.Null
        let status = Json.tryField "status" json |> Option.defaultValue Json.Null
        let textAt name = Json.stringField name meta |> Option.defaultValue ""

        let bytesAt name =
            Json.stringField name status
            |> Option.bind PdSize.tryParse
            |> Option.defaultValue 0L

        match
            Json.uint64Field "id" meta,
            storeState meta,
            nodeState meta,
            Json.stringField "state_name" meta,
            Json.intField "leader_count" status,
            Json.intField "region_count" status,
            Json.int64Field "region_size" status
        with
        | Some id, Some state, Some node, Some name, Some leaders, Some regions, Some size ->
            Some {
                Id = StoreId id
                Address = textAt "address"
                PeerAddress = textAt "peer_address"
                StatusAddress = textAt "status_address"
                Version = textAt "version"
                StoreState = state
                NodeState = node
                StateName = name
                LastHeartbeat = Json.int64Field "last_heartbeat" meta
                StartTimestamp = Json.int64Field "start_timestamp" meta |> Option.defaultValue 0L
                Labels = labelsOf meta
                Leaders = leaders
                Regions = regions
                RegionSize = size
                PendingPeers = Json.intField "pending_peer_count" status |> Option.defaultValue 0
                Capacity = bytesAt "capacity"
                Available = bytesAt "available"
                PhysicallyDestroyed = Json.boolField "physically_destroyed" meta |> Option.defaultValue false
            }
        | _ -> None

    let store (reply: PdReply) : Result<Store, PdError> = reply |> read storeOf

    /// In the order of their ids; PD's own order is random.
    let stores (reply: PdReply) : Result<Store list, PdError> =
        reply
        |> read (fun json ->
            Json.tryPath [ "stores" ] json
            |> Option.bind Json.asItems
            |> Option.bind (all storeOf)
            |> Option.map (List.sortBy (fun { Id = StoreId id } -> id)))

    let replication (reply: PdReply) : Result<Replication, PdError> =
        let flag name json = Json.stringField name json |> Option.contains "true" // PD's booleans are strings (P 9)

        reply
        |> read (fun json ->
            Json.intField "max-replicas" json
            |> Option.map (fun replicas -> {
                MaxReplicas = replicas
                LocationLabels =
                    (Json.stringField "location-labels" json |> Option.defaultValue "")
                        .Split(',', StringSplitOptions.RemoveEmptyEntries)
                    |> List.ofArray
                IsolationLevel = Json.stringField "isolation-level" json |> Option.defaultValue ""
                StrictlyMatchLabel = flag "strictly-match-label" json
                EnablePlacementRules = flag "enable-placement-rules" json
            }))

    /// The router's own 404 means that there is no such scheduler, hence no such store (P 20).
    let evictLeaders (reply: PdReply) : Result<EvictLeaders, PdError> =
        if reply.Status = 404 && PdBody.message reply.Body = "404 page not found" then
            Ok Set.empty
        else
            reply
            |> read (fun json ->
                Json.tryPath [ "store-id-ranges" ] json
                |> Option.bind Json.asMembers
                |> Option.bind (all (fst >> Json.Number >> Json.asUInt64))
                |> Option.map (List.map StoreId >> Set.ofList))

    /// All regions that PD knows of, whether it has heard of their leaders or not.
    let regionCount (reply: PdReply) : Result<int, PdError> = reply |> read (Json.intField "count")

    // ---- writing

    /// What a write came to. What had been done before counts as done.
    let written (call: PdCall) (reply: PdReply) : Result<unit, PdError> =
        match call, (if succeeded reply then None else Some(PdError.ofReply reply)) with
        | _, None -> Ok()
        | PdCall.RemoveStore _, Some(PdError.Tombstone | PdError.NotFound _) -> Ok()
        | PdCall.RemoveMember _, Some(PdError.NotFound _) -> Ok()
        | PdCall.StopEvictingLeaders _, Some(PdError.NotFound _) -> Ok()
        | PdCall.StopEvictingLeaders _, Some(PdError.Unexpected(404, "null")) -> Ok()
        | _, Some error -> Error error

    /// Whether settings were refused as such, so that asking again is of no use. TiKV says 500 to a setting that it cannot
    /// change while it runs.
    let refusesSettings (call: PdCall) (reply: PdReply) : bool =
        match call with
        | PdCall.SetConfig _ ->
            match PdError.ofReply reply with
            | PdError.Refused _ -> true
            | _ -> false
        | PdCall.SetTikvConfig _ ->
            reply.Status >= 400 && reply.Status < 500
            || reply.Status = 500
               && (PdBody.message reply.Body).StartsWith("failed to", StringComparison.Ordinal)
        | _ -> false
