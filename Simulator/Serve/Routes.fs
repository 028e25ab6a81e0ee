namespace Tikv.Simulator.Serve

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// An HTTP request as it came, before anything in it is understood.
type Incoming = {
    Method: string
    /// Path and query as on the request line, still escaped.
    Target: string
    ContentType: string
    UserAgent: string
    Body: byte array
}

/// A watch as the client asked for it.
type WatchRequest = {
    Resource: ResourceKey
    Namespace: string option
    LabelSelector: string
    FieldSelector: string
    /// Empty or `0`: begin with the present objects.
    ResourceVersion: string
    /// Seconds after which the server ends the watch.
    Timeout: int option
    Bookmarks: bool
    SendInitialEvents: bool
}

/// A request to be passed on to what listens in a Pod, or behind a Service.
type ProxyRequest = {
    Namespace: string
    /// A Pod; otherwise a Service.
    IsPod: bool
    Name: string
    /// Number or name; empty when the client gave none.
    Port: string
    Method: string
    /// Begins with `/`; still escaped.
    PathAndQuery: string
    Body: string
}

type LogRequest = {
    Namespace: string
    Pod: string
    /// Empty: the only one.
    Container: string
    /// Of the container's former run.
    Previous: bool
    Follow: bool
    Timestamps: bool
    TailLines: int option
    SinceSeconds: int option
}

/// The questions about the asker's own rights and name.
[<RequireQualifiedAccess>]
type Review =
    | SelfSubjectAccess
    | SelfSubjectRules
    | SelfSubject

[<RequireQualifiedAccess>]
type Route =
    | Request of Request
    | Watch of WatchRequest
    | Proxy of ProxyRequest
    | Log of LogRequest
    | Review of Review * Body: Json
    | Version
    /// `/healthz`, `/livez`, `/readyz`.
    | Health
    /// `/`: the paths that are served.
    | Index
    /// `/api`.
    | CoreVersions
    /// `/apis`.
    | Groups
    /// `/apis/{group}`.
    | Group of Name: string
    /// `/api/v1` and `/apis/{group}/{version}`.
    | Resources of Group: string * Version: string
    | OpenApiV2
    | OpenApiV3Index
    | OpenApiV3 of Group: string * Version: string
    | Refused of Response

