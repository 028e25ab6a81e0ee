/// The volume claims of an instance: which it has before its process starts, and what they are brought to beside it.
module Tikv.Core.Instance.Volumes

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Instance

let private annotation key (claim: ClaimView) = claim.Meta.Annotations |> Map.tryFind key
let private ending (claim: ClaimView) = claim.Meta.DeletionTimestamp.IsSome

let private wrongClass (volume: Volume) (claim: ClaimView) =
    match claim.StorageClass, volume.StorageClassName with
    | Some actual, Some wanted when actual <> wanted -> Some(actual, wanted)
    | _ -> None

let private isBound (claim: ClaimView) = claim.Phase = "Bound"

let private lost name = VolumeLost(name, "it does not exist any more")

// ---- before the process

/// Every volume has its claim before there is a Pod, and each claim is one that a process can live on:
/// 1. one that bears no label of ours is somebody else's;
/// 2. one of another cluster, or another life of this one, is neither used nor removed (V I14);
/// 3. one whose store or member has left for ever is never started from again (V I39); by `volumeReclaimPolicy: Delete` it
///    makes place for a new one;
/// 4. one that is being deleted, or has lost its volume, would keep the Pod from starting.
let claims (observed: Observed) =
    let ofClaim (volume: Volume, name) =
        match observed.Claims |> Map.tryFind name with
        | None -> Decision.act [ CreateClaim(name, Manifest.claim observed volume name) ]
        | Some claim when not (Ownership.made claim) ->
            Decision.wait [ NotOurs("PersistentVolumeClaim", name) ]
        | Some claim when Ownership.ofAnotherCluster observed claim ->
            Decision.wait [ VolumeOfAnotherCluster name ]
        | Some claim when ending claim ->
            if observed.Pod.IsSome then Decision.settled else Decision.wait [ ClaimTerminating name ]
        | Some claim when observed.Pod.IsSome || (wrongClass volume claim).IsSome ->
            match wrongClass volume claim, Ownership.neverFilled observed claim with
            | Some _, Some useless -> Decision.act [ DiscardClaim(claim.Meta, "", useless) ]
            | _ -> Decision.settled
        | Some claim ->
            match Ownership.spent observed claim, Ownership.standing observed claim with
            | Some(id, useless), _ -> Decision.act [ DiscardClaim(claim.Meta, id, useless) ]
            | None, Ownership.Standing.Left id ->
                Decision.wait [ VolumeSpent(name, Ownership.holderName observed id) ]
            | None, Ownership.Standing.Unknown id ->
                Decision.wait [ VolumeOfUnknownStore(name, Ownership.holderName observed id) ]
            | None, Ownership.Standing.Unasked -> Decision.wait [ Seen.pdReason observed ]
            | None, Ownership.Standing.Good when claim.Phase = "Lost" -> Decision.wait [ lost name ]
            | None, Ownership.Standing.Good -> Decision.settled

    observed
    |> Rule.together (Seen.wantedClaims observed |> List.map (fun claim _ -> ofClaim claim))

// ---- beside the process

/// What has to change of a map: keys with other values, and keys that an earlier overlay has left there.
let private changes wanted (left: string list) (actual: Map<string, string>) =
    let isBorne key (value: string) =
        match actual.TryGetValue key with
        | true, found -> String.Equals(found, value)
        | false, _ -> false

    let changed =
        wanted
        |> Map.filter (fun key value -> not (isBorne key value))
        |> Map.map (fun _ value -> Some value)

    left
    |> List.filter (fun key -> not (Map.containsKey key wanted) && Map.containsKey key actual)
    |> List.fold (fun changed key -> Map.add key None changed) changed

/// Labels and annotations follow the specification; those of others stay.
let private described (observed: Observed) (volume: Volume) (claim: ClaimView) =
    let before =
        annotation Annotations.overlayKeys claim
        |> Option.bind (Json.parse >> Result.toOption)
        |> Option.defaultValue Json.empty

    let keys name = Json.itemsAt [ name ] before |> List.choose Json.asString

    let labels =
        Ownership.identity observed volume claim
        |> Map.fold (fun all key value -> Map.add key value all) (Manifest.claimLabels observed volume)

    let labels = changes labels (keys "labels") claim.Meta.Labels

    let annotations =
        changes
            (Manifest.claimAnnotations observed volume)
            (Annotations.overlayKeys :: keys "annotations")
            claim.Meta.Annotations

    if labels.IsEmpty && annotations.IsEmpty then
        Decision.settled
    else
        Decision.act [ DescribeClaim(claim.Meta, labels, annotations) ]

