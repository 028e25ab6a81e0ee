/// The scenario that everything stands on: a cluster of three PD and three TiKV comes up.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Bootstrap

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd
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

let private ready plural name : Expectation = {
    Name = plural + "/" + name
    Missing =
        fun world ->
            match ApiServer.tryGet (ours plural) (Some space) name world.Server with
            | None -> Some "does not exist"
            | Some object ->
                Json.itemsAt [ "status"; "conditions" ] object
                |> List.tryFind (fun condition -> Json.stringAt [ "type" ] condition = Some "Ready")
                |> function
                    | None -> Some "has no condition Ready"
                    | Some condition when Json.stringAt [ "status" ] condition = Some "True" -> None
                    | Some condition ->
                        let text name = Json.stringAt [ name ] condition |> Option.defaultValue ""
                        Some("is not Ready: " + text "reason" + " " + text "message")
}

/// PD itself says so: the stores are up.
let private stores count : Expectation = {
    Name = "stores"
    Missing =
        fun world ->
            let up =
                world.Pd.Groups.Values
                |> Seq.collect (fun group -> group.Cluster.Stores.Values)
                |> Seq.filter (fun store ->
                    store.NodeState = NodeState.Serving || store.NodeState = NodeState.Preparing)
                |> Seq.length

            if up = count then None else Some $"%d{up} of %d{count} are up"
}

let private members count : Expectation = {
    Name = "members"
    Missing =
        fun world ->
            match
                world.Pd.Groups.Values
                |> Seq.map (fun group -> group.Members.Count)
                |> List.ofSeq
            with
            | [ found ] when found = count -> None
            | found -> Some $"PD has %A{found} members, not %d{count}"
}

/// So many members and stores serve, and all says so.
let expected pd tikv : Check list =
    [
        ready "clusters" "basic"
        ready "pdgroups" "basic-pd"
        ready "tikvgroups" "basic-tikv"
        members pd
        stores tikv
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
