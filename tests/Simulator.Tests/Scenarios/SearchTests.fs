module Tikv.Simulator.Tests.Scenarios.SearchTests

open System
open NUnit.Framework
open Tikv.Simulator.Scenarios

[<Test>]
let ``a failing plan is shrunk to the items that it needs`` () =
    let item words step : Item = { Words = [ words ]; Steps = [ step ]; Asks = [] }

    // a cluster that is paused at the end of the healing never settles
    let plan: Plan = {
        Seed = 0UL
        Begins = "ordinary"
        Given = Givens.ordinary
        Items = [
            item "crash" (at (seconds 5) crash)
            item "pause" (at (minutes 9) (pause true))
            item "restart" (at (seconds 20) (restart "TiKVGroup/basic-tikv" "once"))
        ]
    }

    let kind =
        match Search.run plan with
        | Outcome.Bad(kind, _) -> kind
        | Outcome.Good -> "it came right"

    let shrunk = Search.shrink kind plan
    Assert.That(shrunk.Items |> List.collect _.Words, Is.EquivalentTo [ "pause" ])

/// As many as two cores run in half a minute; `tikv-sim search` goes on from there.
let private first, runs = 1UL, 120

[<Test>]
let ``generated changes and mishaps come right, whatever cluster they befall`` () =
    match Search.many (fun _ _ -> ()) runs first with
    | [] -> ()
    | (plan, kind, words) :: _ as failed ->
        let lines =
            $"%d{failed.Length} of %d{runs} runs fail; the first is that of seed %d{plan.Seed}: %s{words}"
            :: Search.words (Search.shrink kind plan)

        Assert.Fail(String.Join("\n", lines))
