module Tikv.Simulator.Tests.World.EngineTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.World

let private target = { Kind = Kind.ConfigMap; Namespace = "default"; Name = "a" }

let private configMap =
    Cluster.object "v1" "ConfigMap" "a" [ "data", Json.object [ "key", Json.String "0" ] ]
    |> Cluster.labelled [ "app.kubernetes.io/managed-by", "tikv-operator" ]

let private log text = Effect.Log { Level = LogLevel.Info; Message = text; Fields = [] }

let private outcome word outcome =
    match outcome with
    | Done _ -> word + " done"
    | Refused error -> word + " refused " + string error.Code
    | Unknown _ -> word + " unknown"

/// Creates one ConfigMap when it starts, and logs what it hears of that.
let private creator () =
    Program.ofStep
        (fun () input ->
            struct ((),
                    match input.Happening with
                    | Started -> [ Effect.Write(RequestId 1L, Create(target, configMap)) ]
                    | Wrote(_, found) -> [ log (outcome "write" found) ]
                    | _ -> []))
        ()

let private from = ResourceVersion(string Cluster.fresh.Server.Revision)

/// Watches ConfigMaps from the beginning on, and logs the value of each that it is told of.
let private watcher () =
    Program.ofStep
        (fun next input ->
            let watch () = Effect.Watch(RequestId next, Kind.ConfigMap, None, from, TimeSpan.FromMinutes 5.0)

            match input.Happening with
            | Started -> struct (next + 1L, [ watch () ])
            | Watched(_, (Added object | Modified object)) ->
                struct (next,
                        [
                            log (
                                "sees " + (Json.stringAt [ "data"; "key" ] object |> Option.defaultValue "")
                            )
                        ])
            | WatchEnded(_, WatchEnd.Refused error) -> struct (next, [ log ("ended " + string error.Code) ])
            | WatchEnded _ -> struct (next + 1L, [ log "ended"; watch () ])
            | _ -> struct (next, []))
        1L

let private scenario program : Scenario = {
    Name = "script"
    Shows = "What the engine does"
    World = Cluster.fresh
    Program = fun _ _ -> program ()
    Operators = 1
    Network = { Network.quick with Restart = 100_000L }
    Steps = []
    Faults = []
    Expect = []
    MustStrike = true
    Quiet = 60_000L
    Limit = 1_000_000L
    Transcript = true
}

let private says (text: string) (result: Result) =
    result.Transcript
    |> List.exists (fun line -> line.EndsWith(text, StringComparison.Ordinal))

let private exists (result: Result) = Cluster.exists Builtins.configMaps "a" result.Final.World

let private fated fate =
    Run.run {
        scenario creator with
            Faults = [ { When = Trigger.AtWrite(0, 1); What = Misfortune.ToWrite fate } ]
            Quiet = 50_000L
    }

let private changed value =
    Requests.patch
        MergePatch
        Builtins.configMaps
        (Some "default")
        "a"
        (Json.object [ "data", Json.object [ "key", Json.String value ] ])

/// A user who creates a ConfigMap at one second, and changes it at two and at three.
let private watched faults =
    Run.run {
        scenario watcher with
            Steps = [
                1_000L, Requests.create Builtins.configMaps (Some "default") configMap
                2_000L, changed "1"
                3_000L, changed "2"
            ]
            Faults = faults
    }

let private seen (result: Result) =
    result.Transcript
    |> List.choose (fun line ->
        match line.IndexOf("log sees ", StringComparison.Ordinal) with
        | -1 -> None
        | at -> Some(line.Substring(0, 8) + " " + line.Substring(at + 9)))
    |> String.concat ", "

[<Test>]
let ``a write is executed and answered`` () =
    let result = Run.run (scenario creator)
    Assert.That(exists result)
    Assert.That(says "write done" result)

[<Test>]
let ``a write that is refused by a fault is not executed`` () =
    let result = fated (WriteFate.Refused 429)
    Assert.That(exists result, Is.False)
    Assert.That(says "write refused 429" result)

[<Test>]
let ``a write whose reply is lost is executed, and nobody knows`` () =
    let result = fated WriteFate.ReplyLost
    Assert.That(exists result)
    Assert.That(says "write unknown" result)

[<Test>]
let ``a late write is executed after the client has given it up`` () =
    let result = fated (WriteFate.Late 45_000L)

    let position (text: string) =
        result.Transcript
        |> List.findIndex (fun line -> line.Contains(text, StringComparison.Ordinal))

    Assert.That(exists result)
    Assert.That(position "write unknown", Is.LessThan(position "-> 201"))

[<Test>]
let ``an operator that dies before a write does not write`` () =
    let result = fated WriteFate.CrashBefore
    Assert.That(exists result, Is.False)
    Assert.That(result.Counters["operator deaths"], Is.EqualTo 1)

[<Test>]
let ``an operator that dies after a write has written, and never hears of it`` () =
    let result = fated WriteFate.CrashAfter
    Assert.That(exists result)
    Assert.That(says "write done" result, Is.False)

[<Test>]
let ``a zombie write is executed after the death of its operator`` () =
    let result = fated (WriteFate.Zombie 10_000L)
    Assert.That(exists result)
    Assert.That(says "-> 201" result)
    Assert.That(says "write done" result, Is.False)

[<Test>]
let ``a dead operator starts again, and begins anew`` () =
    let result =
        Run.run {
            scenario creator with
                Network = { Network.quick with Restart = 1_000L }
                Faults = [ { When = Trigger.AtWrite(0, 1); What = Misfortune.ToWrite WriteFate.CrashAfter } ]
        }

    Assert.That(says "write refused 409" result)

[<Test>]
let ``a watch tells every change in order, soon after it was made`` () =
    Assert.That(seen (watched []), Is.EqualTo "00:00:01 0, 00:00:02 1, 00:00:03 2")

[<Test>]
let ``a cache that is held back lags by so many versions, for so long`` () =
    let held = [ { When = Trigger.AtTime 0L; What = Misfortune.HoldBack(Some Kind.ConfigMap, 1, 5_000L) } ]

    Assert.That(seen (watched held), Is.EqualTo "00:00:02 0, 00:00:03 1, 00:00:08 2")

[<Test>]
let ``a watch that is cut tells the rest once it is opened again`` () =
    let cut = [ { When = Trigger.AtTime 1_500L; What = Misfortune.CutWatches(None, false) } ]

    Assert.That(seen (watched cut), Is.EqualTo "00:00:01 0, 00:00:01 0, 00:00:02 1, 00:00:03 2")

[<Test>]
let ``a watch may end with 410`` () =
    let gone = [ { When = Trigger.AtTime 1_500L; What = Misfortune.CutWatches(Some Kind.ConfigMap, true) } ]

    Assert.That(says "ended 410" (watched gone))

[<Test>]
let ``the same run has the same fingerprint, and another run another`` () =
    Assert.That((watched []).Fingerprint, Is.EqualTo (watched []).Fingerprint)

    let other = [ { When = Trigger.AtTime 1_500L; What = Misfortune.CutWatches(None, false) } ]

    Assert.That((watched other).Fingerprint, Is.Not.EqualTo (watched []).Fingerprint)

[<Test>]
let ``a run that does not come to what it expects is stuck, and says what is missing`` () =
    let result = Run.run { scenario creator with Expect = [ Check.Finally(Fact.Exists "ConfigMap/moon") ] }

    Assert.That(Run.words result, Does.EndWith "ConfigMap/moon exists: it is not so")
    Assert.That(Run.isGood result, Is.False)
