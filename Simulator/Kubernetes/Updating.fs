/// Updates, patches and applies of objects that are there.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Updating

open System
open Tikv.Core

/// The part of an object whose changes count as generations.
let private counted (served: Served) json =
    let rest = Json.withoutField "metadata" json

    if List.contains "status" served.Type.Subresources || not served.Type.Custom then
        Json.withoutField "status" rest
    else
        rest

let private status json = Json.tryField "status" json
let private withStatus status json = Json.setPath [ "status" ] status json

/// The new object as the endpoint lets it be: identity stays, and each endpoint writes its own part only.
let private prepared (served: Served) (request: Request) (old: Json) (proposed: Json) : Json =
    let separate = List.contains "status" served.Type.Subresources

    match request.Subresource with
    | Some "status" when served.Type.Custom -> withStatus (status proposed) old
    | Some "status" ->
        let spec = Json.withoutField "status" old |> Json.withoutField "metadata"

        proposed
        |> Meta.withServerPart (Meta.serverPart old)
        |> fun json -> Json.object [ "metadata", Meta.metadata json ]
        |> Patches.merge spec
        |> Meta.withServerPart (Meta.serverPart old)
        |> Meta.set "ownerReferences" (Json.tryField "ownerReferences" (Meta.metadata old))
        |> withStatus (status proposed)
    | _ ->
        let json = Meta.withServerPart (Meta.serverPart old) proposed
        if separate then withStatus (status old) json else json

/// A field whose kind is not served is dropped, unless it stands there already (Kubernetes: DropDisabledFields).
let private known (served: Served) old server json =
    let path = [ "spec"; "volumeAttributesClassName" ]

    if
        served.Type.Key = Builtins.persistentVolumeClaims
        && (State.tryServed Builtins.volumeAttributesClasses server).IsNone
        && (Json.tryPath path old).IsNone
        && (Json.tryPath path json).IsSome
    then
        Json.setPath path None json
    else
        json

let private finalizerCauses (old: Json) (json: Json) : Errors.Cause list =
    if not (Meta.isTerminating old) then
        []
    else
        let before = Meta.finalizers old

        match
            Meta.finalizers json
            |> List.filter (fun name -> not (List.contains name before))
        with
        | [] -> []
        | added ->
            let printed = added |> List.map (fun name -> "\"" + name + "\"") |> String.concat ", "

            [
                Causes.forbidden
                    "metadata.finalizers"
                    $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{%s{printed}}}"
            ]

let private causes (served: Served) (request: Request) old json =
    let metadata =
        if Object.ReferenceEquals(Meta.metadata old, Meta.metadata json) then
            []
        else
            MetadataRules.causes (fun _ -> []) json

    let kind =
        match request.Subresource with
        | Some "status" when not served.Type.Custom -> []
        | _ -> served.Strategy.ChangeCauses old json

    metadata @ finalizerCauses old json @ kind

/// Claims grow only where their class allows it.
let private growth (served: Served) old json server : Response option =
    if served.Type.Key <> Builtins.persistentVolumeClaims then
        None
    else
        let allowed name =
            State.tryFind Builtins.storageClasses "" name server
            |> Option.exists (fun found -> Json.boolAt [ "allowVolumeExpansion" ] found = Some true)

        if VolumeRules.growthRefused allowed old json then
            Some(Errors.forbidden served.Type.Key (Meta.name old) VolumeRules.growthRefusal [])
        else
            None

/// A terminating object goes with its last finalizer, unless its grace is not over.
let private goes (served: Served) old json =
    Meta.isTerminating json
    && List.isEmpty (Meta.finalizers json)
    && not (List.isEmpty (Meta.finalizers old))
    && (Meta.graceSeconds json |> Option.forall ((=) 0))
    && served.Type.Key <> Builtins.namespaces

