/// `tikv-sim run`, `list`, `scenarios`, `explore` and `search`: what they print, and their exit codes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Commands

open System
open System.Diagnostics

let private hours = 3_600_000L

let private milliseconds (watch: Stopwatch) =
    watch.Elapsed.TotalMilliseconds.ToString("0", Globalization.CultureInfo.InvariantCulture)

let private printTested (result: Result) =
    printfn "How often each property was put to the test:"

    for invariant in result.Final.Judge.Invariants do
        let property = invariant.Property
        let count = Map.tryFind property.Id result.Tested |> Option.defaultValue 0

        if count > 0 then
            printfn $"  %-8s{property.Id} %6d{count}  %s{property.Means}"

    let untested =
        result.Tested
        |> Map.filter (fun id count -> count = 0 && not (Checks.isOwn id))
        |> Map.keys

    printfn $"""Not put to the test: %s{String.Join(" ", untested)}"""

let private unknown name =
    eprintfn $"tikv-sim: there is no scenario %s{name}; `tikv-sim list` names them"
    2

/// Runs one scenario; then leaves it alone for a day, unless it ends in a state that does not rest.
let run (name: string) (seed: uint64) (transcript: bool) : int =
    match Catalogue.tryStart name seed with
    | None -> unknown name
    | Some start ->
        let start = { start with Scenario = { start.Scenario with Transcript = transcript } }
        printfn $"%s{start.Scenario.Name}: %s{start.Scenario.Shows}."
        let watch = Stopwatch.StartNew()
        let result = Run.continue' start
        let took = milliseconds watch

        if transcript then
            result.Transcript |> List.iter (printfn "%s")

        printfn $"%s{Run.words result} (%s{took} ms; fingerprint %016x{result.Fingerprint})"

        if not (Run.isGood result) then
            printTested result
            1
        elif not (Catalogue.rests name) then
            printTested result
            0
        else
            let watch = Stopwatch.StartNew()
            let rested = Run.rest (24L * hours) result
            printTested rested
            printfn $"Left alone for 24 hours: %s{Run.words rested} (%s{milliseconds watch} ms)"
            if Run.isGood rested then 0 else 1

let private shrunk = 5

/// Runs generated plans, and tells of those that fail, the first ones shrunk.
let search (runs: int) (seed: uint64) (transcript: bool) : int =
    let watch = Stopwatch.StartNew()

    let progress (finished: int) =
        if finished % 1_000 = 0 then
            printfn $"  %d{finished} of %d{runs} done, %s{milliseconds watch} ms"

    let failed = Tikv.Simulator.Scenarios.Search.many progress runs seed

    let different = failed |> List.distinctBy (fun (_, kind, _) -> kind)

    for (plan, kind, words) in List.truncate shrunk different do
        printfn $"FAILED  seed %d{plan.Seed}: %s{words}"
        let plan = Tikv.Simulator.Scenarios.Search.shrink kind plan

        match Tikv.Simulator.Scenarios.Search.run plan with
        | Tikv.Simulator.Scenarios.Outcome.Bad(_, words) -> printfn $"        shrunk: %s{words}"
        | Tikv.Simulator.Scenarios.Outcome.Good -> ()

        Tikv.Simulator.Scenarios.Search.words plan |> List.iter (printfn "        %s")

        if transcript then
            Tikv.Simulator.Scenarios.Search.transcript plan
            |> List.iter (printfn "        | %s")

    for (kind, failed) in failed |> List.groupBy (fun (_, kind, _) -> kind) do
        let seeds = failed |> List.truncate 10 |> List.map (fun (plan, _, _) -> string plan.Seed)
        printfn $"""%s{kind}: %d{failed.Length} runs, such as of the seeds %s{String.Join(", ", seeds)}"""

    printfn $"%d{runs} runs, %d{failed.Length} failed; %s{milliseconds watch} ms; from seed %d{seed}."
    if List.isEmpty failed then 0 else 1

/// Names every scenario.
let list () : int =
    Catalogue.lines |> List.iter (printfn "%s")
    0

/// Prints the page of the documentation.
let scenarios () : int =
    printf $"%s{Catalogue.markdown}"
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
let explore (name: string) (seed: uint64) (limit: int) (only: string) : int =
    match Catalogue.tryStart name seed with
    | None -> unknown name
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

            for problem, variation in failed |> List.skip (min told failed.Length) do
                printfn $"FAILED  %s{variation.Name}: %s{problem}"

            let verdict =
                if List.isEmpty failed then
                    "each ended as the run without faults, and every property held in all of them"
                else
                    $"%d{failed.Length} did not end as the run without faults, or broke a property"

            printfn $"%d{total} runs in %s{milliseconds watch} ms: %s{verdict}."
            if List.isEmpty failed then 0 else 1
