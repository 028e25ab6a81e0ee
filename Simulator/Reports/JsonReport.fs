/// Runs as JSON: what JUnit XML tells, and what was counted. The same runs give the same bytes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.JsonReport

open Tikv.Core
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run

/// Lines of the transcript of a run that failed.
let private most = 100

let private counts (counters: Map<string, int>) =
    counters
    |> Map.toList
    |> List.map (fun (name, count) -> name, Json.int count)
    |> Json.object

let private violation (one: Violation) =
    Json.object [
        "property", Json.string one.Property.Id
        "means", Json.string one.Property.Means
        "source", Json.string one.Property.Source
        "atMilliseconds", Json.int64 one.At
        "what", Json.string one.What
    ]

let private deed (one: Deed) =
    Json.object [
        "atMilliseconds", Json.int64 one.Line.At
        "who", Json.string one.Line.Who
        "what", Json.string one.Line.Text
        "brokeIt", Json.bool one.AtOnce
    ]

let private tested (property: Property, count: int) =
    Json.object [
        "property", Json.string property.Id
        "means", Json.string property.Means
        "times", Json.int count
    ]

/// One run. Times are milliseconds of the simulated world.
let ofAccount (account: Account) : Json =
    let result, scenario = account.Result, Account.scenario account
    let failed items = if Account.isGood account then None else Some items

    Json.present [
        "scenario", Some(Json.string result.Scenario)
        "shows", Some(Json.string scenario.Shows)
        "verdict", Some(Json.string (Account.verdict account))
        "words", Some(Json.string (Run.words result))
        "broken", failed (Account.broken account |> List.map violation |> Json.array)
        "missing", failed (Account.missing account |> Json.strings)
        "lastAction", Account.tryDeed account |> Option.map deed
        "why", account.Why |> Option.map Explanation.json
        "replay", Some(Json.string account.Replay)
        "seed", Some(Json.uint64 scenario.World.Seed)
        "fingerprint", Some(Json.string (Account.fingerprint account))
        "beganMilliseconds", Some(Json.int64 (Account.began account))
        "reachedMilliseconds", Some(Json.int64 result.ReachedAt)
        "endedMilliseconds", Some(Json.int64 result.Ended)
        "counters", Some(counts result.Counters)
        "writes",
        Some(
            result.Writes
            |> Map.toList
            |> List.map (fun (number, count) -> Simulation.place number, Json.int count)
            |> Json.object
        )
        "tested", Some(Account.tested account |> List.map tested |> Json.array)
        "lastLines", failed (Account.lastLines most account |> Json.strings)
    ]

let print (accounts: Account list) : string =
    let failed = accounts |> List.filter (Account.isGood >> not) |> List.length

    Json.object [
        "runs", Json.int accounts.Length
        "failed", Json.int failed
        "scenarios", accounts |> List.map ofAccount |> Json.array
    ]
    |> Json.printIndented
    |> fun text -> text + "\n"
