namespace Tikv.Simulator.Pd

open Tikv.Core

/// Who leads an etcd cluster, and so its PD: what follows from members coming and going, with the times of P.
[<RequireQualifiedAccess>]
module Leaders =

    let private never = Stores.never

    /// The processes of members that the other members' etcd can reach.
    let live (world: PdWorld) (group: PdGroup) : Map<MemberId, PdProcess> =
        (Map.empty, world.Members)
        ||> Map.fold (fun live _ one ->
            match one.Disk with
            | Some disk when
                disk.Group = group.Id
                && one.LiveSince <> never
                && Map.containsKey disk.Member group.Members
                ->
                Map.add disk.Member one live
            | _ -> live)

    /// The stores of the cluster whose processes run, those that are stopping included.
    let liveStores (world: PdWorld) (group: PdGroup) : Set<StoreId> =
        (Set.empty, world.Tikvs)
        ||> Map.fold (fun stores _ one ->
            match one.State, one.Disk with
            | (ProcessState.Running | ProcessState.Stopping), Some disk when one.Group = ValueSome group.Id ->
                Set.add disk.Store stores
            | _ -> stores)

    let raft (world: PdWorld) (group: PdGroup) : Raft =
        let live = liveStores world group

        let places =
            if Set.isEmpty world.Cuts then
                Map.empty
            else
                (Map.empty, world.Tikvs)
                ||> Map.fold (fun places name one ->
                    match one.Disk with
                    | Some disk when one.Group = ValueSome group.Id -> Map.add disk.Store name places
                    | _ -> places)

        {
            Lives = fun store -> Set.contains store live
            Split = not (Set.isEmpty world.Cuts)
            Meets =
                fun one other ->
                    match Map.tryFind one places, Map.tryFind other places with
                    | Some one, Some other -> Network.meet one other world
                    | _ -> true
        }

    /// The members that reach a quorum, themselves included: each of them may lead.
    let able (world: PdWorld) (live: Map<MemberId, PdProcess>) (group: PdGroup) =
        let quorum = Membership.quorum (Map.count group.Members)

        if Map.count live < quorum then
            Map.empty
        elif Set.isEmpty world.Cuts then
            live
        else
            live
            |> Map.filter (fun _ one ->
                live
                |> Map.filter (fun _ other -> Network.meet one.Start.Process other.Start.Process world)
                |> Map.count
                >= quorum)

    let serves (group: PdGroup) =
        match group.Leadership with
        | Leadership.Leading _
        | Leadership.HandingOver _ -> true
        | Leadership.Isolated _
        | Leadership.Vacant _ -> false

    let leader (group: PdGroup) =
        match group.Leadership with
        | Leadership.Leading(leader, _)
        | Leadership.HandingOver(leader, _, _, _)
        | Leadership.Isolated(leader, _, _) -> Some leader
        | Leadership.Vacant _ -> None

    let private processOf (world: PdWorld) (group: PdGroup) id =
        live world group |> Map.tryFind id |> Option.map _.Start.Process

    /// Whether a process and the leader of PD can talk; they cannot while there is none.
    let meetsLeader (world: PdWorld) (group: PdGroup) (proc: string) =
        Set.isEmpty world.Cuts
        || (leader group
            |> Option.bind (processOf world group)
            |> Option.exists (fun leader -> Network.meet proc leader world))

    /// The living stores that PD's leader hears.
    let heardStores (world: PdWorld) (group: PdGroup) : Set<StoreId> =
        if Set.isEmpty world.Cuts then
            liveStores world group
        else
            (Set.empty, world.Tikvs)
            ||> Map.fold (fun stores name one ->
                match one.State, one.Disk with
                | (ProcessState.Running | ProcessState.Stopping), Some disk when
                    one.Group = ValueSome group.Id && meetsLeader world group name
                    ->
                    Set.add disk.Store stores
                | _ -> stores)

    let private mapStores change (cluster: PdCluster) = {
        cluster with
            Stores = cluster.Stores |> Map.map (fun _ store -> change store)
    }

    /// No member leads: what the leader had in memory only is lost.
    let vacate (world: PdWorld) now remembered electionAt (group: PdGroup) = {
        group with
            Leadership = Leadership.Vacant(remembered, electionAt)
            Cluster =
                match group.Leadership with
                | Leadership.Vacant _ -> group.Cluster
                | _ ->
                    Fidelity.forget {
                        mapStores (Stores.forgetBeats world.Timings now group.Cluster) group.Cluster with
                            Remembered = Stores.reported now group.Cluster
                    }
    }

    /// PD's cluster id: the time of the first leader, and something that no other cluster has.
    let private clusterId (world: PdWorld) now (group: PdGroup) =
        let salt = Hash.mix (Hash.mix world.Seed (uint64 group.Id)) 0xC1D5UL
        ClusterId((uint64 ((world.Epoch + now) / 1000L) <<< 32) ||| (salt >>> 32))

    let private elect (world: PdWorld) now who (group: PdGroup) =
        let timings = world.Timings

        let group = { vacate world now false never group with Leadership = Leadership.Leading(who, now) }

        let stores = heardStores world group

        let resumed =
            group.Cluster
            |> mapStores (fun store ->
                if Set.contains store.Id stores then Stores.resumeBeats now store else store)

        let all = Regions.count resumed.Regions

        let reporting =
            (0, resumed.Regions)
            ||> Map.fold (fun sum one count ->
                if one.Leader |> ValueOption.exists (fun leader -> Set.contains leader stores) then
                    sum + count
                else
                    sum)

        let cold =
            if group.Terms = 0 || all = 0 then now
            elif 10 * reporting >= 9 * all then now + timings.SchedulersCold
            else now + timings.SchedulersColdMost

        {
            group with
                ClusterId = group.ClusterId |> Option.orElseWith (fun () -> Some(clusterId world now group))
                Terms = group.Terms + 1
                Cluster =
                    {
                        resumed with
                            LeadersAt = never
                            PeersAt = never
                            ColdUntil = cold
                            ReportedAt = if group.Terms = 0 then now else now + timings.RegionHeartbeat
                    }
                    |> Stores.wake world.Timings now
        }

    /// After a change of the network: whom the leader of PD hears now, and which regions have lost their leader.
    let relisten (world: PdWorld) now (group: PdGroup) =
        let timings = world.Timings
        let heard = heardStores world group

        let listened =
            if serves group then
                group.Cluster
                |> mapStores (fun store ->
                    if Set.contains store.Id heard then
                        if store.BeatsFrom = never then Stores.resumeBeats now store else store
                    elif store.BeatsFrom <> never then
                        Stores.silence timings now group.Cluster store
                    else
                        store)
            else
                group.Cluster

        {
            group with
                Cluster =
                    listened
                    |> Fidelity.relisten timings now (raft world group)
                    |> Stores.wake timings now
        }

    let private isStopping (one: PdProcess) = one.State = ProcessState.Stopping

    /// Whom the members would elect: by priority, those that stay first.
    let private candidate (live: Map<MemberId, PdProcess>) (group: PdGroup) =
        live
        |> Map.toList
        |> List.map (fun (id, running) -> Map.find id group.Members, running)
        |> List.sortBy (fun (one, running) -> isStopping running, one.Name = "", -one.Priority, one.Name)
        |> List.tryHead
        |> Option.map (fun (one, _) -> one.Id)

    let private outranking (live: Map<MemberId, PdProcess>) (group: PdGroup) leader =
        let priority id = Map.tryFind id group.Members |> Option.map _.Priority |> Option.defaultValue 0

        live
        |> Map.toList
        |> List.filter (fun (id, one) -> one.State = ProcessState.Running && priority id > priority leader)
        |> List.sortBy (fun (id, _) -> -(priority id))
        |> List.tryHead
        |> Option.map fst

    let handOver now span target (group: PdGroup) =
        match group.Leadership with
        | Leadership.Leading(leader, since) when leader <> target -> {
            group with
                Leadership = Leadership.HandingOver(leader, since, target, now + span)
          }
        | _ -> group

    /// The leader stops: another takes over, when there is one.
    let resign (world: PdWorld) now span (group: PdGroup) =
        match group.Leadership with
        | Leadership.Leading(leader, _) ->
            able world (live world group) group
            |> Map.filter (fun id one -> id <> leader && one.State = ProcessState.Running)
            |> fun others -> candidate others group
            |> Option.map (fun target -> handOver now span target group)
            |> Option.defaultValue group
        | _ -> group

    let private firstLeader (timings: PdTimings) (live: Map<MemberId, PdProcess>) (group: PdGroup) =
        if Map.count group.Members = 1 then timings.FirstLeaderOfOne
        elif Map.count live = Map.count group.Members then timings.FirstLeaderOfAll
        else timings.FirstLeaderOfMajority

    /// What follows from the members that there are now.
    let settle (world: PdWorld) now (group: PdGroup) =
        let timings = world.Timings
        let live = live world group
        let able = able world live group
        let quorum = not (Map.isEmpty able)
        let lives id = Map.containsKey id live
        let leads id = Map.containsKey id able
        let later span = if quorum then now + span else never

        match group.Leadership with
        | Leadership.Leading(leader, since) ->
            if not (Map.containsKey leader group.Members) then
                vacate world now true (later timings.LeaderAfterRemoval) group
            elif not (lives leader) then
                vacate world now true (later timings.LeaderAfterCrash) group
            elif not (leads leader) then
                { group with Leadership = Leadership.Isolated(leader, since, now + timings.LeaderLease) }
            else
                group
        | Leadership.HandingOver(from, since, target, _) ->
            if leads target then
                group
            elif leads from then
                { group with Leadership = Leadership.Leading(from, since) }
            elif lives from then
                { group with Leadership = Leadership.Isolated(from, since, now + timings.LeaderLease) }
            else
                vacate world now true (later timings.LeaderAfterCrash) group
        | Leadership.Isolated(leader, since, _) ->
            if not (lives leader) then vacate world now true never group
            elif leads leader then { group with Leadership = Leadership.Leading(leader, since) }
            else group
        | Leadership.Vacant(remembered, at) ->
            let at =
                match quorum, at = never, group.Terms with
                | false, _, _ -> never
                | true, true, 0 -> now + firstLeader timings live group
                | true, false, 0 -> min at (now + firstLeader timings live group)
                | true, true, _ -> now + timings.LeaderAfterQuorum
                | true, false, _ -> at

            if
                at =
                    (match group.Leadership with
                     | Leadership.Vacant(_, old) -> old
                     | _ -> never)
            then
                group
            else
                { group with Leadership = Leadership.Vacant(remembered, at) }

    /// When leadership changes by itself next.
    let due (world: PdWorld) now (group: PdGroup) =
        match group.Leadership with
        | Leadership.Leading(leader, since) ->
            if group.Members |> Map.forall (fun _ one -> one.Priority = 0) then
                never
            elif outranking (live world group) group leader |> Option.isSome then
                let every = world.Timings.PriorityCheck
                since + ((now - since) / every + 1L) * every
            else
                never
        | Leadership.HandingOver(_, _, _, at) -> at
        | Leadership.Isolated(_, _, at) -> at
        | Leadership.Vacant(_, at) -> at

    let step (world: PdWorld) now (group: PdGroup) =
        match group.Leadership with
        | Leadership.Leading(leader, since) when
            now > since && (now - since) % world.Timings.PriorityCheck = 0L
            ->
            match outranking (live world group) group leader with
            | Some target -> handOver now world.Timings.LeaderTransfer target group
            | None -> group
        | Leadership.HandingOver(_, _, target, at) when at <= now ->
            match live world group |> Map.tryFind target with
            | Some one when isStopping one ->
                vacate world now false (now + world.Timings.LeaderAfterTransferToStopping) group
            | _ -> elect world now target group
        | Leadership.Isolated(_, _, at) when at <= now -> vacate world now false never group
        | Leadership.Vacant(_, at) when at <= now ->
            match candidate (able world (live world group) group) group with
            | Some who -> elect world now who group
            | None -> group
        | _ -> group
