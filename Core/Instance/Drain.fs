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

let private podSpec (observed: Observed) =
    (Seen.template observed).Overlay
    |> Option.bind _.Pod
    |> Option.bind _.Spec
    |> Option.defaultValue Json.empty

let private tolerates (observed: Observed) key =
    Json.itemsAt [ "tolerations" ] (podSpec observed)
    |> List.exists (fun one ->
        match Json.stringAt [ "key" ] one with
        | None -> Json.stringAt [ "operator" ] one = Some "Exists"
        | Some tolerated -> tolerated = key)

/// The node of the instance, when it is to be emptied: it is cordoned, or marked by an autoscaler. A Pod that tolerates the
/// mark would come back to the same node for ever.
let private leaving (observed: Observed) =
    match observed.Node, observed.Pod with
    | Sighting.Known node, Some pod when
        (Seen.settings observed).Drain = DrainPolicy.Move
        && pod.Meta.DeletionTimestamp.IsNone
        && mark node |> Option.exists (fun key -> not (tolerates observed key))
        ->
        Some node
    | _ -> None

/// A volume on a disk of one node goes nowhere.
let private isTied (observed: Observed) = not observed.VolumeNodes.IsEmpty

/// A node that would take the Pod, as far as the operator can tell: whether there is room is the scheduler's to say.
let private takesIt (observed: Observed) (node: NodeView) =
    node.Ready
    && node.Meta.DeletionTimestamp.IsNone
    && (mark node).IsNone
    && node.Taints
       |> List.forall (fun (key, effect) -> effect = "PreferNoSchedule" || tolerates observed key)
    && Json.mapAt [ "nodeSelector" ] (podSpec observed)
       |> Map.forall (fun label value -> Map.tryFind label node.Meta.Labels = Some value)

let private hasRefuge (observed: Observed) (node: NodeView) =
    observed.Nodes
    |> Map.exists (fun name other -> name <> node.Meta.Name && takesIt observed other)

/// The instance is to move: its node is to be emptied, and there is another one to go to.
let wanted (observed: Observed) =
    match leaving observed with
    | Some node -> not (isTied observed) && hasRefuge observed node
    | None -> false

/// Why an instance stays on a node that is to be emptied.
let stays (observed: Observed) =
    match leaving observed with
    | Some node when isTied observed -> [ TiedToNode node.Meta.Name ]
    | Some node when not (hasRefuge observed node) -> [ NowhereToMove node.Meta.Name ]
    | _ -> []

/// The only nodes that can have its volumes, when they take no Pods.
let cordonedHomes (observed: Observed) =
    observed.VolumeNodes
    |> Map.toList
    |> List.choose (fun (name, node) ->
        match node with
        | Sighting.Known node when (mark node).IsSome -> Some name
        | _ -> None)
