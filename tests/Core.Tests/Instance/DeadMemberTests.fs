module Tikv.Core.Tests.Instance.DeadMemberTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private newcomer =
    barePd 3
    |> withPdRole (fun (spec, status) -> { spec with InitialCluster = [] }, { status with Id = None })
    |> fun observed -> { observed with Claims = (built observed).Claims; Config = Some(configOf observed) }

let private withMore members = withFacts (fun facts -> { facts with Members = facts.Members @ members })

let private halfJoined index = { memberFact index with Name = ""; ClientUrls = []; Healthy = false }

let private only index (observed: Observed) = {
    observed with
        Peers = observed.Peers |> Map.remove $"basic-pd-%d{index}"
}

let private removes id observed =
    match decide observed with
    | { Actions = [ RemoveMember(removed, _, _, _) ]; Waiting = [] } when removed = id ->
        Lint.instance observed (decide observed).Actions |> shouldBe []
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a new member joins only while all others are healthy`` () =
    match decide newcomer with
    | { Actions = [ CreatePod _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

    decide (unhealthy 2 newcomer)
    |> shouldBe (wait [ MembersUnhealthy [ "basic-pd-2" ] ])

    decide (newcomer |> withMore [ halfJoined 4 ])
    |> shouldBe (wait [ MembersUnhealthy (halfJoined 4).PeerUrls ])

[<Test>]
let ``a member that has half joined goes on with it under its peer URL`` () =
    match decide (newcomer |> withMore [ halfJoined 3 ]) with
    | { Actions = [ CreatePod _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a half-joined member whose instance is there is waited for`` () =
    decide (pdLeader |> withMore [ halfJoined 3 ]) |> shouldBe settled

[<Test>]
let ``a half-joined or dead member without an instance is removed by the leader's instance, by its id`` () =
    pdLeader |> withMore [ halfJoined 3 ] |> only 3 |> removes (memberId 3)
    let dead = { memberFact 3 with Healthy = false }
    pdLeader |> withMore [ dead ] |> only 3 |> removes (memberId 3)
    decide (pd |> withMore [ dead ] |> only 3) |> shouldBe settled
    decide (pdLeader |> withMore [ memberFact 3 ] |> only 3) |> shouldBe settled

[<Test>]
let ``a member that was not made by the operator is left alone`` () =
    let foreign = { halfJoined 3 with PeerUrls = [ "http://10.0.0.9:2380" ] }

    decide (pdLeader |> withMore [ foreign ] |> only 3) |> shouldBe settled
