module Tikv.Core.Tests.Api.UpdateTests

open NUnit.Framework
open Tikv.Tests
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

let private changing kind (change: Json -> Json) (before: Json) =
    Validation.update kind before (change before) |> List.map Problem.text

[<Test>]
let ``an object may stay as it is`` () =
    for kind in Kind.ours do
        Samples.of' kind |> changing kind id |> shouldBe []

[<Test>]
let ``a group stays with its cluster`` () =
    for kind in [ Kind.PDGroup; Kind.TiKVGroup ] do
        Samples.of' kind
        |> changing kind (Samples.having "spec.cluster.name" "\"other\"")
        |> shouldBe [
            """spec.cluster is {"name":"other"}: it must stay as it was at creation ({"name":"basic"})"""
        ]

[<Test>]
let ``an instance stays what it is`` () =
    for field, value, before in
        [
            "subdomain", "\"x\"", "\"basic-tikv-peer\""
            "topology", """{"zone":"a"}""", "absent"
            "podName", "\"x\"", "absent"
        ] do
        Samples.tikv
        |> changing Kind.TiKV (Samples.having $"spec.%s{field}" value)
        |> shouldBe [ $"spec.%s{field} is %s{value}: it must stay as it was at creation (%s{before})" ]

[<Test>]
let ``members of the first bootstrap are never changed`` () =
    Samples.pd
    |> changing Kind.PD (Samples.without "spec.initialCluster")
    |> shouldBe [
        """spec.initialCluster is absent: it must stay as it was at creation (["basic-pd-0","basic-pd-1","basic-pd-2"])"""
    ]

[<Test>]
let ``TLS is neither turned on nor off after creation`` () =
    Samples.cluster
    |> changing Kind.Cluster (Samples.having "spec.tlsCluster" """{"enabled":true}""")
    |> shouldBe [ """spec.tlsCluster is {"enabled":true}: it must stay as it was at creation (absent)""" ]

[<Test>]
let ``a PD cluster is bootstrapped once`` () =
    Samples.pdGroup
    |> Samples.having "spec.bootstrapped" "true"
    |> changing Kind.PDGroup (Samples.without "spec.bootstrapped")
    |> shouldBe [ "spec.bootstrapped is false: it must stay true: a PD cluster is bootstrapped once" ]

[<Test>]
let ``replicas of PD wait for the bootstrap`` () =
    let scale = Samples.having "spec.replicas" "5"

    Samples.pdGroup
    |> changing Kind.PDGroup scale
    |> shouldBe [ "spec.replicas is 5: it must stay 3 until the group is bootstrapped" ]

    Samples.pdGroup
    |> Samples.having "spec.bootstrapped" "true"
    |> changing Kind.PDGroup scale
    |> shouldBe []

[<Test>]
let ``a volume grows and never shrinks`` () =
    for kind in [ Kind.PDGroup; Kind.TiKVGroup; Kind.PD; Kind.TiKV ] do
        let path = Samples.template kind + ".volumes"
        let size text = Samples.having path $"""[{{"name":"data","storage":"%s{text}"}}]"""
        Samples.of' kind |> changing kind (size "2Gi") |> shouldBe []
        Samples.of' kind |> changing kind (size "1024Mi") |> shouldBe []

        Samples.of' kind
        |> changing kind (size "1G")
        |> shouldBe [ $"%s{path}[0].storage is 1G: it must be 1Gi or more: a volume never shrinks" ]

[<Test>]
let ``the VolumeAttributesClass of a volume may be changed, not taken away`` () =
    let volume attributes =
        Samples.having "spec.volumes" $"""[{{"name":"data","storage":"1Gi"%s{attributes}}}]"""

    let fast = volume ""","volumeAttributesClassName":"fast" """

    Samples.tikv
    |> fast
    |> changing Kind.TiKV (volume ""","volumeAttributesClassName":"slow" """)
    |> shouldBe []

    Samples.tikv
    |> fast
    |> changing Kind.TiKV (volume "")
    |> shouldBe [
        "spec.volumes[0].volumeAttributesClassName is missing: it must stay given: it can be changed, not taken away"
    ]

[<Test>]
let ``feature gates change after creation only with FeatureModification`` () =
    let gates names =
        names
        |> List.map (fun name -> $"""{{"name":"%s{name}"}}""")
        |> String.concat ","
        |> fun items -> Samples.having "spec.featureGates" $"[%s{items}]"

    Samples.cluster
    |> changing Kind.Cluster (gates [ "FeatureModification" ])
    |> shouldBe []

    Samples.cluster
    |> changing Kind.Cluster (gates [ "UsePDReadyAPI" ])
    |> shouldBe [
        "spec.featureGates is UsePDReadyAPI: it must stay as it was at creation, unless FeatureModification was turned on before"
    ]

    let free = Samples.cluster |> gates [ "FeatureModification" ]

    free
    |> changing Kind.Cluster (gates [ "FeatureModification"; "UsePDReadyAPI" ])
    |> shouldBe []

    free
    |> changing Kind.Cluster (gates [])
    |> shouldBe [
        "spec.featureGates is without FeatureModification: it must keep FeatureModification, once it is on"
    ]

[<Property(Arbitrary = [| typeof<Records> |], EndSize = 12)>]
let ``a spec that does not change has nothing that may not change`` (group: PDGroupSpec) (tikv: TiKVSpec) =
    let distinct (volumes: Volume list) =
        volumes |> List.distinctBy _.Name |> List.length = List.length volumes

    not (
        distinct group.Template.Spec.Component.Volumes
        && distinct tikv.Template.Component.Volumes
    )
    || List.isEmpty (Validation.updatePdGroup group group)
       && List.isEmpty (Validation.updateTikv tikv tikv)
