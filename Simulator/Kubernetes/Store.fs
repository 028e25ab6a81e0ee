/// Commits to the state, with what follows at once from the kind: definitions make and withdraw resources.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Store

open Tikv.Core

let private isDefinition (key: ResourceKey) = key = Builtins.customResourceDefinitions

let private register definition server =
    CustomResources.served definition
    |> List.fold
        (fun server (resource, strategy) ->
            server
            |> State.serve resource strategy
            |> State.revise resource.Key strategy.Defaults)
        (State.withdraw (Meta.name definition) server)

let add key now object server =
    let struct (server, object) = State.add key now object server
    struct ((if isDefinition key then register object server else server), object)

let replace key now object old server =
    let struct (server, object) = State.replace key now object old server

    let server =
        if isDefinition key && Json.tryField "spec" old <> Json.tryField "spec" object then
            register object server
        else
            server

    struct (server, object)

/// Takes an object away; the last content it had is what watchers are told.
let remove key now object server =
    let struct (server, object) = State.remove key now object server
    struct ((if isDefinition key then State.withdraw (Meta.name object) server else server), object)
