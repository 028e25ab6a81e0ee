module Tikv.Core.Tests.Instance.PropertyTests

open FsCheck
open FsCheck.FSharp
open Tikv.Tests
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests
open Tikv.Core.Tests.Instance

let private decide = Given.decide

module private Reflection =
    /// The name of a union's case.
    let kind (action: Action) =
        let case, _ = FSharp.Reflection.FSharpValue.GetUnionFields(action, typeof<Action>)
        case.Name

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
let ``an instance that is not as desired says why`` (Look.At observed) =
    asDesired observed || not (Decision.isSettled (decide observed))

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 4_000)>]
let ``no decision on an instance breaks a law`` (Look.At observed) =
    let actions = (decide observed).Actions

    Lint.instance observed actions = []
    |> Prop.label $"%A{Lint.instance observed actions} %A{actions}"

[<Property(Arbitrary = [| typeof<Looks> |])>]
let ``deciding twice decides the same`` (Look.At observed) = decide observed = decide observed

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``while PD is silent, nothing is risked but for a broken process or a cluster that ends``
    (Look.At observed)
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
let ``a PD that falls silent never makes an instance bolder`` (Look.At observed) =
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

/// Steps that take down, or take for good, something that serves.
let private disruptive (observed: Observed) =
    let isBroken =
        observed.Pod
        |> Option.forall (fun pod -> not pod.Running || pod.Phase = "Failed" || pod.Phase = "Succeeded")

    let isOut =
        match observed.Pod, Seen.facts observed with
        | Some pod, Some facts -> (Evidence.alreadyOut pod observed facts).IsSome
        | _ -> false

    if isBroken || isOut then
        []
    else
        (decide observed).Actions
        |> List.filter (fun action ->
            action.IsRestartPod || action.IsRemoveStore || action.IsTransferPdLeader)

/// What may go wrong elsewhere, visibly.
let private failures: (Observed -> Observed) list = [
    Given.down 0
    Given.down 1
    Given.down 0 >> Given.down 1
    Given.unhealthy 0
    Given.unhealthy 2
    Given.cold
    Given.silent
    Given.removing 3
]

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``a failure that is seen elsewhere takes no healthy instance down (V I63)`` (Look.At observed) =
    let before = disruptive observed |> List.length

    failures
    |> List.forall (fun fail -> before > 0 || (disruptive (fail observed)).IsEmpty)

/// What is done, and why it is waited. Which of several silent stores a reason names is the first by its id, and facts come
/// in that order.
let private outcome (decision: Decision<Action, Reason>) =
    decision.Actions, decision.Waiting |> List.map Reason.code

/// The order in which PD lists things is chance.
let private shuffled (observed: Observed) =
    observed
    |> Given.withFacts (fun facts -> {
        facts with
            Members = List.rev facts.Members
            Stores = List.rev facts.Stores
    })

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``the order of lists decides nothing (V I64)`` (Look.At observed) =
    outcome (decide (shuffled observed)) = outcome (decide observed)

let private renamed (observed: Observed) =
    let rename (StoreId id) = StoreId(id * 1_000UL + 7UL)

    let reprint (id: string) =
        let (StoreId id) = rename (StoreId(System.UInt64.Parse id))
        string id

    let relabel (meta: Meta) =
        match meta.Labels |> Map.tryFind Labels.storeId with
        | Some id -> { meta with Labels = meta.Labels |> Map.add Labels.storeId (reprint id) }
        | None -> meta

    let rewrite (status: InstanceStatus) = {
        status with
            Volumes =
                status.Volumes
                |> List.map (fun volume -> { volume with DataOf = volume.DataOf |> Option.map reprint })
    }

    {
        observed with
            Claims =
                observed.Claims
                |> Map.map (fun _ claim -> { claim with Meta = relabel claim.Meta })
    }
    |> Given.withFacts (fun facts -> {
        facts with
            Stores = facts.Stores |> List.map (fun store -> { store with Id = rename store.Id })
            Evicting = facts.Evicting |> Set.map rename
    })
    |> Given.withTikvRole (fun (spec, status) ->
        spec, { status with Id = status.Id |> Option.map rename; Instance = rewrite status.Instance })
    |> Given.withMark (fun mark -> { mark with Store = mark.Store |> Option.map rename })

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``the numbers of stores decide nothing (V I64)`` (Look.At observed) =
    let kinds (decision: Decision<Action, Reason>) =
        decision.Actions |> List.map Reflection.kind, decision.Waiting |> List.map Reason.code

    kinds (decide (renamed observed)) = kinds (decide observed)

/// Everything, the clocks included, happens some time later.
let private later (seconds: float) (observed: Observed) =
    let shift (text: string) =
        match Timestamp.tryParse text with
        | Some at -> Timestamp.print (at.AddSeconds seconds)
        | None -> text

    {
        observed with
            Clock = observed.Clock.AddSeconds seconds
            Meta = {
                observed.Meta with
                    DeletionTimestamp = observed.Meta.DeletionTimestamp |> Option.map shift
            }
    }
    |> Given.withPod (fun pod -> {
        pod with
            ReadySince = shift pod.ReadySince
            Meta = {
                pod.Meta with
                    CreationTimestamp = shift pod.Meta.CreationTimestamp
                    DeletionTimestamp = pod.Meta.DeletionTimestamp |> Option.map shift
            }
    })
    |> Given.withMark (fun mark -> {
        mark with
            Since = shift mark.Since
            HeardAt = mark.HeardAt |> Option.map shift
            Until = mark.Until |> Option.map shift
            Ended = mark.Ended |> Option.map shift
    })
    |> Given.withClusterStatus (fun status -> {
        status with
            Disruption =
                status.Disruption
                |> Option.map (fun held -> {
                    held with
                        Since = shift held.Since
                        Others = held.Others |> List.map (fun one -> { one with Since = shift one.Since })
                })
    })
    |> Given.withFacts (fun facts -> {
        facts with
            Stores =
                facts.Stores
                |> List.map (fun store -> {
                    store with
                        StartTimestamp = store.StartTimestamp + int64 seconds
                        LastHeartbeat =
                            store.LastHeartbeat
                            |> Option.map (fun at -> at + int64 seconds * 1_000_000_000L)
                })
    })

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``the same some time later is decided the same (V I65)`` (Look.At observed) (hours: uint16) =
    let kinds (decision: Decision<Action, Reason>) =
        decision.Actions |> List.map Reflection.kind, decision.Waiting |> List.map Reason.code

    kinds (decide (later (3600.0 * float hours) observed)) = kinds (decide observed)

[<Property(Arbitrary = [| typeof<Looks> |], MaxTest = 2_000)>]
let ``at most one step with a risk is taken at a time, claims excepted`` (Look.At observed) =
    risky observed
    |> List.filter (fun action -> not action.IsRemoveClaim)
    |> List.length
    <= 1

/// Found by `build.fsx hunt`, shrunk.
[<NUnit.Framework.Test>]
let ``a member that has only half joined is itself none of the others that have to be healthy`` () =
    let observed =
        Looks.Named "a member" [
            "the instance was never registered"
            "member 1 has only half joined"
            "it holds the disruption"
            "its node is cordoned"
        ]
        |> _.Observed

    match (decide observed).Actions with
    | [ RestartPod _ ] as actions ->
        NUnit.Framework.Assert.That(Lint.instance observed actions, NUnit.Framework.Is.Empty)
    | other -> failwith $"%A{other}"

[<Property(Arbitrary = [| typeof<Looks> |])>]
let ``a status that was written is not written again`` (Look.At observed) =
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
