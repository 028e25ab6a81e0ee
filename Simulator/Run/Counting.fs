/// Which sights are counted, and how that is said.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Counting

open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

let says (counted: Counted) : string =
    match counted with
    | Counted.Creates kind -> $"creation of a %s{Kind.name kind}"
    | Counted.Deletes(kind, None) -> $"deletion of a %s{Kind.name kind}"
    | Counted.Deletes(kind, Some name) -> $"deletion of the %s{Kind.name kind} %s{name}"
    | Counted.Patches kind -> $"change of a %s{Kind.name kind} by the operator"
    | Counted.Writes -> "write of the operator, status apart"
    | Counted.PdCalls -> "call that changes PD"
    | Counted.RemovesStore -> "removal of a store asked of PD"
    | Counted.RestoresStore -> "return of a store asked of PD"
    | Counted.RemovesMember -> "removal of a member asked of PD"
    | Counted.EvictsLeaders -> "eviction of leaders asked of PD"
    | Counted.TransfersLeader -> "transfer of PD's leader"
    | Counted.SetsLabels -> "labels of a store set in PD"
    | Counted.SetsSettings -> "settings given to a process"

/// Renewals and reports, which a settled cluster goes on with.
let isRoutine kind =
    match kind with
    | Kind.Lease
    | Kind.Event -> true
    | _ -> false

let private ofWrite (counted: Counted) (write: Write) =
    match counted, write with
    | Counted.Creates kind, Create(object, _) -> object.Kind = kind
    | Counted.Deletes(kind, name), Delete(object, _, _) ->
        object.Kind = kind && name |> Option.forall (fun name -> object.Name = name)
    | Counted.Patches kind, Patch(object, _, _) -> object.Kind = kind
    | Counted.Writes, Patch(_, true, _) -> false
    | Counted.Writes, write -> not (isRoutine (Write.object write).Kind)
    | _ -> false

let private ofCall (counted: Counted) (call: PdCall) code =
    match counted, call with
    | Counted.PdCalls, _
    | Counted.RemovesStore, PdCall.RemoveStore _
    | Counted.RestoresStore, PdCall.RestoreStore _
    | Counted.RemovesMember, PdCall.RemoveMember _
    | Counted.EvictsLeaders, PdCall.EvictLeaders _
    | Counted.TransfersLeader, PdCall.TransferLeader _ -> true
    | Counted.SetsLabels, PdCall.SetStoreLabels _
    | Counted.SetsSettings, (PdCall.SetConfig _ | PdCall.SetTikvConfig _) -> code < 300
    | _ -> false

/// The world right before what is counted, when the sight is of that sort.
let tryBefore (counted: Counted) (sight: Sight) : World voption =
    match sight with
    | Sight.Landed(_, write, code, before) when code < 300 && ofWrite counted write -> ValueSome before
    | Sight.AskedPd(_, call, code, before) when ofCall counted call code -> ValueSome before
    | _ -> ValueNone
