/// A small cluster for tests of the machines, and the objects that they are tested with.
module Tikv.Simulator.Tests.World.Cluster

open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let shape = { Setup.ordinary with Timings = Timings.quick; NodesPerZone = 1 }
let fresh = Setup.world shape

/// Lets so many milliseconds pass.
let wait milliseconds (world: World) = Machines.advance (world.Now + milliseconds) world

let ask request (world: World) : World =
    let struct (world, response) = Machines.handle "test" request world

    if response.Code >= 300 then
        failwith $"refused: %s{Json.print response.Body}"

    world

let object apiVersion kind name members =
    Json.object [
        "apiVersion", Json.String apiVersion
        "kind", Json.String kind
        "metadata", Json.object [ "name", Json.String name ]
        yield! members
    ]

let labelled labels json = Json.setPath [ "metadata"; "labels" ] (Some(Json.ofMap (Map.ofList labels))) json

/// A Pod of one container that runs a command; `spec` is laid over its spec.
let pod name (command: string list) (spec: (string * Json) list) =
    let container =
        Json.object [
            "name", Json.String "main"
            "image", Json.String "image:v8.5.2"
            "command", Json.strings command
        ]

    object "v1" "Pod" name [ "spec", Json.object [ "containers", Json.array [ container ]; yield! spec ] ]

let claim name (storage: string) (storageClass: string) =
    object "v1" "PersistentVolumeClaim" name [
        "spec",
        Json.present [
            "accessModes", Some(Json.strings [ "ReadWriteOnce" ])
            "resources", Some(Json.object [ "requests", Json.object [ "storage", Json.String storage ] ])
            "storageClassName", (if storageClass = "" then None else Some(Json.String storageClass))
        ]
    ]

let using claims =
    "volumes",
    claims
    |> List.map (fun claim ->
        Json.object [
            "name", Json.String claim
            "persistentVolumeClaim", Json.object [ "claimName", Json.String claim ]
        ])
    |> Json.array

let create resource object = ask (Requests.create resource (Some "default") object)
let createPod object = create Builtins.pods object

let delete resource name = ask (Requests.delete Requests.deleteOptions resource (Some "default") name)

let get resource name (world: World) = ApiServer.tryGet resource (Some "default") name world.Server
let exists resource name world = (get resource name world).IsSome

let text path resource name world =
    get resource name world
    |> Option.bind (Json.stringAt path)
    |> Option.defaultValue ""

let phase name world = text [ "status"; "phase" ] Builtins.pods name world
let node name world = text [ "spec"; "nodeName" ] Builtins.pods name world
let uid resource name world = text [ "metadata"; "uid" ] resource name world

let condition kind name world =
    get Builtins.pods name world
    |> Option.map (Json.itemsAt [ "status"; "conditions" ])
    |> Option.defaultValue []
    |> List.tryFind (fun condition -> Json.stringAt [ "type" ] condition = Some kind)
    |> Option.defaultValue Json.empty

let isReady name world = Json.stringAt [ "status" ] (condition "Ready" name world) = Some "True"

let container name world =
    get Builtins.pods name world
    |> Option.map (Json.itemsAt [ "status"; "containerStatuses" ])
    |> Option.bind List.tryHead
    |> Option.defaultValue Json.empty
