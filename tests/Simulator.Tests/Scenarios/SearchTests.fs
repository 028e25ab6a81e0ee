module Tikv.Simulator.Tests.Scenarios.SearchTests

open System
open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files

let private item step : Item = { Steps = [ step ]; Asks = [] }
let private pausing = at (minutes 9) (pause true)

/// A cluster that is paused at the end of the healing never settles.
let private failing: Plan = {
    Seed = 0UL
    Begins = "ordinary"
    Given = Givens.ordinary
    Items = [
        item (at (seconds 5) crash)
        item pausing
        item (at (seconds 20) (restart "TiKVGroup/basic-tikv" "once"))
    ]
}

let private kind, private words =
    match Search.run failing with
    | Outcome.Bad(kind, words) -> kind, words
    | Outcome.Good -> "it came right", ""

[<Test>]
let ``a failing plan is shrunk to the items that it needs`` () =
    let shrunk = Search.shrink kind failing
    Assert.That(shrunk.Items |> List.collect _.Steps, Is.EqualTo(box [ pausing ]))

[<Test>]
let ``a failing plan that is kept as a file fails in the same way when the file is run`` () =
    match StoryFile.parse (StoryFile.print (Search.kept failing words)) with
    | Ok [ story ] ->
        let replayed = Play.run story
        Assert.That(Run.words replayed, Is.EqualTo words)
        Assert.That(replayed.Fingerprint, Is.EqualTo (Play.run (Search.kept failing words)).Fingerprint)
    | _ -> Assert.Fail "it cannot be read"

[<Test>]
let ``a run that is to end like another one, and does not, fails`` () =
    let story = {
        scenario "like" "It ends otherwise" [] { Givens.ordinary with Regions = 20 } [] [ finally' settled ] with
            Rest = 0L
    }

    let like replicas = {
        story with
            EndsLike = Some [ at (seconds 5) (scale "TiKVGroup/basic-tikv" replicas) ]
    }

    Assert.That(Run.words (Play.run (like 4)), Does.StartWith "reached after")
    Assert.That(Run.words (Play.run (like 5)), Does.Contain "it ends otherwise: ")

/// As many as two cores run in half a minute; `tikv-sim search` goes on from there.
let private first, runs = 1UL, 120

[<Test>]
let ``generated changes and mishaps come right, whatever cluster they befall`` () =
    match Search.many (fun _ _ -> ()) runs first with
    | [] -> ()
    | (plan, kind, words) :: _ as failed ->
        let lines =
            $"%d{failed.Length} of %d{runs} runs fail; the first is that of seed %d{plan.Seed}: %s{words}"
            :: Search.lines (Search.shrink kind plan) words

        Assert.Fail(String.Join("\n", lines))
