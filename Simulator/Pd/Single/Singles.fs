namespace Tikv.Simulator.Pd

open System
open Tikv.Core

/// What is so with single regions, and which classes they come to.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Singles =

    let private never = Int64.MaxValue

    let isOld (peer: Peer) = peer.Role = PeerRole.Voter || peer.Role = PeerRole.Outgoing
    let isNew (peer: Peer) = peer.Role = PeerRole.Voter || peer.Role = PeerRole.Incoming
    let isLearner (peer: Peer) = peer.Role = PeerRole.Learner

    let isJoint (region: SingleRegion) =
        region.Peers
        |> List.exists (fun peer -> peer.Role = PeerRole.Incoming || peer.Role = PeerRole.Outgoing)

    let peerOn store (region: SingleRegion) = region.Peers |> List.tryFind (fun peer -> peer.Store = store)
    let holds store (region: SingleRegion) = region.Peers |> List.exists (fun peer -> peer.Store = store)

    let hasCaughtUp now (peer: Peer) =
        match peer.Data with
        | PeerData.Has at -> at <= now
        | PeerData.Awaits
        | PeerData.Receives _ -> false

    let private config isIn (region: SingleRegion) = region.Peers |> List.filter isIn |> List.map _.Store

    /// The stores of the old configuration, and of the new one: the same but under joint consensus.
    let configs (region: SingleRegion) =
        if isJoint region then [ config isOld region; config isNew region ] else [ config isOld region ]

    let private hears (raft: Raft) one other = one = other || not raft.Split || raft.Meets one other

    /// A majority of each configuration lives, is such, and hears the store.
    let private reaches (raft: Raft) (region: SingleRegion) isSuch one =
        configs region
        |> List.forall (fun stores ->
            let heard =
                stores
                |> List.filter (fun store -> raft.Lives store && hears raft one store && isSuch store)

            2 * heard.Length > stores.Length)

    /// The voters that live and reach a majority of each configuration (V P22).
    let electable (raft: Raft) (region: SingleRegion) =
        if not raft.Split && not (isJoint region) then
            let voters = region.Peers |> List.filter (isLearner >> not)
            let living = voters |> List.filter (fun peer -> raft.Lives peer.Store)
            if 2 * living.Length > voters.Length then living else []
        else
            region.Peers
            |> List.filter (fun peer ->
                not (isLearner peer)
                && raft.Lives peer.Store
                && reaches raft region (fun _ -> true) peer.Store)

    let hasMajority raft region = not (List.isEmpty (electable raft region))

    /// A majority lives, and too few of it have caught up: nothing can be written until they have.
    let isStalled now raft (region: SingleRegion) =
        let isBehind (peer: Peer) = not (isLearner peer) && not (hasCaughtUp now peer)

        let hasData store = peerOn store region |> Option.exists (hasCaughtUp now)

        region.Peers |> List.exists isBehind
        && hasMajority raft region
        && electable raft region
           |> List.forall (fun peer -> not (reaches raft region hasData peer.Store))

    let count test (singles: Singles) =
        (0, singles.Regions)
        ||> Map.fold (fun sum _ region -> if test region then sum + 1 else sum)

    let unavailable raft singles = singles |> count (fun region -> not (hasMajority raft region))

    /// Peers of every kind, learners too.
    let peers store singles = singles |> count (holds store)

    let leaders store singles = singles |> count (fun region -> region.Leader = ValueSome store)

    // ---- classes: what a region looks like from afar

    /// A region under joint consensus counts as what it was, until one that only comes in leads it: a move of a peer is
    /// then one step, as it is for classes. Learners are not seen.
    let classOf (region: SingleRegion) : RegionClass =
        let isIn =
            match
                region.Leader
                |> ValueOption.bind (fun leader -> peerOn leader region |> ValueOption.ofOption)
            with
            | ValueSome { Role = PeerRole.Incoming } -> isNew
            | _ -> isOld

        { Voters = config isIn region; Leader = region.Leader }

    let classes (singles: Singles) : Map<RegionClass, int> =
        (Map.empty, singles.Regions)
        ||> Map.fold (fun classes _ region -> Counts.add (classOf region) 1 classes)

    let private fresh id (one: RegionClass) : SingleRegion = {
        Id = id
        SizeMiB = 32 + int (Hash.mix id 0x512EUL % 129UL)
        Peers =
            one.Voters
            |> List.map (fun store -> { Store = store; Role = PeerRole.Voter; Data = PeerData.Has 0L })
        Leader = one.Leader
        ElectAt = if one.Leader.IsSome then never else 0L
    }

    /// New regions, so that there are as many of each class as is said: more than there were.
    let grow (wanted: Map<RegionClass, int>) (singles: Singles) =
        let present = classes singles

        (singles, wanted)
        ||> Map.fold (fun singles one count ->
            let more = count - Counts.of' one present

            (singles, seq { 1..more })
            ||> Seq.fold (fun singles _ -> {
                singles with
                    NextRegion = singles.NextRegion + 1UL
                    Regions = singles.Regions |> Map.add singles.NextRegion (fresh singles.NextRegion one)
            }))

    let empty (settings: SingleSettings) : Singles = {
        Settings = settings
        Regions = Map.empty
        NextRegion = 2UL
        Operators = Map.empty
        AddFrom = Map.empty
        RemoveFrom = Map.empty
        RaftAt = never
        PdAt = never
    }

    let put (region: SingleRegion) (singles: Singles) = {
        singles with
            Regions = Map.add region.Id region singles.Regions
    }

    /// The regions that a change concerns are changed; the others stay the very same.
    let change (change: SingleRegion -> SingleRegion) (singles: Singles) = {
        singles with
            Regions =
                (singles.Regions, singles.Regions)
                ||> Map.fold (fun regions id region ->
                    let changed = change region

                    if LanguagePrimitives.PhysicalEquality changed region then
                        regions
                    else
                        Map.add id changed regions)
    }
