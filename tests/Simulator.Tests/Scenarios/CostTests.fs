/// What it costs the API server and PD.
module Tikv.Simulator.Tests.Scenarios.CostTests

open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private few = { Given.ordinary with Regions = 20 }

let private growing =
    scenario "cost" "Six stores more" [] few [ at (seconds 5) (scale "TiKVGroup/basic-tikv" 10) ] [
        finally' (storesUp 10)
    ]

/// How often the operator did something, by the words of its transcript: `create Pod`, `status TiKV`.
let private counted (lines: string list) =
    lines
    |> List.choose (fun line ->
        match line.Split(' ', System.StringSplitOptions.RemoveEmptyEntries) |> List.ofArray with
        | _ :: "operator0" :: ("create" | "patch" | "status" | "delete" as verb) :: kind :: _ ->
            Some(verb, kind)
        | _ -> None)
    |> List.countBy id
    |> Map.ofList

let private sum verb (counts: Map<string * string, int>) =
    counts
    |> Map.toList
    |> List.sumBy (fun ((one, _), count) -> if one = verb then count else 0)

[<Test>]
let ``stores are made by as many writes as there are objects and changes of status`` () =
    let counts = (Play.run' true growing).Transcript |> counted
    let objects, status = sum "create" counts, sum "status" counts
    TestContext.Out.WriteLine $"%d{objects} objects, %d{status} of status, %A{counts}"

    // an instance, its claim, its ConfigMap, its Pod
    Assert.That(objects, Is.EqualTo(4 * 6))

    let writes = objects + status + sum "patch" counts + sum "delete" counts
    Assert.That(float writes, Is.LessThanOrEqualTo(1.1 * float (objects + status)))

[<Test>]
let ``a settled cluster is written to by nobody, and PD is asked six questions in half a minute`` () =
    let settled = Settled.from few
    let asked (run: Simulation) = Map.tryFind "pd questions" run.Counters |> Option.defaultValue 0
    let calm = Run.from settled { settled.Scenario with Steps = []; Faults = []; Transcript = true }
    let rested = Run.rest (minutes 60) calm

    Assert.That(Run.words rested, Does.StartWith "reached after")
    Assert.That(counted rested.Transcript |> Map.filter (fun (_, kind) _ -> kind <> "Event"), Is.Empty)
    Assert.That(asked rested.Final - asked calm.Final, Is.EqualTo(6 * 2 * 60).Within 12)
