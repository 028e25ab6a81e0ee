/// What is gathered from the caches for a decision.
module Tikv.Core.Tests.Operator.LooksTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Tests.Words

module One = Tikv.Core.Tests.Instance.Given

let private kept kind json cache =
    match Cache.present kind json cache with
    | Some(_, cache) -> cache
    | None -> failwith $"%A{kind} is not kept: %A{json}"

let private meta name (labels: (string * string) list) more =
    "metadata",
    Json.object (
        [ "name", name; "namespace", "default"; "uid", "u-" + name; "resourceVersion", "1" ]
        |> List.map (fun (key, value) -> key, Json.string value)
        |> fun fields ->
            fields
            @ [ "labels", Json.object (labels |> List.map (fun (key, value) -> key, Json.string value)) ]
            @ more
    )

let private ofInstance = [
    "tikv.org/cluster", "basic"
    "tikv.org/group", "old"
    "tikv.org/instance", "old-0"
]

let private group =
    Json.object [
        meta "old" [] []
        "spec",
        json
            """{"cluster":{"name":"basic"},"replicas":1,
                 "template":{"spec":{"version":"v8.5.2","volumes":[{"name":"data","mountPath":"/data","storage":"1Gi"}]}}}"""
    ]

/// An instance whose Pod a StatefulSet of before has named.
let private instance =
    let owner =
        json
            """[{"apiVersion":"core.tikv.org/v1alpha1","kind":"TiKVGroup","name":"old","uid":"u-old","controller":true}]"""

    Json.object [
        meta "old-0" ofInstance [ "ownerReferences", owner ]
        "spec",
        json
            """{"cluster":{"name":"basic"},"index":0,"podName":"before-tikv-0","subdomain":"before-tikv-peer",
                "version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]}"""
    ]

let private pod =
    Json.object [ meta "before-tikv-0" ofInstance []; "status", json """{"phase":"Running"}""" ]

let private budget =
    Json.object [
        meta "mine" [] []
        "spec", json """{"maxUnavailable":1,"selector":{"matchLabels":{"tikv.org/group":"old"}}}"""
    ]

let private look (cache: Cache) =
    let sight: Looks.Sight = {
        At = Instant.zero
        Clock = One.clock
        Cache = cache
        Pds = Map.empty
        SilentSince = Map.empty
        Secrets = Map.empty
    }

    match cache.TikvGroups |> Map.values |> Seq.map _.Object |> List.ofSeq with
    | [ Ok group ] -> GroupLooks.tikvGroup sight group
    | other -> failwith $"%A{other}"

[<Test>]
let ``a PodDisruptionBudget of others is seen over a Pod that has another name than its instance`` () =
    let cache =
        Cache.empty
        |> kept Kind.TiKVGroup group
        |> kept Kind.TiKV instance
        |> kept Kind.Pod pod
        |> kept Kind.PodDisruptionBudget budget

    (look cache).OtherBudgets |> shouldBe [ "mine" ]

[<Test>]
let ``a PodDisruptionBudget refuses until Kubernetes has worked out that it allows a disruption`` () =
    let status observed allowed =
        budget
        |> Json.setPath [ "metadata"; "generation" ] (Some(Json.int 2))
        |> Json.setPath
            [ "status" ]
            (Some(
                Json.object [
                    "observedGeneration", Json.int observed
                    "disruptionsAllowed", Json.int allowed
                ]
            ))

    let allowed budget = (Tikv.Core.Kubernetes.View.budget budget).Allowed
    allowed (status 2 1) |> shouldBe 1
    allowed (status 1 1) |> shouldBe 0
    allowed budget |> shouldBe 0

[<Test>]
let ``an instance that cannot be read is known by its name, for as long as it cannot`` () =
    let version number = Json.setPath [ "metadata"; "resourceVersion" ] (Some(Json.string number))
    let broken = instance |> Json.setPath [ "spec"; "index" ] (Some(Json.string "none"))

    let cache = Cache.empty |> kept Kind.TiKVGroup group |> kept Kind.TiKV broken
    (look cache).Unreadable |> shouldBe (Set [ 0 ])
    (look cache).Instances.Keys |> List.ofSeq |> shouldBe []

    let mended = cache |> kept Kind.TiKV (version "3" instance)
    (look mended).Unreadable |> shouldBe Set.empty
    (look mended).Instances.Keys |> List.ofSeq |> shouldBe [ 0 ]

    let _, without = Cache.gone Kind.TiKV broken cache
    (look without).Unreadable |> shouldBe Set.empty
