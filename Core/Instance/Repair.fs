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
    | Some pod, Some(lost, why) when Seen.owns observed pod.Meta ->
        match pod.Meta.DeletionTimestamp |> Option.bind (fun at -> Seen.since at observed) with
        | Some span when span >= afterGarbageCollector ->
            Decision.act [ ForceRemovePod(pod.Meta, Reason.code why, lost) ]
        | _ -> Decision.settled
    | _ -> Decision.settled

let private recordedStore (observed: Observed) (facts: PdFacts) =
    match observed.Role with
    | TiKV(_, status) ->
        status.Id
        |> Option.bind (fun id -> facts.Stores |> List.tryFind (fun store -> store.Id = id))
    | PD _ -> None

/// Facts, when a disk is known to be gone and another one is there in its place.
let private factsOfNewDisk (observed: Observed) =
    if Diagnosis.diskReplaced observed && not (Seen.suspended observed) then
        Seen.facts observed
    else
        None

/// A store whose disk is gone leaves PD before a new one starts under its address, which PD would refuse (V P20). The
/// disk is known to be gone when its claim is another one than the recorded (L F15); an empty directory alone may be a
/// mount that is missing. Never by force.
let storeDisk (observed: Observed) =
    match factsOfNewDisk observed with
    | None -> Decision.settled
    | Some facts ->
        match recordedStore observed facts with
        | Some store when store.NodeState = NodeState.Removing ->
            Decision.wait [ DiskLost store.Id; RegionsRemain store.Regions ]
        | Some store when store.NodeState <> NodeState.Removed && not (Seen.hears facts store) ->
            let evidence =
                Evidence.notFrozen observed
                |> Result.bind (fun calm ->
                    Evidence.enoughStores store observed facts
                    |> Result.bind (fun enough ->
                        Evidence.leadersGone (Some store) observed facts
                        |> Result.map (fun gone -> RemoveStore(store.Id, calm, enough, gone))))

            match evidence with
            | Ok removal -> Decision.act [ removal ]
            | Error reason -> Decision.wait [ DiskLost store.Id; reason ]
        | _ -> Decision.settled

/// A process on the data of a store that PD has removed has no part in the cluster, and would never start again (V P09): it
/// ends, and its disk stays as it is. PD may bury a store early (V P08), so one that still has regions is only reported.
let tombstone (observed: Observed) =
    match Seen.facts observed with
    | Some facts when not (Diagnosis.diskReplaced observed) && not (Seen.suspended observed) ->
        match recordedStore observed facts, Seen.storeOf observed facts with
        | Some own, Some now when own.Id = now.Id && own.NodeState = NodeState.Removed ->
            match observed.Pod, Evidence.departed observed with
            | Some pod, Some departed when Seen.owns observed pod.Meta && pod.Meta.DeletionTimestamp.IsNone ->
                Decision.act [ RemovePod(pod.Meta, "StoreTombstone", Evidence.Left departed) ]
            | _ -> Decision.wait [ StoreTombstoned own.Id ]
        | _ -> Decision.settled
    | _ -> Decision.settled
