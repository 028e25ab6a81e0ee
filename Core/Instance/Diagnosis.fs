/// What is wrong with an instance, as far as Kubernetes and PD tell.
module Tikv.Core.Instance.Diagnosis

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Instance

/// Kubernetes documentation, "Non-graceful node shutdown": whoever sets it says that nothing runs on the node any more.
let private outOfService = "node.kubernetes.io/out-of-service"

let private isOutOfService (node: NodeView) =
    not node.Ready
    && node.Taints |> List.exists (fun (key, _) -> key = outOfService)

/// What is wrong with the node of the Pod. Not ready is not gone: a kubelet that is cut off goes on running its Pods
/// (V K41).
let node (observed: Observed) =
    match observed.Node, observed.Pod with
    | Sighting.Absent, Some pod when pod.Node <> "" -> [ NodeGone pod.Node ]
    | Sighting.Known node, Some _ when isOutOfService node -> [ NodeOutOfService node.Meta.Name ]
    | Sighting.Known node, Some _ when not node.Ready -> [ NodeNotReady node.Meta.Name ]
    | _ -> []

/// The node of this life of the Pod will never say again that a process has ended: its Node object is gone, or people vouch
/// for that by the out-of-service taint.
type NodeLost = private NodeLost of Pod: Uid

let nodeLost (observed: Observed) =
    match observed.Pod, node observed with
    | Some pod, [ (NodeGone _ | NodeOutOfService _) as reason ] -> Some(NodeLost pod.Meta.Uid, reason)
    | _ -> None

// ---- disks

/// The volume that holds the data of the store or member, and the name of its claim.
let private dataVolume (observed: Observed) =
    Seen.wantedClaims observed
    |> List.tryFind (fun (volume, _) ->
        volume.Mounts.IsEmpty
        || volume.Mounts |> List.exists (fun mount -> mount.Type = Defaults.dataMount))

/// The claim that the recorded store or member kept its data on does not exist any more, and another has its name, which does
/// not say itself that it holds that data: somebody may have made a new claim for the volume of the old one.
/// No uid comes back: it stays so until another store or member is recorded, or the claim is given such a word.
let diskReplaced (observed: Observed) =
    match dataVolume observed with
    | None -> false
    | Some(volume, name) ->
        match Ownership.recorded observed volume, Map.tryFind name observed.Claims with
        | Some recorded, Some claim ->
            claim.Meta.Uid <> recorded
            && claim.Meta.DeletionTimestamp.IsNone
            && Ownership.holder observed claim <> Ownership.ownId observed
        | _ -> false

let private nodesOf (observed: Observed) (volume: VolumeView) =
    volume.Nodes
    |> List.map (fun name ->
        name, observed.VolumeNodes |> Map.tryFind name |> Option.defaultValue Sighting.Unknown)

/// Volumes that no Pod can use again, unless they or their nodes come back.
let volumes (observed: Observed) = [
    for KeyValue(name, claim) in observed.Claims do
        match claim.Phase, observed.Volumes |> Map.tryFind name with
        | "Lost", _
        | _, Some Sighting.Absent -> VolumeLost(name, "it does not exist any more")
        | _, Some(Sighting.Known volume) ->
            match nodesOf observed volume with
            | (first, _) :: _ as nodes when nodes |> List.forall (fun (_, node) -> node.IsAbsent) ->
                VolumeLost(name, $"it is local to the node %s{first}, which does not exist any more")
            | _ -> ()
        | _, (Some Sighting.Unknown | None) -> ()
]

/// A volume that is bound to nodes makes the Pod wait for them.
let private volumeNodesNotReady (observed: Observed) =
    observed.Volumes
    |> Map.values
    |> Seq.collect (fun volume ->
        match volume with
        | Sighting.Known volume -> nodesOf observed volume
        | Sighting.Absent
        | Sighting.Unknown -> [])
    |> Seq.choose (fun (name, node) ->
        match node with
        | Sighting.Known node when not node.Ready -> Some(NodeNotReady name)
        | _ -> None)
    |> Seq.distinct
    |> List.ofSeq

let private classesMissing (observed: Observed) = [
    for KeyValue(name, claim) in observed.Claims do
        match claim.Phase, claim.StorageClass, observed.StorageClasses |> Map.tryFind name with
        | "Bound", _, _ -> ()
        | _, Some given, Some Sighting.Absent when given <> "" -> StorageClassMissing(name, given)
        | _ -> ()
]

// ---- the Pod

let private pending (observed: Observed) (pod: PodView) =
    volumes observed
    @ volumeNodesNotReady observed
    @ classesMissing observed
    @ (match Obstacle.parse pod.Unschedulable with
       | [] -> [ PodPending pod.Unschedulable ] // in the scheduler's own words
       | obstacles -> obstacles |> List.map NoNodeFits)

/// The kubelet's words for an image that it does not get. What stands behind the image's name changes with each attempt.
let private imageProblems =
    Set.ofList [
        "ErrImagePull"
        "ImagePullBackOff"
        "InvalidImageName"
        "ErrImageNeverPull"
        "ImageInspectError"
        "RegistryUnavailable"
    ]

let private configProblems =
    Set.ofList [
        "CreateContainerConfigError"
        "CreateContainerError"
        "RunContainerError"
        "PreCreateHookError"
        "PostStartHookError"
    ]

/// Names the image, and leaves out how often and how long.
let private imageText (observed: Observed) (problem: ContainerProblem) =
    let image =
        match observed.Role with
        | PD _ -> Defaults.image Component.PD (Seen.template observed)
        | TiKV _ -> Defaults.image Component.TiKV (Seen.template observed)

    $"%s{problem.Reason} (%s{image})"

let private container (observed: Observed) (pod: PodView) =
    match pod.Problem, pod.LastEnd with
    | Some problem, _ when Set.contains problem.Reason imageProblems ->
        ImageUnavailable(imageText observed problem)
    | Some problem, _ when Set.contains problem.Reason configProblems ->
        ContainerConfigInvalid(
            if problem.Message = "" then problem.Reason else $"%s{problem.Reason}: %s{problem.Message}"
        )
    | _, Some ended -> ProcessEnded(Death.diagnose ended)
    | Some problem, None when problem.Message = "" -> PodNotReady problem.Reason
    | Some problem, None -> PodNotReady $"%s{problem.Reason}: %s{problem.Message}"
    | None, None when pod.Phase <> "Running" -> PodPending "its containers are being started"
    | None, None -> PodNotReady "its readiness probe has not succeeded yet"

/// Why a Pod that exists does not serve; nothing when it does.
let pod (observed: Observed) (pod: PodView) : Reason list =
    if pod.Meta.DeletionTimestamp.IsSome then node observed @ [ PodTerminating ]
    elif pod.Unschedulable <> "" then pending observed pod
    elif pod.Ready then []
    else node observed @ [ container observed pod ]

// ---- what the API server refuses

/// The admission plugin ResourceQuota's words for a create that it forbids.
let private isQuota (message: string) = message.Contains("exceeded quota", StringComparison.Ordinal)

let refused (action: string, message: string) =
    if isQuota message then QuotaExceeded message else StepRefused(action, message)
