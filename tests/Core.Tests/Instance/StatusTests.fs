module Tikv.Core.Tests.Instance.StatusTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Api
open Tikv.Core.Tests.Instance.Given

let private json observed = Report.status observed (decide observed) |> snd
let private ofTikv observed = sound (Codec.decode<TiKVStatus> [ "status" ] (json observed))
let private ofPd observed = sound (Codec.decode<PDStatus> [ "status" ] (json observed))

/// Status, reason and message of a condition.
let private condition name observed =
    Json.itemsAt [ "conditions" ] (json observed)
    |> List.tryFind (fun one -> Json.stringAt [ "type" ] one = Some name)
    |> Option.map (fun one ->
        [ "status"; "reason"; "message" ]
        |> List.map (fun key -> Json.stringAt [ key ] one |> Option.defaultValue ""))

[<Test>]
let ``an instance that serves is Ready and Synced, and nothing else is to be told`` () =
    for observed in [ pd; tikv ] do
        condition "Ready" observed |> shouldBe (Some [ "True"; "Ready"; "it serves" ])

        condition "Synced" observed
        |> shouldBe (Some [ "True"; "AllUpToDate"; "everything is as the specification says" ])

        for name in [ "Reconciling"; "Stalled"; "Suspended"; "LeadersEvicted"; "Offlined" ] do
            condition name observed |> shouldBe None

[<Test>]
let ``while PD is silent, nobody knows whether an instance serves`` () =
    for observed in [ pd; tikv ] do
        condition "Ready" (silent observed)
        |> shouldBe (Some [ "Unknown"; "PDUnreachable"; "PD did not answer: no leader" ])

/// The status says since so many seconds that PD says that it does not serve.
let private lost seconds (observed: Observed) =
    let ready: Condition = {
        Type = ConditionType.Ready
        Status = ConditionStatus.False
        ObservedGeneration = 1L
        LastTransitionTime = ago seconds
        Reason = Reason.code (StoreNotServing "Disconnected")
        Message = "PD says that this store is Disconnected"
    }

    let told (status: InstanceStatus) = { status with Conditions = [ ready ] }

    match observed.Role with
    | PD(spec, status) -> { observed with Role = PD(spec, { status with Instance = told status.Instance }) }
    | TiKV(spec, status) -> {
        observed with
            Role = TiKV(spec, { status with Instance = told status.Instance })
      }

[<Test>]
let ``what PD said before an instance was said not to serve does not make it Ready again`` () =
    let asked seconds observed =
        observed
        |> withFacts (fun facts -> { facts with AskedAt = Instant(1_000_000L - 1_000L * int64 seconds) })

    for observed in [ pd; tikv ] do
        let older = observed |> lost 5 |> asked 6
        decide older |> shouldBe (wait [ FactsOutOfDate ])

        condition "Ready" older
        |> shouldBe (Some [ "False"; "CacheFresh"; Reason.text FactsOutOfDate ])

        condition "Ready" (observed |> lost 5 |> asked 4)
        |> shouldBe (Some [ "True"; "Ready"; "it serves" ])

        // a moment that is still to come is one of another clock
        condition "Ready" (observed |> lost -600 |> asked 6)
        |> shouldBe (Some [ "True"; "Ready"; "it serves" ])

[<Test>]
let ``what was Ready stays so while PD is silent for a moment`` () =
    let ready (observed: Observed) =
        let status (instance: InstanceStatus) = {
            instance with
                Conditions =
                    []
                    |> Condition.set
                        observed.Clock
                        1L
                        ConditionType.Ready
                        ConditionStatus.True
                        "Ready"
                        "it serves"
        }

        match observed.Role with
        | PD(spec, old) -> { observed with Role = PD(spec, { old with Instance = status old.Instance }) }
        | TiKV(spec, old) -> { observed with Role = TiKV(spec, { old with Instance = status old.Instance }) }

    let silentFor seconds observed = {
        silent observed with
            PdSilentFor = Some(System.TimeSpan.FromSeconds(float seconds))
    }

    let said observed = condition "Ready" observed |> Option.map List.head

    for observed in [ pd; tikv ] do
        observed |> ready |> silentFor 29 |> said |> shouldBe (Some "True")
        observed |> ready |> silentFor 30 |> said |> shouldBe (Some "Unknown")
        observed |> silentFor 1 |> said |> shouldBe (Some "Unknown")
        observed |> ready |> silentFor 1 |> broken |> said |> shouldBe (Some "False")

    // its next leader has not heard from the stores yet
    let disconnected (store: Store) = { store with StateName = "Disconnected" }

    let deafFor seconds observed = {
        observed with
            PdSilentFor = Some(System.TimeSpan.FromSeconds(float seconds))
    }

    let none = withFacts (fun facts -> { facts with Stores = facts.Stores |> List.map disconnected })
    tikv |> ready |> none |> deafFor 29 |> said |> shouldBe (Some "True")
    tikv |> ready |> none |> deafFor 30 |> said |> shouldBe (Some "False")

    tikv
    |> ready
    |> withStore 2 disconnected
    |> deafFor 1
    |> said
    |> shouldBe (Some "False")

    tikv |> none |> deafFor 1 |> said |> shouldBe (Some "False")

