namespace Tikv.Simulator.Pd

open System
open Tikv.Core
open Tikv.Core.Pd

/// Why PD does not do with a store what it is asked.
[<RequireQualifiedAccess>]
type StoreRefusal =
    | NotFound
    | Removed
    | Destroyed
    | TooFewStores of Left: int * Needed: int
    | NoStoreForLeaders

/// The stores of one PD cluster: V B2, B3 and the table V B10, as amended by P 12-17.
[<RequireQualifiedAccess>]
module Stores =

    let never = Int64.MaxValue

    let empty (timings: PdTimings) : PdCluster = {
        Stores = Map.empty
        NextId = 1UL
        BootstrappedAt = ValueNone
        Regions = Map.empty
        Singles = timings.Single |> Option.map Singles.empty
        Evicting = Set.empty
        Replication = {
            MaxReplicas = 3
            LocationLabels = []
            IsolationLevel = ""
            StrictlyMatchLabel = false
            EnablePlacementRules = true
        }
        StoreLimit = timings.StoreLimit
        MaxStoreDownTime = timings.Down
        ClusterVersion = "0.0.0"
        LeadersAt = never
        PeersAt = never
        ElectionAt = never
        ColdUntil = 0L
        Remembered = Map.empty
        ReportedAt = 0L
    }

    /// The regions as PD tells of them.
    let reported now (cluster: PdCluster) =
        if now < cluster.ReportedAt then cluster.Remembered else cluster.Regions

    let isUp (store: StoreRecord) =
        match store.NodeState with
        | NodeState.Preparing
        | NodeState.Serving -> true
        | NodeState.Removing
        | NodeState.Removed -> false

    let lastBeat (_: PdTimings) now (store: StoreRecord) =
        if store.BeatsFrom > now then
            store.LastBeat
        else
            ValueSome(now - (now - store.BeatsFrom) % store.BeatEach)

    /// Longer silent than the span; a store that never sent a heartbeat is.
    let isSilent timings now span store =
        match lastBeat timings now store with
        | ValueSome beat -> now - beat > span
        | ValueNone -> true

    let stateName (timings: PdTimings) now (cluster: PdCluster) (store: StoreRecord) =
        match store.NodeState with
        | NodeState.Removing -> "Offline"
        | NodeState.Removed -> "Tombstone"
        | NodeState.Preparing
        | NodeState.Serving ->
            if isSilent timings now cluster.MaxStoreDownTime store then "Down"
            elif isSilent timings now timings.Disconnected store then "Disconnected"
            else "Up"

    let put (store: StoreRecord) (cluster: PdCluster) = {
        cluster with
            Stores = Map.add store.Id store cluster.Stores
    }

    /// Looks again at what leaders and peers there are to move.
    let wake (timings: PdTimings) now (cluster: PdCluster) =
        let at span = max cluster.ColdUntil (now + span)

        {
            cluster with
                LeadersAt = min cluster.LeadersAt (at timings.LeaderTick)
                PeersAt = min cluster.PeersAt (at (60_000L / int64 (max 1 cluster.StoreLimit)))
        }

    // ---- heartbeats

    let private downAt (cluster: PdCluster) (beat: int64 voption) =
        match beat with
        | ValueSome beat -> beat + cluster.MaxStoreDownTime + 1L
        | ValueNone -> never

    /// The process is silent from now on.
    let silence timings now (cluster: PdCluster) (store: StoreRecord) =
        let beat = lastBeat timings now store

        { store with LastBeat = beat; BeatsFrom = never; DownAt = downAt cluster beat }

    /// What a new leader knows of the heartbeats: those that were written down (V P15).
    let forgetBeats (timings: PdTimings) now (cluster: PdCluster) (store: StoreRecord) =
        match lastBeat timings now store with
        | ValueSome beat when store.BeatsFrom <= now ->
            let persisted = beat - (beat - store.BeatsFrom) % timings.HeartbeatPersisted

            {
                store with
                    LastBeat = ValueSome persisted
                    BeatsFrom = never
                    DownAt = downAt cluster (ValueSome persisted)
            }
        | _ -> store

    /// The process is heard again from its next beat on; PD does not listen to that of a Tombstone (V P09).
    let resumeBeats now (store: StoreRecord) =
        let late = (now - store.BeatPhase) % store.BeatEach
        let next = if late <= 0L then now - late else now - late + store.BeatEach

        if store.NodeState = NodeState.Removed then
            store
        else
            { store with BeatsFrom = next; DownAt = never }

    /// The clock of PD's leader jumps ahead (or back): every heartbeat so far was so much longer ago (V P60).
    let jumpClock timings now span (cluster: PdCluster) (store: StoreRecord) =
        let beats = store.BeatsFrom <> never

        match lastBeat timings now store with
        | ValueSome beat ->
            let moved = {
                silence timings now cluster store with
                    LastBeat = ValueSome(beat - span)
                    DownAt = downAt cluster (ValueSome(beat - span))
            }

            if beats then resumeBeats (now + 1L) moved else moved
        | ValueNone -> store

    /// The disk of a store is slow, or is so no longer.
    let beatEach timings now each (store: StoreRecord) =
        if store.BeatEach = each then
            store
        else
            let beats = store.BeatsFrom <> never
            let store = { store with LastBeat = lastBeat timings now store; BeatEach = each; BeatPhase = now }
            if beats then { store with BeatsFrom = now + each } else store

    /// When a store that cannot be used at the moment can be, if by itself: its next beat, or its peers caught up.
    let nextUsable now (cluster: PdCluster) =
        (never, cluster.Stores)
        ||> Map.fold (fun next _ store ->
            [ store.CaughtUpAt; store.BeatsFrom ]
            |> List.filter (fun at -> at > now)
            |> List.fold min next)

    /// A new max-store-down-time.
    let withDownTime span (cluster: PdCluster) =
        let changed = { cluster with MaxStoreDownTime = span }

        {
            changed with
                Stores =
                    changed.Stores
                    |> Map.map (fun _ store ->
                        if store.BeatsFrom = never && isUp store then
                            { store with DownAt = downAt changed store.LastBeat }
                        else
                            store)
        }

    // ---- registration

    let private major (version: string) =
        match Version.TryParse(version.Split('-')[0]) with
        | true, version -> version |> Option.ofObj
        | false, _ -> None

    let private compatible (cluster: string) (store: string) =
        match major cluster, major store with
        | Some one, Some other -> one <= other || (one.Major = other.Major && one.Minor = other.Minor)
        | _ -> false

    let private lowestVersion (cluster: PdCluster) =
        match
            cluster.Stores
            |> Map.toList
            |> List.choose (fun (_, store) ->
                if store.NodeState = NodeState.Removed then
                    None
                else
                    major store.Version |> Option.map (fun version -> version, store.Version))
        with
        | [] -> cluster.ClusterVersion
        | versions -> versions |> List.minBy fst |> snd

    /// PutStore: a new record, or a new life of an old one. The message is what kills the TiKV.
    let register (timings: PdTimings) now epoch slow (start: TikvStart) (id: StoreId) (cluster: PdCluster) =
        let (StoreId number) = id
        let known = Map.tryFind id cluster.Stores

        let sameAddress =
            cluster.Stores
            |> Map.exists (fun other store ->
                other <> id
                && store.Address = start.Address
                && store.NodeState <> NodeState.Removed
                && not store.PhysicallyDestroyed)

        match known with
        | Some { NodeState = NodeState.Removed } -> Error $"store %d{number} is tombstone"
        | _ when sameAddress -> Error $"duplicated store address: id:%d{number} address:\"%s{start.Address}\""
        | _ when not (compatible cluster.ClusterVersion start.Version) ->
            Error $"version should compatible with version  %s{cluster.ClusterVersion}, got %s{start.Version}"
        | _ ->
            let beats = now + timings.FirstHeartbeat

            let fresh =
                known
                |> Option.defaultValue {
                    Id = id
                    Address = start.Address
                    StatusAddress = start.StatusAddress
                    Version = start.Version
                    Labels = Map.empty
                    NodeState = NodeState.Preparing
                    PhysicallyDestroyed = false
                    StartTimestamp = 0L
                    Capacity = start.Capacity
                    RegisteredAt = now
                    LastBeat = ValueNone
                    BeatsFrom = beats
                    BeatEach = timings.Heartbeat
                    BeatPhase = beats
                    DownAt = never
                    JobAt = now + timings.NodeStateJob
                    CaughtUpAt = now
                }

            let store = {
                fresh with
                    Address = start.Address
                    StatusAddress = start.StatusAddress
                    Version = start.Version
                    Labels =
                        (fresh.Labels, start.Labels)
                        ||> Map.fold (fun all key value -> Map.add key value all)
                    StartTimestamp = (epoch + now) / 1000L
                    Capacity = start.Capacity
                    BeatsFrom = beats
                    BeatEach = if slow then timings.SlowHeartbeat else timings.Heartbeat
                    BeatPhase = beats
                    DownAt = never
                    CaughtUpAt =
                        match known |> Option.map (lastBeat timings now) with
                        | Some(ValueSome beat) ->
                            let behind = (now - beat) / timings.CatchUpShare
                            now + min timings.CatchUpMost (timings.CatchUp + behind)
                        | Some ValueNone -> now + timings.CatchUp
                        | None -> now
            }

            let cluster = put store cluster

            Ok {
                cluster with
                    ClusterVersion = lowestVersion cluster
                    NextId = max cluster.NextId (number + 1UL)
            }

    // ---- removal

    let private upOthers id (cluster: PdCluster) =
        cluster.Stores
        |> Map.toList
        |> List.filter (fun (other, store) -> other <> id && isUp store)
        |> List.map fst

    let private offline timings now destroyed (cluster: PdCluster) (store: StoreRecord) =
        let isEmpty = Fidelity.peers store.Id cluster = 0

        cluster
        |> put {
            store with
                NodeState = NodeState.Removing
                PhysicallyDestroyed = destroyed
                JobAt = if isEmpty then now + timings.Bury else never
        }
        |> wake timings now

    /// DELETE /store/{id}, and state=Offline. `force` skips the checks, and is for ever.
    let remove (timings: PdTimings) now force id (cluster: PdCluster) : Result<PdCluster, StoreRefusal> =
        match Map.tryFind id cluster.Stores with
        | None -> Error StoreRefusal.NotFound
        | Some { NodeState = NodeState.Removed } -> Error StoreRefusal.Removed
        | Some({ NodeState = NodeState.Removing } as store) ->
            match store.PhysicallyDestroyed, force with
            | true, false -> Error StoreRefusal.Destroyed
            | false, true -> Ok(put { store with PhysicallyDestroyed = true } cluster)
            | _ -> Ok cluster
        | Some store when force -> Ok(offline timings now true cluster store)
        | Some store ->
            let others = upOthers id cluster

            if List.length others < cluster.Replication.MaxReplicas then
                Error(StoreRefusal.TooFewStores(List.length others, cluster.Replication.MaxReplicas))
            elif others |> List.forall (fun other -> Set.contains other cluster.Evicting) then
                Error StoreRefusal.NoStoreForLeaders
            else
                Ok(offline timings now false cluster store)

    /// POST state=Up.
    let restore (timings: PdTimings) now id (cluster: PdCluster) : Result<PdCluster, StoreRefusal> =
        match Map.tryFind id cluster.Stores with
        | None -> Error StoreRefusal.NotFound
        | Some { NodeState = NodeState.Removed } -> Error StoreRefusal.Removed
        | Some { PhysicallyDestroyed = true } -> Error StoreRefusal.Destroyed
        | Some({ NodeState = NodeState.Removing } as store) ->
            cluster
            |> put { store with NodeState = NodeState.Serving; JobAt = never }
            |> wake timings now
            |> Ok
        | Some _ -> Ok cluster

    let removeTombstones (cluster: PdCluster) = {
        cluster with
            Stores =
                cluster.Stores
                |> Map.filter (fun id store ->
                    store.NodeState <> NodeState.Removed || Fidelity.peers id cluster > 0)
    }

    /// The job of PD that takes a store one state further.
    let job (timings: PdTimings) now (cluster: PdCluster) (store: StoreRecord) =
        let serves () =
            let all = Regions.count cluster.Regions

            let up = cluster.Stores |> Map.toList |> List.filter (snd >> isUp) |> List.length

            let share = float (all * min cluster.Replication.MaxReplicas up) / float (max 1 up)

            all < 100
            || float (Fidelity.peers store.Id cluster) >= 0.9 * share
            || now - store.RegisteredAt >= timings.MaxPreparing

        match store.NodeState with
        | NodeState.Preparing when serves () ->
            put { store with NodeState = NodeState.Serving; JobAt = never } cluster
        | NodeState.Preparing -> put { store with JobAt = now + timings.NodeStateJob } cluster
        | NodeState.Removing when Fidelity.peers store.Id cluster = 0 ->
            cluster
            |> put {
                silence timings now cluster store with
                    NodeState = NodeState.Removed
                    JobAt = never
                    DownAt = never
            }
            |> fun cluster -> { cluster with ClusterVersion = lowestVersion cluster }
        | NodeState.Removing
        | NodeState.Serving
        | NodeState.Removed -> put { store with JobAt = never } cluster
