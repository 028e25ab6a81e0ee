/// The machines of a dump, as those that a scenario begins with.
[<RequireQualifiedAccess>]
module Tikv.Simulator.WhatIf.Places

open System
open Tikv.Core
open Tikv.Simulator.Scenarios

let private text = Sight.text

/// Nodes beside those that the cluster uses that are taken along, in each zone.
let private spare = 2

let private zoneOf (node: Json) =
    let labels = Json.mapAt [ "metadata"; "labels" ] node

    [ "topology.kubernetes.io/zone"; "failure-domain.beta.kubernetes.io/zone" ]
    |> List.tryPick (fun key -> Map.tryFind key labels)
    |> Option.filter (fun zone -> zone <> "")

let private isReady (node: Json) =
    Json.itemsAt [ "status"; "conditions" ] node
    |> List.exists (fun one -> text [ "type" ] one = "Ready" && text [ "status" ] one = "True")

let private unzoned = "none"

let private allocatable (resource: string) usual (node: Json) =
    match text [ "status"; "allocatable"; resource ] node with
    | "" -> usual
    | amount -> amount

let private node (runs: string list) (node: Json) : GivenNode = {
    Name = Sight.name node
    Zone = zoneOf node |> Option.defaultValue unzoned
    Runs = runs
    Cpu = allocatable "cpu" Given.node.Cpu node
    Memory = allocatable "memory" Given.node.Memory node
}

/// Nodes that a Pod is on, and that the dump does not have: it was taken by somebody who may not see nodes.
let private unseen (sight: Sight) (used: Map<string, string list>) : GivenNode list =
    let known = sight.Nodes |> List.map Sight.name |> Set.ofList

    used
    |> Map.toList
    |> List.filter (fun (name, _) -> not (known.Contains name))
    |> List.map (fun (name, runs) ->
        let zone =
            sight.Instances
            |> List.filter (fun instance -> text [ "status"; "nodeName" ] instance = name)
            |> List.tryPick (fun instance ->
                [ [ "spec"; "topology"; "topology.kubernetes.io/zone" ]; [ "status"; "zone" ] ]
                |> List.tryPick (fun path -> Json.stringAt path instance))

        { Given.node with Name = name; Zone = Option.defaultValue unzoned zone; Runs = runs })

/// The nodes with the Pods that stand on each, under the names that `renamed` gives the Pods; and what is to be told.
let ofSight (renamed: string -> string option) (sight: Sight) : Specs.Told<GivenNode list> =
    let used =
        sight.Pods
        |> List.choose (fun pod ->
            match text [ "spec"; "nodeName" ] pod, renamed (Sight.name pod) with
            | "", _
            | _, None -> None
            | node, Some pod -> Some(node, pod))
        |> List.groupBy fst
        |> List.map (fun (node, pods) -> node, pods |> List.map snd |> List.sort)
        |> Map.ofList

    let runsOf node = Map.tryFind (Sight.name node) used |> Option.defaultValue []
    let busy, idle = sight.Nodes |> List.partition (runsOf >> List.isEmpty >> not)

    let usable =
        idle
        |> List.filter (fun node ->
            isReady node
            && Json.boolAt [ "spec"; "unschedulable" ] node <> Some true
            && Json.itemsAt [ "spec"; "taints" ] node |> List.isEmpty)

    let taken =
        usable
        |> List.sortBy Sight.name
        |> List.groupBy zoneOf
        |> List.collect (snd >> List.truncate spare)

    let unseen = unseen sight used

    let nodes =
        (busy @ taken |> List.map (fun one -> node (runsOf one) one)) @ unseen
        |> List.sortBy _.Name

    let names (nodes: Json list) = String.Join(", ", nodes |> List.map Sight.name |> List.truncate 10)

    nodes,
    [
        if nodes.IsEmpty then
            "nodes: the dump has none, and no Pod is on one: the simulation has two in each of three zones"

        for node in unseen do
            $"nodes: %s{node.Name} runs %d{node.Runs.Length} Pods and is not in the dump; taken for one of 16 CPUs and 64Gi in zone `%s{node.Zone}`"

        match busy |> List.filter (isReady >> not) with
        | [] -> ()
        | sick -> $"nodes: %s{names sick}: not Ready; the simulation begins with all nodes well"

        match nodes |> List.filter (fun node -> node.Zone = unzoned) with
        | [] -> ()
        | nodes ->
            let names = String.Join(", ", nodes |> List.map _.Name)
            $"nodes: %s{names}: no zone is known; taken for one zone `%s{unzoned}`"

        match idle.Length - taken.Length with
        | 0 -> ()
        | others ->
            $"nodes: %d{others} that run no Pod of the cluster are left out: those that take none, and more than %d{spare} in a zone"
    ]
