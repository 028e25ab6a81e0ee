/// Relations between runs in which the same is asked for: verification C6.
module Tikv.Simulator.Tests.Scenarios.RelationTests

open NUnit.Framework
open Tikv.Simulator.Scenarios

/// Seeds of the generated runs that each relation is tried on.
let private seeds = [ 1UL .. 4UL ]

/// Each so many-th of the named stories is tried with each relation.
let private every = 16

let private day = hours 24

let private problems (tryProblem: 'Case -> string option) cases =
    cases |> Array.ofList |> Array.Parallel.choose tryProblem

let private named prefix =
    Relations.all
    |> List.map (fun relation ->
        TestCaseData(relation).SetName($"%s{relation.Source} %s{prefix}: %s{relation.Name}"))

let private generatedRuns = named "generated runs"
let private namedStories = named "named stories"

[<TestCaseSource(nameof generatedRuns)>]
let ``what is asked for in a generated run ends alike whatever befalls the operator``
    (relation: Relations.Relation)
    =
    let found =
        seeds
        |> List.map Relations.generated
        |> problems (Relations.tryProblem (minutes 20) relation)

    Assert.That(found, Is.Empty)

[<Test>]
let ``every relation makes another run of the same story`` () =
    let deeds = Relations.generated 1UL

    let fingerprint faults =
        match Relations.run 0L deeds faults with
        | Ok ending -> string ending.Fingerprint
        | Error words -> words

    let calm = fingerprint []

    let without =
        Relations.all
        |> problems (fun relation -> if fingerprint relation.Faults = calm then Some relation.Name else None)

    Assert.That(without, Is.Empty)

[<TestCaseSource(nameof namedStories)>]
let ``a named story ends alike whatever befalls the operator`` (relation: Relations.Relation) =
    let stories =
        Relations.told ()
        |> List.indexed
        |> List.filter (fun (index, _) -> index % every = 0)
        |> List.map snd

    Assert.That(stories.Length, Is.GreaterThan 3)
    Assert.That(stories |> problems (Relations.tryProblem day relation), Is.Empty)

[<Test>]
let ``the same wishes end alike at once, one by one, and the other way round`` () =
    Assert.That(seeds |> problems Relations.tryPathProblem, Is.Empty)

let private reverts =
    Reverts.all
    |> List.map (fun revert -> TestCaseData(revert).SetName("I60 " + revert.Name))

[<TestCaseSource(nameof reverts)>]
let ``a change that is taken back ends as if it had not been asked for`` (revert: Reverts.Revert) =
    Assert.That(Reverts.after |> problems (Reverts.tryProblem day revert), Is.Empty)

[<TestCase("--plans", "-1", "tikv-sim: --plans is -1; allowed: 0 or more")>]
[<TestCase("--named",
           "nonsense",
           "tikv-sim: with --named `nonsense` and --plans 4 there is nothing to compare; there are: ")>]
[<TestCase("--plans", "0", "tikv-sim: with --named `` and --plans 0 there is nothing to compare; there are: ")>]
let ``comparisons of nothing are refused, with exit code 2`` (name: string, value: string, words: string) =
    let code, told = Tikv.Simulator.Tests.Reports.Given.command [ "relate"; name; value ]
    Assert.That(code, Is.EqualTo 2)
    Assert.That(told, Does.StartWith words)
