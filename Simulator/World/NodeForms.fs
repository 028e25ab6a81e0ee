/// The objects of a node: as its kubelet registers it, and what is reported of it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.NodeForms

open Tikv.Core
open Tikv.Simulator.Kubernetes

/// The conditions of a node whose kubelet is heard (or not): type, status, reason, message.
let private reported heard = [
    for kind, reason, message in
        [
            "MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"
            "DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"
            "PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"
        ] do
        if heard then
            kind, "False", reason, message
        else
            kind, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."

    if heard then
        "Ready", "True", "KubeletReady", "kubelet is posting ready status"
    else
        "Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."
]

/// The conditions at a time; `before` are those that stand, whose time of transition is kept where the status is.
let conditions (before: Json list) (heardAt: string) (at: string) heard =
    reported heard
    |> List.map (fun (kind, status, reason, message) ->
        let since =
            before
            |> List.tryFind (fun condition ->
                Json.stringAt [ "type" ] condition = Some kind
                && Json.stringAt [ "status" ] condition = Some status)
            |> Option.bind (Json.stringAt [ "lastTransitionTime" ])
            |> Option.defaultValue at

        Json.object [
            "type", Json.String kind
            "status", Json.String status
            "lastHeartbeatTime", Json.String heardAt
            "lastTransitionTime", Json.String since
            "reason", Json.String reason
            "message", Json.String message
        ])
    |> Json.Array

let manifest (shape: NodeShape) (ip: string) (at: string) =
    let name = shape.Name

    let resources =
        Json.object [
            "cpu", Json.String shape.Cpu
            "memory", Json.String shape.Memory
            "pods", Json.String "110"
            "ephemeral-storage", Json.String "200Gi"
        ]

    let address kind text = Json.object [ "type", Json.String kind; "address", Json.String text ]

    Json.object [
        "apiVersion", Json.String "v1"
        "kind", Json.String "Node"
        "metadata",
        Json.object [
            "name", Json.String name
            "labels",
            Json.object [
                "beta.kubernetes.io/arch", Json.String "amd64"
                "beta.kubernetes.io/os", Json.String "linux"
                "kubernetes.io/arch", Json.String "amd64"
                "kubernetes.io/os", Json.String "linux"
                "kubernetes.io/hostname", Json.String name
                "topology.kubernetes.io/region", Json.String "world"
                "topology.kubernetes.io/zone", Json.String shape.Zone
            ]
        ]
        "spec",
        Json.object [
            "providerID", Json.String("simulator://" + name)
            if not shape.Taints.IsEmpty then
                "taints",
                Json.array [
                    for key, value, effect in shape.Taints ->
                        Json.object [
                            "key", Json.String key
                            "value", Json.String value
                            "effect", Json.String effect
                        ]
                ]
        ]
        "status",
        Json.object [
            "capacity", resources
            "allocatable", resources
            "conditions", conditions [] at at true
            "addresses", Json.array [ address "InternalIP" ip; address "Hostname" name ]
            "nodeInfo",
            Json.object [
                "machineID", Json.String name
                "systemUUID", Json.String name
                "bootID", Json.String name
                "kubeletVersion", Json.String "v1.34.0-simulated"
                "kubeProxyVersion", Json.String ""
                "operatingSystem", Json.String "linux"
                "architecture", Json.String "amd64"
                "osImage", Json.String "simulator"
                "kernelVersion", Json.String "6.0"
                "containerRuntimeVersion", Json.String "simulated://1"
            ]
        ]
    ]

/// Creates the object of a node, with its status.
let register manager (manifest: Json) : Request list = [
    { Requests.create Builtins.nodes None manifest with FieldManager = manager }

    Requests.patch
        MergePatch
        Builtins.nodes
        None
        (Meta.name manifest)
        (Json.object [ "status", Json.tryField "status" manifest |> Option.defaultValue Json.empty ])
    |> Requests.onStatus
]

/// The Lease by which a kubelet says that it lives.
let lease name (at: string) =
    Json.object [
        "apiVersion", Json.String "coordination.k8s.io/v1"
        "kind", Json.String "Lease"
        "metadata", Json.object [ "name", Json.String name; "namespace", Json.String "kube-node-lease" ]
        "spec",
        Json.object [
            "holderIdentity", Json.String name
            "leaseDurationSeconds", Json.int 40
            "renewTime", Json.String at
        ]
    ]
