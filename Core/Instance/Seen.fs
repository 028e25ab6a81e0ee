/// What follows from one look at an instance, each question answered once.
module Tikv.Core.Instance.Seen

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let settings (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> spec.Instance
    | TiKV(spec, _) -> spec.Instance

/// What follows from the specification, where it has been worked out.
let prints (observed: Observed) : Prints option =
    match observed.Role with
    | PD(spec, _) -> observed.Prints |> Derived.tryOf spec
    | TiKV(spec, _) -> observed.Prints |> Derived.tryOf spec

let template (observed: Observed) =
    match observed.Role with
    | PD(spec, _) -> spec.Template.Component
    | TiKV(spec, _) -> spec.Template.Component

let status (observed: Observed) =
    match observed.Role with
    | PD(_, status) -> status.Instance
    | TiKV(_, status) -> status.Instance

let kind (observed: Observed) =
    match observed.Role with
    | PD _ -> Kind.PD
    | TiKV _ -> Kind.TiKV

let podName (observed: Observed) = Defaults.podName observed.Meta.Name (settings observed)

let claimName (observed: Observed) (volume: Volume) =
    Defaults.volumeClaimName observed.Meta.Name (settings observed) volume.Name

let deleting (observed: Observed) = observed.Meta.DeletionTimestamp.IsSome

/// The whole cluster goes, or has gone: nothing is drained, and nothing is left to be kept in quorum.
let clusterEnds (observed: Observed) =
    match observed.Cluster with
    | Some cluster -> cluster.Meta.DeletionTimestamp.IsSome
    | None -> not observed.ClusterUnreadable

let paused (observed: Observed) =
    match observed.Cluster with
    | Some cluster -> cluster.Spec.Paused
    | None -> false

let suspended (observed: Observed) =
    match observed.Cluster with
    | Some cluster -> cluster.Spec.SuspendAction.SuspendCompute
    | None -> false

/// The Cluster has recorded that TiKV is asleep: PD may stop, and a store may not start.
let storesStopped (observed: Observed) =
    observed.Cluster
    |> Option.exists (fun cluster -> List.contains Component.TiKV cluster.Status.Stopped)

/// The cluster id that was recorded, once and for ever.
let clusterId (observed: Observed) = observed.Cluster |> Option.bind _.Status.Id

/// Facts of PD about *this* cluster: an answer of another cluster (a reused address, a second bootstrap) is no answer.
let facts (observed: Observed) =
    match observed.Pd, clusterId observed with
    | PdView.Answered facts, Some id when facts.ClusterId <> id -> None
    | PdView.Answered facts, _ -> Some facts
    | (PdView.Unasked | PdView.Silent _), _ -> None

/// When PD was asked for the facts, by the operator's wall clock.
let askedAt (observed: Observed) (facts: PdFacts) = observed.Clock - Instant.since facts.AskedAt observed.At

/// Why there are no facts.
let pdReason (observed: Observed) =
    match observed.Pd, clusterId observed with
    | PdView.Answered facts, Some(ClusterId id) when facts.ClusterId <> ClusterId id ->
        let (ClusterId other) = facts.ClusterId
        PdSilent $"another cluster (id %d{other}) answers at its address; the id of this one is %d{id}"
    | PdView.Silent problem, _ -> PdSilent problem
    | (PdView.Answered _ | PdView.Unasked), _ -> PdNotAsked

/// The member that bears this instance's name, or that listens where it would (a half-joined member has no name: P 24).
let memberOf (observed: Observed) (facts: PdFacts) =
    let name = podName observed
    let host = "//" + name + "."

    facts.Members
    |> List.tryFind (fun one ->
        one.Name = name
        || one.Name = ""
           && one.PeerUrls |> List.exists _.Contains(host, StringComparison.Ordinal))

/// PD lists the member since it was started: a member of a static `initial-cluster` is listed before that, without client
/// URLs (P 2), and one that is joining without a name (P 24).
let hasStarted (one: MemberFact) = one.Name <> "" && not one.ClientUrls.IsEmpty

/// A first bootstrap goes on while no cluster id is recorded, and after that for a member that PD lists and that has never
/// started: `join` would be refused as a duplicate (P 24), and it cannot bootstrap a second cluster, since the others are a
/// quorum of the recorded one.
let entry (observed: Observed) =
    match observed.Role with
    | PD(spec, status) when not spec.InitialCluster.IsEmpty && status.Id.IsNone ->
        match clusterId observed, facts observed with
        | None, _ -> Bootstraps
        | Some _, None -> EntryUnknown
        | Some _, Some facts ->
            match memberOf observed facts with
            | Some self when self.Name <> "" && self.ClientUrls.IsEmpty -> Bootstraps
            | _ -> Joins
    | PD _
    | TiKV _ -> Joins

/// The store that this instance is. A recorded id is the identity; an address serves only until there is one, and never
/// for a tombstone: that is another's who had the name before, and its successor may share the address (T S13).
let storeOf (observed: Observed) (facts: PdFacts) =
    let recorded =
        match observed.Role with
        | TiKV(_, status) -> status.Id
        | PD _ -> None

    match
        recorded
        |> Option.bind (fun id -> facts.Stores |> List.tryFind (fun store -> store.Id = id))
    with
    | Some store when store.NodeState <> NodeState.Removed -> Some store
    | known ->
        // The host part of a store's address is the Pod's DNS name, whatever its form.
        let host = podName observed + "."

        facts.Stores
        |> List.filter (fun store ->
            store.NodeState <> NodeState.Removed
            && store.Address.StartsWith(host, StringComparison.Ordinal))
        |> List.tryLast
        |> Option.orElse known

/// A store that PD hears from and counts on.
let lives (store: Store) =
    store.StateName = "Up"
    && (store.NodeState = NodeState.Preparing || store.NodeState = NodeState.Serving)

/// Stores of other engines (TiFlash, T 50) hold no voters.
let isTikv (store: Store) = store.Labels |> Map.tryFind "engine" <> Some "tiflash"

/// The stores of TiKV that are part of the cluster still.
let tikvStores (facts: PdFacts) =
    facts.Stores
    |> List.filter (fun one -> one.NodeState <> NodeState.Removed && isTikv one)

/// The newest of all heartbeats, in nanoseconds: PD's own clock was there.
let newestHeartbeat (facts: PdFacts) = facts.Stores |> List.choose _.LastHeartbeat |> List.fold max 0L

/// How long after the newest of all heartbeats an older one counts as silence, in nanoseconds: PD says `Disconnected`
/// after 20 s.
let private silence = 30_000_000_000L

/// PD hears from the store. An Offline one is never shown as silent (P 13): its heartbeat is compared with the newest of all.
let hears (facts: PdFacts) (store: Store) =
    match store.StateName, store.LastHeartbeat with
    | "Up", _ -> true
    | "Offline", Some heartbeat -> newestHeartbeat facts - heartbeat <= silence
    | _ -> false

/// When PD last heard from the store (RFC 3339, PD's clock).
let heardAt (store: Store) =
    store.LastHeartbeat
    |> Option.map (fun nanoseconds ->
        Timestamp.print (DateTimeOffset.FromUnixTimeMilliseconds(nanoseconds / 1_000_000L)))

/// How long the process had run at the store's last heartbeat: PD's own reckoning of its uptime.
let uptime (store: Store) =
    store.LastHeartbeat
    |> Option.map (fun nanoseconds ->
        TimeSpan.FromSeconds(float (nanoseconds / 1_000_000_000L - store.StartTimestamp)))

/// The store is that of an instance of ours: the host part of its address is the name of a Pod of one (L F34).
let isOurs (observed: Observed) (store: Store) = observed.Peers |> Map.containsKey (Address.pod store.Address)

/// The single disruption of the cluster, whoever holds it.
let disruption (observed: Observed) = observed.Cluster |> Option.bind _.Status.Disruption

/// This life of this instance among those that hold the disruption.
let asHolder (observed: Observed) =
    disruption observed |> Option.bind (Disruption.tryHolder observed.Meta.Uid)

let holdsDisruption observed = (asHolder observed).IsSome

/// The claims that the instance should have, in the order of its volumes.
let wantedClaims (observed: Observed) =
    (template observed).Volumes
    |> List.map (fun volume -> volume, claimName observed volume)

/// An object under our name counts as ours when this life of the instance owns it.
let owns (observed: Observed) (meta: Meta) =
    meta.OwnerReferences
    |> List.exists (fun owner -> owner.Uid = observed.Meta.Uid && owner.Controller)

/// The time since such a moment.
let since (text: string) (observed: Observed) =
    Timestamp.tryParse text |> Option.map (fun at -> observed.Clock - at)

/// Reasons for which PD's word alone makes an instance not Ready.
let private wordsOfPd =
    [
        StoreNotServing ""
        StoreNotRegistered
        MemberUnhealthy
        MemberNotJoined
        PdSilent ""
        FactsOutOfDate
    ]
    |> List.map Reason.code
    |> Set.ofList

/// The status says by PD's word that the instance does not serve, and the facts are older than that: another operator, which
/// asked PD later, has written it. A moment that is still to come is one of another clock, and says nothing.
let areOutOfDate (observed: Observed) (facts: PdFacts) =
    match (status observed).Conditions |> Condition.tryFind ConditionType.Ready with
    | Some ready when ready.Status <> ConditionStatus.True && Set.contains ready.Reason wordsOfPd ->
        Timestamp.tryParse ready.LastTransitionTime
        |> Option.exists (fun lost -> askedAt observed facts < lost && lost <= observed.Clock)
    | _ -> false
