/// What an action that can do harm rests on. Each piece of evidence has one maker, which looks; an action that asks for
/// it cannot be written down by anybody who has not looked (architecture, laws 2-7).
module Tikv.Core.Instance.Evidence

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance.MemberEvidence

// ---- the cluster as a whole

/// The Cluster's single disruption is held by this life of this instance (law 3), alone or with others of its failure
/// domain.
type HeldDisruption = private HeldDisruption of Holder: Uid

let heldDisruption (observed: Observed) =
    if Seen.holdsDisruption observed then Some(HeldDisruption observed.Meta.Uid) else None

/// PD speaks for this cluster, with a leader and a quorum, it has heard of the regions' leaders, and it is no outage
/// (law 6).
type NotFrozen = private NotFrozen of Cluster: ClusterId

/// More stores than max(1, (n-1)/2) silent are an outage or a partition, not the failure of an instance (V I25): how many,
/// of how many.
let outage (facts: PdFacts) =
    let stores = Seen.tikvStores facts
    let silent = stores |> List.filter (Seen.hears facts >> not)

    if silent.Length > max 1 ((stores.Length - 1) / 2) then Some(silent.Length, stores.Length) else None

/// Without a quorum the answer is that of a member on the wrong side of a partition (V T66): how many are healthy, of how
/// many.
let minority (facts: PdFacts) =
    let ill = facts.Members |> List.filter (fun one -> not one.Healthy)

    if Quorum.isKept facts.Members.Length ill.Length then
        None
    else
        Some(facts.Members.Length - ill.Length, facts.Members.Length)

/// A PD that has just started knows the regions and not yet their leaders: its counts are no evidence until it has heard
/// of nearly all (V P14, I24). The two numbers are not of one instant, hence the 1 %.
let private cold (facts: PdFacts) =
    let known = facts.Stores |> List.sumBy _.Leaders

    if int64 known * 100L < int64 facts.Regions * 99L then
        Some(LeadersUnknown(known, facts.Regions))
    else
        None

let notFrozen (observed: Observed) =
    match Seen.facts observed, Seen.clusterId observed with
    | Some facts, Some id ->
        match minority facts, outage facts, cold facts with
        | Some lack, _, _ -> Error(QuorumAtRisk lack)
        | None, Some silent, _ -> Error(StoresSilent silent)
        | None, None, Some reason -> Error reason
        | None, None, None -> Ok(NotFrozen id)
    | _ -> Error(Seen.pdReason observed)

/// The Cluster is being deleted, or is gone: nothing is drained, and nobody is left to be kept in quorum.
type ClusterEnds = private ClusterEnds of Instance: Uid

let clusterEnds (observed: Observed) =
    if Seen.deleting observed && Seen.clusterEnds observed then
        Some(ClusterEnds observed.Meta.Uid)
    else
        None

/// The user asked for a cluster without processes; PD stops once the Cluster has recorded that TiKV has (L B24).
type SuspensionAsked = private SuspensionAsked of Instance: Uid

let suspensionAsked (observed: Observed) =
    if Seen.suspended observed && (observed.Role.IsTiKV || Seen.storesStopped observed) then
        Some(SuspensionAsked observed.Meta.Uid)
    else
        None

/// The user gave the instance up, and PD cannot let it go: it does not answer, or does not know it, or there is no other
/// member to agree. While PD can, the usual way is taken all the same.
type Abandoned = private Abandoned of Instance: Uid

let abandoned (observed: Observed) =
    let isAsked =
        Seen.deleting observed
        && observed.Meta.Annotations |> Map.tryFind Annotations.abandon = Some "true"

    let isLost =
        match Seen.facts observed, observed.Role with
        | None, _ -> true
        | Some facts, TiKV _ -> (Seen.storeOf observed facts).IsNone
        | Some facts, PD _ ->
            match Seen.memberOf observed facts, facts.Members with
            | Some self, [ only ] -> self.Id = only.Id
            | _ -> false

    if isAsked && isLost then Some(Abandoned observed.Meta.Uid) else None

// ---- the Pod

