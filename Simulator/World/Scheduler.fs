/// The scheduler: finds a node for each Pod, or says why there is none.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Scheduler

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private manager = "kube-scheduler"

let private tolerates (pod: Pod) (key, value, effect) =
    pod.Spec.Tolerations
    |> List.exists (fun toleration ->
        (toleration.Effect = "" || toleration.Effect = effect)
        && (toleration.Key = "" && toleration.Operator = "Exists"
            || toleration.Key = key
               && (toleration.Operator = "Exists" || toleration.Value = value)))

let private fits terms labels =
    List.isEmpty terms
    || terms |> List.exists (List.forall (Selectors.satisfies labels))

let private claims (world: World) (pod: Pod) =
    pod.Spec.Volumes.Values
    |> Seq.choose (fun source ->
        match source with
        | VolumeSource.Claim name -> Some(name, Map.tryFind (View.key pod.Namespace name) world.Claims)
        | _ -> None)
    |> List.ofSeq

/// The node that was selected for a Pod while its volumes are made there; the scheduler assumes that the Pod stands on it
/// (https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/, Reserve). A volume that is older than the
/// Pod was not made for it: nothing is reserved for a Pod that comes back to its disk.
let private assumed (world: World) (pod: Pod) =
    claims world pod
    |> List.choose snd
    |> List.tryPick (fun claim ->
        match Map.tryFind claim.SelectedNode world.Nodes, Map.tryFind claim.Volume world.Volumes with
        | Some node, None when claim.Volume = "" && not claim.Deleting -> Some node.Name
        | Some node, Some volume when
            not node.Unschedulable
            && not volume.NodeTerms.IsEmpty
            && System.String.CompareOrdinal(volume.Created, pod.Created) >= 0
            ->
            Some node.Name
        | _ -> None)

/// Pods that occupy a node: not finished, and bound, or about to be.
let private onNodes (world: World) =
    world.Pods.Values
    |> Seq.filter (fun pod -> pod.Phase <> "Succeeded" && pod.Phase <> "Failed")
    |> Seq.choose (fun pod ->
        if pod.Node <> "" then Some pod
        elif pod.Deleting.IsSome then None
        else assumed world pod |> Option.map (fun node -> { pod with Node = node }))
    |> List.ofSeq

let private selected (pod: Pod) requirements (other: Pod) =
    other.Namespace = pod.Namespace
    && not (List.isEmpty requirements)
    && requirements |> List.forall (Selectors.satisfies other.Labels)

let private domain (world: World) key node =
    Map.tryFind node world.Nodes
    |> Option.bind (fun node -> Map.tryFind key node.Labels)

/// How many of the others stand in the same domain as the node.
let private neighbours (world: World) (others: Pod list) key (node: Node) =
    match Map.tryFind key node.Labels with
    | None -> 0
    | Some here ->
        others
        |> List.filter (fun other -> domain world key other.Node = Some here)
        |> List.length

/// How far above the emptiest eligible domain the node's would stand with one Pod more.
let private skew (world: World) (others: Pod list) key (node: Node) =
    let domains =
        world.Nodes.Values
        |> Seq.choose (fun node -> Map.tryFind key node.Labels)
        |> Set.ofSeq

    let count here =
        others
        |> List.filter (fun other -> domain world key other.Node = Some here)
        |> List.length

    let least = if Set.isEmpty domains then 0 else domains |> Seq.map count |> Seq.min
    neighbours world others key node + 1 - least

let private offered (node: Node) name = Json.tryField name node.Allocatable |> Amount.tryMilli

/// What the node has too little of, beside cpu and memory.
let private shortOf (here: Pod list) (pod: Pod) (node: Node) =
    let asked name (pod: Pod) =
        pod.Spec.Others
        |> List.tryFind (fst >> (=) name)
        |> Option.map snd
        |> Option.defaultValue 0L

    pod.Spec.Others
    |> List.tryFind (fun (name, amount) ->
        (here |> List.sumBy (asked name)) + amount > (offered node name |> Option.defaultValue 0L))
    |> Option.map fst

/// Volumes that can be attached to a node, where its driver has a limit (the former `attachable-volumes-csi-DRIVER`).
let private volumesAreMany (here: Pod list) (volumes: Volume list) (node: Node) =
    let claimed (pod: Pod) =
        pod.Spec.Volumes.Values
        |> Seq.filter (fun source ->
            match source with
            | VolumeSource.Claim _ -> true
            | _ -> false)
        |> Seq.length

    match volumes, offered node "attachable-volumes-csi-simulator" with
    | _ :: _, Some limit -> 1000L * int64 ((here |> List.sumBy claimed) + volumes.Length) > limit
    | _ -> false

