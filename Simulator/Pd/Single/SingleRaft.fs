namespace Tikv.Simulator.Pd

open System
open Tikv.Core

/// What single regions do without PD: elect, send snapshots, fall behind and catch up.
[<RequireQualifiedAccess>]
module SingleRaft =

    let private never = Int64.MaxValue

    let private electAt (settings: SingleSettings) now (region: SingleRegion) =
        let span = uint64 (settings.ElectionMost - settings.ElectionLeast + 1L)
        now + settings.ElectionLeast + int64 (Hash.mix region.Id (uint64 now) % span)

    let private leaderless settings now (region: SingleRegion) = {
        region with
            Leader = ValueNone
            ElectAt = electAt settings now region
    }

    /// Something has changed that may let regions elect which could not.
    let private tryAgain settings now (region: SingleRegion) =
        if region.Leader.IsNone && region.ElectAt = never then
            { region with ElectAt = electAt settings now region }
        else
            region

    let private changePeers change (region: SingleRegion) =
        let changed = region.Peers |> List.map change
        if changed = region.Peers then region else { region with Peers = changed }

    /// The process of a store is gone: it leads no more, and no snapshot goes on from or to it.
    let lose now store (singles: Singles) =
        singles
        |> Singles.change (fun region ->
            let region =
                region
                |> changePeers (fun peer ->
                    match peer.Data with
                    | PeerData.Receives(from, _) when from = store || peer.Store = store -> {
                        peer with
                            Data = PeerData.Awaits
                      }
                    | _ -> peer)

            if region.Leader = ValueSome store then leaderless singles.Settings now region else region)

    /// Who meets whom has changed.
    let relisten now raft (singles: Singles) =
        singles
        |> Singles.change (fun region ->
            match region.Leader with
            | ValueSome leader when
                Singles.electable raft region |> List.forall (fun peer -> peer.Store <> leader)
                ->
                leaderless singles.Settings now region
            | ValueSome _ -> region
            | ValueNone -> tryAgain singles.Settings now region)

    /// Ends of catching up, in quarters of a second, so that they are not too many.
    let private quarter at = (at + 249L) / 250L * 250L

    /// The process of a store is back after so long. Its peers are behind those leaders that went on without it, each for
    /// a while of its own up to the time of the whole store.
    let comeBack now away caughtUpAt store (singles: Singles) =
        let behind (region: SingleRegion) =
            match region.Leader with
            | ValueNone -> PeerData.Has now
            | ValueSome _ when away > singles.Settings.LogKept -> PeerData.Awaits
            | ValueSome _ ->
                let share = int64 (Hash.mix region.Id (uint64 now) % 1000UL)
                PeerData.Has(min caughtUpAt (quarter (now + (caughtUpAt - now) * share / 1000L)))

        singles
        |> Singles.change (fun region ->
            region
            |> changePeers (fun peer ->
                match peer.Data with
                | PeerData.Has _ when peer.Store = store -> { peer with Data = behind region }
                | _ -> peer)
            |> tryAgain singles.Settings now)

    let private elect now raft (region: SingleRegion) =
        let rank (peer: Peer) =
            not (Singles.hasCaughtUp now peer),
            (match peer.Role with
             | PeerRole.Voter -> 0
             | PeerRole.Incoming -> 1
             | PeerRole.Outgoing
             | PeerRole.Learner -> 2),
            Hash.mix region.Id (let (StoreId id) = peer.Store in id)

        match Singles.electable raft region |> List.sortBy rank with
        | [] -> { region with ElectAt = never }
        | first :: _ ->
            { region with Leader = ValueSome first.Store; ElectAt = never }
            |> changePeers (fun peer ->
                if peer.Store = first.Store then { peer with Data = PeerData.Has now } else peer)

    /// How many snapshots each store sends, and takes.
    let snapshots (singles: Singles) =
        ((Map.empty, Map.empty), singles.Regions)
        ||> Map.fold (fun counts _ region ->
            (counts, region.Peers)
            ||> List.fold (fun (sent, taken) peer ->
                match peer.Data with
                | PeerData.Receives(from, _) -> Counts.add from 1 sent, Counts.add peer.Store 1 taken
                | PeerData.Awaits
                | PeerData.Has _ -> sent, taken))

    /// Begins the snapshots for which both stores have room.
    let private send now (raft: Raft) (singles: Singles) =
        let settings = singles.Settings

        let hasRoom store counts = Counts.of' store counts < settings.Snapshots

        let ableLeader (region: SingleRegion) =
            region.Leader
            |> ValueOption.toOption
            |> Option.filter (fun leader ->
                Singles.electable raft region |> List.exists (fun peer -> peer.Store = leader))

        let waits (peer: Peer) = peer.Data.IsAwaits && raft.Lives peer.Store

        let waiting =
            ([], singles.Regions)
            ||> Map.fold (fun waiting _ region ->
                if region.Peers |> List.exists waits then region :: waiting else waiting)
            |> List.rev

        ((singles, (if waiting.IsEmpty then Map.empty, Map.empty else snapshots singles)), waiting)
        ||> List.fold (fun state region ->
            let waiting = region.Peers |> List.filter waits

            match waiting, (if waiting.IsEmpty then None else ableLeader region) with
            | _ :: _, Some leader ->
                (state, waiting)
                ||> List.fold (fun (singles, (sent, taken)) peer ->
                    if
                        hasRoom leader sent
                        && hasRoom peer.Store taken
                        && (not raft.Split || raft.Meets leader peer.Store)
                    then
                        let until =
                            now + settings.SnapshotStart + settings.SnapshotPerMiB * int64 region.SizeMiB

                        let changed =
                            Map.find region.Id singles.Regions
                            |> changePeers (fun other ->
                                if other.Store = peer.Store then
                                    { other with Data = PeerData.Receives(leader, until) }
                                else
                                    other)

                        Singles.put changed singles,
                        (Counts.add leader 1 sent, Counts.add peer.Store 1 taken)
                    else
                        singles, (sent, taken))
            | _ -> state)
        |> fst

    /// All that is due.
    let step now raft (singles: Singles) =
        singles
        |> Singles.change (fun region ->
            let region = if region.ElectAt <= now then elect now raft region else region

            let hasArrived (peer: Peer) =
                match peer.Data with
                | PeerData.Receives(_, until) -> until <= now
                | PeerData.Awaits
                | PeerData.Has _ -> false

            if region.Peers |> List.exists hasArrived then
                region
                |> changePeers (fun peer ->
                    if hasArrived peer then
                        { peer with Data = PeerData.Has(now + singles.Settings.Applying) }
                    else
                        peer)
            else
                region)
        |> send now raft

    /// When something happens next.
    let due now (singles: Singles) =
        (never, singles.Regions)
        ||> Map.fold (fun due _ region ->
            (min due region.ElectAt, region.Peers)
            ||> List.fold (fun due peer ->
                match peer.Data with
                | PeerData.Receives(_, until) -> min due until
                | PeerData.Has at when at > now -> min due at
                | PeerData.Has _
                | PeerData.Awaits -> due))
