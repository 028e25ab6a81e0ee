/// `tikv-sim run` and `tikv-sim explore`: what they print, and their exit codes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Commands

open System
open System.Diagnostics

let private hours = 3_600_000L

let private milliseconds (watch: Stopwatch) =
    watch.Elapsed.TotalMilliseconds.ToString("0", Globalization.CultureInfo.InvariantCulture)

let private printTested (result: Result) =
    printfn "How often each property was put to the test:"

    for KeyValue(id, count) in result.Tested do
        let means =
            result.Final.Judge.Invariants
            |> List.tryFind (fun invariant -> invariant.Property.Id = id)
            |> Option.map _.Property.Means
            |> Option.defaultValue ""

        printfn $"  %s{id}  %6d{count}  %s{means}"

let private unknown name =
    eprintfn $"tikv-sim: there is no scenario %s{name}; there are: %s{Catalogue.names}"
    2

/// Runs one scenario; then leaves it alone for a day.
let run (name: string) (seed: uint64) (transcript: bool) : int =
    match Catalogue.tryFind name with
    | None -> unknown name
    | Some make ->
        let scenario = { make seed with Transcript = transcript }
        printfn $"%s{scenario.Name}: %s{scenario.Shows}."
        let watch = Stopwatch.StartNew()
        let result = Run.run scenario
        let took = milliseconds watch

        if transcript then
            result.Transcript |> List.iter (printfn "%s")

        printfn $"%s{Run.words result} (%s{took} ms; fingerprint %016x{result.Fingerprint})"
        printTested result

        if not (Run.isGood result) then
            1
        else
            let watch = Stopwatch.StartNew()
            let rested = Run.rest (24L * hours) result
            printfn $"Left alone for 24 hours: %s{Run.words rested} (%s{milliseconds watch} ms)"
            if Run.isGood rested then 0 else 1

let private lastLines = 40

let private tell (problem: string) (variation: Variation) =
    printfn $"FAILED  %s{variation.Name}"
    printfn $"        %s{problem}"
    let lines = (Explore.replay variation).Transcript
    let lines = lines |> List.skip (max 0 (List.length lines - lastLines))
    lines |> List.iter (printfn "        | %s")

/// Runs a scenario with every single misfortune, and tells which it did not survive.
let explore (name: string) (seed: uint64) (limit: int) : int =
    match Catalogue.tryFind name with
    | None -> unknown name
    | Some make ->
        let scenario = make seed
        printfn $"%s{scenario.Name}: %s{scenario.Shows}; now with each misfortune at each point."
        let watch = Stopwatch.StartNew()
        let twin = Run.run scenario
        printfn $"Without faults: %s{Run.words twin}."

        if not (Run.isGood twin) then
            1
        else
            let final = FinalState.ofWorld twin.Final.World
            let all = Explore.variations scenario twin
            let variations = if limit > 0 then List.truncate limit all else all
            let total = List.length variations
            printfn $"%d{total} variations."
            let mutable failed = 0

            for index, variation in List.indexed variations do
                match (Explore.run final variation).Problem with
                | None -> ()
                | Some problem ->
                    failed <- failed + 1

                    if failed <= 10 then
                        tell problem variation
                    else
                        printfn $"FAILED  %s{variation.Name}: %s{problem}"

                if (index + 1) % 100 = 0 then
                    printfn $"  %d{index + 1} of %d{total} done, %d{failed} failed, %s{milliseconds watch} ms"

            let verdict =
                if failed = 0 then
                    "each ended as the run without faults, and every property held in all of them"
                else
                    $"%d{failed} did not end as the run without faults, or broke a property"

            printfn $"%d{total} runs in %s{milliseconds watch} ms: %s{verdict}."
            if failed = 0 then 0 else 1