/// Checks identity and version as an update of `old`; none when they fit. `Patched`: fields of identity come from the
/// patched object, so that a foreign uid is a change of an immutable field.
let private refusedIdentity
    (served: Served)
    (request: Request)
    patched
    (old: Json)
    (proposed: Json)
    : Response option =
    let key = request.Resource
    let name = Meta.name old
    let sentName, sentNamespace = Meta.name proposed, Meta.``namespace`` proposed
    let sentUid, sentVersion = Meta.uid proposed, Meta.resourceVersion proposed

    if sentName <> name then
        Some(
            Errors.badRequest
                $"the name of the object (%s{sentName}) does not match the name on the URL (%s{name})"
        )
    elif sentNamespace <> "" && sentNamespace <> Meta.``namespace`` old then
        Some(
            Errors.badRequest
                $"the namespace of the object (%s{sentNamespace}) does not match the namespace on the request (%s{Meta.``namespace`` old})"
        )
    elif not patched && sentUid <> "" && sentUid <> Meta.uid old then
        Some(Errors.foreignUid key (Meta.``namespace`` old) name sentUid (Meta.uid old))
    elif sentVersion = "" && not served.Strategy.Unconditional then
        Some(
            Errors.invalid key.Group key.Plural name [
                Causes.invalid "metadata.resourceVersion" "0x0" "must be specified for an update"
            ]
        )
    elif sentVersion <> "" && sentVersion <> Meta.resourceVersion old then
        Some(Errors.modified key name)
    elif sentUid <> "" && sentUid <> Meta.uid old then
        Some(
            Errors.invalid key.Group served.Type.Kind name [
                Causes.immutable "metadata.uid" ("\"" + sentUid + "\"")
            ]
        )
    else
        None

/// Writes a new version. `fields` records who owns what, given old and new object.
let store
    (now: DateTimeOffset)
    (served: Served)
    (request: Request)
    patched
    (fields: Json -> Json -> Json)
    (old: Json)
    (proposed: Json)
    (server: ApiServer)
    : struct (ApiServer * Response) =
    let key = request.Resource
    let name = Meta.name old
    let refusal response = struct (server, response)

    match refusedIdentity served request patched old proposed with
    | Some response -> refusal response
    | None ->
        let json = prepared served request old proposed |> known served old server

        let json =
            if
                served.Type.Key = Builtins.customResourceDefinitions
                && request.Subresource.IsNone
            then
                CustomResources.establish now json
            else
                json

        let json =
            if served.Strategy.HasGeneration && counted served old <> counted served json then
                Meta.set "generation" (Some(Json.int64 (Meta.generation old + 1L))) json
            else
                json

        match growth served old json server with
        | Some response -> refusal response
        | None ->
            match causes served request old json with
            | _ :: _ as causes -> refusal (Errors.invalid key.Group served.Type.Kind name causes)
            | [] ->
                let json = fields old json

                if not (Fields.differ old json) then
                    refusal (Answers.ok old)
                elif request.DryRun then
                    refusal (Answers.ok json)
                elif goes served old json then
                    // told with the resourceVersion that it last had: nothing of it was written
                    let struct (server, _) = Store.remove key now json server
                    struct (server, Answers.ok json)
                else
                    let struct (server, json) = Store.replace key now json old server
                    struct (server, Answers.ok json)

let private storeRead now (served: Served) request patched fields old body server =
    match Bodies.read served request (Some old) body with
    | Error refusal -> struct (server, refusal)
    | Ok(struct (json, warnings)) ->
        let struct (server, response) = store now served request patched fields old json server
        struct (server, Bodies.warn warnings response)

let update
    now
    (served: Served)
    (request: Request)
    (old: Json)
    (server: ApiServer)
    : struct (ApiServer * Response) =
    storeRead now served request false (Fields.updated now request served server) old request.Body server

/// The server does not say which step of a JSON patch failed.
let private unprocessable: Response =
    Errors.unprocessable "the server rejected our request due to an error in our request"

let private patched (served: Served) kind (old: Json) (patch: Json) : Result<Json, Response> =
    match kind, patch with
    | JsonPatch, Json.Array steps -> Patches.jsonPatch old steps |> Result.mapError (fun _ -> unprocessable)
    | JsonPatch, _ ->
        Error(Errors.badRequest "json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    | MergePatch, Json.Object _ -> Ok(Patches.merge old patch)
    | StrategicMergePatch, _ when served.Type.Custom ->
        Error(
            Errors.unsupportedMediaType
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        )
    | StrategicMergePatch, Json.Object _ -> Ok(Patches.strategicMerge old patch)
    | _ ->
        Error(
            Errors.badRequest
                "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}"
        )

let patch
    now
    (served: Served)
    (request: Request)
    kind
    (old: Json)
    (server: ApiServer)
    : struct (ApiServer * Response) =
    match patched served kind old request.Body with
    | Error refusal -> struct (server, refusal)
    | Ok json -> storeRead now served request true (Fields.updated now request served server) old json server
