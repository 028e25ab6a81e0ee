namespace Tikv.Simulator.Serve

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// From a line of HTTP to what is wanted.
[<RequireQualifiedAccess>]
module Routes =

    /// Where a path points to inside one group and version.
    type private Place = {
        Namespace: string option
        Plural: string
        Name: string option
        Subresource: string option
        /// What follows the subresource.
        Rest: string list
    }

    let private place segments =
        let at ``namespace`` plural rest =
            match rest with
            | [] -> { Namespace = ``namespace``; Plural = plural; Name = None; Subresource = None; Rest = [] }
            | [ name ] -> {
                Namespace = ``namespace``
                Plural = plural
                Name = Some name
                Subresource = None
                Rest = []
              }
            | name :: sub :: rest -> {
                Namespace = ``namespace``
                Plural = plural
                Name = Some name
                Subresource = Some sub
                Rest = rest
              }

        match segments with
        | [] -> None
        | "namespaces" :: name :: [ "status" | "finalize" as sub ] -> Some(at None "namespaces" [ name; sub ])
        | "namespaces" :: ``namespace`` :: plural :: rest -> Some(at (Some ``namespace``) plural rest)
        | plural :: rest -> Some(at None plural rest)

    /// `[scheme:]name[:port]`, as the proxy subresource has it.
    let private target (text: string) =
        match text.Split ':' with
        | [| name |] -> name, ""
        | [| name; port |] -> name, port
        | [| _; name; port |] -> name, port
        | _ -> text, ""

    let private problem found : Response =
        match found with
        | RequestBodies.Syntax message ->
            Errors.badRequest $"the object provided is unrecognized (must be of type object): %s{message}"
        | RequestBodies.MediaType message ->
            Errors.unsupportedMediaType
                $"the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (%s{message})"

    /// Writes that do not name a manager go by the name of the program; an apply must name one.
    let private manager (incoming: Incoming) query verb =
        match Query.tryText "fieldManager" query |> Option.bind Query.notEmpty, verb with
        | Some manager, _ -> manager
        | None, Verb.Patch(ServerSideApply _) -> ""
        | None, _ ->
            incoming.UserAgent.Split('/')[0]
            |> Query.notEmpty
            |> Option.defaultValue "unknown"

    let private verb (incoming: Incoming) query place body : Result<Verb, Response> =
        match incoming.Method, place.Name, place.Subresource with
        | "GET", None, _ -> Ok(Verb.List(Query.listOptions query))
        | "GET", Some _, _ -> Ok Verb.Get
        | "POST", None, _
        | "POST", Some _, Some _ -> Ok Verb.Create
        | "PUT", Some _, _ -> Ok Verb.Update
        | "PATCH", Some _, _ ->
            match RequestBodies.patchKind incoming.ContentType (Query.flag "force" query) with
            | Some kind -> Ok(Verb.Patch kind)
            | None ->
                Error(
                    Errors.unsupportedMediaType
                        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
                )
        | "DELETE", Some _, _ -> Ok(Verb.Delete(Query.deleteOptions query body))
        | "DELETE", None, _ ->
            Ok(Verb.DeleteCollection(Query.listOptions query, Query.deleteOptions query body))
        | _ -> Error Errors.methodNotAllowed

    /// The rule of `metav1.ListOptions` about watches that begin with what is there.
    let private initialEventsRefused: Response =
        Errors.invalid "meta.k8s.io" "ListOptions" "" [
            {
                Reason = "FieldValueForbidden"
                Message = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
                Field = "resourceVersionMatch"
            }
        ]

    let private watch resource place query =
        Route.Watch {
            Resource = resource
            Namespace = place.Namespace
            LabelSelector = Query.text "labelSelector" query
            FieldSelector = Query.text "fieldSelector" query
            ResourceVersion = Query.text "resourceVersion" query
            Timeout = Query.tryNumber "timeoutSeconds" query
            Bookmarks = Query.flag "allowWatchBookmarks" query
            SendInitialEvents = Query.flag "sendInitialEvents" query
        }

    /// What stands behind `/api/v1/namespaces/{namespace}/pods/{name}/proxy`, untouched.
    let private behindProxy (target: string) =
        target.Split('/')
        |> Seq.skip (min 8 (target.Split('/').Length))
        |> String.concat "/"

    let private proxy (incoming: Incoming) place isPod name (path: string) (queryText: string) =
        let name, port = target name
        let path = "/" + behindProxy path

        Route.Proxy {
            Namespace = place.Namespace |> Option.defaultValue ""
            IsPod = isPod
            Name = name
            Port = port
            Method = incoming.Method
            PathAndQuery = if queryText = "" then path else path + "?" + queryText
            Body = Text.Encoding.UTF8.GetString incoming.Body
        }

    let private log place name query =
        Route.Log {
            Namespace = place.Namespace |> Option.defaultValue ""
            Pod = name
            Container = Query.text "container" query
            Previous = Query.flag "previous" query
            Follow = Query.flag "follow" query
            Timestamps = Query.flag "timestamps" query
            TailLines = Query.tryNumber "tailLines" query
            SinceSeconds = Query.tryNumber "sinceSeconds" query
        }

    let private noStreaming (subresource: string) : Response =
        Errors.badRequest
            $"%s{subresource} is not possible: the embedded cluster simulates its pods, there is no process behind them; use the proxy subresource for the HTTP of PD and TiKV"

    let private review plural body =
        match plural with
        | "selfsubjectaccessreviews" -> Some(Route.Review(Review.SelfSubjectAccess, body))
        | "selfsubjectrulesreviews" -> Some(Route.Review(Review.SelfSubjectRules, body))
        | "selfsubjectreviews" -> Some(Route.Review(Review.SelfSubject, body))
        | _ -> None

    let private request incoming resource place query : Route =
        match RequestBodies.parse incoming.ContentType incoming.Body with
        | Error found -> Route.Refused(problem found)
        | Ok body ->
            match incoming.Method, resource.Group with
            | "POST", ("authorization.k8s.io" | "authentication.k8s.io") ->
                review resource.Plural body
                |> Option.defaultValue (Route.Refused Errors.notServed)
            | _ ->
                match verb incoming query place body with
                | Error response -> Route.Refused response
                | Ok verb ->
                    Route.Request {
                        Resource = resource
                        Namespace = place.Namespace
                        Name = place.Name
                        Subresource = place.Subresource
                        Verb = verb
                        Body = body
                        FieldManager = manager incoming query verb
                        DryRun = Query.isDryRun query body
                        FieldValidation =
                            Query.text "fieldValidation" query
                            |> Query.notEmpty
                            |> Option.defaultValue "Warn"
                    }

    let private inside (incoming: Incoming) group version segments path queryText =
        match place segments with
        | None -> Route.Resources(group, version)
        | Some place ->
            let query = Query.parse queryText
            let resource = { Group = group; Version = version; Plural = place.Plural }

            match incoming.Method, group, place.Plural, place.Name, place.Subresource with
            | _, "", "pods", Some _, Some("exec" | "attach" | "portforward" as streaming) ->
                Route.Refused(noStreaming streaming)
            | _, "", ("pods" | "services" as plural), Some name, Some "proxy" ->
                proxy incoming place (plural = "pods") name path queryText
            | "GET", "", "pods", Some name, Some "log" -> log place name query
            | "GET", _, _, None, _ when
                Query.flag "watch" query
                && Query.flag "sendInitialEvents" query
                && Query.text "resourceVersionMatch" query <> "NotOlderThan"
                ->
                Route.Refused initialEventsRefused
            | "GET", _, _, None, _ when Query.flag "watch" query -> watch resource place query
            | _ when not (List.isEmpty place.Rest) -> Route.Refused Errors.notServed
            | _ -> request incoming resource place query

    /// What a request wants. Total: what is not understood is refused in the words of an API server.
    let route (incoming: Incoming) : Route =
        let path, queryText =
            match incoming.Target.Split('?', 2) with
            | [| path; query |] -> path, query
            | _ -> incoming.Target, ""

        let segments =
            path.Split('/', StringSplitOptions.RemoveEmptyEntries)
            |> Array.map Query.unescape
            |> List.ofArray

        // The path behind a proxy belongs to whom it is for, and is not judged.
        let unsafe =
            segments
            |> List.takeWhile (fun segment -> segment <> "proxy")
            |> List.exists (fun segment -> segment = "." || segment = ".." || segment.Contains '/')

        if unsafe then
            Route.Refused(Errors.badRequest $"the path %s{path} is not a path of this API")
        else
            match segments with
            | [] -> Route.Index
            | [ "version" ] -> Route.Version
            | ("healthz" | "livez" | "readyz") :: _ -> Route.Health
            | [ "api" ] -> Route.CoreVersions
            | "api" :: version :: rest -> inside incoming "" version rest path queryText
            | [ "apis" ] -> Route.Groups
            | [ "apis"; group ] -> Route.Group group
            | "apis" :: group :: version :: rest -> inside incoming group version rest path queryText
            | [ "openapi"; "v2" ] -> Route.OpenApiV2
            | [ "openapi"; "v3" ] -> Route.OpenApiV3Index
            | [ "openapi"; "v3"; "api"; version ] -> Route.OpenApiV3("", version)
            | [ "openapi"; "v3"; "apis"; group; version ] -> Route.OpenApiV3(group, version)
            | _ -> Route.Refused Errors.noSuchPath
