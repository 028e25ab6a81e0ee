/// `tikv-sim search`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.SearchCommand

open System
open System.Diagnostics
open Tikv.Simulator.Files
open Tikv.Simulator.Mutants
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// What was asked for, as it stands on the command line.
type Asked = {
    Runs: int option
    Seed: uint64
    Mode: string
    Shard: Shard
    Transcript: bool
    Save: string option
    State: string option
    Until: string option
    CheckEach: int
    Coverage: bool
    RequireCoverage: bool
    Mutant: string option
    Fidelity: Level
    Plan: string option
    /// So many processes at a time; none: as many as there are processors.
    Parallel: int option
    /// Answers names of plans with what becomes of them.
    Serves: bool
}

let private usual = 1_000

/// The first of each kind of failure are shrunk, no more than this.
let private shrunk = 5

let private untilOf (asked: Asked) : Result<TimeSpan option, string> =
    match asked.Until with
    | None -> Ok None
    | Some text ->
        match Spans.tryParse text with
        | Some span when span > 0L -> Ok(Some(TimeSpan.FromMilliseconds(float span)))
        | _ -> Error $"--until is `%s{text}`; allowed: a time such as 30m or 2h30m"

let private settingOf (asked: Asked) (mode: Mode) : Result<Setting, string> =
    let ordinary = { Search.ordinary with Cells = (mode = Mode.Guided) }

    match asked.Mutant with
    | None -> Ok ordinary
    | Some id ->
        match Mutants.tryFind id with
        | Some mutant -> Ok { ordinary with Begin = Mutants.infected mutant }
        | None -> Error $"there is no mutant %s{id}; `tikv-sim mutants` names them"

let private setupOf (asked: Asked) (mode: Mode) : Result<Setup, string> =
    settingOf asked mode
    |> Result.map (fun setting -> {
        Setting = setting
        Fidelity = asked.Fidelity
        CheckEach = asked.CheckEach
    })

/// The command that serves such a search.
let private serving (asked: Asked) : string list = [
    "search"
    "--serves"
    "--mode"
    asked.Mode
    "--check-determinism"
    string asked.CheckEach
    "--fidelity"
    string asked.Fidelity
    yield!
        asked.Mutant
        |> Option.map (fun id -> [ "--mutant"; id ])
        |> Option.defaultValue []
]

let private conductOf (asked: Asked) : Result<Campaign.Conduct * Setup, string> =
    match Mode.tryParse asked.Mode, untilOf asked with
    | Error problem, _
    | _, Error problem -> Error problem
    | Ok mode, Ok until ->
        match setupOf asked mode, asked.Runs with
        | Error problem, _ -> Error problem
        | _, Some runs when runs < 1 -> Error $"--runs is %d{runs}: it must be 1 or more"
        | _ when asked.CheckEach < 0 ->
            Error $"--check-determinism is %d{asked.CheckEach}; allowed: 0, or one run of so many"
        | _ when Option.exists (fun count -> count < 1) asked.Parallel ->
            Error $"--parallel is %d{asked.Parallel.Value}: it must be 1 or more"
        | Ok setup, runs ->
            Ok(
                {
                    Charter = {
                        Mode = mode
                        Seed = asked.Seed
                        Runs = if runs.IsNone && until.IsNone then Some usual else runs
                        Shard = asked.Shard
                        Mutant = asked.Mutant
                        Fidelity = asked.Fidelity
                        Build = Charter.build
                    }
                    Until = until
                },
                setup
            )

/// Where it is remembered, and what is remembered already.
let private stateOf (asked: Asked) (charter: Charter) : Result<Entry list * (unit -> Keeper), string> =
    match asked.State with
    | None -> Ok([], (fun () -> Keeper.nothing))
    | Some "-" -> Ok([], (fun () -> Keeper.toOutput charter))
    | Some file ->
        Journal.load file charter
        |> Result.map (fun there -> there, (fun () -> Keeper.toFile file charter there))

/// What else it takes to make a plan's run again.
let private besides (asked: Asked) =
    let mutant = asked.Mutant |> Option.map (fun id -> $" --mutant %s{id}")
    let level = if asked.Fidelity = Level.L1 then None else Some $" --fidelity %O{asked.Fidelity}"
    Option.defaultValue "" mutant + Option.defaultValue "" level

/// A run of an operator in earnest fails again from its file; that of one with a fault fails with the fault alone.
let private keep (asked: Asked) (story: Story) : unit =
    match asked.Mutant, asked.Save with
    | Some id, Some folder -> printfn $"        kept, as run by %s{id}: %s{Kept.write folder story}"
    | _, saved -> Kept.tell saved story

