/// OpenAPI documents: what `kubectl explain` prints, and what tells kubectl that the server validates fields and can try
/// writes without doing them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.OpenApi

open System
open System.Security.Cryptography
open Tikv.Core
open Tikv.Simulator.Kubernetes

let private mediaType = "application/json"

/// `Cluster` of `core.tikv.org/v1alpha1` is `org.tikv.core.v1alpha1.Cluster`.
let private componentOf (resource: ResourceType) =
    if resource.Schema.IsSome then
        let reversed = resource.Key.Group.Split '.' |> Array.rev |> String.concat "."
        $"%s{reversed}.%s{resource.Key.Version}.%s{resource.Kind}"
    else
        KindSchemas.componentName resource.Kind

let private kindOf (resource: ResourceType) =
    Json.object [
        "group", Json.String resource.Key.Group
        "version", Json.String resource.Key.Version
        "kind", Json.String resource.Kind
    ]

let private withKind resource schema =
    Json.withField "x-kubernetes-group-version-kind" (Json.Array [ kindOf resource ]) schema

/// A custom resource's own schema, with the head that every object has described.
let private customSchema (resource: ResourceType) schema =
    let heads = KindSchemas.heads |> List.map KindSchemas.field
    let own = Json.membersAt [ "properties" ] schema
    let isHead name = heads |> List.exists (fun (head, _) -> head = name)

    schema
    |> Json.withField
        "properties"
        (Json.object (heads @ (own |> List.filter (fun (name, _) -> not (isHead name)))))
    |> withKind resource

let private builtinDefinition (resource: ResourceType) =
    BuiltinSchemas.all
    |> Map.tryFind resource.Kind
    |> Option.defaultWith (fun () -> BuiltinSchemas.undescribed resource.Kind)

let private parameter name description =
    Json.object [
        "name", Json.String name
        "in", Json.String "query"
        "description", Json.String description
        "schema", Json.object [ "type", Json.String "string" ]
    ]

let private parameters =
    Json.Array [
        parameter "dryRun" "All: the write is tried and not done."
        parameter "fieldManager" "The name that changed fields are owned by."
        parameter "fieldValidation" "Strict, Warn or Ignore: what becomes of unknown and duplicate fields."
    ]

let private operation (resource: ResourceType) (action: string) writes =
    Json.present [
        "operationId",
        Some(Json.String $"%s{action}-%s{Meta.groupResource resource.Key}-%s{resource.Key.Version}")
        "x-kubernetes-action", Some(Json.String action)
        "x-kubernetes-group-version-kind", Some(kindOf resource)
        "parameters", (if writes then Some parameters else None)
        "responses",
        Some(
            Json.object [
                "200",
                Json.object [
                    "description", Json.String "OK"
                    "content",
                    Json.object [
                        mediaType, Json.object [ "schema", KindSchemas.reference (componentOf resource) ]
                    ]
                ]
            ]
        )
    ]

/// No patch lists its content types: kubectl then computes strategic merges by its own knowledge of built-in kinds,
/// which is complete, and not by these schemas, which are not.
let private paths (resource: ResourceType) = [
    let root =
        if resource.Key.Group = "" then
            $"/api/%s{resource.Key.Version}"
        else
            $"/apis/%s{resource.Key.Group}/%s{resource.Key.Version}"

    let collection =
        if resource.Namespaced then
            $"%s{root}/namespaces/{{namespace}}/%s{resource.Key.Plural}"
        else
            $"%s{root}/%s{resource.Key.Plural}"

    collection, Json.object [ "get", operation resource "list" false; "post", operation resource "post" true ]

    collection + "/{name}",
    Json.object [
        "get", operation resource "get" false
        "put", operation resource "put" true
        "patch", operation resource "patch" true
        "delete", operation resource "delete" true
    ]

    if resource.Namespaced then
        $"%s{root}/%s{resource.Key.Plural}", Json.object [ "get", operation resource "list" false ]
]

let private components (resources: ResourceType list) =
    let builtin = resources |> List.filter (fun resource -> resource.Schema.IsNone)

    let definitions =
        (BuiltinSchemas.all, builtin |> List.map builtinDefinition)
        ||> List.fold (fun known definition -> Map.add definition.Name definition known)

    let kinds = builtin |> List.map (fun resource -> resource.Kind, resource) |> Map.ofList

    Json.object [
        for resource in resources do
            match resource.Schema with
            | Some schema -> componentOf resource, customSchema resource schema
            | None -> ()

        for KeyValue(name, definition) in
            KindSchemas.reachable definitions ("ObjectMeta" :: List.map _.Kind builtin) do
            KindSchemas.componentName name,
            (match Map.tryFind name kinds with
             | Some resource -> KindSchemas.ofDefinition definition |> withKind resource
             | None -> KindSchemas.ofDefinition definition)
    ]

let private info =
    Json.object [ "title", Json.String "Embedded cluster"; "version", Json.String "v1.32.0" ]

let private document (resources: ResourceType list) =
    Json.object [
        "openapi", Json.String "3.0.0"
        "info", info
        "paths", Json.object (resources |> List.collect paths)
        "components", Json.object [ "schemas", components resources ]
    ]

/// `/openapi/v3/api/v1` and `/openapi/v3/apis/{group}/{version}`; none when there is no such version.
let v3 group version (api: ApiServer) =
    ApiServer.resourceTypes api
    |> List.filter (fun resource -> resource.Key.Group = group && resource.Key.Version = version)
    |> function
        | [] -> None
        | resources -> Some(document resources)

/// `/openapi/v3`: the documents, each with a fingerprint, so that clients may keep them until they change.
let v3Index (api: ApiServer) =
    let entry (group, version) resources =
        let path = if group = "" then $"api/%s{version}" else $"apis/%s{group}/%s{version}"
        let hash = document resources |> Json.toBytes |> SHA256.HashData |> Convert.ToHexString

        path,
        Json.object [
            "serverRelativeURL", Json.String $"/openapi/v3/%s{path}?hash=%s{hash.Substring(0, 32)}"
        ]

    Json.object [
        "paths",
        Json.object (
            ApiServer.resourceTypes api
            |> List.groupBy (fun resource -> resource.Key.Group, resource.Key.Version)
            |> List.map (fun (place, resources) -> entry place resources)
        )
    ]

/// References point elsewhere in version 2.
let rec private toV2 json =
    match json with
    | Json.Object members ->
        members
        |> List.map (fun (key, value) ->
            match key, value with
            | "$ref", Json.String target ->
                key,
                Json.String(
                    target.Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal)
                )
            | _ -> key, toV2 value)
        |> Json.Object
    | Json.Array items -> Json.Array(List.map toV2 items)
    | json -> json

/// `/openapi/v2`, as JSON only: the definitions of all kinds.
let v2 (api: ApiServer) =
    Json.object [
        "swagger", Json.String "2.0"
        "info", info
        "paths", Json.empty
        "definitions", components (ApiServer.resourceTypes api) |> toV2
    ]
