/// The groups, versions and resources that a server has, in the order that clients look through them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.ApiGroups

open System
open Tikv.Simulator.Kubernetes

let private review group plural singular kind : ResourceType = {
    Key = { Group = group; Version = "v1"; Plural = plural }
    Singular = singular
    Kind = kind
    ShortNames = []
    Categories = []
    Namespaced = false
    Subresources = []
    ScalePaths = None
    Schema = None
    Columns = []
    Custom = false
}

/// Served here rather than by the API server: they ask about the asker.
let private reviews = [
    review
        "authorization.k8s.io"
        "selfsubjectaccessreviews"
        "selfsubjectaccessreview"
        "SelfSubjectAccessReview"
    review "authorization.k8s.io" "selfsubjectrulesreviews" "selfsubjectrulesreview" "SelfSubjectRulesReview"
    review "authentication.k8s.io" "selfsubjectreviews" "selfsubjectreview" "SelfSubjectReview"
]

let private isReview (resource: ResourceType) =
    resource.Key.Group = "authorization.k8s.io"
    || resource.Key.Group = "authentication.k8s.io"

let verbs resource =
    if isReview resource then
        [ "create" ]
    else
        [ "create"; "delete"; "deletecollection"; "get"; "list"; "patch"; "update"; "watch" ]

/// Group, version and kind that a subresource answers with, and what may be done with it.
let subresource (resource: ResourceType) name =
    let own = resource.Key.Group, resource.Key.Version, resource.Kind

    match name with
    | "scale" -> ("autoscaling", "v1", "Scale"), [ "get"; "patch"; "update" ]
    | "eviction" -> ("policy", "v1", "Eviction"), [ "create" ]
    | "binding" -> ("", "v1", "Binding"), [ "create" ]
    | "log" -> own, [ "get" ]
    | "finalize" -> own, [ "update" ]
    | "exec"
    | "attach"
    | "portforward" -> ("", "v1", "PodExecOptions"), [ "create"; "get" ]
    | "proxy" -> ("", "v1", resource.Kind + "ProxyOptions"), [ "create"; "delete"; "get"; "patch"; "update" ]
    | _ -> own, [ "get"; "patch"; "update" ]

/// v2 before v1, v1 before v1beta1, beta before alpha (Kubernetes docs, "Version priority").
let private priority (version: string) =
    let digits start =
        let text =
            version.Substring start
            |> Seq.takeWhile Char.IsAsciiDigit
            |> Seq.toArray
            |> String

        (match Int32.TryParse text with
         | true, number -> number
         | false, _ -> 0),
        start + text.Length

    let major, next = digits (min 1 version.Length)
    let rest = version.Substring next

    let stability, minor =
        if rest = "" then 2, 0
        elif rest.StartsWith("beta", StringComparison.Ordinal) then 1, fst (digits (next + 4))
        elif rest.StartsWith("alpha", StringComparison.Ordinal) then 0, fst (digits (next + 5))
        else -1, 0

    -stability, -major, -minor

/// Groups in the order that clients resolve ambiguous names in (the core group and built-in groups first), each with
/// its versions, best first, and their resources.
let ofServer (api: ApiServer) : (string * (string * ResourceType list) list) list =
    ApiServer.resourceTypes api @ reviews
    |> List.groupBy _.Key.Group
    |> List.sortBy (fun (group, resources) -> resources |> List.exists _.Custom, group)
    |> List.map (fun (group, resources) ->
        group,
        resources
        |> List.groupBy _.Key.Version
        |> List.sortBy (fst >> priority)
        |> List.map (fun (version, resources) -> version, resources |> List.sortBy _.Key.Plural))
