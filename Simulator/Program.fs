module Tikv.Simulator.Program

open Argu
open Tikv.Simulator.Campaigns
open Tikv.Simulator.Reports
open Tikv.Simulator.Run
open Tikv.Simulator.Serve

type ServeArgument =
    | [<Unique>] Port of number: int
    | [<Unique>] Kubeconfig of file: string
    | [<Unique>] Speed of factor: float
    | [<Unique>] Seed of number: int
    | [<Unique>] Ui

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Port _ -> "port of 127.0.0.1 to serve on; 0 takes a free one (default: 6443; with --ui 6480)"
            | Kubeconfig _ -> "file to write the kubeconfig to (default: tikv-sim.kubeconfig)"
            | Speed _ -> "seconds of the world per second (default: 1)"
            | Seed _ -> "what names and chances are drawn from (default: 1)"
            | Ui -> "serve scenarios to a browser instead, to be played, changed and branched"

type RunArgument =
    | [<MainCommand; Mandatory>] Scenario of names: string list
    | [<Unique; AltCommandLine "--seed">] With_Seed of number: uint64
    | [<Unique>] Transcript
    | [<Unique>] Junit of file: string
    | [<Unique>] Json of file: string
    | [<Unique>] Html of file: string
    | [<Unique>] Fidelity of Scenarios.Level

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Fidelity _ -> "regions by class (L1) or one by one (L2); default: the scenario's own"
            | Scenario _ -> "names of scenarios, such as T21; files; folders of files"
            | With_Seed _ -> "what names and chances are drawn from (default: the scenario's own)"
            | Transcript -> "print one line an event"
            | Junit _ -> "write a report for CI to this file, as JUnit XML"
            | Json _ -> "write the same facts to this file, as JSON"
            | Html _ -> "write a page that shows the one run to this file"

type CheckArgument =
    | [<MainCommand; Mandatory>] File of names: string list

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | File _ -> "files, and folders of files"

type ExportArgument =
    | [<MainCommand>] Id of names: string list
    | [<Unique>] All
    | [<Unique>] Into of folder: string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Id _ -> "names of scenarios, such as T21"
            | All -> "all of them, in folders by their topics"
            | Into _ -> "the folder to write to (default: .)"

