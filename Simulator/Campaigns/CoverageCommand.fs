/// `tikv-sim coverage`: whether named scenarios and generated runs together reach everything that the operator can say and do,
/// and everything that the judge can be asked.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.CoverageCommand

open System
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// Prints what each of these scenarios reaches.
let private show (stories: Story list) : int =
    for story, marks in Stories.marksOf stories do
        printfn $"%s{story.Id} reaches"
        marks |> Seq.iter (printfn "  %s")

    0

/// The modes take turns, so that each finds its own.
let private modes = [ Mode.Plain; Mode.Swarm; Mode.Phases ]

let private campaign (mode: Mode) seed runs : Campaign.Conduct = {
    Charter = {
        Mode = mode
        Seed = seed
        Runs = Some runs
        Shard = Shard.whole
        Mutant = None
        Fidelity = Level.L1
        Build = Charter.build
    }
    Until = None
}

let private makers () = Maker.threads { Setting = Search.ordinary; Fidelity = Level.L1; CheckEach = 0 }

/// So many generated runs, the named scenarios, and what they come to.
let tally (seed: uint64) (runs: int) : Tally =
    let share = runs / modes.Length
    let rest = runs - share * (modes.Length - 1)

    let generated =
        modes
        |> List.mapi (fun index mode -> mode, if index = 0 then rest else share)
        |> List.filter (fun (_, runs) -> runs > 0)
        |> List.map (fun (mode, runs) ->
            Progress.during (Some runs) 0 None (fun teller ->
                Campaign.run (campaign mode seed runs) (makers ()) Keeper.nothing teller []))
        |> List.fold Tally.join Tally.empty

    { generated with Marks = Set.union generated.Marks (Stories.marks ()) }

let private judge seed runs : int =
    let tally = tally seed runs
    let offences = Account.offences tally.Marks
    Account.failures tally |> List.iter (printfn "%s")
    printfn $"%s{Account.summary tally}"
    Account.surprises tally.Marks @ offences |> List.iter (printfn "%s")
    let listed = Unreached.known.Length

    printfn
        $"%d{All.stories.Length} scenarios and %d{tally.Runs} generated runs; %d{listed} listed as not reached, %d{offences.Length} wrong."

    if offences.IsEmpty && tally.Failed.IsEmpty then 0 else 1

/// Of the scenarios that are named (by id, file or folder) what each reaches; with none, whether all of them and so many
/// generated runs reach everything. 1 when they do not.
let run (names: string list) (seed: uint64) (runs: int) : int =
    match names with
    | [] when runs < 0 ->
        eprintfn $"tikv-sim: --runs is %d{runs}: it must be 0 or more"
        2
    | [] -> judge seed runs
    | names -> Choice.stories (names |> List.collect Choice.find) show
