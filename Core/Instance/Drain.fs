/// A node that is to be emptied, and the instance on it (docs/node-drain.md).
module Tikv.Core.Instance.Drain

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Instance

let private cordoned = "node.kubernetes.io/unschedulable"

/// Taints by which autoscalers mark a node that they are about to take away.
let private marks =
    Set.ofList [
        cordoned
        "ToBeDeletedByClusterAutoscaler"
        "karpenter.sh/disrupted"
        "karpenter.sh/disruption"
    ]

/// The taint that says so, when there is one.
let private mark (node: NodeView) =
    if node.Unschedulable then
        Some cordoned
    else
        node.Taints |> List.map fst |> List.tryFind (fun key -> Set.contains key marks)

/// A Pod that tolerates the taint would come back to the same node for ever.
let private tolerates (observed: Observed) key =
    (Seen.template observed).Overlay
    |> Option.bind _.Pod
    |> Option.bind _.Spec
    |> Option.exists (fun spec ->
        Json.itemsAt [ "tolerations" ] spec
        |> List.exists (fun one ->
            match Json.stringAt [ "key" ] one with
            | None -> Json.stringAt [ "operator" ] one = Some "Exists"
            | Some tolerated -> tolerated = key))

/// The instance is to move: its node is cordoned, or marked by an autoscaler.
let wanted (observed: Observed) =
    (Seen.settings observed).Drain = DrainPolicy.Move
    && match observed.Node with
       | Sighting.Known node -> mark node |> Option.exists (fun key -> not (tolerates observed key))
       | Sighting.Absent
       | Sighting.Unknown -> false

/// The only nodes that can have its volumes, when they take no Pods.
let cordonedHomes (observed: Observed) =
    observed.VolumeNodes
    |> Map.toList
    |> List.choose (fun (name, node) ->
        match node with
        | Sighting.Known node when (mark node).IsSome -> Some name
        | _ -> None)
