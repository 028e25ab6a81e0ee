/// Successful answers, and building of requests.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Answers

open Tikv.Core

let ok body : Response = { Code = 200; Body = body; Warnings = [] }

/// Items of lists of built-in kinds carry neither kind nor version: the list has them.
let item (resource: ResourceType) object =
    if resource.Custom then
        object
    else
        object |> Json.withoutField "apiVersion" |> Json.withoutField "kind"

let created body : Response = { Code = 201; Body = body; Warnings = [] }

/// What deletion answers when the object is gone at once.
let deleted (key: ResourceKey) name uid =
    ok (
        Json.object [
            "kind", Json.String "Status"
            "apiVersion", Json.String "v1"
            "metadata", Json.empty
            "status", Json.String "Success"
            "details",
            Json.present [
                "name", Some(Json.String name)
                "group", (if key.Group = "" then None else Some(Json.String key.Group))
                "kind", Some(Json.String key.Plural)
                "uid", Some(Json.String uid)
            ]
        ]
    )