/// The container of this life of the Pod does not run: there is nothing to be disrupted.
type NotServing = private NotServing of Pod: Uid

let notServing (pod: PodView) =
    if not pod.Running || pod.Phase = "Failed" || pod.Phase = "Succeeded" then
        Some(NotServing pod.Meta.Uid)
    else
        None

// ---- stores of TiKV

/// The leaders of the store have moved away, or waiting for that is over or pointless (V I18).
type LeadersGone =
    private
    | NoneLed of Store: StoreId
    | WaitedLongEnough of Store: StoreId
    | NowhereToGo
    | StaysAnyway of Store: StoreId

/// Stores that could take the leaders of this one.
let private takers (store: Store) (facts: PdFacts) =
    facts.Stores
    |> List.filter (fun one ->
        one.Id <> store.Id
        && Seen.lives one
        && Seen.isTikv one
        && not (Set.contains one.Id facts.Evicting))

/// An entry would find nobody to take the leaders, or would leave one store for all of them (V I32).
let private nowhere store (facts: PdFacts) = facts.MaxReplicas <= 1 || (takers store facts).Length < 2

/// Moments are written in whole seconds, cut: what is written down may have been nearly so much later.
let private cut = System.TimeSpan.FromSeconds 1L

/// Both clocks have to agree that the time is up, the operator's and PD's: one that jumps cuts no wait short (L F40). Of an
/// entry of ours that was not heard of yet, only PD's absence of any heartbeat leaves the operator's alone.
let private isLate (timeout: System.TimeSpan) (mark: EvictionMark) (store: Store) (observed: Observed) facts =
    let passed moment now =
        Timestamp.tryParse moment
        |> Option.forall (fun since -> now - since >= timeout + cut)

    let newest = System.DateTimeOffset.FromUnixTimeMilliseconds(Seen.newestHeartbeat facts / 1_000_000L)

    passed mark.Since observed.Clock
    && (match mark.HeardAt with
        | Some heard -> passed heard newest
        | None -> mark.Store.IsNone || store.LastHeartbeat.IsNone)

/// A heartbeat later than the entry.
let private isConfirmed (mark: EvictionMark) (store: Store) =
    match
        mark.HeardAt |> Option.bind Timestamp.tryParse, Seen.heardAt store |> Option.bind Timestamp.tryParse
    with
    | Some before, Some now -> now > before
    | _ -> false

/// Since when leaders are waited for while somebody else's entry moves them: we have no mark then.
let private sinceClaimed (observed: Observed) =
    Seen.asHolder observed
    |> Option.map (fun held -> {
        Since = held.Since
        Store = None
        Leaders = None
        HeardAt = None
        Until = None
        Ended = None
    })

/// Kubernetes says that the process serves, and it is to be taken down: one that leaves the cluster runs on.
let private mayServe (observed: Observed) =
    let leaves =
        match observed.Role with
        | TiKV(spec, _) -> spec.Offline || Seen.deleting observed
        | PD _ -> false

    not leaves
    && observed.Pod
       |> Option.exists (fun pod -> pod.Ready && pod.Meta.DeletionTimestamp.IsNone)

