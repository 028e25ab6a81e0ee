/// What a run leaves, with instances by their rank in the group: one that was deleted, or left and came back, may have the
/// next index, since the volume of the old one is kept (verification I39; I55: modulo names).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Ranks

open System
open System.Text.RegularExpressions
open Tikv.Core
open Tikv.Simulator.World
open Tikv.Simulator.Run

let private isOf (prefix: string) (key: string) = key.StartsWith(prefix, StringComparison.Ordinal)

/// New names of instances, by their old ones.
let private names (state: Map<string, Json>) =
    state.Keys
    |> Seq.filter (fun key -> isOf "pds " key || isOf "tikvs " key)
    |> Seq.map (fun key -> key.Substring(key.IndexOf '/' + 1))
    |> Seq.groupBy (fun name -> name.Substring(0, name.LastIndexOf '-'))
    |> Seq.collect (fun (group, names) ->
        names
        |> Seq.sortBy (fun name -> int (name.Substring(name.LastIndexOf '-' + 1)))
        |> Seq.mapi (fun rank name -> name, group + "-" + string rank))
    |> Map.ofSeq

let private ranked (state: Map<string, Json>) =
    let names = names state

    let rename (text: string) =
        if text.Contains("basic-", StringComparison.Ordinal) then
            Regex.Replace(
                text,
                @"basic-(pd|tikv)-\d+",
                fun (found: Match) -> names |> Map.tryFind found.Value |> Option.defaultValue found.Value
            )
        else
            text

    let rec renamed json =
        match json with
        | Json.String text -> Json.String(rename text)
        | Json.Array items -> Json.Array(List.map renamed items)
        | Json.Object members ->
            Json.Object(members |> List.map (fun (key, value) -> rename key, renamed value))
        | Json.Null
        | Json.Bool _
        | Json.Number _ -> json

    let inTree json =
        Json.setPath [ "spec"; "index" ] None json
        // a member that takes the place of another joins by the members' list, not by the first cluster's
        |> Json.setPath [ "spec"; "initialCluster" ] None
        |> renamed

    state
    |> Map.toSeq
    |> Seq.map (fun (key, json) -> rename key, inTree json)
    |> Map.ofSeq

/// What is left in a world, but for claims that no Pod uses: of those that are kept for their data there are as many as the
/// path had instances. `plain` leaves out of an object what is of no account.
let ofWorldWith (plain: Json -> Json) (world: World) : Map<string, Json> =
    let used =
        world.Pods.Values
        |> Seq.collect (fun pod ->
            pod.Spec.Volumes.Values
            |> Seq.choose (fun source ->
                match source with
                | VolumeSource.Claim name -> Some("persistentvolumeclaims " + View.key pod.Namespace name)
                | _ -> None))
        |> Set.ofSeq

    FinalState.ofWorld world
    |> Map.filter (fun key _ -> not (isOf "persistentvolumeclaims " key) || Set.contains key used)
    |> Map.map (fun _ object -> plain object)
    |> ranked

let ofWorld (world: World) : Map<string, Json> = ofWorldWith id world
