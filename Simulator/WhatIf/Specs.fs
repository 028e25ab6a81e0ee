/// The manifests of a dump as merge patches to those of the example: what the simulated cluster cannot have is taken out,
/// and told.
[<RequireQualifiedAccess>]
module Tikv.Simulator.WhatIf.Specs

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// A value, and what had to be left out of it.
type Told<'Value> = 'Value * string list

let private spec kind =
    Crd.all
    |> List.map snd
    |> List.tryFind (fun definition ->
        Json.stringAt [ "spec"; "names"; "kind" ] definition = Some(Kind.name kind))
    |> Option.bind (fun definition -> Json.itemsAt [ "spec"; "versions" ] definition |> List.tryHead)
    |> Option.bind (Json.tryPath [ "schema"; "openAPIV3Schema"; "properties"; "spec" ])
    |> Option.defaultValue Json.empty

/// Without the fields that have the default of their schema, which the API server has put in.
let rec private plain (schema: Json) (value: Json) : Json =
    match value with
    | Json.Object members ->
        members
        |> List.choose (fun (key, value) ->
            match Json.tryPath [ "properties"; key ] schema with
            | Some inner when Json.tryField "default" inner = Some value -> None
            | Some inner ->
                match value, plain inner value with
                | Json.Object(_ :: _), Json.Object [] -> None
                | _, value -> Some(key, value)
            | None -> Some(key, value))
        |> Json.Object
    | other -> other

/// What is taken out of a manifest, and why, where it says anything.
let private without (subject: string) (outs: (string list * string) list) (manifest: Json) : Told<Json> =
    ((manifest, []), outs)
    ||> List.fold (fun (manifest, told) (path, why) ->
        match Json.tryPath path manifest with
        | None
        | Some(Json.Object [] | Json.Array [] | Json.Null) -> Json.setPath path None manifest, told
        | Some value ->
            let shown = Json.print value
            let shown = if shown.Length > 60 then shown.Substring(0, 57) + "..." else shown
            let field = String.Join(".", path)

            Json.setPath path None manifest,
            told @ [ $"%s{subject}: %s{field} `%s{shown}` is left out: %s{why}" ])

let private known =
    set [ "topology.kubernetes.io/zone"; "kubernetes.io/hostname"; "topology.kubernetes.io/region" ]

/// Nodes of the simulation have no other labels.
let private topologies (subject: string) (spec: Json) : Told<Json> =
    let keys =
        Json.itemsAt [ "schedulePolicies" ] spec
        |> List.collect (Json.itemsAt [ "evenlySpread"; "topologies" ])
        |> List.collect (Json.membersAt [ "topology" ])
        |> List.map fst
        |> List.distinct

    match keys |> List.filter (fun key -> not (known.Contains key)) with
    | [] -> spec, []
    | others ->
        Json.setPath [ "schedulePolicies" ] None spec,
        [
            $"""%s{subject}: schedulePolicies is left out: simulated nodes have no label %s{String.Join(", ", others)}; allowed: %s{String.Join(", ", known)}"""
        ]

/// The classes that the simulation has.
let private volumes (isLocal: bool) (spec: Json) : Json =
    let path = [ "template"; "spec"; "volumes" ]

    match Json.itemsAt path spec with
    | [] -> spec
    | volumes ->
        let volume one =
            let one = one |> Json.withoutField "volumeAttributesClassName"

            if isLocal then
                Json.withField "storageClassName" (Json.String "local") one
            else
                Json.withoutField "storageClassName" one

        Json.setPath path (Some(Json.array (volumes |> List.map volume))) spec

let private groupOuts = [
    [ "template"; "spec"; "security" ], "the simulated cluster has no TLS"
    [ "template"; "spec"; "overlay" ],
    "simulated Pods are as the operator makes them, but for tolerations, and their nodes have no labels to choose by"
]

let private tolerations = [ "template"; "spec"; "overlay"; "pod"; "spec"; "tolerations" ]

/// Without that path, and without the objects on the way that hold nothing else.
let rec private pruned (path: string list) (json: Json) : Json =
    match path with
    | [] -> Json.empty
    | name :: rest ->
        match Json.tryField name json |> Option.map (pruned rest) with
        | None -> json
        | Some(Json.Object []) -> Json.withoutField name json
        | Some inner -> Json.withField name inner json

/// The `spec` of a group as it is to be, without cluster and replicas.
let group kind (subject: string) isLocal (manifest: Json) : Told<Json> =
    let whole = Json.tryField "spec" manifest |> Option.defaultValue Json.empty

    // a group that has been bootstrapped once says so of itself; the simulated one will
    let whole =
        (plain (spec kind) whole, [ "cluster"; "replicas"; "bootstrapped" ])
        ||> List.fold (fun whole field -> Json.withoutField field whole)

    // nodes keep their taints
    let endured = Json.tryPath tolerations whole
    let whole, told = whole |> pruned tolerations |> without subject groupOuts
    let whole = if endured.IsSome then Json.setPath tolerations endured whole else whole

    let whole, more = topologies subject whole

    let attributes =
        Json.itemsAt [ "template"; "spec"; "volumes" ] whole
        |> List.choose (Json.stringAt [ "volumeAttributesClassName" ])
        |> List.distinct
        |> List.map (fun name ->
            $"%s{subject}: volumeAttributesClassName `%s{name}` is left out: simulated volumes have no such class")

    volumes isLocal whole, told @ more @ attributes

let private clusterOuts = [
    [ "tlsCluster" ], "the simulated cluster has no TLS"
    [ "security" ], "the simulated cluster has no TLS"
    [ "suspendAction" ], "the simulation begins with a cluster that runs"
    [ "paused" ], "the simulation begins with an operator that acts"
]

let cluster (subject: string) (manifest: Json) : Told<Json> =
    Json.tryField "spec" manifest
    |> Option.defaultValue Json.empty
    |> plain (spec Kind.Cluster)
    |> without subject clusterOuts

/// The merge patch that makes one `spec` of another; none when they are the same.
let patch (before: Json) (after: Json) : Json option =
    MergePatch.diff before after
    |> Option.map (fun changes -> Json.object [ "spec", changes ])
