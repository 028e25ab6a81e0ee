/// What a group gives to each of its instances alike, and the fingerprint by which an outdated instance is told.
module Tikv.Core.Group.Shared

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// The hash of the template's metadata, kept as an annotation of each instance.
let metadataHash (metadata: ObjectMetadata) =
    Json.object [ "labels", Json.ofMap metadata.Labels; "annotations", Json.ofMap metadata.Annotations ]
    |> Hash.ofJson

let private reclaimed (policy: ReclaimPolicy) =
    match policy with
    | ReclaimPolicy.Retain -> Json.string "Retain"
    | ReclaimPolicy.Delete -> Json.string "Delete"

let private drained (policy: DrainPolicy) =
    match policy with
    | DrainPolicy.Move -> None
    | DrainPolicy.Hold -> Some(Json.string "Hold")
    | DrainPolicy.Unmanaged -> Some(Json.string "Unmanaged")

let private fingerprint template policy drain metadata eviction =
    Json.present [
        "template", Some template
        "reclaim", Some(reclaimed policy)
        "metadata", Some(Json.string metadata)
        "eviction", eviction
        "drain", drained drain
    ]
    |> Hash.ofJson

let private annotated (meta: Meta) =
    meta.Annotations
    |> Map.tryFind Annotations.templateMetadata
    |> Option.defaultValue ""

let ofPdGroup (spec: PDGroupSpec) =
    fingerprint
        (Codec.encode spec.Template.Spec)
        spec.Group.VolumeReclaimPolicy
        spec.Group.Drain
        (metadataHash spec.Template.Metadata)
        None

let ofTikvGroup (spec: TiKVGroupSpec) =
    fingerprint
        (Codec.encode spec.Template.Spec)
        spec.Group.VolumeReclaimPolicy
        spec.Group.Drain
        (metadataHash spec.Template.Metadata)
        (Some(Codec.encode spec.Eviction))

let ofPd (meta: Meta) (spec: PDSpec) =
    fingerprint
        (Codec.encode spec.Template)
        spec.Instance.VolumeReclaimPolicy
        spec.Instance.Drain
        (annotated meta)
        None

let ofTikv (meta: Meta) (spec: TiKVSpec) =
    fingerprint
        (Codec.encode spec.Template)
        spec.Instance.VolumeReclaimPolicy
        spec.Instance.Drain
        (annotated meta)
        (Some(Codec.encode spec.Eviction))

/// The revision of a group's template: it changes with the template, and never with replicas, settings or the operator.
let revision (observed: Observed) =
    let template, metadata =
        match observed.Role with
        | PD(spec, _) -> Codec.encode spec.Template.Spec, spec.Template.Metadata
        | TiKV(spec, _) -> Codec.encode spec.Template.Spec, spec.Template.Metadata

    Json.object [
        "scheme", Json.string "1"
        "template", template
        "metadata", Json.string (metadataHash metadata)
    ]
    |> Hash.ofJson
