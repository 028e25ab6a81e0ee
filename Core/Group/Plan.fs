/// Which instances of a group stay, which go, and which indexes new ones get. What has been begun is written on the
/// instances themselves (`spec.offline`, the deletion, the mark of a deferred deletion), so that the choice is stable.
module Tikv.Core.Group.Plan

open System
open System.Globalization
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

type Plan = {
    /// By index.
    Staying: InstanceView list
    /// In the order in which they go; without those that are being deleted.
    Leaving: InstanceView list
    /// In rising order.
    New: int list
}

let ending (one: InstanceView) = one.Meta.DeletionTimestamp.IsSome
let replaced (one: InstanceView) = one.Meta.Annotations |> Map.containsKey Annotations.replaced

/// It has not begun to leave.
let stays (one: InstanceView) = not (ending one || one.Offline || one.Removed)

/// It was to be replaced, has not begun to leave, and is as wanted after all: it stays.
let calledOff (one: InstanceView) = replaced one && one.OtherClass = Some false && stays one

let deferred (one: InstanceView) = one.Meta.Annotations |> Map.containsKey Annotations.deferDelete

/// From 0; without the annotation, or with one that is no such number, last.
let priority (one: InstanceView) =
    match one.Meta.Annotations |> Map.tryFind Annotations.priority with
    | None -> Int32.MaxValue
    | Some text ->
        match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, number -> number
        | false, _ -> Int32.MaxValue

let private settings = Manifest.settings

/// A first bootstrap of PD knows all its members from the start: none of them is replaced by another.
let private bootstraps (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> not spec.Bootstrapped
    | TiKV _ -> false

/// Who goes next of those that would stay:
/// 1. one that never registered: nothing is lost by it;
/// 2. one that is known not to serve, unless it is the last of its topology;
/// 3. by the priority that people gave;
/// 4. of the topology that is furthest above its share;
/// 5. of PD, one that does not lead; of any, one that would have to be updated;
/// 6. the highest index.
let private next (observed: Observed) (staying: InstanceView list) =
    let settings = settings observed
    let wanted = Shared.wanted observed

    staying
    |> List.minBy (fun one ->
        one.Registered,
        not one.Fails || Spread.isLast settings staying one,
        priority one,
        -(int64 (Spread.surplus settings staying one)),
        one.Leads,
        one.Shared = wanted,
        -one.Index)

let private fewer (observed: Observed) surplus (staying: InstanceView list) =
    let rec go left staying chosen =
        if left = 0 || List.isEmpty staying then
            staying, List.rev chosen
        else
            let one = next observed staying
            go (left - 1) (staying |> List.filter (fun other -> other.Index <> one.Index)) (one :: chosen)

    go surplus staying []

/// Called back are those of the lowest priority number first, then of the lowest index (T 6.4 #32).
let private calledBackLast (one: InstanceView) = not one.Offline, -(int64 (priority one)), -one.Index

let ofGroup (observed: Observed) : Plan =
    let settings = settings observed
    let named = Set.union (Set.ofList settings.OfflineIndexes) (Failover.retiring observed)
    let replicas = settings.Replicas + Failover.extras observed
    let all = Observed.instances observed
    let present = if bootstraps observed then all else all |> List.filter (ending >> not)

    let must, may =
        present
        |> List.partition (fun one ->
            one.Removed
            || replaced one && not (calledOff one)
            || Set.contains one.Index named)

    let surplus = max 0 (may.Length - replicas)
    let begun, free = may |> List.partition (fun one -> one.Offline || deferred one)

    let going, calledBack = begun |> List.sortBy calledBackLast |> List.splitAt (min surplus begun.Length)

    let staying, chosen = fewer observed (surplus - going.Length) (free @ calledBack)

    let isFree index =
        not (Map.containsKey index observed.Instances)
        && not (Set.contains index named)
        && (bootstraps observed || not (Set.contains index observed.Retained))

    {
        Staying = staying |> List.filter (ending >> not) |> List.sortBy _.Index
        Leaving =
            must @ going @ chosen
            |> List.sortBy (fun one -> not one.Offline, one.Registered, not one.Fails)
        New =
            Seq.initInfinite id
            |> Seq.filter isFree
            |> Seq.truncate (max 0 (replicas - may.Length))
            |> List.ofSeq
    }
