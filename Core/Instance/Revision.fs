/// What makes a process different from the one that runs: the fields whose change needs a restart.
module Tikv.Core.Instance.Revision

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// The version of the fields below. It changes only together with them, and then every process is restarted once: an
/// operator's upgrade alone restarts nothing (T 7.1 #30).
let private scheme = "1"

/// Takes the member away, and what becomes empty by that: `server: {}` is no other template than none.
let rec private removed path json =
    match path with
    | [] -> json
    | [ name ] -> Json.withoutField name json
    | name :: rest ->
        match Json.tryField name json |> Option.map (removed rest) with
        | None -> json
        | Some(Json.Object []) -> Json.withoutField name json
        | Some inner -> Json.withField name inner json

let private without paths json = paths |> List.fold (fun json path -> removed path json) json

/// Volumes count by name and mounts: size and class change in place.
let private mountsOnly volume =
    volume
    |> without [ [ "storage" ]; [ "storageClassName" ]; [ "volumeAttributesClassName" ] ]

/// What of a template a process is started with.
let ofTemplate hotReload template =
    let template =
        template
        |> without [
            [ "updateStrategy" ]
            [ "overlay"; "volumeClaims" ]
            [ "overlay"; "pod"; "metadata" ]
            [ "server"; "labels" ]
        ]

    let template = if hotReload then Json.withoutField "config" template else template

    match Json.tryField "volumes" template with
    | Some(Json.Array volumes) ->
        template
        |> Json.withField "volumes" (Json.Array(volumes |> List.map mountsOnly))
    | _ -> template

let private hash template metadata tls =
    Json.object [
        "scheme", Json.string scheme
        "template", template
        "metadata", metadata |> Option.map Json.string |> Option.defaultValue Json.Null
        "tls", Json.bool tls
    ]
    |> Hash.ofJson

/// Of a template as JSON, the hash of what its process is started with; by whether there is TLS.
let processOf (``component``: ComponentTemplate) template metadata =
    hash (ofTemplate (Defaults.configUpdate ``component`` = ConfigUpdate.HotReload) template) metadata

/// The same without the configuration, whatever the strategy.
let baseOf template metadata = hash (ofTemplate true template) metadata

/// The hash of the template's metadata, as the group has noted it.
let metadata (meta: Meta) = meta.Annotations |> Map.tryFind Annotations.templateMetadata

let private tls (observed: Observed) =
    observed.Cluster |> Option.exists (fun cluster -> Defaults.isTls cluster.Spec)

let private template (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> Codec.encode spec.Template
    | TiKV(spec, _) -> Codec.encode spec.Template

let private kept (observed: Observed) =
    Seen.prints observed
    |> Option.filter (fun prints -> prints.Metadata = metadata observed.Meta)

/// The hash that a Pod bears of what its process was started with.
let ofProcess (observed: Observed) =
    match kept observed with
    | Some prints -> prints.Process(tls observed)
    | None -> processOf (Seen.template observed) (template observed) (metadata observed.Meta) (tls observed)

/// The same without the configuration, whatever the strategy: only the configuration can differ where this does not.
let ofBase (observed: Observed) =
    match kept observed with
    | Some prints -> prints.Base(tls observed)
    | None -> baseOf (template observed) (metadata observed.Meta) (tls observed)
