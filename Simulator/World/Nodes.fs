/// The node controller: what a silent kubelet means, and what becomes of the Pods of lost nodes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Nodes

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private manager = "node-controller"
let private unreachable = "node.kubernetes.io/unreachable"

let private readyCondition (at: string) ready =
    let status, reason, message =
        if ready then
            "True", "KubeletReady", "kubelet is posting ready status"
        else
            "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."

    Json.object [
        "type", Json.String "Ready"
        "status", Json.String status
        "reason", Json.String reason
        "message", Json.String message
        "lastHeartbeatTime", Json.String at
        "lastTransitionTime", Json.String at
    ]

/// The object of a node as its kubelet registers it.
let manifest name zone (cpu: string) (memory: string) (at: string) =
    let resources =
        Json.object [
            "cpu", Json.String cpu
            "memory", Json.String memory
            "pods", Json.String "110"
            "ephemeral-storage", Json.String "200Gi"
        ]

    Json.object [
        "apiVersion", Json.String "v1"
        "kind", Json.String "Node"
        "metadata",
        Json.object [
            "name", Json.String name
            "labels",
            Json.object [
                "kubernetes.io/arch", Json.String "amd64"
                "kubernetes.io/os", Json.String "linux"
                "kubernetes.io/hostname", Json.String name
                "topology.kubernetes.io/region", Json.String "world"
                "topology.kubernetes.io/zone", Json.String zone
            ]
        ]
        "spec", Json.object [ "providerID", Json.String("simulator://" + name) ]
        "status",
        Json.object [
            "capacity", resources
            "allocatable", resources
            "conditions", Json.array [ readyCondition at true ]
            "addresses",
            Json.array [ Json.object [ "type", Json.String "Hostname"; "address", Json.String name ] ]
            "nodeInfo",
            Json.object [
                "kubeletVersion", Json.String "v1.34.0-simulated"
                "operatingSystem", Json.String "linux"
                "architecture", Json.String "amd64"
                "osImage", Json.String "simulator"
                "kernelVersion", Json.String "6.0"
                "containerRuntimeVersion", Json.String "simulated://1"
            ]
        ]
    ]

let private setReady (name: string) ready (world: World) =
    let at = Meta.time (World.clock world)

    let taints =
        if ready then
            Json.Null
        else
            Json.array [
                for effect in [ "NoSchedule"; "NoExecute" ] ->
                    Json.object [
                        "key", Json.String unreachable
                        "effect", Json.String effect
                        "timeAdded", Json.String at
                    ]
            ]

    world
    |> World.send
        manager
        (Requests.patch
            MergePatch
            Builtins.nodes
            None
            name
            (Json.object [ "status", Json.object [ "conditions", Json.array [ readyCondition at ready ] ] ])
         |> Requests.onStatus)
    |> World.send
        manager
        (Requests.patch
            MergePatch
            Builtins.nodes
            None
            name
            (Json.object [ "spec", Json.object [ "taints", taints ] ]))
    |> World.note (if ready then $"node %s{name} is ready" else $"node %s{name} is lost")

let private notReady (pod: Pod) (world: World) =
    let at = Json.String(Meta.time (World.clock world))

    let conditions =
        pod.Status
        |> Json.itemsAt [ "conditions" ]
        |> List.map (fun condition ->
            if Json.stringAt [ "type" ] condition = Some "Ready" && pod.Ready then
                condition
                |> Json.withField "status" (Json.String "False")
                |> Json.withField "reason" (Json.String "NodeNotReady")
                |> Json.withField "lastTransitionTime" at
            else
                condition)

    World.send
        manager
        (Requests.patch
            MergePatch
            Builtins.pods
            (Some pod.Namespace)
            pod.Name
            (Json.object [
                "metadata", Json.object [ "uid", Json.String pod.Uid ]
                "status", Json.object [ "conditions", Json.Array conditions ]
            ])
         |> Requests.onStatus)
        world

let private podsOf name (world: World) =
    world.Pods.Values |> Seq.filter (fun pod -> pod.Node = name) |> List.ofSeq

let private delete (grace: int option) (pod: Pod) =
    World.send
        manager
        (Requests.delete
            { Requests.deleteOptions with Uid = Some pod.Uid; GraceSeconds = grace }
            Builtins.pods
            (Some pod.Namespace)
            pod.Name)

/// How long a Pod tolerates the loss of its node; none: for ever.
let private patience (timings: Timings) (pod: Pod) =
    match
        pod.Spec.Tolerations
        |> List.tryFind (fun toleration -> toleration.Key = unreachable)
    with
    | Some toleration -> toleration.Seconds |> Option.map (fun seconds -> seconds * 1000L)
    | None -> Some timings.NodeEviction

/// Looks at one node.
let sync (name: string) (world: World) : World =
    match Map.tryFind name world.Nodes, Map.tryFind name world.Machines with
    | None, _ ->
        (world, podsOf name world)
        ||> List.fold (fun world pod -> delete (Some 0) pod world)
    | Some node, Some { SilentSince = ValueNone } -> if node.Ready then world else setReady name true world
    | Some _, None -> world
    | Some node, Some { SilentSince = ValueSome since } ->
        let lostAt = since + world.Timings.NodeGrace

        if world.Now < lostAt then
            World.at lostAt (Work.Node name) world
        else
            let world = if node.Ready then setReady name false world else world

            (world, podsOf name world)
            ||> List.fold (fun world pod ->
                let world = if pod.Ready then notReady pod world else world

                match patience world.Timings pod with
                | Some patience when pod.Deleting.IsNone ->
                    if world.Now >= lostAt + patience then
                        world |> delete None pod |> World.note $"node controller evicts %s{pod.Name}"
                    else
                        World.at (lostAt + patience) (Work.Node name) world
                | _ -> world)

/// Power, or the kubelet's way to the API server, is lost or comes back.
let set (up: bool) (connected: bool) (name: string) (world: World) : World =
    match Map.tryFind name world.Machines with
    | None -> world
    | Some machine ->
        let silent =
            if up && connected then
                ValueNone
            else
                machine.SilentSince |> ValueOption.orElse (ValueSome world.Now)

        let machine = { machine with Up = up; Connected = connected; SilentSince = silent }

        let world =
            { world with Machines = Map.add name machine world.Machines }
            |> World.note $"machine %s{name}: up %b{up}, connected %b{connected}"
            |> World.at world.Now (Work.Node name)

        (world, world.Runs |> Map.toList |> List.filter (fun (_, run) -> run.Node = name))
        ||> List.fold (fun world (uid, _) -> World.at world.Now (Work.Kubelet uid) world)
