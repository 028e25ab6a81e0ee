/// Whose the volume claims of an instance are, and whose data they hold: a claim and a store, or a member, belong together for
/// ever.
module Tikv.Core.Instance.Ownership

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance

let private label key (claim: ClaimView) = claim.Meta.Labels |> Map.tryFind key
let private annotation key (claim: ClaimView) = claim.Meta.Annotations |> Map.tryFind key

/// The operator has made it.
let made (claim: ClaimView) = label Labels.managedBy claim = Some Labels.manager

/// It holds the data of another PD cluster than the one whose id is recorded.
let ofAnotherCluster (observed: Observed) (claim: ClaimView) =
    match label Labels.clusterId claim, Seen.clusterId observed with
    | Some id, Some(ClusterId own) -> id <> string own
    | _ -> false

/// It was made for an earlier life of the Cluster, and nobody has said that this one is to have it.
let private ofEarlierLife (observed: Observed) (claim: ClaimView) =
    match annotation Annotations.clusterUid claim, observed.Cluster with
    | Some uid, Some cluster ->
        let isNamed =
            (Seen.settings observed).VolumeClaimNames
            |> Map.exists (fun _ name -> name = claim.Meta.Name)

        Uid uid <> cluster.Meta.Uid
        && Map.tryFind Annotations.adoptVolumesOf cluster.Meta.Annotations <> Some uid
        && not isNamed
    | _ -> false

/// A claim that was made for this instance: only these are changed or removed.
let isOurs (observed: Observed) (claim: ClaimView) =
    made claim
    && not (ofAnotherCluster observed claim)
    && not (ofEarlierLife observed claim)

let private idLabel (observed: Observed) =
    match observed.Role with
    | PD _ -> Labels.memberId
    | TiKV _ -> Labels.storeId

let ownId (observed: Observed) =
    match observed.Role with
    | PD(_, status) -> status.Id |> Option.map (fun (MemberId id) -> string id)
    | TiKV(_, status) -> status.Id |> Option.map (fun (StoreId id) -> string id)

/// The claim, by the uid of that life, that the recorded store or member keeps the data of a volume on.
let recorded (observed: Observed) (volume: Volume) =
    (Seen.status observed).Volumes
    |> List.tryFind (fun one -> one.Name = volume.Name && one.DataOf.IsSome && one.DataOf = ownId observed)
    |> Option.bind _.ClaimUid

/// The store or member (decimal id) that a claim's data belongs to.
let holder (observed: Observed) (claim: ClaimView) = label (idLabel observed) claim

let holderName (observed: Observed) id =
    match observed.Role with
    | PD _ -> $"member %s{id}"
    | TiKV _ -> $"store %s{id}"

/// What PD says of the owner of a claim's data.
[<RequireQualifiedAccess>]
type Standing =
    /// Nobody's yet, or of one that is in the cluster.
    | Good
    /// It has left the cluster for ever: a process with this data is refused (V I39, K57).
    | Left of Id: string
    /// PD does not list it: it may have been forgotten after it left (V T87).
    | Unknown of Id: string
    /// Only PD could say.
    | Unasked

let standing (observed: Observed) (claim: ClaimView) =
    match annotation Annotations.removed claim, holder observed claim, Seen.facts observed with
    | Some id, _, _ -> Standing.Left id
    | None, None, _ -> Standing.Good
    | None, Some _, None when (Seen.clusterId observed).IsNone -> Standing.Good
    // What this life of the instance has run on is run on again: building up needs no permission (law 5). PD may have let a
    // store go just before this operator came, who asks it in a moment.
    | None, Some id, None when ownId observed = Some id && (observed.Role.IsPD || observed.Pd.IsSilent) ->
        Standing.Good
    | None, Some _, None -> Standing.Unasked
    | None, Some id, Some facts ->
        match observed.Role with
        | PD _ ->
            let isListed =
                facts.Members
                |> List.exists (fun one -> let (MemberId listed) = one.Id in string listed = id)

            if isListed then Standing.Good else Standing.Left id
        | TiKV(_, status) ->
            match
                facts.Stores
                |> List.tryFind (fun store -> let (StoreId listed) = store.Id in string listed = id)
            with
            | Some store when store.NodeState = NodeState.Removed -> Standing.Left id
            | Some _ -> Standing.Good
            | None when ownId observed <> Some id -> Standing.Unknown id
            | None when status.State = Some Api.StoreState.Removed -> Standing.Left id
            | None -> Standing.Good

