module Tikv.Core.Tests.Group.PropertyTests

open FsCheck
open FsCheck.NUnit
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Group
open Tikv.Core.Tests.Group

let private decide = Given.decide

/// What a group is to be, said without its rules.
let private asDesired (observed: Observed) =
    let settings = Manifest.settings observed
    let all condition = observed.Instances |> Map.forall (fun _ one -> condition one)
    let indexes = observed.Instances |> Map.keys |> Set.ofSeq

    if observed.Meta.DeletionTimestamp.IsSome then
        observed.Instances.IsEmpty && observed.Meta.Finalizers.IsEmpty
    else
        (match observed.Cluster with
         | Some cluster -> not cluster.Spec.Paused && not cluster.Spec.SuspendAction.SuspendCompute
         | None -> false)
        && not observed.Meta.Finalizers.IsEmpty
        && not observed.Services.IsEmpty
        && indexes.Count = settings.Replicas
        && Set.intersect indexes (Set.ofList settings.OfflineIndexes) |> Set.isEmpty
        && all (fun one ->
            one.Ready
            && one.Settled
            && not one.Offline
            && one.Shared <> "older"
            && one.Meta.DeletionTimestamp.IsNone)

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``a group that is not as desired says why`` (observed: Observed) =
    asDesired observed || not (Decision.isSettled (decide observed))

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``no decision on a group breaks a law`` (observed: Observed) =
    Lint.group observed (decide observed).Actions = []

[<Property(Arbitrary = [| typeof<Looks> |])>]
let ``deciding twice decides the same`` (observed: Observed) = decide observed = decide observed

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``at most one instance is taken away at a time, but for one that was let go or never had a part``
    (observed: Observed)
    =
    observed.Meta.DeletionTimestamp.IsSome
    || (decide observed).Actions
       |> List.filter (fun action ->
           match action with
           | TakeOffline _ -> true
           | DeleteInstance meta ->
               observed.Instances
               |> Map.exists (fun _ one -> one.Meta.Uid = meta.Uid && one.Registered && not one.Removed)
           | _ -> false)
       |> List.length
       <= 1

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``no instance that is wanted is deleted or taken offline`` (observed: Observed) =
    observed.Meta.DeletionTimestamp.IsSome
    || (let wanted = Rules.wanted observed

        (decide observed).Actions
        |> List.forall (fun action ->
            match action with
            | TakeOffline meta
            | DeleteInstance meta ->
                Names.indexOf observed.Meta.Name meta.Name
                |> Option.exists (fun index -> not (Set.contains index wanted))
            | _ -> true))

[<Property(Arbitrary = [| typeof<Looks> |])>]
let ``a status that was written is not written again`` (observed: Observed) =
    let decision = decide observed
    let _, first = Report.status observed decision

    match Codec.decode<GroupStatus> [ "status" ] first with
    | Ok status ->
        let again =
            match observed.Role with
            | PD(spec, _) -> { observed with Role = PD(spec, status) }
            | TiKV(spec, _) -> { observed with Role = TiKV(spec, status) }

        let old, now = Report.status again decision
        old = now
    | Error problems -> failwith $"%A{problems}"
