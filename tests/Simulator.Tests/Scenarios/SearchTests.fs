module Tikv.Simulator.Tests.Scenarios.SearchTests

open System
open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files

let private item step : Item = Item.ofSteps [ step ]
let private pausing = at (minutes 9) (pause true)

/// A cluster that is paused at the end of the healing never settles.
let private failing: Plan = {
    Name = "seed-0"
    Seed = 0UL
    Begins = "ordinary"
    Given = Givens.ordinary
    Items = [
        item (at (seconds 5) crash)
        item pausing
        item (at (seconds 20) (restart "TiKVGroup/basic-tikv" "once"))
    ]
    Heals = Plans.heal
    Within = hours 1
}

let private first = Search.trial Search.ordinary failing

let private kind, private words =
    match first.Outcome with
    | Outcome.Bad(kind, words) -> kind, words
    | Outcome.Good -> "it came right", ""

[<Test>]
let ``a failing plan is shrunk to the items that it needs, and to the healing that undoes them`` () =
    let shrunk = Shrink.ofTrial Search.ordinary kind first failing
    Assert.That(shrunk.Items |> List.collect _.Steps |> List.map _.What, Is.EqualTo(box [ pausing.What ]))
    Assert.That(shrunk.Heals |> List.map _.What, Is.EqualTo(box [ pause false ]))
    Assert.That(shrunk.Given.Regions, Is.LessThan failing.Given.Regions)

[<Test>]
let ``a failing plan that is kept as a file fails in the same way when the file is run`` () =
    match StoryFile.parse (StoryFile.print (Search.kept failing words)) with
    | Ok [ story ] ->
        let replayed = Play.run story
        Assert.That(words, Does.StartWith(Run.words replayed))
        Assert.That(replayed.Fingerprint, Is.EqualTo (Play.run (Search.kept failing words)).Fingerprint)
    | _ -> Assert.Fail "it cannot be read"

/// A shrunk plan is kept without the healing that it does not need.
[<Test>]
let ``what a plan does not heal is not there in the run that it must end like`` () =
    let unhealed = { failing with Items = [ item (at (seconds 5) crash) ]; Heals = [] }
    Assert.That(Search.run unhealed, Is.EqualTo Outcome.Good)

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

[<Test>]
let ``parts of a campaign are named as 2/8, and make up all of it`` () =
    let part text = Shard.tryParse text |> Result.defaultWith failwith
    Assert.That(Shard.cases (part "2/3") [ 1..8 ], Is.EqualTo(box [ 2; 5; 8 ]))
    Assert.That(part "1+1/3", Is.EqualTo(part "2/3"))

    let all =
        [ "1/3"; "2/3"; "3/3" ]
        |> List.collect (fun text -> Shard.cases (part text) [ 1..8 ])

    Assert.That(List.sort all, Is.EqualTo(box [ 1..8 ]))

    for wrong in [ "0/3"; "4/3"; "3"; "a/b"; "1/0"; "-1/2"; "1/2/3"; "3+1/3"; "+1/3"; "1/1+1"; "" ] do
        match Shard.tryParse wrong with
        | Ok shard -> Assert.Fail $"%A{shard}"
        | Error problem -> Assert.That(problem, Does.StartWith $"--shard is `%s{wrong}`; allowed: ")

/// A few of each sort; `dotnet fsi build.fsx search` goes on from there.
let private seeds = [ 1UL .. 40UL ]

[<Test>]
let ``generated changes and mishaps come right, whatever cluster they befall`` () =
    match Search.many (fun _ _ -> ()) seeds with
    | [] -> ()
    | (plan, kind, words) :: _ as failed ->
        let lines =
            $"%d{failed.Length} of %d{seeds.Length} runs fail; the first is that of seed %d{plan.Seed}: %s{words}"
            :: Search.lines
                (Shrink.ofTrial Search.ordinary kind (Search.trial Search.ordinary plan) plan)
                words

        Assert.Fail(String.Join("\n", lines))
