/// The node controller, the pod garbage collector and the attach-detach controller: what a silent kubelet and what taints
/// mean, and what becomes of the Pods and volumes of lost nodes (V K40, K54, K55).
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Nodes

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private manager = "node-controller"
let private unreachable = "node.kubernetes.io/unreachable"
let private notReadyKey = "node.kubernetes.io/not-ready"
let private unschedulable = "node.kubernetes.io/unschedulable"

/// A person says with this taint that the machine is certainly off: its Pods go, and its volumes are detached.
let private outOfService = "node.kubernetes.io/out-of-service"

let private patchNode name body = Requests.patch MergePatch Builtins.nodes None name body

// ---- what is reported of the node

let private setReady (name: string) ready (world: World) =
    match ApiServer.tryGet Builtins.nodes None name world.Server with
    | None -> world
    | Some object ->
        let at = Meta.time (World.clock world)
        let before = Json.itemsAt [ "status"; "conditions" ] object

        let heardAt =
            if ready then
                at
            else
                before
                |> List.tryPick (Json.stringAt [ "lastHeartbeatTime" ])
                |> Option.defaultValue at

        world
        |> World.send
            manager
            (patchNode
                name
                (Json.object [
                    "status", Json.object [ "conditions", NodeForms.conditions before heardAt at ready ]
                ])
             |> Requests.onStatus)
        |> World.note (if ready then $"node %s{name} is ready" else $"node %s{name} is lost")

/// The taints that follow from the node's state; those of others stay.
let private taint (node: Node) ready (world: World) =
    match ApiServer.tryGet Builtins.nodes None node.Name world.Server with
    | None -> world
    | Some object ->
        let at = Json.String(Meta.time (World.clock world))

        let wanted = [
            if node.Unschedulable then
                unschedulable, "NoSchedule"

            if not ready then
                unreachable, "NoSchedule"
                unreachable, "NoExecute"
        ]

        let standing = Json.itemsAt [ "spec"; "taints" ] object

        let identity taint =
            Json.stringAt [ "key" ] taint |> Option.defaultValue "",
            Json.stringAt [ "effect" ] taint |> Option.defaultValue ""

        let isOurs (key, _) = key = unreachable || key = notReadyKey || key = unschedulable

        let kept =
            standing
            |> List.filter (fun taint ->
                let taint = identity taint
                not (isOurs taint) || List.contains taint wanted)

        let added =
            wanted
            |> List.filter (fun taint -> not (standing |> List.exists (fun other -> identity other = taint)))
            |> List.map (fun (key, effect) ->
                Json.object [ "key", Json.String key; "effect", Json.String effect; "timeAdded", at ])

        match kept @ added with
        | taints when taints = standing -> world
        | taints ->
            let value = if List.isEmpty taints then Json.Null else Json.Array taints

            World.send
                manager
                (patchNode node.Name (Json.object [ "spec", Json.object [ "taints", value ] ]))
                world

// ---- Pods

let private podsOf name (world: World) =
    world.Pods.Values |> Seq.filter (fun pod -> pod.Node = name) |> List.ofSeq

let private notReady (pod: Pod) (world: World) =
    let at = Json.String(Meta.time (World.clock world))

    let conditions =
        pod.Status
        |> Json.itemsAt [ "conditions" ]
        |> List.map (fun condition ->
            if Json.stringAt [ "type" ] condition = Some "Ready" && pod.Ready then
                condition
                |> Json.withField "status" (Json.String "False")
                |> Json.withField "reason" (Json.String "NodeNotReady")
                |> Json.withField "lastTransitionTime" at
            else
                condition)

    World.send
        manager
        (Requests.patch
            MergePatch
            Builtins.pods
            (Some pod.Namespace)
            pod.Name
            (Json.object [
                "metadata", Json.object [ "uid", Json.String pod.Uid ]
                "status", Json.object [ "conditions", Json.Array conditions ]
            ])
         |> Requests.onStatus)
        world

let private delete (grace: int option) (pod: Pod) =
    World.send
        manager
        (Requests.delete
            { Requests.deleteOptions with Uid = Some pod.Uid; GraceSeconds = grace }
            Builtins.pods
            (Some pod.Namespace)
            pod.Name)

