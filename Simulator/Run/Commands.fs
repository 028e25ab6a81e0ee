/// `tikv-sim list`, `scenarios`, `check`, `export` and `relate`: what they print, and their exit codes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Commands

open System
open System.Diagnostics
open Tikv.Simulator.Scenarios

let private hours = 3_600_000L

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
        | Some id -> Choice.unknown (Chosen.Named id)
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

let private compared (watch: Stopwatch) (cases: (string * (unit -> string option)) list) : int =
    let failed =
        cases
        |> Array.ofList
        |> Array.Parallel.choose (fun (name, tryProblem) ->
            let problem = tryProblem ()
            problem |> Option.iter (fun problem -> printfn $"FAILED  %s{name}: %s{problem}")
            problem)

    printfn $"%d{cases.Length} comparisons, %d{failed.Length} failed; %s{Elapsed.milliseconds watch} ms."
    if Array.isEmpty failed then 0 else 1

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

    match cases with
    | _ when runs < 0 ->
        eprintfn $"tikv-sim: --plans is %d{runs}; allowed: 0 or more"
        2
    | [] ->
        let relations = Relations.all |> List.map (fun (relation: Relations.Relation) -> relation.Name)
        let reverts = Reverts.all |> List.map (fun (revert: Reverts.Revert) -> revert.Name)
        let names = relations @ [ "paths" ] @ (if withStories then reverts else [])
        let names = String.Join("; ", names)

        eprintfn
            $"tikv-sim: with --named `%s{named}` and --plans %d{runs} there is nothing to compare; there are: %s{names}"

        2
    | cases -> compared watch (Shard.cases shard cases)
