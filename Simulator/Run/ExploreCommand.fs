/// `tikv-sim explore`: what it prints, and its exit codes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.ExploreCommand

open System
open System.Diagnostics

/// What is asked for.
type Options = {
    Seed: uint64 option
    /// How many misfortunes befall a run: 1 to 4.
    Faults: int
    /// A run that comes to a state that was met before is not gone on with.
    Merge: bool
    /// So many variations and no more, from all over; 0: all.
    Limit: int
    /// Words of a misfortune's name; empty: all.
    Only: string
    Shard: Shard
    /// Where failures are kept.
    Saved: string option
}

let private lastLines = 40

let private tell (problem: string) (variation: Variation) =
    printfn $"FAILED  %s{variation.Name}"
    printfn $"        %s{problem}"
    let lines = (Explore.replay variation).Transcript
    let lines = lines |> List.skip (max 0 (List.length lines - lastLines))
    lines |> List.iter (printfn "        | %s")

/// How many failures are printed with the end of their run.
let private told = 10

/// The name of a variation without its numbers.
let private sortOf (name: string) =
    Text.RegularExpressions.Regex
        .Replace(name, @"(\d\d:\d\d:\d\d\.\d+|( \(| |\(change )\d+\)?)$|at \d\S+.*$", "")
        .Trim()

/// What is varied: with two misfortunes a run, the first ones.
let private variations (options: Options) (twin: Twin) : Variation list =
    let all =
        (if options.Faults = 1 then Variations.all twin else Variations.dark twin)
        |> List.filter (fun one -> one.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase))

    // every so many, so that few runs are of all sorts; odd, since there are four or eleven of a sort
    let step = if options.Limit > 0 then max 1 (List.length all / options.Limit) ||| 1 else 1

    all
    |> List.indexed
    |> List.filter (fun (index, _) -> index % step = 0)
    |> List.map snd
    |> Shard.cases options.Shard

/// Tells how far it has come after each so many.
let private progress each total (watch: Stopwatch) (finished: int) =
    if finished % each = 0 then
        printfn $"  %d{finished} of %d{total} done, %s{Elapsed.milliseconds watch} ms"

let private counted (levels: Level list) =
    for faults, level in List.indexed levels do
        let met =
            if level.Merged = 0 then
                ""
            else
                $", of which %d{level.Merged} came to a state that had been met; %d{level.States} states by then"

        printfn $"  %d{level.Runs} runs with %d{faults + 1} misfortunes%s{met}"

let private runAll (options: Options) twin variations watch : int * Exploration list =
    let total = List.length variations

    if options.Faults = 1 && not options.Merge then
        printfn $"%d{total} variations."
        total, Explore.all (progress 100 total watch) twin variations
    else
        printfn $"%d{total} first misfortunes."

        let tell faults finished total =
            if finished % 20 = 0 then
                printfn
                    $"  with %d{faults}: %d{finished} of %d{total} states gone on from, %s{Elapsed.milliseconds watch} ms"

        let searched =
            Graph.search tell { Faults = options.Faults; Merges = options.Merge; Threads = 0 } twin variations

        counted searched.Levels

        if options.Merge then
            printfn $"The table of states took %d{Memory.mebibytes searched.Bytes} MiB."

        searched.Levels |> List.sumBy _.Runs, searched.Found

let private report chosen (start: Simulation) (options: Options) (explored: Exploration list) =
    let failed =
        explored
        |> List.choose (fun one -> one.Problem |> Option.map (fun problem -> problem, one.Variation))

    for problem, variation in List.truncate told failed do
        tell problem variation

    for problem, variation in failed do
        Choice.varied chosen start.World.Now variation problem
        |> Option.iter (Kept.tell options.Saved)

    for problem, variation in failed |> List.skip (min told failed.Length) do
        printfn $"FAILED  %s{variation.Name}: %s{problem}"

    failed.Length

let private exploreOne (options: Options) (chosen: Chosen) : int =
    match Choice.start options.Seed chosen with
    | None -> Choice.unknown chosen
    | Some start ->
        let misfortunes =
            if options.Faults = 1 then "each misfortune" else $"every %d{options.Faults} misfortunes"

        printfn $"%s{start.Scenario.Name}: %s{start.Scenario.Shows}; now with %s{misfortunes} at each point."
        let watch = Stopwatch.StartNew()
        let twin = Twin.ofRun start
        printfn $"Without faults: %s{Run.words twin.Result}."

        if not (Run.isGood twin.Result) then
            1
        else
            let variations = variations options twin
            let total, explored = runAll options twin variations watch

            for sort, variations in variations |> List.countBy (fun one -> sortOf one.Name) do
                printfn $"  %6d{variations} %s{sort}"

            let failed = report chosen start options explored

            let verdict =
                if failed = 0 then
                    "each ended as the run without faults, and every property held in all of them"
                else
                    $"%d{failed} did not end as the run without faults, or broke a property"

            printfn $"%d{total} runs in %s{Elapsed.milliseconds watch} ms: %s{verdict}."
            printfn $"Peak memory %d{Memory.peak ()} MiB."
            if failed = 0 then 0 else 1

/// Runs a scenario, named or of a file, with every single misfortune at each point, or with every two, and tells which it
/// did not survive: 0, 1 when there is one, 2 for a question that cannot be asked.
let run (name: string) (options: Options) : int =
    match Choice.find name with
    | _ when options.Faults < 1 || options.Faults > 4 ->
        eprintfn $"tikv-sim: --faults is %d{options.Faults}; allowed: 1 to 4"
        2
    | _ when options.Faults > 2 && not options.Merge ->
        eprintfn $"tikv-sim: --faults %d{options.Faults} without --merge is without end; allowed: 1 or 2"
        2
    | [ one ] -> Choice.told one (exploreOne options)
    | several ->
        eprintfn $"tikv-sim: %s{name} holds %d{several.Length} scenarios; one can be explored at a time"
        2
