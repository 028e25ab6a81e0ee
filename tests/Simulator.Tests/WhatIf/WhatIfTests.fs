module Tikv.Simulator.Tests.WhatIf.WhatIfTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.WhatIf

let private story =
    scenario "small" "A small cluster" [] { Given.ordinary with Pd = 1; Tikv = 3; Regions = 12 } [] []

let private good result =
    match result with
    | Ok value -> value
    | Error problems -> raise (AssertionException(String.Join("\n", (problems: string list))))

/// Every fourth seed is of the same cluster.
let private question change fault seeds : Trials.Question = {
    Story = story
    Change = [
        for what in good (Phrases.change story change) ->
            { When = Trigger.AtTime Trials.changeAt; What = what }
    ]
    Fault = good (Phrases.fault story fault)
    Says = $"%s{change}, and %s{fault}"
    Seeds = [ for index in 0 .. seeds - 1 -> 1UL + uint64 index * Trials.clusters ]
    Part = Shard.whole
    Patience = 4_000_000L
}

let private answer question =
    let twins = Trials.twins question
    Answer.ofTrials question twins (Trials.play ignore question twins)

[<Test>]
let ``an operator that dies at any moment completes the change and the same question has the same answer``
    ()
    =
    let asked () = answer (question "restart basic-tikv" "operator dies" 3)
    let first = asked ()
    let outcomes = first.Trials |> List.map snd

    Assert.That(outcomes, Is.All.EqualTo(Outcome.InTime).Or.EqualTo Outcome.Late)

    Assert.That(
        first.Trials |> List.map (fun (trial, _) -> trial.Struck) |> List.distinct,
        Has.Length.EqualTo 3
    )

    Assert.That(Json.print (Answer.json (asked ())), Is.EqualTo(Json.print (Answer.json first)))
    Assert.That(Answer.lines first, Has.Some.StartsWith "3 runs, in each of which")

    let part = { first with Question = { first.Question with Part = { Number = 2; Count = 8 } } }
    Assert.That(Answer.lines part, Has.Some.StartsWith "3 runs of part 2 of 8, in each of which")
    Assert.That(Json.print (Answer.json part), Does.Contain "\"part\":{\"number\":2,\"of\":8}")

let private options: Command.Options = {
    Source = "T01"
    Cluster = None
    Changes = [ "restart" ]
    Files = []
    Faults = [ "operator dies" ]
    Seeds = 5
    FirstSeed = 11UL
    Shard = None
    Patience = "3h"
    Save = None
    Html = None
    Json = None
}

[<Test>]
let ``the parts of the runs are all of them together and none of them twice`` () =
    let seeds shard = (good (Command.question true { options with Shard = shard })).Seeds
    let parts = [ for number in 1..3 -> seeds (Some $"%d{number}/3") ]
    Assert.That(parts |> List.concat |> List.sort, Is.EqualTo<uint64 list>(seeds None))
    Assert.That(parts |> List.map _.Length, Is.EqualTo<int list> [ 2; 2; 1 ])

[<TestCase("6/6", "--shard is part 6 of 6, in which there is none of the 5 seeds")>]
[<TestCase("0/2", "--shard is `0/2`; allowed: i/n with 1 <= i <= n, such as 2/8")>]
let ``a part that there is not is told with what is allowed`` (shard: string) (words: string) =
    match Command.question true { options with Shard = Some shard } with
    | Ok _ -> Assert.Fail shard
    | Error problems -> Assert.That(problems, Is.EqualTo<string list> [ words ])

[<Test>]
let ``a node that dies for good without failover waits for a person and the operator says why`` () =
    let answer = answer (question "restart basic-tikv" "{loseNodeOf: basic-tikv-1}" 2)

    for trial, outcome in answer.Trials do
        Assert.That(outcome, Is.EqualTo(Outcome.Remains).Or.EqualTo Outcome.Waits)
        Assert.That(trial.Shown |> List.map snd |> String.concat "\n", Does.Contain "failover is not enabled")

    let trial, _ = Answer.worst answer

    match Tikv.Simulator.Files.StoryFile.parse (Tikv.Simulator.Files.StoryFile.print trial.Story) with
    | Ok [ story ] ->
        Assert.That(Run.isGood (Play.reach false story), Is.False, "the file that is kept fails again")
    | Ok _
    | Error _ -> Assert.Fail "the file that is kept cannot be read"

