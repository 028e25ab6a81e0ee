/// `tikv-sim import` and `tikv-sim whatif`: what they print, the files that they write, and their exit codes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.WhatIf.Command

open System
open System.Diagnostics
open System.IO
open Tikv.Simulator.Files
open Tikv.Simulator.Reports
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private tell (problems: string list) : int =
    problems |> List.iter (eprintfn "tikv-sim: %s")
    2

let private warn (imported: Imported) =
    for warning in imported.Warnings do
        eprintfn $"warning: %s{warning}"

let private imported (cluster: string option) (source: string) : Result<Imported, string list> =
    try
        Dump.read source |> Result.bind (Import.ofDump cluster)
    with
    | :? IOException
    | :? UnauthorizedAccessException as problem -> Error [ $"%s{source}: %s{problem.Message}" ]

/// Turns a dump into a scenario file.
let import (source: string) (cluster: string option) (into: string option) : int =
    match imported cluster source with
    | Error problems -> tell problems
    | Ok imported ->
        warn imported

        for name, other in imported.Names do
            if name <> other then
                eprintfn $"%s{name} is %s{other} in the scenario"

        match into with
        | None ->
            printf $"%s{StoryFile.print imported.Story}"
            0
        | Some file -> ReportFile.writeAll [ file, (fun () -> StoryFile.print imported.Story) ] 0

/// What is asked for.
type Options = {
    /// A dump, a file of a scenario, or the id of one.
    Source: string
    Cluster: string option
    /// None: the steps of the scenario.
    Changes: string list
    /// Files of changed manifests.
    Files: string list
    Faults: string list
    Seeds: int
    FirstSeed: uint64
    /// Such as `2/8`; None: all of them.
    Shard: string option
    /// Such as `3h`.
    Patience: string
    Save: string option
    Html: string option
    Json: string option
}

/// The cluster that is asked about, with the names of the dump that it was made from.
let private asked (options: Options) : Result<Story * (string * string) list, string list> =
    if Dump.isDump options.Source then
        imported options.Cluster options.Source
        |> Result.map (fun imported ->
            warn imported
            imported.Story, imported.Names)
    else
        match Choice.find options.Source with
        | [ Ok(Chosen.Story story) ] -> Ok(story, [])
        | [ Ok chosen ] ->
            Error [ $"there is no scenario %s{Choice.name chosen}; `tikv-sim list` names them" ]
        | [ Error problems ] -> Error problems
        | several -> Error [ $"%s{options.Source} holds %d{several.Length} scenarios; allowed: one" ]

/// The change as it was asked for.
let private said (options: Options) =
    match options.Changes @ options.Files with
    | [] -> "the steps of the scenario"
    | texts -> String.Join(" and ", texts)

let private mostSeeds = 1_000_000

/// What is to be played, or all that is wrong with what is asked for.
let question (needsFault: bool) (options: Options) : Result<Trials.Question, string list> =
    asked options
    |> Result.bind (fun (story, names) ->
        let all results = results |> Results.all |> Result.map List.concat
        let read reader texts = texts |> List.map (Phrases.renamed names >> reader story) |> all
        let ofFiles = options.Files |> List.map (Manifests.ofFile story names)

        for told in ofFiles |> List.choose Result.toOption |> List.collect snd do
            eprintfn $"warning: %s{told}"

        let changes =
            all [ read Phrases.change options.Changes; yield! ofFiles |> List.map (Result.map fst) ]

        let faults = read Phrases.fault options.Faults

        let part =
            options.Shard
            |> Option.map Shard.tryParse
            |> Option.defaultValue (Ok Shard.whole)

        let others = [
            if options.Seeds < 1 || options.Seeds > mostSeeds then
                $"--seeds is %d{options.Seeds}; allowed: 1 to %d{mostSeeds}"

            match part with
            | Ok part when part.Number <= options.Seeds -> ()
            | Ok part ->
                $"--shard is part %d{part.Number} of %d{part.Count}, in which there is none of the %d{options.Seeds} seeds"
            | Error problem -> problem

            match Spans.tryParse options.Patience with
            | Some span when span > 0L -> ()
            | _ -> $"--patience is `%s{options.Patience}`; allowed: durations such as 90m, 3h"

            if options.Changes.IsEmpty && options.Files.IsEmpty && story.Steps.IsEmpty then
                $"--change (or --file) is missing, and %s{story.Id} has no steps; allowed: %s{Phrases.changeForms}"

            if needsFault && options.Faults.IsEmpty then
                $"--fault is missing; allowed: %s{Phrases.faultForms}"
        ]

        match changes, faults, part, others with
        | Ok changes, Ok faults, Ok part, [] ->
            let steps: Step list =
                if options.Changes.IsEmpty && options.Files.IsEmpty then
                    story.Steps
                else
                    [ for change in changes -> { When = Trigger.AtTime Trials.changeAt; What = change } ]

            Ok {
                Story = story
                Change = steps
                Fault = faults
                Says = said options + ", and " + String.Join(" and ", options.Faults)
                Seeds =
                    List.init options.Seeds (fun index -> options.FirstSeed + uint64 index)
                    |> Shard.cases part
                Part = part
                Patience = Spans.tryParse options.Patience |> Option.defaultValue 0L
            }
        | _ ->
            let problems result =
                match result with
                | Ok _ -> []
                | Error problems -> problems

            Error(problems changes @ problems faults @ others))

