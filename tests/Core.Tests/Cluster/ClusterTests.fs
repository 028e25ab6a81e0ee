module Tikv.Core.Tests.Cluster.ClusterTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Cluster
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Cluster.Given

module One = Tikv.Core.Tests.Instance.Given

[<Test>]
let ``a cluster that is as desired is left alone`` () = decide basic |> shouldBe settled

[<Test>]
let ``the finalizer stands before anything else`` () =
    { basic with Meta = { basic.Meta with Finalizers = [] } }
    |> decide
    |> shouldBe (act [ AddFinalizer ])

[<Test>]
let ``the id that PD gave is recorded once`` () =
    decide (withoutId basic)
    |> shouldBe (act [ RecordId(One.clusterId, Some "http://basic-pd.default:2379") ])

[<Test>]
let ``PD that answers with another id is not this cluster`` () =
    basic
    |> withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL })
    |> decide
    |> shouldBe (wait [ AnotherCluster(ClusterId 9UL, One.clusterId) ])

[<Test>]
let ``a disruption whose holder is gone holds nobody up`` () =
    let held = withDisruption basic
    decide held |> shouldBe settled
    decide { held with HolderExists = false } |> shouldBe (act [ VoidDisruption ])

[<Test>]
let ``a disruption of several is left to those of its holders that exist`` () =
    let other: DisruptionHolder = {
        Kind = Component.TiKV
        Name = "basic-tikv-5"
        Uid = Uid "five"
        Since = One.ago 3
    }

    let alone = (withDisruption basic).Status.Disruption.Value
    let shared = { alone with Others = [ other ]; Domain = Some { Label = "zone"; Value = "c" } }
    let held = { basic with Status = { basic.Status with Disruption = Some shared } }
    decide held |> shouldBe settled

    decide { held with OthersGone = Set [ Uid "five" ] }
    |> shouldBe (act [ CutDisruption alone ])

    decide { held with HolderExists = false }
    |> shouldBe (act [ CutDisruption { alone with Name = other.Name; Uid = other.Uid; Since = other.Since } ])

    decide { held with HolderExists = false; OthersGone = Set [ Uid "five" ] }
    |> shouldBe (act [ VoidDisruption ])

    Lint.cluster held [ CutDisruption alone ]
    |> shouldBe [ "only those that are gone lose their part of the disruption (law 3)" ]

[<Test>]
let ``a paused cluster is left alone, deletion included`` () =
    for observed in [ basic; withoutId basic; deleting basic ] do
        decide (paused observed) |> shouldBe (wait [ Paused ])

[<Test>]
let ``a cluster waits for its components`` () =
    decide { basic with Groups = []; Pd = PdView.Unasked }
    |> shouldBe (wait [ NoPdGroup; NoTikvGroup; PdNotAsked ])

[<Test>]
let ``all that is missing is told, in one order`` () =
    basic
    |> silent
    |> withGroup Kind.TiKVGroup (notReady "waiting for basic-tikv-1")
    |> decide
    |> shouldBe (wait [ PdSilent "no leader"; GroupsNotReady [ "basic-tikv", "waiting for basic-tikv-1" ] ])

[<Test>]
let ``a group speaks for itself only once it has seen its present generation`` () =
    basic
    |> withGroup Kind.PDGroup (fun group -> { group with Meta = { group.Meta with Generation = 2L } })
    |> decide
    |> shouldBe (wait [ GroupsNotReady [ "basic-pd", "it serves" ] ])

[<Test>]
let ``TiKV is deleted before PD, and the Cluster last`` () =
    let observed = deleting basic
    let group kind = observed.Groups |> List.find (fun group -> group.Kind = kind)
    let pd, tikv = group Kind.PDGroup, group Kind.TiKVGroup

    decide observed
    |> shouldBe {
        Actions = [ DeleteGroup(Kind.TiKVGroup, tikv.Meta) ]
        Waiting = [ GroupsRemain [ "basic-tikv" ] ]
    }

    decide { observed with Groups = [ pd; ending tikv ] }
    |> shouldBe (wait [ GroupsRemain [ "basic-tikv" ] ])

    decide { observed with Groups = [ pd ] }
    |> shouldBe {
        Actions = [ DeleteGroup(Kind.PDGroup, pd.Meta) ]
        Waiting = [ GroupsRemain [ "basic-pd" ] ]
    }

    decide { observed with Groups = [] } |> shouldBe (act [ RemoveFinalizer ])

