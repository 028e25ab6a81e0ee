/// The machines of a dump, as those that a scenario begins with.
[<RequireQualifiedAccess>]
module Tikv.Simulator.WhatIf.Places

open System
open Tikv.Core
open Tikv.Simulator.World
open Tikv.Simulator.Scenarios

let private text = Sight.text

/// Nodes beside those that the cluster uses that are taken along, of each zone and set of taints.
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

/// What a Pod takes of a node, in thousandths: all that runs at once, or what it begins with where that is more
/// (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers).
let private request (resource: string) (pod: Json) : int64 =
    let asked json = text [ "resources"; "requests"; resource ] json

    let sidecars, begins =
        ((0L, 0L), Json.itemsAt [ "spec"; "initContainers" ] pod)
        ||> List.fold (fun (sidecars, begins) container ->
            let together = sidecars + Amount.milli (asked container)

            (if text [ "restartPolicy" ] container = "Always" then together else sidecars),
            max begins together)

    let runs = Json.itemsAt [ "spec"; "containers" ] pod |> List.sumBy (asked >> Amount.milli)

    let all =
        match Json.tryField "spec" pod |> Option.map asked with
        | None
        | Some "" -> max begins (sidecars + runs)
        | Some ofPod -> Amount.milli ofPod

    all + Amount.milli (text [ "spec"; "overhead"; resource ] pod)

/// Pods of others that take room on nodes, by the node.
let private guests (sight: Sight) : Map<string, Json list> =
    sight.Others
    |> List.filter (fun pod ->
        text [ "spec"; "nodeName" ] pod <> ""
        && not (List.contains (text [ "status"; "phase" ] pod) [ "Succeeded"; "Failed" ]))
    |> List.groupBy (text [ "spec"; "nodeName" ])
    |> Map.ofList

/// Kubernetes sets these itself while a node is not well or is cordoned.
let private isPassing (taint: GivenTaint) =
    taint.Key.StartsWith "node.kubernetes.io/"
    || taint.Key.StartsWith "node.cloudprovider.kubernetes.io/"

let private taints (node: Json) : GivenTaint list =
    Json.itemsAt [ "spec"; "taints" ] node
    |> List.map (fun taint -> {
        Key = text [ "key" ] taint
        Value = text [ "value" ] taint
        Effect =
            match text [ "effect" ] taint with
            | "NoExecute" -> TaintEffect.NoExecute
            | "PreferNoSchedule" -> TaintEffect.PreferNoSchedule
            | _ -> TaintEffect.NoSchedule
    })

/// A node with the room that the Pods of others leave.
let private node (guests: Map<string, Json list>) (runs: string list) (node: Json) : GivenNode =
    let left resource usual print =
        let there = allocatable resource usual node

        match
            Map.tryFind (Sight.name node) guests
            |> Option.defaultValue []
            |> List.sumBy (request resource)
        with
        | 0L -> there
        | taken -> max 0L (Amount.milli there - taken) |> print

    {
        Name = Sight.name node
        Zone = zoneOf node |> Option.defaultValue unzoned
        Runs = runs
        Cpu = left "cpu" Given.node.Cpu (sprintf "%dm")
        Memory = left "memory" Given.node.Memory (fun milli -> $"%d{milli / 1000L}")
        Taints = taints node |> List.filter (isPassing >> not)
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
    let node = node (guests sight)

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
        |> List.filter (fun one -> isReady one && Json.boolAt [ "spec"; "unschedulable" ] one <> Some true)
        |> List.map (node [])

    // those with most room: where a Pod finds none, it finds none at all
    let taken =
        usable
        |> List.sortBy (fun node -> -(Amount.milli node.Memory), -(Amount.milli node.Cpu), node.Name)
        |> List.groupBy (fun node -> node.Zone, node.Taints)
        |> List.collect (snd >> List.truncate spare)

    let unseen = unseen sight used

    let nodes =
        (busy |> List.map (fun one -> node (runsOf one) one)) @ taken @ unseen
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

        for node in busy do
            for taint in taints node |> List.filter isPassing do
                $"nodes: %s{Sight.name node}: its taint %s{taint.Key} is left out: the simulation begins with all nodes well, and none cordoned"

        match nodes |> List.filter (fun node -> node.Zone = unzoned) with
        | [] -> ()
        | nodes ->
            let names = String.Join(", ", nodes |> List.map _.Name)
            $"nodes: %s{names}: no zone is known; taken for one zone `%s{unzoned}`"

        match idle.Length - taken.Length with
        | 0 -> ()
        | others ->
            $"nodes: %d{others} that run no Pod of the cluster are left out: those that take none, and more than %d{spare} in a zone with the same taints"
    ]
