module Tikv.Core.Tests.Group.PropertyTests

open FsCheck
open Tikv.Tests
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Group
open Tikv.Core.Tests
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
let ``a group that is not as desired says why`` (Look.At observed) =
    asDesired observed || not (Decision.isSettled (decide observed))

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``no decision on a group breaks a law`` (Look.At observed) =
    Lint.group observed (decide observed).Actions = []

[<Property(Arbitrary = [| typeof<Looks> |])>]
let ``deciding twice decides the same`` (Look.At observed) = decide observed = decide observed

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``at most one instance is taken away at a time, but for one that was let go or never had a part``
    (Look.At observed)
    =
    observed.Meta.DeletionTimestamp.IsSome
    || (decide observed).Actions
       |> List.filter (fun action ->
           match action with
           | TakeOffline _ -> true
           | DeleteInstance(meta, _) ->
               observed.Instances
               |> Map.exists (fun _ one -> one.Meta.Uid = meta.Uid && one.Registered && not one.Removed)
           | _ -> false)
       |> List.length
       <= 1

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``no more go than are surplus, named, or let go by PD`` (Look.At observed) =
    observed.Meta.DeletionTimestamp.IsSome
    || (let settings = Manifest.settings observed
        let there = observed.Instances |> Map.toList |> List.map snd

        let stay =
            there
            |> List.filter (fun one ->
                one.Meta.DeletionTimestamp.IsNone
                && not one.Removed
                && not (List.contains one.Index settings.OfflineIndexes))

        let going =
            (decide observed).Actions
            |> List.choose (fun action ->
                match action with
                | TakeOffline(meta, _)
                | DeferDeletion meta
                | DeleteInstance(meta, _) -> Some meta.Uid
                | _ -> None)
            |> Set.ofList

        let offline = stay |> List.filter (fun one -> one.Offline || Set.contains one.Meta.Uid going)
        let kept = (decide observed).Actions |> List.exists _.IsKeepOnline

        kept
        || going.IsEmpty
        || stay.Length - offline.Length >= min settings.Replicas stay.Length)

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``who was chosen to go stays chosen, whatever happens to the others`` (Look.At observed) =
    let mark change (meta: Kubernetes.Meta) observed =
        match Names.indexOf observed.Meta.Name meta.Name with
        | Some index -> change index observed
        | None -> observed

    let chosen, marked =
        (([], observed), (decide observed).Actions)
        ||> List.fold (fun (chosen, observed) action ->
            match action with
            | TakeOffline(meta, _) -> meta.Uid :: chosen, mark Given.offline meta observed
            | DeferDeletion meta -> meta.Uid :: chosen, mark Given.deferred meta observed
            | _ -> chosen, observed)

    let later =
        (marked, observed.Instances)
        ||> Map.fold (fun observed index one ->
            if List.contains one.Meta.Uid chosen then observed else Given.broken index observed)

    [ marked; later ]
    |> List.forall (fun observed ->
        (decide observed).Actions
        |> List.forall (fun action ->
            match action with
            | KeepOnline meta
            | CancelDeferral meta -> not (List.contains meta.Uid chosen)
            | _ -> true))

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``no more than one instance that may serve is given a template that restarts it`` (Look.At observed) =
    let wanted = Shared.wantedProcess observed

    (decide observed).Actions
    |> List.choose (fun action ->
        match action with
        | UpdateInstance(meta, _) ->
            observed.Instances
            |> Map.toList
            |> List.map snd
            |> List.tryFind (fun one -> one.Meta.Uid = meta.Uid && one.Process <> wanted && not one.Broken)
        | _ -> None)
    |> List.length
    |> fun restarted -> restarted <= 1

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``a new instance has an index of its own, that nobody left and nobody named`` (Look.At observed) =
    let created =
        (decide observed).Actions
        |> List.choose (fun action ->
            match action with
            | CreateInstance(name, _) -> Names.indexOf observed.Meta.Name name
            | _ -> None)

    let settings = Manifest.settings observed
    let staying = (Plan.ofGroup observed).Staying.Length

    List.distinct created = created
    && staying + created.Length <= settings.Replicas
    && created
       |> List.forall (fun index ->
           not (Map.containsKey index observed.Instances)
           && not (List.contains index settings.OfflineIndexes))

[<Property(Arbitrary = [| typeof<Looks> |])>]
let ``a status that was written is not written again`` (Look.At observed) =
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
