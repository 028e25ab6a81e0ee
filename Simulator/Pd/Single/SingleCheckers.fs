namespace Tikv.Simulator.Pd

open Tikv.Core

/// What PD knows when it looks for regions to change.
type Patrol = {
    Rules: RegionRules
    Now: int64
    /// `store limit`: peers a minute.
    StoreLimit: int
    /// Stores that are to lead no region.
    Evicted: Set<StoreId>
}

/// Which operators PD makes: for peers that are missing, too many, on stores to be left, too close, and for balance
/// (V P23, P24, P32), as far as its limits let it.
[<RequireQualifiedAccess>]
module SingleCheckers =

    let private freeAt store (free: Map<StoreId, int64>) = Map.tryFind store free |> Option.defaultValue 0L

    let private tick (patrol: Patrol) = 60_000L / int64 (max 1 patrol.StoreLimit)

    let private spend (patrol: Patrol) store free =
        Map.add store (max patrol.Now (freeAt store free) + tick patrol) free

    /// As many peers at once as go in a second, one at the least: 38 peers at 200 a minute took 9.4 s (P).
    let private ahead (patrol: Patrol) = max 0L (1_000L - tick patrol)

    let private isFreeNow patrol store free = freeAt store free <= patrol.Now + ahead patrol

    let private mayGain (patrol: Patrol) singles store = isFreeNow patrol store singles.AddFrom

    let private mayLose (patrol: Patrol) singles store =
        patrol.Rules.Removing store || isFreeNow patrol store singles.RemoveFrom

    /// Peers of each store once all operators are done.
    let private loads (singles: Singles) =
        let present =
            (Map.empty, singles.Regions)
            ||> Map.fold (fun loads _ region ->
                (loads, region.Peers)
                ||> List.fold (fun loads peer -> Counts.add peer.Store 1 loads))

        (present, singles.Operators)
        ||> Map.fold (fun loads id operator ->
            let region = Map.find id singles.Regions

            let loads =
                match operator.Adds with
                | ValueSome store when not (Singles.holds store region) -> Counts.add store 1 loads
                | _ -> loads

            match operator.Removes with
            | ValueSome store when Singles.holds store region -> Counts.add store -1 loads
            | _ -> loads)

    let private lacking (singles: Singles) =
        (Map.empty, singles.Regions)
        ||> Map.fold (fun lacking _ region ->
            (lacking, region.Peers)
            ||> List.fold (fun lacking peer ->
                match peer.Data with
                | PeerData.Has _ -> lacking
                | PeerData.Awaits
                | PeerData.Receives _ -> Counts.add peer.Store 1 lacking))

    let private running repairs (singles: Singles) =
        (0, singles.Operators)
        ||> Map.fold (fun sum _ operator -> if operator.Repairs = repairs then sum + 1 else sum)

    let private begins (patrol: Patrol) repairs adds removes id (singles: Singles) = {
        singles with
            Operators =
                singles.Operators
                |> Map.add id {
                    Adds = adds
                    Removes = removes
                    Repairs = repairs
                    Since = patrol.Now
                    At = patrol.Now + singles.Settings.Change
                    Waits = false
                }
            AddFrom =
                (match adds with
                 | ValueSome store -> spend patrol store singles.AddFrom
                 | ValueNone -> singles.AddFrom)
            RemoveFrom =
                (match removes with
                 | ValueSome store when not (patrol.Rules.Removing store) ->
                     spend patrol store singles.RemoveFrom
                 | _ -> singles.RemoveFrom)
    }

    let private tidies (patrol: Patrol) adds removes id (singles: Singles) =
        let begun = begins patrol true adds removes id singles
        { begun with AddFrom = singles.AddFrom; RemoveFrom = singles.RemoveFrom }

    /// Where the peer of a region goes best: as far as possible from the others, then to the emptiest; among those that
    /// `store limit` lets have one now.
    let private target (patrol: Patrol) loads lacking singles (region: SingleRegion) others =
        let isolation = patrol.Rules.Isolation

        let fit =
            patrol.Rules.Targets
            |> List.filter (fun store ->
                not (Singles.holds store region)
                && Counts.of' store lacking < singles.Settings.PendingPeers
                && Isolation.admits isolation others store)

        match fit |> List.map (Isolation.score isolation others) with
        | [] -> None
        | scores ->
            let best = List.max scores

            fit
            |> List.filter (fun store ->
                Isolation.score isolation others store >= best && mayGain patrol singles store)
            |> List.sortBy (fun store -> Counts.of' store loads, store)
            |> List.tryHead

    let private stores (region: SingleRegion) = region.Peers |> List.map _.Store

    /// The voter that would stand further from the others elsewhere.
    let private tooClose (rules: RegionRules) voters =
        let total = Isolation.total rules.Isolation voters

        voters
        |> List.tryFind (fun store ->
            let others = voters |> List.filter (fun other -> other <> store)

            rules.Targets
            |> List.exists (fun target ->
                not (List.contains target voters)
                && Isolation.admits rules.Isolation others target
                && Isolation.total rules.Isolation (target :: others) > total))

    /// The sets of stores that regions stand on: far fewer than regions.
    let private kinds (singles: Singles) =
        (Set.empty, singles.Regions)
        ||> Map.fold (fun kinds _ region -> Set.add (stores region) kinds)

    /// What the matter is with one region, and the operator that mends it.
    let private check (patrol: Patrol) lacking (singles: Singles) (region: SingleRegion) =
        let rules = patrol.Rules
        let voters = region.Peers |> List.filter (Singles.isLearner >> not) |> List.map _.Store
        let except store = voters |> List.filter (fun other -> other <> store)
        let leaving = voters |> List.tryFind rules.Leaving
        let find others = target patrol (loads singles) lacking singles region others
        let hasRoom = running true singles < singles.Settings.ReplicaScheduleLimit

        let replace store =
            if mayLose patrol singles store then
                match find (except store) with
                | Some target -> begins patrol true (ValueSome target) (ValueSome store) region.Id singles
                | None -> singles
            else
                singles

        let surplus () =
            let loads = loads singles

            leaving
            |> Option.orElse (voters |> List.tryFind (rules.Raft.Lives >> not))
            |> Option.defaultWith (fun () ->
                voters
                |> List.maxBy (fun store -> region.Leader <> ValueSome store, Counts.of' store loads))

        match region.Peers |> List.tryFind Singles.isLearner with
        | _ when Singles.isJoint region -> tidies patrol ValueNone ValueNone region.Id singles
        | Some learner when voters.Length < rules.MaxReplicas && List.contains learner.Store rules.Targets ->
            tidies patrol (ValueSome learner.Store) ValueNone region.Id singles
        | Some learner -> tidies patrol ValueNone (ValueSome learner.Store) region.Id singles
        | None when not hasRoom -> singles
        | None when voters.Length < rules.MaxReplicas ->
            match find voters with
            | Some target -> begins patrol true (ValueSome target) ValueNone region.Id singles
            | None -> singles
        | None when voters.Length > rules.MaxReplicas ->
            let surplus = surplus ()

            if mayLose patrol singles surplus then
                begins patrol true ValueNone (ValueSome surplus) region.Id singles
            else
                singles
        | None ->
            match leaving with
            | Some store -> replace store
            | None when Isolation.isOff rules.Isolation -> singles
            | None -> tooClose rules voters |> Option.map replace |> Option.defaultValue singles

    let private isFree (patrol: Patrol) (singles: Singles) (region: SingleRegion) =
        not (Map.containsKey region.Id singles.Operators)
        && SingleOperators.serves patrol.Rules region

    /// Something may be the matter with it; found out for all regions at each moment, so without ado.
    let private isSuspect (rules: RegionRules) close (region: SingleRegion) =
        region.Peers.Length <> rules.MaxReplicas
        || not (Set.isEmpty close) && Set.contains (stores region) close
        || region.Peers
           |> List.exists (fun peer -> peer.Role <> PeerRole.Voter || rules.Leaving peer.Store)

    let repair (patrol: Patrol) (singles: Singles) =
        let lacking = lacking singles

        let close =
            if Isolation.isOff patrol.Rules.Isolation then
                Set.empty
            else
                kinds singles |> Set.filter (tooClose patrol.Rules >> Option.isSome)

        (singles, singles.Regions)
        ||> Map.fold (fun singles _ region ->
            if isSuspect patrol.Rules close region && isFree patrol singles region then
                check patrol lacking singles region
            else
                singles)

    /// One peer from the fullest store to the emptiest, where they differ too much; again, while limits let it.
    let rec balance (patrol: Patrol) (singles: Singles) =
        let rules = patrol.Rules
        let loads = loads singles

        let kinds = lazy (kinds singles)

        let fits from target voters =
            let others = voters |> List.filter (fun store -> store <> from)

            List.contains from voters
            && not (List.contains target voters)
            && Isolation.admits rules.Isolation others target
            && Isolation.total rules.Isolation (target :: others)
               >= Isolation.total rules.Isolation (from :: others)

        let tryMovable from target =
            let fitting = kinds.Value |> Set.filter (fits from target)

            let isMovable region =
                Set.contains (stores region) fitting
                && List.forall (fun peer -> peer.Role = PeerRole.Voter) region.Peers
                && isFree patrol singles region

            if fitting.IsEmpty then
                None
            else
                singles.Regions
                |> Map.tryPick (fun id region -> if isMovable region then Some id else None)

        let sources =
            rules.Targets
            |> List.filter (mayLose patrol singles)
            |> List.sortByDescending (fun store -> Counts.of' store loads, store)

        let targets =
            rules.Targets
            |> List.filter (mayGain patrol singles)
            |> List.sortBy (fun store -> Counts.of' store loads, store)

        let moved =
            if running false singles >= singles.Settings.RegionScheduleLimit then
                None
            else
                Seq.allPairs targets sources
                |> Seq.filter (fun (target, from) ->
                    Counts.of' from loads - Counts.of' target loads > rules.Tolerance)
                |> Seq.tryPick (fun (target, from) ->
                    tryMovable from target
                    |> Option.map (begins patrol false (ValueSome target) (ValueSome from)))

        match moved with
        | Some begun -> balance patrol (begun singles)
        | None -> singles

    // ---- leaders

    let private takers (patrol: Patrol) (region: SingleRegion) =
        Singles.electable patrol.Rules.Raft region
        |> List.filter (fun peer ->
            region.Leader <> ValueSome peer.Store
            && patrol.Rules.MayLead peer.Store
            && Singles.hasCaughtUp patrol.Now peer)
        |> List.map _.Store

    let private lead (region: SingleRegion) store (singles: Singles) =
        Singles.put { region with Leader = ValueSome store } singles

    /// A batch of leaders leaves the stores that are to lead none, each for the voter that leads fewest.
    let evict (patrol: Patrol) (singles: Singles) =
        let rec next budget (singles: Singles) : Singles =
            let candidate =
                if budget = 0 then
                    None
                else
                    singles.Regions
                    |> Map.tryPick (fun _ region ->
                        match region.Leader with
                        | ValueSome leader when
                            Set.contains leader patrol.Evicted && isFree patrol singles region
                            ->
                            match takers patrol region with
                            | [] -> None
                            | takers ->
                                Some(
                                    region,
                                    takers |> List.minBy (fun store -> Singles.leaders store singles)
                                )
                        | _ -> None)

            match candidate with
            | Some(region, store) -> next (budget - 1) (lead region store singles)
            | None -> singles

        if Set.isEmpty patrol.Evicted then
            singles
        else
            next (min singles.Settings.EvictionBatch singles.Settings.LeaderScheduleLimit) singles

    /// Leaders go from the store that leads most to the one that leads fewest, where they differ too much.
    let balanceLeaders (patrol: Patrol) (singles: Singles) =
        let stores = patrol.Rules.Targets |> List.filter patrol.Rules.MayLead

        match
            stores
            |> List.map (fun store -> Singles.leaders store singles, store)
            |> List.sort
        with
        | [] -> singles
        | counted ->
            let most, from = List.last counted

            let movable into =
                singles.Regions
                |> Map.toSeq
                |> Seq.map snd
                |> Seq.filter (fun region ->
                    region.Leader = ValueSome from
                    && isFree patrol singles region
                    && List.contains into (takers patrol region))
                |> Seq.truncate singles.Settings.LeaderScheduleLimit
                |> List.ofSeq

            counted
            |> List.filter (fun (few, _) -> most - few > patrol.Rules.Tolerance)
            |> List.tryPick (fun (_, into) ->
                match movable into with
                | [] -> None
                | regions ->
                    Some(
                        (singles, regions)
                        ||> List.fold (fun singles region -> lead region into singles)
                    ))
            |> Option.defaultValue singles

    /// When `store limit` gives way to somebody next.
    let nextToken (patrol: Patrol) (singles: Singles) =
        Seq.append singles.AddFrom.Values singles.RemoveFrom.Values
        |> Seq.map (fun at -> at - ahead patrol)
        |> Seq.filter (fun at -> at > patrol.Now)
        |> Seq.fold min System.Int64.MaxValue
