module Tikv.Core.Tests.Instance.VolumeTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private name = "data-basic-tikv-2"
let private quantity text = ok (Quantity.parse text)

let private withClaim change (observed: Observed) = {
    observed with
        Claims = observed.Claims |> Map.map (fun _ claim -> change claim)
}

let private claimMeta (observed: Observed) = (observed.Claims |> Map.toList |> List.head |> snd).Meta

let private labelled key value =
    withClaim (fun claim -> {
        claim with
            Meta = { claim.Meta with Labels = Map.add key value claim.Meta.Labels }
    })

let private annotated key value =
    withClaim (fun claim -> {
        claim with
            Meta = { claim.Meta with Annotations = Map.add key value claim.Meta.Annotations }
    })

let private wanting change =
    withTemplate (fun template -> { template with Volumes = template.Volumes |> List.map change })

/// The specification asks for that size; the claim stays as it is.
let private sized (size: string) = wanting (fun volume -> { volume with Storage = quantity size })

let private classOf allows (annotations: Map<string, string>) : Sighting<StorageClassView> =
    Sighting.Known {
        Meta = { meta "fast" "class-uid" with Annotations = annotations }
        AllowsExpansion = allows
        IsDefault = false
        Provisioner = "simulator/network-disk"
    }

let private ofClass storageClass (observed: Observed) = {
    observed with
        StorageClasses = observed.Claims |> Map.map (fun _ _ -> storageClass)
}

let private expandable = ofClass (classOf true Map.empty)

let private endingClaim =
    withClaim (fun claim -> { claim with Meta = { claim.Meta with DeletionTimestamp = Some(ago 5) } })

let private alone observed = { withoutPod observed with Config = Some(configOf observed) }

/// The claims that are discarded, each with whose data it held.
let private discarded observed =
    (decide observed).Actions
    |> List.choose (fun action ->
        match action with
        | DiscardClaim(claim, held, _) -> Some(claim, held)
        | _ -> None)

// ---- creation

[<Test>]
let ``a claim is made with the size, the classes and the overlay of its volume`` () =
    let observed =
        tikv
        |> wanting (fun volume -> {
            volume with
                Storage = quantity "5Gi"
                StorageClassName = Some "fast"
                VolumeAttributesClassName = Some "gold"
        })
        |> withTemplate (fun template -> {
            template with
                Overlay =
                    Some {
                        Pod = None
                        VolumeClaims = [
                            {
                                Name = "data"
                                VolumeClaim = {
                                    Metadata = { Labels = Map [ "team", "a" ]; Annotations = Map.empty }
                                }
                            }
                        ]
                    }
        })

    let volume, name = List.head (Seen.wantedClaims observed)
    let claim = View.claim (Manifest.claim observed volume name)

    (claim.Requested, claim.StorageClass, claim.AttributesClass)
    |> shouldBe ("5Gi", Some "fast", Some "gold")

    (Map.tryFind "team" claim.Meta.Labels, Map.tryFind Annotations.clusterUid claim.Meta.Annotations)
    |> shouldBe (Some "a", Some "cluster-uid")

    Map.tryFind Annotations.overlayKeys claim.Meta.Annotations
    |> shouldBe (Some """{"labels":["team"],"annotations":[]}""")

[<Test>]
let ``labels and annotations of a claim follow the overlay, and those of others stay`` () =
    let observed =
        tikv
        |> annotated Annotations.overlayKeys """{"labels":["team"],"annotations":["note"]}"""
        |> annotated "note" "x"
        |> annotated "theirs" "y"
        |> labelled "team" "a"
        |> labelled "other" "b"

    decide observed
    |> shouldBe (
        act [
            DescribeClaim(
                claimMeta observed,
                Map [ "team", None ],
                Map [ "note", None; Annotations.overlayKeys, None ]
            )
        ]
    )

// ---- whose data

