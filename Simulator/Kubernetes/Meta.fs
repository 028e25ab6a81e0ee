/// Reading and writing of `metadata`, and the words of object references.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Meta

open System
open System.Globalization
open Tikv.Core

let metadata json = Json.tryField "metadata" json |> Option.defaultValue Json.empty
let private text field json = metadata json |> Json.tryField field |> Option.bind Json.asString

let name json = text "name" json |> Option.defaultValue ""
let ``namespace`` json = text "namespace" json |> Option.defaultValue ""
let uid json = text "uid" json |> Option.defaultValue ""
let resourceVersion json = text "resourceVersion" json |> Option.defaultValue ""
let deletionTimestamp json = text "deletionTimestamp" json
let isTerminating json = (deletionTimestamp json).IsSome

let generation json =
    metadata json
    |> Json.tryField "generation"
    |> Option.bind Json.asInt64
    |> Option.defaultValue 0L

let graceSeconds json =
    metadata json
    |> Json.tryField "deletionGracePeriodSeconds"
    |> Option.bind Json.asInt

let finalizers json = Json.itemsAt [ "metadata"; "finalizers" ] json |> List.choose Json.asString
let labels json = Json.mapAt [ "metadata"; "labels" ] json
let ownerReferences json = Json.itemsAt [ "metadata"; "ownerReferences" ] json

/// Sets (or with `None` removes) one member of metadata.
let set field value json = Json.withField "metadata" (Json.setPath [ field ] value (metadata json)) json

let setText field value json = set field (Some(Json.String value)) json

let setFinalizers (finalizers: string list) json =
    set "finalizers" (if List.isEmpty finalizers then None else Some(Json.strings finalizers)) json

let private userFields = [ "generateName"; "labels"; "annotations"; "ownerReferences"; "finalizers" ]

/// What the server alone writes.
let private serverFields = [
    "name"
    "namespace"
    "uid"
    "resourceVersion"
    "generation"
    "creationTimestamp"
    "deletionTimestamp"
    "deletionGracePeriodSeconds"
]

let private take names json =
    match json with
    | Json.Object members ->
        members
        |> List.filter (fun (key, value) ->
            List.contains key names
            && (match value with
                | Json.Null
                | Json.Object []
                | Json.Array [] -> false
                | _ -> true))
    | _ -> []

/// Metadata with the given members of the server, and the user's part of what was sent.
let withServerPart (part: (string * Json) list) json =
    let rest = Json.asMembers json |> Option.defaultValue []
    let first name = rest |> List.filter (fun (key, _) -> key = name)

    let others =
        rest
        |> List.filter (fun (key, _) -> key <> "apiVersion" && key <> "kind" && key <> "metadata")

    let metadata = "metadata", Json.Object(part @ take userFields (metadata json))
    Json.Object(first "apiVersion" @ first "kind" @ (metadata :: others))

/// The part of metadata that only the server writes.
let serverPart json = take serverFields (metadata json)

/// Server time has a resolution of one second (metav1.Time).
let time (at: DateTimeOffset) =
    at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)

/// `v1` or `group/version`.
let apiVersion (key: ResourceKey) = if key.Group = "" then key.Version else key.Group + "/" + key.Version

/// How error messages name a resource: `pods`, `clusters.core.tikv.org`.
let groupResource (key: ResourceKey) = if key.Group = "" then key.Plural else key.Plural + "." + key.Group
