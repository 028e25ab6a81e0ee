/// Faults that wait for a call of some sort, or for an event at a cache: each such call and event brings them nearer.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Calls

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd

/// What sort of call it is, and which object it is about.
type Call = { Verb: CallVerb; Object: ObjectRef option }

let private ofPd (call: PdCall) =
    match call with
    | PdCall.EvictLeaders _ -> CallVerb.EvictLeaders
    | PdCall.StopEvictingLeaders _ -> CallVerb.StopEvictingLeaders
    | PdCall.TransferLeader _ -> CallVerb.TransferLeader
    | PdCall.RemoveMember _ -> CallVerb.RemoveMember
    | PdCall.RemoveStore _ -> CallVerb.RemoveStore
    | PdCall.RestoreStore _ -> CallVerb.RestoreStore
    | PdCall.SetStoreLabels _ -> CallVerb.SetStoreLabels
    | PdCall.SetConfig _
    | PdCall.SetTikvConfig _ -> CallVerb.SetConfig
    | PdCall.GetCluster
    | PdCall.GetMembers
    | PdCall.GetHealth
    | PdCall.GetStores
    | PdCall.GetStore _
    | PdCall.GetReplicationConfig
    | PdCall.GetEvictLeaders
    | PdCall.GetRegionCount -> CallVerb.AskPd

/// Lists and watches are no calls that faults wait for.
let ofSending (sending: Sending) : Call option =
    match sending with
    | Sending.Write(_, write) ->
        let verb =
            match write with
            | Create _ -> CallVerb.Create
            | Patch(_, true, _) -> CallVerb.PatchStatus
            | Patch(_, false, _) -> CallVerb.Patch
            | Delete _ -> CallVerb.Delete

        Some { Verb = verb; Object = Some(Write.object write) }
    | Sending.Read(_, object) -> Some { Verb = CallVerb.Read; Object = Some object }
    | Sending.Pd(_, _, call) -> Some { Verb = ofPd call; Object = None }
    | Sending.List _
    | Sending.Watch _ -> None

let private isSort (wanted: CallVerb) (found: CallVerb) =
    wanted = found
    || (wanted = CallVerb.Write && found <> CallVerb.Read && found <> CallVerb.AskPd)

let private isSo during (run: Simulation) =
    during
    |> Option.forall (fun fact -> Facts.holds run.Scenario.World fact run.World)

/// Counts a call of an operator: the faults that wait for the nth of its sort wait for one less, and those whose time it is
/// are told by what is answered with.
let count number (call: Call option) (run: Simulation) : Simulation * (Fault -> bool) =
    let isLike (fault: Fault) =
        match call, fault.When with
        | Some call, Trigger.AtCall(its, verb, kind, name, _, during) ->
            its = number
            && isSort verb call.Verb
            && kind
               |> Option.forall (fun kind -> call.Object |> Option.exists (fun one -> one.Kind = kind))
            && name
               |> Option.forall (fun name -> call.Object |> Option.exists (fun one -> one.Name = name))
            && isSo during run
        | _ -> false

    if not (run.Faults |> List.exists isLike) then
        run, (fun _ -> false)
    else
        // a fault whose number has come down to nothing is due
        let counted =
            run.Faults
            |> List.map (fun fault ->
                match fault.When with
                | Trigger.AtCall(its, verb, kind, name, nth, during) when isLike fault -> {
                    fault with
                        When = Trigger.AtCall(its, verb, kind, name, nth - 1, during)
                  }
                | _ -> fault)

        let isDue (fault: Fault) =
            match fault.When with
            | Trigger.AtCall(_, _, _, _, nth, _) -> nth <= 0
            | _ -> false

        { run with Faults = counted }, isDue

/// The kind of object whose change an operator hears of.
let private tryHeard (operator: OperatorProcess) happening =
    match happening with
    | Watched(RequestId request, (Added _ | Modified _ | Deleted _)) ->
        Map.tryFind request operator.Watches |> Option.map _.Kind
    | _ -> None

/// Counts a change that an operator has heard of: what waits for it strikes now, before anything that the operator asks for
/// in answer has come anywhere.
let hear (operator: OperatorProcess) happening (run: Simulation) : Simulation =
    if not (run.Faults |> List.exists _.When.IsAtEvent) then
        run
    else
        match tryHeard operator happening with
        | None -> run
        | Some heard ->
            let isLike (fault: Fault) =
                match fault.When with
                | Trigger.AtEvent(its, kind, _, during) ->
                    its = operator.Number && kind = heard && isSo during run
                | _ -> false

            let nearer (fault: Fault) =
                match fault.When with
                | Trigger.AtEvent(its, kind, nth, during) when isLike fault -> {
                    fault with
                        When = Trigger.AtEvent(its, kind, nth - 1, during)
                  }
                | _ -> fault

            let isDue (fault: Fault) =
                match fault.When with
                | Trigger.AtEvent(_, _, nth, _) -> nth <= 0
                | _ -> false

            let due, waiting = run.Faults |> List.map nearer |> List.partition isDue

            ({ run with Faults = waiting }, due)
            ||> List.fold (fun run fault -> Simulation.enter run.World.Now (Coming.Strikes fault.What) run)
