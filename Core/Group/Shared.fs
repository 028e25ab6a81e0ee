/// What a group gives to each of its instances alike, and the fingerprints by which an outdated instance is told.
module Tikv.Core.Group.Shared

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// The hash of the template's metadata, kept as an annotation of each instance.
let metadataHash (metadata: ObjectMetadata) =
    Json.object [ "labels", Json.ofMap metadata.Labels; "annotations", Json.ofMap metadata.Annotations ]
    |> Hash.ofJson

/// One spelling for each amount: `1Gi` and `1024Mi` are no different templates.
let private spelled quantity =
    match Quantity.parse $"%d{Quantity.milli quantity}m" with
    | Ok spelled -> spelled
    | Error _ -> quantity

let private canonical (template: ComponentTemplate) = {
    template with
        Resources = {
            Cpu = template.Resources.Cpu |> Option.map spelled
            Memory = template.Resources.Memory |> Option.map spelled
        }
        Volumes =
            template.Volumes
            |> List.map (fun volume -> { volume with Storage = spelled volume.Storage })
}

let private pdTemplate (template: PDTemplateSpec) =
    Codec.encode { template with Component = canonical template.Component }

let private tikvTemplate (template: TiKVTemplateSpec) =
    Codec.encode { template with Component = canonical template.Component }

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
        (pdTemplate spec.Template.Spec)
        spec.Group.VolumeReclaimPolicy
        spec.Group.Drain
        (metadataHash spec.Template.Metadata)
        None

let ofTikvGroup (spec: TiKVGroupSpec) =
    fingerprint
        (tikvTemplate spec.Template.Spec)
        spec.Group.VolumeReclaimPolicy
        spec.Group.Drain
        (metadataHash spec.Template.Metadata)
        (Some(Codec.encode spec.Eviction))

let ofPd (meta: Meta) (spec: PDSpec) =
    fingerprint
        (pdTemplate spec.Template)
        spec.Instance.VolumeReclaimPolicy
        spec.Instance.Drain
        (annotated meta)
        None

let ofTikv (meta: Meta) (spec: TiKVSpec) =
    fingerprint
        (tikvTemplate spec.Template)
        spec.Instance.VolumeReclaimPolicy
        spec.Instance.Drain
        (annotated meta)
        (Some(Codec.encode spec.Eviction))

// ---- what a process is started with

let private processOf (``component``: ComponentTemplate) template metadata =
    let hotReload = Defaults.configUpdate ``component`` = ConfigUpdate.HotReload

    Json.object [
        "template", Instance.Revision.ofTemplate hotReload template
        "metadata", Json.string metadata
    ]
    |> Hash.ofJson

let processOfPd (meta: Meta) (spec: PDSpec) =
    processOf spec.Template.Component (pdTemplate spec.Template) (annotated meta)

let processOfTikv (meta: Meta) (spec: TiKVSpec) =
    processOf spec.Template.Component (tikvTemplate spec.Template) (annotated meta)

let processOfPdGroup (spec: PDGroupSpec) =
    let template = spec.Template.Spec
    processOf template.Component (pdTemplate template) (metadataHash spec.Template.Metadata)

let processOfTikvGroup (spec: TiKVGroupSpec) =
    let template = spec.Template.Spec
    processOf template.Component (tikvTemplate template) (metadataHash spec.Template.Metadata)

// ---- what is wanted

/// What of the template a revision is told by. The scheme changes only together with what stands here: neither an upgrade
/// of the operator nor a new default makes a revision (T 7.1 #22).
let private told template metadata =
    Json.object [
        "scheme", Json.string "1"
        "template", template
        "metadata", Json.string (metadataHash metadata)
    ]

let toldOfPd (template: PDTemplate) = told (pdTemplate template.Spec) template.Metadata
let toldOfTikv (template: TiKVTemplate) = told (tikvTemplate template.Spec) template.Metadata

let private prints template (told: Lazy<Json>) wanted process' : Prints = {
    Template = template
    Told = told
    Revision = lazy (Hash.ofJson told.Value)
    Wanted = wanted
    Process = process'
}

let printsOfPd (spec: PDGroupSpec) : Prints =
    prints
        (lazy (Codec.encode spec.Template))
        (lazy (toldOfPd spec.Template))
        (lazy (ofPdGroup spec))
        (lazy (processOfPdGroup spec))

let printsOfTikv (spec: TiKVGroupSpec) : Prints =
    prints
        (lazy (Codec.encode spec.Template))
        (lazy (toldOfTikv spec.Template))
        (lazy (ofTikvGroup spec))
        (lazy (processOfTikvGroup spec))

let private printsOf (observed: Observed) =
    match observed.Role with
    | PD(spec, _) ->
        observed.Prints
        |> Derived.tryOf spec
        |> Option.defaultWith (fun () -> printsOfPd spec)
    | TiKV(spec, _) ->
        observed.Prints
        |> Derived.tryOf spec
        |> Option.defaultWith (fun () -> printsOfTikv spec)

/// The fingerprint of an instance that is up to date.
let wanted (observed: Observed) = (printsOf observed).Wanted.Value

let wantedProcess (observed: Observed) =
    let { Process = wanted } = printsOf observed
    wanted.Value

/// The template, as it is kept in a ControllerRevision.
let template (observed: Observed) = (printsOf observed).Template.Value

/// What the group's template is told by.
let toldOf (observed: Observed) = (printsOf observed).Told.Value

/// The revision of a group's template: it changes with the template, and never with replicas, settings or the operator.
/// A count of collisions enters it once there was one.
let revision (observed: Observed) =
    let collisions =
        match observed.Role with
        | PD(_, status) -> status.CollisionCount
        | TiKV(_, status) -> status.CollisionCount

    if collisions = 0 then
        (printsOf observed).Revision.Value
    else
        toldOf observed
        |> Json.withField "collisions" (Json.int collisions)
        |> Hash.ofJson
