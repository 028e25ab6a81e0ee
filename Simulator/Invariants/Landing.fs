/// What an operator's write or call does to processes and data, as those who judge it see it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Landing

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// The process in a Pod.
[<RequireQualifiedAccess>]
type Victim =
    | Store of PdGroup * StoreRecord
    | Member of PdGroup * EtcdMember
    /// None runs, or none that PD knows.
    | Nobody

let private storeOf id world =
    match Ground.tryStore id world with
    | ValueSome(struct (group, store)) -> Victim.Store(group, store)
    | ValueNone -> Victim.Nobody

let private memberOf (disk: PdDisk) (world: World) =
    match Map.tryFind disk.Group world.Pd.Groups with
    | Some group ->
        match Map.tryFind disk.Member group.Members with
        | Some one -> Victim.Member(group, one)
        | None -> Victim.Nobody
    | None -> Victim.Nobody

let private victim (pod: Pod) (world: World) : Victim =
    match Map.tryFind pod.Uid world.Runs with
    | Some { Process = Process.Tikv name } ->
        match Map.tryFind name world.Pd.Tikvs with
        | Some { State = ProcessState.Running; Disk = Some disk } -> storeOf disk.Store world
        | _ -> Victim.Nobody
    | Some { Process = Process.Pd name } ->
        match Map.tryFind name world.Pd.Members with
        | Some { State = ProcessState.Running; Disk = Some disk } -> memberOf disk world
        | _ -> Victim.Nobody
    | _ -> Victim.Nobody

/// A Pod that an operator begins to delete: the world before, the Pod, its grace if one was named, and the process in it
/// that served until then.
let podDeletion (sight: Sight) : struct (World * Pod * int option * Victim) voption =
    match sight with
    | Sight.Landed(_, Delete({ Kind = Kind.Pod } as object, _, grace), code, before) when code < 300 ->
        match World.tryPod (View.key object.Namespace object.Name) before with
        | ValueSome pod when pod.Deleting.IsNone || grace = Some 0 ->
            ValueSome(struct (before, pod, grace, victim pod before))
        | _ -> ValueNone
    | _ -> ValueNone

/// A volume claim that an operator deletes: the world before, and the claim.
let claimDeletion (sight: Sight) : struct (World * Claim) voption =
    match sight with
    | Sight.Landed(_, Delete({ Kind = Kind.PersistentVolumeClaim } as object, _, _), code, before) when
        code < 300
        ->
        match Map.tryFind (View.key object.Namespace object.Name) before.Claims with
        | Some claim -> ValueSome(struct (before, claim))
        | None -> ValueNone
    | _ -> ValueNone

/// A call that PD carried out: the world before, and the call.
let call (sight: Sight) : struct (World * PdCall) voption =
    match sight with
    | Sight.AskedPd(_, call, status, before) when status < 300 -> ValueSome(struct (before, call))
    | _ -> ValueNone

/// The Cluster of a Pod, by its label, as `namespace/name`.
let clusterKey (pod: Pod) =
    View.key pod.Namespace (Map.tryFind "tikv.org/cluster" pod.Labels |> Option.defaultValue "")

let groupName (pod: Pod) = Map.tryFind "tikv.org/group" pod.Labels |> Option.defaultValue ""

/// The instance, TiKV or PD, of a Pod.
let instance (pod: Pod) (world: World) =
    let name = Map.tryFind "tikv.org/instance" pod.Labels |> Option.defaultValue pod.Name

    Ground.tryObject "tikvs" pod.Namespace name world
    |> Option.orElseWith (fun () -> Ground.tryObject "pds" pod.Namespace name world)

/// The user has given up an instance that is being deleted (docs/lifecycle.md).
let isGivenUp (pod: Pod) (world: World) =
    instance pod world
    |> Option.exists (fun object ->
        Meta.isTerminating object
        && Json.stringAt [ "metadata"; "annotations"; "tikv.org/abandon" ] object = Some "true")

/// Nobody wants the process to run: its Cluster is suspended, or goes, or the instance has been given up.
let isStopped (pod: Pod) (ledger: Ledger) (world: World) =
    let key = clusterKey pod

    Map.containsKey key ledger.Suspended
    || Set.contains (Uid pod.Uid) ledger.AskedToStop
    || isGivenUp pod world
    || (match
            Map.tryFind "tikv.org/cluster" pod.Labels
            |> Option.bind (fun name -> Ground.tryObject "clusters" pod.Namespace name world)
        with
        | Some cluster -> Meta.isTerminating cluster
        | None -> true)

/// The stores of a PD cluster that PD counts as Up, that an operator did not take down, and that have been silent for so
/// long that everybody knows.
let knownSilent (now: int64) (ledger: Ledger) (group: PdGroup) : Set<StoreId> =
    if Map.isEmpty ledger.SilentStores then
        Set.empty
    else
        ledger.SilentStores
        |> Map.toSeq
        |> Seq.filter (fun (id, since) ->
            now - since >= Ground.visible
            && Map.tryFind id group.Cluster.Stores |> Option.exists Ground.votes
            && not (Map.containsKey id ledger.StoresDown))
        |> Seq.map fst
        |> Set.ofSeq

/// The stores of a PD cluster that an operator has taken down.
let down (ledger: Ledger) (group: PdGroup) : Set<StoreId> =
    ledger.StoresDown
    |> Map.keys
    |> Seq.filter (fun id -> Map.containsKey id group.Cluster.Stores)
    |> Set.ofSeq
