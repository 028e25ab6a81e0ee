namespace Tikv.Simulator.Campaigns

open System
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.World

/// How runs are made.
type Setup = {
    Setting: Setting
    /// Of PD and TiKV.
    Fidelity: Level
    /// Each so many-th run is made twice, and must be the same; 0: none.
    CheckEach: int
}

/// Makes the run of a name, one at a time, and tells what is to be remembered of it. What is new in it, it tells as against
/// those that it made before.
[<AbstractClass>]
type Maker() =
    abstract Make: name: string -> Entry
    abstract Close: unit -> unit

/// Those who make the runs of a campaign side by side: threads of this process, or processes beside it.
[<RequireQualifiedAccess>]
module Maker =

    /// A fault of the program is a finding like any other.
    let private guarded (trial: Plan -> Trial) (plan: Plan) : Trial =
        try
            trial plan
        with problem -> {
            Outcome = Outcome.Bad("exception", string problem)
            Marks = Set.empty
            Fingerprint = 0UL
            Ended = 0L
            ReachedAt = 0L
            Rested = false
        }

    /// The first line in which two transcripts differ.
    let private difference (one: string list) (other: string list) =
        let length = min one.Length other.Length

        match
            List.zip (List.truncate length one) (List.truncate length other)
            |> List.tryFind (fun (a, b) -> a <> b)
        with
        | Some(a, b) -> $"`%s{a}`, and then `%s{b}`"
        | None when one.Length <> other.Length -> $"it has %d{one.Length} events, and then %d{other.Length}"
        | None -> "no line of the transcript"

    /// The same plan must make the same run, to the last event (verification E6).
    let checkedTwice (transcript: Plan -> string list) (trial: Plan -> Trial) (plan: Plan) : Trial =
        let once, again = trial plan, trial plan

        if once.Fingerprint = again.Fingerprint && once.Outcome = again.Outcome then
            once
        else
            let where = difference (transcript plan) (transcript plan)

            {
                once with
                    Outcome =
                        Outcome.Bad(
                            "indeterminate",
                            $"made twice it is two runs; they first differ in %s{where}"
                        )
            }

    /// Which runs are checked does not depend on how many there are, nor on who makes them.
    let private isChecked (setup: Setup) (name: string) =
        setup.CheckEach > 0
        && Chance.mix (Chance.text Chance.offset name) % uint64 setup.CheckEach = 0UL

    let private trial (setup: Setup) (name: string) : Trial =
        let plan =
            match Charter.tryPlan setup.Fidelity name with
            | Some plan -> plan
            | None -> invalidOp $"there is no plan %s{name}"

        let trial = guarded (Search.trial setup.Setting)

        if isChecked setup name then
            checkedTwice (Search.transcriptOf setup.Setting) trial plan
        else
            trial plan

    /// In this process, by whoever asks.
    let here (setup: Setup) : Maker =
        let mutable known = Tally.empty

        {
            new Maker() with
                member _.Make name =
                    let entry = Tally.entry known name (trial setup name)

                    known <- Tally.add entry known
                    entry

                member _.Close() = ()
        }

    /// What a process does that makes runs for another: names come in, entries go out.
    let serve (setup: Setup) : int =
        let maker = here setup
        Offspring.answer (maker.Make >> Journal.line)

    /// In a process of its own, which is started with these arguments.
    let beside (arguments: string list) : Maker =
        let child = new Offspring(arguments)

        {
            new Maker() with
                member _.Make name =
                    let answer = child.Ask name

                    match Journal.tryLine answer with
                    | Some entry -> entry
                    | None -> invalidOp $"a process of tikv-sim answered `%s{name}` with `%s{answer}`"

                member _.Close() = (child :> IDisposable).Dispose()
        }

    /// A process takes a second or two until it makes its first run.
    let private few = 64

    /// So many processes that are started with these arguments; or threads, where only a few runs are to be made.
    let several (setup: Setup) (arguments: string list) (runs: int option) (count: int) : Maker list =
        let isWorthIt = count > 1 && Option.forall (fun runs -> runs >= few) runs
        List.init count (fun _ -> if isWorthIt then beside arguments else here setup)

    /// As many threads as there are processors.
    let threads (setup: Setup) : Maker list = List.init Environment.ProcessorCount (fun _ -> here setup)