/// How long a Pod bears a taint of effect NoExecute; none: for ever. Admission gives every Pod 300 s for lost nodes.
let private patience (timings: Timings) (pod: Pod) key value : int64 voption =
    let bears =
        pod.Spec.Tolerations
        |> List.filter (fun toleration ->
            (toleration.Effect = "" || toleration.Effect = "NoExecute")
            && (toleration.Key = "" && toleration.Operator = "Exists"
                || toleration.Key = key
                   && (toleration.Operator = "Exists" || toleration.Value = value)))

    match bears with
    | [] when key = unreachable || key = notReadyKey -> ValueSome timings.NodeEviction
    | [] -> ValueSome 0L
    | bears ->
        match bears |> List.choose _.Seconds with
        | [] -> ValueNone
        | seconds -> ValueSome(1000L * List.min seconds)

/// When a Pod has to leave its node for its taints; none: never.
let private leavesAt (timings: Timings) (node: Node) (pod: Pod) =
    (ValueNone, node.Taints)
    ||> List.fold (fun soonest (key, value, effect) ->
        match effect, Map.tryFind key node.TaintedSince with
        | "NoExecute", Some since ->
            match patience timings pod key value, soonest with
            | ValueSome span, ValueSome soonest -> ValueSome(min soonest (since + span))
            | ValueSome span, ValueNone -> ValueSome(since + span)
            | ValueNone, _ -> soonest
        | _ -> soonest)

let private evict (node: Node) (world: World) =
    (world, podsOf node.Name world)
    ||> List.fold (fun world pod ->
        match leavesAt world.Timings node pod with
        | ValueSome at when pod.Deleting.IsNone && at <= world.Now ->
            world |> delete None pod |> World.note $"node controller evicts %s{pod.Name}"
        | ValueSome at when pod.Deleting.IsNone -> World.at at (Work.Node node.Name) world
        | _ -> world)

/// The pod garbage collector: Pods that are going, on a node that is not ready and out of service, are gone.
let private collect (node: Node) (world: World) =
    let isOut = node.Taints |> List.exists (fun (key, _, _) -> key = outOfService)

    if not isOut || node.Ready then
        world
    else
        match podsOf node.Name world with
        | [] -> world
        | pods ->
            (world, pods |> List.filter _.Deleting.IsSome)
            ||> List.fold (fun world pod ->
                world
                |> delete (Some 0) pod
                |> World.note $"pod garbage collector removes %s{pod.Name}")
            |> World.at (world.Now + world.Timings.CollectPods) (Work.Node node.Name)

// ---- volumes

/// Volumes of Pods that exist no more are taken from a node that cannot give them back: at once when it is out of
/// service, else after six minutes. What still writes to them fails.
let private detach name (node: Node option) (world: World) =
    let isOut =
        node
        |> Option.exists (fun node -> node.Taints |> List.exists (fun (key, _, _) -> key = outOfService))

    let healthy = node |> Option.exists _.Ready

    if healthy then
        world
    else
        (world, world.Runs)
        ||> Map.fold (fun world uid run ->
            match run.GoneSince with
            | ValueSome since when run.Node = name && not run.Detached ->
                let at = if isOut then world.Now else since + world.Timings.ForcedDetach

                if at > world.Now then
                    World.at at (Work.Node name) world
                else
                    Strikes.detach uid world
                    |> World.note
                        $"attach-detach controller takes the volumes of %s{run.Pod.Name} from %s{name}"
            | _ -> world)

/// The pod garbage collector removes Pods whose node does not exist.
let orphans (name: string) (world: World) : World =
    if Map.containsKey name world.Nodes then
        world
    else
        (world, podsOf name world)
        ||> List.fold (fun world pod -> delete (Some 0) pod world)

/// Looks at one node.
let sync (name: string) (world: World) : World =
    match Map.tryFind name world.Nodes, Map.tryFind name world.Machines with
    | None, _ -> detach name None world
    | Some node, None -> world |> evict node
    | Some node, Some { SilentSince = ValueNone } ->
        let world = if node.Ready then world else setReady name true world
        world |> taint node true |> evict node
    | Some node, Some { SilentSince = ValueSome since } ->
        let lostAt = since + world.Timings.NodeGrace

        if world.Now < lostAt then
            World.at lostAt (Work.Node name) world |> evict node
        else
            let world = if node.Ready then setReady name false world else world

            (taint node false world, podsOf name world)
            ||> List.fold (fun world pod -> if pod.Ready then notReady pod world else world)
            |> evict node
            |> collect node
            |> detach name (Some node)