[<Test>]
let ``the store or member that writes to a claim is written on it`` () =
    for observed, key, id in [ tikv, Labels.storeId, "3"; pd, Labels.memberId, "1001" ] do
        let fresh =
            observed
            |> withClaim (fun claim -> {
                claim with
                    Meta = {
                        claim.Meta with
                            Labels = claim.Meta.Labels |> Map.remove key |> Map.remove Labels.clusterId
                    }
            })

        let (ClusterId cluster) = clusterId

        decide fresh
        |> shouldBe (
            act [
                DescribeClaim(
                    claimMeta fresh,
                    Map [ Labels.clusterId, Some(string cluster); key, Some id ],
                    Map.empty
                )
            ]
        )

[<Test>]
let ``an id belongs to the claim that it was first seen with`` () =
    let another =
        tikv
        |> withClaim (fun claim -> {
            claim with
                Meta = {
                    claim.Meta with
                        Uid = Uid "another"
                        Labels =
                            claim.Meta.Labels |> Map.remove Labels.storeId |> Map.remove Labels.clusterId
                }
        })
        |> withTikvRole (fun (spec, status) ->
            spec,
            {
                status with
                    Instance = {
                        status.Instance with
                            Volumes = [
                                {
                                    Name = "data"
                                    ClaimName = name
                                    ClaimUid = Some(Uid "first")
                                    Capacity = None
                                    DataOf = Some "3"
                                }
                            ]
                    }
            })

    decide another |> shouldBe settled

    Ownership.status (Ownership.ownId another) false true another (Seen.status another).Volumes
    |> List.map (fun volume -> volume.ClaimUid, volume.DataOf)
    |> shouldBe [ Some(Uid "first"), Some "3" ]

/// Of another store than the instance's, which is new.
let private inherits id observed =
    alone observed
    |> labelled Labels.storeId id
    |> withTikvRole (fun (spec, status) -> spec, { status with Id = None; State = None })

[<Test>]
let ``no process is started from the data of a store that has left for ever`` () =
    let observed = tikv |> inherits "4" |> tombstone 3
    decide observed |> shouldBe (wait [ VolumeSpent(name, "store 4") ])

    discarded (reclaimed observed) |> shouldBe [ claimMeta observed, "4" ]

[<Test>]
let ``what was written when the store left holds also when PD has forgotten it`` () =
    let observed = tikv |> inherits "9" |> annotated Annotations.removed "9"
    decide observed |> shouldBe (wait [ VolumeSpent(name, "store 9") ])
    decide (silent observed) |> shouldBe (wait [ VolumeSpent(name, "store 9") ])

[<Test>]
let ``no process is started from the data of a store that PD does not know`` () =
    decide (tikv |> inherits "9")
    |> shouldBe (wait [ VolumeOfUnknownStore(name, "store 9") ])

    decide (tikv |> inherits "9" |> silent)
    |> shouldBe (wait [ PdSilent "no leader" ])

[<Test>]
let ``an instance starts again from what it has run on, whether PD answers or not`` () =
    for observed in [ alone tikv; alone (silent tikv); alone tikv |> withStores [ 0; 1; 3 ] ] do
        match decide observed with
        | { Actions = [ CreatePod _ ]; Waiting = [] } -> ()
        | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a member that PD does not list any more is not started from its old data`` () =
    let observed =
        alone pd
        |> withFacts (fun facts -> { facts with Members = [ memberFact 0; memberFact 2 ] })

    decide observed
    |> shouldBe (wait [ VolumeSpent("data-basic-pd-1", "member 1001") ])

    discarded (reclaimed observed) |> shouldBe [ claimMeta observed, "1001" ]

[<Test>]
let ``a claim of an earlier life of the cluster is neither changed nor removed`` () =
    decide (tikv |> annotated Annotations.clusterUid "an-earlier-life" |> sized "2Gi")
    |> shouldBe settled

    let leaving =
        { (tikv |> annotated Annotations.clusterUid "an-earlier-life") with Config = None }
        |> deleting
        |> tombstone 2
        |> reclaimed
        |> withoutPod

    decide leaving |> shouldBe (act [ removeFinalizer leaving ])

