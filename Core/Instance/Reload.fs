/// Configuration that a running process takes over without a restart (`updateStrategy.config: HotReload`).
module Tikv.Core.Instance.Reload

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// What is to be done about the configuration of a process that runs.
type Reload =
    /// What is in effect is what is wanted.
    | InEffect
    /// These settings differ, and PD or TiKV changes them while it runs.
    | Online of Settings: Map<string, Json>
    /// Only a restart brings them into effect.
    | ByRestart

let rec private leaves path value : (string * TomlValue) list =
    match value with
    | TomlValue.Table members ->
        members
        |> List.collect (fun (name, inner) -> leaves (if path = "" then name else $"%s{path}.%s{name}") inner)
    | other -> [ path, other ]

let private managedOfPd = Set.ofList ManagedKeys.pd
let private managedOfTikv = Set.ofList ManagedKeys.tikv

let private managedBy ``component`` =
    match ``component`` with
    | Component.PD -> managedOfPd
    | Component.TiKV -> managedOfTikv

let private ``component`` (observed: Observed) =
    match observed.Role with
    | PD _ -> Component.PD
    | TiKV _ -> Component.TiKV

/// The settings of a configuration file that are the user's, by dotted key. None when it is not TOML.
let private settingsOf managed document =
    document
    |> Result.toOption
    |> Option.map (fun document ->
        leaves "" document
        |> List.filter (fun (key, _) -> not (Set.contains key managed))
        |> Map.ofList)

let private settings (observed: Observed) file =
    settingsOf (managedBy (``component`` observed)) (Toml.parse file)

/// The fingerprint of those settings: neither comments nor the order of keys count, and nothing that the operator writes.
let fingerprintOf ``component`` document =
    settingsOf (managedBy ``component``) document
    |> Option.map (fun settings ->
        settings
        |> Map.toList
        |> TomlValue.Table
        |> Toml.print
        |> Json.string
        |> Hash.ofJson)

let fingerprint (observed: Observed) file = fingerprintOf (``component`` observed) (Toml.parse file)

/// The fingerprint of what is wanted.
let wanted (observed: Observed) =
    match Seen.prints observed with
    | Some prints -> prints.Config.Value
    | None ->
        (Seen.template observed).Config
        |> Option.defaultValue ""
        |> fingerprint observed
        |> Option.defaultValue ""

/// As the components' APIs take a value: PD knows booleans as strings only (P 9), and `location-labels` as one string (P 11).
let private value (observed: Observed) (toml: TomlValue) =
    let isPd =
        match observed.Role with
        | PD _ -> true
        | TiKV _ -> false

    match toml with
    | TomlValue.String text -> Some(Json.string text)
    | TomlValue.Integer number -> Some(Json.int64 number)
    | TomlValue.Bool flag when isPd -> Some(Json.string (if flag then "true" else "false"))
    | TomlValue.Bool flag -> Some(Json.bool flag)
    | TomlValue.Array items when isPd ->
        let texts =
            items
            |> List.choose (fun item ->
                match item with
                | TomlValue.String text -> Some text
                | _ -> None)

        if texts.Length = items.Length then Some(Json.string (String.Join(",", texts))) else None
    | _ -> None

/// The tables that PD changes online, for all its members at once. Of the rest, `log.level` would reach the leader alone.
let private pdOnline = [ "schedule"; "replication"; "pd-server"; "replication-mode"; "keyspace" ]

/// TiKV takes a setting online without writing its file, which is a ConfigMap and cannot be written, since these versions
/// (tikv#15587).
let private tikvOnline (version: string) =
    match SemVer.parse version, SemVer.parse "v7.5.0" with
    | Ok version, Ok since -> version >= since
    | _ -> false

let private mayChange (observed: Observed) (key: string) =
    match observed.Role with
    | PD _ ->
        pdOnline
        |> List.exists (fun table -> key.StartsWith(table + ".", StringComparison.Ordinal))
    | TiKV _ -> tikvOnline (Seen.template observed).Version

let private difference (observed: Observed) (before: Map<string, TomlValue>) (now: Map<string, TomlValue>) =
    // Nobody but the component knows the default of a setting that was taken away.
    let takenAway = before |> Map.exists (fun key _ -> not (Map.containsKey key now))

    let changed = now |> Map.filter (fun key value -> Map.tryFind key before <> Some value)

    let values =
        changed
        |> Map.toList
        |> List.choose (fun (key, toml) ->
            if mayChange observed key then
                value observed toml |> Option.map (fun json -> key, json)
            else
                None)

    if takenAway || values.Length < changed.Count then ByRestart else Online(Map.ofList values)

/// What of the configuration the process of a Pod does not have yet. The Pod says what is in effect; the ConfigMap says
/// what the next start begins with, and is known to be in effect only as long as both agree.
let pending (observed: Observed) (pod: PodView) =
    let annotation name = pod.Meta.Annotations |> Map.tryFind name
    let wantedNow = wanted observed

    match annotation Annotations.configInEffect, observed.Config with
    | None, _ -> InEffect // of an operator that did not write it down: nobody is restarted by surprise
    | Some effective, _ when effective = wantedNow -> InEffect
    | Some _, _ when annotation Annotations.configRefused = Some wantedNow -> ByRestart
    | Some _, _ when Defaults.configUpdate (Seen.template observed) <> ConfigUpdate.HotReload -> ByRestart
    | Some effective, Some config ->
        let file = config.Data |> Map.tryFind "config.toml" |> Option.defaultValue ""

        match
            settings observed file,
            settings observed ((Seen.template observed).Config |> Option.defaultValue "")
        with
        | Some before, Some now when fingerprint observed file = Some effective ->
            difference observed before now
        | _ -> ByRestart
    | Some _, None -> ByRestart

/// A process that runs, and waits for nothing but its settings.
let private runs (pod: PodView) = pod.Running && pod.Meta.DeletionTimestamp.IsNone

/// Settings go to the process before they go to its ConfigMap: what the ConfigMap says is then always in effect, or is
/// known not to be.
let reload (observed: Observed) =
    match observed.Pod with
    | Some pod when runs pod ->
        match pending observed pod with
        | Online settings when settings.IsEmpty -> Decision.act [ MarkConfig(pod.Meta, wanted observed) ]
        | Online settings ->
            Decision.act [
                ReloadConfig(pod.Meta, settings, wanted observed)
                MarkConfig(pod.Meta, wanted observed)
            ]
        | InEffect
        | ByRestart -> Decision.settled
    | _ -> Decision.settled

/// Whether the ConfigMap has to wait for the process.
let holdsConfig (observed: Observed) =
    match observed.Pod with
    | Some pod when runs pod ->
        match pending observed pod with
        | Online _ -> true
        | InEffect
        | ByRestart -> false
    | _ -> false