/// From a line of HTTP to what is wanted.
[<RequireQualifiedAccess>]
module Routes =

    type private Query = Map<string, string list>

    let private unescape (text: string) = Uri.UnescapeDataString text

    let private query (text: string) : Query =
        text.Split('&', StringSplitOptions.RemoveEmptyEntries)
        |> Seq.map (fun pair ->
            match pair.Split('=', 2) with
            | [| key; value |] -> unescape (key.Replace('+', ' ')), unescape (value.Replace('+', ' '))
            | _ -> unescape pair, "")
        |> Seq.groupBy fst
        |> Seq.map (fun (key, values) -> key, values |> Seq.map snd |> List.ofSeq)
        |> Map.ofSeq

    let private tryText name (query: Query) = query |> Map.tryFind name |> Option.bind List.tryHead
    let private text name query = tryText name query |> Option.defaultValue ""

    let private flag name query =
        match tryText name query with
        | Some("true" | "1" | "True" | "") -> true
        | _ -> false

    let private tryNumber name query =
        tryText name query
        |> Option.bind (fun value ->
            match Int32.TryParse value with
            | true, number -> Some number
            | false, _ -> None)

    let private notEmpty text = if text = "" then None else Some text

    let private listOptions query : ListOptions = {
        LabelSelector = text "labelSelector" query
        FieldSelector = text "fieldSelector" query
        Limit = tryNumber "limit" query |> Option.filter (fun limit -> limit > 0)
        Continue = tryText "continue" query |> Option.bind notEmpty
        ResourceVersion = tryText "resourceVersion" query |> Option.bind notEmpty
    }

    /// From the body where it says something, from the query otherwise.
    let private deleteOptions query (body: Json) : DeleteOptions =
        let propagation =
            match Json.stringAt [ "propagationPolicy" ] body, tryText "propagationPolicy" query with
            | Some policy, _ -> Some policy
            | None, Some policy -> notEmpty policy
            | None, None ->
                match Json.boolAt [ "orphanDependents" ] body with
                | Some true -> Some "Orphan"
                | Some false -> Some "Background"
                | None -> None

        {
            GraceSeconds =
                Json.intAt [ "gracePeriodSeconds" ] body
                |> Option.orElse (tryNumber "gracePeriodSeconds" query)
            Uid = Json.stringAt [ "preconditions"; "uid" ] body
            ResourceVersion = Json.stringAt [ "preconditions"; "resourceVersion" ] body
            Propagation = propagation
        }

    let private isDryRun query body =
        Map.containsKey "dryRun" query
        || (Json.itemsAt [ "dryRun" ] body |> List.isEmpty |> not)

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

    let private manager (incoming: Incoming) query =
        match tryText "fieldManager" query |> Option.bind notEmpty with
        | Some manager -> manager
        | None -> incoming.UserAgent.Split('/')[0] |> notEmpty |> Option.defaultValue "unknown"

    let private verb (incoming: Incoming) query place body : Result<Verb, Response> =
        match incoming.Method, place.Name, place.Subresource with
        | "GET", None, _ -> Ok(Verb.List(listOptions query))
        | "GET", Some _, _ -> Ok Verb.Get
        | "POST", None, _
        | "POST", Some _, Some _ -> Ok Verb.Create
        | "PUT", Some _, _ -> Ok Verb.Update
        | "PATCH", Some _, _ ->
            match RequestBodies.patchKind incoming.ContentType (flag "force" query) with
            | Some kind -> Ok(Verb.Patch kind)
            | None ->
                Error(
                    Errors.unsupportedMediaType
                        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
                )
        | "DELETE", Some _, _ -> Ok(Verb.Delete(deleteOptions query body))
        | "DELETE", None, _ -> Ok(Verb.DeleteCollection(listOptions query, deleteOptions query body))
        | _ -> Error Errors.methodNotAllowed

    let private watch resource place query =
        Route.Watch {
            Resource = resource
            Namespace = place.Namespace
            LabelSelector = text "labelSelector" query
            FieldSelector = text "fieldSelector" query
            ResourceVersion = text "resourceVersion" query
            Timeout = tryNumber "timeoutSeconds" query
            Bookmarks = flag "allowWatchBookmarks" query
            SendInitialEvents = flag "sendInitialEvents" query
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
            Container = text "container" query
            Previous = flag "previous" query
            Follow = flag "follow" query
            Timestamps = flag "timestamps" query
            TailLines = tryNumber "tailLines" query
            SinceSeconds = tryNumber "sinceSeconds" query
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
                        FieldManager = manager incoming query
                        DryRun = isDryRun query body
                        FieldValidation =
                            text "fieldValidation" query |> notEmpty |> Option.defaultValue "Warn"
                    }

    let private inside (incoming: Incoming) group version segments path queryText =
        match place segments with
        | None -> Route.Resources(group, version)
        | Some place ->
            let query = query queryText
            let resource = { Group = group; Version = version; Plural = place.Plural }

            match incoming.Method, group, place.Plural, place.Name, place.Subresource with
            | _, "", "pods", Some _, Some("exec" | "attach" | "portforward" as streaming) ->
                Route.Refused(noStreaming streaming)
            | _, "", ("pods" | "services" as plural), Some name, Some "proxy" ->
                proxy incoming place (plural = "pods") name path queryText
            | "GET", "", "pods", Some name, Some "log" -> log place name query
            | "GET", _, _, None, _ when flag "watch" query -> watch resource place query
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
            |> Array.map unescape
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
            | _ -> Route.Refused Errors.notServed
