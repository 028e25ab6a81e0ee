module Tikv.Core.Tests.Instance.RepairTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

// ---- stuck Pods

let private stopping seconds =
    withPod (fun pod -> {
        pod with
            Ready = false
            Meta = { pod.Meta with DeletionTimestamp = Some(ago seconds) }
    })

let private onNode sighting (observed: Observed) = { observed with Node = sighting }

let private node ready taints =
    Sighting.Known {
        Meta = meta "node-1" "node-uid"
        Ready = ready
        ReadySince = ago 600
        Unschedulable = false
        Taints = taints
    }

let private outOfService = [ "node.kubernetes.io/out-of-service", "NoExecute" ]

/// The name of each action, and why.
let private forced (observed: Observed) =
    (decide observed).Actions
    |> List.choose (fun action ->
        match action with
        | ForceRemovePod(pod, why, _) -> Some(pod.Uid, why)
        | _ -> None)

[<Test>]
let ``a Pod that is stuck on a node that is gone is removed by force, after Kubernetes had its turn`` () =
    for observed in [ pd; tikv ] do
        let uid = (podMeta observed).Uid

        forced (observed |> stopping 60 |> onNode Sighting.Absent)
        |> shouldBe [ uid, "NodeGone" ]

        forced (observed |> stopping 59 |> onNode Sighting.Absent) |> shouldBe []
        forced (observed |> onNode Sighting.Absent) |> shouldBe []

[<Test>]
let ``a Pod that is stuck on a node out of service is removed by force`` () =
    forced (tikv |> stopping 60 |> onNode (node false outOfService))
    |> shouldBe [ (podMeta tikv).Uid, "NodeOutOfService" ]

[<Test>]
let ``a node that is merely not ready is no ground to remove a Pod by force`` () =
    for sighting in [ node false []; node true outOfService; Sighting.Unknown ] do
        forced (tikv |> stopping 100_000 |> onNode sighting) |> shouldBe []

[<Test>]
let ``also the Pod of an instance that is being deleted is not waited for on a node that is gone`` () =
    forced (deleting (tikv |> stopping 60 |> onNode Sighting.Absent))
    |> shouldBe [ (podMeta tikv).Uid, "NodeGone" ]

[<Test>]
let ``a Pod of somebody else is not removed, wherever it is stuck`` () =
    forced (tikv |> stopping 60 |> onNode Sighting.Absent |> foreignPod)
    |> shouldBe []

[<Test>]
let ``the law forbids force without a lost node`` () =
    match (decide (tikv |> stopping 60 |> onNode Sighting.Absent)).Actions with
    | [ ForceRemovePod _ ] as actions ->
        Lint.instance (tikv |> stopping 60 |> onNode Sighting.Absent) actions
        |> shouldBe []

        for sighting in [ node false []; Sighting.Unknown ] do
            Assert.That(
                Lint.instance (tikv |> stopping 60 |> onNode sighting) actions,
                Has.Some.Contains "I09"
            )

        Assert.That(Lint.instance (tikv |> onNode Sighting.Absent) actions, Is.Not.Empty)
    | other -> Assert.Fail $"%A{other}"

// ---- disks

let private drained index = withLeaders index 0

let private removals (observed: Observed) =
    (decide observed).Actions
    |> List.choose (fun action ->
        match action with
        | RemoveStore(id, _, _, _) -> Some id
        | _ -> None)

[<Test>]
let ``a store whose disk is gone leaves PD before the instance starts anew`` () =
    let observed = tikv |> lostDisk |> down 2 |> drained 2 |> withoutPod
    removals observed |> shouldBe [ storeId 2 ]
    Lint.instance observed (decide observed).Actions |> shouldBe []

    match (decide (observed |> removing 2)).Waiting with
    | DiskLost id :: _ -> id |> shouldBe (storeId 2)
    | other -> Assert.Fail $"%A{other}"

    decide (observed |> tombstone 2)
    |> shouldBe (act [ CreatePod(ok (Rules.podBody observed)) ])

