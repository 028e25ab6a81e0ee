/// What a scenario expects, as invariants that last as long as its run, and what of it is still missing.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Checks

open Tikv.Simulator.World
open Tikv.Simulator.Invariants

let private mark = '#'

/// The id by which the judge counts the nth expectation of a scenario, such as `T01#3`.
let private idOf (scenario: Scenario) index = scenario.Name + string mark + string (index + 1)

/// Whether a counted property is an expectation of one scenario, and not an invariant of all.
let isOwn (id: string) = id.Contains mark

let private property scenario index means = {
    Id = idOf scenario index
    Means = means
    Source = scenario.Name
}

let private minutes (milliseconds: int64) =
    System.TimeSpan.FromMilliseconds(float milliseconds).ToString @"hh\:mm\:ss"

let private always (scenario: Scenario) index fact =
    let name, missing = Facts.says fact, Facts.missing scenario.World fact

    Invariant.make (property scenario index ("always: " + name)) () (fun () { World = world } _ ->
        match missing world with
        | None -> struct ((), Finding.Held)
        | Some missing -> struct ((), Finding.Broken(name + ": " + missing)))

let private eventually (scenario: Scenario) index within fact =
    let deadline = scenario.World.Now + within
    let name, missing = Facts.says fact, Facts.missing scenario.World fact

    Invariant.make
        (property scenario index $"within %s{minutes within}: %s{name}")
        false
        (fun reached { World = world } _ ->
            if reached then
                struct (true, Finding.Nothing)
            else
                match missing world with
                | None -> struct (true, Finding.Held)
                | Some missing when world.Now > deadline ->
                    struct (true, Finding.Broken $"not within %s{minutes within}: %s{name}: %s{missing}")
                | Some _ -> struct (false, Finding.Nothing))

let private saysTimes counted during =
    match during with
    | None -> Counting.says counted
    | Some fact -> $"%s{Counting.says counted} while %s{Facts.says fact}"

let private times (scenario: Scenario) index counted most during =
    let says = saysTimes counted during
    let isSo = during |> Option.map (Facts.missing scenario.World)

    let concerns sight =
        match Counting.tryBefore counted sight, isSo with
        | ValueNone, _ -> false
        | ValueSome _, None -> true
        | ValueSome before, Some missing -> (missing before).IsNone

    Invariant.make (property scenario index $"at most %d{most}: %s{says}") 0 (fun count _ sight ->
        if not (concerns sight) then struct (count, Finding.Nothing)
        elif count < most then struct (count + 1, Finding.Held)
        else struct (count + 1, Finding.Broken $"more than %d{most}: %s{says}"))

/// The expectations that are judged as the run goes on.
let invariants (scenario: Scenario) : Invariant list =
    scenario.Expect
    |> List.indexed
    |> List.choose (fun (index, check) ->
        match check with
        | Check.Finally _ -> None
        | Check.Eventually(within, fact) -> Some(eventually scenario index within fact)
        | Check.Always fact -> Some(always scenario index fact)
        | Check.Never _
        | Check.Exactly _
        | Check.AtMost _
        | Check.AtLeast _ ->
            check.Counts
            |> Option.map (fun (counted, _, most, during) -> times scenario index counted most during))

/// What is expected and not reached, given how often each expectation was met so far.
let missing (scenario: Scenario) (tested: Map<string, int>) (world: World) : string list =
    let met index = Map.tryFind (idOf scenario index) tested |> Option.defaultValue 0

    scenario.Expect
    |> List.indexed
    |> List.choose (fun (index, check) ->
        match check, check.Counts with
        | Check.Finally fact, _ ->
            Facts.missing scenario.World fact world
            |> Option.map (fun what -> Facts.says fact + ": " + what)
        | Check.Eventually(_, fact), _ when met index = 0 ->
            let now = Facts.missing scenario.World fact world |> Option.defaultValue "just now"
            Some $"%s{Facts.says fact} has not been seen: %s{now}"
        | _, Some(counted, least, _, during) when met index < least ->
            Some $"%d{met index} of at least %d{least}: %s{saysTimes counted during}"
        | _ -> None)
