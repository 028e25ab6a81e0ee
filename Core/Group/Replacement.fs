/// What cannot be changed in place, such as the storage class of a volume, is changed by putting another instance in the old
/// one's place: the new one first, then the old one leaves as any other does.
module Tikv.Core.Group.Replacement

open Tikv.Core
open Tikv.Core.Api

let private replaced (observed: Observed) = (Manifest.status observed).Replaced

/// Indexes that are not used again: their volumes may still be there, with data that nobody starts from (V I39).
let leftOut (observed: Observed) = Set.ofList (replaced observed)

let private stays (one: InstanceView) = one.Meta.DeletionTimestamp.IsNone && not one.Offline

/// An instance that is being replaced stays until all that are wanted serve.
let mayGo (observed: Observed) (wanted: Set<int>) (one: InstanceView) =
    not (Set.contains one.Index (leftOut observed))
    || wanted
       |> Set.forall (fun index ->
           match Map.tryFind index observed.Instances with
           | Some other -> other.Ready && other.Settled
           | None -> false)

/// Instances whose volumes are of another storage class than the template says are replaced one at a time, the highest
/// index first, and each only while all instances serve and none is too many. The index is written down before its
/// successor is made, so that a crash changes nothing; taken back while the old instance still serves, it stays.
let next (wanted: Set<int>) (observed: Observed) =
    let instances = observed.Instances |> Map.toList |> List.map snd
    let marked = replaced observed
    let under = instances |> List.filter (fun one -> List.contains one.Index marked)
    let due = instances |> List.filter (fun one -> one.OtherClass = Some true && stays one)

    let healed =
        under
        |> List.filter (fun one -> one.OtherClass = Some false && stays one)
        |> List.map _.Index

    match healed, under, due with
    | _ :: _, _, _ -> Decision.act [ MarkReplaced(marked |> List.except healed) ]
    | [], one :: _, _ -> Decision.wait [ Replacing one.Meta.Name ]
    | [], [], [] -> Decision.settled
    | [], [], due ->
        let lacking = instances |> List.filter (fun one -> not one.Ready)
        let present = instances |> List.map _.Index |> Set.ofList
        let oldest = due |> List.maxBy _.Index

        match lacking with
        | _ :: _ -> Decision.wait [ InstancesNotReady(lacking |> List.map _.Meta.Name) ]
        | [] when present <> wanted -> Decision.wait [ Replacing oldest.Meta.Name ]
        | [] -> Decision.act [ MarkReplaced(marked @ [ oldest.Index ]) ]