let private condition kind (claim: ClaimView) = claim.Conditions |> List.tryFind (fun one -> one.Type = kind)

/// The driver, or the node, has given a resize up (Kubernetes: RecoverVolumeExpansionFailure; "Failed" before 1.32).
let private resizeProblem (claim: ClaimView) =
    let failed =
        claim.ResizeStatus.EndsWith("Infeasible", StringComparison.Ordinal)
        || claim.ResizeStatus.EndsWith("Failed", StringComparison.Ordinal)

    let told =
        [ "ControllerResizeError"; "NodeResizeError" ]
        |> List.tryPick (fun kind -> condition kind claim)

    match told with
    | Some told -> Some told.Message
    | None when failed -> Some ""
    | None -> None

let private isOffline (observed: Observed) name =
    match Map.tryFind name observed.StorageClasses with
    | Some(Sighting.Known storageClass) ->
        storageClass.Meta.Annotations |> Map.tryFind Annotations.volumeExpansion = Some "Offline"
    | _ -> false

let private progress (observed: Observed) name (claim: ClaimView) =
    match resizeProblem claim, condition "FileSystemResizePending" claim with
    | Some problem, _ -> Decision.wait [ VolumeResizeFailed(name, claim.Requested, problem) ]
    | None, Some _ when isOffline observed name ->
        Decision.wait [
            VolumeResizing(name, claim.Requested, "its file system grows when its Pod is started anew")
        ]
    | None, Some _ ->
        Decision.wait [ VolumeResizing(name, claim.Requested, "its node has still to grow the file system") ]
    | None, None -> Decision.wait [ VolumeResizing(name, claim.Requested, "its driver is at work") ]

/// A volume grows where its class allows it; a class that we may not see is asked by trying. It never shrinks, save from a
/// size that could not be reached to one that is still larger than what there is.
let private size (observed: Observed) (volume: Volume) name (claim: ClaimView) =
    // What is spelled as it is wanted is what is wanted.
    let quantity text =
        if text = Quantity.text volume.Storage then
            Some volume.Storage
        else
            Quantity.parse text |> Result.toOption

    let expand = Decision.act [ ExpandClaim(claim.Meta, Quantity.text volume.Storage) ]
    let wanted = Quantity.text volume.Storage

    match quantity claim.Requested, quantity claim.Capacity with
    | None, _ -> Decision.settled
    | Some requested, _ when volume.Storage > requested ->
        match Map.tryFind name observed.StorageClasses with
        | Some(Sighting.Known storageClass) when not storageClass.AllowsExpansion ->
            Decision.wait [ VolumeExpansionForbidden(name, storageClass.Meta.Name, wanted) ]
        | _ when not (isBound claim) -> Decision.wait [ ClaimPending name ]
        | Some Sighting.Absent ->
            let gone = claim.StorageClass |> Option.defaultValue ""
            Decision.wait [ VolumeExpansionForbidden(name, gone, wanted) ]
        | _ -> expand
    | Some requested, Some capacity when volume.Storage < requested ->
        if (resizeProblem claim).IsSome && capacity < requested then
            if volume.Storage > capacity then
                expand
            else
                Decision.wait [
                    VolumeShrinkRefused(volume.Name, wanted, name, $"more than %s{claim.Capacity}")
                ]
        else
            Decision.wait [ VolumeShrinkRefused(volume.Name, wanted, name, $"%s{claim.Requested} or more") ]
    | Some requested, None when volume.Storage < requested ->
        Decision.wait [ VolumeShrinkRefused(volume.Name, wanted, name, $"%s{claim.Requested} or more") ]
    | Some requested, Some capacity when isBound claim && capacity < requested -> progress observed name claim
    | Some _, _ -> Decision.settled

