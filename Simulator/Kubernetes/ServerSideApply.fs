/// Apply patches (server-side apply).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.ServerSideApply

open Tikv.Core

let private refused (served: Served) (request: Request) : Response option =
    let body = request.Body
    let version = Json.stringAt [ "apiVersion" ] body |> Option.defaultValue ""
    let wanted = Meta.apiVersion request.Resource

    if request.FieldManager = "" then
        Some(
            Errors.invalid "meta.k8s.io" "PatchOptions" "" [
                Causes.requiredBecause "fieldManager" "is required for apply patch"
            ]
        )
    elif version <> wanted then
        Some(
            Errors.badRequest
                $"Incorrect version specified in apply patch. Specified patch version: %s{version}, expected: %s{wanted}"
        )
    elif not (List.isEmpty (Json.itemsAt [ "metadata"; "managedFields" ] body)) then
        Some(Errors.badRequest "metadata.managedFields must be nil")
    else
        Applying.complaint "" served.Strategy.Shape body
        |> Option.map (fun why ->
            Errors.unexplained
                $"failed to create typed patch object (%s{Meta.``namespace`` body}/%s{Meta.name body}; %s{version}, Kind=%s{served.Type.Kind}): %s{why}")

let private create now (served: Served) (request: Request) server =
    let uid = Meta.uid request.Body
    let name = request.Name |> Option.defaultValue ""

    if uid <> "" then
        let why = $"uid mismatch: the provided object specified uid %s{uid}, and no existing object was found"
        struct (server, Errors.conflict request.Resource name why)
    else
        let body =
            request.Body
            |> Meta.set "resourceVersion" None
            |> Meta.set "name" (Some(Json.String name))

        match Bodies.read served request None body with
        | Error refusal -> struct (server, refusal)
        | Ok(struct (json, warnings)) ->
            let fields server object =
                if server.TracksFields then
                    let manager = Fields.manager now "Apply" request
                    let shape = served.Strategy.Shape

                    match ManagedFields.apply shape manager true Json.empty request.Body [] with
                    | Ok(struct (_, managers)) -> ManagedFields.write managers object
                    | Error _ -> object
                else
                    object

            let struct (server, response) = Creating.store now served request fields json server
            struct (server, Bodies.warn warnings response)

let private onto now (served: Served) (request: Request) force old server =
    let manager = Fields.manager now "Apply" request
    let config = request.Body
    let managers = if server.TracksFields then ManagedFields.read old else []
    let live = Meta.set "managedFields" None old

    match ManagedFields.apply served.Strategy.Shape manager force live config managers with
    | Error refusal -> struct (server, refusal)
    | Ok(struct (merged, managers)) ->
        match Bodies.read served request (Some old) merged with
        | Error refusal -> struct (server, refusal)
        | Ok(struct (json, warnings)) ->
            let fields _ object = if server.TracksFields then ManagedFields.write managers object else object

            let json = if Meta.name config = "" then json else Meta.setText "name" (Meta.name config) json
            let struct (server, response) = Updating.store now served request true fields old json server
            struct (server, Bodies.warn warnings response)

/// Applies onto the object that is there, or makes it.
let apply now (served: Served) (request: Request) force (old: Json option) (server: ApiServer) =
    match refused served request, old with
    | Some response, _ -> struct (server, response)
    | None, None when request.Subresource.IsSome ->
        struct (server, Errors.notFound request.Resource (defaultArg request.Name ""))
    | None, None -> create now served request server
    | None, Some old -> onto now served request force old server