/// The id under which the process serves now, and so what its volumes hold.
let private servesAs (observed: Observed) =
    match observed.Pod, Seen.facts observed, Seen.clusterId observed with
    | Some pod, Some facts, Some(ClusterId cluster) when pod.Ready && pod.Meta.DeletionTimestamp.IsNone ->
        let id =
            match observed.Role with
            | PD _ ->
                Seen.memberOf observed facts
                |> Option.filter (fun self -> self.Healthy && Seen.hasStarted self)
                |> Option.map (fun self -> let (MemberId id) = self.Id in string id)
            | TiKV _ ->
                Seen.storeOf observed facts
                |> Option.filter Seen.lives
                |> Option.map (fun store -> let (StoreId id) = store.Id in string id)

        id
        |> Option.filter (fun id -> ownId observed = Some id)
        |> Option.map (fun id -> string cluster, id)
    | _ -> None

/// Written on the claim once the process serves: an id belongs to the claim that it was first seen with, and to no later
/// claim of that name.
let identity (observed: Observed) (volume: Volume) (claim: ClaimView) =
    let elsewhere id =
        (Seen.status observed).Volumes
        |> List.exists (fun known ->
            known.Name = volume.Name
            && known.DataOf = Some id
            && known.ClaimUid <> Some claim.Meta.Uid)

    match servesAs observed with
    | Some(cluster, id) when not (elsewhere id) ->
        Map.ofList [ Labels.clusterId, cluster; idLabel observed, id ]
    | _ -> Map.empty

/// No volume was ever bound to it, and no node has begun to use it.
let isEmpty (observed: Observed) (claim: ClaimView) =
    claim.Phase = "Pending"
    && claim.Volume = ""
    && observed.Pod |> Option.forall (fun pod -> pod.Node = "")

/// Nobody can ever start from what the claim holds, and no Pod uses it.
type Useless = private Useless of Claim: Uid

/// The policy says that data goes with its store or member, and that has left for ever (law 7).
let spent (observed: Observed) (claim: ClaimView) =
    let deletes = (Seen.settings observed).VolumeReclaimPolicy = ReclaimPolicy.Delete

    match standing observed claim with
    | Standing.Left id when deletes && observed.Pod.IsNone && isOurs observed claim ->
        Some(id, Useless claim.Meta.Uid)
    | _ -> None

/// It waits for a volume of a class that is not wanted any more.
let neverFilled (observed: Observed) (claim: ClaimView) =
    if isEmpty observed claim && isOurs observed claim then Some(Useless claim.Meta.Uid) else None

/// What the status says of the volumes of a store or member of that id, which may be new. The pair of claim and owner is noted
/// together with the id, and, of one that was recorded without it, while it serves. It is remembered until another claim is
/// seen to hold the data of another owner: so a lost disk is told, and a claim that took its name is not labelled with it.
let status id isNew serves (observed: Observed) (old: VolumeStatus list) : VolumeStatus list =
    Seen.wantedClaims observed
    |> List.choose (fun (volume, name) ->
        let known = old |> List.tryFind (fun one -> one.Name = volume.Name)

        match Map.tryFind name observed.Claims with
        | None -> known
        | Some claim ->
            let capacity = if claim.Capacity = "" then None else Some claim.Capacity

            let uid, owner =
                match holder observed claim, known with
                | _ when isNew -> Some claim.Meta.Uid, id
                | Some owner, _ -> Some claim.Meta.Uid, Some owner
                | None, Some { ClaimUid = uid; DataOf = Some owner } -> uid, Some owner
                | None, _ -> Some claim.Meta.Uid, (if serves then id else None)

            Some {
                Name = volume.Name
                ClaimName = name
                ClaimUid = uid
                Capacity = capacity
                DataOf = owner
            })
