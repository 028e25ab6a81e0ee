/// The scenario that everything stands on: a cluster of three PD and three TiKV comes up.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Bootstrap

open Tikv.Core
open Tikv.Core.Api
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private space = "default"
let private ours plural = Builtins.key "core.tikv.org" "v1alpha1" plural

let private named kind name spec =
    Json.object [
        "apiVersion", Json.String "core.tikv.org/v1alpha1"
        "kind", Json.String kind
        "metadata", Json.object [ "name", Json.String name; "namespace", Json.String space ]
        "spec", spec
    ]

let private group kind name replicas (config: string) =
    named
        kind
        name
        (Json.object [
            "cluster", Json.object [ "name", Json.String "basic" ]
            "replicas", Json.int replicas
            "template",
            Json.object [
                "spec",
                Json.present [
                    "version", Some(Json.String "v8.5.2")
                    "config", (if config = "" then None else Some(Json.String config))
                    "volumes",
                    Some(
                        Json.array [
                            Json.object [ "name", Json.String "data"; "storage", Json.String "1Gi" ]
                        ]
                    )
                ]
            ]
        ])

let private create plural object = Requests.create (ours plural) (Some space) object

/// The manifests of `examples/basic`, applied one after another.
let manifests pd tikv : Request list = [
    create "clusters" (named "Cluster" "basic" Json.empty)
    create "pdgroups" (group "PDGroup" "basic-pd" pd "")
    create "tikvgroups" (group "TiKVGroup" "basic-tikv" tikv "[storage]\nreserve-space = \"0MB\"\n")
]

let private define (world: World) (definition: Json) =
    let request = Requests.create Builtins.customResourceDefinitions None definition
    let struct (world, response) = World.request "user" request world

    if response.Code >= 300 then
        invalidOp $"a definition is refused: %s{Json.print response.Body}"

    world

/// A world in which our kinds are known.
let world (shape: Setup.Shape) : World =
    let world =
        (Setup.world shape, Crd.all |> List.map snd)
        ||> List.fold define
        |> Observer.observe
        |> Machines.advance 1_000L

    // no other field manager owns a part of our objects, so that what it costs to know the owners is saved
    { world with Notes = []; Server = ApiServer.tracksFields false world.Server }

/// So many members and stores serve, and all says so.
let expected pd tikv : Check list =
    [
        for target in [ "Cluster/basic"; "PDGroup/basic-pd"; "TiKVGroup/basic-tikv" ] do
            Fact.Condition(target, "Ready", Some "True", None, None, true)
        Fact.OnePdCluster
        Fact.Members pd
        Fact.StoresUp tikv
    ]
    |> List.map Check.Finally

/// 3 PD and 3 TiKV, on six nodes in three zones.
let scenario (program: int -> int -> Program) (shape: Setup.Shape) (network: Network) : Scenario = {
    Name = "bootstrap"
    Shows = "A cluster of three PD and three TiKV comes up from nothing"
    World = world shape
    Program = program
    Operators = 1
    Network = network
    Steps =
        manifests 3 3
        |> List.mapi (fun index request -> 2_000L + 200L * int64 index, request)
    Faults = []
    Expect = expected 3 3
    MustStrike = true
    Quiet = 60_000L
    Limit = 1_200_000L
    Transcript = false
}
