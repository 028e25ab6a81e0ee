namespace Tikv.Simulator.WhatIf

open System
open System.Globalization
open Tikv.Core
open Tikv.Core.Pd

/// One Cluster of a dump, with what is of it, under the names that it has in the dump.
type Sight = {
    Name: string
    Space: string
    Cluster: Json
    /// With the places that they were found at; the one with most replicas first.
    PdGroups: (string * Json) list
    TikvGroups: (string * Json) list
    Pods: Json list
    /// Pods of others, of all namespaces that the dump has.
    Others: Json list
    Claims: Json list
    /// All that the dump has.
    Nodes: Json list
    Volumes: Json list
    Classes: Json list
    /// Instances of both kinds.
    Instances: Json list
    Pd: Map<string, PdReply>
}

[<RequireQualifiedAccess>]
module Sight =

    let text path json = Json.stringAt path json |> Option.defaultValue ""
    let name json = text [ "metadata"; "name" ] json
    let replicas json = Json.intAt [ "spec"; "replicas" ] json

    /// `basic-tikv` and 3 of `basic-tikv-3`.
    let tryIndexed (name: string) : (string * int) option =
        match name.LastIndexOf '-' with
        | at when at > 0 ->
            match Int32.TryParse(name.Substring(at + 1), NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, index -> Some(name.Substring(0, at), index)
            | _ -> None
        | _ -> None

    /// The instances of a group, by their indexes.
    let instancesOf (group: string) (sight: Sight) : (int * Json) list =
        sight.Instances
        |> List.choose (fun instance ->
            match tryIndexed (name instance) with
            | Some(of', index) when of' = group -> Some(index, instance)
            | _ -> None)
        |> List.sortBy fst

    let private chosen (wanted: string option) (source: string) (clusters: (string * Json) list) =
        let full (_, cluster) = text [ "metadata"; "namespace" ] cluster + "/" + name cluster
        let isMeant wanted one = full one = wanted || name (snd one) = wanted
        let all = String.Join(", ", clusters |> List.map full)

        match clusters, wanted with
        | [], _ -> Error [ $"%s{source}: there is no object of kind Cluster (core.tikv.org) in it" ]
        | [ one ], None -> Ok(snd one)
        | _, None -> Error [ $"%s{source}: it holds several Clusters; choose one with --cluster: %s{all}" ]
        | _, Some wanted ->
            match clusters |> List.filter (isMeant wanted) with
            | [ one ] -> Ok(snd one)
            | _ -> Error [ $"--cluster is `%s{wanted}`; allowed: %s{all}" ]

    let private replicasProblem (most: int) (place: string, group: Json) =
        let allowed = $"allowed: a whole number from 0 to %d{most}"

        match replicas group, Json.tryPath [ "spec"; "replicas" ] group with
        | Some count, _ when count >= 0 && count <= most -> None
        | _, Some value ->
            Some $"%s{place} (%s{name group}): spec.replicas: `%s{Json.print value}` is not one; %s{allowed}"
        | _, None -> Some $"%s{place} (%s{name group}): spec.replicas: it is missing; %s{allowed}"

    /// The one Cluster that is meant, or what is wrong.
    let ofDump (wanted: string option) (dump: Dump) : Result<Sight, string list> =
        let all kind =
            dump.Objects
            |> List.filter (fun (_, object) -> text [ "kind" ] object = kind)
            |> List.distinctBy (fun (_, object) -> text [ "metadata"; "namespace" ] object, name object)

        let ours =
            all "Cluster"
            |> List.filter (fun (_, object) -> (text [ "apiVersion" ] object).StartsWith "core.tikv.org/")

        match chosen wanted dump.Source ours with
        | Error problems -> Error problems
        | Ok cluster ->
            let clusterName, space = name cluster, text [ "metadata"; "namespace" ] cluster
            let here object = text [ "metadata"; "namespace" ] object = space

            let belonging kind =
                all kind
                |> List.filter (fun (_, object) ->
                    here object && text [ "spec"; "cluster"; "name" ] object = clusterName)

            let groups kind =
                belonging kind
                |> List.sortBy (fun (_, group) -> -(replicas group |> Option.defaultValue 0), name group)

            let labelled kind =
                all kind
                |> List.map snd
                |> List.filter (fun object ->
                    here object
                    && text [ "metadata"; "labels"; Labels.cluster ] object = clusterName)

            let pd, tikv = groups "PDGroup", groups "TiKVGroup"

            let missing = [
                if pd.IsEmpty then
                    $"%s{dump.Source}: there is no PDGroup of the Cluster %s{space}/%s{clusterName} in it"
                if tikv.IsEmpty then
                    $"%s{dump.Source}: there is no TiKVGroup of the Cluster %s{space}/%s{clusterName} in it"
            ]

            match
                missing
                @ List.choose (replicasProblem 9) pd
                @ List.choose (replicasProblem 1_000) tikv
            with
            | [] ->
                Ok {
                    Name = clusterName
                    Space = space
                    Cluster = cluster
                    PdGroups = pd
                    TikvGroups = tikv
                    Pods = labelled "Pod"
                    Others = all "Pod" |> List.map snd |> List.except (labelled "Pod")
                    Claims = labelled "PersistentVolumeClaim"
                    Nodes = all "Node" |> List.map snd
                    Volumes = all "PersistentVolume" |> List.map snd
                    Classes = all "StorageClass" |> List.map snd
                    Instances = belonging "PD" @ belonging "TiKV" |> List.map snd
                    Pd = dump.Pd
                }
            | problems -> Error problems
