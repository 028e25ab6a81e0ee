/// Named scenarios with single regions (L2) in place of classes.
module Tikv.Simulator.Tests.Fidelity.StoryTests

open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// Some of those that take a moment only; `tikv-sim run Simulator/Scenarios/stories --fidelity L2` runs all.
let private ids =
    [
        "T41"
        "E-dark"
        "E-out"
        "E-roll"
        "C13b"
        "C45b"
        "T25"
        "T29"
        "T34"
        "T58"
        "T71"
        "T71c"
        "T79"
        "G09"
        "G113"
        "G133"
        "G155"
        "G2265"
        "G362"
        "G5008"
        "G5498"
        "G6252"
        "G9372"
        "C25"
        "K47"
        "S10"
        "T19b"
        "F17"
        "S28"
        "T20"
        "C29"
        "S12"
    ]
    |> List.map (fun (id: string) -> TestCaseData(id).SetName $"%s{id} with single regions")

[<TestCaseSource(nameof ids)>]
[<Parallelizable(ParallelScope.Children)>]
let ``a scenario with single regions runs as it says`` (id: string) =
    let story = All.tryFind id |> Option.get
    let result = Play.run { story with Given = { story.Given with Fidelity = Level.L2 } }
    Assert.That(Run.isGood result, Run.words result)
