namespace Tikv.Simulator.Pd

open System
open Tikv.Core
open Tikv.Core.Pd

/// Who answers a route.
[<RequireQualifiedAccess; Struct>]
type Scope =
    /// The member that is asked, with or without a leader.
    | Local
    /// The leader, through whichever member is asked.
    | Leader

/// A request to PD as its router understands it: all that `PdCall` can ask, and what people and tools ask besides.
[<RequireQualifiedAccess>]
type Route =
    // local
    | Health
    | Ping
    | Version
    | Status
    | Ready of Verbose: bool
    | Config
    // through the leader
    | RootHealth
    | RootPing
    | Members
    | GetLeader
    | Resign
    | Transfer of Name: string
    | RemoveMemberByName of Name: string
    | RemoveMemberById of Id: string
    | SetPriority of Name: string
    | Cluster
    | ClusterStatus
    | Stores of States: string list
    | StoresCheck of States: string list
    | Store of Id: string
    | RemoveStore of Id: string * Force: bool
    | SetState of Id: string * State: string
    | SetLabels of Id: string * Force: bool
    | RemoveLabel of Id: string
    | Labels
    | StoreSetting of Id: string * Text: string
    | StoresLimit
    | SetStoresLimit
    | RemoveTombstones
    | Progress
    | Schedulers
    | AddScheduler
    | RemoveScheduler of Name: string
    | EvictLeadersList
    | Replication
    | SetReplication
    | SetConfig
    | ClusterVersion
    | RegionCount
    | RegionsCheck of Kind: string
    | RegionStatistics
    // none of them
    | MethodNotAllowed
    | DoubleSlash
    | NotFound

[<RequireQualifiedAccess>]
module Routes =

    let private query (text: string) =
        text.Split('&', StringSplitOptions.RemoveEmptyEntries)
        |> List.ofArray
        |> List.map (fun pair ->
            match pair.Split('=', 2) with
            | [| key; value |] -> key, Uri.UnescapeDataString value
            | _ -> pair, "")

    let private valuesOf key query = query |> List.filter (fun (name, _) -> name = key) |> List.map snd

    /// The methods of a path, each with what it means.
    let private table path query : (string * Route) list =
        let has key = query |> List.exists (fun (name, _) -> name = key)
        let states = valuesOf "state" query

        match path with
        | [ "pd"; "api"; "v2"; "ready" ] -> [ "GET", Route.Ready(has "verbose") ]
        | [ "pd"; "health" ] -> [ "GET", Route.RootHealth ]
        | [ "pd"; "ping" ] -> [ "GET", Route.RootPing ]
        | "pd" :: "api" :: "v1" :: path ->
            match path with
            | [ "health" ] -> [ "GET", Route.Health ]
            | [ "ping" ] -> [ "GET", Route.Ping ]
            | [ "version" ] -> [ "GET", Route.Version ]
            | [ "status" ] -> [ "GET", Route.Status ]
            | [ "config" ] -> [ "GET", Route.Config; "POST", Route.SetConfig ]
            | [ "config"; "replicate" ] -> [ "GET", Route.Replication; "POST", Route.SetReplication ]
            | [ "config"; "cluster-version" ] -> [ "GET", Route.ClusterVersion ]
            | [ "members" ] -> [ "GET", Route.Members ]
            | [ "members"; "name"; name ] -> [
                "DELETE", Route.RemoveMemberByName name
                "POST", Route.SetPriority name
              ]
            | [ "members"; "id"; id ] -> [ "DELETE", Route.RemoveMemberById id ]
            | [ "leader" ] -> [ "GET", Route.GetLeader ]
            | [ "leader"; "resign" ] -> [ "POST", Route.Resign ]
            | [ "leader"; "transfer"; name ] -> [ "POST", Route.Transfer name ]
            | [ "cluster" ] -> [ "GET", Route.Cluster ]
            | [ "cluster"; "status" ] -> [ "GET", Route.ClusterStatus ]
            | [ "stores" ] -> [ "GET", Route.Stores states ]
            | [ "stores"; "check" ] -> [ "GET", Route.StoresCheck states ]
            | [ "stores"; "limit" ] -> [ "GET", Route.StoresLimit; "POST", Route.SetStoresLimit ]
            | [ "stores"; "remove-tombstone" ] -> [ "DELETE", Route.RemoveTombstones ]
            | [ "stores"; "progress" ] -> [ "GET", Route.Progress ]
            | [ "store"; id ] -> [ "GET", Route.Store id; "DELETE", Route.RemoveStore(id, has "force") ]
            | [ "store"; id; "state" ] -> [
                "POST", Route.SetState(id, states |> List.tryHead |> Option.defaultValue "")
              ]
            | [ "store"; id; "label" ] -> [
                "POST", Route.SetLabels(id, has "force")
                "DELETE", Route.RemoveLabel id
              ]
            | [ "store"; id; "weight" ] -> [
                "POST", Route.StoreSetting(id, "The store's weight is updated.")
              ]
            | [ "store"; id; "limit" ] -> [ "POST", Route.StoreSetting(id, "The store's limit is updated.") ]
            | [ "labels" ] -> [ "GET", Route.Labels ]
            | [ "schedulers" ] -> [ "GET", Route.Schedulers; "POST", Route.AddScheduler ]
            | [ "schedulers"; name ] -> [ "DELETE", Route.RemoveScheduler name ]
            | [ "scheduler-config"; "evict-leader-scheduler"; "list" ] -> [ "GET", Route.EvictLeadersList ]
            | [ "regions"; "count" ] -> [ "GET", Route.RegionCount ]
            | [ "regions"; "check"; kind ] -> [ "GET", Route.RegionsCheck kind ]
            | [ "stats"; "region" ] -> [ "GET", Route.RegionStatistics ]
            | _ -> []
        | _ -> []

    let private read (verb: string) (pathAndQuery: string) : Route =
        let path, query =
            match pathAndQuery.Split('?', 2) with
            | [| path; text |] -> path, query text
            | _ -> pathAndQuery, []

        let segments =
            path.TrimStart('/').Split('/')
            |> List.ofArray
            |> List.map Uri.UnescapeDataString

        if path.Contains("//", StringComparison.Ordinal) then
            Route.DoubleSlash
        else
            match table segments query with
            | [] -> Route.NotFound
            | methods ->
                methods
                |> List.tryPick (fun (name, route) -> if name = verb then Some route else None)
                |> Option.defaultValue Route.MethodNotAllowed

    /// What operators ask again and again.
    let private usual =
        [
            PdCall.GetCluster
            PdCall.GetMembers
            PdCall.GetHealth
            PdCall.GetStores
            PdCall.GetReplicationConfig
            PdCall.GetEvictLeaders
            PdCall.GetRegionCount
        ]
        |> List.map PdCodec.request
        |> List.map (fun request -> request.Path, read request.Method request.Path)
        |> readOnlyDict

    let parse (verb: string) (pathAndQuery: string) : Route =
        match usual.TryGetValue pathAndQuery with
        | true, route when verb = "GET" -> route
        | _ -> read verb pathAndQuery

    let scope route =
        match route with
        | Route.Health
        | Route.Ping
        | Route.Version
        | Route.Status
        | Route.Ready _
        | Route.Config
        | Route.MethodNotAllowed
        | Route.DoubleSlash
        | Route.NotFound -> Scope.Local
        | _ -> Scope.Leader
