/// The volume controllers: provisioning, binding, expansion and reclaim of volumes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Storage

open System
open System.Globalization
open Tikv.Core
open Tikv.Simulator.Kubernetes

let private manager = "pv-controller"

let private patchClaim (claim: Claim) body =
    Requests.patch MergePatch Builtins.persistentVolumeClaims (Some claim.Namespace) claim.Name body

/// The name of the volume that is made for a claim (external-provisioner's pattern).
let volumeName (claim: Claim) = "pvc-" + claim.Uid

let private claimRef (claim: Claim) =
    Json.object [
        "apiVersion", Json.String "v1"
        "kind", Json.String "PersistentVolumeClaim"
        "namespace", Json.String claim.Namespace
        "name", Json.String claim.Name
        "uid", Json.String claim.Uid
    ]

let private onNode node =
    Json.object [
        "required",
        Json.object [
            "nodeSelectorTerms",
            Json.array [
                Json.object [
                    "matchExpressions",
                    Json.array [
                        Json.object [
                            "key", Json.String "kubernetes.io/hostname"
                            "operator", Json.String "In"
                            "values", Json.strings [ node ]
                        ]
                    ]
                ]
            ]
        ]
    ]

let private provision (claim: Claim) (storage: StorageClass) (world: World) =
    let body =
        Json.object [
            "apiVersion", Json.String "v1"
            "kind", Json.String "PersistentVolume"
            "metadata",
            Json.object [
                "name", Json.String(volumeName claim)
                "annotations",
                Json.object [ "pv.kubernetes.io/provisioned-by", Json.String storage.Provisioner ]
                "finalizers", Json.strings [ "kubernetes.io/pv-protection" ]
            ]
            "spec",
            Json.present [
                "capacity", Some(Json.object [ "storage", Json.String claim.WantedText ])
                "accessModes", Some claim.Modes
                "persistentVolumeReclaimPolicy", Some(Json.String storage.Reclaim)
                "storageClassName", Some(Json.String storage.Name)
                "volumeMode", Some(Json.String "Filesystem")
                "claimRef", Some(claimRef claim)
                "nodeAffinity", (if storage.Waits then Some(onNode claim.SelectedNode) else None)
            ]
        ]

    world
    |> World.send manager (Requests.create Builtins.persistentVolumes None body)
    |> World.note $"provisioner %s{claim.Name}: made a volume"

/// A volume that is this claim's, or that is free and fits.
let private candidate (claim: Claim) (world: World) =
    let own (volume: Volume) =
        let struct (``namespace``, name, uid) = volume.Claim

        ``namespace`` = claim.Namespace
        && name = claim.Name
        && (uid = claim.Uid || uid = "")

    let free (volume: Volume) =
        volume.Claim = struct ("", "", "")
        && volume.Phase = "Available"
        && volume.Class = claim.Class
        && volume.Capacity >= claim.Wanted
        && not volume.Deleting

    match Map.tryFind (volumeName claim) world.Volumes with
    | Some volume when own volume -> Some volume
    | _ ->
        let volumes = world.Volumes.Values
        let chosen = volumes |> Seq.tryFind own
        if chosen.IsSome then chosen else volumes |> Seq.tryFind free

let private bound = "pv.kubernetes.io/bind-completed"

let private bind (claim: Claim) (volume: Volume) (world: World) =
    let status capacity =
        Json.object [
            "status",
            Json.object [
                "phase", Json.String "Bound"
                "accessModes", claim.Modes
                "capacity", Json.object [ "storage", Json.String capacity ]
            ]
        ]

    world
    |> World.send
        manager
        (Requests.patch
            MergePatch
            Builtins.persistentVolumes
            None
            volume.Name
            (Json.object [ "spec", Json.object [ "claimRef", claimRef claim ] ]))
    |> World.send
        manager
        (Requests.patch
            MergePatch
            Builtins.persistentVolumes
            None
            volume.Name
            (Json.object [ "status", Json.object [ "phase", Json.String "Bound" ] ])
         |> Requests.onStatus)
    |> World.send
        manager
        (patchClaim
            claim
            (Json.object [
                "metadata",
                Json.object [
                    "uid", Json.String claim.Uid
                    "annotations", Json.object [ bound, Json.String "yes" ]
                ]
                "spec", Json.object [ "volumeName", Json.String volume.Name ]
            ]))
    |> World.send manager (patchClaim claim (status claim.WantedText) |> Requests.onStatus)
    |> World.note $"binder %s{claim.Name} = %s{volume.Name}"

let private reportClaim manager (claim: Claim) fields (world: World) =
    World.send
        manager
        (patchClaim claim (Json.object [ "status", Json.object fields ])
         |> Requests.onStatus)
        world