[<Test>]
let ``the data of another PD cluster is not used`` () =
    decide (alone tikv |> labelled Labels.clusterId "77")
    |> shouldBe (wait [ VolumeOfAnotherCluster name ])

[<Test>]
let ``a claim that the instance names is adopted`` () =
    let adopted =
        alone tikv
        |> annotated Annotations.clusterUid "an-earlier-life"
        |> withSettings (fun settings -> { settings with VolumeClaimNames = Map [ "data", name ] })

    match decide adopted with
    | { Actions = [ CreatePod _; DescribeClaim(_, _, annotations) ] } ->
        annotations |> shouldBe (Map [ Annotations.clusterUid, Some "cluster-uid" ])
    | other -> Assert.Fail $"%A{other}"

// ---- size

[<Test>]
let ``a claim grows where its class allows it, and where nobody can say`` () =
    for observed in [ tikv |> expandable |> sized "2Gi"; tikv |> sized "2Gi"; tikv |> broken |> sized "2Gi" ] do
        (decide observed).Actions |> shouldBe [ ExpandClaim(claimMeta observed, "2Gi") ]

[<Test>]
let ``nothing is written where the class forbids expansion`` () =
    decide (tikv |> ofClass (classOf false Map.empty) |> sized "2Gi")
    |> shouldBe (wait [ VolumeExpansionForbidden(name, "fast", "2Gi") ])

[<Test>]
let ``a claim that has no volume yet is not grown`` () =
    tikv
    |> expandable
    |> sized "2Gi"
    |> withClaim (fun claim -> { claim with Phase = "Pending" })
    |> decide
    |> shouldBe (wait [ ClaimPending name ])

[<Test>]
let ``a volume never shrinks, and nothing is disrupted`` () =
    decide (tikv |> sized "512Mi")
    |> shouldBe (wait [ VolumeShrinkRefused("data", "512Mi", name, "1Gi or more") ])

let private growing =
    tikv
    |> expandable
    |> sized "2Gi"
    |> withClaim (fun claim -> { claim with Requested = "2Gi" })

let private told kind message since =
    withClaim (fun claim -> { claim with Conditions = [ { Type = kind; Message = message; Since = since } ] })

[<Test>]
let ``it is told how far a resize is, and the Pod is left alone`` () =
    decide growing
    |> shouldBe (wait [ VolumeResizing(name, "2Gi", "its driver is at work") ])

    decide (growing |> told "FileSystemResizePending" "" (ago 5))
    |> shouldBe (wait [ VolumeResizing(name, "2Gi", "its node has still to grow the file system") ])

[<Test>]
let ``a resize that failed says why`` () =
    decide (growing |> told "ControllerResizeError" "out of space" (ago 5))
    |> shouldBe (wait [ VolumeResizeFailed(name, "2Gi", "out of space") ])

    decide (
        growing
        |> withClaim (fun claim -> { claim with ResizeStatus = "NodeResizeInfeasible" })
    )
    |> shouldBe (wait [ VolumeResizeFailed(name, "2Gi", "") ])

[<Test>]
let ``after a failed resize a size in between may be asked for, but not the present one`` () =
    let failed =
        growing
        |> withClaim (fun claim -> { claim with ResizeStatus = "ControllerResizeInfeasible" })

    let between = failed |> sized "1536Mi"
    decide between |> shouldBe (act [ ExpandClaim(claimMeta between, "1536Mi") ])

    decide (failed |> sized "1Gi")
    |> shouldBe (wait [ VolumeShrinkRefused("data", "1Gi", name, "more than 1Gi") ])

let private offlineClass = ofClass (classOf true (Map [ Annotations.volumeExpansion, "Offline" ]))

