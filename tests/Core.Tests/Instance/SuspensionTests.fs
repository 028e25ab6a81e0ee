module Tikv.Core.Tests.Instance.SuspensionTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

[<Test>]
let ``a member of PD stops once the stores have stopped`` () =
    decide (suspended pd) |> shouldBe (wait [ StoresStopFirst ])

    let told = pd |> suspended |> storesStopped

    decide told
    |> shouldBe (act [ RemovePod(podMeta pd, "Suspended", suspendedGrounds told) ])

[<Test>]
let ``a store starts once PD answers again, and a member of PD at once`` () =
    let sleeping observed = observed |> withoutPod |> storesStopped
    decide (sleeping tikv) |> shouldBe (wait [ PdStartsFirst ])

    match decide (sleeping pd) with
    | { Actions = [ CreatePod _ ]; Waiting = _ } -> ()
    | other -> Assert.Fail $"%A{other}"

    match decide (withoutPod tikv) with
    | { Actions = [ CreatePod _ ]; Waiting = [] } -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a store that runs while the way to sleep is taken back is left alone`` () =
    decide (storesStopped tikv) |> shouldBe settled

[<Test>]
let ``suspension gives the disruption and the eviction back, once the Pod has stopped`` () =
    let observed = tikv |> marked 10 |> evicting 2 |> holding |> suspended

    decide observed
    |> shouldBe (act [ RemovePod(podMeta observed, "Suspended", suspendedGrounds observed) ])

    decide (withoutPod observed)
    |> shouldBe (act [ ReleaseDisruption(clusterMeta observed) ])

    let released = tikv |> marked 10 |> suspended |> withoutPod

    decide (evicting 2 released)
    |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    decide released |> shouldBe (act [ UnmarkEviction ])

[<Test>]
let ``what a silent PD cannot be told does not hold the suspension up`` () =
    let observed = tikv |> marked 10 |> suspended |> withoutPod |> silent
    decide observed |> shouldBe (wait [ ClusterSuspended ])
    Suspension.isAtRest observed |> shouldBe true

    Suspension.isAtRest (tikv |> marked 10 |> suspended |> withoutPod)
    |> shouldBe false

[<Test>]
let ``a store or member that was deleted sleeps with its cluster, and leaves after it`` () =
    let store = tikv |> deleting |> suspended

    decide store
    |> shouldBe (act [ RemovePod(podMeta store, "Suspended", suspendedGrounds store) ])

    decide (withoutPod store) |> shouldBe (wait [ ClusterSuspended ])

    let removed = store |> tombstone 2

    decide removed
    |> shouldBe (act [ RemovePod(podMeta removed, "Removed", leftGrounds removed) ])

    decide (pd |> deleting |> suspended) |> shouldBe (wait [ StoresStopFirst ])

[<Test>]
let ``suspension never removes a claim, a store or a member`` () =
    for observed in [ tikv; offline tikv; deleting tikv; pd; deleting pd ] do
        for sleeping in [ observed; withoutPod observed; terminating observed ] do
            (decide (sleeping |> suspended |> storesStopped)).Actions
            |> List.filter (fun action ->
                match action with
                | RemovePod(_, "Suspended", _) -> false
                | action -> Action.risk action <> Risk.None)
            |> shouldBe []
