/// List requests: selectors, pages, revisions.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Listing

open System
open System.Text
open Tikv.Core

let private common = [ [ "metadata"; "name" ]; [ "metadata"; "namespace" ] ]

let private ofPods = [
    [ "spec"; "nodeName" ]
    [ "spec"; "restartPolicy" ]
    [ "spec"; "schedulerName" ]
    [ "spec"; "serviceAccountName" ]
    [ "spec"; "hostNetwork" ]
    [ "status"; "phase" ]
    [ "status"; "podIP" ]
    [ "status"; "nominatedNodeName" ]
]

let private ofEvents = [
    [ "involvedObject"; "kind" ]
    [ "involvedObject"; "namespace" ]
    [ "involvedObject"; "name" ]
    [ "involvedObject"; "uid" ]
    [ "involvedObject"; "apiVersion" ]
    [ "involvedObject"; "resourceVersion" ]
    [ "involvedObject"; "fieldPath" ]
    [ "reason" ]
    [ "reportingComponent" ]
    [ "source" ]
    [ "type" ]
]

/// The fields that objects of a resource can be selected by.
let private selectable (key: ResourceKey) =
    match key.Plural with
    | "pods" when key.Group = "" -> common @ ofPods
    | "events" -> common @ ofEvents
    | "nodes" when key.Group = "" -> common @ [ [ "spec"; "unschedulable" ] ]
    | "namespaces" when key.Group = "" -> common @ [ [ "status"; "phase" ] ]
    | "secrets" when key.Group = "" -> common @ [ [ "type" ] ]
    | _ -> common

let private detailed = set [ "pods"; "events"; "nodes"; "namespaces"; "secrets" ]

/// Understands the selectors of a list or watch of this resource; an error is a Status.
let selector (key: ResourceKey) (labelSelector: string) (fieldSelector: string) : Result<Selector, Response> =
    match Selectors.parse labelSelector fieldSelector with
    | Error problem -> Error(Errors.badRequest problem)
    | Ok selector when List.isEmpty selector.Fields -> Ok selector
    | Ok selector ->
        let known = selectable key

        match
            selector.Fields
            |> List.tryFind (fun (path, _, _) -> not (List.contains path known))
        with
        | None -> Ok selector
        | Some(path, _, _) ->
            let name = String.concat "." path

            if
                detailed.Contains key.Plural
                || key.Group.Contains '.' && key.Group <> "coordination.k8s.io"
            then
                Error(Errors.badRequest $"field label not supported: %s{name}")
            else
                Error(
                    Errors.badRequest
                        $"\"%s{name}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                )

/// Where the next page goes on: the revision of the first page, and the last object of this one.
let private token (revision: int64) (``namespace``: string) (name: string) =
    let json =
        Json.object [
            "v", Json.String "meta.k8s.io/v1"
            "rv", Json.int64 revision
            "start", Json.String(``namespace`` + "/" + name)
        ]

    (Convert.ToBase64String(Json.toBytes json)).TrimEnd('=').Replace('+', '-').Replace('/', '_')

let private untoken (text: string) =
    let padded = text.Replace('-', '+').Replace('_', '/').PadRight((text.Length + 3) / 4 * 4, '=')

    try
        match Json.parse (Encoding.UTF8.GetString(Convert.FromBase64String padded)) with
        | Ok json ->
            match Json.int64At [ "rv" ] json, Json.stringAt [ "start" ] json with
            | Some revision, Some start -> Some(revision, start)
            | _ -> None
        | Error _ -> None
    with :? FormatException ->
        None

let private tooOld =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."

let private badToken =
    Errors.badRequest
        "invalid continue token: continue key is not valid: invalid character looking for beginning of value"

let private position object = struct (Meta.``namespace`` object, Meta.name object)

let private isAfter (start: string) object =
    let at = start.IndexOf '/'
    let struct (``namespace``, name) = position object

    match String.CompareOrdinal(``namespace``, start.Substring(0, at)) with
    | 0 -> String.CompareOrdinal(name, start.Substring(at + 1)) > 0
    | order -> order > 0

let private answer (served: Served) (revision: int64) next remaining (items: Json list) =
    Answers.ok (
        Json.object [
            "apiVersion", Json.String(Meta.apiVersion served.Type.Key)
            "kind", Json.String(served.Type.Kind + "List")
            "metadata",
            Json.present [
                "resourceVersion", Some(Json.String(string revision))
                "continue", next |> Option.map Json.String
                "remainingItemCount", remaining |> Option.map Json.int
            ]
            "items", Json.Array(items |> List.map (Answers.item served.Type))
        ]
    )

let private page served (options: ListOptions) selector revision (objects: Json list) =
    let selected =
        if Selectors.isEverything selector then
            objects
        else
            objects |> List.filter (Selectors.selects selector)

    match options.Limit with
    | Some limit when limit > 0 && List.length selected > limit ->
        let items = List.truncate limit selected
        let last = List.last items
        let left = List.length selected - limit
        let next = token revision (Meta.``namespace`` last) (Meta.name last)
        answer served revision (Some next) (if Selectors.isEverything selector then Some left else None) items
    | _ -> answer served revision None None selected

/// Objects that a list or deletecollection selects now.
let selected (served: Served) (request: Request) (options: ListOptions) server : Result<Json list, Response> =
    let ``namespace`` = if served.Type.Namespaced then request.Namespace else None

    selector request.Resource options.LabelSelector options.FieldSelector
    |> Result.map (fun selector ->
        State.objects request.Resource ``namespace`` server
        |> Seq.filter (Selectors.selects selector)
        |> List.ofSeq)

let list (served: Served) (request: Request) (options: ListOptions) (server: ApiServer) : Response =
    let key = request.Resource
    let ``namespace`` = if served.Type.Namespaced then request.Namespace else None

    let asked =
        match options.ResourceVersion with
        | None
        | Some ""
        | Some "0" -> Ok None
        | Some text ->
            match Int64.TryParse text with
            | true, revision -> Ok(Some revision)
            | false, _ -> Error text

    match selector key options.LabelSelector options.FieldSelector, asked, options.Continue with
    | Error refusal, _, _ -> refusal
    | _, Error text, _ ->
        Errors.badRequest
            $"resourceVersion: Invalid value: \"%s{text}\": strconv.ParseUint: parsing \"%s{text}\": invalid syntax"
    | _, Ok(Some revision), _ when revision > server.Revision ->
        Errors.tooLargeResourceVersion revision server.Revision
    | Ok selector, _, (None | Some "") ->
        State.objects key ``namespace`` server
        |> List.ofSeq
        |> page served options selector server.Revision
    | Ok selector, _, Some text ->
        match untoken text with
        | None -> badToken
        | Some(revision, start) when revision < server.Compacted || not (start.Contains '/') ->
            if start.Contains '/' then Errors.expired tooOld else badToken
        | Some(revision, start) ->
            State.objectsAt key ``namespace`` revision server
            |> List.filter (isAfter start)
            |> page served options selector revision
