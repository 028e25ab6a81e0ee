module Tikv.Core.Tests.Instance.PropertyTests

open FsCheck
open FsCheck.NUnit
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Instance

let private decide = Given.decide

/// Removing what is broken costs nothing, whatever PD says; what goes with the whole cluster needs nobody's quorum.
let private risky (observed: Observed) =
    (decide observed).Actions
    |> List.filter (fun action ->
        match action with
        | RemovePod(_, why, _) when observed.Pod |> Option.exists (fun pod -> not pod.Running) ->
            why <> "TemplateChanged" && why <> "NodeDrain"
        | action -> Action.risk action <> Risk.None)

/// What an instance is to be, said without its rules.
let private asDesired (observed: Observed) =
    let deleted = observed.Meta.DeletionTimestamp.IsSome
    let finalized = List.contains Labels.finalizer observed.Meta.Finalizers

    let running =
        match observed.Cluster, observed.Pod, observed.Config with
        | Some cluster, Some pod, Some config ->
            not cluster.Spec.Paused
            && not cluster.Spec.SuspendAction.SuspendCompute
            && cluster.Status.Disruption
               |> Option.forall (fun held -> held.Uid <> observed.Meta.Uid)
            && pod.Meta.DeletionTimestamp.IsNone
            && pod.Meta.Annotations[Annotations.processRevision] = Revision.ofProcess observed
            && not pod.Meta.OwnerReferences.IsEmpty
            && not config.Meta.OwnerReferences.IsEmpty
            && observed.Claims.Count = 1
            && observed.Claims
               |> Map.forall (fun _ claim ->
                   claim.Meta.DeletionTimestamp.IsNone && not claim.Meta.Labels.IsEmpty)
        | _ -> false

    let ready = observed.Pod |> Option.exists _.Ready

    let part =
        match observed.Pd, observed.Role with
        | PdView.Answered facts, PD _ ->
            facts.Members
            |> List.exists (fun one -> one.Name = observed.Meta.Name && one.Healthy)
        | PdView.Answered facts, TiKV(_, status) ->
            status.Evicting.IsNone
            && facts.Stores
               |> List.exists (fun store ->
                   store.Id = Given.storeId 2
                   && store.StateName = "Up"
                   && store.NodeState = NodeState.Serving)
        | (PdView.Silent _ | PdView.Unasked), _ -> false

    let left =
        match observed.Cluster, observed.Pd, observed.Role with
        | Some cluster, PdView.Answered facts, TiKV(spec, status) when spec.Offline ->
            not cluster.Spec.Paused
            && not cluster.Spec.SuspendAction.SuspendCompute
            && (status.State = Some Api.StoreState.Removed
                || facts.Stores
                   |> List.exists (fun store ->
                       store.Id = Given.storeId 2 && store.NodeState = NodeState.Removed))
        | _ -> false

    if deleted then not finalized else finalized && (running && ready && part || left)

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``an instance that is not as desired says why`` (observed: Observed) =
    asDesired observed || not (Decision.isSettled (decide observed))

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``no decision on an instance breaks a law`` (observed: Observed) =
    Lint.instance observed (decide observed).Actions = []

[<Property(Arbitrary = [| typeof<Looks> |])>]
let ``deciding twice decides the same`` (observed: Observed) = decide observed = decide observed

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``while PD is silent, nothing is risked but for a broken process or a cluster that ends``
    (observed: Observed)
    =
    let observed = Given.silent observed

    Seen.clusterEnds observed
    || Seen.suspended observed
    || (Evidence.abandoned observed).IsSome
    || observed.Role.IsPD && (Seen.entry observed = Bootstraps)
    || risky observed
       |> List.forall (fun action ->
           match action with
           // It ended by itself.
           | RemovePod(_, why, _) -> why.StartsWith "Pod"
           // It never had a part in PD.
           | RemoveClaim _
           | RemoveFinalizer _ -> observed.Pod.IsNone
           | _ -> false)

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``a PD that falls silent never makes an instance bolder`` (observed: Observed) =
    match observed.Pd with
    | PdView.Answered facts when
        observed.Cluster
        |> Option.exists (fun one -> one.Status.Id = Some facts.ClusterId)
        ->
        let bold = risky observed

        // The user's word says what is to be done when PD is silent.
        (Evidence.abandoned (Given.silent observed)).IsSome
        || risky (Given.silent observed)
           |> List.forall (fun action ->
               match action with
               // It ended by itself, or the whole cluster sleeps; an answer of PD may only have put another harmless step
               // before its removal.
               | RemovePod(_, "Suspended", _)
               | RemovePod(_, "PodFailed", _)
               | RemovePod(_, "PodSucceeded", _) -> true
               | action -> List.contains action bold)
    | _ -> true

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``at most one step with a risk is taken at a time, claims excepted`` (observed: Observed) =
    risky observed
    |> List.filter (fun action -> not action.IsRemoveClaim)
    |> List.length
    <= 1

[<Property(Arbitrary = [| typeof<Looks> |])>]
let ``a status that was written is not written again`` (observed: Observed) =
    let decision = decide observed
    let _, first = Report.status observed decision

    let reported =
        match observed.Role with
        | PD(spec, _) ->
            Codec.decode<PDStatus> [ "status" ] first
            |> Result.map (fun status -> { observed with Role = PD(spec, status) })
        | TiKV(spec, _) ->
            Codec.decode<TiKVStatus> [ "status" ] first
            |> Result.map (fun status -> { observed with Role = TiKV(spec, status) })

    match reported with
    | Ok again ->
        let old, now = Report.status again decision
        old = now
    | Error problems -> failwith $"%A{problems}"
