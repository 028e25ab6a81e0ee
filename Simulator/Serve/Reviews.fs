/// Answers to questions about the asker's own rights and name. Whoever has the token may do everything.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.Reviews

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private userName = "tikv-sim-admin"

let private status review =
    match review with
    | Review.SelfSubjectAccess ->
        Json.object [
            "allowed", Json.Bool true
            "reason", Json.String "the token of the embedded cluster may do everything"
        ]
    | Review.SelfSubjectRules ->
        let every = Json.strings [ "*" ]

        Json.object [
            "resourceRules",
            Json.Array [ Json.object [ "verbs", every; "apiGroups", every; "resources", every ] ]
            "nonResourceRules", Json.Array [ Json.object [ "verbs", every; "nonResourceURLs", every ] ]
            "incomplete", Json.Bool false
        ]
    | Review.SelfSubject ->
        Json.object [
            "userInfo",
            Json.object [
                "username", Json.String userName
                "groups", Json.strings [ "system:masters"; "system:authenticated" ]
            ]
        ]

let answer review body : Response = Answers.created (Json.withField "status" (status review) body)