/// The deadline runs only under an entry. One that was lost, or that has just ended as the store was to stay, keeps no leader
/// away: whoever is to be restarted after it waits anew.
let leadersGone (store: Store option) (observed: Observed) (facts: PdFacts) =
    match store, observed.Role with
    | None, _
    | _, PD _ -> Ok NowhereToGo
    | Some store, TiKV(spec, status) ->
        let isEvicted = Set.contains store.Id facts.Evicting
        let timeout = spec.Eviction.EvictLeaderTimeout
        let waits = spec.Eviction.EvictLeaderPolicy = EvictLeaderPolicy.Hold

        let mark =
            status.Evicting
            |> Option.filter (fun mark -> mark.Store = Some store.Id && mark.Ended.IsNone)

        let begun = mark |> Option.orElse (if isEvicted then sinceClaimed observed else None)

        match mark with
        | mark when timeout = System.TimeSpan.Zero && (mark.IsNone || not isEvicted) -> Ok NowhereToGo
        | _ when nowhere store facts && not isEvicted -> Ok NowhereToGo
        // Whom PD does not hear from leads nothing, when it has heard of all leaders from others. A process that may be only
        // slow, or cut off from PD, could lead again before it is taken down: it needs the entry.
        | _ when store.Leaders = 0 && not (Seen.hears facts store) && not (mayServe observed) ->
            Ok(NoneLed store.Id)
        | Some mark when isEvicted && store.Leaders = 0 && isConfirmed mark store -> Ok(NoneLed store.Id)
        | None when isEvicted && store.Leaders = 0 -> Ok(NoneLed store.Id)
        | _ when
            isEvicted
            && not waits
            && begun |> Option.exists (fun begun -> isLate timeout begun store observed facts)
            ->
            Ok(WaitedLongEnough store.Id)
        | _ when isEvicted && store.Leaders = 0 -> Error LeadersUnconfirmed
        | _ -> Error(LeadersRemain store.Leaders)

/// PD refuses: fewer Up ones than max-replicas would be left, dead ones counted too. No leader has to move.
let staysAnyway (store: Store) (facts: PdFacts) =
    let isUp (one: Store) = one.Id <> store.Id && one.StoreState = StoreState.Up
    let up = facts.Stores |> List.filter isUp

    if up.Length < facts.MaxReplicas then Some(StaysAnyway store.Id) else None

/// So many living stores remain without this one that every replica has a place of its own, not counting those whose Pod
/// is being stopped or does not run, no other store is on its way out, and none that holds regions is silent while this
/// one is heard: their regions would have no majority on stores that stay (V I05, I06). PD itself counts dead ones too,
/// and no places; people may leave it to PD (L F10).
type EnoughStores = private EnoughStores of Store: StoreId

let enoughStores (store: Store) (observed: Observed) (facts: PdFacts) =
    let left =
        takers store facts
        |> List.filter (fun one ->
            Seen.isOurs observed one
            && not (Set.contains (Address.pod one.Address) observed.Stopping))

    let domains stores =
        stores
        |> List.choose (fun one -> one.Labels |> Map.tryFind facts.IsolationLevel)
        |> List.distinct
        |> List.length

    let after, needed = domains left, min facts.MaxReplicas (domains (store :: left))

    let leaving =
        Seen.tikvStores facts
        |> List.filter (fun one -> one.Id <> store.Id && one.NodeState = NodeState.Removing)

    let silent =
        Seen.tikvStores facts
        |> List.filter (fun one -> one.Id <> store.Id && one.Regions > 0 && not (Seen.hears facts one))

    match leaving with
    | _ when
        left.Length < facts.MaxReplicas
        && not (
            Gate.overridden observed.Clock observed.Overrides
            |> Set.contains Gate.MinReplicasAfter
        )
        ->
        Error(StoresTooFew(left.Length, facts.MaxReplicas))
    | _ when facts.IsolationLevel <> "" && after < needed ->
        Error(DomainsTooFew(facts.IsolationLevel, after, needed))
    | other :: _ -> Error(OtherStoreLeaves other.Address)
    | [] when Seen.hears facts store && not silent.IsEmpty ->
        Error(StoresSilent(silent.Length, (Seen.tikvStores facts).Length))
    | [] -> Ok(EnoughStores store.Id)

/// PD calls the store Removed, by its recorded id, and knows of no region on it; or it did, and has forgotten it since
/// (V I02, P08).
type StoreGone = private StoreGone of Instance: Uid

let private storeGone (observed: Observed) (facts: PdFacts) =
    match observed.Role, Seen.storeOf observed facts with
    | TiKV _, Some store when store.NodeState = NodeState.Removed && store.Regions = 0 ->
        Some(StoreGone observed.Meta.Uid)
    | TiKV(_, status), None when status.State = Some Api.StoreState.Removed ->
        Some(StoreGone observed.Meta.Uid)
    | _ -> None

/// The stores of those who hold the disruption together with this one: all may be down together.
type Partners = private Partners of Stores: Set<StoreId>

