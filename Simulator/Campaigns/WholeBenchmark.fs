/// `tikv-sim bench --whole`: how long explorations and shrinking take, with all processors, the start of the program and of
/// the clusters included.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.WholeBenchmark

open System
open System.Diagnostics
open System.Globalization
open Tikv.Simulator.Mutants
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private seconds (watch: Stopwatch) =
    watch.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture)

/// A store less, with each misfortune, or with every two.
let private explore (faults: int) : bool =
    let watch = Stopwatch.StartNew()

    match Catalogue.tryStart "E-in" 1UL with
    | None -> false
    | Some start ->
        let twin = Twin.ofRun start

        let runs, failed =
            if faults = 1 then
                let explored = Explore.all ignore twin (Variations.all twin)
                explored.Length, explored |> List.filter _.Problem.IsSome
            else
                Explore.pairs ignore twin (Variations.dark twin)

        let words = if faults = 1 then "each misfortune" else "every two misfortunes"
        printfn $"E-in with %s{words}: %d{runs} runs in %s{seconds watch} s; %d{failed.Length} failed."
        failed.IsEmpty

/// An operator that restarts two stores at a time, asked for a restart in the midst of thirty mishaps.
let thirty: Lazy<Setting * Plan> =
    lazy
        let mutant = Mutants.tryFind "restart-two" |> Option.get
        let dice = Dice(3UL, "thirty")

        let mishaps =
            List.init 30 (fun _ ->
                snd (Mishaps.drawOf Givens.ordinary (fun kind -> not (Mishaps.isLoss kind)) dice))

        { Search.ordinary with Begin = Mutants.infected mutant },
        {
            Name = "thirty"
            Seed = 0UL
            Begins = "ordinary"
            Given = Givens.ordinary
            Items = Item.ask dice "tikv restart" (restart "TiKVGroup/basic-tikv" "once") :: mishaps
            Heals = Plans.heal
            Within = hours 1
        }

let private shrink () : bool =
    let setting, plan = thirty.Value
    let watch = Stopwatch.StartNew()
    let first = Search.trial setting plan

    match first.Outcome with
    | Outcome.Good -> false
    | Outcome.Bad(kind, _) ->
        let small = Shrink.ofTrial setting kind first plan
        let steps plan = (Search.storyOf plan).Steps.Length

        printfn
            $"A failure of thirty mishaps, found and shrunk from %d{steps plan} steps to %d{steps small}: %s{seconds watch} s."

        true

/// 1 when something fails that should not.
let run () : int =
    let all = [ explore 1; shrink (); explore 2 ]
    if List.forall id all then 0 else 1