/// Shrinks a failing plan, and shows what is left.
let private show (asked: Asked) (setting: Setting) (kind: string) (plan: Plan) : unit =
    let first = Search.trial setting plan
    let watch = Stopwatch.StartNew()
    let small = Shrink.ofTrial setting kind first plan
    let took = watch.Elapsed.TotalSeconds.ToString("F1", Globalization.CultureInfo.InvariantCulture)
    let before, after = (Search.storyOf plan).Steps.Length, (Search.storyOf small).Steps.Length
    printfn $"%s{plan.Name}, shrunk from %d{before} steps to %d{after} in %s{took} s:"

    match (Search.trial setting small).Outcome with
    | Outcome.Bad(_, words) ->
        printfn $"        %s{words}"
        let story = Search.kept small words
        let story = { story with Id = story.Id + "-shrunk" }
        keep asked story

        (StoryFile.print story).TrimEnd('\n').Split '\n'
        |> Array.iter (printfn "        %s")
    | Outcome.Good -> ()

    printfn $"        again, as it was: tikv-sim search --plan %s{plan.Name}%s{besides asked}"

    if asked.Transcript then
        Search.transcriptOf setting small |> List.iter (printfn "        | %s")

/// Makes one run again.
let private again (asked: Asked) (setting: Setting) (name: string) : int =
    match Charter.tryPlan asked.Fidelity name with
    | None ->
        eprintfn
            $"tikv-sim: there is no plan %s{name}; plans are named as seed-17, swarm-17, phases-17, guided-17.203"

        2
    | Some plan ->
        if asked.Transcript then
            Search.transcriptOf setting plan |> List.iter (printfn "%s")

        match (Search.trial setting plan).Outcome with
        | Outcome.Good ->
            printfn $"%s{name}: it comes right"
            0
        | Outcome.Bad(kind, words) ->
            printfn $"FAILED  %s{name}: %s{words}"
            keep asked (Search.kept plan words)
            show asked setting kind plan
            1

let private whole (tally: Tally) (asked: Asked) : Tally =
    if asked.RequireCoverage then
        { tally with Marks = Set.union tally.Marks (Stories.marks ()) }
    else
        tally

let private offences (tally: Tally) (asked: Asked) : string list =
    if asked.RequireCoverage then Account.offences tally.Marks else []

let private search (asked: Asked) (conduct: Campaign.Conduct) setup there (keeper: unit -> Keeper) : int =
    let charter = conduct.Charter
    let watch = Stopwatch.StartNew()
    let count = asked.Parallel |> Option.defaultValue Environment.ProcessorCount
    let makers = Maker.several setup (serving asked) (Charter.count charter) count
    let keeper = keeper ()
    let before = List.length there

    if before > 0 then
        printfn $"%d{before} runs are done already."

    let tally =
        Progress.during (Charter.count charter) before conduct.Until (fun teller ->
            Campaign.run conduct makers keeper teller there)

    keeper.Close()

    let failed =
        tally.Failed
        |> List.choose (fun (name, kind, words) ->
            Charter.tryPlan asked.Fidelity name
            |> Option.map (fun plan -> plan, kind, words))
        |> List.sortBy (fun (plan, _, _) -> plan.Seed, plan.Name)

    for plan, _, words in failed do
        keep asked (Search.kept plan words)

    let different =
        failed
        |> List.filter (fun (_, kind, _) -> kind <> "indeterminate")
        |> List.distinctBy (fun (_, kind, _) -> kind)

    for plan, kind, _ in List.truncate shrunk different do
        show asked setup.Setting kind plan

    Account.failures tally |> List.iter (printfn "%s")
    let tally = whole tally asked
    printfn $"%s{Account.summary tally}"

    if asked.Coverage then
        Account.details tally |> List.iter (printfn "%s")

    let offences = offences tally asked
    Account.surprises tally.Marks @ offences |> List.iter (printfn "%s")

    let part =
        if Shard.isWhole charter.Shard then
            ""
        else
            $", part %d{charter.Shard.Number} of %d{charter.Shard.Count}"

    let time = Elapsed.milliseconds watch

    printfn
        $"%d{tally.Runs} runs, %d{tally.Failed.Length} failed; %s{time} ms; from seed %d{charter.Seed}%s{part}."

    if tally.Failed.IsEmpty && offences.IsEmpty then 0 else 1

/// Answers with the exit code: 1 when a run fails or something that must be reached is not, 2 when what is asked for or the
/// state cannot be used.
let run (asked: Asked) : int =
    let refused (problem: string) =
        eprintfn $"tikv-sim: %s{problem}"
        2

    match conductOf asked with
    | Error problem -> refused problem
    | Ok(_, setup) when asked.Serves -> Maker.serve setup
    | Ok(conduct, setup) ->
        match asked.Plan with
        | Some name -> again asked setup.Setting name
        | None ->
            match stateOf asked conduct.Charter with
            | Error problem -> refused problem
            | Ok(there, keeper) ->
                try
                    search asked conduct setup there keeper
                with Ended _ as problem ->
                    refused problem.Message