let private conditions (world: World) (found: (string * string) list) =
    let at = Json.String(Meta.time (World.clock world))

    Json.array [
        for kind, message in found ->
            Json.present [
                "type", Some(Json.String kind)
                "status", Some(Json.String "True")
                "lastProbeTime", Some Json.Null
                "lastTransitionTime", Some at
                "message", (if message = "" then None else Some(Json.String message))
            ]
    ]

let private resizeStatus state = "allocatedResourceStatuses", Json.object [ "storage", Json.String state ]

/// Milliseconds of the world at which its node was told to enlarge the file system; the end of time when it was not.
let private pendingSince (claim: Claim) (world: World) =
    match
        DateTimeOffset.TryParse(
            claim.PendingSince,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        )
    with
    | true, since -> int64 (since - world.Epoch).TotalMilliseconds
    | false, _ -> Int64.MaxValue

/// Whether a container runs on the claim's volume: its kubelet enlarges the file system. Where that needs a mount, only a
/// Pod that was started since counts.
let private isMounted (claim: Claim) (storage: StorageClass) (world: World) =
    let since = if storage.GrowsAtMount then pendingSince claim world else Int64.MinValue

    world.Runs.Values
    |> Seq.filter (fun run -> run.AdmittedAt > since)
    |> Seq.exists (fun run ->
        run.Pod.Namespace = claim.Namespace
        && (match run.Life with
            | Life.Running _ -> true
            | _ -> false)
        && run.Pod.Spec.Volumes.Values
           |> Seq.exists (fun source -> source = VolumeSource.Claim claim.Name))

/// One step of an expansion (V K56): begun, the volume enlarged, the file system on it enlarged where a Pod uses it.
let private expand (claim: Claim) (volume: Volume) (storage: StorageClass) (world: World) =
    let resizer = "csi-resizer"
    let wanted = Json.object [ "storage", Json.String claim.WantedText ]

    let isStuck =
        Set.contains (View.key claim.Namespace claim.Name) world.Troubles.BrokenResize
        || storage.Largest > 0L && claim.Wanted > storage.Largest

    if volume.Capacity >= claim.Wanted then
        if isMounted claim storage world then
            world
            |> reportClaim "kubelet" claim [
                "capacity", wanted
                "conditions", Json.Null
                "allocatedResourceStatuses", Json.Null
            ]
            |> World.note $"kubelet %s{claim.Name}: file system of %s{claim.WantedText}"
        else if claim.PendingSince <> "" then
            world
        else
            world
            |> reportClaim resizer claim [
                "conditions",
                conditions world [
                    "FileSystemResizePending",
                    "Waiting for user to (re-)start a pod to finish file system resize of volume on node."
                ]
                resizeStatus "NodeResizePending"
            ]
    elif isStuck && claim.Resizing then
        world
        |> reportClaim resizer claim [
            "conditions",
            conditions world [
                "Resizing", ""
                "ControllerResizeError",
                "resize volume failed: rpc error: code = ResourceExhausted desc = no capacity"
            ]
            resizeStatus "ControllerResizeInfeasible"
        ]
    elif not claim.Resizing then
        world
        |> reportClaim resizer claim [
            "conditions", conditions world [ "Resizing", "" ]
            "allocatedResources", wanted
            resizeStatus "ControllerResizeInProgress"
        ]
    else
        world
        |> World.send
            resizer
            (Requests.patch
                MergePatch
                Builtins.persistentVolumes
                None
                volume.Name
                (Json.object [ "spec", Json.object [ "capacity", wanted ] ]))
        |> World.note $"resizer %s{claim.Name} to %s{claim.WantedText}"

let private serves (world: World) =
    (ApiServer.tryResourceType Builtins.volumeAttributesClasses world.Server).IsSome

/// The volume gets the attributes of another class, where there is such a class.
let private modify (claim: Claim) (volume: Volume) (world: World) =
    let resizer = "csi-resizer"

    match ApiServer.tryGet Builtins.volumeAttributesClasses None claim.Attributes world.Server with
    | None ->
        reportClaim
            resizer
            claim
            [
                "modifyVolumeStatus",
                Json.object [
                    "targetVolumeAttributesClassName", Json.String claim.Attributes
                    "status", Json.String "Pending"
                ]
            ]
            world
    | Some attributes when Json.stringAt [ "parameters"; "tier" ] attributes = Some "impossible" ->
        if claim.RefusedAttributes = claim.Attributes then
            world
        else
            world
            |> reportClaim resizer claim [
                "modifyVolumeStatus",
                Json.object [
                    "targetVolumeAttributesClassName", Json.String claim.Attributes
                    "status", Json.String "Infeasible"
                ]
                "conditions",
                conditions world [
                    "ModifyVolumeError",
                    "rpc error: code = InvalidArgument desc = the driver has no tier `impossible`"
                ]
            ]
    | Some _ ->
        world
        |> World.send
            resizer
            (Requests.patch
                MergePatch
                Builtins.persistentVolumes
                None
                volume.Name
                (Json.object [
                    "spec", Json.object [ "volumeAttributesClassName", Json.String claim.Attributes ]
                ]))
        |> reportClaim resizer claim [
            "currentVolumeAttributesClassName", Json.String claim.Attributes
            "modifyVolumeStatus", Json.Null
            "conditions", Json.Null
        ]
        |> World.note $"resizer %s{claim.Name}: attributes of %s{claim.Attributes}"

