namespace Tikv.Bench

open System
open System.Collections.Generic
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run

/// A world without delays in which everything goes well at once: the simulator's API server, Pods that are ready as soon
/// as they exist, and a PD that lists them all. It brings an operator to rest with any number of stores, so that single
/// inputs can be measured on a full cache.
type Obedient(stores: int) =
    let space = "default"
    let clock = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)
    let coming = Queue<Happening>()
    let watches = Dictionary<RequestId, Kind * int64>()
    let mutable server = ApiServer.start 1 |> ApiServer.tracksFields false
    let mutable state = Operator.start { Namespaces = []; Election = None; MaxConcurrent = 16 }
    let mutable now = 0L
    let mutable wake: Instant voption = ValueNone
    let mutable writes = 0

    let handle request =
        let struct (next, response) = ApiServer.handle clock request server
        server <- next
        response

    let pods ``component`` =
        ApiServer.listObjects (Answers.key Kind.Pod) (Some space) server
        |> List.filter (fun pod ->
            Json.stringAt [ "metadata"; "labels"; Labels.``component`` ] pod = Some ``component``)
        |> List.map (fun pod -> Json.stringAt [ "metadata"; "name" ] pod |> Option.defaultValue "")

    /// The kubelet: a Pod that has just been made runs and is ready.
    let run (pod: Json) =
        let condition kind =
            Json.object [
                "type", Json.string kind
                "status", Json.string "True"
                "lastTransitionTime", Json.string (Timestamp.print clock)
            ]

        let status =
            Json.object [
                "phase", Json.string "Running"
                "conditions", Json.array [ condition "PodScheduled"; condition "Ready" ]
                "containerStatuses",
                Json.array [
                    for container in Json.itemsAt [ "spec"; "containers" ] pod ->
                        Json.object [
                            "name", Json.tryField "name" container |> Option.defaultValue Json.Null
                            "ready", Json.bool true
                            "restartCount", Json.int 0
                            "state",
                            Json.object [
                                "running", Json.object [ "startedAt", Json.string (Timestamp.print clock) ]
                            ]
                        ]
                ]
            ]

        let name = Json.stringAt [ "metadata"; "name" ] pod |> Option.defaultValue ""

        Requests.patch MergePatch (Answers.key Kind.Pod) (Some space) name (Json.object [ "status", status ])
        |> Requests.onStatus
        |> handle
        |> ignore

    let url name = $"http://%s{name}.basic-pd-peer.%s{space}:2379"

    let members () =
        pods "pd"
        |> List.mapi (fun index name -> {
            Id = MemberId(uint64 (index + 1))
            Name = name
            PeerUrls = [ url name ]
            ClientUrls = [ url name ]
            LeaderPriority = 0
            Version = "v8.5.2"
        })

    let store index name : Store = {
        Id = StoreId(uint64 (index + 100))
        Address = $"%s{name}.basic-tikv-peer.%s{space}:20160"
        PeerAddress = ""
        StatusAddress = ""
        Version = "8.5.2"
        StoreState = Pd.StoreState.Up
        NodeState = NodeState.Serving
        StateName = "Up"
        LastHeartbeat = Some 1L
        StartTimestamp = 1L
        Labels = Map.empty
        Leaders = 100
        Regions = 300
        RegionSize = 1L
        PendingPeers = 0
        Capacity = 1L <<< 40
        Available = 1L <<< 39
        PhysicallyDestroyed = false
    }

    let answer call =
        let body =
            match call with
            | PdCall.GetMembers ->
                let members = members ()

                PdEncode.members {
                    ClusterId = ClusterId 7000000000000000001UL
                    Members = members
                    Leader = List.tryHead members
                    EtcdLeader = List.tryHead members
                }
            | PdCall.GetHealth ->
                members ()
                |> List.map (fun one -> {
                    Id = one.Id
                    Name = one.Name
                    ClientUrls = one.ClientUrls
                    Health = true
                })
                |> PdEncode.health
            | PdCall.GetStores -> pods "tikv" |> List.mapi store |> PdEncode.stores
            | PdCall.GetReplicationConfig ->
                PdEncode.replication {
                    MaxReplicas = 3
                    LocationLabels = []
                    IsolationLevel = ""
                    StrictlyMatchLabel = false
                    EnablePlacementRules = true
                }
            | PdCall.GetEvictLeaders -> PdEncode.evictLeaders Set.empty
            | PdCall.GetRegionCount -> Json.object [ "count", Json.int (100 * (pods "tikv").Length) ]
            | _ -> Json.string "done"

        Done { Status = 200; Body = PdBody.Json body }

    let tellWatches () =
        for KeyValue(request, (kind, position)) in List.ofSeq watches do
            match ApiServer.changesAfter (Answers.key kind) None position server with
            | Ok changes ->
                for event in changes |> List.choose (Answers.watchEvent kind) do
                    coming.Enqueue(Watched(request, event))

                watches[request] <- (kind, ApiServer.revision server)
            | Error() -> ()

    let carryOut effect =
        match effect with
        | Effect.List(request, kind, space, version, page) ->
            coming.Enqueue(Listed(request, Answers.ofList kind space version page |> handle |> Answers.page))
        | Effect.Watch(request, kind, _, ResourceVersion from, _) -> watches[request] <- (kind, int64 from)
        | Effect.CloseWatch request -> watches.Remove request |> ignore
        | Effect.Read(request, object) ->
            coming.Enqueue(HasRead(request, Answers.ofRead object |> handle |> Answers.outcome))
        | Effect.Write(request, write) ->
            let response = Answers.ofWrite write |> handle
            writes <- writes + 1

            match write, response.Code with
            | Create({ Kind = Kind.Pod }, _), 201 -> run response.Body
            | _ -> ()

            coming.Enqueue(Wrote(request, Answers.outcome response))
            tellWatches ()
        | Effect.CallPd(request, _, call) -> coming.Enqueue(PdAnswered(request, answer call))
        | Effect.WakeAt at -> wake <- ValueSome at
        | Effect.Log _
        | Effect.Exit _ -> ()

    let step happening =
        let struct (next, effects) =
            Operator.step state {
                At = Instant now
                Clock = clock + TimeSpan.FromMilliseconds(float now)
                Happening = happening
            }

        state <- next
        effects

    let until limit =
        while coming.Count > 0
              || (match wake with
                  | ValueSome(Instant at) -> at <= limit
                  | ValueNone -> false) do
            if coming.Count > 0 then
                step (coming.Dequeue()) |> List.iter carryOut
            else
                match wake with
                | ValueSome(Instant at) ->
                    now <- max now at
                    wake <- ValueNone
                    step Woke |> List.iter carryOut
                | ValueNone -> ()

    do
        for _, definition in Crd.all do
            Requests.create Builtins.customResourceDefinitions None definition
            |> handle
            |> ignore

        for request in Bootstrap.manifests 3 stores do
            handle request |> ignore

        step Started |> List.iter carryOut
        until 300_000L

    /// The operator at rest.
    member _.State = state

    member _.Now = now

    /// How many writes it took to get there.
    member _.Writes = writes

    member _.Api = server

    /// An input at this moment, as `Operator.step` takes it.
    member _.Input happening : Input = {
        At = Instant now
        Clock = clock + TimeSpan.FromMilliseconds(float now)
        Happening = happening
    }

    /// What the decisions look at.
    member _.Sight: Looks.Sight = {
        At = Instant now
        Clock = clock + TimeSpan.FromMilliseconds(float now)
        Cache = state.Cache
        Pds = state.Pds
        SilentSince = Map.empty
        Secrets = Map.empty
    }

    /// The watch of a kind.
    member _.WatchOf kind =
        watches
        |> Seq.pick (fun (KeyValue(request, (of', _))) -> if of' = kind then Some request else None)
