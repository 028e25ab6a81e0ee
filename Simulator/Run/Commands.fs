/// `tikv-sim list`, `scenarios`, `check`, `export`, `explore` and `relate`: what they print, and their exit codes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Commands

open System
open System.Diagnostics
open Tikv.Simulator.Scenarios

let private hours = 3_600_000L

let private milliseconds (watch: Stopwatch) =
    watch.Elapsed.TotalMilliseconds.ToString("0", Globalization.CultureInfo.InvariantCulture)

let private unknown name =
    eprintfn $"tikv-sim: there is no scenario %s{name}; `tikv-sim list` names them"
    2

/// Reads scenarios, and tells what is wrong with them.
let check (names: string list) : int =
    Choice.stories (names |> List.collect Choice.find) (fun stories ->
        let are = if stories.Length = 1 then "scenario is" else "scenarios are"
        printfn $"%d{stories.Length} %s{are} well-formed."
        0)

/// Writes named scenarios as files: all of them into folders by their topics.
let export (ids: string list) (everything: bool) (into: string) : int =
    let write folder story = printfn $"%s{Kept.write folder story}"

    if everything then
        for topic, stories in All.topics do
            stories |> List.iter (write (IO.Path.Combine(into, topic)))

        0
    else
        match ids |> List.tryFind (fun id -> (All.tryFind id).IsNone) with
        | Some id -> unknown id
        | None ->
            ids |> List.choose All.tryFind |> List.iter (write into)
            0

/// Prints the JSON schema of scenario files.
let schema () : int =
    printfn $"%s{Tikv.Core.Json.printIndented Tikv.Simulator.Files.Schema.json.Value}"
    0

/// Names every scenario.
let list () : int =
    Catalogue.lines () |> List.iter (printfn "%s")
    0

/// Prints the page of the documentation.
let scenarios () : int =
    printf $"%s{Catalogue.markdown ()}"
    0

let private lastLines = 40

let private tell (problem: string) (variation: Variation) =
    printfn $"FAILED  %s{variation.Name}"
    printfn $"        %s{problem}"
    let lines = (Explore.replay variation).Transcript
    let lines = lines |> List.skip (max 0 (List.length lines - lastLines))
    lines |> List.iter (printfn "        | %s")

let private told = 10

/// The name of a variation without its numbers.
let private sortOf (name: string) =
    Text.RegularExpressions.Regex
        .Replace(name, @"(\d\d:\d\d:\d\d\.\d+|( \(| |\(change )\d+\)?)$|at \d\S+.*$", "")
        .Trim()

/// Runs a scenario with every single misfortune, and tells which it did not survive.
let private exploreOne
    chosen
    (seed: uint64 option)
    (limit: int)
    (only: string)
    shard
    (saved: string option)
    : int =
    match Choice.start seed chosen with
    | None -> unknown (Choice.name chosen)
    | Some start ->
        printfn $"%s{start.Scenario.Name}: %s{start.Scenario.Shows}; now with each misfortune at each point."
        let watch = Stopwatch.StartNew()
        let twin = Twin.ofRun start
        printfn $"Without faults: %s{Run.words twin.Result}."

        if not (Run.isGood twin.Result) then
            1
        else
            let all = Variations.all twin

            let all =
                all
                |> List.filter (fun one -> one.Name.Contains(only, StringComparison.OrdinalIgnoreCase))

            // every so many, so that few runs are of all sorts
            let step = if limit > 0 then max 1 (List.length all / limit) else 1

            let variations =
                all
                |> List.indexed
                |> List.filter (fun (index, _) -> index % step = 0)
                |> List.map snd
                |> Shard.cases shard

            let total = List.length variations
            printfn $"%d{total} variations."

            let progress (finished: int) =
                if finished % 100 = 0 then
                    printfn $"  %d{finished} of %d{total} done, %s{milliseconds watch} ms"

            let failed =
                Explore.all progress twin variations
                |> List.choose (fun one -> one.Problem |> Option.map (fun problem -> problem, one.Variation))

            for sort, variations in variations |> List.countBy (fun one -> sortOf one.Name) do
                printfn $"  %6d{variations} %s{sort}"

            for problem, variation in List.truncate told failed do
                tell problem variation

            for problem, variation in failed do
                match Choice.varied chosen start.World.Now variation problem with
                | Some story -> Kept.tell saved story
                | None -> ()

            for problem, variation in failed |> List.skip (min told failed.Length) do
                printfn $"FAILED  %s{variation.Name}: %s{problem}"

            let verdict =
                if List.isEmpty failed then
                    "each ended as the run without faults, and every property held in all of them"
                else
                    $"%d{failed.Length} did not end as the run without faults, or broke a property"

            printfn $"%d{total} runs in %s{milliseconds watch} ms: %s{verdict}."
            if List.isEmpty failed then 0 else 1

/// Runs a scenario, named or of a file, with every single misfortune, and tells which it did not survive.
let explore
    (name: string)
    (seed: uint64 option)
    (limit: int)
    (only: string)
    shard
    (saved: string option)
    : int =
    match Choice.find name with
    | [ one ] -> Choice.told one (fun chosen -> exploreOne chosen seed limit only shard saved)
    | several ->
        eprintfn $"tikv-sim: %s{name} holds %d{several.Length} scenarios; one can be explored at a time"
        2

/// Runs relations over generated runs, and over the named stories, and tells of each that does not hold as it is found.
let relate (named: string) (runs: int) (seed: uint64) (withStories: bool) shard (saved: string option) : int =
    let has (name: string) = name.Contains(named, StringComparison.OrdinalIgnoreCase)
    let watch = Stopwatch.StartNew()
    let day = 24L * hours

    let related rest (relation: Relations.Relation) deeds () =
        let problem = Relations.tryProblem rest relation deeds
        problem |> Option.iter (Relations.kept rest relation deeds >> Kept.tell saved)
        problem

    let cases: (string * (unit -> string option)) list = [
        for relation in Relations.all do
            if has relation.Name then
                for index in 0 .. runs - 1 do
                    let deeds = Relations.generated (seed + uint64 index)
                    relation.Name, related (minutes 20) relation deeds

                if withStories then
                    for deeds in Relations.told () do
                        relation.Name, related day relation deeds

        if has "paths" then
            for index in 0 .. runs - 1 do
                "paths", (fun () -> Relations.tryPathProblem (seed + uint64 index))

        if withStories then
            for revert in Reverts.all do
                if has revert.Name then
                    for later in Reverts.after do
                        revert.Name, (fun () -> Reverts.tryProblem day revert later)
    ]

    let cases = cases |> Shard.cases shard

    let failed =
        cases
        |> Array.ofList
        |> Array.Parallel.choose (fun (name, tryProblem) ->
            let problem = tryProblem ()
            problem |> Option.iter (fun problem -> printfn $"FAILED  %s{name}: %s{problem}")
            problem)

    printfn $"%d{cases.Length} comparisons, %d{failed.Length} failed; %s{milliseconds watch} ms."
    if Array.isEmpty failed then 0 else 1
