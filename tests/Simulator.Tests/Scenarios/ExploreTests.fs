module Tikv.Simulator.Tests.Scenarios.ExploreTests

open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private explored = [ "E-out"; "E-in"; "E-roll"; "E-over" ]

/// Known not to survive yet, by the beginning of the variation's name, and why. Must become empty.
let private pending = [
    "E-over",
    "a second operator from",
    "two operators without a lease: one of them may call an instance Ready for half a minute longer"
]

/// A crash before and after every write, every reply lost or late, stale caches, lists of the past, cut watches, a second
/// operator: each ends as the run without faults, with as many objects made and deleted.
[<TestCaseSource(nameof explored)>]
let ``a change with any one misfortune ends as one without`` (id: string) =
    match Catalogue.tryStart id 1UL with
    | None -> Assert.Fail $"there is no %s{id}"
    | Some start ->
        let twin = Explore.twin start
        Assert.That(Run.words twin.Result, Does.StartWith "reached after")

        let variations =
            Explore.variations twin
            |> List.filter (fun variation ->
                pending
                |> List.exists (fun (story, name, _) ->
                    story = id && variation.Name.StartsWith(name, System.StringComparison.Ordinal))
                |> not)

        let problems =
            Explore.all ignore twin variations
            |> List.choose (fun one ->
                one.Problem |> Option.map (fun problem -> one.Variation.Name + ": " + problem))

        Assert.That(variations.Length, Is.GreaterThan 100)
        Assert.That(problems, Is.Empty)

[<Test>]
let ``a settled cluster of four stores is left alone for a day`` () =
    let settled = Settled.from Given.ordinary
    let calm = Run.from settled { settled.Scenario with Steps = []; Faults = [] }
    Assert.That(Run.words (Run.rest 86_400_000L calm), Does.StartWith "reached after")

[<Test>]
let ``a generated run is the same each time`` () =
    let once, again = Search.transcript (Plans.make 7UL), Search.transcript (Plans.make 7UL)
    Assert.That((again = once), Is.True)