/// A VolumeAttributesClass is asked for once: an API server that does not serve the field drops it in silence.
let private attributes (volume: Volume) name (claim: ClaimView) =
    match volume.VolumeAttributesClassName with
    | None -> Decision.settled
    | Some wanted when claim.AttributesClass <> Some wanted ->
        if annotation Annotations.attributesClass claim = Some wanted then
            Decision.wait [ VolumeAttributesClassNotServed(name, wanted) ]
        else
            Decision.act [ ModifyClaim(claim.Meta, wanted) ]
    | Some wanted when claim.CurrentAttributesClass = Some wanted || not (isBound claim) -> Decision.settled
    | Some wanted ->
        match claim.ModifyStatus, condition "ModifyVolumeError" claim with
        | "Infeasible", told
        | _, (Some _ as told) ->
            let message = told |> Option.map _.Message |> Option.defaultValue "its driver refuses it"
            Decision.wait [ VolumeModifyFailed(name, wanted, message) ]
        | _, None -> Decision.wait [ VolumeModifying(name, wanted) ]

let private alarms name (claim: ClaimView) =
    if claim.Phase = "Lost" then Decision.wait [ lost name ] else Decision.settled

/// A storage class is never changed in place (L F31): the group puts another instance in this one's place.
let private storageClass (volume: Volume) name (claim: ClaimView) =
    match wrongClass volume claim with
    | Some(actual, wanted) when isBound claim -> Decision.wait [ VolumeClassDiffers(name, actual, wanted) ]
    | _ -> Decision.settled

/// What is wanted of claims that exist, whatever the process does meanwhile: one write to a claim at a time, since each
/// carries the version that it was decided on.
let upkeep (observed: Observed) =
    let ofClaim (volume: Volume, name) =
        match observed.Claims |> Map.tryFind name with
        | Some claim when Ownership.isOurs observed claim && not (ending claim) ->
            let all =
                Decision.together [
                    storageClass volume name claim
                    alarms name claim
                    size observed volume name claim
                    attributes volume name claim
                    described observed volume claim
                ]

            { all with Actions = List.truncate 1 all.Actions }
        | Some claim when ending claim && observed.Pod.IsSome -> Decision.wait [ VolumeDeleting name ]
        | _ -> Decision.settled

    if Seen.deleting observed || observed.Cluster.IsNone then
        Decision.settled
    else
        observed
        |> Rule.together (Seen.wantedClaims observed |> List.map (fun claim _ -> ofClaim claim))

/// A driver that cannot grow a file system in use has done its part, and waits for the Pod to be started anew. A Pod that
/// was made after that began is not the one it waits for: each expansion restarts a process once.
let awaitsRestart (observed: Observed) (pod: PodView) =
    Seen.wantedClaims observed
    |> List.exists (fun (_, name) ->
        match Map.tryFind name observed.Claims with
        | Some claim when isOffline observed name ->
            match condition "FileSystemResizePending" claim with
            | Some pending ->
                match Timestamp.tryParse pending.Since, Timestamp.tryParse pod.Meta.CreationTimestamp with
                | Some since, Some born -> born < since
                | _ -> false
            | None -> false
        | _ -> false)

/// A claim that is being deleted lasts as long as a Pod uses it (pvc-protection), and no longer.
let private hangsOnPod (observed: Observed) =
    observed.Pod.IsSome
    && Seen.wantedClaims observed
       |> List.exists (fun (_, name) -> Map.tryFind name observed.Claims |> Option.exists ending)

/// A rule that could take the Pod down for something that can wait, kept from it while the Pod is all that keeps the data
/// (L F39).
let sparing (rule: Rule<Observed, Action, Reason>) : Rule<Observed, Action, Reason> =
    fun observed -> if hangsOnPod observed then Decision.settled else rule observed

/// The claims of an instance that has left keep the data; that nobody starts from it again is written on them, so that it
/// is known also when PD has forgotten the store.
let retire (observed: Observed) =
    Decision.together [
        for _, name in Seen.wantedClaims observed do
            match Map.tryFind name observed.Claims, Ownership.ownId observed with
            | Some claim, Some own when Ownership.isOurs observed claim && claim.Meta.DeletionTimestamp.IsNone ->
                let id = Ownership.holder observed claim |> Option.defaultValue own

                if annotation Annotations.removed claim <> Some id then
                    let annotations = Map.ofList [ Annotations.removed, Some id ]
                    Decision.act [ DescribeClaim(claim.Meta, Map.empty, annotations) ]
            | _ -> ()
    ]
