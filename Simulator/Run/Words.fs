/// Requests and answers in a few words, for transcripts.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Words

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

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
