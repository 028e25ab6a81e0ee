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

let private hash withoutConfig (observed: Observed) =
    let hotReload template = withoutConfig || Defaults.configUpdate template = ConfigUpdate.HotReload

    let template =
        match observed.Role with
        | PD(spec, _) -> Codec.encode spec.Template |> ofTemplate (hotReload spec.Template.Component)
        | TiKV(spec, _) -> Codec.encode spec.Template |> ofTemplate (hotReload spec.Template.Component)

    let tls = observed.Cluster |> Option.exists (fun cluster -> Defaults.isTls cluster.Spec)

    Json.object [
        "scheme", Json.string scheme
        "template", template
        "metadata",
        observed.Meta.Annotations
        |> Map.tryFind Annotations.templateMetadata
        |> Option.map Json.string
        |> Option.defaultValue Json.Null
        "tls", Json.bool tls
    ]
    |> Hash.ofJson

/// The hash that a Pod bears of what its process was started with.
let ofProcess (observed: Observed) = hash false observed

/// The same without the configuration, whatever the strategy: only the configuration can differ where this does not.
let ofBase (observed: Observed) = hash true observed