[<Test>]
let ``without a Pod that is ready an instance does not serve, whatever PD says`` () =
    condition "Ready" (withoutPod tikv)
    |> shouldBe (Some [ "False"; "Creating"; "it is being built" ])

    condition "Ready" (broken tikv)
    |> shouldBe (Some [ "False"; "PodNotReady"; "the Pod is not ready: CrashLoopBackOff: back-off" ])

[<Test>]
let ``every reason is told, the first by its code`` () =
    let observed = tikv |> withPod (fun pod -> { pod with Ready = false }) |> down 2

    condition "Ready" observed
    |> shouldBe (
        Some [
            "False"
            "PodNotReady"
            "the Pod is not ready: its readiness probe has not succeeded yet; PD says that this store is Down"
        ]
    )

[<Test>]
let ``what nobody but a person can mend is Stalled`` () =
    let observed = tikv |> withTemplate (fun template -> { template with Config = Some "a = " })
    condition "Stalled" observed |> Option.map List.head |> shouldBe (Some "True")

    condition "Stalled" (foreignPod tikv)
    |> Option.map List.head
    |> shouldBe (Some "True")

    condition "Stalled" (silent tikv) |> shouldBe None

[<Test>]
let ``a store's id is recorded, and kept when PD does not list it`` () =
    let unknown =
        tikv
        |> withTikvRole (fun (spec, status) -> spec, { status with Id = None; State = None })

    (ofTikv unknown).Id |> shouldBe (Some(storeId 2))
    (ofTikv (tikv |> withStores [ 0 ])).Id |> shouldBe (Some(storeId 2))
    (ofTikv (silent tikv)).Id |> shouldBe (Some(storeId 2))

[<Test>]
let ``a member's id is recorded only once the cluster's own is`` () =
    let unknown = pd |> withPdRole (fun (spec, status) -> spec, { status with Id = None })
    (ofPd unknown).Id |> shouldBe (Some(memberId 1))
    (ofPd (withoutClusterId unknown)).Id |> shouldBe None

[<Test>]
let ``a member tells what it is among the members`` () =
    (ofPd pdLeader).Role |> shouldBe (Some PDRole.Leader)
    (ofPd pd).Role |> shouldBe (Some PDRole.Follower)
    (ofPd pdLeader).IsLeader |> shouldBe true

[<Test>]
let ``an eviction of ours is told until its mark is gone`` () =
    condition "LeadersEvicted" (tikv |> marked 5 |> evicting 2)
    |> shouldBe (Some [ "False"; "Evicting"; "5 leaders are on the store" ])

    condition "LeadersEvicted" (tikv |> marked 5 |> evicting 2 |> withLeaders 2 0)
    |> shouldBe (Some [ "True"; "Evicted"; "0 leaders are on the store" ])

[<Test>]
let ``a store that leaves tells when it is gone`` () =
    condition "Offlined" (offline tikv |> removing 2)
    |> Option.map List.head
    |> shouldBe (Some "False")

    condition "Offlined" (offline tikv |> tombstone 2)
    |> Option.map List.head
    |> shouldBe (Some "True")

[<Test>]
let ``a suspended instance tells when its Pod is gone`` () =
    condition "Suspended" (suspended tikv)
    |> Option.map (List.truncate 2)
    |> shouldBe (Some [ "False"; "Suspending" ])

    condition "Suspended" (suspended tikv |> withoutPod)
    |> Option.map (List.truncate 2)
    |> shouldBe (Some [ "True"; "Suspended" ])

[<Test>]
let ``counts that move a little are not reported anew`` () =
    let before =
        tikv
        |> withTikvRole (fun (spec, status) -> spec, { status with Leaders = Some 100 })

    (ofTikv (before |> withLeaders 2 109)).Leaders |> shouldBe (Some 100)
    (ofTikv (before |> withLeaders 2 150)).Leaders |> shouldBe (Some 150)
    (ofTikv (before |> withLeaders 2 0)).Leaders |> shouldBe (Some 0)

[<Test>]
let ``the revision is current once the instance was ready with it`` () =
    let current (observed: Observed) = (ofTikv observed).Instance.CurrentRevision
    current tikv |> shouldBe (Some "r1")

    let rolling =
        outdated tikv
        |> withTikvRole (fun (spec, status) ->
            spec, { status with Instance = { status.Instance with CurrentRevision = Some "r0" } })

    current rolling |> shouldBe (Some "r0")