/// The worst run once more, with its lines.
let private replayed (replay: string) (story: Story) : Account * Film =
    let start = Catalogue.start story
    let start = { start with Scenario = { start.Scenario with Transcript = true } }
    Recording.account replay { Start = start; Calms = false; Rest = 0L }

/// Lines of the worst run that are printed.
let private most = 40

/// From the fault on: who did what.
let private trace (trial: Trials.Trial) (account: Account) =
    let from = (Settled.from trial.Story.Given).World.Now + Trials.changeAt + trial.Struck
    let since = Account.lines account |> List.filter (fun line -> line.At >= from)

    since
    |> List.truncate most
    |> List.iter (fun line -> printfn $"  | %s{Simulation.print line}")

    if since.Length > most then
        printfn $"  | ... and %d{since.Length - most} more lines"

let private every = TimeSpan.FromSeconds 10.0

/// Says on the error stream how far it has come.
let private progress total =
    let watch = Stopwatch.StartNew()
    let next = ref every

    fun (finished: int) ->
        lock next (fun () ->
            if watch.Elapsed >= next.Value && finished < total then
                next.Value <- watch.Elapsed + every
                eprintfn $"  %d{finished} of %d{total} runs done")

let private answer (options: Options) (question: Trials.Question) (twins: Trials.Twin list) : int =
    let trials = Trials.play (progress question.Seeds.Length) question twins
    let answer = Answer.ofTrials question twins trials
    Answer.lines answer |> List.iter (printfn "%s")
    let trial, outcome = Answer.worst answer
    printfn ""

    printfn
        $"The worst is that of seed %d{trial.Seed} (%s{Outcome.words outcome}), struck %s{Answer.clock trial.Struck} after the change: %s{trial.Words}"

    let story = { trial.Story with Why = Some $"The worst run of tikv-sim whatif: %s{Outcome.words outcome}" }

    let replay =
        match options.Save with
        | Some file -> $"tikv-sim run %s{Markup.quoted file} --transcript"
        | None -> $"tikv-sim whatif ... --seeds 1 --seed %d{trial.Seed}"

    let account, film = replayed replay story
    printfn "What happened from the fault on:"
    trace trial account

    let code =
        ReportFile.writeAll
            [
                yield!
                    options.Save
                    |> Option.map (fun file -> file, (fun () -> StoryFile.print story))
                    |> Option.toList
                yield!
                    options.Html
                    |> Option.map (fun file -> file, (fun () -> Page.print account film))
                    |> Option.toList

                yield!
                    options.Json
                    |> Option.map (fun file ->
                        file, (fun () -> Tikv.Core.Json.printIndented (Answer.json answer) + "\n"))
                    |> Option.toList
            ]
            (if outcome = Outcome.Broken then 1 else 0)

    match options.Save with
    | Some _ -> printfn $"Again: %s{replay}"
    | None -> printfn "Keep it with --save FILE; look at it with --html FILE."

    code

/// Tells what a change comes to without any fault: 0, 1 when it does not complete, 2 for a question that cannot be asked.
let preview (options: Options) : int =
    match question false options with
    | Error problems -> tell problems
    | Ok question ->
        printfn $"%s{question.Story.Shows}."
        printfn $"Change: %s{said options}. It is played in the simulator; nothing is written to the cluster."
        let lines, isDone = Preview.lines question
        lines |> List.iter (printfn "%s")
        if isDone then 0 else 1

/// Answers what happens if a fault strikes during a change: 0, 1 when a property broke or the change alone does not
/// complete, 2 for a question that cannot be asked.
let whatif (options: Options) : int =
    match question true options with
    | Error problems -> tell problems
    | Ok question ->
        printfn $"%s{question.Story.Shows}."
        printfn $"Change: %s{said options}"
        printfn $"""Fault: %s{String.Join("; ", options.Faults)}"""
        let twins = Trials.twins question

        match twins |> List.tryFind (fun twin -> not twin.IsGood) with
        | Some twin ->
            printfn $"The change does not complete even without the fault: %s{twin.Words}"
            1
        | None -> answer options question twins
