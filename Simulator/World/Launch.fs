/// What a container of PD or TiKV is started with: its command line and its configuration file, as the process itself
/// would read them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Launch

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

[<RequireQualifiedAccess; Struct>]
type Program =
    | Pd
    | Tikv
    | Other

let private isProgram (name: string) (word: string) =
    word.EndsWith(name, StringComparison.Ordinal)
    && (word.Length = name.Length || word[word.Length - name.Length - 1] = '/')

/// Which program a container runs.
let program (container: Container) : Program =
    if container.Words |> List.exists (isProgram "pd-server") then Program.Pd
    elif container.Words |> List.exists (isProgram "tikv-server") then Program.Tikv
    else Program.Other

/// `--flag=value` and `--flag value`, by flag without dashes.
let private flags (words: string list) =
    let rec read (words: string list) found =
        match words with
        | word :: rest when word.StartsWith("-", StringComparison.Ordinal) ->
            let word = word.TrimStart '-'

            match word.IndexOf '=' with
            | -1 ->
                match rest with
                | value :: rest when not (value.StartsWith("-", StringComparison.Ordinal)) ->
                    read rest (Map.add word value found)
                | rest -> read rest (Map.add word "" found)
            | at -> read rest (Map.add (word.Substring(0, at)) (word.Substring(at + 1)) found)
        | _ :: rest -> read rest found
        | [] -> found

    read words Map.empty

/// The mount that a path lies on.
let private mountOf (container: Container) (path: string) =
    container.Mounts
    |> List.filter (fun mount ->
        path = mount.Path
        || path.StartsWith(mount.Path.TrimEnd '/' + "/", StringComparison.Ordinal))
    |> List.sortByDescending _.Path.Length
    |> List.tryHead

/// The text of a file that is mounted from a ConfigMap.
let private file (pod: Pod) (container: Container) (path: string) (world: World) =
    match mountOf container path with
    | None -> None
    | Some mount ->
        match Map.tryFind mount.Volume pod.Spec.Volumes with
        | Some(VolumeSource.ConfigMap(name, items, _)) ->
            let relative =
                if mount.SubPath <> "" then mount.SubPath else path.Substring(mount.Path.Length).TrimStart '/'

            let key =
                items
                |> List.tryFind (fun (_, path) -> path = relative)
                |> Option.map fst
                |> Option.defaultValue relative

            ApiServer.tryGet Builtins.configMaps (Some pod.Namespace) name world.Server
            |> Option.bind (Json.stringAt [ "data"; key ])
        | _ -> None

/// What a process was told: its flags, over its file.
type Settings = { Flags: Map<string, string>; File: TomlValue }

/// Reads what a container is started with; the error is what the process would die of.
let settings (pod: Pod) (container: Container) (world: World) : Result<Settings, string> =
    let flags = flags container.Words

    match Map.tryFind "config" flags |> Option.orElse (Map.tryFind "C" flags) with
    | None -> Ok { Flags = flags; File = Toml.empty }
    | Some path ->
        match file pod container path world with
        | None -> Error $"open %s{path}: no such file or directory"
        | Some text ->
            Toml.parse text
            |> Result.map (fun document -> { Flags = flags; File = document })
            |> Result.mapError (fun problem -> $"parse %s{path}: %s{problem}")

/// A setting, by its flag and by its key in the file; empty when it has neither.
let text (flag: string) (key: string) (settings: Settings) : string =
    match Map.tryFind flag settings.Flags with
    | Some value -> value
    | None ->
        match Toml.tryFind (List.ofArray (key.Split '.')) settings.File with
        | Some(TomlValue.String value) -> value
        | Some(TomlValue.Array items) ->
            items
            |> List.choose (fun item ->
                match item with
                | TomlValue.String value -> Some value
                | _ -> None)
            |> String.concat ","
        | _ -> ""

/// The string members of a table of the file.
let table (key: string) (settings: Settings) : Map<string, string> =
    match Toml.tryFind (List.ofArray (key.Split '.')) settings.File with
    | Some(TomlValue.Table members) ->
        members
        |> List.choose (fun (name, value) ->
            match value with
            | TomlValue.String text -> Some(name, text)
            | _ -> None)
        |> Map.ofList
    | _ -> Map.empty

let list (text: string) =
    text.Split([| ',' |], StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries)
    |> List.ofArray

/// The volume under a directory: the uid of the PersistentVolume, or of the Pod, whose own disk it is then.
let volume (pod: Pod) (container: Container) (directory: string) (world: World) : string * int64 =
    let own = pod.Uid, 100L <<< 30

    match mountOf container directory with
    | None -> own
    | Some mount ->
        match Map.tryFind mount.Volume pod.Spec.Volumes with
        | Some(VolumeSource.Claim name) ->
            match Map.tryFind (View.key pod.Namespace name) world.Claims with
            | Some claim ->
                match Map.tryFind claim.Volume world.Volumes with
                | Some volume -> volume.Uid, volume.Capacity / 1000L
                | None -> own
            | None -> own
        | _ -> own

/// The version that an image's tag names.
let version (container: Container) =
    match container.Image.LastIndexOf ':' with
    | -1 -> "v8.5.7"
    | at ->
        let tag = container.Image.Substring(at + 1)
        if tag.StartsWith("v", StringComparison.Ordinal) then tag else "v8.5.7"
