namespace Tikv.Simulator.Pd

open Tikv.Core
open Tikv.Core.Pd

/// What PD does with stores and regions by itself, as far as its leader serves.
[<RequireQualifiedAccess>]
module Schedulers =

    let private never = Stores.never

    let private stopping (world: PdWorld) (group: PdGroup) =
        (Set.empty, world.Tikvs)
        ||> Map.fold (fun stores _ one ->
            match one.State, one.Disk with
            | ProcessState.Stopping, Some disk when one.Group = ValueSome group.Id ->
                Set.add disk.Store stores
            | _ -> stores)

    let private rules (world: PdWorld) now (group: PdGroup) stopping : RegionRules =
        let timings = world.Timings
        let cluster = group.Cluster
        let live = Leaders.heardStores world group

        let heard (store: StoreRecord) =
            Set.contains store.Id live
            && Stores.isUp store
            && not (Stores.isSilent timings now timings.Disconnected store)

        let targets =
            cluster.Stores
            |> Map.toList
            |> List.filter (fun (id, store) -> heard store && not (Set.contains id stopping))
            |> List.map fst

        let mayLead =
            targets
            |> List.filter (fun id ->
                not (Set.contains id cluster.Evicting)
                // each peer of a single region catches up by itself
                && (cluster.Singles.IsSome || (Map.find id cluster.Stores).CaughtUpAt <= now))
            |> Set.ofList

        {
            Raft = Leaders.raft world group
            Heeds = fun store -> Set.contains store live
            MayLead = fun store -> Set.contains store mayLead
            Targets = targets
            Leaving =
                fun id ->
                    match Map.tryFind id cluster.Stores with
                    | Some store ->
                        not (Stores.isUp store)
                        || (store.LastBeat.IsSome
                            && Stores.isSilent timings now cluster.MaxStoreDownTime store)
                    | None -> true
            Removing =
                fun id ->
                    match Map.tryFind id cluster.Stores with
                    | Some store -> store.NodeState = NodeState.Removing
                    | None -> true
            MaxReplicas = cluster.Replication.MaxReplicas
            Isolation = Isolation.ofCluster cluster.Replication cluster.Stores
            Tolerance = timings.BalanceTolerance
        }

    /// Stores that are to lead no region.
    let private evicted (timings: PdTimings) (cluster: PdCluster) stopping =
        let slow =
            (Set.empty, cluster.Stores)
            ||> Map.fold (fun slow id store ->
                if store.BeatEach > timings.Heartbeat && Stores.isUp store then Set.add id slow else slow)

        // one stopping store is emptied, two are not, nor are two slow ones (V P34)
        let alone stores = if Set.count stores = 1 then stores else Set.empty
        Set.unionMany [ cluster.Evicting; alone stopping; alone slow ]

    let private moveLeaders (world: PdWorld) now (group: PdGroup) =
        let timings = world.Timings
        let cluster = group.Cluster
        let stopping = stopping world group
        let rules = rules world now group stopping
        let sources = evicted timings cluster stopping

        let evicted =
            Regions.evict rules.Raft sources rules.Heeds rules.MayLead timings.LeadersPerTick cluster.Regions

        let moved =
            if LanguagePrimitives.PhysicalEquality evicted cluster.Regions then
                Regions.balanceLeaders
                    rules.Raft
                    (rules.Targets |> List.filter rules.MayLead)
                    timings.BalanceTolerance
                    timings.BalancedLeadersPerTick
                    evicted
            else
                evicted

        {
            cluster with
                Regions = moved
                LeadersAt =
                    if LanguagePrimitives.PhysicalEquality moved cluster.Regions then
                        Stores.nextUsable now cluster
                    else
                        now + timings.LeaderTick
        }

    /// Stores that have just become empty are buried a little later.
    let toBury (timings: PdTimings) now (cluster: PdCluster) =
        (cluster, cluster.Stores)
        ||> Map.fold (fun cluster id store ->
            if
                store.NodeState = NodeState.Removing
                && store.JobAt = never
                && Fidelity.peers id cluster = 0
            then
                Stores.put { store with JobAt = now + timings.Bury } cluster
            else
                cluster)

    let private movePeers (world: PdWorld) now (group: PdGroup) =
        let timings = world.Timings
        let cluster = group.Cluster
        let moved = Placement.movePeers (rules world now group (stopping world group)) cluster.Regions

        if LanguagePrimitives.PhysicalEquality moved cluster.Regions then
            { cluster with PeersAt = Stores.nextUsable now cluster }
        else
            { cluster with Regions = moved; PeersAt = never }
            |> toBury timings now
            |> Stores.wake timings now

    /// All that single regions do, and that PD does with them.
    let private moveSingles (world: PdWorld) now (group: PdGroup) (singles: Singles) =
        let timings = world.Timings
        let cluster = group.Cluster

        if not (Leaders.serves group) || now < cluster.ColdUntil then
            Fidelity.put (SingleWork.withoutPd now (Leaders.raft world group) singles) cluster
        else
            let stopping = stopping world group

            let patrol = {
                Rules = rules world now group stopping
                Now = now
                StoreLimit = cluster.StoreLimit
                Evicted = evicted timings cluster stopping
            }

            let usable = Stores.nextUsable now cluster

            { cluster with LeadersAt = usable; PeersAt = never }
            |> Fidelity.put (SingleWork.step patrol singles)
            |> toBury timings now

    let private jobs (timings: PdTimings) now (cluster: PdCluster) =
        (cluster, cluster.Stores)
        ||> Map.fold (fun cluster _ store ->
            let cluster = if store.JobAt <= now then Stores.job timings now cluster store else cluster

            if store.DownAt <= now then
                let store = Map.find store.Id cluster.Stores
                cluster |> Stores.put { store with DownAt = never } |> Stores.wake timings now
            else
                cluster)

    /// Regions elect without PD.
    let private elect (world: PdWorld) (group: PdGroup) = {
        group.Cluster with
            Regions = Regions.elect (Leaders.raft world group) group.Cluster.Regions
            ElectionAt = never
    }

    /// When something of this cluster happens by itself next.
    let due (group: PdGroup) =
        let cluster = group.Cluster

        if Leaders.serves group then
            (min (Fidelity.due true cluster) (min cluster.LeadersAt cluster.PeersAt), cluster.Stores)
            ||> Map.fold (fun due _ store -> min due (min store.JobAt store.DownAt))
        else
            Fidelity.due false cluster

    let private stepSingles (world: PdWorld) now (group: PdGroup) singles =
        let serves = Leaders.serves group
        let cluster = group.Cluster

        let moves =
            Fidelity.due serves cluster <= now
            || serves && min cluster.LeadersAt cluster.PeersAt <= now

        let cluster = if moves then moveSingles world now group singles else cluster
        { group with Cluster = if serves then jobs world.Timings now cluster else cluster }

    let private stepClasses (world: PdWorld) now (group: PdGroup) =
        let withCluster cluster = { group with Cluster = cluster }

        if group.Cluster.ElectionAt <= now then
            let elected = elect world group
            withCluster (if Leaders.serves group then Stores.wake world.Timings now elected else elected)
        elif not (Leaders.serves group) then
            group
        elif group.Cluster.LeadersAt <= now then
            withCluster (moveLeaders world now group)
        elif group.Cluster.PeersAt <= now then
            withCluster (movePeers world now group)
        else
            withCluster (jobs world.Timings now group.Cluster)

    let step (world: PdWorld) now (group: PdGroup) =
        match group.Cluster.Singles with
        | None -> stepClasses world now group
        | Some singles -> stepSingles world now group singles