[<Test>]
let ``a new claim that says that it holds the data of the store is no lost disk`` () =
    let observed = tikv |> recordedOn "the claim before" |> down 2 |> drained 2 |> withoutPod

    match decide observed with
    | { Actions = [ CreatePod _ ]; Waiting = [] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``an empty directory on the recorded disk is no evidence: it may be a mount that is missing`` () =
    let (Uid uid) = tikv.Claims["data-basic-tikv-2"].Meta.Uid

    let observed =
        tikv
        |> recordedOn uid
        |> down 2
        |> drained 2
        |> withPod (fun pod -> {
            pod with
                Ready = false
                Running = false
                LastEnd =
                    Some {
                        Reason = "Error"
                        ExitCode = 1
                        Message = "duplicated store address: id:9, already registered by id:3"
                    }
        })

    removals observed |> shouldBe []

    match (decide observed).Waiting with
    | ProcessEnded(Death.DuplicateStore holder) :: _ -> holder |> shouldBe (Some(storeId 2))
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a store that PD hears from is not removed for a claim that is another`` () =
    removals (tikv |> lostDisk |> drained 2 |> withoutPod) |> shouldBe []

[<Test>]
let ``a store whose disk is gone stays while too few others live, or PD is silent`` () =
    let observed = tikv |> lostDisk |> down 2 |> drained 2 |> withoutPod

    let few =
        observed
        |> withFacts (fun facts -> { facts with Stores = List.truncate 3 facts.Stores })

    (decide few).Waiting |> shouldBe [ DiskLost(storeId 2); StoresTooFew(2, 3) ]

    removals (silent observed) |> shouldBe []
    removals (observed |> down 0 |> down 1) |> shouldBe []

[<Test>]
let ``a member whose disk is gone leaves PD before it joins anew`` () =
    let removed (observed: Observed) =
        (decide observed).Actions
        |> List.choose (fun action ->
            match action with
            | RemoveMember(id, _, _, _) -> Some id
            | _ -> None)

    let observed = pd |> lostDisk |> unhealthy 1
    removed observed |> shouldBe [ memberId 1 ]
    Lint.instance observed (decide observed).Actions |> shouldBe []
    removed (pd |> lostDisk) |> shouldBe []
    removed (pd |> unhealthy 1) |> shouldBe []
    removed (observed |> unhealthy 2) |> shouldBe []
    removed (silent observed) |> shouldBe []

[<Test>]
let ``the disk of a store is recorded with its id, and with no other`` () =
    let claim observed =
        let _, now = Report.status observed (decide observed)

        Json.itemsAt [ "volumes" ] now
        |> List.filter (fun volume -> (Json.stringAt [ "dataOf" ] volume).IsSome)
        |> List.tryPick (Json.stringAt [ "claimUid" ])

    let never = withTikvRole (fun (spec, status) -> spec, { status with Id = None })
    claim (never tikv) |> shouldBe (Some "data-basic-tikv-2-uid")
    claim (unlabelled (never tikv)) |> shouldBe (Some "data-basic-tikv-2-uid")
    claim (tikv |> lostDisk |> down 2) |> shouldBe (Some "an earlier volume")
    claim (tikv |> unlabelled |> down 2) |> shouldBe None
    claim (unlabelled tikv) |> shouldBe (Some "data-basic-tikv-2-uid")

// ---- tombstones

let private emptied index =
    withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun one ->
                    if one.Id = storeId index then { one with Regions = 0; Leaders = 0 } else one)
    })

[<Test>]
let ``a process on the data of a removed store ends, and is not started again`` () =
    let observed = tikv |> tombstone 2 |> emptied 2

    match (decide observed).Actions with
    | [ RemovePod(pod, "StoreTombstone", _) ] -> pod.Uid |> shouldBe (podMeta tikv).Uid
    | other -> Assert.Fail $"%A{other}"

    decide (withoutPod observed) |> shouldBe (wait [ StoreTombstoned(storeId 2) ])

[<Test>]
let ``a store that PD buried with regions on it is only reported`` () =
    let buried =
        tikv
        |> tombstone 2
        |> withFacts (fun facts -> {
            facts with
                Stores =
                    facts.Stores
                    |> List.map (fun one -> if one.Id = storeId 2 then { one with Regions = 4 } else one)
        })

    decide buried |> shouldBe (wait [ StoreTombstoned(storeId 2) ])

[<Test>]
let ``data of another cluster is left untouched, and said to need a person`` () =
    let observed =
        tikv
        |> withPod (fun pod -> {
            pod with
                Ready = false
                Running = false
                LastEnd =
                    Some {
                        Reason = "Error"
                        ExitCode = 1
                        Message = "cluster ID mismatch, local 1 != remote 2"
                    }
        })

    let decision = decide observed
    decision.Actions |> shouldBe []
    decision.Waiting |> List.map Reason.code |> shouldBe [ "WrongClusterId" ]
    let _, now = Report.status observed decision

    Json.itemsAt [ "conditions" ] now
    |> List.exists (fun one ->
        Json.stringAt [ "type" ] one = Some ConditionType.Stalled
        && Json.stringAt [ "reason" ] one = Some "WrongClusterId")
    |> shouldBe true
