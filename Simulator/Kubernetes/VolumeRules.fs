/// Defaults of claims, volumes and classes, and what is wrong with them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.VolumeRules

open Tikv.Core

let private protection = "kubernetes.io/pvc-protection"

let claimDefaults (json: Json) : Json =
    json
    |> PodDefaults.inside "spec" (PodDefaults.fill [ "volumeMode", Json.String "Filesystem" ])

/// A new claim waits for its volume, and is protected while a Pod uses it.
let freshClaim (json: Json) : Json =
    let json = Json.withField "status" (Json.object [ "phase", Json.String "Pending" ]) json

    match Meta.finalizers json with
    | finalizers when List.contains protection finalizers -> json
    | finalizers -> Meta.setFinalizers (finalizers @ [ protection ]) json

let private storage = [ "spec"; "resources"; "requests"; "storage" ]

let claimCauses (json: Json) : Errors.Cause list = [
    if List.isEmpty (Json.itemsAt [ "spec"; "accessModes" ] json) then
        Causes.requiredBecause "spec.accessModes" "at least 1 access mode is required"

    match Json.tryPath storage json with
    | None -> Causes.required "spec.resources[storage]"
    | Some value ->
        match Quantities.ofJson value with
        | Some amount when amount > 0m -> ()
        | Some _ ->
            Causes.invalid "spec.resources[storage]" (Causes.printed value) "must be greater than zero"
        | None -> Causes.invalid "spec.resources.requests.storage" (Causes.printed value) Quantities.complaint
]

let private frozen = "spec is immutable after creation except resources.requests for bound claims"

let claimChangeCauses (old: Json) (json: Json) : Errors.Cause list =
    let spec object = Json.tryField "spec" object |> Option.defaultValue Json.empty
    let amount object = Json.tryPath storage object |> Option.bind Quantities.ofJson
    let bound = Json.stringAt [ "status"; "phase" ] old = Some "Bound"

    let capacity =
        Json.tryPath [ "status"; "capacity"; "storage" ] old
        |> Option.bind Quantities.ofJson

    let fixedPart object =
        let part = Json.withoutField "volumeAttributesClassName" (spec object)
        // the binder sets the volume once
        let part =
            if Json.stringAt [ "spec"; "volumeName" ] old |> Option.defaultValue "" = "" then
                Json.withoutField "volumeName" part
            else
                part

        // a claim without a class is given the default one afterwards too (retroactive default StorageClass)
        let part =
            if (Json.stringAt [ "spec"; "storageClassName" ] old).IsNone then
                Json.withoutField "storageClassName" part
            else
                part

        if bound then Json.setPath [ "resources"; "requests"; "storage" ] None part else part

    [
        if spec old <> spec json && fixedPart old <> fixedPart json then
            Causes.forbidden "spec" frozen

        match amount old, amount json with
        // RecoverVolumeExpansionFailure: a size that was not reached may be given up for a lesser one
        | Some before, Some after when after < before && capacity |> Option.forall (fun has -> after <= has) ->
            Causes.forbidden "spec.resources.requests.storage" "field can not be less than previous value"
        | _ -> ()
    ]

/// As the PersistentVolumeClaimResize admission has it: only a class that allows expansion lets a claim grow.
let growthRefused (allowed: string -> bool) (old: Json) (json: Json) : bool =
    let amount object = Json.tryPath storage object |> Option.bind Quantities.ofJson

    match amount old, amount json with
    | Some before, Some after when after > before ->
        Json.stringAt [ "status"; "phase" ] old = Some "Bound"
        && not (Json.stringAt [ "spec"; "storageClassName" ] old |> Option.exists allowed)
    | _ -> false

let growthRefusal =
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"

let volumeDefaults (json: Json) : Json =
    json
    |> PodDefaults.inside
        "spec"
        (PodDefaults.fill [
            "volumeMode", Json.String "Filesystem"
            "persistentVolumeReclaimPolicy", Json.String "Retain"
        ])

let classDefaults (json: Json) : Json =
    json
    |> PodDefaults.fill [
        "reclaimPolicy", Json.String "Delete"
        "volumeBindingMode", Json.String "Immediate"
    ]

let classChangeCauses (old: Json) (json: Json) : Errors.Cause list = [
    for field in [ "provisioner"; "parameters"; "reclaimPolicy"; "volumeBindingMode" ] do
        if Json.tryField field old <> Json.tryField field json then
            Causes.forbidden field $"updates to %s{field} are forbidden."
]
