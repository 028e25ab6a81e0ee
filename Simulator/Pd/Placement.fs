namespace Tikv.Simulator.Pd

open Tikv.Core

/// What a scheduler may do with the regions at the moment.
type RegionRules = {
    Raft: Raft
    /// PD's leader hears it, and is heard: the regions that it leads can be told to change.
    Heeds: StoreId -> bool
    /// May be made the leader of regions.
    MayLead: StoreId -> bool
    /// Stores that may be given peers.
    Targets: StoreId list
    /// All peers are to leave it.
    Leaving: StoreId -> bool
    /// PD was told to remove it: `store limit` does not keep its peers back (V P03).
    Removing: StoreId -> bool
    MaxReplicas: int
    Isolation: Isolation
    /// Differences that balancing leaves alone.
    Tolerance: int
}

/// Where PD moves peers: missing replicas, stores to be left, better isolation, balance (V P23, P24, P32).
[<RequireQualifiedAccess>]
module Placement =

    /// The leader of a class can serve and change it, when PD tells it to.
    let private serves (rules: RegionRules) (one: RegionClass) =
        match one.Leader with
        | ValueSome leader -> rules.Heeds leader && List.contains leader (Regions.electable rules.Raft one)
        | ValueNone -> false

    let private without rules leaving (one: RegionClass) =
        let left = { one with Voters = one.Voters |> List.filter (fun voter -> voter <> leaving) }

        if one.Leader = ValueSome leaving then
            let able = left.Voters |> List.filter (Regions.mayTake rules.Raft left)

            {
                left with
                    Leader =
                        able
                        |> List.tryFind rules.MayLead
                        |> Option.orElseWith (fun () -> able |> List.tryFind rules.Raft.Lives)
                        |> ValueOption.ofOption
            }
        else
            left

    let private withVoter target (one: RegionClass) = { one with Voters = List.sort (target :: one.Voters) }

    /// One peer for one target: a missing replica first, then one that has to leave its store, then balance. Tells
    /// the store that gave a peer within its limit, which gives no other in the same tick.
    let private give rules givers target regions =
        let usable (one: RegionClass) = serves rules one && not (List.contains target one.Voters)

        let isolation = rules.Isolation

        /// TiKV refuses a change that would cost it its majority (V P29): a living target does so in a partition only.
        let keeps (one: RegionClass) = not rules.Raft.Split || Regions.hasMajority rules.Raft one

        let moved one into = if keeps into then Some(Regions.move 1 one into regions) else None

        /// No other store could take the place better.
        let isBest others =
            Isolation.isOff isolation
            || (Isolation.admits isolation others target
                && (let mine = Isolation.score isolation others target

                    rules.Targets
                    |> List.forall (fun other ->
                        List.contains other others || Isolation.score isolation others other <= mine)))

        let except voter (one: RegionClass) = one.Voters |> List.filter (fun other -> other <> voter)

        let missing (one: RegionClass) _ =
            if usable one && List.length one.Voters < rules.MaxReplicas && isBest one.Voters then
                moved one (withVoter target one) |> Option.map (fun regions -> regions, None)
            else
                None

        let leaving (one: RegionClass) _ =
            let mayGive store = rules.Leaving store && not (Set.contains store givers)

            match one.Voters |> List.tryFind mayGive with
            | Some store when usable one && isBest (except store one) ->
                let giver = if rules.Removing store then None else Some store

                moved one (one |> withVoter target |> without rules store)
                |> Option.map (fun regions -> regions, giver)
            | _ -> None

        /// A peer moves here from where it stands too close to the others.
        let closer (one: RegionClass) _ =
            if not (usable one) then
                None
            else
                let before = Isolation.total isolation one.Voters

                one.Voters
                |> List.tryFind (fun voter ->
                    Isolation.admits isolation (except voter one) target
                    && Isolation.total isolation (target :: except voter one) > before)
                |> Option.bind (fun voter -> moved one (one |> withVoter target |> without rules voter))
                |> Option.map (fun regions -> regions, None)

        let balance () =
            let here = Regions.peers target regions

            match
                rules.Targets
                |> List.filter (fun store -> store <> target && not (Set.contains store givers))
                |> List.map (fun store -> Regions.peers store regions, store)
                |> List.sortDescending
            with
            | (most, from) :: _ when most - here > rules.Tolerance ->
                regions
                |> Map.tryPick (fun one _ ->
                    if
                        usable one
                        && List.contains from one.Voters
                        && Isolation.admits isolation (except from one) target
                        && Isolation.total isolation (target :: except from one)
                           >= Isolation.total isolation one.Voters
                    then
                        moved one (one |> withVoter target |> without rules from)
                        |> Option.map (fun regions -> regions, Some from)
                    else
                        None)
            | _ -> None

        regions
        |> Map.tryPick missing
        |> Option.orElseWith (fun () -> regions |> Map.tryPick leaving)
        |> Option.orElseWith (fun () ->
            if Isolation.isOff isolation then None else regions |> Map.tryPick closer)
        |> Option.orElseWith balance

    /// One region of each class that has too many replicas loses one: from a store that is left, or else from one that
    /// does not live. TiKV refuses what would cost it its majority (V P29).
    let private trim rules regions =
        (regions, regions)
        ||> Map.fold (fun regions one _ ->
            if List.length one.Voters > rules.MaxReplicas && serves rules one then
                let surplus =
                    one.Voters
                    |> List.tryFind rules.Leaving
                    |> Option.orElse (one.Voters |> List.tryFind (rules.Raft.Lives >> not))
                    |> Option.defaultWith (fun () ->
                        one.Voters
                        |> List.maxBy (fun voter ->
                            one.Leader <> ValueSome voter, Regions.peers voter regions))

                let trimmed = without rules surplus one

                if Regions.hasMajority rules.Raft trimmed then
                    Regions.move 1 one trimmed regions
                else
                    regions
            else
                regions)

    /// One tick of the checkers and of region balance: every target is given one peer at the most.
    let movePeers rules regions =
        let byNeed = rules.Targets |> List.sortBy (fun store -> Regions.peers store regions, store)

        ((trim rules regions, Set.empty), byNeed)
        ||> List.fold (fun (regions, givers) target ->
            match give rules givers target regions with
            | Some(regions, Some giver) -> regions, Set.add giver givers
            | Some(regions, None) -> regions, givers
            | None -> regions, givers)
        |> fst
