/// Has the runs of a campaign made, by several makers side by side, and remembers each.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Campaign

open System
open System.Collections.Generic
open System.Diagnostics
open System.Runtime.ExceptionServices
open System.Threading
open Tikv.Simulator.Scenarios

/// What is to be done, and for how long.
type Conduct = {
    Charter: Charter
    /// The time that it may take.
    Until: TimeSpan option
}

/// What is known so far.
type private Known(keeper: Keeper, teller: Progress.Teller, there: Tally) =
    let mutable tally = there
    member _.Tally = tally

    /// What is new in it is new in none before it, whoever made those.
    member known.Add(entry: Entry) : Entry =
        lock known (fun () ->
            let isNew mark = not (Set.contains mark tally.Marks)
            let entry = { entry with New = List.filter isNew entry.New }
            tally <- Tally.add entry tally
            keeper.Add entry

            match entry.Failed with
            | Some(_, words) -> teller.Says $"FAILED  %s{entry.Run}: %s{words}"
            | None -> ()

            teller.Stands tally.Runs tally.Failed.Length
            entry)

/// Each maker takes the next name as soon as it is free. A fault of one ends all, after the runs in hand.
let private share (makers: Maker list) (names: string seq) (made: string -> Entry -> unit) : unit =
    use names = names.GetEnumerator()
    let mutable fault: ExceptionDispatchInfo option = None

    let next () = lock names (fun () -> if fault.IsNone && names.MoveNext() then Some names.Current else None)

    let rec work (maker: Maker) =
        match next () with
        | Some name ->
            made name (maker.Make name)
            work maker
        | None -> ()

    let guarded maker () =
        try
            work maker
        with problem ->
            lock names (fun () ->
                fault <- fault |> Option.orElse (Some(ExceptionDispatchInfo.Capture problem)))

    let threads = makers |> List.map (fun maker -> Thread(guarded maker))
    threads |> List.iter _.Start()
    threads |> List.iter _.Join()
    fault |> Option.iter _.Throw()

/// Each by itself, in whatever order they end.
let private independent conduct makers (known: Known) (isDone: string -> bool) isOver : unit =
    let names =
        Charter.seeds conduct.Charter
        |> Seq.map (Charter.nameOf conduct.Charter)
        |> Seq.filter (isDone >> not)
        |> Seq.takeWhile (fun _ -> not (isOver ()))

    share makers names (fun _ entry -> known.Add entry |> ignore)

/// So many are made from what was known before them, so that it does not matter which ends first.
let private generation = 32

/// How many of the parents of late are asked for: what is new is gone into first.
let private recent = 48

let private isCell (mark: string) = mark.StartsWith("cell ", StringComparison.Ordinal)

/// The names of those that led somewhere new, latest first.
let private parents (entries: Entry seq) =
    ([], entries)
    ||> Seq.fold (fun names entry ->
        if entry.New |> List.exists isCell && entry.Failed.IsNone then entry.Run :: names else names)

/// A new plan, or one that goes on from another.
let private descend (parents: string list) (seed: uint64) : string =
    let dice = Dice(seed, "descent")

    match parents with
    | [] -> $"guided-%d{seed}"
    | _ when dice.Next 4 = 0 -> $"guided-%d{seed}"
    | parents ->
        let parent = dice.Of(List.truncate recent parents)

        // a long line is no better than a short one, and takes longer to make again
        if parent.Length > 120 then $"guided-%d{seed}" else $"%s{parent}.%d{seed}"

/// Generation by generation: what one has led to, the next goes on from.
let private guided conduct makers (known: Known) (there: Entry list) isOver : unit =
    let entries = List<Entry>(there)

    let generations =
        Charter.seeds conduct.Charter
        |> Seq.chunkBySize generation
        |> Seq.takeWhile (fun _ -> not (isOver ()))

    for index, seeds in Seq.indexed generations do
        let first = index * generation

        if entries.Count < first + seeds.Length then
            // one that was cut off half-way is ended from what was known at its beginning
            let parents = parents (Seq.truncate first entries)

            let names = seeds |> Array.skip (entries.Count - first) |> Array.map (descend parents)

            let made = Dictionary<string, Entry>()
            share makers names (fun name entry -> lock made (fun () -> made[name] <- entry))

            for name in names do
                entries.Add(known.Add made[name])

/// Has the runs made that are not made yet, and answers with what all come to.
let run
    (conduct: Conduct)
    (makers: Maker list)
    (keeper: Keeper)
    (teller: Progress.Teller)
    (there: Entry list)
    : Tally =
    let watch = Stopwatch.StartNew()
    let isOver () = conduct.Until |> Option.exists (fun until -> watch.Elapsed >= until)
    let known = Known(keeper, teller, Tally.ofEntries there)

    try
        match conduct.Charter.Mode with
        | Mode.Guided -> guided conduct makers known there isOver
        | Mode.Plain
        | Mode.Swarm
        | Mode.Phases ->
            let names = there |> List.map _.Run |> Set.ofList
            independent conduct makers known (fun name -> Set.contains name names) isOver
    finally
        makers |> List.iter _.Close()

    known.Tally
