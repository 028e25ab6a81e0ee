module Tikv.Simulator.Tests.Scenarios.ExploreTests

open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// What is explored; of some each so many-th variation, since `tikv-sim explore` tries them all.
let private explored = [
    TestCaseData("E-create", 1)
    TestCaseData("E-out", 1)
    TestCaseData("E-in", 1)
    TestCaseData("E-roll", 1)
    TestCaseData("E-over", 1)
    TestCaseData("E-dark", 8)
    TestCaseData("E-zone", 24)
]

/// A crash before and after every call, every reply lost or late, every cache behind at every change, events missed, lists of
/// the past, cut watches: each ends as the run without faults, with as many objects made and deleted. So it ends with a
/// second operator from any point on.
[<TestCaseSource(nameof explored)>]
let ``a change with any one misfortune ends as one without`` (id: string, every: int) =
    match Catalogue.tryStart id 1UL with
    | None -> Assert.Fail $"there is no %s{id}"
    | Some start ->
        let twin = Twin.ofRun start
        Assert.That(Run.words twin.Result, Does.StartWith "reached after")

        let variations =
            Variations.all twin
            |> List.indexed
            |> List.filter (fun (index, _) -> index % every = 0)
            |> List.map snd

        let problems =
            Explore.all ignore twin variations
            |> List.choose (fun one ->
                one.Problem |> Option.map (fun problem -> one.Variation.Name + ": " + problem))

        Assert.That(variations.Length, Is.GreaterThan 100, "too few variations")
        Assert.That(problems, Is.Empty)

/// Every two of the misfortunes that leave the operator in the dark: after some of the first ones; `tikv-sim explore E-in
/// --faults 2` tries them all.
[<Test>]
let ``a store less with any two misfortunes ends as without`` () =
    let start = Catalogue.tryStart "E-in" 1UL |> Option.get
    let twin = Twin.ofRun start

    let firsts =
        Variations.dark twin
        |> List.indexed
        |> List.filter (fun (index, _) -> index % 37 = 0)
        |> List.map snd

    let searched = Graph.search (fun _ _ _ -> ()) { Faults = 2; Merges = false; Threads = 0 } twin firsts
    Assert.That(searched.Levels |> List.sumBy _.Runs, Is.GreaterThan 500, "too few runs")

    Assert.That(
        searched.Found
        |> List.map (fun one -> one.Variation.Name + ": " + Option.defaultValue "" one.Problem),
        Is.Empty
    )

/// A second misfortune is kept with the first: both strike when the file is played.
[<Test>]
let ``what two misfortunes bring about is kept as a file with both`` () =
    let chosen = Choice.find "E-in" |> List.pick Result.toOption
    let start = Choice.start None chosen |> Option.get
    let first = Twin.ofRun start |> Variations.dark |> List.head
    let number, before = (Twin.ofRun first.From).BeforeWrite |> Map.toList |> List.last
    let second = Variations.then' first number before |> List.last

    match Choice.varied chosen start.World.Now second "found" with
    | None -> Assert.Fail "it is not kept"
    | Some story ->
        let faults = story.Steps |> List.filter (fun step -> step.When.IsAtWrite)
        Assert.That(List.length faults, Is.EqualTo 2)
        // it would not be reached while one of them has not struck
        let played = Run.run (Catalogue.start story).Scenario
        Assert.That(Run.words played, Does.StartWith "reached after")

[<Test>]
let ``a settled cluster of four stores is left alone for a day`` () =
    let settled = Settled.from Given.ordinary
    let calm = Run.from settled { settled.Scenario with Steps = []; Faults = [] }
    Assert.That(Run.words (Run.rest 86_400_000L calm), Does.StartWith "reached after")

[<Test>]
let ``a generated run is the same each time`` () =
    let once, again = Search.transcript (Plans.make 7UL), Search.transcript (Plans.make 7UL)
    Assert.That((again = once), Is.True)
