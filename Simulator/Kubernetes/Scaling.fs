/// The scale subresource.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Scaling

open Tikv.Core

let private path (text: string) = text.TrimStart('.').Split '.' |> List.ofArray

/// A label selector as text: status of built-in kinds has it as an object of spec.
let private selector (served: Served) selectorPath object =
    match selectorPath with
    | Some text when served.Type.Custom -> Json.stringAt (path text) object
    | _ ->
        match Json.membersAt [ "spec"; "selector"; "matchLabels" ] object with
        | [] -> None
        | labels ->
            labels
            |> List.map (fun (key, value) -> key + "=" + (Json.asString value |> Option.defaultValue ""))
            |> String.concat ","
            |> Some

/// The Scale object of an object.
let view (served: Served) object : Json option =
    served.Type.ScalePaths
    |> Option.map (fun (spec, status, selectorPath) ->
        let metadata =
            Meta.metadata object
            |> Json.asMembers
            |> Option.defaultValue []
            |> List.filter (fun (key, _) ->
                List.contains key [ "name"; "namespace"; "uid"; "resourceVersion"; "creationTimestamp" ])

        let replicas path' = Json.int64At (path path') object |> Option.defaultValue 0L

        Json.object [
            "kind", Json.String "Scale"
            "apiVersion", Json.String "autoscaling/v1"
            "metadata", Json.Object metadata
            "spec", Json.object [ "replicas", Json.int64 (replicas spec) ]
            "status",
            Json.present [
                "replicas", Some(Json.int64 (replicas status))
                "selector", selector served selectorPath object |> Option.map Json.String
            ]
        ])

let private write now (served: Served) (request: Request) old (scale: Json) specPath server =
    let replicas = Json.int64At [ "spec"; "replicas" ] scale |> Option.defaultValue 0L
    let name = Meta.name old

    if replicas < 0L then
        let cause = Causes.invalid "spec.replicas" (string replicas) "must be greater than or equal to 0"

        struct (server, Errors.invalid "autoscaling" "Scale" name [ cause ])
    else
        let version = Meta.resourceVersion scale
        let proposed = Json.setPath (path specPath) (Some(Json.int64 replicas)) old
        let proposed = if version = "" then proposed else Meta.setText "resourceVersion" version proposed
        let main = { request with Subresource = None }
        let fields = Fields.updated now request served server
        let struct (server, response) = Updating.store now served main true fields old proposed server

        match response.Code, view served response.Body with
        | 200, Some scale -> struct (server, { response with Body = scale })
        | _ -> struct (server, response)

let handle now (served: Served) (request: Request) old (server: ApiServer) : struct (ApiServer * Response) =
    match view served old, served.Type.ScalePaths, request.Verb with
    | Some scale, _, Verb.Get -> struct (server, Answers.ok scale)
    | Some _, Some(spec, _, _), Verb.Update -> write now served request old request.Body spec server
    | Some scale, Some(spec, _, _), Verb.Patch JsonPatch ->
        match Patches.jsonPatch scale (Json.asItems request.Body |> Option.defaultValue []) with
        | Ok scale -> write now served request old scale spec server
        | Error _ ->
            struct (server,
                    Errors.unprocessable "the server rejected our request due to an error in our request")
    | Some scale, Some(spec, _, _), Verb.Patch _ ->
        write now served request old (Patches.merge scale request.Body) spec server
    | _ -> struct (server, Errors.methodNotAllowed)
