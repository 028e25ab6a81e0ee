module Tikv.Simulator.Tests.Scenarios.SearchTests

open System
open System.Globalization
open NUnit.Framework
open Tikv.Simulator.Scenarios

let private setting (name: string) (otherwise: uint64) =
    match Environment.GetEnvironmentVariable name |> Option.ofObj with
    | Some text -> UInt64.Parse(text, CultureInfo.InvariantCulture)
    | None -> otherwise

/// `SEARCH_RUNS` and `SEARCH_SEED` ask for more runs, or for others.
[<Test>]
[<Explicit "finds removals of stores during a suspension: to be mended first">]
let ``generated changes and faults come right, and break no property`` () =
    let runs, seed = setting "SEARCH_RUNS" 300UL, setting "SEARCH_SEED" 1UL

    let failures =
        Search.many ignore (int runs) seed
        |> List.map (fun (plan, _, words) -> $"seed %d{plan.Seed}: %s{words}")

    Assert.That(failures, Is.Empty, $"of %d{runs} runs from seed %d{seed} on")

[<Test>]
let ``a failing plan is shrunk to the items that it needs`` () =
    let item words step : Item = { Words = words; Step = step; Asks = None }

    // a cluster that is paused at the end of the healing never settles
    let plan: Plan = {
        Seed = 0UL
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
    Assert.That(shrunk.Items |> List.map _.Words, Is.EquivalentTo [ "pause" ])
