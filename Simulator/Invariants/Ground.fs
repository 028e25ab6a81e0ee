/// What is really so in the world, for judges: stores, disks, regions, members and leaders as the machines have them, not
/// as anybody sees them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Ground

open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// How long something must have been so that a sane observer knows it (verification C0, D_vis), in milliseconds.
let visible = 30_000L

let private ours plural = Builtins.key "core.tikv.org" "v1alpha1" plural

let objects plural ``namespace`` (world: World) =
    ApiServer.listObjects (ours plural) (Some ``namespace``) world.Server

let tryObject plural ``namespace`` name (world: World) =
    ApiServer.tryGet (ours plural) (Some ``namespace``) name world.Server

/// `basic-tikv` and 3, of `basic-tikv-3`.
let groupAndIndex (name: string) =
    match name.LastIndexOf '-' with
    | -1 -> None
    | at ->
        match System.Int32.TryParse(name.Substring(at + 1)) with
        | true, index when index >= 0 -> Some(name.Substring(0, at), index)
        | _ -> None

/// The Pod that an address or URL leads to: `namespace/name`, of `name.subdomain.namespace...`.
let podAt (address: string) =
    let host =
        match address.IndexOf "://" with
        | -1 -> address
        | at -> address.Substring(at + 3)

    match (host.Split(':')[0]).Split '.' with
    | labels when labels.Length > 2 -> labels[2] + "/" + labels[0]
    | labels -> "/" + labels[0]

/// Every PD cluster that there is.
let clusters (world: World) : PdGroup seq = world.Pd.Groups.Values

let private store (group: PdGroup) id = Map.tryFind id group.Cluster.Stores

/// A store with the PD cluster that knows it.
let tryStore id (world: World) : struct (PdGroup * StoreRecord) voption =
    (ValueNone, clusters world)
    ||> Seq.fold (fun found group ->
        match found, store group id with
        | ValueNone, Some record -> ValueSome(struct (group, record))
        | _ -> found)

/// PD has buried it: nothing of it is left but its name.
let hasLeft id (world: World) =
    match tryStore id world with
    | ValueSome(struct (_, store)) -> store.NodeState = NodeState.Removed
    | ValueNone -> false

/// The stores of PD that have the address of a Pod (`namespace/name`), the youngest last.
let storesOfPod (pod: string) (world: World) : StoreRecord list =
    clusters world
    |> Seq.collect (fun group -> group.Cluster.Stores.Values)
    |> Seq.filter (fun store -> podAt store.Address = pod)
    |> Seq.sortBy _.Id
    |> List.ofSeq

/// The store of a Pod that is no tombstone, if there is one.
let storeOfPod pod world =
    storesOfPod pod world
    |> List.filter (fun store -> store.NodeState <> NodeState.Removed)
    |> List.tryLast

let isUp (store: StoreRecord) = store.NodeState = NodeState.Serving || store.NodeState = NodeState.Preparing

/// Stores of other engines hold no voters: their silence endangers no region (V T50).
let votes (store: StoreRecord) = Map.tryFind "engine" store.Labels <> Some "tiflash"

/// Some region has a voter on the store.
let holdsRegions (group: PdGroup) store =
    group.Cluster.Regions.Keys
    |> Seq.exists (fun region -> List.contains store region.Voters)

/// The stores that run: their process lives, on its disk.
let live (world: World) (group: PdGroup) : Set<StoreId> =
    world.Pd.Tikvs.Values
    |> Seq.choose (fun one ->
        match one.State, one.Disk, one.Group with
        | (ProcessState.Running | ProcessState.Stopping), Some disk, ValueSome id when id = group.Id ->
            Some disk.Store
        | _ -> None)
    |> Set.ofSeq

/// What stands on the volume of a claim (`namespace/name`): as it was left, or as the process that runs on it has it.
let private diskOf key (world: World) : Disk option =
    match Map.tryFind key world.Claims with
    | None -> None
    | Some claim ->
        match Map.tryFind claim.Volume world.Volumes with
        | None -> None
        | Some volume ->
            let running =
                world.Mounted
                |> Map.tryPick (fun name uid ->
                    if uid <> volume.Uid then
                        None
                    else
                        match Map.tryFind name world.Pd.Tikvs, Map.tryFind name world.Pd.Members with
                        | Some one, _ -> one.Disk |> Option.map Disk.Tikv
                        | None, Some one -> one.Disk |> Option.map Disk.Pd
                        | None, None -> None)

            match running with
            | Some disk -> Some disk
            | None -> Map.tryFind volume.Uid world.Disks

/// The id of the store that stands on the volume of a claim, if it ever held one.
let storeOnClaim key world : StoreId option =
    match diskOf key world with
    | Some(Disk.Tikv disk) -> Some disk.Store
    | Some(Disk.Pd _)
    | None -> None

/// The PD member whose data stands on the volume of a claim.
let memberOnClaim key world : PdDisk option =
    match diskOf key world with
    | Some(Disk.Pd disk) -> Some disk
    | Some(Disk.Tikv _)
    | None -> None

/// Stores whose data stands on some disk, whether their process runs or not.
let intact (world: World) : Set<StoreId> =
    let left =
        world.Disks.Values
        |> Seq.choose (fun disk ->
            match disk with
            | Disk.Tikv disk -> Some disk.Store
            | Disk.Pd _ -> None)

    let running =
        world.Mounted.Keys
        |> Seq.choose (fun name -> Map.tryFind name world.Pd.Tikvs |> Option.bind _.Disk)
        |> Seq.map _.Store

    Seq.append left running |> Set.ofSeq

/// The members of a PD cluster whose process answers.
let liveMembers (world: World) (group: PdGroup) : Set<MemberId> =
    world.Pd.Members.Values
    |> Seq.choose (fun one ->
        match one.State, one.Disk with
        | ProcessState.Running, Some disk when disk.Group = group.Id -> Some disk.Member
        | _ -> None)
    |> Set.ofSeq

let leader (group: PdGroup) : MemberId option =
    match group.Leadership with
    | Leadership.Leading(leader, _)
    | Leadership.HandingOver(leader, _, _, _) -> Some leader
    | Leadership.Isolated _
    | Leadership.Vacant _ -> None

let quorum count = count / 2 + 1

/// The Cluster that a group or instance belongs to.
let clusterOf object = Json.stringAt [ "spec"; "cluster"; "name" ] object |> Option.defaultValue ""

/// Whether a condition of an object is True, and says so of the object's present generation.
let isTrue condition object =
    Json.itemsAt [ "status"; "conditions" ] object
    |> List.exists (fun found ->
        Json.stringAt [ "type" ] found = Some condition
        && Json.stringAt [ "status" ] found = Some "True")
    && (Json.int64At [ "status"; "observedGeneration" ] object |> Option.defaultValue 0L)
       >= Meta.generation object