let private storeOfHolder (observed: Observed) facts (holder: DisruptionHolder) =
    observed.Peers
    |> Map.tryFindKey (fun _ name -> name = holder.Name)
    |> Option.bind (Domains.storeOfPod facts)

/// The stores of others, and this one's, share a failure domain.
let private withStores (store: Store option) observed facts (others: DisruptionHolder list) =
    let found = others |> List.map (fun one -> one, storeOfHolder observed facts one)

    match store, found |> List.tryFind (snd >> Option.isNone) with
    | None, _ -> Error(Alone.StoreUnknown observed.Meta.Name)
    | _, Some(lost, _) -> Error(Alone.StoreUnknown lost.Name)
    | Some store, None ->
        let stores = found |> List.choose (snd >> Option.map _.Id) |> Set.ofList

        Domains.together facts (Set.add store.Id stores)
        |> Result.map (fun domain -> domain, stores)

let partners (store: Store option) (observed: Observed) (facts: PdFacts) =
    let others =
        if Seen.holdsDisruption observed then
            Seen.disruption observed
            |> Disruption.allHolders
            |> List.filter (fun one -> one.Uid <> observed.Meta.Uid)
        else
            []

    if others.IsEmpty then
        Ok(Partners Set.empty)
    else
        withStores store observed facts others |> Result.map (snd >> Partners)

/// The group of an instance, by its name.
let private groupOf (name: string) = name.Substring(0, max 0 (name.LastIndexOf '-'))

/// Only processes that are to come back at once share a disruption.
let sharable = "RollingUpdate"

/// The disruption that another instance of the group holds, as it would be with this one: none where no more than one at a
/// time is asked for, or it is of another kind.
let joined why (store: Store option) (observed: Observed) (facts: PdFacts) =
    match Seen.disruption observed with
    | Some held when
        observed.Role.IsTiKV
        && why = sharable
        && held.Reason = sharable
        && not (Seen.holdsDisruption observed)
        && (Disruption.holders held).Length < observed.MaxUnavailable
        && Disruption.holders held
           |> List.forall (fun one ->
               one.Kind = Component.TiKV && groupOf one.Name = groupOf observed.Meta.Name)
        ->
        withStores store observed facts (Disruption.holders held)
        |> Result.map (fun (domain, _) -> {
            held with
                Domain = Some domain
                Others =
                    held.Others
                    @ [
                        {
                            Kind = Component.TiKV
                            Name = observed.Meta.Name
                            Uid = observed.Meta.Uid
                            Since = Timestamp.print observed.Clock
                        }
                    ]
        })
        |> Some
    | _ -> None

/// All other stores that hold regions are heard from, those apart that may be down together with this one: no region loses
/// its majority with it (V I15, I17).
type OthersHeard = private OthersHeard of Store: StoreId voption

let othersHeard (Partners partners) (self: Store option) (facts: PdFacts) =
    let id = self |> Option.map _.Id

    let others =
        Seen.tikvStores facts
        |> List.filter (fun one -> Some one.Id <> id && not (Set.contains one.Id partners))

    // A store that was silent for long enough has no regions left: PD has replaced them, and it is missed no more.
    match others |> List.filter (fun one -> one.Regions > 0 && not (Seen.hears facts one)) with
    | [] -> Ok(OthersHeard(id |> Option.toValueOption))
    | silent -> Error(StoresSilent(silent.Length, others.Length + (if self.IsSome then 1 else 0)))

// ---- what is left of an instance

/// It was never a part of the cluster: no id is recorded, and PD, asked after its Pod was made, lists nothing of it; or
/// there is no cluster that could.
type NeverPart = private NeverPart of Instance: Uid

