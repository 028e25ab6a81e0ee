/// `tikv-sim mutants`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Mutants.Command

open System
open System.Diagnostics
open Tikv.Simulator.Reports
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private everywhere = lazy (All.stories |> List.map _.Id)

let private fate anywhere (mutant: Mutant) =
    match Mutants.fate mutant with
    | Fate.Survived when anywhere -> Mutants.fateIn (everywhere.Value |> List.except mutant.Scenarios) mutant
    | fate -> fate

let private tell (mutant: Mutant) fate =
    match fate with
    | Fate.Killed(scenario, property, _) ->
        printfn $"killed    %-28s{mutant.Id} by %-8s{property} in %-7s{scenario} it %s{mutant.Does}"
    | Fate.Survived -> printfn $"SURVIVED  %-28s{mutant.Id} it %s{mutant.Does}"

/// Runs every mutant; 1 when one survives. The last line is `N killed, N survived`.
let all (anywhere: bool) : int =
    let watch = Stopwatch.StartNew()

    let fates =
        Mutants.all
        |> Array.ofList
        |> Array.Parallel.map (fun mutant ->
            let fate = fate anywhere mutant
            lock everywhere (fun () -> tell mutant fate)
            fate)

    let survived = fates |> Array.filter _.IsSurvived |> Array.length
    printfn $"%d{fates.Length} mutants in %.0f{watch.Elapsed.TotalSeconds} s."
    printfn $"%d{fates.Length - survived} killed, %d{survived} survived"
    if survived = 0 then 0 else 1

/// A mutant in the first of its scenarios.
let private recorded (mutant: Mutant) =
    let scenario = List.head mutant.Scenarios

    Recording.account $"tikv-sim mutants --only %s{mutant.Id} --transcript" {
        Start = Mutants.begin' true mutant scenario
        Calms = false
        Rest = if Catalogue.rests scenario then Mutants.rest else 0L
    }

/// Runs one mutant, and tells how it went in each of its scenarios; 1 when it survives, 2 when there is none of that name.
let one (id: string) (transcript: bool) (html: string option) : int =
    match Mutants.tryFind id with
    | None ->
        let names = String.Join(" ", Mutants.all |> List.map _.Id)
        eprintfn $"tikv-sim: there is no mutant %s{id}; there are: %s{names}"
        2
    | Some mutant ->
        printfn $"An operator that %s{mutant.Does}."

        for scenario in mutant.Scenarios do
            let result = Mutants.run transcript mutant scenario
            result.Transcript |> List.iter (printfn "%s")
            printfn $"%s{scenario}: %s{Run.words result}"

        let code = if (Mutants.fate mutant).IsSurvived then 1 else 0
        let account, film = recorded mutant
        account.Why |> Option.iter (Explanation.print >> List.iter (printfn "%s"))

        ReportFile.writeAll
            (html
             |> Option.toList
             |> List.map (fun file -> file, (fun () -> Page.print account film)))
            code
