/// Stores, members, Pods, requests and answers in a few words, for whoever reads verdicts and transcripts.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Words

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

// ---- several

/// `a, b and c`; `none` when there is none.
let list (names: string seq) =
    match List.ofSeq names with
    | [] -> "none"
    | [ one ] -> one
    | several ->
        let first, last = List.splitAt (several.Length - 1) several
        String.Join(", ", first) + " and " + last.Head

let private several what (ids: string list) =
    match ids with
    | [] -> "no " + what
    | [ id ] -> $"%s{what} %s{id}"
    | ids -> $"%s{what}s %s{list ids}"

let private number (StoreId id) = string id

/// `store 4`.
let store (id: StoreId) = "store " + number id

/// `stores 1, 4 and 5`, in their order.
let stores (ids: StoreId seq) = ids |> Seq.sort |> Seq.map number |> List.ofSeq |> several "store"

let member' (MemberId id) = "member " + string id

/// The names of Pods, without their namespace, in their order.
let pods (keys: string seq) =
    keys
    |> Seq.map (fun key -> key.Substring(key.LastIndexOf '/' + 1))
    |> Seq.sort
    |> list

/// As PD calls it.
let state (state: NodeState) =
    match state with
    | NodeState.Preparing -> "Preparing"
    | NodeState.Serving -> "Serving"
    | NodeState.Removing -> "Removing"
    | NodeState.Removed -> "Removed"

/// A span of milliseconds of the world: `90 s`, `250 ms`.
let span (milliseconds: int64) =
    if milliseconds % 1_000L = 0L then $"%d{milliseconds / 1_000L} s" else $"%d{milliseconds} ms"

// ---- requests and answers

let object (object: ObjectRef) = Kind.name object.Kind + " " + object.Namespace + "/" + object.Name

let write (write: Write) =
    match write with
    | Create(target, _) -> "create " + object target
    | Patch(target, true, _) -> "status " + object target
    | Patch(target, false, _) -> "patch " + object target
    | Delete(target, _, _) -> "delete " + object target

let call (call: PdCall) =
    match call with
    | PdCall.GetCluster -> "GetCluster"
    | PdCall.GetMembers -> "GetMembers"
    | PdCall.GetHealth -> "GetHealth"
    | PdCall.GetStores -> "GetStores"
    | PdCall.GetStore(StoreId store) -> "GetStore " + string store
    | PdCall.GetReplicationConfig -> "GetReplicationConfig"
    | PdCall.GetEvictLeaders -> "GetEvictLeaders"
    | PdCall.GetRegionCount -> "GetRegionCount"
    | PdCall.EvictLeaders(StoreId store) -> "EvictLeaders " + string store
    | PdCall.StopEvictingLeaders(StoreId store) -> "StopEvictingLeaders " + string store
    | PdCall.TransferLeader name -> "TransferLeader " + name
    | PdCall.RemoveMember(MemberId id) -> "RemoveMember " + string id
    | PdCall.RemoveStore(StoreId store) -> "RemoveStore " + string store
    | PdCall.RestoreStore(StoreId store) -> "RestoreStore " + string store
    | PdCall.SetStoreLabels(StoreId store, _) -> "SetStoreLabels " + string store
    | PdCall.SetConfig settings -> "SetConfig " + String.concat "," settings.Keys
    | PdCall.SetTikvConfig settings -> "SetTikvConfig " + String.concat "," settings.Keys

/// Whether a call changes something in PD.
let changes (call: PdCall) =
    match call with
    | PdCall.GetCluster
    | PdCall.GetMembers
    | PdCall.GetHealth
    | PdCall.GetStores
    | PdCall.GetStore _
    | PdCall.GetReplicationConfig
    | PdCall.GetEvictLeaders
    | PdCall.GetRegionCount -> false
    | PdCall.EvictLeaders _
    | PdCall.StopEvictingLeaders _
    | PdCall.TransferLeader _
    | PdCall.RemoveMember _
    | PdCall.RemoveStore _
    | PdCall.RestoreStore _
    | PdCall.SetStoreLabels _
    | PdCall.SetConfig _
    | PdCall.SetTikvConfig _ -> true

let code (code: int) reason = if code < 300 then string code else string code + " " + reason
