namespace Tikv.Simulator.Kubernetes

open System
open Tikv.Core

/// The face of the server: requests, watches, and cheap reads for the world inside the same process.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module ApiServer =

    let private beginning = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)

    /// Every served resource, for discovery.
    let resourceTypes (server: ApiServer) : ResourceType list = [
        for versions in server.Served.Values do
            for served in versions.Values -> served.Type
    ]

    let tryResourceType key (server: ApiServer) = State.tryServed key server |> Option.map _.Type

    /// The revision of the newest change.
    let revision (server: ApiServer) = server.Revision

    /// The object of that name; the namespace is none for objects of the cluster.
    let tryGet
        (key: ResourceKey)
        (``namespace``: string option)
        (name: string)
        (server: ApiServer)
        : Json option =
        State.tryFind key (defaultArg ``namespace`` "") name server

    /// Objects of one namespace, or with `None` of all, in the order of namespace and name.
    let listObjects (key: ResourceKey) (``namespace``: string option) (server: ApiServer) : Json list =
        State.objects key ``namespace`` server |> List.ofSeq

    /// The revision of the newest change of one resource; 0 when it never changed or its changes are forgotten.
    let latestChange (key: ResourceKey) (server: ApiServer) : int64 =
        match (State.collection key server).History with
        | newest :: _ -> newest.Revision
        | [] -> 0L

    /// Changes after a revision, oldest first; an error when some of them are forgotten (410, Expired).
    let changesAfter
        (key: ResourceKey)
        (``namespace``: string option)
        (revision: int64)
        (server: ApiServer)
        : Result<Change list, unit> =
        if revision < server.Compacted then
            Error()
        else
            let rec gather (history: Change list) (found: Change list) =
                match history with
                | change :: older when change.Revision > revision ->
                    match ``namespace`` with
                    | Some wanted when Meta.``namespace`` change.Object <> wanted -> gather older found
                    | _ -> gather older ({ change with Resource = key } :: found)
                | _ -> found

            Ok(gather (State.collection key server).History [])

    /// Forgets the changes up to and including a revision.
    let compact (keepAfter: int64) (server: ApiServer) : ApiServer =
        if keepAfter <= server.Compacted then
            server
        else
            let forget (collection: Collection) =
                match List.tryLast collection.History with
                | Some oldest when oldest.Revision <= keepAfter -> {
                    collection with
                        History =
                            collection.History
                            |> List.takeWhile (fun (change: Change) -> change.Revision > keepAfter)
                  }
                | _ -> collection

            {
                server with
                    Compacted = keepAfter
                    Collections = Map.map (fun _ collection -> forget collection) server.Collections
            }

    let private keep = fun (server: ApiServer) response -> struct (server, response)

    let private place (served: Served) (request: Request) =
        if served.Type.Namespaced then request.Namespace |> Option.defaultValue "default" else ""

    let private create now served (request: Request) server =
        let ``namespace`` = place served request
        let body = request.Body

        let struct (server, name) =
            match Meta.name body with
            | "" ->
                let struct (server, suffix) = State.newSuffix server
                let prefix = Json.stringAt [ "metadata"; "generateName" ] body |> Option.defaultValue ""
                struct (server, prefix + suffix)
            | name -> struct (server, name)

        match State.tryFind request.Resource ``namespace`` name server with
        | Some _ -> keep server (Errors.alreadyExists request.Resource name)
        | None ->
            let struct (server, uid) = State.newUid server

            let object =
                body
                |> Meta.setText "name" name
                |> Meta.set "namespace" (if ``namespace`` = "" then None else Some(Json.String ``namespace``))
                |> Meta.setText "uid" uid
                |> Meta.setText "creationTimestamp" (Meta.time now)
                |> Meta.set "generation" (Some(Json.int 1))

            let struct (server, object) = State.add request.Resource now object server
            keep server (Answers.created object)

    let private one name (request: Request) (served: Served) server act =
        match State.tryFind request.Resource (place served request) name server with
        | Some object -> act object
        | None -> keep server (Errors.notFound request.Resource name)

    let private list (request: Request) (served: Served) (options: ListOptions) server =
        let ``namespace`` = if served.Type.Namespaced then request.Namespace else None

        match Selectors.parse options.LabelSelector options.FieldSelector with
        | Error problem -> keep server (Errors.badRequest problem)
        | Ok selector ->
            let items =
                State.objects request.Resource ``namespace`` server
                |> Seq.filter (Selectors.selects selector)
                |> Json.array

            keep
                server
                (Answers.ok (
                    Json.object [
                        "apiVersion", Json.String(Meta.apiVersion request.Resource)
                        "kind", Json.String(served.Type.Kind + "List")
                        "metadata", Json.object [ "resourceVersion", Json.String(string server.Revision) ]
                        "items", items
                    ]
                ))

    /// Carries out one request. Never fails: what is wrong is answered as a Status object.
    let handle (now: DateTimeOffset) (request: Request) (server: ApiServer) : struct (ApiServer * Response) =
        match State.tryServed request.Resource server with
        | None -> keep server Errors.notServed
        | Some served ->
            match request.Verb, request.Name with
            | Verb.Create, _ -> create now served request server
            | Verb.List options, _ -> list request served options server
            | Verb.Get, Some name -> one name request served server (Answers.ok >> keep server)
            | Verb.Update, Some name ->
                one name request served server (fun old ->
                    let body = request.Body
                    let version = Meta.resourceVersion body

                    if version <> "" && version <> Meta.resourceVersion old then
                        keep server (Errors.modified request.Resource name)
                    else
                        let struct (server, object) = State.replace request.Resource now body old server
                        keep server (Answers.ok object))
            | Verb.Delete _, Some name ->
                one name request served server (fun old ->
                    let struct (server, _) = State.remove request.Resource now old server
                    keep server (Answers.deleted request.Resource name (Meta.uid old)))
            | _ -> keep server Errors.methodNotAllowed

    /// A server with the built-in resources and the namespaces that every cluster has. The seed determines uids and
    /// generated names.
    let start (seed: int) : ApiServer =
        let empty = {
            Seed = seed
            Revision = 0L
            Drawn = 0L
            Compacted = 0L
            Served = Map.empty
            Collections = Map.empty
            TracksFields = true
        }

        let served =
            (empty, Builtins.all)
            ||> List.fold (fun server resource -> State.serve resource { Type = resource } server)

        (served, [ "default"; "kube-node-lease"; "kube-public"; "kube-system" ])
        ||> List.fold (fun server name ->
            let body =
                Json.object [
                    "apiVersion", Json.String "v1"
                    "kind", Json.String "Namespace"
                    "metadata", Json.object [ "name", Json.String name ]
                ]

            let struct (server, _) = handle beginning (Requests.create Builtins.namespaces None body) server
            server)

    /// Turns the bookkeeping of managedFields on (the default) or off.
    let tracksFields (on: bool) (server: ApiServer) = { server with TracksFields = on }
