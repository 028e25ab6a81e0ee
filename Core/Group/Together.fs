/// How many outdated instances are taken down at a time.
module Tikv.Core.Group.Together

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Pd

/// Members of PD go one at a time, whatever is asked for (V I21).
let limit (observed: Observed) =
    match observed.Role with
    | PD _ -> 1
    | TiKV(spec, _) -> spec.Group.MaxUnavailable

let private facts (observed: Observed) =
    observed.Pd |> PdView.factsOf (observed.Cluster |> Option.bind _.Status.Id)

let private mayBeDown (observed: Observed) (instances: InstanceView list) =
    let stores facts =
        instances
        |> List.map (fun one ->
            match Instance.Domains.storeOfPod facts one.Pod with
            | Some store -> Ok store.Id
            | None -> Error(Alone.StoreUnknown one.Meta.Name))

    match facts observed with
    | None -> Error Alone.PdUnknown
    | Some facts ->
        let known = stores facts

        match
            known
            |> List.tryPick (fun store ->
                match store with
                | Error why -> Some why
                | Ok _ -> None)
        with
        | Some why -> Error why
        | None ->
            known
            |> List.choose Result.toOption
            |> Set.ofList
            |> Instance.Domains.together facts
            |> Result.map ignore

/// A restart that takes longer than a Deployment may (progressDeadlineSeconds) is no part of an ordinary roll.
let private ordinaryRestart = System.TimeSpan.FromMinutes 10L

/// The instance is being restarted on purpose: it holds the cluster's disruption, alone or with others, and has not been
/// away for long. In a paused cluster nobody brings it back.
let isPlanned (observed: Observed) (one: InstanceView) =
    not one.Stalled
    && observed.Cluster
       |> Option.filter (fun cluster -> not cluster.Spec.Paused)
       |> Option.bind _.Status.Disruption
       |> Disruption.isHeldBy one.Meta.Uid
    && (match one.Unready with
        | None -> true
        | Some since ->
            Timestamp.tryParse since
            |> Option.exists (fun since -> observed.Clock - since < ordinaryRestart))

/// Which of those that wait, in the order in which they go, may go now, while others are at it; and what keeps more from
/// going with them. One may go whenever none is at it; several only of one failure domain.
let next (observed: Observed) (working: InstanceView list) (waiting: InstanceView list) =
    let limit = limit observed

    let rec add chosen why candidates =
        match candidates with
        | one :: rest when List.length working + List.length chosen < limit ->
            match mayBeDown observed (working @ chosen @ [ one ]) with
            | Ok() -> add (chosen @ [ one ]) why rest
            // It has its turn later.
            | Error(Alone.OtherValue _) -> add chosen why rest
            | Error found -> chosen, Some found
        | _ -> chosen, why

    match working, waiting with
    | [], first :: rest -> add [ first ] None rest
    | _ -> add [] None waiting