let private neverPart (observed: Observed) =
    let isRecorded, isListed =
        match observed.Role, Seen.facts observed with
        | PD(_, status), facts ->
            status.Id.IsSome, facts |> Option.map (fun facts -> (Seen.memberOf observed facts).IsSome)
        | TiKV(_, status), facts ->
            status.Id.IsSome, facts |> Option.map (fun facts -> (Seen.storeOf observed facts).IsSome)

    let hasNoCluster =
        observed.Pod.IsNone
        && (Seen.clusterId observed).IsNone
        && (observed.Role.IsTiKV || observed.Config.IsNone)

    match isRecorded, isListed with
    | false, Some false -> Some(NeverPart observed.Meta.Uid)
    | false, None when hasNoCluster -> Some(NeverPart observed.Meta.Uid)
    | _ -> None

/// The instance has no part in the cluster any more.
type Departed =
    | StoreDeparted of StoreGone
    | MemberDeparted of MemberGone
    | NothingDeparted of NeverPart
    | ClusterDeparted of ClusterEnds
    | GivenUp of Abandoned

let departed (observed: Observed) : Departed option =
    let left =
        match clusterEnds observed, neverPart observed, Seen.facts observed with
        | Some ends, _, _ -> Some(ClusterDeparted ends)
        | None, Some never, _ -> Some(NothingDeparted never)
        | None, None, None -> None
        | None, None, Some facts ->
            match observed.Role with
            | PD _ -> memberGone observed facts |> Option.map MemberDeparted
            | TiKV _ -> storeGone observed facts |> Option.map StoreDeparted

    left |> Option.orElse (abandoned observed |> Option.map GivenUp)

/// No Pod of the instance is left.
type PodGone = private PodGone of Instance: Uid

let podGone (observed: Observed) =
    match observed.Pod with
    | Some pod when Seen.owns observed pod.Meta -> None
    | _ -> Some(PodGone observed.Meta.Uid)

/// Whoever decides over the data wants it deleted: the Cluster's policy when all ends, else the instance's. Of what was
/// given up nobody can tell that the data is elsewhere.
let wantsDataDeleted departed (observed: Observed) =
    let policy =
        match departed with
        | GivenUp _ -> None
        | ClusterDeparted _ -> observed.Cluster |> Option.map _.Spec.DeletionPolicy
        | StoreDeparted _
        | MemberDeparted _
        | NothingDeparted _ -> Some (Seen.settings observed).VolumeReclaimPolicy

    Seen.deleting observed && policy = Some ReclaimPolicy.Delete

/// The data is to be deleted, and no Pod uses it (law 7).
type DataDisowned = private DataDisowned of Instance: Uid

let dataDisowned departed (observed: Observed) =
    if wantsDataDeleted departed observed && observed.Pod.IsNone then
        Some(DataDisowned observed.Meta.Uid)
    else
        None

// ---- what actions ask for

/// Neither Kubernetes nor PD counts on the process: there is nothing to be disrupted by its restart.
type AlreadyOut = private AlreadyOut of Pod: Uid

let alreadyOut (pod: PodView) (observed: Observed) (facts: PdFacts) =
    let isOut =
        match observed.Role with
        | PD _ ->
            match Seen.memberOf observed facts with
            | None -> true
            | Some self -> not self.Healthy && not pod.Ready
        | TiKV(_, status) ->
            match Seen.storeOf observed facts with
            | None -> status.Id.IsNone
            | Some store -> not (Seen.hears facts store) && not pod.Ready

    if isOut then Some(AlreadyOut pod.Meta.Uid) else None

/// Why a healthy process may be taken down.
type RestartGrounds =
    | MemberRests of HeldDisruption * NotFrozen * QuorumKept * NotLeading
    | StoreRests of HeldDisruption * NotFrozen * OthersHeard * LeadersGone
    | Unneeded of NotFrozen * AlreadyOut

/// Why a Pod may be taken away for good, or replaced.
type RemovalGrounds =
    | Broken of NotServing
    | Left of Departed
    | Suspended of SuspensionAsked

/// Why PD may be started in bootstrap mode: the first bootstrap goes on for this member (law 7).
type FirstBootstrap = private FirstBootstrap of Instance: Uid

let firstBootstrap (observed: Observed) =
    match Seen.entry observed with
    | Bootstraps -> Some(FirstBootstrap observed.Meta.Uid)
    | EntryUnknown
    | Joins -> None