let private defaultClass (world: World) = world.Classes.Values |> Seq.tryFind _.Default

/// Looks at one claim; each look takes one step.
let claim (key: string) (world: World) : World =
    match Map.tryFind key world.Claims with
    | None -> world
    | Some claim when claim.Deleting -> world
    | Some claim when claim.Volume <> "" && claim.Phase = "Bound" ->
        match Map.tryFind claim.Volume world.Volumes, Map.tryFind claim.Class world.Classes with
        | Some volume, Some storage when claim.Wanted > claim.Capacity && storage.Expands ->
            expand claim volume storage world
        | Some volume, _ when
            claim.Attributes <> ""
            && claim.Attributes <> claim.CurrentAttributes
            && serves world
            ->
            modify claim volume world
        | Some _, _ -> world
        | None, _ ->
            World.send
                manager
                (patchClaim claim (Json.object [ "status", Json.object [ "phase", Json.String "Lost" ] ])
                 |> Requests.onStatus)
                world
    | Some claim ->
        match Map.tryFind claim.Class world.Classes, candidate claim world with
        | None, None when claim.Class = "" ->
            match defaultClass world with
            | Some storage ->
                World.send
                    manager
                    (patchClaim
                        claim
                        (Json.object [ "spec", Json.object [ "storageClassName", Json.String storage.Name ] ]))
                    world
            | None -> world
        | Some storage, _ when storage.Waits && claim.SelectedNode = "" && claim.Volume = "" -> world
        | _, Some volume -> bind claim volume world
        | Some storage, None when Set.contains storage.Name world.Troubles.BrokenProvisioners -> world
        | Some storage, None when storage.Provisioner <> "kubernetes.io/no-provisioner" ->
            provision claim storage world
        | _, None -> world

let private volumePhase phase name =
    Requests.patch
        MergePatch
        Builtins.persistentVolumes
        None
        name
        (Json.object [ "status", Json.object [ "phase", Json.String phase ] ])
    |> Requests.onStatus

let private release name =
    Requests.patch
        MergePatch
        Builtins.persistentVolumes
        None
        name
        (Json.object [ "metadata", Json.object [ "finalizers", Json.Null ] ])

/// Looks at one volume: available, released when its claim has gone, destroyed when its policy says so.
let volume (name: string) (world: World) : World =
    match Map.tryFind name world.Volumes with
    | None -> world
    | Some volume ->
        let struct (``namespace``, claimName, uid) = volume.Claim

        let claimed =
            match Map.tryFind (View.key ``namespace`` claimName) world.Claims with
            | Some claim -> uid = "" || claim.Uid = uid
            | None -> false

        if claimed then
            world
        elif volume.Deleting then
            World.send manager (release name) world
        elif claimName = "" then
            if volume.Phase = "Available" then
                world
            else
                World.send manager (volumePhase "Available" name) world
        elif volume.Reclaim = "Delete" then
            world
            |> World.send
                manager
                (Requests.delete Requests.deleteOptions Builtins.persistentVolumes None name)
            |> World.send manager (release name)
            |> World.note $"reclaimer destroyed %s{name}"
        elif volume.Phase <> "Released" then
            World.send manager (volumePhase "Released" name) world
        else
            world

/// The delay before a look at a claim, by what the look will do.
let delay (claim: Claim) (world: World) : Delay =
    if claim.Deleting then
        world.Timings.Notice
    elif
        claim.Volume = ""
        && Map.containsKey claim.Class world.Classes
        && (candidate claim world).IsNone
    then
        world.Timings.Provision
    elif claim.Phase = "Bound" && claim.Wanted > claim.Capacity && claim.Resizing then
        world.Timings.Expand
    else
        world.Timings.Notice

/// Every claim is looked at again: something that held some of them up has changed.
let lookAgain (world: World) : World =
    (world, world.Claims)
    ||> Map.fold (fun world key _ -> World.at world.Now (Work.Claim key) world)