[<Test>]
let ``a cluster is deleted without PD`` () =
    decide { silent (deleting basic) with Groups = [] }
    |> shouldBe (act [ RemoveFinalizer ])

// ---- status

let private said (observed: Observed) : ClusterStatus =
    match
        Report.status observed (decide observed)
        |> snd
        |> Codec.decode<ClusterStatus> [ "status" ]
    with
    | Ok status -> status
    | Error problems -> failwith $"%A{problems}"

let private conditions observed =
    let status = said observed

    Condition.status ConditionType.Ready status.Conditions,
    Condition.status ConditionType.Available status.Conditions

let private yes, no, unknown = ConditionStatus.True, ConditionStatus.False, ConditionStatus.Unknown

[<Test>]
let ``what a cluster says of itself is honest`` () =
    conditions basic |> shouldBe (yes, yes)
    conditions (silent basic) |> shouldBe (unknown, unknown)
    conditions { basic with Pd = PdView.Unasked } |> shouldBe (no, no)

    conditions (basic |> withGroup Kind.TiKVGroup (notReady ""))
    |> shouldBe (no, yes)

    conditions (basic |> withFacts (fun facts -> { facts with Stores = [] }))
    |> shouldBe (yes, no)

[<Test>]
let ``a cluster becomes Ready only when every instance is, and stays so while a group is`` () =
    let restarting =
        basic
        |> withGroup Kind.PDGroup (fun group -> {
            group with
                Status = { group.Status with ReadyReplicas = group.Replicas - 1 }
        })

    let having conditions (observed: Observed) = {
        observed with
            Status = { observed.Status with Conditions = conditions }
    }

    conditions (restarting |> having []) |> fst |> shouldBe no
    conditions (restarting |> having (said basic).Conditions) |> fst |> shouldBe yes

/// Not Ready before, and what PD says of one store and one member.
let private anew store healthy (observed: Observed) =
    { observed with Status = { observed.Status with Conditions = [] } }
    |> withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun one -> if one.Id = One.storeId 1 then store one else one)
            Members =
                facts.Members
                |> List.map (fun one ->
                    if one.Name = "basic-pd-2" then { one with Healthy = healthy } else one)
    })

[<Test>]
let ``a cluster becomes Ready only when what PD lists of it serves, whatever its groups said before`` () =
    let disconnected (store: Store) = { store with StateName = "Disconnected" }
    let leaving (store: Store) = { store with StateName = "Offline"; NodeState = NodeState.Removing }
    let silent = basic |> anew disconnected true

    decide silent |> shouldBe (wait [ ProcessesNotServing [ "basic-tikv-1" ] ])

    decide (basic |> anew id false)
    |> shouldBe (wait [ ProcessesNotServing [ "basic-pd-2" ] ])

    decide (basic |> anew id true) |> shouldBe settled
    decide (basic |> anew leaving true) |> shouldBe settled
    decide { silent with TikvPods = Set.empty } |> shouldBe settled

    { silent with Status = said basic } |> decide |> shouldBe settled

    conditions silent |> fst |> shouldBe no

/// Which stores are down, of three replicas; whether every region can be sure of its quorum.
[<TestCase("", true)>]
[<TestCase("0", true)>]
[<TestCase("01", false)>]
let ``a cluster is available while no region can have lost its quorum`` (ill: string) available =
    basic
    |> withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun store ->
                    if ill |> Seq.exists (fun index -> One.storeId (int index - int '0') = store.Id) then
                        { store with StateName = "Down" }
                    else
                        store)
    })
    |> conditions
    |> snd
    |> shouldBe (if available then yes else no)

