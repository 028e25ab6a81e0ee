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
