/// The clusters that generated runs begin with: few regions, so that a run is short.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Givens

open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run

let private pd, tikv = "PDGroup/basic-pd", "TiKVGroup/basic-tikv"

let ordinary = { Given.ordinary with Regions = 40 }

/// No store can be spared.
let small = { ordinary with Tikv = 3 }

let onePd = { small with Pd = 1 }

let elected = { ordinary with Operators = 2 }

/// Failed instances are replaced within minutes, and removed.
let private failover =
    Json.parse """{"spec": {"failover": {"enabled": true, "removeFailed": true, "downAfter": "3m"}}}"""
    |> Result.defaultValue Json.empty

/// No two instances on one machine, so that the loss of one is no outage.
let private apart (group: string) =
    let term =
        Json.object [
            "topologyKey", Json.string "kubernetes.io/hostname"
            "labelSelector",
            Json.object [ "matchLabels", Json.object [ "tikv.org/group", Json.string group ] ]
        ]

    Json.empty
    |> Json.setPath
        [
            "spec"
            "template"
            "spec"
            "overlay"
            "pod"
            "spec"
            "affinity"
            "podAntiAffinity"
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        (Some(Json.array [ term ]))

let failingOver = { ordinary with Manifests = [ tikv, failover; pd, failover ] }

let onLocalDisks = {
    failingOver with
        StorageClass = "local"
        Manifests = [
            tikv, MergePatch.apply (apart "basic-tikv") failover
            pd, MergePatch.apply (apart "basic-pd") failover
        ]
}

/// Two stores may be down for a change.
let twoAtATime = {
    ordinary with
        Tikv = 5
        Manifests = [ tikv, Json.setPath [ "spec"; "maxUnavailable" ] (Some(Json.int 2)) Json.empty ]
}

/// With their names and weights.
let all = [
    12, ("ordinary", ordinary)
    3, ("small", small)
    2, ("onePd", onePd)
    2, ("elected", elected)
    3, ("failingOver", failingOver)
    2, ("onLocalDisks", onLocalDisks)
    1, ("twoAtATime", twoAtATime)
]

/// What an administrator has set in PD where failed instances are replaced soon: it calls a store Down after two minutes.
let settings (given: Given) : Misfortune list =
    if
        given.Manifests
        |> List.exists (fun (_, body) -> (Json.tryPath [ "spec"; "failover" ] body).IsSome)
    then
        [ PdActs.maxStoreDownTime "2m" ]
    else
        []
