module Tikv.Core.Tests.Cluster.SuspensionTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Cluster
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Cluster.Given

let private tikvAsleep = withGroup Kind.TiKVGroup (asleepAt 1L)
let private pdAsleep = withGroup Kind.PDGroup (asleepAt 1L)

[<Test>]
let ``TiKV stops first, then PD, and then the cluster sleeps`` () =
    decide (suspended basic)
    |> shouldBe (wait [ Suspending [ "basic-pd"; "basic-tikv" ] ])

    decide (basic |> suspended |> tikvAsleep)
    |> shouldBe (act [ RecordStopped [ Component.TiKV ] ])

    let half = basic |> suspended |> tikvAsleep |> stopped [ Component.TiKV ]
    decide half |> shouldBe (wait [ Suspending [ "basic-pd" ] ])
    decide (half |> pdAsleep |> silent) |> shouldBe (wait [ Suspended ])

[<Test>]
let ``what groups said of an earlier suspension does not count`` () =
    let observed = basic |> suspended |> tikvAsleep

    decide { observed with Meta = { observed.Meta with Generation = 3L } }
    |> shouldBe (wait [ Suspending [ "basic-pd"; "basic-tikv" ] ])

[<Test>]
let ``PD starts first, and TiKV once it answers`` () =
    let waking = stopped [ Component.TiKV ] basic
    decide (silent waking) |> shouldBe (wait [ Resuming "no leader" ])

    match decide { waking with Pd = PdView.Unasked } with
    | { Actions = []; Waiting = [ Resuming _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

    decide waking |> shouldBe (act [ RecordStopped [] ])

[<Test>]
let ``another PD that answers wakes no store`` () =
    basic
    |> stopped [ Component.TiKV ]
    |> withFacts (fun facts -> { facts with ClusterId = ClusterId 9UL })
    |> decide
    |> shouldBe (wait [ AnotherCluster(ClusterId 9UL, basic.Status.Id.Value) ])

// ---- status

let private said (observed: Observed) : ClusterStatus =
    match
        Report.status observed (decide observed)
        |> snd
        |> Codec.decode<ClusterStatus> [ "status" ]
    with
    | Ok status -> status
    | Error problems -> failwith $"%A{problems}"

let private told name observed =
    (said observed).Conditions
    |> Condition.tryFind name
    |> Option.map (fun one -> one.Status, one.Reason)

[<Test>]
let ``a cluster is Suspended when no Pod is left, and says so on the way there and back`` () =
    let told = told ConditionType.Suspended
    told basic |> shouldBe None

    told (suspended basic)
    |> shouldBe (Some(ConditionStatus.False, ConditionReason.Suspending))

    told (basic |> suspended |> stopped [ Component.TiKV ] |> tikvAsleep |> pdAsleep)
    |> shouldBe (Some(ConditionStatus.True, ConditionReason.UserRequested))

    told (basic |> stopped [ Component.TiKV ] |> silent)
    |> shouldBe (Some(ConditionStatus.False, ConditionReason.Resuming))

[<Test>]
let ``Progressing says what work is in progress`` () =
    let told = told ConditionType.Progressing

    told basic
    |> shouldBe (Some(ConditionStatus.False, ConditionReason.AllUpToDate))

    told (deleting basic)
    |> shouldBe (Some(ConditionStatus.True, ConditionReason.ClusterDeletion))

    told (withoutId { basic with Pd = PdView.Unasked })
    |> shouldBe (Some(ConditionStatus.True, ConditionReason.ClusterCreation))

    told (basic |> withGroup Kind.TiKVGroup (notReady "why"))
    |> shouldBe (Some(ConditionStatus.True, ConditionReason.Waiting))

    told (paused basic)
    |> shouldBe (Some(ConditionStatus.False, ConditionReason.Paused))

let private second (observed: Observed) ready =
    let pd = observed.Groups |> List.find (fun group -> group.Kind = Kind.PDGroup)

    let another = {
        pd with
            Meta = { pd.Meta with Name = "a-pd"; Uid = Uid "a-pd-uid" }
            Status = { pd.Status with ReadyReplicas = ready }
    }

    {
        observed with
            Groups = another :: observed.Groups
            PdUrls = "http://a-pd.default:2379" :: observed.PdUrls
            Status = { observed.Status with Pd = Some "http://basic-pd.default:2379" }
    }

[<Test>]
let ``the address of PD follows the groups that live`` () =
    let own, other = Some "http://basic-pd.default:2379", Some "http://a-pd.default:2379"
    (said basic).Pd |> shouldBe own
    (said (second basic 3)).Pd |> shouldBe own

    let leaving =
        withGroup Kind.PDGroup (fun group -> if group.Meta.Name = "basic-pd" then ending group else group)

    (said (second basic 3 |> leaving)).Pd |> shouldBe other
    (said (second basic 0 |> leaving)).Pd |> shouldBe other

    (said { second basic 3 with Groups = []; PdUrls = [] }).Pd |> shouldBe own

[<Test>]
let ``the gates that hold groups up stand at the Cluster`` () =
    let gate: BlockedBy = {
        Gate = Gate.VersionPath
        Object = "TiKVGroup/basic-tikv"
        Since = "2026-03-01T12:00:00Z"
        Message = "PD first"
        RetryAt = None
        Override = None
    }

    basic
    |> withGroup Kind.TiKVGroup (fun group -> {
        group with
            Status = { group.Status with BlockedBy = [ gate ] }
    })
    |> said
    |> _.BlockedBy
    |> shouldBe [ gate ]

[<Test>]
let ``the feature gates that are on are told with their stage`` () =
    {
        basic with
            Spec = {
                basic.Spec with
                    FeatureGates = [
                        { Name = Feature.FeatureModification }
                        { Name = Feature.UseTiKVReadyAPI }
                    ]
            }
    }
    |> said
    |> _.FeatureGates
    |> shouldBe [
        { Name = Feature.FeatureModification; Stage = FeatureStage.STABLE }
        { Name = Feature.UseTiKVReadyAPI; Stage = FeatureStage.ALPHA }
    ]
