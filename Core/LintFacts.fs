/// What the linter makes of what was observed. It shares no helper with the rules.
module internal Tikv.Core.LintFacts

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let unless holds law = if holds then [] else [ law ]

let facts (observed: Instance.Observed) =
    match observed.Pd with
    | PdView.Answered facts -> Some facts
    | PdView.Silent _
    | PdView.Unasked -> None

let recordedId (observed: Instance.Observed) =
    match observed.Cluster with
    | Some cluster -> cluster.Status.Id
    | None -> None

/// Facts of another cluster than the recorded one count for nothing.
let ownFacts observed =
    match facts observed, recordedId observed with
    | Some facts, Some id when facts.ClusterId <> id -> None
    | facts, _ -> facts

let isPaused (cluster: Object<ClusterSpec, ClusterStatus> option) =
    match cluster with
    | Some cluster -> cluster.Spec.Paused
    | None -> false

let clusterGone (observed: Instance.Observed) =
    match observed.Cluster with
    | Some cluster -> cluster.Meta.DeletionTimestamp.IsSome
    | None -> true

let ownedBy (uid: Uid) (meta: Meta) =
    meta.OwnerReferences
    |> List.exists (fun owner -> owner.Controller && owner.Uid = uid)

let podName (observed: Instance.Observed) =
    let settings =
        match observed.Role with
        | Instance.PD(spec, _) -> spec.Instance
        | Instance.TiKV(spec, _) -> spec.Instance

    settings.PodName |> Option.defaultValue observed.Meta.Name

let storeWithId id (facts: PdFacts) = facts.Stores |> List.tryFind (fun store -> store.Id = id)

let isTiflash (store: Store) =
    store.Labels
    |> Map.exists (fun key value -> key = "engine" && value = "tiflash")

/// Stores that live, may take leaders and hold replicas, besides one.
let livingBeside id (facts: PdFacts) =
    facts.Stores
    |> List.filter (fun store ->
        store.Id <> id
        && store.StateName = "Up"
        && store.StoreState = StoreState.Up
        && not (Set.contains store.Id facts.Evicting)
        && not (isTiflash store))
    |> List.length

/// Law 6 and V I24, I25: why nothing that serves may be taken down now.
let frozen (observed: Instance.Observed) : string option =
    match ownFacts observed with
    | None -> Some "law 5: there are no facts of PD"
    | Some facts ->
        let healthy = facts.Members |> List.filter _.Healthy |> List.length

        let stores =
            facts.Stores
            |> List.filter (fun one -> one.NodeState <> NodeState.Removed && not (isTiflash one))

        let silent =
            stores
            |> List.filter (fun one -> one.StateName = "Down" || one.StateName = "Disconnected")

        let known = facts.Stores |> List.sumBy _.Leaders

        if healthy * 2 <= facts.Members.Length then
            Some "law 6: PD has no quorum of healthy members"
        elif silent.Length > max 1 ((stores.Length - 1) / 2) then
            Some "law 6: too many stores are silent; it is an outage"
        elif float known < 0.99 * float facts.Regions then
            Some "law 6: PD does not know the leaders of the regions yet"
        else
            None

let unlessFrozen observed = frozen observed |> Option.toList

/// Law 7: data goes only when PD has let its owner go, or with the whole cluster, and only as the policy says.
let mayRemoveClaim (observed: Instance.Observed) =
    let settings, left =
        match observed.Role with
        | Instance.PD(spec, status) ->
            spec.Instance,
            (match status.Id, ownFacts observed with
             | None, _ -> true
             | Some id, Some facts -> facts.Members |> List.forall (fun one -> one.Id <> id)
             | Some _, None -> false)
        | Instance.TiKV(spec, status) ->
            spec.Instance,
            (match status.Id, ownFacts observed with
             | None, _ -> true
             | Some id, Some facts ->
                 match storeWithId id facts with
                 | Some store -> store.NodeState = NodeState.Removed && store.Regions = 0
                 | None -> status.State = Some Api.StoreState.Removed
             | Some _, None -> false)

    let byCluster =
        match observed.Cluster with
        | Some cluster ->
            cluster.Meta.DeletionTimestamp.IsSome
            && cluster.Spec.DeletionPolicy = ReclaimPolicy.Delete
        | None -> false

    observed.Meta.DeletionTimestamp.IsSome
    && observed.Pod.IsNone
    && (byCluster || left && settings.VolumeReclaimPolicy = ReclaimPolicy.Delete)

/// PD has not heard from it, or wants nothing of it any more. The state of one that is leaving says nothing (P 13): its last
/// heartbeat is half a minute older than the newest.
let isSilent (facts: PdFacts) (store: Store) =
    let beat (one: Store) = one.LastHeartbeat |> Option.defaultValue 0L
    let newest = facts.Stores |> List.map beat |> List.fold max 0L

    match store.StateName with
    | "Up" -> false
    | "Offline" -> newest - beat store > 30_000_000_000L
    | _ -> true

/// The member that the process of the instance is. One that has only half joined has no name yet, and says where it listens.
let isOwnMember (observed: Instance.Observed) (one: MemberFact) =
    one.Name = podName observed
    || one.Name = ""
       && one.PeerUrls |> List.exists _.Contains("//" + podName observed + ".")

/// Nobody counts on the process: its restart disrupts nothing.
let isOut (observed: Instance.Observed) (facts: PdFacts) =
    let isUnready = observed.Pod |> Option.forall (fun pod -> not pod.Ready)

    match observed.Role with
    | Instance.PD _ ->
        facts.Members
        |> List.filter (isOwnMember observed)
        |> List.forall (fun one -> not one.Healthy && isUnready)
    | Instance.TiKV(_, { Id = Some id }) ->
        isUnready && storeWithId id facts |> Option.exists (isSilent facts)
    | Instance.TiKV _ ->
        facts.Stores
        |> List.forall (fun one ->
            one.NodeState = NodeState.Removed
            || not (one.Address.StartsWith(podName observed + ".", StringComparison.Ordinal)))

let atMostOne isCounted what actions = unless (actions |> List.filter isCounted |> List.length <= 1) what
