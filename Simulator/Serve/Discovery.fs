/// What a server says of itself: versions, groups, resources (Kubernetes docs, "Discovery API").
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.Discovery

open Tikv.Core
open Tikv.Simulator.Kubernetes

/// The Kubernetes version that the embedded cluster speaks like.
let version =
    Json.object [
        "major", Json.String "1"
        "minor", Json.String "32"
        "gitVersion", Json.String "v1.32.0+tikv-sim"
        "gitCommit", Json.String ""
        "gitTreeState", Json.String "clean"
        "buildDate", Json.String "1970-01-01T00:00:00Z"
        "goVersion", Json.String ""
        "compiler", Json.String "dotnet"
        "platform", Json.String "embedded"
    ]

let private strings (texts: string list) = if List.isEmpty texts then None else Some(Json.strings texts)

let private kindOf (group, version, kind) =
    Json.object [ "group", Json.String group; "version", Json.String version; "kind", Json.String kind ]

let private scope (resource: ResourceType) =
    Json.String(if resource.Namespaced then "Namespaced" else "Cluster")

// ---- aggregated

let private aggregatedSubresource resource name =
    let kind, verbs = ApiGroups.subresource resource name

    Json.object [ "subresource", Json.String name; "responseKind", kindOf kind; "verbs", Json.strings verbs ]

let private aggregatedResource (resource: ResourceType) =
    Json.present [
        "resource", Some(Json.String resource.Key.Plural)
        "responseKind", Some(kindOf (resource.Key.Group, resource.Key.Version, resource.Kind))
        "scope", Some(scope resource)
        "singularResource", Some(Json.String resource.Singular)
        "verbs", Some(Json.strings (ApiGroups.verbs resource))
        "shortNames", strings resource.ShortNames
        "categories", strings resource.Categories
        "subresources",
        (match resource.Subresources with
         | [] -> None
         | names -> Some(Json.Array(names |> List.map (aggregatedSubresource resource))))
    ]

/// All of `/api` (the core group) or of `/apis` in one answer, as kubectl asks since 1.27.
let aggregated (version: string) (core: bool) (api: ApiServer) =
    let ofVersion (version, resources) =
        Json.object [
            "version", Json.String version
            "resources", Json.Array(resources |> List.map aggregatedResource)
            "freshness", Json.String "Current"
        ]

    Json.object [
        "kind", Json.String "APIGroupDiscoveryList"
        "apiVersion", Json.String $"apidiscovery.k8s.io/%s{version}"
        "metadata", Json.empty
        "items",
        Json.Array [
            for group, versions in ApiGroups.ofServer api do
                if (group = "") = core then
                    Json.object [
                        "metadata", Json.present [ "name", (if core then None else Some(Json.String group)) ]
                        "versions", Json.Array(versions |> List.map ofVersion)
                    ]
        ]
    ]

/// The content type of an aggregated answer.
let aggregatedContentType (version: string) =
    $"application/json;g=apidiscovery.k8s.io;v=%s{version};as=APIGroupDiscoveryList"

// ---- one by one

/// `/api`.
let coreVersions =
    Json.object [
        "kind", Json.String "APIVersions"
        "versions", Json.strings [ "v1" ]
        "serverAddressByClientCIDRs", Json.Array []
    ]

let private groupVersion group version =
    Json.object [
        "groupVersion", Json.String(if group = "" then version else $"%s{group}/%s{version}")
        "version", Json.String version
    ]

let private groupEntry (name, versions) = [
    "name", Json.String name
    "versions", Json.Array(versions |> List.map (fst >> groupVersion name))
    "preferredVersion",
    (versions
     |> List.tryHead
     |> Option.map (fst >> groupVersion name)
     |> Option.defaultValue Json.Null)
]

/// `/apis`.
let groupList (api: ApiServer) =
    Json.object [
        "kind", Json.String "APIGroupList"
        "apiVersion", Json.String "v1"
        "groups",
        Json.Array [
            for group, versions in ApiGroups.ofServer api do
                if group <> "" then
                    Json.object (groupEntry (group, versions))
        ]
    ]

/// `/apis/{group}`; none when there is no such group.
let group name (api: ApiServer) =
    ApiGroups.ofServer api
    |> List.tryFind (fun (group, _) -> group = name && group <> "")
    |> Option.map (fun entry ->
        Json.object [
            "kind", Json.String "APIGroup"
            "apiVersion", Json.String "v1"
            yield! groupEntry entry
        ])

let private entries (resource: ResourceType) = [
    Json.present [
        "name", Some(Json.String resource.Key.Plural)
        "singularName", Some(Json.String resource.Singular)
        "namespaced", Some(Json.Bool resource.Namespaced)
        "kind", Some(Json.String resource.Kind)
        "verbs", Some(Json.strings (ApiGroups.verbs resource))
        "shortNames", strings resource.ShortNames
        "categories", strings resource.Categories
    ]

    for name in resource.Subresources do
        let (group, version, kind), verbs = ApiGroups.subresource resource name
        let elsewhere = (group, version) <> (resource.Key.Group, resource.Key.Version)

        Json.present [
            "name", Some(Json.String $"%s{resource.Key.Plural}/%s{name}")
            "singularName", Some(Json.String "")
            "namespaced", Some(Json.Bool resource.Namespaced)
            "group", (if elsewhere then Some(Json.String group) else None)
            "version", (if elsewhere then Some(Json.String version) else None)
            "kind", Some(Json.String kind)
            "verbs", Some(Json.strings verbs)
        ]
]

/// `/api/v1` and `/apis/{group}/{version}`; none when there is no such version.
let resources group version (api: ApiServer) =
    ApiGroups.ofServer api
    |> List.tryFind (fun (name, _) -> name = group)
    |> Option.bind (fun (_, versions) -> versions |> List.tryFind (fun (name, _) -> name = version))
    |> Option.map (fun (_, resources) ->
        Json.object [
            "kind", Json.String "APIResourceList"
            "apiVersion", Json.String "v1"
            "groupVersion", Json.String(if group = "" then version else $"%s{group}/%s{version}")
            "resources", Json.Array(resources |> List.collect entries)
        ])

/// `/`.
let index (api: ApiServer) =
    Json.object [
        "paths",
        Json.strings [
            "/api"
            "/api/v1"
            "/apis"
            for group, versions in ApiGroups.ofServer api do
                if group <> "" then
                    $"/apis/%s{group}"

                    for version, _ in versions do
                        $"/apis/%s{group}/%s{version}"
            "/healthz"
            "/livez"
            "/openapi/v2"
            "/openapi/v3"
            "/readyz"
            "/version"
        ]
    ]
