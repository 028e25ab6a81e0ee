/// Makes the runs of a campaign, on all processors, and remembers each.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Campaign

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Diagnostics
open System.Threading.Tasks
open Tikv.Simulator.Scenarios
open Tikv.Simulator.World

/// How runs are made, and for how long.
type Conduct = {
    Charter: Charter
    Setting: Setting
    /// Each so many-th run is made twice, and must be the same; 0: none.
    CheckEach: int
    /// The time that it may take.
    Until: TimeSpan option
}

let private make (conduct: Conduct) (plan: Plan) : Trial = Search.trial conduct.Setting plan

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
                    Outcome.Bad("indeterminate", $"made twice it is two runs; they first differ in %s{where}")
        }

/// Whether the run of that seed is checked: which ones are does not depend on how many there are.
let private isChecked (conduct: Conduct) (seed: uint64) =
    conduct.CheckEach > 0 && Chance.mix seed % uint64 conduct.CheckEach = 0UL

let private trialOf (conduct: Conduct) (seed: uint64) (plan: Plan) : Trial =
    let trial = guarded (make conduct)

    if isChecked conduct seed then
        checkedTwice (Search.transcriptOf conduct.Setting) trial plan
    else
        trial plan

/// What is known so far, shared by the threads.
type private Shared(keeper: Keeper, teller: Progress.Teller, there: Tally) =
    let mutable tally = there
    member _.Tally = tally

    member shared.Add (name: string) (trial: Trial) =
        lock shared (fun () ->
            let entry = Tally.entry tally name trial
            tally <- Tally.add entry tally
            keeper.Add entry

            match entry.Failed with
            | Some(_, words) -> teller.Says $"FAILED  %s{name}: %s{words}"
            | None -> ()

            teller.Stands tally.Runs tally.Failed.Length
            entry)

let private clusters () =
    Givens.all
    |> List.map (fun (_, (_, given)) -> given)
    |> Array.ofList
    |> Array.Parallel.iter (fun given -> Settled.from given |> ignore)

/// Each seed by itself, in whatever order they end.
let private independent conduct (shared: Shared) (isDone: string -> bool) isOver : unit =
    let seeds =
        Charter.seeds conduct.Charter
        |> Seq.filter (fun seed -> not (isDone (Charter.nameOf conduct.Charter seed)))
        |> Seq.takeWhile (fun _ -> not (isOver ()))

    let run (seed: uint64) =
        let name = Charter.nameOf conduct.Charter seed

        let plan =
            match Charter.tryPlan name with
            | Some plan -> plan
            | None -> invalidOp $"there is no plan %s{name}"

        shared.Add name (trialOf conduct seed plan) |> ignore

    Parallel.ForEach(
        Partitioner.Create(seeds, EnumerablePartitionerOptions.NoBuffering),
        ParallelOptions(MaxDegreeOfParallelism = Environment.ProcessorCount),
        run
    )
    |> ignore

/// So many are made from what was known before them, so that it does not matter which ends first.
let private generation = 32

/// How many of the parents of late are asked for: what is new is gone into first.
let private recent = 48

let private isCell (mark: string) = mark.StartsWith("cell ", StringComparison.Ordinal)

/// The names of those that led somewhere new, latest first.
let private parents (entries: Entry seq) =
    ([], entries)
    ||> Seq.fold (fun names entry ->
        if entry.New |> List.exists isCell && entry.Failed.IsNone then entry.Run :: names else names)

/// A new plan, or one that goes on from another.
let private descend (parents: string list) (seed: uint64) : string =
    let dice = Dice(seed, "descent")

    match parents with
    | [] -> $"guided-%d{seed}"
    | _ when dice.Next 4 = 0 -> $"guided-%d{seed}"
    | parents ->
        let parent = dice.Of(List.truncate recent parents)

        // a long line is no better than a short one, and takes longer to make again
        if parent.Length > 120 then $"guided-%d{seed}" else $"%s{parent}.%d{seed}"

/// Generation by generation: what one has led to, the next goes on from.
let private guided conduct (shared: Shared) (there: Entry list) isOver : unit =
    let entries = List<Entry>(there)

    let generations =
        Charter.seeds conduct.Charter
        |> Seq.chunkBySize generation
        |> Seq.takeWhile (fun _ -> not (isOver ()))

    for index, seeds in Seq.indexed generations do
        let first = index * generation

        if entries.Count < first + seeds.Length then
            // one that was cut off half-way is ended from what was known at its beginning
            let known = parents (Seq.truncate first entries)

            let trials =
                seeds
                |> Array.skip (entries.Count - first)
                |> Array.Parallel.map (fun seed ->
                    let name = descend known seed

                    match Charter.tryPlan name with
                    | Some plan -> name, trialOf conduct seed plan
                    | None -> invalidOp $"there is no plan %s{name}")

            for name, trial in trials do
                entries.Add(shared.Add name trial)

/// Makes the runs that are not made yet, and answers with what all come to.
let run (conduct: Conduct) (keeper: Keeper) (teller: Progress.Teller) (there: Entry list) : Tally =
    let watch = Stopwatch.StartNew()
    let isOver () = conduct.Until |> Option.exists (fun until -> watch.Elapsed >= until)
    clusters ()
    let shared = Shared(keeper, teller, Tally.ofEntries there)

    match conduct.Charter.Mode with
    | Mode.Guided -> guided conduct shared there isOver
    | Mode.Plain
    | Mode.Swarm
    | Mode.Phases ->
        let names = there |> List.map _.Run |> Set.ofList
        independent conduct shared (fun name -> Set.contains name names) isOver

    shared.Tally
