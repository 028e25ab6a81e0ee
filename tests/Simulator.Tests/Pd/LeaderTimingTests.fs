module Tikv.Simulator.Tests.Pd.LeaderTimingTests

open NUnit.Framework
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Tests.Pd.Given

let private hour = seconds 3600.0
let private leads (world: PdWorld) = not (Map.isEmpty world.Groups) && Leaders.serves (group world)
let private between low high (span: int64) = Assert.That(span, Is.InRange(seconds low, seconds high))

[<Test>]
let ``one member leads after 0.6 to 3.1 seconds`` () =
    empty
    |> startAll 0L [ "pd-0" ] [ "pd-0" ]
    |> until hour leads 0L
    |> between 0.6 3.1

[<Test>]
let ``a static cluster of three, started at once, has a leader and three healthy members after 3.7 seconds``
    ()
    =
    let healthy world =
        match call 0L "pd-0" PdCall.GetHealth world |> snd |> PdCodec.health with
        | Ok health -> List.length health = 3 && health |> List.forall _.Health
        | Error _ -> false

    empty
    |> startAll 0L three three
    |> until
        hour
        (fun world ->
            leads world
            && PdWorld.memberState "pd-0" world = Some ProcessState.Running
            && healthy world)
        0L
    |> between 3.6 4.3

[<Test>]
let ``a static cluster of three with two started has a leader after 5.5 seconds`` () =
    empty
    |> startAll 0L three [ "pd-0"; "pd-1" ]
    |> until hour leads 0L
    |> between 5.4 5.7

[<Test>]
let ``a static cluster of three with one started takes connections and never answers`` () =
    let world = empty |> startAll 0L three [ "pd-0" ] |> PdWorld.advance (seconds 100.0)

    PdServer.handle world (seconds 100.0) "pd-0" "GET" "/pd/api/v1/health" ""
    |> snd
    |> shouldBe PdAnswer.Silent

    PdWorld.clusterIds world |> shouldBe []

[<Test>]
let ``a member that waits for quorum gives up after five minutes`` () =
    let world = empty |> startAll 0L three [ "pd-0" ] |> PdWorld.advance (seconds 301.0)

    match PdWorld.memberState "pd-0" world with
    | Some(ProcessState.Exited(1, _)) -> ()
    | other -> Assert.Fail $"%A{other}"

let private t0 = seconds 20.0

let private afterLoss change =
    let lost = leaderName threeMembers

    let world: PdWorld = change threeMembers
    let back = world |> until hour (fun world -> leads world && leaderName world <> lost) t0
    back - t0

[<Test>]
let ``a transfer takes half a second, and so does its answer`` () =
    let world, (status, _, delay) = ask t0 "pd-1" "POST" "/pd/api/v1/leader/transfer/pd-2" "" threeMembers
    status |> shouldBe 200
    delay |> shouldBe 500L
    let at = world |> until hour (fun world -> leaderName world = Some "pd-2") t0
    at - t0 |> shouldBe 500L

[<Test>]
let ``a resigning leader hands over in half a second`` () =
    afterLoss (ask t0 "pd-0" "POST" "/pd/api/v1/leader/resign" "" >> fst)
    |> between 0.5 0.52

[<Test>]
let ``a terminated leader hands over in less than a second and exits after one and a half`` () =
    let name = (leaderName threeMembers).Value
    afterLoss (PdWorld.stopMember t0 PdStop.Graceful name) |> between 0.3 0.7

    threeMembers
    |> PdWorld.stopMember t0 PdStop.Graceful name
    |> until hour (fun world -> PdWorld.memberState name world = Some(ProcessState.Exited(0, ""))) t0
    |> fun at -> at - t0
    |> between 1.4 1.6

[<Test>]
let ``after the crash of the leader nobody leads for nearly 13 seconds`` () =
    afterLoss (PdWorld.stopMember t0 PdStop.Kill (leaderName threeMembers).Value)
    |> between 12.7 12.9

[<Test>]
let ``after the removal of the leader nobody leads for nearly 12 seconds`` () =
    let leader = (group threeMembers |> Leaders.leader).Value

    afterLoss (write t0 "pd-0" (PdCall.RemoveMember leader)) |> between 11.7 11.9

[<Test>]
let ``a leader of less priority gives way within a minute`` () =
    let world, (status, _, _) =
        ask t0 "pd-0" "POST" "/pd/api/v1/members/name/pd-2" """{"leader-priority": 5}""" threeMembers

    status |> shouldBe 200
    let at = world |> until hour (fun world -> leaderName world = Some "pd-2") t0
    Assert.That(at - t0, Is.LessThanOrEqualTo(seconds 61.0))

