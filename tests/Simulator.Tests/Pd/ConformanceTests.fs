/// The recorded exchanges with a real PD, asked of the model in the same order.
module Tikv.Simulator.Tests.Pd.ConformanceTests

open System
open System.IO
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Tests.Pd.Given

type private Recorded = {
    Case: string
    Server: string
    Method: string
    Path: string
    Body: string
    Reply: PdReply
}

let private text path json = Json.stringAt path json |> Option.defaultValue ""

let private recorded file =
    File.ReadLines(Path.Combine(TestContext.CurrentContext.TestDirectory, "recordings", "pd", file))
    |> Seq.choose (fun line ->
        match Json.parse line with
        | Error problem -> failwith problem
        | Ok json ->
            Json.intAt [ "response"; "status" ] json
            |> Option.map (fun status -> {
                Case = text [ "case" ] json
                Server = text [ "server" ] json
                Method = text [ "request"; "method" ] json
                Path = text [ "request"; "path" ] json
                Body = text [ "request"; "body" ] json
                Reply = {
                    Status = status
                    Body =
                        text [ "response"; "body" ] json
                        |> Text.Encoding.UTF8.GetBytes
                        |> ReadOnlyMemory
                        |> PdBody.parse
                }
            }))
    |> List.ofSeq

/// Texts as they are, of objects the keys and the kinds of their values: the shape that a client sees.
let rec private shape (json: Json) =
    match json with
    | Json.String text -> text
    | Json.Object members -> members |> List.map (fun (key, _) -> key) |> List.sort |> String.concat ","
    | Json.Array(first :: _) -> $"[%s{shape first}]"
    | Json.Array [] -> "[]"
    | Json.Number _ -> "number"
    | Json.Bool value -> $"%b{value}"
    | Json.Null -> "null"

let private shapeOf body =
    match body with
    | PdBody.Json json -> shape json
    | PdBody.Text text -> text

/// Answers that the model gives in another shape, on purpose: settings are few, schedulers come in order, sizes are rounder.
let private roughly (path: string) =
    [ "/config"; "/schedulers"; "/status"; "/stats/"; "/regions/"; "/stores/progress" ]
    |> List.exists (fun part -> path.Contains(part, StringComparison.Ordinal))

let private deepShape path body =
    match body with
    | _ when roughly path -> ""
    | PdBody.Json(Json.Object members) when List.exists (fst >> (=) "code") members -> "" // words of Go's JSON parser
    | body -> shapeOf body

let private differences now world (exchanges: Recorded list) =
    ((world, []), exchanges)
    ||> List.fold (fun (world, found) one ->
        let after, (status, body, _) = ask now one.Server one.Method one.Path one.Body world
        let real = one.Reply.Status, deepShape one.Path one.Reply.Body
        let ours = status, deepShape one.Path body

        // transfers take their time
        let after = if one.Path.Contains "/leader/" then PdWorld.advance (now + 1_000L) after else after
        after, (if real = ours then found else (one.Case, real, ours) :: found))

/// Routes that the model has, and those that it need not have because PD has not either.
let private isModelled (one: Recorded) =
    Routes.parse one.Method one.Path <> Route.NotFound || one.Reply.Status = 404

[<Test>]
let ``before TiKV comes a single member answers as the real one`` () =
    let world = empty |> startAll 0L [ "pd-0" ] [ "pd-0" ] |> PdWorld.advance (seconds 20.0)
    let exchanges = recorded "01-single-not-bootstrapped.jsonl" |> List.filter isModelled
    // of another etcd: v2 routes of another router, and a dot in the path of a microservice
    let known = [ "nb-v2-members"; "nb-v2-ms-members-tso" ]
    Assert.That(List.length exchanges, Is.GreaterThan 50)

    let _, found =
        exchanges
        |> List.filter (fun one -> not (List.contains one.Case known))
        |> differences (seconds 20.0) world

    Assert.That(List.rev found, Is.Empty)

[<Test>]
let ``a bootstrapped cluster of three answers reads as the real one, through leader and follower`` () =
    let world = stores 4 44

    let leader = (leaderName world).Value
    Assert.That(leader, Is.EqualTo "pd-0")

    for file in [ "03-bootstrapped-three-members.jsonl"; "04-follower.jsonl" ] do
        let exchanges =
            recorded file
            |> List.filter isModelled
            |> List.filter (fun one ->
                not (one.Case.Contains "allow-follower" || one.Case.Contains "redirect")
                && not (one.Case.Contains "v2-m" || one.Case.Contains "v2-readyz"))

        Assert.That(List.length exchanges, Is.GreaterThan 15)
        let _, found = differences afterwards world exchanges
        Assert.That(List.rev found, Is.Empty)

[<Test>]
let ``the evict-leader scheduler answers as the real one`` () =
    let modelled (one: Recorded) =
        isModelled one
        && (one.Case.StartsWith("evict-", StringComparison.Ordinal)
            || one.Case = "sched-list")
        && not (
            one.Case.Contains "2000-regions"
            || one.Case.Contains "batch"
            || one.Case.Contains "survives"
        )
        && not (one.Case.Contains "config")

    let exchanges = recorded "05-schedulers.jsonl" |> List.filter modelled
    Assert.That(List.length exchanges, Is.GreaterThan 30)
    let _, found = differences afterwards (stores 4 44) exchanges
    Assert.That(List.rev found, Is.Empty)

[<Test>]
let ``stores answer as the real ones from labels to tombstone`` () =
    let exchanges = recorded "06-stores.jsonl"

    let first, rest =
        exchanges
        |> List.partition (fun one ->
            List.findIndex (fun other -> other = one) exchanges <
                List.findIndex (fun other -> other.Case = "tombstone-get") exchanges)

    let known (one: Recorded) =
        isModelled one
        // values that only a PD with weights and limits of single stores would check
        && not (one.Path.Contains "/weight" || one.Path.Contains "/limit")
        && not (one.Case.StartsWith "limit-")
        && one.Case <> "tombstone-progress"

    let world, found = first |> List.filter known |> differences afterwards (stores 4 44)
    Assert.That(List.rev found, Is.Empty)

    let later = afterwards + 400_000L
    let _, found = rest |> List.filter known |> differences later (PdWorld.advance later world)
    Assert.That(List.rev found, Is.Empty)

[<Test>]
let ``without leader and quorum a survivor answers as the real one`` () =
    let now = seconds 20.0
    let leader = (leaderName threeMembers).Value
    let others = three |> List.filter (fun name -> name <> "pd-1")
    Assert.That(leader, Is.Not.EqualTo "pd-1")

    let world =
        (stores 3 10, others)
        ||> List.fold (fun world name -> PdWorld.stopMember afterwards PdStop.Kill name world)

    let later = afterwards + now

    let exchanges =
        recorded "10-no-leader.jsonl"
        |> List.filter (fun one ->
            isModelled one
            && one.Server = "pd-1"
            && one.Case.StartsWith("noleader-", StringComparison.Ordinal)
            && not (one.Case.Contains "follower-handle"))

    Assert.That(List.length exchanges, Is.GreaterThan 15)
    let _, found = differences later (PdWorld.advance later world) exchanges
    Assert.That(List.rev found, Is.Empty)
