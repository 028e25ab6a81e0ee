namespace Tikv.Simulator.WhatIf

open System
open System.IO
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Files

/// What somebody wrote down of a live cluster: objects of Kubernetes, and replies of PD.
type Dump = {
    /// The file or folder.
    Source: string
    /// When it was taken, as it says itself; empty when it does not.
    TakenAt: string
    /// Each with the place it was found at, such as `cluster.json: items[3]`.
    Objects: (string * Json) list
    /// By path, such as `/pd/api/v1/stores`.
    Pd: Map<string, PdReply>
}

/// Reads a file of `tikv-operator snapshot`, or a folder with what `kubectl get -o json` (or `yaml`) and PD's API printed.
[<RequireQualifiedAccess>]
module Dump =

    /// Files of a folder that hold a reply of PD, with the path that was asked.
    let pdFiles = [
        "pd-members", "/pd/api/v1/members"
        "pd-health", "/pd/api/v1/health"
        "pd-stores", "/pd/api/v1/stores"
        "pd-replicate", "/pd/api/v1/config/replicate"
        "pd-evict-leaders", "/pd/api/v1/scheduler-config/evict-leader-scheduler/list"
        "pd-regions-count", "/pd/api/v1/regions/count"
    ]

    let private snapshot = Tikv.Core.Operator.Snapshot.apiVersion

    let private text path json = Json.stringAt path json |> Option.defaultValue ""

    /// The documents of a file, JSON or YAML.
    let documents (file: string) : Result<Json list, string list> =
        let content = File.ReadAllText file

        match Json.parse content with
        | Ok json -> Ok [ json ]
        | Error problem when content.TrimStart().StartsWith '{' ->
            Error [ $"%s{file}: it is not JSON: %s{problem}" ]
        | Error _ ->
            match Tree.read content with
            | Ok nodes -> Ok(nodes |> List.map Reader.json)
            | Error problems -> Error(problems |> List.map (StoryFile.words file))

    let private reply (json: Json) : PdReply option =
        Option.map2
            (fun status body -> {
                Status = status
                Body =
                    match body with
                    | Json.String text -> PdBody.Text text
                    | json -> PdBody.Json json
            })
            (Json.intAt [ "status" ] json)
            (Json.tryField "body" json)

    let private objects place (json: Json) =
        match Json.tryField "items" json |> Option.bind Json.asItems with
        | Some items -> items |> List.mapi (fun index item -> $"%s{place}: items[%d{index}]", item)
        | None -> [ place, json ]

    /// An object names its kind and itself.
    let private problem (place: string, object: Json) =
        if text [ "kind" ] object = "" then
            Some
                $"%s{place}: kind: it is missing; is this a dump of `tikv-operator snapshot` or of `kubectl get -o json`?"
        elif text [ "metadata"; "name" ] object = "" then
            Some $"%s{place}: metadata.name: it is missing"
        else
            None

    let private ofDocument (place: string) (json: Json) : Result<Dump, string list> =
        let version = text [ "apiVersion" ] json
        let isSnapshot = text [ "kind" ] json = Tikv.Core.Operator.Snapshot.kind

        if isSnapshot && version <> snapshot then
            Error [ $"%s{place}: apiVersion: `%s{version}` is not known; allowed: %s{snapshot}" ]
        else
            let found = objects place json

            match found |> List.choose problem with
            | [] ->
                Ok {
                    Source = place
                    TakenAt = if isSnapshot then text [ "metadata"; "creationTimestamp" ] json else ""
                    Objects = found
                    Pd =
                        Json.membersAt [ "pd" ] json
                        |> List.choose (fun (path, answer) ->
                            reply answer |> Option.map (fun reply -> path, reply))
                        |> Map.ofList
                }
            | problems -> Error problems

    let private both (one: Dump) (other: Dump) = {
        one with
            TakenAt = if one.TakenAt = "" then other.TakenAt else one.TakenAt
            Objects = one.Objects @ other.Objects
            Pd = Map.foldBack Map.add other.Pd one.Pd
    }

    let private ofFile (file: string) : Result<Dump, string list> =
        let stem = Path.GetFileNameWithoutExtension file |> Option.ofObj |> Option.defaultValue ""

        match documents file, List.tryFind (fun (name, _) -> name = stem) pdFiles with
        | Error problems, _ -> Error problems
        | Ok [ json ], Some(_, path) ->
            Ok {
                Source = file
                TakenAt = ""
                Objects = []
                Pd = Map [ path, { Status = 200; Body = PdBody.Json json } ]
            }
        | Ok [], _ -> Error [ $"%s{file}: it is empty" ]
        | Ok documents, _ ->
            documents
            |> List.map (ofDocument file)
            |> Results.all
            |> Result.map (List.reduce both)

    let private extensions = set [ ".json"; ".yaml"; ".yml" ]

    let private isRead (file: string) =
        extensions.Contains(
            (Path.GetExtension file |> Option.ofObj |> Option.defaultValue "").ToLowerInvariant()
        )

    let private holdsObjects (file: string) =
        match documents file with
        | Ok(json :: _) -> text [ "kind" ] json <> ""
        | Ok []
        | Error _ -> Path.GetExtension file = ".json"

    /// Whether a file or folder holds a dump rather than scenarios.
    let isDump (source: string) : bool =
        if Directory.Exists source then
            Directory.GetFiles source |> Array.filter isRead |> Array.exists holdsObjects
        else
            File.Exists source && isRead source && holdsObjects source

    /// Reads a file, or all of a folder; or tells what is wrong with them.
    let read (source: string) : Result<Dump, string list> =
        if File.Exists source then
            ofFile source
        elif Directory.Exists source then
            match Directory.GetFiles source |> Array.filter isRead |> Array.sort |> List.ofArray with
            | [] -> Error [ $"%s{source}: there is no *.json or *.yaml in this folder" ]
            | files ->
                files
                |> List.map ofFile
                |> Results.all
                |> Result.map (fun dumps -> { List.reduce both dumps with Source = source })
        else
            Error [ $"%s{source}: there is no such file or folder" ]