[<Test>]
let ``quorum regained leads after 1.5 to 1.9 seconds`` () =
    let world =
        threeMembers
        |> PdWorld.stopMember t0 PdStop.Kill "pd-0"
        |> PdWorld.stopMember t0 PdStop.Kill "pd-1"
        |> PdWorld.advance (seconds 60.0)

    Assert.That(leads world, Is.False)
    let again = seconds 60.0

    world
    |> restart again "pd-1" (initial three)
    |> until hour leads again
    |> fun at -> at - again
    |> between 1.5 1.9

[<Test>]
let ``a restarted follower is healthy within half a second`` () =
    let world =
        threeMembers
        |> PdWorld.stopMember t0 PdStop.Kill "pd-2"
        |> PdWorld.advance (t0 + 5000L)

    world
    |> restart (t0 + 5000L) "pd-2" (initial three)
    |> until hour (fun world -> PdWorld.memberState "pd-2" world = Some ProcessState.Running) (t0 + 5000L)
    |> fun at -> at - t0 - 5000L
    |> between 0.25 0.5

[<Test>]
let ``a transfer to a dead member fails after five seconds and changes nothing`` () =
    let before = leaderName threeMembers
    let world = PdWorld.stopMember t0 PdStop.Kill "pd-2" threeMembers
    let world, (status, _, delay) = ask t0 "pd-0" "POST" "/pd/api/v1/leader/transfer/pd-2" "" world
    status |> shouldBe 500
    delay |> shouldBe 5000L
    world |> PdWorld.advance (t0 + 20_000L) |> leaderName |> shouldBe before

[<Test>]
let ``a transfer to a terminating member is taken, and nobody leads for six seconds`` () =
    let world = PdWorld.stopMember t0 PdStop.Graceful "pd-2" threeMembers
    let world, (status, _, _) = ask t0 "pd-0" "POST" "/pd/api/v1/leader/transfer/pd-2" "" world
    status |> shouldBe 200
    let gone = world |> until hour (leads >> not) t0

    world
    |> PdWorld.advance gone
    |> until hour leads gone
    |> fun at -> at - gone |> between 5.9 6.1

// ---- joining

let private one = empty |> startAll 0L [ "pd-0" ] [ "pd-0" ] |> PdWorld.advance t0
let private join name = pd name (PdStart.Join [ clientUrl "pd-0" ]) None

[<Test>]
let ``one member grows to two with 16 to 19 seconds without leader`` () =
    let world = one |> PdWorld.startMember t0 (join "pd-1") |> PdWorld.advance (t0 + 100L)
    Assert.That(leads world, Is.False)

    let at =
        world
        |> until hour (fun world -> PdWorld.memberState "pd-1" world = Some ProcessState.Running) t0

    at - t0 |> between 16.0 19.0

[<Test>]
let ``two members grow to three in a quarter of a second without losing the leader`` () =
    let world = one |> PdWorld.startMember t0 (join "pd-1") |> PdWorld.advance (seconds 60.0)
    let now = seconds 60.0
    let joining = PdWorld.startMember now (join "pd-2") world

    let at =
        joining
        |> until
            hour
            (fun world ->
                Assert.That(leads world)
                PdWorld.memberState "pd-2" world = Some ProcessState.Running)
            now

    at - now |> between 0.25 0.4

[<Test>]
let ``of two joins at the same time one exits`` () =
    let world =
        one
        |> PdWorld.startMember t0 (join "pd-1")
        |> PdWorld.startMember t0 (join "pd-2")
        |> PdWorld.advance (t0 + 100L)

    match PdWorld.memberState "pd-2" world with
    | Some(ProcessState.Exited(1, message)) ->
        Assert.That(message, Does.Match "there is a member [0-9]+ that has not joined successfully")
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a join within five seconds of another finds the cluster unhealthy`` () =
    let world = one |> PdWorld.startMember t0 (join "pd-1")

    let joined =
        world
        |> until hour (fun world -> PdWorld.memberState "pd-1" world = Some ProcessState.Running) t0

    let world = PdWorld.advance joined world |> PdWorld.startMember joined (join "pd-2")
    let third = PdWorld.advance (joined + 1000L) world
    // the second has been reachable since it began to wait for quorum
    PdWorld.memberState "pd-2" third |> shouldBe (Some ProcessState.Running)
    let now = joined + 1000L
    let fourth = PdWorld.startMember now (join "pd-3") third |> PdWorld.advance (now + 1000L)

    PdWorld.memberState "pd-3" fourth
    |> shouldBe (Some(ProcessState.Exited(1, "etcdserver: unhealthy cluster")))
