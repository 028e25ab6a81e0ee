module Tikv.Core.Tests.Group.FailoverTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Group
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Group.Given

module One = Tikv.Core.Tests.Instance.Given

let private enabled change =
    withSettings (fun settings -> {
        settings with
            Failover = change { settings.Failover with Enabled = true }
    })

/// Four stores of three replicas; another is added when one has been down for 30 min.
let private four = bareTikv |> replicas 4 |> enabled id |> built

let private withFacts change (observed: Observed) =
    match observed.Pd with
    | PdView.Answered facts -> { observed with Pd = PdView.Answered(change facts) }
    | PdView.Silent _
    | PdView.Unasked -> observed

let private minutes (value: float) = int64 (value * 60e9)

let private withStore index change =
    withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun one -> if one.Id = One.storeId index then change one else one)
    })

/// PD has not heard from the store for that many minutes, and calls it Down; the instance says that it does not serve.
let private down index silent observed =
    observed
    |> withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun one ->
                    if one.Id = One.storeId index then
                        one
                    else
                        { one with LastHeartbeat = Some(minutes 100_000.0) })
    })
    |> withStore index (fun one -> {
        one with
            StateName = "Down"
            LastHeartbeat = Some(minutes (100_000.0 - silent))
    })
    |> withInstance index (fun one -> {
        one with
            Ready = false
            ReadySince = ""
            Unready = Some(One.ago (int (silent * 60.0)))
            Settled = false
            Fails = true
            PodWord = PodWord.Down
    })

let private word index word = withInstance index (fun one -> { one with PodWord = word })

let private recorded (observed: Observed) =
    (decide observed).Actions
    |> List.tryPick (fun action ->
        match action with
        | RecordFailures(failures, event, _) ->
            Some(event, failures |> List.map (fun failure -> failure.Index, failure.Stage))
        | _ -> None)

let private failure index stage (observed: Observed) : Failure = {
    Index = index
    Uid = (metaOf index observed).Uid
    Since = One.ago 60
    Stage = stage
    Confirmations = 0
    ConfirmedAt = None
}

let private having index stage (observed: Observed) =
    let failure = failure index stage observed

    observed
    |> withStatus (fun status -> { status with Failures = status.Failures @ [ failure ] })

let private created (observed: Observed) =
    (decide observed).Actions
    |> List.choose (fun action ->
        match action with
        | CreateInstance(name, _) -> Some name
        | _ -> None)

let private codes (observed: Observed) = (decide observed).Waiting |> List.map Reason.code
let private started = Some("FailoverStarted", [ 2, FailureStage.Replacing ])

// ---- stores

[<Test>]
let ``a store that has been down for long enough is given a replacement`` () =
    let observed = four |> down 2 30.0
    recorded observed |> shouldBe started
    Lint.group observed (decide observed).Actions |> shouldBe []

    created (observed |> having 2 FailureStage.Replacing)
    |> shouldBe [ "basic-tikv-4" ]

[<Test>]
let ``so is one that will not serve again by itself`` () =
    four
    |> down 2 30.0
    |> withInstance 2 (fun one -> { one with Stalled = true })
    |> recorded
    |> shouldBe started

[<Test>]
let ``before that it is waited for`` () =
    recorded (four |> down 2 29.0) |> shouldBe None

    match (decide (four |> down 2 29.0)).Waiting with
    | FailoverPending("basic-tikv-2", _, left) :: _ -> left |> shouldBe (TimeSpan.FromMinutes 1.0)
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a store that is Down because PD's clock has jumped is waited for like any other`` () =
    let observed =
        four
        |> down 2 300.0
        |> withInstance 2 (fun one -> { one with Unready = Some(One.ago 10) })

    recorded observed |> shouldBe None

    match (decide observed).Waiting with
    | FailoverPending("basic-tikv-2", _, left) :: _ ->
        left |> shouldBe (TimeSpan.FromMinutes 30.0 - TimeSpan.FromSeconds 10L)
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``nothing is replaced that people have not asked to be replaced, and that is said`` () =
    let observed =
        four
        |> withSettings (fun settings -> {
            settings with
                Failover = { settings.Failover with Enabled = false }
        })

    recorded (observed |> down 2 300.0) |> shouldBe None
    Assert.That(codes (observed |> down 2 300.0), Does.Contain "InstanceDown")