type SchemaArgument =
    | [<Hidden>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Json -> "as JSON"

type ExploreArgument =
    | [<MainCommand; Mandatory>] Of of name: string
    | [<Unique; AltCommandLine "--seed">] From_Seed of number: uint64
    | [<Unique>] Limit of runs: int
    | [<Unique>] Faults of number: int
    | [<Unique>] Only of words: string
    | [<Unique; AltCommandLine "--save">] Save_In of folder: string
    | [<Unique; AltCommandLine "--shard">] Shard_Of of part: string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Of _ -> "name of the scenario, such as bootstrap, or its file"
            | From_Seed _ -> "what names and chances are drawn from (default: the scenario's own)"
            | Save_In _ -> "keep each failure as a file in this folder"
            | Shard_Of _ -> "one of several parts, such as 2/8 (default: all of it)"
            | Faults _ ->
                "1: each misfortune at each point (default); 2: every two of those that leave the operator in the dark, at each two writes"
            | Limit _ -> "so many runs and no more, from all over (default: all)"
            | Only _ -> "only misfortunes whose name has these words, such as `zombie by 60 s`"

type SearchArgument =
    | [<Unique>] Runs of number: int
    | [<Unique; AltCommandLine "--seed">] First_Seed of number: uint64
    | [<Unique>] Mode of name: string
    | [<Unique; AltCommandLine "--transcript">] With_Transcript
    | [<Unique>] Save of folder: string
    | [<Unique; AltCommandLine "--shard">] Shard_In of part: string
    | [<Unique; AltCommandLine "--resume">] State of file: string
    | [<Unique>] Until of span: string
    | [<Unique>] Check_Determinism of runs: int
    | [<Unique>] Coverage
    | [<Unique>] Require_Coverage
    | [<Unique>] Mutant of id: string
    | [<Unique>] Plan of name: string
    | [<Unique; AltCommandLine "--fidelity">] At_Fidelity of Scenarios.Level
    | [<Unique; AltCommandLine "--parallel">] In_Parallel of processes: int
    | [<Unique; Hidden>] Serves

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | At_Fidelity _ -> "regions by class (L1) or one by one (L2) (default: L1)"
            | In_Parallel _ -> "how many processes make runs (default: one a processor)"
            | Serves -> "answer names of plans that come in with what becomes of them"
            | Runs _ -> "how many (default: 1000; with --until as many as time allows)"
            | First_Seed _ -> "the first seed; each run has the next one (default: 1)"
            | Mode _ -> "how runs are drawn: plain, swarm, phases or guided (default: plain)"
            | With_Transcript -> "print the events of the first failures"
            | Save _ -> "keep each failure as a file in this folder"
            | Shard_In _ ->
                "one of several parts, such as 2/8, for machines beside one another (default: all of it)"
            | State _ ->
                "remember what is done in this file, and go on from it if it is there; - prints the same"
            | Until _ -> "begin no more runs after so long, such as 30m"
            | Check_Determinism _ -> "make one run of so many twice, and compare them; 0: none (default: 100)"
            | Coverage -> "print which goals, reasons, actions and properties were reached, and which not"
            | Require_Coverage ->
                "fail when some were not, the named scenarios included, that Campaigns/Unreached.fs does not name"
            | Mutant _ -> "search for what is wrong with this faulty operator (see mutants)"
            | Plan _ -> "make the one run of that name again, such as swarm-17"

type CoverageArgument =
    | [<MainCommand>] Of_Scenarios of names: string list
    | [<Unique; AltCommandLine "--runs">] Generated of number: int
    | [<Unique; AltCommandLine "--seed">] Generated_From of number: uint64

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Of_Scenarios _ -> "print what these reach: names of scenarios, files, folders of files"
            | Generated _ -> "how many generated runs beside all named scenarios (default: 300)"
            | Generated_From _ -> "the first seed of these (default: 1)"

type GatherArgument =
    | [<MainCommand; Mandatory>] From of files: string list
    | [<Unique; AltCommandLine "--coverage">] With_Coverage
    | [<Unique; AltCommandLine "--require-coverage">] All_Reached

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | From _ -> "states of searches (--state), logs that hold them, and folders of these"
            | With_Coverage ->
                "print which goals, reasons, actions and properties were reached, and which not"
            | All_Reached -> "fail when some were not that Campaigns/Unreached.fs does not name"

type BenchArgument =
    | [<Unique>] Seconds of number: float
    | [<Unique>] Parallel of processes: int
    | [<Unique>] Whole
    | [<Unique; Hidden>] Measures

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Seconds _ -> "how long each measurement takes (default: 10)"
            | Parallel _ ->
                "how many processes run beside one another in the second one; 1 leaves it out (default: 2)"
            | Whole -> "instead: how long explorations and shrinking take (some minutes)"
            | Measures -> "answer each line `SECONDS SEED STEP` with what was measured"

type RelateArgument =
    | [<Unique>] Named of words: string
    | [<Unique; AltCommandLine "--runs">] Plans of number: int
    | [<Unique; AltCommandLine "--seed">] Plan_Seed of number: uint64
    | [<Unique>] Stories
    | [<Unique; AltCommandLine "--save">] Save_To of folder: string
    | [<Unique; AltCommandLine "--shard">] Shard_To of part: string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Named _ -> "only relations whose name has these words, such as `two leaders` (default: all)"
            | Plans _ -> "how many generated runs each is tried on (default: 4)"
            | Plan_Seed _ -> "the first seed; each run has the next one (default: 1)"
            | Stories -> "try the named stories too, and changes that are taken back"
            | Save_To _ -> "keep each failure as a file in this folder"
            | Shard_To _ -> "one of several parts, such as 2/8 (default: all of it)"

type RefineArgument =
    | [<Unique; AltCommandLine "--runs">] Histories of number: int
    | [<Unique; AltCommandLine "--seed">] History_Seed of number: uint64

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Histories _ -> "how many (default: 1000)"
            | History_Seed _ -> "the first seed; each history has the next one (default: 1)"

type ListArgument =
    | [<Hidden>] All

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | All -> "all of them"

type ScenariosArgument =
    | [<Unique>] Markdown

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Markdown -> "as the page docs/scenarios.md"

type MutantsArgument =
    | [<Unique>] Only of id: string
    | [<Unique>] Anywhere
    | [<Unique; AltCommandLine "--transcript">] With_Events
    | [<Unique; AltCommandLine "--html">] Page of file: string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Only _ -> "this one, and how its run goes"
            | Anywhere -> "try every scenario on those that their own scenarios do not find"
            | With_Events -> "with --only: print one line an event"
            | Page _ ->
                "with --only: write a page that shows its run in the first of its scenarios to this file"

type Argument =
    | [<CliPrefix(CliPrefix.None)>] Run of ParseResults<RunArgument>
    | [<CliPrefix(CliPrefix.None)>] Check of ParseResults<CheckArgument>
    | [<CliPrefix(CliPrefix.None)>] Export of ParseResults<ExportArgument>
    | [<CliPrefix(CliPrefix.None)>] Schema of ParseResults<SchemaArgument>
    | [<CliPrefix(CliPrefix.None)>] Search of ParseResults<SearchArgument>
    | [<CliPrefix(CliPrefix.None); CustomCommandLine "coverage">] Reach of ParseResults<CoverageArgument>
    | [<CliPrefix(CliPrefix.None)>] Gather of ParseResults<GatherArgument>
    | [<CliPrefix(CliPrefix.None)>] List of ParseResults<ListArgument>
    | [<CliPrefix(CliPrefix.None)>] Scenarios of ParseResults<ScenariosArgument>
    | [<CliPrefix(CliPrefix.None)>] Explore of ParseResults<ExploreArgument>
    | [<CliPrefix(CliPrefix.None)>] Bench of ParseResults<BenchArgument>
    | [<CliPrefix(CliPrefix.None)>] Relate of ParseResults<RelateArgument>
    | [<CliPrefix(CliPrefix.None)>] Refine of ParseResults<RefineArgument>
    | [<CliPrefix(CliPrefix.None)>] Mutants of ParseResults<MutantsArgument>
    | [<CliPrefix(CliPrefix.None)>] Serve of ParseResults<ServeArgument>
    | [<CliPrefix(CliPrefix.None)>] Import of ParseResults<WhatIf.ImportArgument>
    | [<CliPrefix(CliPrefix.None)>] Preview of ParseResults<WhatIf.PreviewArgument>
    | [<CliPrefix(CliPrefix.None)>] WhatIf of ParseResults<WhatIf.WhatIfArgument>

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Run _ -> "run scenarios in virtual time; one alone is left alone for a day afterwards"
            | Check _ -> "read files of scenarios, and tell what is wrong with them"
            | Export _ -> "write scenarios as files"
            | Schema _ -> "print the JSON schema of files of scenarios"
            | Search _ -> "run generated changes and faults; all must come right afterwards"
            | Reach _ -> "whether scenarios and generated runs reach every reason, action and property"
            | Gather _ -> "put the parts of a search together, and tell what they come to"
            | List _ -> "name every scenario"
            | Scenarios _ -> "print the catalogue of scenarios"
            | Explore _ -> "run a scenario with each misfortune at each point"
            | Bench _ -> "measure how many runs and events a second are made"
            | Relate _ ->
                "run generated runs and stories under lasting misfortune, and compare where they end"
            | Refine _ -> "hold single regions against regions by class, in histories by chance"
            | Mutants _ -> "run faulty operators, each of which must be found"
            | Serve _ -> "serve an embedded cluster to kubectl, or scenarios to a browser"
            | Import _ -> "turn a dump of a live cluster into a scenario"
            | Preview _ -> "what a change comes to, step by step, before it is made"
            | WhatIf _ -> "what happens if something fails during a change: many runs, and the worst of them"

let private serve (given: ParseResults<ServeArgument>) =
    let standard = ServeCommand.defaults

    if given.Contains Ui then
        Tikv.Simulator.Ui.UiServer.run (given.GetResult(Port, 6480))
    else

        ServeCommand.runWith LiveWorld.start {
            Port = given.GetResult(Port, standard.Port)
            Kubeconfig = given.GetResult(Kubeconfig, standard.Kubeconfig)
            Speed = given.GetResult(Speed, standard.Speed)
            Seed = given.GetResult(Seed, standard.Seed)
        }

/// What is to be done with a part of a campaign; 2 when it is none.
let private ofShard (part: string option) action =
    match part |> Option.map Shard.tryParse with
    | None -> action Shard.whole
    | Some(Ok shard) -> action shard
    | Some(Error problem) ->
        eprintfn $"tikv-sim: %s{problem}"
        2

let private run arguments =
    let parser = ArgumentParser.Create<Argument>(programName = "tikv-sim", errorHandler = ProcessExiter())

    let given = parser.Parse arguments

    match given.GetSubCommand() with
    | Run given ->
        RunCommand.run {
            Names = given.GetResult RunArgument.Scenario
            Seed = given.TryGetResult With_Seed
            Transcript = given.Contains Transcript
            Junit = given.TryGetResult Junit
            Json = given.TryGetResult RunArgument.Json
            Html = given.TryGetResult Html
            Fidelity = given.TryGetResult Fidelity
        }
    | Check given -> Commands.check (given.GetResult CheckArgument.File)
    | Export given ->
        Commands.export
            (given.GetResult(Id, []))
            (given.Contains ExportArgument.All)
            (given.GetResult(Into, "."))
    | Schema _ -> Commands.schema ()
    | Search given ->
        ofShard (given.TryGetResult Shard_In) (fun shard ->
            SearchCommand.run {
                Runs = given.TryGetResult Runs
                Seed = given.GetResult(First_Seed, 1UL)
                Mode = given.GetResult(Mode, "plain")
                Shard = shard
                Transcript = given.Contains With_Transcript
                Save = given.TryGetResult Save
                State = given.TryGetResult State
                Until = given.TryGetResult Until
                CheckEach = given.GetResult(Check_Determinism, 100)
                Coverage = given.Contains Coverage
                RequireCoverage = given.Contains Require_Coverage
                Mutant = given.TryGetResult Mutant
                Fidelity = given.GetResult(At_Fidelity, Scenarios.Level.L1)
                Plan = given.TryGetResult Plan
                Parallel = given.TryGetResult In_Parallel
                Serves = given.Contains Serves
            })
    | Reach given ->
        CoverageCommand.run
            (given.GetResult(Of_Scenarios, []))
            (given.GetResult(Generated_From, 1UL))
            (given.GetResult(Generated, 300))
    | Gather given ->
        GatherCommand.run (given.GetResult From) (given.Contains With_Coverage) (given.Contains All_Reached)
    | List _ -> Commands.list ()
    | Scenarios given -> if given.Contains Markdown then Commands.scenarios () else Commands.list ()
    | Explore given ->
        ofShard (given.TryGetResult Shard_Of) (fun shard ->
            ExploreCommand.run (given.GetResult Of) {
                Seed = given.TryGetResult From_Seed
                Faults = given.GetResult(Faults, 1)
                Limit = given.GetResult(Limit, 0)
                Only = given.GetResult(ExploreArgument.Only, "")
                Shard = shard
                Saved = given.TryGetResult Save_In
            })
    | Bench given when given.Contains Measures -> Benchmark.serve ()
    | Bench given when given.Contains Whole -> WholeBenchmark.run ()
    | Bench given -> Benchmark.run (given.GetResult(Seconds, 10.0)) (given.GetResult(Parallel, 2))
    | Relate given ->
        ofShard (given.TryGetResult Shard_To) (fun shard ->
            Commands.relate
                (given.GetResult(Named, ""))
                (given.GetResult(Plans, 4))
                (given.GetResult(Plan_Seed, 1UL))
                (given.Contains Stories)
                shard
                (given.TryGetResult Save_To))
    | Refine given ->
        Fidelity.RefineCommand.run (given.GetResult(Histories, 1000)) (given.GetResult(History_Seed, 1UL))
    | Mutants given ->
        match given.TryGetResult MutantsArgument.Only with
        | Some id ->
            Tikv.Simulator.Mutants.Command.one id (given.Contains With_Events) (given.TryGetResult Page)
        | None -> Tikv.Simulator.Mutants.Command.all (given.Contains Anywhere)
    | Serve given -> serve given
    | Import given -> WhatIf.Arguments.import given
    | Preview given -> WhatIf.Arguments.preview given
    | WhatIf given -> WhatIf.Arguments.whatif given

[<EntryPoint>]
let main arguments =
    let unsettled (problem: exn) =
        eprintfn $"tikv-sim: %s{problem.Message}"
        2

    try
        run arguments
    with
    | Scenarios.Settled.NotSettled _ as problem -> unsettled problem
    | :? System.AggregateException as several when
        (several.GetBaseException() :? Scenarios.Settled.NotSettled)
        ->
        unsettled (several.GetBaseException())
