/// What faults wait for: calls of a sort, events at a cache, facts of PD, phases of the operator, and these together.
module Tikv.Simulator.Tests.World.TriggerTests

open System
open NUnit.Framework
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private group = "TiKVGroup/basic-tikv"
let private few = { Given.ordinary with Regions = 20 }
let private step trigger what : Step = { When = trigger; What = what }

/// The lines of a roll, with a step in it.
let private rolled (steps: Step list) =
    let story =
        scenario "roll" "Each store is restarted" [] few (at (seconds 5) (restart group "once") :: steps) [
            finally' settled
            finally' (restarted group "once")
        ]

    let result = Play.run' true story
    Assert.That(Run.words result, Does.StartWith "reached after")
    result.Transcript

let private has (words: string) (line: string) = line.Contains(words, StringComparison.Ordinal)

/// The first line with these words, and those before it.
let private upTo words lines =
    match lines |> List.tryFindIndex (has words) with
    | Some index -> List.truncate (index + 1) lines
    | None -> []

let private count words lines = lines |> List.filter (has words) |> List.length

[<Test>]
let ``a fault waits for the nth call of a verb on a kind`` () =
    let call = Trigger.AtCall(0, CallVerb.Delete, Some Kind.Pod, None, 2, None)
    let lines = rolled [ step call crashAfter ]
    let before = upTo "crashes after delete Pod default/basic-tikv-2" lines
    Assert.That(before, Is.Not.Empty)
    Assert.That(before |> count "operator0 delete Pod", Is.EqualTo 1)

[<Test>]
let ``a run goes on until the steps have been taken that come some time after a moment`` () =
    let stops = Fact.PodStops "basic-tikv"
    let lines = rolled [ after (minutes 90) stops (act (Act.Delete "Pod/basic-tikv-0")) ]
    Assert.That(lines |> count "user      delete Pod/basic-tikv-0", Is.EqualTo 1)

[<Test>]
let ``a fault waits for a call about one object`` () =
    let call = Trigger.AtCall(0, CallVerb.Delete, Some Kind.Pod, Some "basic-tikv-1", 1, None)
    let lines = rolled [ step call replyLost ]
    Assert.That(lines |> count "fault: loss of the reply of delete Pod default/basic-tikv-1", Is.EqualTo 1)

[<Test>]
let ``a fault waits for a call to PD`` () =
    let call = Trigger.AtCall(0, CallVerb.EvictLeaders, None, None, 3, None)
    let lines = rolled [ step call crashBefore ]
    let before = upTo "crashes before EvictLeaders" lines
    Assert.That(before |> count "pd EvictLeaders", Is.EqualTo 2)

[<Test>]
let ``of the calls that a fault waits for only those count that are sent while something is so`` () =
    let evicting = Fact.Evicting "basic-tikv-1"
    let call = Trigger.AtCall(0, CallVerb.Write, None, None, 1, Some evicting)
    let before = rolled [ step call crashAfter ] |> upTo "crashes after"
    Assert.That(before |> List.filter (has "pd EvictLeaders") |> List.length, Is.GreaterThanOrEqualTo 3)

[<Test>]
let ``a fault waits for the nth event at a cache of a kind`` () =
    let event nth = Trigger.AtEvent(0, Kind.TiKVGroup, nth, None)
    let crashed nth = rolled [ step (event nth) crash ] |> upTo "operator0 crashes"
    let first, second = crashed 1, crashed 3
    Assert.That(first, Is.Not.Empty)
    Assert.That(second.Length, Is.GreaterThan first.Length)
    // the first that it hears of the group is the change that the user made
    Assert.That(first |> count "patch TiKVGroup/basic-tikv", Is.EqualTo 1)
    Assert.That(first |> count "operator0 delete Pod", Is.EqualTo 0)

[<Test>]
let ``a fault waits for a phase of the operator`` () =
    let rolling = Fact.Phase(group, Summary.Rolling)
    let before = rolled [ once rolling crash ] |> upTo "operator0 crashes"
    Assert.That(before |> count $"moment    %s{group} is Rolling", Is.EqualTo 1)

[<Test>]
let ``a fault waits for facts together`` () =
    let together =
        Fact.All [
            Fact.Phase(group, Summary.Rolling)
            Fact.Not(Fact.Evicting "basic-tikv-3")
            Fact.Evicting "basic-tikv-2"
        ]

    let before = rolled [ once together crash ] |> upTo "operator0 crashes"
    Assert.That(before |> count "operator0 delete Pod default/basic-tikv-3", Is.EqualTo 1)
    Assert.That(before |> count "operator0 delete Pod default/basic-tikv-2", Is.EqualTo 0)

[<Test>]
let ``a call that never comes fails the run, and is named`` () =
    let call = Trigger.AtCall(0, CallVerb.Delete, Some Kind.PersistentVolumeClaim, None, 1, None)

    let story = {
        scenario "never" "Nothing happens" [] few [ step call crashAfter ] [ finally' settled ] with
            Limit = minutes 10
    }

    Assert.That(Run.words (Play.run story), Does.Contain "has not come: call 1: Delete PersistentVolumeClaim")
