/// The namespace controller: every namespace has a default service account; a terminating one is emptied, then freed.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Namespaces

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private manager = "namespace-controller"
let private accounts = Builtins.key "" "v1" "serviceaccounts"

let private named kind name =
    Json.object [
        "apiVersion", Json.String "v1"
        "kind", Json.String kind
        "metadata", Json.object [ "name", Json.String name ]
    ]

let private empty (name: string) (world: World) =
    (struct (world, true), ApiServer.resourceTypes world.Server |> List.filter _.Namespaced)
    ||> List.fold (fun struct (world, gone) resource ->
        let objects = ApiServer.listObjects resource.Key (Some name) world.Server

        let world =
            (world, objects |> List.filter (Meta.isTerminating >> not))
            ||> List.fold (fun world object ->
                World.send
                    manager
                    (Requests.delete Requests.deleteOptions resource.Key (Some name) (Meta.name object))
                    world)

        let left = ApiServer.listObjects resource.Key (Some name) world.Server
        struct (world, gone && List.isEmpty left))

let private finalize name object =
    let body = Json.setPath [ "spec"; "finalizers" ] (Some(Json.Array [])) object

    {
        Requests.make Builtins.namespaces None (Some name) Verb.Update body with
            Subresource = Some "finalize"
    }

/// Looks at one namespace.
let sync (name: string) (world: World) : World =
    match ApiServer.tryGet Builtins.namespaces None name world.Server with
    | None -> world
    | Some object when Meta.isTerminating object ->
        let struct (world, gone) = empty name world

        if gone then
            World.send manager (finalize name object) world
        else
            World.at (world.Now + 1_000L) (Work.Namespace name) world
    | Some _ when (ApiServer.tryGet accounts (Some name) "default" world.Server).IsSome -> world
    | Some _ -> World.send manager (Requests.create accounts (Some name) (named "ServiceAccount" "default")) world
