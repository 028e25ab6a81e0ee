/// The service account controller: every namespace has a default account.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Namespaces

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private accounts = Builtins.key "" "v1" "serviceaccounts"

let private account =
    Json.object [
        "apiVersion", Json.String "v1"
        "kind", Json.String "ServiceAccount"
        "metadata", Json.object [ "name", Json.String "default" ]
    ]

/// Looks at one namespace.
let sync (name: string) (world: World) : World =
    match
        ApiServer.tryGet Builtins.namespaces None name world.Server,
        ApiServer.tryGet accounts (Some name) "default" world.Server
    with
    | Some object, None when not (Meta.isTerminating object) ->
        World.send "service-account-controller" (Requests.create accounts (Some name) account) world
    | _ -> world
