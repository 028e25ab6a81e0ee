/// What a run leaves behind, without what no two runs have alike: to be compared with another run's.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.FinalState

open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private kinds = [
    "core.tikv.org", "v1alpha1", [ "clusters"; "pdgroups"; "tikvgroups"; "pds"; "tikvs" ]
    "", "v1", [ "pods"; "configmaps"; "persistentvolumeclaims"; "services" ]
]

/// Identities, times, and places: they differ from run to run and mean nothing.
let private incidental =
    Set.ofList [
        "uid"
        "podUid"
        "resourceVersion"
        "creationTimestamp"
        "deletionTimestamp"
        "generation"
        "observedGeneration"
        "observedClusterGeneration"
        "managedFields"
        "lastTransitionTime"
        "lastProbeTime"
        "lastHeartbeatTime"
        "startTime"
        "startedAt"
        "finishedAt"
        "since"
        "containerID"
        "podIP"
        "podIPs"
        "hostIP"
        "clusterIP"
        "clusterIPs"
        "nodeName"
        "zone"
        "volumeName"
        "restartCount"
        "lastState"
        "id"
        "isLeader"
        "role"
        "leaders"
        "regions"
        "capacityUsed"
        "claimUid"
        "dataOf"
        "tikv.org/written"
        "tikv.org/cluster-id"
        "tikv.org/cluster-uid"
        "tikv.org/store-id"
        "tikv.org/member-id"
        "tikv.org/spared"
        "volume.kubernetes.io/selected-node"
        "allocatedResources"
    ]

/// Conditions stand in the order in which they were first set, which means nothing; TopologySafe speaks of the places that the
/// instances happen to be in.
let private inOrder name value =
    match name, value with
    | "conditions", Json.Array items ->
        items
        |> List.filter (fun condition -> Json.stringAt [ "type" ] condition <> Some "TopologySafe")
        |> List.sortBy (Json.stringAt [ "type" ])
        |> Json.Array
    | _ -> value

let rec private plain json =
    match json with
    | Json.Object members ->
        members
        |> List.filter (fun (name, _) -> not (Set.contains name incidental))
        |> List.map (fun (name, value) -> name, plain (inOrder name value))
        // a list in which nothing stands any more
        |> List.filter (fun (_, value) -> value <> Json.Array [])
        |> Json.Object
    | Json.Array items -> Json.Array(items |> List.map plain)
    | json -> json

/// Every object of ours and of what we make, by kind, namespace and name.
let ofWorld (world: World) : Map<string, Json> =
    [
        for group, version, plurals in kinds do
            for plural in plurals do
                for object in ApiServer.listObjects (Builtins.key group version plural) None world.Server do
                    plural + " " + View.keyOf object, plain object
    ]
    |> Map.ofList

let rec private difference (path: string) one other =
    match one, other with
    | Json.Object a, Json.Object b ->
        let names = (a @ b) |> List.map fst |> List.distinct

        names
        |> List.tryPick (fun name ->
            difference
                (path + "." + name)
                (Json.tryField name one |> Option.defaultValue Json.Null)
                (Json.tryField name other |> Option.defaultValue Json.Null))
    | Json.Array a, Json.Array b when List.length a = List.length b ->
        List.zip a b
        |> List.indexed
        |> List.tryPick (fun (index, (one, other)) -> difference (path + $"[%d{index}]") one other)
    | one, other when one = other -> None
    | one, other -> Some $"%s{path} is %s{Json.print other}, and %s{Json.print one} in the run without faults"

/// The first thing that the second state has otherwise than the first.
let tryDifference (one: Map<string, Json>) (other: Map<string, Json>) : string option =
    let missing = one |> Map.tryFindKey (fun key _ -> not (Map.containsKey key other))
    let extra = other |> Map.tryFindKey (fun key _ -> not (Map.containsKey key one))

    match missing, extra with
    | Some key, _ -> Some $"%s{key} is missing"
    | None, Some key -> Some $"%s{key} is there, and not in the run without faults"
    | None, None ->
        one
        |> Map.toSeq
        |> Seq.tryPick (fun (key, value) -> difference key value (Map.find key other))
