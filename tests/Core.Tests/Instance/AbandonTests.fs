module Tikv.Core.Tests.Instance.AbandonTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private deletedBefore seconds (observed: Observed) = {
    observed with
        Meta = { observed.Meta with DeletionTimestamp = Some(ago seconds) }
}

[<Test>]
let ``an instance that cannot leave for want of PD tells what can be done`` () =
    for observed in [ tikv; pd ] do
        decide (observed |> silent |> deletedBefore 120)
        |> shouldBe (wait [ PdSilent "no leader"; LeaveNeedsPd ])

        decide (observed |> silent |> deletedBefore 30)
        |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``an instance that is given up goes without PD, and its claims stay whatever the policy says`` () =
    for observed in [ tikv; pd ] do
        let observed = observed |> silent |> deleting |> abandoned |> reclaimed

        decide observed
        |> shouldBe (act [ RemovePod(podMeta observed, "Removed", leftGrounds observed) ])

        decide { withoutPod observed with Config = None }
        |> shouldBe (act [ removeFinalizer observed ])

[<Test>]
let ``while PD can let it go, an instance that is given up leaves in the usual way`` () =
    decide (tikv |> deleting |> abandoned)
    |> shouldBe (act [ TakeDisruption(clusterMeta tikv, "Removal") ])

    let member' = pd |> deleting |> abandoned |> holding
    decide member' |> shouldBe (act [ removeMember member' ])

[<Test>]
let ``a store that PD does not know, and the only member, can be given up`` () =
    let unknown = tikv |> deleting |> abandoned |> withStores [ 0; 1; 3 ]

    decide unknown
    |> shouldBe (act [ RemovePod(podMeta unknown, "Removed", leftGrounds unknown) ])

    let only =
        pd
        |> deleting
        |> abandoned
        |> withFacts (fun facts -> { facts with Members = [ memberFact 1 ] })

    decide only
    |> shouldBe (act [ RemovePod(podMeta only, "Removed", leftGrounds only) ])

[<Test>]
let ``the eviction of a store that is given up ends, if PD can be told`` () =
    let unknown =
        tikv
        |> deleting
        |> abandoned
        |> withStores [ 0; 1; 3 ]
        |> marked 60
        |> evicting 2

    decide unknown |> shouldBe (act [ StopEvictingLeaders(storeId 2) ])

    decide (silent unknown)
    |> shouldBe (act [ RemovePod(podMeta unknown, "Removed", leftGrounds (silent unknown)) ])

[<Test>]
let ``an instance that is not being deleted is not given up`` () =
    for observed in [ tikv; pd ] do
        decide (observed |> abandoned) |> shouldBe settled

[<Test>]
let ``a Cluster that cannot be read has not gone`` () =
    for observed in [ tikv; pd; deleting tikv; deleting pd ] do
        { observed with Cluster = None; ClusterUnreadable = true }
        |> decide
        |> shouldBe (wait [ ClusterUnreadable "basic" ])

// ---- claims of an earlier Cluster

let private never =
    withPdRole (fun (spec, status) -> spec, { status with Id = None })
    >> withTikvRole (fun (spec, status) -> spec, { status with Id = None })
    >> withoutPod

let private madeFor uid (observed: Observed) = {
    observed with
        Claims =
            observed.Claims
            |> Map.map (fun _ claim -> {
                claim with
                    Meta = { claim.Meta with Annotations = Map [ Annotations.clusterUid, uid ] }
            })
}

[<Test>]
let ``a claim says which Cluster it was made for`` () =
    Manifest.claim (bareTikv 2) (Seen.template tikv).Volumes.Head "data-basic-tikv-2"
    |> Json.mapAt [ "metadata"; "annotations" ]
    |> shouldBe (Map [ Annotations.clusterUid, "cluster-uid" ])

[<Test>]
let ``a new instance does not start on the data of an earlier Cluster of the same name`` () =
    for observed in [ tikv; pd ] do
        let claim = $"data-%s{observed.Meta.Name}"

        decide (observed |> never |> madeFor "earlier-uid")
        |> shouldBe (wait [ ClaimOfAnotherCluster(claim, Uid "earlier-uid") ])

        (decide (observed |> never |> madeFor "cluster-uid")).Waiting |> shouldBe []
        decide (observed |> madeFor "earlier-uid") |> shouldBe settled

[<Test>]
let ``its user may say that the data is to be taken over`` () =
    let adopting uid =
        withCluster (fun cluster -> {
            cluster with
                Meta = { cluster.Meta with Annotations = Map [ Annotations.adoptVolumesOf, uid ] }
        })

    let observed = tikv |> never |> madeFor "earlier-uid"
    (decide (adopting "earlier-uid" observed)).Waiting |> shouldBe []

    decide (adopting "another-uid" observed)
    |> shouldBe (wait [ ClaimOfAnotherCluster("data-basic-tikv-2", Uid "earlier-uid") ])