[<Test>]
let ``a preview tells what is restarted in which order, what is waited for, and that it comes to its end``
    ()
    =
    let lines, isDone = Preview.lines { question "restart basic-tikv" "operator dies" 1 with Fault = [] }
    Assert.That isDone
    Assert.That(lines, Does.Contain "Pods deleted (3): basic-tikv-2, basic-tikv-1, basic-tikv-0.")
    Assert.That(lines, Does.Contain "Stores that leave: none.")
    Assert.That(lines, Does.Contain "Some region without a majority: never.")
    Assert.That(lines, Has.Some.Match @"^00:\d\d:\d\d  TiKV basic-tikv-2 EvictLeaders: ")

    Assert.That(
        lines,
        Has.Some.Match @" TiKV basic-tikv-2 waits: LeadersEvicted: \d+ region leaders have still to move away"
    )

[<Test>]
let ``a preview of what is refused says what it waits for`` () =
    let lines, isDone = Preview.lines { question "scale basic-tikv to 2" "operator dies" 1 with Fault = [] }
    Assert.That(isDone, Is.False)
    Assert.That(lines, Does.Contain "Pods deleted: none.")
    Assert.That(lines, Has.Some.Contain "TiKVGroup basic-tikv waits: MinReplicasAfter")

[<Test>]
let ``changes and faults are said in phrases or in the words of a step`` () =
    let change = Phrases.change story >> good
    let fault = Phrases.fault story >> good
    let acts act = Misfortune.Acts act

    Assert.That(
        change "upgrade v8.5.3",
        Is.EqualTo(
            box [
                acts (Act.SetVersion("PDGroup/basic-pd", "v8.5.3"))
                acts (Act.SetVersion("TiKVGroup/basic-tikv", "v8.5.3"))
            ]
        )
    )

    Assert.That(
        change "scale basic-tikv to 5",
        Is.EqualTo(box [ acts (Act.Scale("TiKVGroup/basic-tikv", 5)) ])
    )

    Assert.That(
        change "{scale: TiKVGroup/basic-tikv, replicas: 5}",
        Is.EqualTo(box (change "scale basic-tikv to 5"))
    )

    Assert.That(fault "node node-a1 dies", Is.EqualTo(box [ Misfortune.NodePower("node-a1", false) ]))

    Assert.That(
        fault "zone b is down for 30m",
        Is.EqualTo(box [ Misfortune.SitePower(Some "b", 1_800_000L) ])
    )

[<TestCase("upgrade", "allowed: upgrade VERSION; upgrade GROUP to VERSION")>]
[<TestCase("scale other to 5", "`other` is no group of this scenario; allowed: basic-pd, basic-tikv")>]
[<TestCase("{scale: TiKVGroup/other, replicas: 5}", "`TiKVGroup/other` is no object of this scenario")>]
[<TestCase("{scael: TiKVGroup/basic-tikv}", "`scael` says none of them; allowed:")>]
let ``a change that is not understood is told with what is allowed`` (text: string) (words: string) =
    match Phrases.change story text with
    | Ok _ -> Assert.Fail text
    | Error problems ->
        Assert.That(String.Join("\n", problems), Does.StartWith($"--change is `%s{text}`").And.Contain words)

[<TestCase("node nowhere dies", "`nowhere` is no node of this scenario; allowed: node-a1")>]
[<TestCase("zone b is down for long", "`long` is not a duration")>]
let ``a fault that is not understood is told with what is allowed`` (text: string) (words: string) =
    match Phrases.fault story text with
    | Ok _ -> Assert.Fail text
    | Error problems -> Assert.That(String.Join("\n", problems), Does.Contain words)

/// By R's binom.confint(method = "wilson").
[<TestCase(0, 40, 0.0, 0.0876)>]
[<TestCase(20, 40, 0.3520, 0.6480)>]
[<TestCase(40, 40, 0.9124, 1.0)>]
let ``a share has Wilson's interval`` (count: int) (total: int) (low: float) (high: float) =
    let share = Share.wilson count total
    Assert.That(share.Low, Is.EqualTo(low).Within 0.0001)
    Assert.That(share.High, Is.EqualTo(high).Within 0.0001)