[<Test>]
let ``stores on their way out are not counted as down`` () =
    let leaving =
        basic
        |> withFacts (fun facts -> {
            facts with
                Stores =
                    facts.Stores
                    @ [
                        for index in 4..5 ->
                            {
                                One.store index with
                                    StoreState = StoreState.Offline
                                    NodeState = NodeState.Removing
                                    StateName = "Offline"
                            }
                    ]
        })

    conditions leaving |> shouldBe (yes, yes)
    (said leaving).StoresUp |> shouldBe (Some "4/4")

[<Test>]
let ``a silent PD leaves the last counts standing`` () =
    { silent basic with Status = { basic.Status with StoresUp = Some "4/4" } }
    |> said
    |> _.StoresUp
    |> shouldBe (Some "4/4")

[<Test>]
let ``a group that cannot be read is named, and is not taken for missing`` () =
    let only kind observed = {
        observed with
            Groups = observed.Groups |> List.filter (fun group -> group.Kind = kind)
    }

    decide (only Kind.TiKVGroup basic) |> shouldBe (wait [ NoPdGroup ])

    let unreadable kind observed = {
        observed with
            Groups = observed.Groups |> List.filter (fun group -> group.Kind <> kind)
            Unreadable = [
                for group in observed.Groups do
                    if group.Kind = kind then
                        kind, group.Meta
            ]
    }

    unreadable Kind.PDGroup basic
    |> decide
    |> shouldBe (wait [ GroupUnreadable "basic-pd" ])

    // PD does not stop, and does not go, before stores of which nobody knows
    let asleep = basic |> suspended |> withGroup Kind.TiKVGroup (asleepAt 1L)
    Assert.That((decide asleep).Actions, Is.Not.Empty)
    (decide (unreadable Kind.TiKVGroup asleep)).Actions |> shouldBe []

    (decide (deleting basic |> unreadable Kind.TiKVGroup)).Actions
    |> shouldBe [
        for group in basic.Groups do
            if group.Kind = Kind.TiKVGroup then
                DeleteGroup(group.Kind, group.Meta)
    ]

let private degraded observed =
    (said observed).Conditions
    |> Condition.tryFind ConditionType.Degraded
    |> Option.map (fun one -> one.Status, one.Reason, one.Message)

[<Test>]
let ``a cluster is degraded as its groups are, and as PD says of its stores`` () =
    let ill (group: GroupView) : GroupView = {
        group with
            Status = {
                group.Status with
                    Conditions =
                        group.Status.Conditions
                        |> Condition.set
                            One.clock
                            1L
                            ConditionType.Degraded
                            ConditionStatus.True
                            ConditionReason.StoreDown
                            "basic-tikv-0 is down"
            }
    }

    let down indexes =
        withFacts (fun facts -> {
            facts with
                Stores =
                    facts.Stores
                    |> List.mapi (fun index store ->
                        if List.contains index indexes then
                            { store with StateName = "Disconnected" }
                        else
                            store)
        })

    let lacking = "2 of 4 stores are up: some regions may have no quorum"
    let degradedBy reason message = Some(ConditionStatus.True, reason, message)

    degraded basic |> shouldBe None
    degraded (basic |> down [ 0 ]) |> shouldBe None

    degraded (basic |> withGroup Kind.TiKVGroup ill)
    |> shouldBe (degradedBy ConditionReason.StoreDown "basic-tikv: basic-tikv-0 is down")

    degraded (basic |> down [ 0; 1 ])
    |> shouldBe (degradedBy ConditionReason.RegionsWithoutQuorum lacking)

    degraded (basic |> withGroup Kind.TiKVGroup ill |> down [ 0; 1 ])
    |> shouldBe (
        degradedBy ConditionReason.RegionsWithoutQuorum (lacking + "; basic-tikv: basic-tikv-0 is down")
    )

    for purpose in [ suspended; deleting; stopped [ Component.TiKV ] ] do
        degraded (basic |> down [ 0; 1 ] |> purpose) |> shouldBe None

