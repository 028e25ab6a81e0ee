/// A dump of one cluster as the operator sees it: the objects of its caches, and what PD answers. Secrets are none of
/// those objects.
[<RequireQualifiedAccess>]
module Tikv.Core.Operator.Snapshot

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let apiVersion = "snapshot.tikv.org/v1"
let kind = "Snapshot"

/// What PD is asked: what the operator asks it each time, and nothing that changes anything.
[<CompiledName "Questions">]
let questions: PdCall list = PdCall.GetCluster :: Poll.questions

let private text path json = Json.stringAt path json |> Option.defaultValue ""
let private name json = text [ "metadata"; "name" ] json
let private space json = text [ "metadata"; "namespace" ] json

/// The names of the Clusters among the objects of a namespace.
[<CompiledName "Clusters">]
let clusters (namespace': string) (objects: struct (Kind * Json) seq) : string list = [
    for struct (kind, object) in objects do
        if kind = Kind.Cluster && space object = namespace' then
            name object
]

/// Of a Pod of somebody else: the room that it takes, and where. None when it takes none.
let private tryGuest (pod: Json) : Json option =
    let only names json = Json.present [ for name in names -> name, Json.tryField name json ]

    let part name = Json.tryField name pod |> Option.defaultValue Json.empty
    let asked json = Json.present [ "requests", Json.tryPath [ "resources"; "requests" ] json ]

    let containers name =
        Json.itemsAt [ "spec"; name ] pod
        |> List.map (fun one -> one |> only [ "restartPolicy" ] |> Json.withField "resources" (asked one))

    match text [ "spec"; "nodeName" ] pod, text [ "status"; "phase" ] pod with
    | "", _
    | _, ("Succeeded" | "Failed") -> None
    | _ ->
        Some(
            Json.object [
                "metadata", only [ "namespace"; "name" ] (part "metadata")
                "spec",
                only [ "nodeName"; "overhead" ] (part "spec")
                |> Json.withField "resources" (asked (part "spec"))
                |> Json.withField "initContainers" (Json.array (containers "initContainers"))
                |> Json.withField "containers" (Json.array (containers "containers"))
            ]
        )

/// Those of the objects that concern a cluster: its own, the volumes of its claims, every node and storage class, and the
/// room that Pods of others take on the nodes.
[<CompiledName "Of">]
let ofCluster
    (namespace': string)
    (cluster: string)
    (objects: struct (Kind * Json) seq)
    : struct (Kind * Json) list =
    let objects = List.ofSeq objects

    let isOurs kind object =
        space object = namespace'
        && match kind with
           | Kind.Cluster -> name object = cluster
           | _ when List.contains kind Kind.ours -> text [ "spec"; "cluster"; "name" ] object = cluster
           | _ -> Map.tryFind Labels.cluster (Json.mapAt [ "metadata"; "labels" ] object) = Some cluster

    let volumes =
        set [
            for struct (kind, object) in objects do
                if kind = Kind.PersistentVolumeClaim && isOurs kind object then
                    text [ "spec"; "volumeName" ] object
        ]

    objects
    |> List.choose (fun struct (kind, object) ->
        let isMeant =
            match kind with
            | Kind.Node
            | Kind.StorageClass -> true
            | Kind.PersistentVolume -> volumes.Contains(name object)
            | _ -> isOurs kind object

        if isMeant then Some(struct (kind, object))
        elif kind = Kind.Pod then tryGuest object |> Option.map (fun guest -> struct (kind, guest))
        else None)

/// Where the PD of a cluster is asked, as the operator finds it.
[<CompiledName "Endpoints">]
let endpoints (namespace': string) (cluster: string) (objects: struct (Kind * Json) seq) : PdEndpoint list =
    let cache =
        (Cache.empty, objects)
        ||> Seq.fold (fun cache struct (kind, object) ->
            match Cache.present kind object cache with
            | Some(_, cache) -> cache
            | None -> cache)

    Looks.pdEndpoints namespace' cluster {
        At = Instant.zero
        Clock = DateTimeOffset.UnixEpoch
        Cache = cache
        Pds = Map.empty
        SilentSince = Map.empty
        Secrets = Map.empty
    }

/// Who owns which field, and the copy that `kubectl apply` keeps, say nothing more. Items of a list bear no kind.
let private item struct (kind: Kind, object: Json) =
    Json.object [
        "apiVersion", Json.string (Kind.apiVersion kind)
        "kind", Json.string (Kind.name kind)
        yield!
            object
            |> Json.setPath [ "metadata"; "managedFields" ] None
            |> Json.setPath
                [ "metadata"; "annotations"; "kubectl.kubernetes.io/last-applied-configuration" ]
                None
            |> Json.asMembers
            |> Option.defaultValue []
            |> List.filter (fun (key, _) -> key <> "apiVersion" && key <> "kind")
    ]

/// The path that a question is sent to, without what stands behind its question mark.
let private path call = (PdCodec.request call).Path.Split('?')[0]

let private answer (outcome: Outcome<PdReply>) =
    match outcome with
    | Done reply ->
        Json.object [
            "status", Json.int reply.Status
            "body",
            match reply.Body with
            | PdBody.Json json -> json
            | PdBody.Text text -> Json.string text
        ]
    | Refused error -> Json.object [ "problem", Json.string error.Message ]
    | Unknown problem -> Json.object [ "problem", Json.string problem ]

/// The dump. `missing` says what could not be read, and why.
[<CompiledName "Document">]
let document
    (namespace': string)
    (cluster: string)
    (at: DateTimeOffset)
    (version: string)
    (objects: struct (Kind * Json) seq)
    (answers: struct (PdCall * Outcome<PdReply>) seq)
    (missing: string seq)
    : Json =
    Json.object [
        "apiVersion", Json.string apiVersion
        "kind", Json.string kind
        "metadata",
        Json.object [
            "name", Json.string cluster
            "namespace", Json.string namespace'
            "creationTimestamp", Json.string (Timestamp.print at)
        ]
        "operator", Json.string version
        "missing", Json.strings missing
        "items", Json.array (objects |> Seq.map item)
        "pd",
        Json.object [
            for struct (call, outcome) in answers do
                path call, answer outcome
        ]
    ]