[<Test>]
let ``while Kubernetes says that the Pod is ready, it must be down for twice as long`` () =
    let observed silent = four |> down 2 silent |> word 2 PodWord.Ready
    recorded (observed 59.0) |> shouldBe None
    recorded (observed 60.0) |> shouldBe started

[<Test>]
let ``a store that never served with its present template must be down for twice as long: the change may be the cause``
    ()
    =
    let observed silent =
        four
        |> down 2 silent
        |> withInstance 2 (fun one -> { one with Current = Some "older" })

    recorded (observed 59.0) |> shouldBe None
    recorded (observed 60.0) |> shouldBe started

[<Test>]
let ``a Pod that is pending is not replaced: another one would be pending too`` () =
    let observed = four |> down 2 300.0 |> word 2 PodWord.Pending
    recorded observed |> shouldBe None
    Assert.That(codes observed, Does.Contain "InstanceDown")

[<Test>]
let ``a Pod that is pending because its node is gone, or taken by another one, is replaced`` () =
    for code in [ "VolumeLost"; "NodeGone"; "NodeNotReady"; "VolumeNodeTaken" ] do
        four
        |> down 2 30.0
        |> word 2 PodWord.Pending
        |> withInstance 2 (fun one -> { one with Waits = Some(code, "") })
        |> recorded
        |> shouldBe started

[<Test>]
let ``in an outage nothing is replaced, and that is said`` () =
    let observed = four |> down 2 300.0 |> down 1 300.0
    recorded observed |> shouldBe None
    Assert.That(codes observed, Does.Contain "FailoverHeld")

[<Test>]
let ``while PD is silent, speaks for another cluster, or lacks most of its members, nothing is replaced`` () =
    let observed = four |> down 2 300.0
    recorded { observed with Pd = PdView.Silent "no leader" } |> shouldBe None
    recorded { observed with Pd = PdView.Unasked } |> shouldBe None

    recorded (observed |> withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL }))
    |> shouldBe None

    observed
    |> withFacts (fun facts -> {
        facts with
            Members = facts.Members |> List.map (fun one -> { one with Healthy = one.IsLeader })
    })
    |> recorded
    |> shouldBe None

[<Test>]
let ``a store that has not sent a heartbeat yet is not down`` () =
    four
    |> down 2 300.0
    |> withStore 2 (fun one -> { one with LastHeartbeat = None })
    |> recorded
    |> shouldBe None

[<Test>]
let ``a store that is Disconnected, however often, is not down`` () =
    four
    |> down 2 300.0
    |> withStore 2 (fun one -> { one with StateName = "Disconnected" })
    |> recorded
    |> shouldBe None

[<Test>]
let ``a jump of the operator's clock makes no store older`` () =
    let observed = four |> down 2 20.0
    recorded { observed with Clock = observed.Clock.AddHours 10.0 } |> shouldBe None

[<Test>]
let ``stores of other engines count for nothing`` () =
    let flash index =
        withStore index (fun one -> { one with StateName = "Down"; Labels = Map [ "engine", "tiflash" ] })

    recorded (four |> down 2 30.0 |> flash 0 |> flash 1) |> shouldBe started

[<Test>]
let ``no more are replaced at a time than maxReplacements`` () =
    let observed =
        bareTikv
        |> replicas 4
        |> enabled (fun failover -> { failover with MaxReplacements = 1 })
        |> built
        |> withSurplus [ 4 ]
        |> down 2 300.0

    recorded observed |> shouldBe started
    let next = observed |> notReady 1 |> having 1 FailureStage.Replacing
    recorded next |> shouldBe None
    Assert.That(codes next, Does.Contain "InstanceDown")