[<Test>]
let ``a cluster is not degraded by a restart on purpose alone`` () =
    let single =
        withFacts (fun facts -> {
            facts with
                MaxReplicas = 1
                Stores =
                    facts.Stores
                    |> List.map (fun store ->
                        if store.Address.StartsWith("basic-tikv-2.", System.StringComparison.Ordinal) then
                            { store with StateName = "Disconnected" }
                        else
                            store)
        })

    (degraded (basic |> single)).IsSome |> shouldBe true
    degraded (basic |> single |> withDisruption) |> shouldBe None

[<Test>]
let ``members and stores that no instance stands for are told, and those that are gone are not`` () =
    let unmanaged observed =
        let status = said observed

        status.Unmanaged |> List.map (fun one -> one.Kind, one.Id, one.Address),
        status.Conditions
        |> Condition.tryFind ConditionType.Unmanaged
        |> Option.map (fun one -> one.Status, one.Reason, one.Message)

    let member' = { One.memberFact 3 with Name = ""; PeerUrls = [ "http://stranger.example:2380" ] }

    let store = { One.store 5 with Address = "stranger.example:20160" }
    let removed = { One.store 6 with Address = "former:20160"; NodeState = NodeState.Removed }

    let strange =
        basic
        |> withFacts (fun facts -> {
            facts with
                Members = facts.Members @ [ member' ]
                Stores = facts.Stores @ [ store; removed ]
        })

    let idOf (one: MemberFact) =
        let (MemberId id) = one.Id
        string id

    unmanaged basic |> shouldBe ([], None)

    let told = [
        Component.PD, idOf member', "http://stranger.example:2380"
        Component.TiKV, "6", "stranger.example:20160"
    ]

    let why =
        "PD lists 1 member and 1 store that no instance of this cluster stands for, which the operator leaves alone: "
        + "http://stranger.example:2380, stranger.example:20160"

    unmanaged strange
    |> shouldBe (told, Some(ConditionStatus.True, ConditionReason.NoInstance, why))

    // What was said stands while PD says nothing.
    let told = { strange with Status = said strange }
    (unmanaged (silent told) |> fst).Length |> shouldBe 2
    unmanaged { told with Pd = basic.Pd } |> shouldBe ([], None)

[<Test>]
let ``a member that has half joined belongs to the instance whose Pod it listens at`` () =
    let half = { One.memberFact 2 with Name = "" }

    let joining =
        basic
        |> withFacts (fun facts -> { facts with Members = [ One.memberFact 0; One.memberFact 1; half ] })

    (said joining).Unmanaged |> shouldBe []

[<Test>]
let ``the state in one word`` () =
    let word observed = (said observed).Summary

    [
        word basic
        word (paused basic)
        word (suspended basic)
        word (deleting basic)
        word (silent basic)
        word (withoutId { basic with Pd = PdView.Unasked })
        word (basic |> withGroup Kind.TiKVGroup (notReady ""))
    ]
    |> shouldBe (
        [
            Summary.Healthy
            Summary.Paused
            Summary.Suspended
            Summary.Deleting
            Summary.Unavailable
            Summary.Creating
            Summary.Degraded
        ]
        |> List.map Some
    )

[<Test>]
let ``a cluster whose groups serve says Rolling until they are as specified`` () =
    let rolling (group: GroupView) : GroupView = {
        group with
            Status = {
                group.Status with
                    Summary = Some Summary.Rolling
                    Conditions =
                        group.Status.Conditions
                        |> Condition.set
                            One.clock
                            group.Meta.Generation
                            ConditionType.Synced
                            ConditionStatus.False
                            ConditionReason.Waiting
                            ""
            }
    }

    let status = said (basic |> withGroup Kind.TiKVGroup rolling)

    (Condition.isTrue ConditionType.Ready status.Conditions, status.Summary)
    |> shouldBe (true, Some Summary.Rolling)

[<Test>]
let ``id and disruption are written by actions, never with the status`` () =
    let status = said (withoutId (withDisruption basic))

    (status.Id, status.Disruption)
    |> shouldBe (None, (withDisruption basic).Status.Disruption)
