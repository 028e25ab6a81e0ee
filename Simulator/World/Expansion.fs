/// What becomes of a bound claim that asks for more, or for other attributes (external-resizer, kubelet; Kubernetes 1.32).
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Expansion

open System
open System.Globalization
open Tikv.Core
open Tikv.Simulator.Kubernetes

let private status (claim: Claim) members =
    Requests.patch
        MergePatch
        Builtins.persistentVolumeClaims
        (Some claim.Namespace)
        claim.Name
        (Json.object [ "status", Json.object members ])
    |> Requests.onStatus

let private storage text = Json.object [ "storage", Json.String text ]

let private condition kind message (world: World) =
    Json.array [
        Json.object [
            "type", Json.String kind
            "status", Json.String "True"
            "lastTransitionTime", Json.String(Meta.time (World.clock world))
            "message", Json.String message
        ]
    ]

/// The back end has no room for it; the resizer says so, and leaves it.
let private infeasible (claim: Claim) (world: World) =
    let message = $"the pool has no room for %s{claim.WantedText}"

    if claim.Resize = "ControllerResizeInfeasible" then
        world
    else
        world
        |> World.send
            "csi-resizer"
            (status claim [
                "allocatedResourceStatuses", storage "ControllerResizeInfeasible"
                "conditions", condition "ControllerResizeError" message world
            ])
        |> World.note $"resizer %s{claim.Name}: %s{message}"

let private growVolume (claim: Claim) (volume: Volume) world =
    World.send
        "csi-resizer"
        (Requests.patch
            MergePatch
            Builtins.persistentVolumes
            None
            volume.Name
            (Json.object [ "spec", Json.object [ "capacity", storage claim.WantedText ] ]))
        world

let private finish (claim: Claim) (world: World) =
    world
    |> World.send
        "csi-resizer"
        (status claim [
            "capacity", storage claim.WantedText
            "allocatedResourceStatuses", Json.Null
            "conditions", Json.Null
        ])
    |> World.note $"resizer %s{claim.Name} to %s{claim.WantedText}"

let private waitForNode (claim: Claim) (world: World) =
    World.send
        "csi-resizer"
        (status claim [
            "allocatedResourceStatuses", storage "NodeResizePending"
            "conditions",
            condition
                "FileSystemResizePending"
                "Waiting for user to (re-)start a pod to finish file system resize of volume on node."
                world
        ])
        world

/// A Pod that uses the claim has been started since the file system was to grow: its node has grown it at the mount.
let private mountedSince (claim: Claim) (world: World) =
    match
        DateTimeOffset.TryParse(
            claim.ResizeSince,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        )
    with
    | true, moment ->
        let since = int64 (moment - world.Epoch).TotalMilliseconds

        world.Runs.Values
        |> Seq.exists (fun run ->
            run.AdmittedAt > since
            && run.Process <> Process.Ended
            && run.Pod.Namespace = claim.Namespace
            && run.Pod.Spec.Volumes.Values
               |> Seq.exists (fun source -> source = VolumeSource.Claim claim.Name))
    | false, _ -> false

/// One step of the way to the size that the claim asks for.
let grow (claim: Claim) (volume: Volume) (ofClass: StorageClass) (world: World) : World =
    if ofClass.Largest > 0L && claim.Wanted > ofClass.Largest then
        infeasible claim world
    elif claim.Resize = "NodeResizePending" then
        if mountedSince claim world then finish claim world else world
    elif ofClass.GrowsAtMount then
        world |> growVolume claim volume |> waitForNode claim
    else
        world |> growVolume claim volume |> finish claim

/// The driver gives the volume its new attributes.
let modify (claim: Claim) (world: World) : World =
    World.send
        "csi-resizer"
        (status claim [ "currentVolumeAttributesClassName", Json.String claim.AttributesClass ])
        world
    |> World.note $"resizer %s{claim.Name} has the attributes %s{claim.AttributesClass}"

let isModified (claim: Claim) =
    claim.AttributesClass <> ""
    && claim.AttributesClass <> claim.CurrentAttributesClass