[<Test>]
let ``the next one is replaced when the replacement of the first serves`` () =
    // A store that was down for long holds no regions any more; PD forgets its silence once it is removed.
    let first = four |> down 2 300.0 |> having 2 FailureStage.Replacing
    let other = first |> notReady 1 |> notReady 0

    recorded (
        other
        |> withInstance 1 (fun one -> { one with Fails = true; PodWord = PodWord.Down })
    )
    |> shouldBe None

[<Test>]
let ``a failed one with a replacement is not counted twice`` () =
    let observed = four |> down 2 300.0 |> having 2 FailureStage.Replacing |> withSurplus [ 4 ]
    recorded observed |> shouldBe None
    created observed |> shouldBe []

[<Test>]
let ``a failed one that stays is said to need a person`` () =
    let observed = four |> down 2 300.0 |> having 2 FailureStage.Replacing |> withSurplus [ 4 ]
    Assert.That(codes observed, Does.Contain "FailedRemains")

[<Test>]
let ``with removeFailed the failed one goes once its replacement serves`` () =
    let observed =
        four
        |> enabled (fun failover -> { failover with RemoveFailed = true })
        |> down 2 300.0
        |> having 2 FailureStage.Replacing

    recorded (observed |> withSurplus [ 4 ])
    |> shouldBe (Some("FailedInstanceRetired", [ 2, FailureStage.Retiring ]))

    recorded (observed |> withSurplus [ 4 ] |> notReady 4) |> shouldBe None

[<Test>]
let ``one that is to go is taken offline, and nothing is made in its place a second time`` () =
    let observed = four |> down 2 300.0 |> having 2 FailureStage.Retiring |> withSurplus [ 4 ]
    let decision = decide observed
    created observed |> shouldBe []

    decision.Actions |> shouldBe [ takeOffline 2 observed ]

[<Test>]
let ``one that has come back for good stays, and its replacement is surplus`` () =
    let observed =
        four
        |> having 2 FailureStage.Replacing
        |> withSurplus [ 4 ]
        |> withInstance 2 (fun one -> { one with ReadySince = One.ago 120 })

    recorded observed |> shouldBe (Some("FailoverEnded", []))

[<Test>]
let ``one that has only just come back is not believed yet`` () =
    let observed =
        four
        |> having 2 FailureStage.Replacing
        |> withSurplus [ 4 ]
        |> withInstance 2 (fun one -> { one with ReadySince = One.ago 119 })

    recorded observed |> shouldBe None
    Assert.That(codes observed, Does.Contain "FailedReturns")

[<Test>]
let ``of the one that came back and its replacement the one with less data goes`` () =
    let observed =
        four
        |> having 2 FailureStage.Replacing
        |> withSurplus [ 4 ]
        |> withInstance 2 (fun one -> { one with ReadySince = One.ago 300 })
        |> withFacts (fun facts -> {
            facts with
                Stores = facts.Stores @ [ { One.store 4 with Regions = 15 } ]
        })

    recorded observed |> shouldBe (Some("FailoverEnded", []))

    observed
    |> withStore 2 (fun one -> { one with Regions = 3 })
    |> recorded
    |> shouldBe (Some("FailoverEnded", [ 2, FailureStage.Retiring ]))

[<Test>]
let ``a record ends with the instance that it speaks of`` () =
    for gone in
        [
            withoutInstance 2
            ending 2
            withInstance 2 (fun one -> { one with Meta = { one.Meta with Uid = Uid "next" } })
        ] do
        four
        |> having 2 FailureStage.Replacing
        |> withSurplus [ 4 ]
        |> gone
        |> recorded
        |> shouldBe (Some("FailoverEnded", []))

[<Test>]
let ``a pending replacement goes first when people want fewer stores`` () =
    let observed =
        four
        |> down 2 300.0
        |> having 2 FailureStage.Replacing
        |> withSurplus [ 4 ]
        |> notReady 4
        |> unregistered 4
        |> replicas 3

    (decide observed).Actions |> shouldBe [ delete 4 observed ]

