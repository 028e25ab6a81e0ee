namespace Tikv.Core.Kubernetes

open System

/// What keeps the scheduler from putting a Pod on any node.
[<RequireQualifiedAccess>]
type Obstacle =
    | Cpu
    | Memory
    | Storage
    | TooManyPods
    /// The Pod's volume can be used on nodes that do not take the Pod, or that do not exist any more.
    | VolumeAffinity
    /// Where the volume is stands a Pod that this one must keep away from, and nothing else is in the way.
    | VolumeNodeTaken
    /// No node has the labels that the Pod asks for.
    | NodeLabels
    /// Empty when the scheduler does not name the taint.
    | Taint of Key: string
    | Cordoned
    | AntiAffinity
    | Spread
    | ClaimUnbound
    | ClaimMissing
    | ClaimEnding
    | VolumeMissing
    | VolumeLimit
    | NoNodes

/// Reading of `PodScheduled` = False (Kubernetes: the scheduler's plugins, `ErrReason`). Its message sums up the nodes by
/// why they were passed over; what preemption could not do either adds nothing.
[<RequireQualifiedAccess>]
module Obstacle =

    let private phrases: (string * Obstacle) list = [
        "Insufficient cpu", Obstacle.Cpu
        "Insufficient memory", Obstacle.Memory
        "Insufficient ephemeral-storage", Obstacle.Storage
        "did not have enough free storage", Obstacle.Storage
        "Too many pods", Obstacle.TooManyPods
        "volume node affinity conflict", Obstacle.VolumeAffinity
        "didn't match PersistentVolume's node affinity", Obstacle.VolumeAffinity
        "node affinity/selector", Obstacle.NodeLabels
        "didn't match node selector", Obstacle.NodeLabels
        "were unschedulable", Obstacle.Cordoned
        "anti-affinity rules", Obstacle.AntiAffinity
        "pod affinity rules", Obstacle.AntiAffinity
        "topology spread constraints", Obstacle.Spread
        "unbound immediate PersistentVolumeClaims", Obstacle.ClaimUnbound
        "didn't find available persistent volumes to bind", Obstacle.ClaimUnbound
        "is being deleted", Obstacle.ClaimEnding
        "non-existent persistentvolume", Obstacle.VolumeMissing
        "non-existent pv(s)", Obstacle.VolumeMissing
        "exceed max volume count", Obstacle.VolumeLimit
        "no nodes available", Obstacle.NoNodes
        "0/0 nodes are available", Obstacle.NoNodes
    ]

    let private has (part: string) (text: string) = text.Contains(part, StringComparison.OrdinalIgnoreCase)

    /// The key of the first taint that is named: `had untolerated taint {key: value}`, until 1.24 `had taint {key: value}`.
    let private taint (text: string) =
        let marker = "taint {"
        let start = text.IndexOf(marker, StringComparison.Ordinal)

        if start >= 0 then
            let named = text.Substring(start + marker.Length)
            let length = named.IndexOfAny [| ':'; '}' |]
            Some(Obstacle.Taint(if length < 0 then "" else named.Substring(0, length).Trim()))
        elif has "untolerated taint" text then
            Some(Obstacle.Taint "")
        else
            None

    let private missingClaim (text: string) =
        if has "persistentvolumeclaim" text && has "not found" text then
            Some Obstacle.ClaimMissing
        else
            None

    /// All that a message names and that is known, in a fixed order.
    let parse (message: string) : Obstacle list =
        let text = (message.Split "preemption:")[0]

        (phrases |> List.filter (fun (phrase, _) -> has phrase text) |> List.map snd)
        @ Option.toList (taint text)
        @ Option.toList (missingClaim text)
        |> List.distinct
        |> function
            | [ Obstacle.VolumeAffinity; Obstacle.AntiAffinity ] -> [ Obstacle.VolumeNodeTaken ]
            | obstacles -> obstacles

    /// What it is, and what a person can do.
    let text obstacle =
        match obstacle with
        | Obstacle.Cpu -> "no node has enough free cpu; add nodes, or ask for less in template.spec.resources"
        | Obstacle.Memory ->
            "no node has enough free memory; add nodes, or ask for less in template.spec.resources"
        | Obstacle.Storage -> "no node has enough free ephemeral storage; free some, or add nodes"
        | Obstacle.TooManyPods -> "the nodes run as many Pods as they may; add nodes"
        | Obstacle.VolumeAffinity ->
            "its volume belongs to a node or zone that cannot take it; make room there, or delete the instance to have it made anew elsewhere"
        | Obstacle.VolumeNodeTaken ->
            "where its volume is stands a Pod that it must keep away from; move that one away, or delete the instance to have it made anew elsewhere"
        | Obstacle.NodeLabels ->
            "no node has the labels that it asks for; label nodes, or change schedulePolicies or the overlay"
        | Obstacle.Taint "" ->
            "nodes have taints that it does not tolerate; remove them, or add tolerations by overlay"
        | Obstacle.Taint key ->
            $"nodes have the taint %s{key}, which it does not tolerate; remove it, or add a toleration by overlay"
        | Obstacle.Cordoned -> "nodes are cordoned; uncordon them, or add nodes"
        | Obstacle.AntiAffinity ->
            "every node that would do has a Pod that it must keep away from; add nodes, or relax the affinity of the overlay"
        | Obstacle.Spread ->
            "its topology spread constraints allow no node; add nodes to the domains with the fewest Pods"
        | Obstacle.ClaimUnbound ->
            "a volume claim is not bound; make a volume for it, or see why its storage class does not (kubectl describe pvc)"
        | Obstacle.ClaimMissing -> "a volume claim does not exist yet"
        | Obstacle.ClaimEnding -> "a volume claim is being deleted; it is made anew after that"
        | Obstacle.VolumeMissing ->
            "the volume of a claim is gone; its data is lost unless the volume comes back"
        | Obstacle.VolumeLimit -> "the nodes have as many volumes attached as they may; add nodes"
        | Obstacle.NoNodes -> "there are no nodes"

    /// CamelCase, stable.
    let code obstacle =
        match obstacle with
        | Obstacle.Cpu -> "InsufficientCPU"
        | Obstacle.Memory -> "InsufficientMemory"
        | Obstacle.Storage -> "InsufficientStorage"
        | Obstacle.TooManyPods -> "TooManyPods"
        | Obstacle.VolumeAffinity -> "VolumeNodeAffinityConflict"
        | Obstacle.VolumeNodeTaken -> "VolumeNodeTaken"
        | Obstacle.NodeLabels -> "NodeSelectorMismatch"
        | Obstacle.Taint _ -> "UntoleratedTaint"
        | Obstacle.Cordoned -> "NodesCordoned"
        | Obstacle.AntiAffinity -> "AntiAffinity"
        | Obstacle.Spread -> "TopologySpread"
        | Obstacle.ClaimUnbound -> "VolumeUnbound"
        | Obstacle.ClaimMissing -> "VolumeClaimMissing"
        | Obstacle.ClaimEnding -> "VolumeClaimTerminating"
        | Obstacle.VolumeMissing -> "VolumeMissing"
        | Obstacle.VolumeLimit -> "VolumeLimit"
        | Obstacle.NoNodes -> "NoNodes"
