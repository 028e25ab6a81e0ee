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

let private always scenario index (expectation: Expectation) =
    Invariant.make (property scenario index ("always: " + expectation.Name)) () (fun () { World = world } _ ->
        match expectation.Missing world with
        | None -> struct ((), Finding.Held)
        | Some missing -> struct ((), Finding.Broken(expectation.Name + ": " + missing)))

let private eventually (scenario: Scenario) index within (expectation: Expectation) =
    let deadline = scenario.World.Now + within

    Invariant.make
        (property scenario index $"within %s{minutes within}: %s{expectation.Name}")
        false
        (fun reached { World = world } _ ->
            if reached then
                struct (true, Finding.Nothing)
            else
                match expectation.Missing world with
                | None -> struct (true, Finding.Held)
                | Some missing when world.Now > deadline ->
                    struct (true,
                            Finding.Broken
                                $"not within %s{minutes within}: %s{expectation.Name}: %s{missing}")
                | Some _ -> struct (false, Finding.Nothing))

let private times scenario index says most concerns =
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
        | Check.Eventually(within, expectation) -> Some(eventually scenario index within expectation)
        | Check.Always expectation -> Some(always scenario index expectation)
        | Check.Times(says, _, most, concerns) -> Some(times scenario index says most concerns))

/// What is expected and not reached, given how often each expectation was met so far.
let missing (scenario: Scenario) (tested: Map<string, int>) (world: World) : string list =
    let met index = Map.tryFind (idOf scenario index) tested |> Option.defaultValue 0

    scenario.Expect
    |> List.indexed
    |> List.choose (fun (index, check) ->
        match check with
        | Check.Finally expectation ->
            expectation.Missing world
            |> Option.map (fun what -> expectation.Name + ": " + what)
        | Check.Eventually(_, expectation) when met index = 0 ->
            let now = expectation.Missing world |> Option.defaultValue "just now"
            Some $"%s{expectation.Name} has not been seen: %s{now}"
        | Check.Times(says, least, _, _) when met index < least ->
            Some $"%d{met index} of at least %d{least}: %s{says}"
        | Check.Eventually _
        | Check.Always _
        | Check.Times _ -> None)