[<Test>]
let ``a group with a store that is down says that it is degraded`` () =
    let condition observed =
        let _, now = Report.status observed (decide observed)

        Json.itemsAt [ "conditions" ] now
        |> List.tryFind (fun one -> Json.stringAt [ "type" ] one = Some ConditionType.Degraded)
        |> Option.bind (Json.stringAt [ "reason" ])

    condition (four |> down 2 300.0) |> shouldBe (Some ConditionReason.StoreDown)
    condition four |> shouldBe None

// ---- members

let private three = barePd |> enabled id |> built

let private ill index observed =
    observed
    |> withFacts (fun facts -> {
        facts with
            Members =
                facts.Members
                |> List.map (fun one ->
                    if one.Id = One.memberId index then { one with Healthy = false } else one)
    })
    |> withInstance index (fun one -> {
        one with
            Ready = false
            ReadySince = ""
            Fails = true
            PodWord = PodWord.Down
    })

let private confirmed index times seconds (observed: Observed) =
    let failure = {
        failure index FailureStage.Suspected observed with
            Confirmations = times
            ConfirmedAt = Some(One.ago seconds)
    }

    observed |> withStatus (fun status -> { status with Failures = [ failure ] })

let private confirmations (observed: Observed) =
    (decide observed).Actions
    |> List.tryPick (fun action ->
        match action with
        | RecordFailures(failures, _, _) ->
            failures
            |> List.map (fun failure -> failure.Stage, failure.Confirmations)
            |> List.tryHead
        | _ -> None)

/// The instance of that index holds the cluster's disruption.
let private restarted index (observed: Observed) : Observed =
    let one = observed.Instances[index]

    let change (cluster: Object<ClusterSpec, ClusterStatus>) : Object<ClusterSpec, ClusterStatus> = {
        cluster with
            Status = {
                cluster.Status with
                    Disruption =
                        Some {
                            Kind = Component.PD
                            Name = one.Meta.Name
                            Uid = one.Meta.Uid
                            Reason = "RollingUpdate"
                            Since = One.ago 5
                            Domain = None
                            Others = []
                        }
            }
    }

    let unready: InstanceView = { one with Unready = Some(One.ago 5) }

    {
        observed with
            Cluster = observed.Cluster |> Option.map change
            Instances = observed.Instances |> Map.add index unready
    }

[<Test>]
let ``a group is degraded by a member that is down, and not by one that is restarted on purpose`` () =
    let isDegraded observed =
        let _, now = Report.status observed (decide observed)

        Json.itemsAt [ "conditions" ] now
        |> List.exists (fun one -> Json.stringAt [ "type" ] one = Some ConditionType.Degraded)

    isDegraded (ill 1 three) |> shouldBe true
    isDegraded (ill 1 three |> restarted 1) |> shouldBe false
    isDegraded (ill 1 three |> restarted 2) |> shouldBe true

    let says observed = List.contains "InstanceDown" (codes observed)
    let alone = three |> enabled (fun failover -> { failover with Enabled = false })
    says (ill 1 alone) |> shouldBe true
    says (ill 1 alone |> restarted 1) |> shouldBe false
    says (ill 1 alone |> restarted 2) |> shouldBe true

[<Test>]
let ``a failed store that stays holds up no roll, and a pending replacement does: it would take the place of the next one``
    ()
    =
    let replaced =
        bareTikv
        |> enabled id
        |> replicas 5
        |> built
        |> replicas 4
        |> having 2 FailureStage.Replacing
        |> unproven 2
        |> outdated 0
        |> outdated 1

    (decide replaced).Actions |> shouldBe [ update 1 replaced ]

    let pending = replaced |> unregistered 4 |> unproven 4 |> word 4 PodWord.Pending
    (decide pending).Actions |> shouldBe []

