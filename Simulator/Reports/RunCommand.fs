/// `tikv-sim run`: what it prints, the reports that it writes, and its exit codes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.RunCommand

open System
open System.Diagnostics
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// What is asked for. Reports go to the files that are named.
type Options = {
    /// Ids of scenarios, files, folders of files.
    Names: string list
    Seed: uint64 option
    Transcript: bool
    Junit: string option
    Json: string option
    Html: string option
    /// In place of the scenarios' own.
    Fidelity: Level option
}

let private day = 86_400_000L

let private keepsLines (options: Options) =
    options.Transcript
    || options.Junit.IsSome
    || options.Json.IsSome
    || options.Html.IsSome

let private leveled (options: Options) (story: Story) =
    match options.Fidelity with
    | Some level -> { story with Given = { story.Given with Fidelity = level } }
    | None -> story

let private at (options: Options) (chosen: Chosen) =
    match chosen with
    | Chosen.Story story -> Chosen.Story(leveled options story)
    | Chosen.Named _ -> chosen

let private replay (options: Options) source =
    let level =
        options.Fidelity
        |> Option.map (fun level -> $" --fidelity %A{level}")
        |> Option.defaultValue ""

    let seed =
        options.Seed
        |> Option.map (fun seed -> $" --seed %d{seed}")
        |> Option.defaultValue ""

    $"tikv-sim run %s{Markup.quoted source}%s{seed}%s{level} --transcript"

/// The reports that are asked for.
let private report (options: Options) (page: (unit -> string) option) (accounts: Account list) =
    [
        options.Junit, Some(fun () -> Junit.print accounts)
        options.Json, Some(fun () -> JsonReport.print accounts)
        options.Html, page
    ]
    |> List.choose (fun (file, print) -> Option.map2 (fun file print -> file, print) file print)
    |> ReportFile.writeAll

let private printTested (account: Account) =
    printfn "How often each property was put to the test:"

    for property, count in Account.tested account do
        if count > 0 then
            printfn $"  %-8s{property.Id} %6d{count}  %s{property.Means}"

    let untested =
        account.Result.Tested
        |> Map.filter (fun id count -> count = 0 && not (Checks.isOwn id))
        |> Map.keys

    printfn $"""Not put to the test: %s{String.Join(" ", untested)}"""

/// Runs one scenario; then leaves it alone for a day, unless it ends in a state that does not rest.
let private runOne (options: Options) (source: string) (chosen: Chosen) : int =
    let chosen = at options chosen

    match Choice.start options.Seed chosen with
    | None -> Choice.unknown chosen
    | Some start ->
        let start = { start with Scenario = { start.Scenario with Transcript = keepsLines options } }
        printfn $"%s{start.Scenario.Name}: %s{start.Scenario.Shows}."
        let watch = Stopwatch.StartNew()
        let result = Run.continue' start
        let result = if Choice.calms chosen then Play.calm result else result
        let rests = Choice.rests chosen && Run.isGood result
        let result = if rests then result else Choice.compared chosen result
        let took = Elapsed.milliseconds watch

        if options.Transcript then
            result.Transcript |> List.iter (printfn "%s")

        printfn $"%s{Run.words result} (%s{took} ms; fingerprint %016x{result.Fingerprint})"

        let result, rested =
            if not rests then
                result, None
            else
                let watch = Stopwatch.StartNew()
                let rested = Choice.compared chosen (Run.rest day result)
                rested, Some(Elapsed.milliseconds watch)

        let recorded =
            lazy
                (Recording.account (replay options source) {
                    Start = { start with Scenario = { start.Scenario with Transcript = true } }
                    Calms = Choice.calms chosen
                    Rest = if Choice.rests chosen then day else 0L
                })

        let account = {
            Result = result
            Replay = replay options source
            Why = if Run.isGood result then None else (fst recorded.Value).Why
        }

        printTested account

        match rested with
        | Some took -> printfn $"Left alone for 24 hours: %s{Run.words result} (%s{took} ms)"
        | None -> ()

        account.Why
        |> Option.iter (fun why ->
            printfn ""
            Explanation.print why |> List.iter (printfn "%s"))

        report
            options
            (Some(fun () -> Page.print account (snd recorded.Value)))
            [ account ]
            (if Account.isGood account then 0 else 1)

let private why (story: Story) =
    let start = Catalogue.start story

    let account, _ =
        Recording.account "" {
            Start = { start with Scenario = { start.Scenario with Transcript = true } }
            Calms = false
            Rest = story.Rest
        }

    account.Why

/// Runs scenarios one after another, a line each; 1 when one fails.
let private runMany (options: Options) (stories: (string * Story) list) : int =
    let run (source: string, story: Story) =
        let seed = options.Seed |> Option.defaultValue story.Given.Seed
        let story = leveled options { story with Given = { story.Given with Seed = seed } }
        let watch = Stopwatch.StartNew()
        let result = Play.run' (keepsLines options) story
        let mark = if Run.isGood result then "ok    " else "FAILED"

        printfn
            $"%s{mark}  %-9s{story.Id} %s{Run.words result} (%s{Elapsed.milliseconds watch} ms; fingerprint %016x{result.Fingerprint})"

        {
            Result = result
            Replay = replay options source
            Why = if keepsLines options && not (Run.isGood result) then why story else None
        }

    let accounts = stories |> List.map run
    let good = accounts |> List.filter Account.isGood |> List.length
    printfn $"%d{stories.Length} scenarios, %d{stories.Length - good} failed."
    report options None accounts (if good = stories.Length then 0 else 1)

/// Runs what is named: scenarios by their ids, files, and all files of a folder.
let run (options: Options) : int =
    match options.Names |> List.collect Choice.sources, options.Names with
    | [ source, one ], [ _ ] -> Choice.told one (runOne options source)
    | several, _ when options.Html.IsSome ->
        eprintfn $"tikv-sim: --html shows one run; here are %d{several.Length} scenarios"
        2
    | several, _ ->
        let sources = several |> List.map fst

        Choice.stories (several |> List.map snd) (fun stories -> runMany options (List.zip sources stories))
