/// What is done about what will not mend by itself: a Pod that nobody is left to end, a disk that is gone, a store that PD
/// has removed.
module Tikv.Core.Instance.Repair

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance

/// Kubernetes' own Pod garbage collector looks every 20 s, and waits 40 s after a node has gone (V K40): it goes first.
let private afterGarbageCollector = TimeSpan.FromSeconds 60.0

/// A Pod that is to end, on a node that is gone or declared out of service, is taken away without its kubelet's word, so
/// that its name can run elsewhere. Never because a node is merely not ready (V I09).
let stuckPod (observed: Observed) =
    match observed.Pod, Diagnosis.nodeLost observed with
    | Some pod, Some lost when Seen.owns observed pod.Meta ->
        match pod.Meta.DeletionTimestamp |> Option.bind (fun at -> Diagnosis.since at observed) with
        | Some span when span >= afterGarbageCollector ->
            Decision.act [ ForceRemovePod(pod.Meta, Reason.code lost) ]
        | _ -> Decision.settled
    | _ -> Decision.settled

let private recordedStore (observed: Observed) (facts: PdFacts) =
    match observed.Role with
    | TiKV(_, status) ->
        status.Id
        |> Option.bind (fun id -> facts.Stores |> List.tryFind (fun store -> store.Id = id))
    | PD _ -> None

/// PD has a leader, most of its members, and hears from most of the stores.
let private calm (facts: PdFacts) =
    let counted = facts.Stores |> List.filter (fun store -> store.NodeState <> NodeState.Removed)
    let silent = counted |> List.filter (fun store -> store.StateName = "Down" || store.StateName = "Disconnected")
    let healthy = facts.Members |> List.filter _.Healthy

    silent.Length <= max 1 ((counted.Length - 1) / 2)
    && healthy.Length > facts.Members.Length / 2

/// A store whose disk is gone leaves PD before a new one starts under its address, which PD would refuse (V P20). The
/// disk is known to be gone when its claim is another one than the recorded (L F15); an empty directory alone may be a
/// mount that is missing. Never by force.
let storeDisk (observed: Observed) =
    match Seen.facts observed with
    | Some facts when Diagnosis.diskReplaced observed && not (Seen.suspended observed) ->
        match recordedStore observed facts with
        | Some store when store.NodeState = NodeState.Removing ->
            Decision.wait [ DiskLost store.Id; RegionsRemain store.Regions ]
        | Some store when store.NodeState <> NodeState.Removed && store.StateName <> "Up" ->
            let living =
                facts.Stores
                |> List.filter (fun one -> one.Id <> store.Id && Seen.lives one)
                |> List.length

            if store.Leaders > 0 || not (calm facts) then
                Decision.wait [ DiskLost store.Id; LeadersRemain store.Leaders ]
            elif living < facts.MaxReplicas then
                Decision.wait [ DiskLost store.Id; StoresTooFew(living, facts.MaxReplicas) ]
            else
                Decision.act [ RemoveStore store.Id ]
        | _ -> Decision.settled
    | _ -> Decision.settled

/// A member whose disk is gone leaves PD before it joins anew: PD refuses a second one of its name (V P45). One change of
/// membership at a time, by a quorum of the others (V B9).
let memberDisk (observed: Observed) =
    match observed.Role, Seen.facts observed with
    | PD(_, status), Some facts when Diagnosis.diskReplaced observed && not (Seen.suspended observed) ->
        match facts.Members |> List.tryFind (fun one -> Some one.Id = status.Id) with
        | Some self when not self.Healthy ->
            let others = facts.Members |> List.filter (fun one -> one.Id <> self.Id)
            let healthy = others |> List.filter _.Healthy |> List.length

            if healthy > facts.Members.Length / 2 then
                Decision.act [ RemoveMember self.Id ]
            else
                Decision.wait [ MemberDiskLost self.Id; QuorumAtRisk(healthy, facts.Members.Length) ]
        | _ -> Decision.settled
    | _ -> Decision.settled

/// A process on the data of a store that PD has removed has no part in the cluster, and would never start again (V P09): it
/// ends, and its disk stays as it is. PD may bury a store early (V P08), so one that still has regions is only reported.
let tombstone (observed: Observed) =
    match Seen.facts observed with
    | Some facts when not (Diagnosis.diskReplaced observed) ->
        match recordedStore observed facts, Seen.storeOf observed facts with
        | Some own, Some now when own.Id = now.Id && own.NodeState = NodeState.Removed ->
            match observed.Pod with
            | Some pod when
                own.Regions = 0
                && Seen.owns observed pod.Meta
                && pod.Meta.DeletionTimestamp.IsNone
                ->
                Decision.act [ RemovePod(pod.Meta, "StoreTombstone") ]
            | _ -> Decision.wait [ StoreTombstoned own.Id ]
        | _ -> Decision.settled
    | _ -> Decision.settled