[<Test>]
let ``where a file system grows only at a start, the Pod is restarted once, by its turn`` () =
    let waiting = growing |> offlineClass |> told "FileSystemResizePending" "" (ago 5)

    match decide waiting with
    | { Actions = [ TakeDisruption _ ] } -> ()
    | other -> Assert.Fail $"%A{other}"

    let restarted =
        waiting
        |> withPod (fun pod -> { pod with Meta = { pod.Meta with CreationTimestamp = ago 1 } })

    (decide restarted).Actions |> shouldBe []

// ---- classes

[<Test>]
let ``a VolumeAttributesClass is asked for once`` () =
    let asked =
        tikv
        |> wanting (fun volume -> { volume with VolumeAttributesClassName = Some "gold" })

    decide asked |> shouldBe (act [ ModifyClaim(claimMeta asked, "gold") ])

    decide (asked |> annotated Annotations.attributesClass "gold")
    |> shouldBe (wait [ VolumeAttributesClassNotServed(name, "gold") ])

[<Test>]
let ``it is told how far the change of a VolumeAttributesClass is`` () =
    let asked =
        tikv
        |> wanting (fun volume -> { volume with VolumeAttributesClassName = Some "gold" })
        |> annotated Annotations.attributesClass "gold"
        |> withClaim (fun claim -> { claim with AttributesClass = Some "gold" })

    decide asked |> shouldBe (wait [ VolumeModifying(name, "gold") ])

    decide (asked |> withClaim (fun claim -> { claim with ModifyStatus = "Infeasible" }))
    |> shouldBe (wait [ VolumeModifyFailed(name, "gold", "its driver refuses it") ])

    decide (
        asked
        |> withClaim (fun claim -> { claim with CurrentAttributesClass = Some "gold" })
    )
    |> shouldBe settled

let private otherClass =
    wanting (fun volume -> { volume with StorageClassName = Some "fast" })
    >> withClaim (fun claim -> { claim with StorageClass = Some "standard" })

[<Test>]
let ``a storage class is never changed in place`` () =
    decide (otherClass tikv)
    |> shouldBe (wait [ VolumeClassDiffers(name, "standard", "fast") ])

[<Test>]
let ``a claim of another class that never had a volume is made anew`` () =
    let observed =
        otherClass tikv
        |> withClaim (fun claim -> { claim with Phase = "Pending"; Volume = "" })
        |> withPod (fun pod -> { pod with Node = ""; Running = false; Ready = false; Phase = "Pending" })

    discarded observed |> shouldBe [ claimMeta observed, "" ]

// ---- loss

[<Test>]
let ``a Pod whose claim is being deleted is not restarted for anything that can wait`` () =
    for observed in [ tikv; pd ] do
        let observed = observed |> outdated |> endingClaim |> holding
        let claim = (claimMeta observed).Name

        decide observed
        |> shouldBe {
            Actions = [ ReleaseDisruption(clusterMeta observed) ]
            Waiting = [ VolumeDeleting claim ]
        }

[<Test>]
let ``a new Pod waits until the claim that is being deleted has gone`` () =
    decide (alone tikv |> endingClaim) |> shouldBe (wait [ ClaimTerminating name ])

[<Test>]
let ``a claim that has lost its volume is told, and no Pod is made upon it`` () =
    let lost = withClaim (fun claim -> { claim with Phase = "Lost" })

    decide (lost tikv)
    |> shouldBe (wait [ VolumeLost(name, "it does not exist any more") ])

    decide (lost (alone tikv))
    |> shouldBe (wait [ VolumeLost(name, "it does not exist any more") ])

// ---- the linter

[<Test>]
let ``a decision that would discard the data of a living store is refused`` () =
    let observed = tikv |> inherits "4" |> reclaimed
    let discard = (decide (observed |> tombstone 3)).Actions
    Lint.instance (observed |> tombstone 3) discard |> shouldBe []
    Assert.That(Lint.instance observed discard, Is.Not.Empty)

    let other = observed |> tombstone 3 |> labelled Labels.clusterId "77"
    Assert.That(Lint.instance other discard, Is.Not.Empty)
