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

    /// The revision of the newest change of what is kept in one place (`State.shelf`); 0 when it never changed or its
    /// changes are forgotten.
    let latestOn (shelf: string) (server: ApiServer) : int64 =
        match server.Collections.TryGetValue shelf with
        | true, { History = newest :: _ } -> newest.Revision
        | _ -> 0L

    /// The same of one resource.
    let latestChange (key: ResourceKey) (server: ApiServer) : int64 = latestOn (State.shelf key) server

    /// The first revision whose later changes of a resource are all known.
    let knownSince (key: ResourceKey) (server: ApiServer) : int64 =
        max server.Compacted (State.collection key server).Since

    /// Changes after a revision, oldest first; an error when some of them are forgotten (410, Expired).
    let changesAfter
        (key: ResourceKey)
        (``namespace``: string option)
        (revision: int64)
        (server: ApiServer)
        : Result<Change list, unit> =
        if revision < knownSince key server then
            Error()
        else
            let told (change: Change) =
                if key = EventForms.key then
                    {
                        change with
                            Resource = key
                            Object = EventForms.ofCore change.Object
                            Previous = change.Previous |> Option.map EventForms.ofCore
                    }
                elif key = change.Resource then
                    change
                else
                    { change with Resource = key }

            let rec gather (history: Change list) (found: Change list) =
                match history with
                | change :: older when change.Revision > revision ->
                    match ``namespace`` with
                    | Some wanted when Meta.``namespace`` change.Object <> wanted -> gather older found
                    | _ -> gather older (told change :: found)
                | _ -> found

            Ok(gather (State.collection key server).History [])

    /// Forgets the changes up to and including a revision.
    let compact (keepAfter: int64) (server: ApiServer) : ApiServer =
        if keepAfter <= server.Compacted then
            server
        else
            // controllers inside the server still need what they have not seen
            let needed = (keepAfter, server.Seen) ||> Map.fold (fun least _ seen -> min least seen)

            let forget (collection: Collection) =
                match List.tryLast collection.History with
                | Some oldest when oldest.Revision <= needed -> {
                    collection with
                        History =
                            collection.History
                            |> List.takeWhile (fun (change: Change) -> change.Revision > needed)
                  }
                | _ -> collection

            {
                server with
                    Compacted = keepAfter
                    Collections = Map.map (fun _ collection -> forget collection) server.Collections
            }

    let private one (served: Served) (request: Request) name server act =
        let ``namespace`` =
            if served.Type.Namespaced then request.Namespace |> Option.defaultValue "default" else ""

        match State.tryFind request.Resource ``namespace`` name server with
        | Some object -> act object
        | None ->
            match request.Verb with
            | Verb.Update when Meta.uid request.Body <> "" ->
                struct (server,
                        Errors.foreignUid request.Resource ``namespace`` name (Meta.uid request.Body) "")
            | _ -> struct (server, Errors.notFound request.Resource name)

    let private write now (served: Served) (request: Request) name server =
        match request.Verb with
        | Verb.Patch(ServerSideApply force) ->
            let ``namespace`` =
                if served.Type.Namespaced then request.Namespace |> Option.defaultValue "default" else ""

            let old = State.tryFind request.Resource ``namespace`` name server
            ServerSideApply.apply now served request force old server
        | _ ->
            one served request name server (fun old ->
                match request.Verb with
                | Verb.Get -> struct (server, Answers.ok old)
                | Verb.Update -> Updating.update now served request old server
                | Verb.Patch kind -> Updating.patch now served request kind old server
                | Verb.Delete options when request.Subresource.IsNone ->
                    Deleting.delete now served request options old server
                | _ -> struct (server, Errors.methodNotAllowed))

    let private named now (served: Served) (request: Request) name server =
        match request.Subresource, request.Verb with
        | None, _
        | Some "status", _ -> write now served request name server
        | Some "scale", _ ->
            one served request name server (fun old -> Scaling.handle now served request old server)
        | Some "binding", Verb.Create ->
            one served request name server (fun pod -> PodActions.bind now request pod server)
        | Some "eviction", Verb.Create ->
            one served request name server (fun pod -> PodActions.evict now served request pod server)
        | Some _, _ -> struct (server, Errors.methodNotAllowed)

    let private collection now (served: Served) (request: Request) server =
        match request.Verb with
        | Verb.Create -> Creating.create now served request server
        | Verb.List options -> struct (server, Listing.list served request options server)
        | Verb.DeleteCollection(selection, options) ->
            match Listing.selected served request selection server with
            | Ok objects -> Deleting.deleteAll now served request options objects server
            | Error refusal -> struct (server, refusal)
        | Verb.Update -> struct (server, Errors.badRequest "name must be provided")
        | Verb.Get
        | Verb.Patch _
        | Verb.Delete _ -> struct (server, Errors.methodNotAllowed)

    /// Carries out one request. Never fails: what is wrong is answered as a Status object.
    let rec handle
        (now: DateTimeOffset)
        (request: Request)
        (server: ApiServer)
        : struct (ApiServer * Response) =
        match State.tryServed request.Resource server with
        | None -> struct (server, Builtins.unserved request.Resource.Group request.Resource.Version)
        | Some _ when request.Resource = EventForms.key ->
            let core = { request with Resource = Builtins.events; Body = EventForms.toCore request.Body }
            let struct (server, response) = handle now core server
            struct (server, EventForms.answer response)
        | Some served ->
            match request.Subresource, request.Name with
            | Some subresource, Some _ when not (List.contains subresource served.Type.Subresources) ->
                struct (server, Errors.notServed)
            | _, Some name ->
                match request.Verb with
                | Verb.Create when request.Subresource.IsNone -> collection now served request server
                | _ -> named now served request name server
            | _, None -> collection now served request server

    /// Serves a resource without a definition, with the strategy that its schema or its kind asks for.
    let serve (resource: ResourceType) (server: ApiServer) : ApiServer =
        let strategy =
            if resource.Custom then CustomResources.strategy resource
            elif resource.Key = Builtins.customResourceDefinitions then CustomResources.definitions
            else Strategies.builtin resource.Kind

        State.serve resource strategy server

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
            Kinds = Map.empty
            Latest = ValueNone
            Dependants = Map.empty
            Seen = Map.empty
            TracksFields = true
        }

        let served =
            (empty, Builtins.all)
            ||> List.fold (fun server resource -> serve resource server)

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