/// What is wrong with a node for a Pod, in the words of the scheduler; none when it fits.
let private objection (world: World) (placed: Pod list) (volumes: Volume list) (pod: Pod) (node: Node) =
    let here = placed |> List.filter (fun other -> other.Node = node.Name)

    let apart =
        pod.Spec.Apart
        |> List.exists (fun rule ->
            neighbours world (placed |> List.filter (selected pod rule.Others)) rule.TopologyKey node > 0)

    let crowded =
        pod.Spec.Spreads
        |> List.exists (fun spread ->
            spread.Required
            && (not (Map.containsKey spread.Key node.Labels)
                || skew world (placed |> List.filter (selected pod spread.Of)) spread.Key node >
                    spread.MaxSkew))

    // a Pod that is to stand here when the world begins came before the taints
    let taint =
        node.Taints
        |> List.tryFind (fun (key, value, effect) ->
            effect <> "PreferNoSchedule"
            && not (tolerates pod (key, value, effect))
            && Map.tryFind pod.Name world.Stands <> Some node.Name)

    let selector =
        pod.Spec.NodeSelector
        |> Map.forall (fun key value -> Map.tryFind key node.Labels = Some value)

    if node.Unschedulable then
        Some "node(s) were unschedulable"
    else
        match taint with
        | Some(key, value, _) -> Some $"node(s) had untolerated taint {{%s{key}: %s{value}}}"
        | None ->
            if not selector || not (fits pod.Spec.NodeTerms node.Labels) then
                Some "node(s) didn't match Pod's node affinity/selector"
            elif volumes |> List.exists (fun volume -> not (fits volume.NodeTerms node.Labels)) then
                Some "node(s) had volume node affinity conflict"
            elif List.length here + 1 > node.Pods then
                Some "Too many pods"
            elif (here |> List.sumBy _.Spec.Cpu) + pod.Spec.Cpu > node.Cpu then
                Some "Insufficient cpu"
            elif (here |> List.sumBy _.Spec.Memory) + pod.Spec.Memory > node.Memory then
                Some "Insufficient memory"
            else
                match shortOf here pod node with
                | Some name -> Some("Insufficient " + name)
                | None when volumesAreMany here volumes node -> Some "node(s) exceed max volume count"
                | None when apart -> Some "node(s) didn't match pod anti-affinity rules"
                | None when crowded -> Some "node(s) didn't match pod topology spread constraints"
                | None -> None

/// Fewest neighbours of its kind first, then the emptiest node, then the name.
let private rank (world: World) (placed: Pod list) (pod: Pod) (node: Node) =
    let company key requirements =
        neighbours world (placed |> List.filter (selected pod requirements)) key node

    let spread = pod.Spec.Spreads |> List.sumBy (fun spread -> company spread.Key spread.Of)

    let apart =
        pod.Spec.PreferApart
        |> List.sumBy (fun rule -> company rule.TopologyKey rule.Others)

    struct (spread + apart,
            placed |> List.filter (fun other -> other.Node = node.Name) |> List.length,
            node.Name)

let private unschedulable (world: World) (pod: Pod) message =
    let condition =
        pod.Status
        |> Json.itemsAt [ "conditions" ]
        |> List.tryFind (fun condition -> Json.stringAt [ "type" ] condition = Some "PodScheduled")

    if condition |> Option.bind (Json.stringAt [ "message" ]) = Some message then
        world
    else
        let now = Json.String(Meta.time (World.clock world))

        let since =
            match condition with
            | Some condition when Json.stringAt [ "status" ] condition = Some "False" ->
                Json.tryField "lastTransitionTime" condition |> Option.defaultValue now
            | _ -> now

        let status =
            Json.object [
                "conditions",
                Json.array [
                    Json.object [
                        "type", Json.String "PodScheduled"
                        "status", Json.String "False"
                        "reason", Json.String "Unschedulable"
                        "message", Json.String message
                        "lastProbeTime", Json.Null
                        "lastTransitionTime", since
                    ]
                ]
                "phase", Json.String "Pending"
            ]

        world
        |> World.send
            manager
            (Requests.patch
                MergePatch
                Builtins.pods
                (Some pod.Namespace)
                pod.Name
                (Json.object [ "metadata", Json.object [ "uid", Json.String pod.Uid ]; "status", status ])
             |> Requests.onStatus)
        |> World.note $"scheduler %s{pod.Name}: %s{message}"

