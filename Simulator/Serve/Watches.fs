namespace Tikv.Simulator.Serve

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// How one watcher wants to be told: what concerns it, and in which form.
type WatchForm = {
    Request: WatchRequest
    Resource: ResourceType
    Selector: Selector
    /// The form of one object at a moment: as it is, as a table, or its metadata.
    Present: DateTimeOffset -> Json -> Json
}

/// The lines of a watch, each one event (Kubernetes docs, "Efficient detection of changes").
[<RequireQualifiedAccess>]
module Watches =

    let private bookmarkEvery = TimeSpan.FromMinutes 1L

    /// How long before the end of the watch the last bookmark is sent.
    let private lastBookmark = TimeSpan.FromSeconds 2L

    /// When the next bookmark is due, both times from the beginning of the watch: each minute, and shortly before the
    /// end, so that the next watch begins close to where this one ends (cacher of k8s.io/apiserver).
    let nextBookmark (limit: TimeSpan) (passed: TimeSpan) : TimeSpan option =
        let due = min (passed + bookmarkEvery) (limit - lastBookmark)
        if due > passed then Some due else None

    /// The server ends a watch that named no time after half an hour; clients go on where they were.
    let defaultTimeout = TimeSpan.FromMinutes 30L

    let private line (kind: string) object = Json.object [ "type", Json.String kind; "object", object ]

    let private event form now kind object =
        let word =
            match kind with
            | ChangeType.Added -> "ADDED"
            | ChangeType.Modified -> "MODIFIED"
            | ChangeType.Deleted -> "DELETED"

        line word (form.Present now object)

    /// Tells how far the watch is, without an object. `initial`: all objects that were there at the start are told.
    let bookmark form (revision: int64) initial =
        let metadata =
            Json.present [
                "resourceVersion", Some(Json.String(string revision))
                "creationTimestamp", Some Json.Null
                "annotations",
                (if initial then
                     Some(Json.object [ "k8s.io/initial-events-end", Json.String "true" ])
                 else
                     None)
            ]

        line
            "BOOKMARK"
            (Json.object [
                "kind", Json.String form.Resource.Kind
                "apiVersion", Json.String(Meta.apiVersion form.Resource.Key)
                "metadata", metadata
            ])

    let private expired form (asked: int64) (api: ApiServer) =
        line "ERROR" (Errors.tooOldResourceVersion asked (ApiServer.knownSince form.Resource.Key api)).Body

    /// What is told of everything after a revision; an error is the last line of the watch.
    let since form now (revision: int64) (api: ApiServer) : Result<Json list, Json> =
        match ApiServer.changesAfter form.Resource.Key form.Request.Namespace revision api with
        | Error() -> Error(expired form revision api)
        | Ok changes ->
            changes
            |> List.choose (fun change ->
                match Watch.view form.Selector change with
                | Some struct (kind, object) -> Some(event form now kind object)
                | None -> None)
            |> Ok

    let private present form now (api: ApiServer) =
        ApiServer.listObjects form.Resource.Key form.Request.Namespace api
        |> List.map (if form.Resource.Key = EventForms.key then EventForms.ofCore else id)
        |> List.filter (Selectors.selects form.Selector)
        |> List.map (event form now ChangeType.Added)

    /// The first lines of a watch. It goes on after the revision of the API server that it was opened on.
    let opening form now (api: ApiServer) : Result<Json list, Json> =
        let asked = form.Request.ResourceVersion

        if form.Request.SendInitialEvents then
            let objects = present form now api
            Ok(if form.Request.Bookmarks then objects @ [ bookmark form api.Revision true ] else objects)
        elif asked = "" || asked = "0" then
            Ok(present form now api)
        else
            since form now (Int64.Parse asked) api

    /// Understands what was asked for; an error is refused before the watch begins.
    let form (request: WatchRequest) presented (api: ApiServer) : Result<WatchForm, Response> =
        let version =
            match request.ResourceVersion with
            | "" -> Some 0L
            | text ->
                match Int64.TryParse text with
                | true, number when number >= 0L -> Some number
                | _ -> None

        match
            ApiServer.tryResourceType request.Resource api,
            Selectors.parse request.LabelSelector request.FieldSelector,
            version
        with
        | None, _, _ -> Error(Builtins.unserved request.Resource.Group request.Resource.Version)
        | _, Error problem, _ -> Error(Errors.badRequest problem)
        | _, _, None ->
            Error(
                Errors.badRequest
                    $"Invalid value: \"%s{request.ResourceVersion}\": resourceVersion is not a number"
            )
        | Some _, Ok _, Some version when version > api.Revision ->
            Error(Errors.tooLargeResourceVersion version api.Revision)
        | Some resource, Ok selector, Some _ ->
            Ok { Request = request; Resource = resource; Selector = selector; Present = presented resource }
