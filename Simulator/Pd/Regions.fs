namespace Tikv.Simulator.Pd

open Tikv.Core

/// The stores as raft finds them.
type Raft = {
    /// Its process runs: its peers vote.
    Lives: StoreId -> bool
    /// Whether some of them cannot reach each other.
    Split: bool
    /// Whether two of them reach each other, both ways.
    Meets: StoreId -> StoreId -> bool
}

/// Regions by class: one count for all that have the same voters and leader. Every move takes whole regions from one
/// class to another, so that availability is exact while the number of classes stays small.
[<RequireQualifiedAccess>]
module Regions =

    let private add regionClass count (regions: Map<RegionClass, int>) =
        let sum = Counts.of' regionClass regions + count
        if sum <= 0 then Map.remove regionClass regions else Map.add regionClass sum regions

    let move count from into regions = regions |> add from -count |> add into count

    let count (regions: Map<RegionClass, int>) = (0, regions) ||> Map.fold (fun sum _ count -> sum + count)

    let leaders store (regions: Map<RegionClass, int>) =
        (0, regions)
        ||> Map.fold (fun sum one count -> if one.Leader = ValueSome store then sum + count else sum)

    let peers store (regions: Map<RegionClass, int>) =
        (0, regions)
        ||> Map.fold (fun sum one count -> if List.contains store one.Voters then sum + count else sum)

    /// The voters that live and reach a majority, themselves included: each of them may lead.
    let electable (raft: Raft) (one: RegionClass) =
        let living = one.Voters |> List.filter raft.Lives
        let most count = 2 * count > List.length one.Voters

        if not raft.Split then
            if most (List.length living) then living else []
        else
            living
            |> List.filter (fun voter ->
                living
                |> List.filter (fun other -> other = voter || raft.Meets voter other)
                |> List.length
                |> most)

    /// A transfer to a voter that hears too few of the others, the old leader among them, is refused (V P30).
    let mayTake (raft: Raft) (one: RegionClass) voter =
        not raft.Split || List.contains voter (electable raft one)

    let hasMajority raft one = not (List.isEmpty (electable raft one))

    /// Regions without majority: they can neither be read nor changed.
    let unavailable raft regions =
        (0, regions)
        ||> Map.fold (fun sum one count -> if hasMajority raft one then sum else sum + count)

    /// Leaders that have lost their majority step down.
    let depose raft regions =
        (regions, regions)
        ||> Map.fold (fun regions one count ->
            match one.Leader with
            | ValueSome leader when not (List.contains leader (electable raft one)) ->
                move count one { one with Leader = ValueNone } regions
            | _ -> regions)

    /// The store is no longer there to lead.
    let loseLeader store regions =
        (regions, regions)
        ||> Map.fold (fun regions one count ->
            if one.Leader = ValueSome store then
                move count one { one with Leader = ValueNone } regions
            else
                regions)

    let leaderless regions = regions |> Map.exists (fun (one: RegionClass) _ -> one.Leader.IsNone)

    /// Every leaderless region that has a majority elects; their new leaders are spread evenly.
    let elect raft regions =
        (regions, regions)
        ||> Map.fold (fun regions one count ->
            match (if one.Leader.IsSome then [] else electable raft one) with
            | [] -> regions
            | voters ->
                let share, rest = count / voters.Length, count % voters.Length

                (regions, List.indexed voters)
                ||> List.fold (fun regions (index, voter) ->
                    let part = share + (if index < rest then 1 else 0)
                    move part one { one with Leader = ValueSome voter } regions))

    /// Up to `budget` leaders leave the given stores, each for the voter that leads fewest.
    let evict raft sources heeds mayLead budget regions =
        let rec next budget regions =
            if budget <= 0 then
                regions
            else
                let candidate =
                    regions
                    |> Map.tryPick (fun (one: RegionClass) _ ->
                        match one.Leader with
                        | ValueSome leader when Set.contains leader sources && heeds leader ->
                            match
                                one.Voters
                                |> List.filter (fun voter ->
                                    voter <> leader && mayLead voter && mayTake raft one voter)
                            with
                            | [] -> None
                            | voters -> Some(one, voters |> List.minBy (fun voter -> leaders voter regions))
                        | _ -> None)

                match candidate with
                | Some(one, voter) ->
                    next (budget - 1) (move 1 one { one with Leader = ValueSome voter } regions)
                | None -> regions

        next budget regions

    /// Leaders move from the store that leads most to the one that leads fewest of those that hold its regions, when
    /// they differ too much.
    let balanceLeaders raft (stores: StoreId list) tolerance budget regions =
        match stores |> List.map (fun store -> leaders store regions, store) |> List.sort with
        | [] -> regions
        | counted ->
            let most, from = List.last counted

            counted
            |> List.filter (fun (few, _) -> most - few > tolerance)
            |> List.tryPick (fun (_, into) ->
                regions
                |> Map.tryPick (fun one count ->
                    if
                        one.Leader = ValueSome from
                        && List.contains into one.Voters
                        && mayTake raft one into
                    then
                        Some(move (min count budget) one { one with Leader = ValueSome into } regions)
                    else
                        None))
            |> Option.defaultValue regions

    /// More regions, spread over the classes as those that there are.
    let split count regions =
        let rec spread count classes regions =
            match classes with
            | [] -> regions
            | (one, _) :: rest ->
                let part = count / List.length classes
                spread (count - part) rest (add one part regions)

        if Map.isEmpty regions then regions else spread count (Map.toList regions) regions