[<Test>]
let ``a member that does not answer is suspected, and confirmed each tenth of downAfter`` () =
    confirmations (three |> ill 2) |> shouldBe (Some(FailureStage.Suspected, 0))
    confirmations (three |> ill 2 |> confirmed 2 3 179) |> shouldBe None

    confirmations (three |> ill 2 |> confirmed 2 3 180)
    |> shouldBe (Some(FailureStage.Suspected, 4))

[<Test>]
let ``a jump of the clock counts as one confirmation, and one backwards as none`` () =
    confirmations (three |> ill 2 |> confirmed 2 3 36_000)
    |> shouldBe (Some(FailureStage.Suspected, 4))

    confirmations (three |> ill 2 |> confirmed 2 3 -600)
    |> shouldBe (Some(FailureStage.Suspected, 3))

[<Test>]
let ``a member that was confirmed down often enough goes, before another is made`` () =
    let observed = three |> ill 2 |> confirmed 2 10 10

    recorded observed
    |> shouldBe (Some("FailoverStarted", [ 2, FailureStage.Retiring ]))

    let going = three |> ill 2 |> having 2 FailureStage.Retiring
    let decision = decide going
    Assert.That(decision.Actions, Does.Contain(delete 2 going))
    created going |> shouldBe []

[<Test>]
let ``while Kubernetes says that its Pod is ready, it takes twice as many`` () =
    let observed times = three |> ill 2 |> confirmed 2 times 10 |> word 2 PodWord.Ready
    recorded (observed 10) |> shouldBe None

    recorded (observed 20)
    |> shouldBe (Some("FailoverStarted", [ 2, FailureStage.Retiring ]))

[<Test>]
let ``a member that serves again is suspected no more, and one that only answers begins anew`` () =
    let well =
        three
        |> confirmed 2 7 200
        |> withInstance 2 (fun one -> { one with ReadySince = One.ago 1 })

    recorded well |> shouldBe (Some("FailoverEnded", []))

    confirmations (notReady 2 well) |> shouldBe (Some(FailureStage.Suspected, 0))

[<Test>]
let ``no member goes while most of the others are not healthy`` () =
    three |> ill 2 |> ill 1 |> confirmed 2 10 10 |> recorded |> shouldBe None

[<Test>]
let ``the Pod of a removed member, stuck on a lost node, does not hold up its successor`` () =
    let observed = three |> ending 2 |> notReady 2
    created observed |> shouldBe []

    observed
    |> withFacts (fun facts -> {
        facts with
            Members = facts.Members |> List.filter (fun one -> one.Id <> One.memberId 2)
    })
    |> created
    |> shouldBe [ "basic-pd-3" ]

[<Test>]
let ``the Pod of a removed member, stuck on a lost node, does not hold up the next that leaves`` () =
    let observed = three |> ending 2 |> notReady 2 |> replicas 1
    (decide observed).Actions |> shouldBe []

    let unlisted =
        observed
        |> withFacts (fun facts -> {
            facts with
                Members = facts.Members |> List.filter (fun one -> one.Id <> One.memberId 2)
        })

    (decide unlisted).Actions |> shouldBe [ delete 1 unlisted ]

[<Test>]
let ``the law forbids failover that is not asked for, in an outage, and beyond the limit`` () =
    let action (observed: Observed) = [
        RecordFailures([ failure 2 FailureStage.Replacing observed ], "FailoverStarted", "")
    ]

    let broken observed = Lint.group observed (action observed)
    broken (four |> down 2 30.0) |> shouldBe []
    Assert.That(broken (four |> down 2 30.0 |> down 1 30.0), Has.Some.Contains "outage")
    Assert.That(broken { four with Pd = PdView.Silent "x" }, Has.Some.Contains "I24")

    Assert.That(
        broken (four |> enabled (fun failover -> { failover with MaxReplacements = 0 })),
        Has.Some.Contains "allowed"
    )

    Assert.That(
        broken (
            four
            |> withSettings (fun settings -> {
                settings with
                    Failover = { settings.Failover with Enabled = false }
            })
        ),
        Has.Some.Contains "asked"
    )
