/// Searches that go on from each state but once.
module Tikv.Simulator.Tests.Scenarios.GraphTests

open NUnit.Framework
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Simulator.Mutants
open Tikv.Simulator.Run

let private every each from (twin: Twin) =
    Variations.dark twin
    |> List.indexed
    |> List.filter (fun (index, _) -> index % each = from)
    |> List.map snd

let private nobody (_: int) (_: int) (_: int) = ()

let private search faults merges threads twin firsts =
    Graph.search nobody { Faults = faults; Merges = merges; Threads = threads } twin firsts

let private runs (searched: Searched) = searched.Levels |> List.sumBy _.Runs

/// What is wrong, without its times and numbers.
let private problems (searched: Searched) =
    searched.Found
    |> List.choose _.Problem
    |> List.map (fun problem -> problem.Split(' ', ':')[0])
    |> Set.ofList

let private good = lazy (Catalogue.tryStart "E-in" 1UL |> Option.get |> Twin.ofRun)

[<Test>]
let ``a state that is met again is gone on from once`` () =
    let firsts = every 200 20 good.Value
    let all, merged = search 2 false 0 good.Value firsts, search 2 true 0 good.Value firsts
    Assert.That(problems all, Is.Empty)
    Assert.That(problems merged, Is.Empty)
    TestContext.Out.WriteLine $"%d{runs all} runs, and %d{runs merged}"
    Assert.That(3 * runs merged, Is.LessThan(2 * runs all))

[<Test>]
let ``three misfortunes one after another are survived`` () =
    let searched = search 3 true 0 good.Value (every 290 230 good.Value)
    Assert.That(searched.Levels.Length, Is.EqualTo 3)
    Assert.That(problems searched, Is.Empty)

[<Test>]
let ``as many threads as there are find the same`` () =
    let firsts = every 146 75 good.Value

    let told threads =
        let searched = search 2 true threads good.Value firsts
        searched.Levels, searched.Found |> List.map _.Variation.Name

    Assert.That((told 1 = told 4), Is.True)

let private found (mutant: string) merges firsts =
    let twin = Mutants.begin' false (Mutants.tryFind mutant).Value "E-in" |> Twin.ofRun
    Assert.That(Run.isGood twin.Result, Is.True, "it is found without a misfortune")
    search 1 merges 0 twin (firsts twin)

/// Faults of an operator that one misfortune brings to light.
[<TestCase("unknown-is-success", 7, 2)>]
[<TestCase("finalizer-at-once", 16, 13)>]
let ``a faulty operator is found with states merged as without`` (mutant: string, each: int, from: int) =
    let all = found mutant false (every each from)
    let merged = found mutant true (every each from)
    Assert.That(problems all, Is.Not.Empty)
    Assert.That(problems merged, Is.EquivalentTo(problems all))

/// An operator that has begun while a store was going, and does not hear that a write was not answered: it waits for
/// ever. A crash alone does not show it, nor does a lost reply.
let rec private deaf (isLate: bool) (program: Program) : Program = {
    new Program() with
        member _.Step input =
            let isLate =
                match input.Happening with
                | Listed(_, Done page) ->
                    isLate
                    || page.Items
                       |> List.exists (fun item ->
                           Tikv.Core.Json.boolAt [ "spec"; "offline" ] item = Some true)
                | _ -> isLate

            match input.Happening with
            | Wrote(_, Unknown _) when isLate -> struct (deaf isLate program, [])
            | _ ->
                let struct (next, effects) = program.Step input
                struct (deaf isLate next, effects)

        member _.Believes = program.Believes
        member _.Remembers = box isLate
}

let private deafOperator: Mutant = {
    Id = "deaf-when-late"
    Does = "does not hear of unknown outcomes where it began while a store was going"
    Sources = []
    Scenarios = []
    Faulty = deaf false
}

[<Test>]
let ``what only two misfortunes bring to light is found with states merged as without`` () =
    let start = Catalogue.tryStart "E-in" 1UL |> Option.get
    let twin = Mutants.infected deafOperator start |> Twin.ofRun
    Assert.That(Run.isGood twin.Result, Is.True, "it is found without a misfortune")
    let firsts = every 144 100 twin
    Assert.That(problems (search 1 false 0 twin firsts), Is.Empty)
    let all, merged = search 2 false 0 twin firsts, search 2 true 0 twin firsts
    TestContext.Out.WriteLine $"%d{runs all} runs, and %d{runs merged}"
    Assert.That(problems all, Is.Not.Empty)
    Assert.That(problems merged, Is.EquivalentTo(problems all))
