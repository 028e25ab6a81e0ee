/// How often the properties are put to the test by the named scenarios.
module Tikv.Simulator.Tests.Invariants.VacuityTests

open NUnit.Framework
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// Properties that no scenario puts to the test yet, and why.
let private untested: Map<string, string> =
    Map [
        "I09", "no rule of the operator deletes a Pod without grace yet"
        "I45",
        "the operator has no reason to write to an object that bears other people's labels in any scenario yet"
        "I51", "the scenario of an invalid configuration does not pass yet"
        "I27", "no scenario has budgets that people made yet"
        "I50", "no scenario has secrets yet"
    ]

[<Test>]
let ``every property is put to the test by some scenario`` () =
    let tested =
        All.stories
        |> List.filter _.Pending.IsNone
        |> Array.ofList
        |> Array.Parallel.map (fun story -> (Play.run story).Tested |> Map.filter (fun _ count -> count > 0))
        |> Seq.collect Map.keys
        |> Set.ofSeq

    let never =
        Tikv.Simulator.Invariants.All.invariants
        |> List.map _.Property.Id
        |> List.filter (fun id -> not (Set.contains id tested) && not (Map.containsKey id untested))

    Assert.That(never, Is.Empty)
