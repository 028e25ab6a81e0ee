/// Create requests.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Creating

open System
open Tikv.Core

/// Objects of a namespace need it to be there, and not to be going.
let private inNamespace (key: ResourceKey) name ``namespace`` server : Response option =
    match State.tryFind Builtins.namespaces "" ``namespace`` server with
    | None -> Some(Errors.notFound Builtins.namespaces ``namespace``)
    | Some found when Meta.isTerminating found ->
        let cause: Errors.Cause = {
            Reason = "NamespaceTerminating"
            Message = $"namespace %s{``namespace``} is being terminated"
            Field = "metadata.namespace"
        }

        Some(
            Errors.forbidden
                key
                name
                $"unable to create new content in namespace %s{``namespace``} because it is being terminated"
                [ cause ]
        )
    | Some _ -> None

let private definitionIsGoing (served: Served) server =
    served.Type.Custom
    && State.tryFind Builtins.customResourceDefinitions "" (Meta.groupResource served.Type.Key) server
       |> Option.exists Meta.isTerminating

/// How often a generated name that is taken is drawn again.
let private attempts = 8

/// The name, drawn if only generateName is given.
let private named key ``namespace`` json server =
    let prefix = Json.stringAt [ "metadata"; "generateName" ] json |> Option.defaultValue ""

    let rec draw left server =
        let struct (server, suffix) = State.newSuffix server
        let name = prefix + suffix

        match State.tryFind key ``namespace`` name server with
        | Some _ when left > 1 -> draw (left - 1) server
        | _ -> struct (server, name)

    match Meta.name json, prefix with
    | "", "" -> struct (server, "")
    | "", _ -> draw attempts server
    | name, _ -> struct (server, name)

/// As the DefaultStorageClass admission does: a claim that names no class gets the default one.
let private withClass server json =
    if (Json.tryPath [ "spec"; "storageClassName" ] json).IsSome then
        json
    else
        let isDefault storageClass =
            Json.stringAt
                [ "metadata"; "annotations"; "storageclass.kubernetes.io/is-default-class" ]
                storageClass
                =
                Some "true"

        match State.objects Builtins.storageClasses None server |> Seq.tryFind isDefault with
        | Some found -> Json.setPath [ "spec"; "storageClassName" ] (Some(Json.String(Meta.name found))) json
        | None -> json

/// What a real server's admission and registry add to a new object of this kind.
let private admitted now (served: Served) server json =
    let json =
        if served.Type.Custom && List.contains "status" served.Type.Subresources then
            Json.withoutField "status" json
        else
            served.Strategy.Fresh json

    if served.Type.Key = Builtins.services then
        let taken ip =
            State.objects Builtins.services None server
            |> Seq.exists (fun other -> Json.stringAt [ "spec"; "clusterIP" ] other = Some ip)

        ServiceRules.allocate taken server.Drawn json
    elif served.Type.Key = Builtins.persistentVolumeClaims then
        withClass server json
    elif served.Type.Key = Builtins.customResourceDefinitions then
        CustomResources.establish now json
    else
        json

let private identified now (served: Served) ``namespace`` name uid json =
    Meta.withServerPart
        [
            "name", Json.String name

            if ``namespace`` <> "" then
                "namespace", Json.String ``namespace``

            "uid", Json.String uid

            if served.Strategy.HasGeneration then
                "generation", Json.int 1

            "creationTimestamp", Json.String(Meta.time now)
        ]
        json

let private place (served: Served) (request: Request) =
    if served.Type.Namespaced then request.Namespace |> Option.defaultValue "default" else ""

/// Stores a body that has been read; `fields` records who owns what.
let store
    (now: DateTimeOffset)
    (served: Served)
    (request: Request)
    (fields: ApiServer -> Json -> Json)
    (json: Json)
    (server: ApiServer)
    : struct (ApiServer * Response) =
    let key = request.Resource
    let kind = served.Type.Kind
    let ``namespace`` = place served request
    let sent = Meta.``namespace`` json
    let refusal response = struct (server, response)

    if served.Type.Namespaced && sent <> "" && sent <> ``namespace`` then
        refusal (
            Errors.badRequest
                "the namespace of the provided object does not match the namespace sent on the request"
        )
    elif Meta.resourceVersion json <> "" then
        refusal (Errors.unexplained "resourceVersion should not be set on objects to be created")
    elif definitionIsGoing served server then
        refusal (Errors.notAllowed "create not allowed while custom resource definition is terminating")
    else
        match if ``namespace`` = "" then None else inNamespace key (Meta.name json) ``namespace`` server with
        | Some response -> refusal response
        | None ->
            let struct (drawn, name) = named key ``namespace`` json server
            let struct (drawn, uid) = State.newUid drawn

            let object =
                json
                |> identified now served ``namespace`` name uid
                |> admitted now served drawn

            match
                MetadataRules.causes served.Strategy.NameProblems object
                @ served.Strategy.Causes object
            with
            | _ :: _ as causes -> refusal (Errors.invalid key.Group kind name causes)
            | [] ->
                match State.tryFind key ``namespace`` name server with
                | Some existing when Meta.isTerminating existing -> refusal (Errors.stillTerminating key name)
                | Some _ -> refusal (Errors.alreadyExists key name)
                | None when
                    ``namespace`` <> ""
                    && (Quotas.refusal key ``namespace`` name object server).IsSome
                    ->
                    refusal (Quotas.refusal key ``namespace`` name object server).Value
                | None ->
                    let object = fields drawn object

                    if request.DryRun then
                        refusal (Answers.created (Meta.set "managedFields" None object))
                    else
                        let struct (server, object) = Store.add key now object drawn
                        struct (server, Answers.created object)

let create now (served: Served) (request: Request) (server: ApiServer) : struct (ApiServer * Response) =
    match Bodies.read served request None request.Body with
    | Error refusal -> struct (server, refusal)
    | Ok(struct (json, warnings)) ->
        let fields server object = Fields.created now request served server object
        let struct (server, response) = store now served request fields json server

        let warnings =
            if served.Type.Key = Builtins.customResourceDefinitions && response.Code = 201 then
                warnings @ CustomResources.warnings request.Body
            else
                warnings

        struct (server, Bodies.warn warnings response)