let private bind (world: World) (pod: Pod) (node: string) =
    let body =
        Json.object [
            "apiVersion", Json.String "v1"
            "kind", Json.String "Binding"
            "metadata", Json.object [ "name", Json.String pod.Name; "uid", Json.String pod.Uid ]
            "target",
            Json.object [
                "apiVersion", Json.String "v1"
                "kind", Json.String "Node"
                "name", Json.String node
            ]
        ]

    let request = {
        Requests.make Builtins.pods (Some pod.Namespace) (Some pod.Name) Verb.Create body with
            Subresource = Some "binding"
    }

    world
    |> World.send manager request
    |> World.note $"scheduler %s{pod.Name} -> %s{node}"

/// A claim that waits for its first consumer is told the node.
let private selectNode node (world: World) (claim: Claim) =
    if claim.SelectedNode = node then
        world
    else
        world
        |> World.send
            manager
            (Requests.patch
                MergePatch
                Builtins.persistentVolumeClaims
                (Some claim.Namespace)
                claim.Name
                (Json.object [
                    "metadata",
                    Json.object [
                        "annotations", Json.object [ "volume.kubernetes.io/selected-node", Json.String node ]
                    ]
                ]))

let private waits (world: World) (claim: Claim) =
    Map.tryFind claim.Class world.Classes |> Option.exists _.Waits

/// What keeps a Pod from every node for the sake of its claims.
let private claimsMissing (world: World) claims =
    claims
    |> List.tryPick (fun (name, claim: Claim option) ->
        match claim with
        | None -> Some $"persistentvolumeclaim \"%s{name}\" not found"
        | Some claim when claim.Deleting -> Some $"persistentvolumeclaim \"%s{name}\" is being deleted"
        | Some claim when claim.Phase = "Lost" ->
            Some
                $"persistentvolumeclaim \"%s{name}\" bound to non-existent persistentvolume \"%s{claim.Volume}\""
        | Some claim when claim.Volume = "" && not (waits world claim) ->
            Some "pod has unbound immediate PersistentVolumeClaims"
        | Some _ -> None)

let private allNodes (world: World) = $"0/%d{world.Nodes.Count} nodes are available: "

let private place (world: World) (pod: Pod) (claims: Claim list) =
    let bound, unbound = claims |> List.partition (fun claim -> claim.Volume <> "")
    let volumes = bound |> List.choose (fun claim -> Map.tryFind claim.Volume world.Volumes)
    let placed = onNodes world |> List.filter (fun other -> other.Uid <> pod.Uid)

    let judged =
        world.Nodes.Values
        |> Seq.map (fun node -> node, objection world placed volumes pod node)
        |> List.ofSeq

    match
        judged
        |> List.choose (fun (node, objection) -> if objection.IsNone then Some node else None)
    with
    | [] ->
        let reasons =
            judged
            |> List.choose snd
            |> List.countBy id
            |> List.sort
            |> List.map (fun (reason, count) -> $"%d{count} %s{reason}")

        let message =
            if judged.IsEmpty then
                "no nodes available to schedule pods"
            else
                allNodes world + System.String.Join(", ", reasons) + "."

        unschedulable world pod message
        |> World.at (world.Now + world.Timings.ScheduleAgain) (Work.Schedule(View.key pod.Namespace pod.Name))
    | fitting ->
        let chosen =
            assumed world pod
            |> Option.orElseWith (fun () -> Map.tryFind pod.Name world.Stands)

        let node =
            match fitting |> List.tryFind (fun node -> Some node.Name = chosen) with
            | Some node -> node.Name
            | None -> (fitting |> List.minBy (rank world placed pod)).Name

        match unbound with
        | [] -> bind world pod node
        | unbound -> (world, unbound) ||> List.fold (selectNode node)

/// Looks at one Pod.
let schedule (key: string) (world: World) : World =
    match World.tryPod key world with
    | ValueSome pod when
        pod.Node = ""
        && pod.Deleting.IsNone
        && pod.Phase <> "Failed"
        && not pod.Spec.Gated
        ->
        let claims = claims world pod

        match claimsMissing world claims with
        | Some missing -> unschedulable world pod (allNodes world + missing + ".")
        | None -> place world pod (claims |> List.choose snd)
    | _ -> world
