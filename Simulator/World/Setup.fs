/// Fresh worlds.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Setup

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd

/// Which machines there are.
type Shape = {
    Seed: uint64
    /// The wall clock at time 0.
    Epoch: DateTimeOffset
    Timings: Timings
    Zones: string list
    NodesPerZone: int
    /// In place of so many in each zone.
    Nodes: NodeShape list
    /// The node on which a Pod comes to stand if it fits there, whatever its taints, by the Pod's name.
    Stands: Map<string, string>
    Cpu: string
    Memory: string
    /// VolumeAttributesClasses that there are; with none the resource is not served at all.
    VolumeAttributes: string list
}

/// Three zones of two nodes each.
let ordinary = {
    Seed = 1UL
    Epoch = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)
    Timings = Timings.realistic
    Zones = [ "a"; "b"; "c" ]
    NodesPerZone = 2
    Nodes = []
    Stands = Map.empty
    Cpu = "16"
    Memory = "64Gi"
    VolumeAttributes = []
}

let private storageClass name (provisioner: string) mode isDefault =
    Json.object [
        "apiVersion", Json.String "storage.k8s.io/v1"
        "kind", Json.String "StorageClass"
        "metadata",
        Json.object [
            "name", Json.String name
            "annotations",
            Json.object [
                "storageclass.kubernetes.io/is-default-class",
                Json.String(if isDefault then "true" else "false")
            ]
        ]
        "provisioner", Json.String provisioner
        "reclaimPolicy", Json.String "Delete"
        "volumeBindingMode", Json.String mode
        "allowVolumeExpansion", Json.Bool isDefault
    ]

/// A small pool whose file systems grow only when a Pod is started, as its administrator says.
let private offline =
    storageClass "offline" "simulator/network-disk" "Immediate" false
    |> Json.setPath [ "metadata"; "annotations"; "tikv.org/volume-expansion" ] (Some(Json.String "Offline"))
    |> Json.withField "allowVolumeExpansion" (Json.Bool true)
    |> Json.withField
        "parameters"
        (Json.object [ "expansion", Json.String "offline"; "largest", Json.String "10Gi" ])

let private attributesClass name =
    Json.object [
        "apiVersion", Json.String "storage.k8s.io/v1"
        "kind", Json.String "VolumeAttributesClass"
        "metadata", Json.object [ "name", Json.String name ]
        "driverName", Json.String "simulator/network-disk"
        "parameters", Json.object [ "tier", Json.String name ]
    ]

let private createAll requests (world: World) =
    (world, requests)
    ||> List.fold (fun world request -> World.send "simulator" request world)

/// A cluster whose nodes are ready and where nothing runs yet.
let world (shape: Shape) : World =
    let nodes =
        match shape.Nodes with
        | [] -> [
            for zone in shape.Zones do
                for number in 1 .. shape.NodesPerZone do
                    {
                        Name = $"node-%s{zone}%d{number}"
                        Zone = zone
                        Cpu = shape.Cpu
                        Memory = shape.Memory
                        Taints = []
                    }
          ]
        | named -> named

    let addresses =
        nodes
        |> List.mapi (fun index node -> node.Name, $"10.0.%d{(index + 1) / 256}.%d{(index + 1) % 256}")
        |> Map.ofList

    let pd = PdWorld.create PdTimings.defaults shape.Seed (shape.Epoch.ToUnixTimeMilliseconds())

    let empty = {
        Seed = shape.Seed
        Timings = shape.Timings
        Epoch = shape.Epoch
        Now = 0L
        Agenda = Agenda.empty
        Due = Map.empty
        Server =
            ApiServer.start (int (shape.Seed &&& 0x7FFFFFFFUL))
            |> if List.isEmpty shape.VolumeAttributes then
                   id
               else
                   ApiServer.serve Builtins.volumeAttributesClass
        Seen = 0L
        Pods = Map.empty
        PodKeys = Map.empty
        Claims = Map.empty
        Volumes = Map.empty
        Services = Map.empty
        Nodes = Map.empty
        Classes = Map.empty
        Machines =
            nodes
            |> List.map (fun node ->
                node.Name,
                {
                    Name = node.Name
                    Shape = node
                    Ip = addresses[node.Name]
                    Up = true
                    Connected = true
                    Kubelet = true
                    Lost = false
                    FileLimit = 1_048_576
                    SilentSince = ValueNone
                    Images = Set.empty
                })
            |> Map.ofList
        Runs = Map.empty
        Pd = pd
        Probed = pd
        Troubles = Troubles.none
        Stands = shape.Stands
        Blamed = Map.empty
        Deaths = []
        Disks = Map.empty
        Mounted = Map.empty
        NextIp = 1
        Notes = []
    }

    let at = Meta.time shape.Epoch

    empty
    |> createAll [
        Requests.create
            Builtins.storageClasses
            None
            (storageClass "standard" "simulator/network-disk" "Immediate" true)
        Requests.create
            Builtins.storageClasses
            None
            (storageClass "local" "simulator/local-disk" "WaitForFirstConsumer" false)
        Requests.create Builtins.storageClasses None offline
        for name in shape.VolumeAttributes do
            Requests.create Builtins.volumeAttributesClasses None (attributesClass name)
        for node in nodes do
            yield! NodeForms.register "simulator" (NodeForms.manifest node addresses[node.Name] at)

            Requests.create Builtins.leases (Some "kube-node-lease") (NodeForms.lease node.Name at)
    ]
    |> Observer.observe
