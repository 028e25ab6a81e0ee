/// What befalls operators and their way to the API server and to PD (V A7, K18, K19, K61, K64, B7).
module Tikv.Simulator.Tests.World.TroubleTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.World

let private target = { Kind = Kind.ConfigMap; Namespace = "default"; Name = "a" }
let private configMap = Cluster.object "v1" "ConfigMap" "a" []
let private log text = Effect.Log { Level = LogLevel.Info; Message = text; Fields = [] }

let private word outcome =
    match outcome with
    | Done _ -> "done"
    | Refused error -> "refused " + string error.Code
    | Unknown _ -> "unknown"

/// Ten seconds after its start it writes, and says what it hears of that, and the hour by its own clock.
let private writer () =
    Program.ofStep
        (fun () input ->
            struct ((),
                    match input.Happening with
                    | Started -> [ Effect.WakeAt(Instant 10_000L) ]
                    | Woke -> [
                        log ("at " + input.Clock.UtcDateTime.ToString "HH:mm:ss")
                        Effect.Write(RequestId 1L, Create(target, configMap))
                      ]
                    | Wrote(_, found) -> [ log ("write " + word found) ]
                    | _ -> []))
        ()

/// Watches ConfigMaps, and says how that ended.
let private watcher () =
    Program.ofStep
        (fun () input ->
            struct ((),
                    match input.Happening with
                    | Started -> [
                        Effect.Watch(
                            RequestId 1L,
                            Kind.ConfigMap,
                            None,
                            ResourceVersion(string Cluster.fresh.Server.Revision),
                            TimeSpan.FromMinutes 5.0
                        )
                      ]
                    | WatchEnded(_, WatchEnd.Broken problem) -> [ log ("watch broken: " + problem) ]
                    | _ -> []))
        ()

let private run program faults =
    Run.run {
        Name = "trouble"
        Shows = "What befalls operators"
        World = Cluster.fresh
        Program = fun _ _ -> program ()
        Operators = 1
        Network = Network.quick
        Steps = []
        Faults = faults |> List.map (fun (at, what) -> { When = Trigger.AtTime at; What = what })
        Expect = []
        MustStrike = true
        Quiet = 90_000L
        Limit = 1_000_000L
        Transcript = true
    }

let private line (text: string) (result: Result) =
    result.Transcript
    |> List.tryFind (fun line -> line.EndsWith(text, StringComparison.Ordinal))

let private says text result = (line text result).IsSome
let private exists (result: Result) = Cluster.exists Builtins.configMaps "a" result.Final.World
let private api trouble = run writer [ 5_000L, Misfortune.Api(None, trouble, 100, 60_000L) ]

[<Test>]
let ``K19: an API server that is down executes nothing, and nobody knows`` () =
    let result = api ApiTrouble.Down
    Assert.That(says "write unknown" result)
    Assert.That(exists result, Is.False)

[<Test>]
let ``K19: an API server that throttles refuses with 429`` () =
    let result = api ApiTrouble.Throttles
    Assert.That(says "write refused 429" result)
    Assert.That(exists result, Is.False)

[<Test>]
let ``K17: a webhook that denies refuses with 403, and one that cannot be reached with 500`` () =
    Assert.That(says "write refused 403" (api (ApiTrouble.Denies "no")))
    Assert.That(says "write refused 500" (api ApiTrouble.WebhookDown))

[<Test>]
let ``K18: an API server that is too slow executes after its client has given up`` () =
    let result = api (ApiTrouble.Slow 40_000L)
    Assert.That(says "write unknown" result)
    Assert.That(exists result)

[<Test>]
let ``troubles of the API server come by chance, and about one kind`` () =
    let none = run writer [ 5_000L, Misfortune.Api(None, ApiTrouble.Throttles, 0, 60_000L) ]
    let other = run writer [ 5_000L, Misfortune.Api(Some Kind.Pod, ApiTrouble.Throttles, 100, 60_000L) ]
    Assert.That(says "write done" none)
    Assert.That(says "write done" other)

[<Test>]
let ``K64: the wall clock of an operator may jump, and its timers go on`` () =
    let result = run writer [ 5_000L, Misfortune.ClockJump(0, 600_000L) ]
    let told = line "at 00:10:10" result
    Assert.That(told.IsSome)
    Assert.That(told.Value, Does.StartWith "00:00:10")

[<Test>]
let ``K61: an operator that stands still takes nothing in until it goes on`` () =
    let result = run writer [ 5_000L, Misfortune.OperatorPause(0, 60_000L) ]
    Assert.That((line "write done" result).Value, Does.StartWith "00:01:05")

[<Test>]
let ``K61: an operator that stands still before a write sends it when it goes on`` () =
    let result =
        Run.run {
            (run writer []).Final.Scenario with
                Faults = [
                    { When = Trigger.AtWrite(0, 1); What = Misfortune.ToWrite(WriteFate.Paused 40_000L) }
                ]
        }

    Assert.That((line "-> 201" result).Value, Does.StartWith "00:00:50")
    Assert.That((line "write done" result).Value, Does.StartWith "00:00:50")

[<Test>]
let ``P57: a request that does not come through is not executed; one whose answer does not come back is`` () =
    let there = run writer [ 5_000L, Misfortune.OneWay("operator0", "api", true) ]
    Assert.That(says "write unknown" there)
    Assert.That(exists there, Is.False)
    let back = run writer [ 5_000L, Misfortune.OneWay("api", "operator0", true) ]
    Assert.That(says "write unknown" back)
    Assert.That(exists back)

[<Test>]
let ``P57: the watches of an operator that is cut off are found broken`` () =
    let result = run watcher [ 5_000L, Misfortune.Partition("operator0", "api", true) ]
    Assert.That(says "watch broken: silent for too long" result)

[<Test>]
let ``K21: after a compaction watches from the past end with 410`` () =
    let world = {
        Cluster.fresh with
            Server = ApiServer.compact Cluster.fresh.Server.Revision Cluster.fresh.Server
    }

    Assert.That(
        ApiServer.changesAfter Builtins.configMaps None (Cluster.fresh.Server.Revision - 1L) world.Server
        |> Result.isError
    )
