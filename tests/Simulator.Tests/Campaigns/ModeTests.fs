module Tikv.Simulator.Tests.Campaigns.ModeTests

open NUnit.Framework
open Tikv.Simulator.Campaigns
open Tikv.Simulator.Files
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private fails plans =
    plans
    |> Array.ofList
    |> Array.Parallel.choose (fun (plan: Plan) ->
        match Search.run plan with
        | Outcome.Good -> None
        | Outcome.Bad(_, words) -> Some $"%s{plan.Name}: %s{words}")

[<Test>]
let ``swarms come right`` () = Assert.That(fails (List.map Swarm.make [ 1UL .. 16UL ]), Is.Empty)

[<Test>]
let ``mishaps that are aimed come right`` () =
    Assert.That(fails (List.map Targeted.make [ 8UL .. 19UL ]), Is.Empty)

[<Test>]
let ``a swarm leaves some sorts of mishap out of each run, and no sort out of all`` () =
    let kinds seed = Mishaps.kinds |> List.filter (Swarm.isIn seed "mishap") |> Set.ofList

    for seed in 1UL .. 20UL do
        Assert.That((kinds seed).Count, Is.InRange(5, Mishaps.kinds.Length - 5))

    Assert.That(Set.unionMany (List.map kinds [ 1UL .. 20UL ]), Is.EqualTo(box (Set.ofList Mishaps.kinds)))

[<Test>]
let ``what one subject draws does not shift what another draws`` () =
    let drawn subject = List.init 5 (let dice = Dice(7UL, subject) in fun _ -> dice.Next 1000)
    let first = drawn "mishap 1"
    Assert.That(drawn "mishap 2", Is.Not.EqualTo(box first))
    Assert.That(drawn "mishap 1", Is.EqualTo(box first))

[<Test>]
let ``aimed mishaps strike at what the operator does`` () =
    let triggers = [
        for seed in 8UL .. 39UL do
            yield! (Targeted.make seed).Items |> List.collect _.Steps |> List.map _.When
    ]

    let aimed = triggers |> List.filter (fun one -> one.IsAtMoment || one.IsAtWrite)
    Assert.That(aimed.Length, Is.GreaterThan 8)

[<Test>]
let ``a plan of a slower site is one that a file can hold`` () =
    let plan =
        [ 1UL .. 50UL ]
        |> List.map Swarm.make
        |> List.find (fun plan -> plan.Given.Pace.Length > 2)

    let story = Search.kept plan "why"

    match StoryFile.parse (StoryFile.print story) with
    | Ok [ read ] -> Assert.That(read, Is.EqualTo story)
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a slower site takes longer, and ends alike`` () =
    let story pace = {
        scenario "pace" "A restart" [] { Givens.small with Pace = pace } [
            at (seconds 5) (restart "TiKVGroup/basic-tikv" "once")
        ] [ finally' settled ] with
            Rest = 0L
    }

    let usual, slow =
        Play.run (story []),
        Play.run (story [ { Of = Tempo.Containers; Takes = 600 }; { Of = Tempo.StoreStarts; Takes = 500 } ])

    Assert.That(Run.isGood slow, Run.words slow)
    Assert.That(slow.ReachedAt, Is.GreaterThan(usual.ReachedAt + seconds 15))

let private failing within : Plan = {
    Name = "late"
    Seed = 0UL
    Begins = "small"
    Given = Givens.small
    Items = [ Item.ofSteps [ at (minutes 9) (pause true) ]; Item.ofSteps [ at (minutes 20) (pause false) ] ]
    Heals = Plans.heal
    Within = within
}

let private kindOf plan =
    match Search.run plan with
    | Outcome.Good -> "good", ""
    | Outcome.Bad(kind, words) -> kind, words

[<Test>]
let ``what comes right later than it should is slow, and what does not is stuck`` () =
    Assert.That(fst (kindOf (failing (minutes 30))), Is.EqualTo "good")
    let kind, words = kindOf (failing (minutes 15))
    Assert.That(kind, Is.EqualTo "slow", words)
    Assert.That(words, Does.Contain "after its beginning, and not within 00:15:00.000")

    let never = { failing (minutes 15) with Items = (failing (minutes 15)).Items |> List.truncate 1 }
    let kind, words = kindOf never
    Assert.That(kind, Is.EqualTo "stuck", words)
    Assert.That(words, Does.EndWith "and still in 10 times as long")

[<Test>]
let ``thirty mishaps and a faulty operator are shrunk to the one change that it takes`` () =
    let setting, plan = WholeBenchmark.thirty.Value
    let first = Search.trial setting plan

    match first.Outcome with
    | Outcome.Good -> Assert.Fail "it comes right"
    | Outcome.Bad(kind, _) ->
        let small = Shrink.ofTrial setting kind first plan
        Assert.That(small.Items.Length, Is.LessThanOrEqualTo 2)
        Assert.That(small.Heals, Is.Empty)

        match (Search.trial setting small).Outcome with
        | Outcome.Bad(found, _) -> Assert.That(found, Is.EqualTo kind)
        | Outcome.Good -> Assert.Fail "what is left comes right"
