/// Every mutant, and what becomes of it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Mutants.Mutants

open Tikv.Simulator.Run
open Tikv.Simulator.World
open Tikv.Simulator.Invariants
open Tikv.Simulator.Scenarios

let all: Mutant list =
    OfWrites.mutants
    @ OfCalls.mutants
    @ OfAnswers.mutants
    @ OfObjects.mutants
    @ OfTime.mutants

let tryFind (id: string) : Mutant option = all |> List.tryFind (fun mutant -> mutant.Id = id)

/// Milliseconds within which every scenario that is used here is over without a fault: more is stuck.
let private longest = 5_400_000L

/// Milliseconds for which what comes right is left alone afterwards.
let rest = 1_200_000L

/// All operators die, and start again with the fault.
let infected (mutant: Mutant) (run: Simulation) : Simulation =
    let program number life = mutant.Faulty(run.Scenario.Program number life)

    ({ run with Scenario = { run.Scenario with Program = program } }, run.Operators.Keys)
    ||> Seq.fold (fun run number ->
        run
        |> Interpreter.die number "goes on with a fault"
        |> Simulation.enter run.World.Now (Coming.Starts number))

let private start (scenario: string) : Simulation =
    match Catalogue.tryStart scenario 1UL with
    | Some run -> run
    | None -> invalidArg (nameof scenario) $"there is no scenario %s{scenario}"

/// A scenario at its beginning, with the fault.
let begin' (transcript: bool) (mutant: Mutant) (scenario: string) : Simulation =
    let start = start scenario
    infected mutant { start with Scenario = { start.Scenario with Transcript = transcript } }

/// Runs a scenario with the fault, as `tikv-sim run` does without it.
let run (transcript: bool) (mutant: Mutant) (scenario: string) : Result =
    let result = begin' transcript mutant scenario |> Run.continue'

    if Catalogue.rests scenario then Run.thenRest rest result else result

let private property (result: Result) =
    match result.Verdict with
    | Verdict.Broke(first :: _) -> first.Property.Id
    | Verdict.Broke []
    | Verdict.Stuck _
    | Verdict.Reached -> "stuck"

/// The first of these scenarios that fails with the fault.
let fateIn (scenarios: string list) (mutant: Mutant) : Fate =
    scenarios
    |> List.tryPick (fun scenario ->
        let result = run false mutant scenario

        if Run.isGood result then None else Some(Fate.Killed(scenario, property result, Run.words result)))
    |> Option.defaultValue Fate.Survived

let fate (mutant: Mutant) : Fate = fateIn mutant.Scenarios mutant
