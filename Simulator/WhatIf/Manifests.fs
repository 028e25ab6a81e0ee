/// A changed manifest of the live cluster as a change of the simulated one.
[<RequireQualifiedAccess>]
module Tikv.Simulator.WhatIf.Manifests

open System
open System.IO
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Files
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private kinds = [ Kind.Cluster; Kind.PDGroup; Kind.TiKVGroup ]

/// What a manifest changes, with what is left out of it.
let private change
    (story: Story)
    names
    (file: string)
    (manifest: Json)
    : Result<Specs.Told<Misfortune list>, string> =
    let kind, name = Sight.text [ "kind" ] manifest, Sight.name manifest
    let here = Map.ofList names |> Map.tryFind name |> Option.defaultValue name
    let subject = $"%s{file}: %s{kind} %s{name}"

    match
        kinds |> List.tryFind (fun one -> Kind.name one = kind),
        Import.trySpec story.Given $"%s{kind}/%s{here}"
    with
    | None, _ ->
        let allowed = String.Join(", ", kinds |> List.map Kind.name)
        Error $"%s{file}: kind: `%s{kind}` cannot be changed here; allowed: %s{allowed}"
    | Some _, None ->
        let allowed = String.Join(", ", "Cluster/basic" :: Phrases.groups story)
        Error $"%s{file}: metadata.name: there is no %s{kind} `%s{name}` in the cluster; allowed: %s{allowed}"
    | Some kind', Some before ->
        let after, told =
            if kind' = Kind.Cluster then
                Specs.cluster subject manifest
            else
                Specs.group kind' subject (story.Given.StorageClass = "local") manifest

        let changes =
            MergePatch.diff before after
            |> Option.bind Json.asMembers
            |> Option.defaultValue []

        let replicas =
            Json.tryPath [ "spec"; "replicas" ] manifest
            |> Option.map (fun count -> "replicas", count)
            |> Option.toList

        match changes @ replicas with
        | [] -> Ok([], told)
        | changes ->
            let patch = Json.object [ "spec", Json.Object changes ]
            Ok([ Misfortune.Acts(Act.Patch($"%s{kind}/%s{here}", patch)) ], told)

/// The changes of all manifests in a file; `names` are those of a dump with those that stand for them.
let ofFile (story: Story) names (file: string) : Result<Specs.Told<Misfortune list>, string list> =
    if not (File.Exists file) then
        Error [ $"%s{file}: there is no such file" ]
    else
        Dump.documents file
        |> Result.bind (fun documents ->
            documents
            |> List.map (change story names file >> Result.mapError List.singleton)
            |> Results.all
            |> Result.map (fun told -> told |> List.collect fst, told |> List.collect snd))
