/// The columns of `kubectl get` for claims, volumes and their classes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.StorageColumns

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private text = Column.text
let private at = Column.at
let private wide = Column.wide

/// A claim that is being deleted says so in the place of its phase.
let private phase object =
    match Json.stringAt [ "metadata"; "deletionTimestamp" ] object with
    | Some _ -> "Terminating"
    | None -> Column.orElse "" [ "status"; "phase" ] object

let private unset path = Column.orElse "<unset>" path

let claims = [
    Column.name
    text "Status" "Pending, Bound or Lost." phase
    text "Volume" "The volume that it is bound to." (Column.orElse "" [ "spec"; "volumeName" ])
    text "Capacity" "Size of the bound volume." (Column.quantity [ "status"; "capacity"; "storage" ])
    text "Access Modes" "How the volume may be mounted." (Column.accessModes [ "status"; "accessModes" ])
    text "StorageClass" "Who provisions it." (Column.orElse "" [ "spec"; "storageClassName" ])
    text "VolumeAttributesClass" "Class of its attributes." (unset [ "spec"; "volumeAttributesClassName" ])
    Column.age
    text "VolumeMode" "Filesystem or Block." (unset [ "spec"; "volumeMode" ])
    |> wide
]

let private claimOf volume =
    match
        Json.stringAt [ "spec"; "claimRef"; "namespace" ] volume,
        Json.stringAt [ "spec"; "claimRef"; "name" ] volume
    with
    | Some ``namespace``, Some name -> $"%s{``namespace``}/%s{name}"
    | _ -> ""

let volumes = [
    Column.name
    text "Capacity" "Its size." (Column.quantity [ "spec"; "capacity"; "storage" ])
    text "Access Modes" "How it may be mounted." (Column.accessModes [ "spec"; "accessModes" ])
    text
        "Reclaim Policy"
        "What becomes of it without its claim."
        (Column.orElse "" [ "spec"; "persistentVolumeReclaimPolicy" ])
    text "Status" "Available, Bound, Released or Failed." phase
    text "Claim" "The claim that it is bound to." claimOf
    text "StorageClass" "Who provisioned it." (Column.orElse "" [ "spec"; "storageClassName" ])
    text "VolumeAttributesClass" "Class of its attributes." (unset [ "spec"; "volumeAttributesClassName" ])
    text "Reason" "Why it is in this state." (Column.orElse "" [ "status"; "reason" ])
    Column.age
    text "VolumeMode" "Filesystem or Block." (unset [ "spec"; "volumeMode" ])
    |> wide
]

let storageClasses =
    let isDefault object =
        Json.mapAt [ "metadata"; "annotations" ] object
        |> Map.tryFind "storageclass.kubernetes.io/is-default-class"
            =
            Some "true"

    let name object = if isDefault object then Meta.name object + " (default)" else Meta.name object

    [
        text "Name" "Name of the class." name
        text "Provisioner" "Who provisions its volumes." (at [ "provisioner" ])
        text
            "ReclaimPolicy"
            "What becomes of a volume without its claim."
            (Column.orElse "Delete" [ "reclaimPolicy" ])
        text
            "VolumeBindingMode"
            "When a volume is chosen."
            (Column.orElse "Immediate" [ "volumeBindingMode" ])
        {
            text "AllowVolumeExpansion" "Whether claims may grow." (fun _ -> "") with
                Type = "boolean"
                Cell =
                    fun _ object ->
                        Json.boolAt [ "allowVolumeExpansion" ] object
                        |> Option.defaultValue false
                        |> Json.bool
        }
        Column.age
    ]
