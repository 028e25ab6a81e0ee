/// Mishaps that strike where it hurts: the same changes are run without any first, and what the operator does in that run
/// says when (verification E4). A mishap at a random time seldom hits the tenth of a second that matters.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Targeted

open System.Collections.Concurrent
open Tikv.Simulator.Run

/// So many runs have the same changes, so that the run without mishaps is made once for all of them.
let private each = 4UL

let private moments = ConcurrentDictionary<uint64, Lazy<(string * Moment list) list>>()

/// The changes of these runs: the usual site, any cluster.
let private groundOf (round: uint64) =
    let begins, given = Swarm.givenOf round
    let given = { given with Pace = [] }
    begins, given, Swarm.changesOf round given

let private calm (given: Given) (changes: (string * Item) list) : Story =
    let items = Plans.settings given @ List.map snd changes

    {
        scenario "calm" "What people ask for, and no mishap" [] given (items |> List.collect _.Steps) [] with
            Quiet = seconds 90
            Limit = Bounds.within given items
            MustStrike = false
    }

/// By phase: those of which there are few are as likely to be hit as those of which there are many.
let private momentsOf (round: uint64) =
    let make () =
        let _, given, changes = groundOf round
        Moments.ofStory (calm given changes) |> List.groupBy _.Phase

    moments.GetOrAdd(round, fun _ -> lazy make ()).Force()

/// What ends by itself is over within so long of its moment.
let private longest = seconds 180

let private firstOf (item: Item) =
    item.Steps
    |> List.choose (fun step ->
        match step.When with
        | Trigger.AtTime time -> Some time
        | _ -> None)
    |> function
        | [] -> None
        | times -> Some(List.min times)

/// The same mishap, at that moment or soon after it.
let private strikeAt (dice: Dice) (moment: Moment) (item: Item) : Item =
    let soon = if dice.Next 3 = 0 then 0L else int64 (dice.Next 12_000)

    let later (step: Step) first =
        match step.When, moment.Fact with
        | Trigger.AtTime time, _ when time > Item.healedAt -> step
        | Trigger.AtTime time, Some fact -> {
            step with
                When = Trigger.AtMoment(fact, soon + min longest (time - first))
          }
        | Trigger.AtTime time, None -> {
            step with
                When = Trigger.AtTime(moment.Time + soon + min longest (time - first))
          }
        | _ -> step

    match item.Steps, firstOf item with
    | [ { When = Trigger.AtWrite _ } as step ], _ -> {
        item with
            Steps = [ { step with When = Trigger.AtWrite(0, moment.Write + dice.Next 2) } ]
      }
    // at the very write, where nothing has to be ended
    | [ step ], Some _ when dice.Next 2 = 0 -> {
        item with
            Steps = [ { step with When = Trigger.AtWrite(0, moment.Write) } ]
      }
    | steps, Some first -> { item with Steps = steps |> List.map (fun step -> later step first) }
    | _, None -> item

let make (seed: uint64) : Plan =
    let round = seed / each
    let begins, given, changes = groundOf round
    let phases = momentsOf round
    let stores = changes |> List.map fst

    let mishap number =
        let dice = Dice(seed, $"target %d{number}")
        let name, item = Mishaps.drawOf given (fun _ -> true) dice

        match phases with
        | [] -> name, item
        | phases ->
            let _, moments = dice.Of phases
            name, strikeAt dice (dice.Of moments) item

    let mishaps = Plans.several (1 + Dice(seed, "targets").Next 3) mishap (Swarm.mishapGoes stores)

    List.map snd changes @ List.map snd mishaps
    |> Swarm.plan $"phases-%d{seed}" seed (begins, given)
