/// The laws for one instance: its Pod, its store or member, its volume claims.
module internal Tikv.Core.LintInstance

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.LintFacts

/// V I17, I18: no region is to lose its majority, and leaders were asked to leave if they could.
let private restartOfStore (spec: TiKVSpec) (status: TiKVStatus) partners (facts: PdFacts) = [
    let silent =
        facts.Stores
        |> List.filter (fun one ->
            Some one.Id <> status.Id
            && not (isTiflash one)
            && not (Set.contains one.Id partners)
            && one.Regions > 0
            && (one.StateName = "Down" || one.StateName = "Disconnected"))

    yield!
        unless silent.IsEmpty "no store is restarted while another one that holds regions is silent (V I17)"

    match status.Id |> Option.bind (fun id -> storeWithId id facts) with
    | Some store when store.StateName = "Up" && store.Leaders > 0 ->
        let couldLeave = facts.MaxReplicas > 1 && livingBeside store.Id facts >= 2
        let isListed = Set.contains store.Id facts.Evicting

        yield!
            unless
                (isListed || not couldLeave || spec.Eviction.EvictLeaderTimeout = TimeSpan.Zero)
                "a store is restarted only after its leaders were asked to move away (V I18)"
    | _ -> ()
]

/// V I20-I22: a quorum of the others, all of them healthy, and the leader last.
let private restartOfMember observed (status: PDStatus) (facts: PdFacts) = [
    let own, others =
        facts.Members
        |> List.partition (fun one -> isOwnMember observed one || Some one.Id = status.Id)

    let healthy = others |> List.filter _.Healthy |> List.length
    let leads = own |> List.exists _.IsLeader

    yield!
        unless
            (not leads || facts.Members.Length = 1 || healthy = 0)
            "PD's leader is restarted only after another member leads (V I22)"

    yield!
        unless
            (facts.Members.Length <= 2 || healthy >= facts.Members.Length / 2 + 1)
            "PD keeps a quorum without the member that is restarted (V I20)"

    yield!
        unless (others |> List.forall _.Healthy) "no member is restarted while another is not healthy (V I21)"
]

/// Laws 3, 5 and 6: a healthy process is taken down only by the holder of the disruption, and with facts of PD.
let private restart (observed: Instance.Observed) (pod: Meta) = [
    yield!
        unless
            (observed.Pod
             |> Option.exists (fun seen -> seen.Meta.Uid = pod.Uid && ownedBy observed.Meta.Uid seen.Meta))
            "a Pod is restarted only in the life that was observed, and only by its owner"

    yield! unlessFrozen observed

    match ownFacts observed with
    | None -> ()
    | Some facts when isOut observed facts -> ()
    | Some facts ->
        yield!
            unless
                (LintSharing.isHolder observed)
                "a healthy process is taken down only while its instance holds the cluster's disruption (law 3)"

        match observed.Role with
        | Instance.PD(_, status) -> yield! restartOfMember observed status facts
        | Instance.TiKV(spec, status) ->
            yield! restartOfStore spec status (LintSharing.partners observed facts) facts
            yield! LintSharing.restart observed facts
]

/// What a Pod may be taken away for: it does not run, it is to be suspended, or its instance goes and has left PD.
let private remove (observed: Instance.Observed) (pod: Meta) = [
    yield!
        unless
            (observed.Pod
             |> Option.exists (fun seen -> seen.Meta.Uid = pod.Uid && ownedBy observed.Meta.Uid seen.Meta))
            "a Pod is removed only in the life that was observed, and only by its owner"

    let isBroken =
        observed.Pod
        |> Option.forall (fun seen -> not seen.Running || seen.Phase = "Failed" || seen.Phase = "Succeeded")

    let isSuspended =
        observed.Cluster
        |> Option.exists (fun cluster -> cluster.Spec.SuspendAction.SuspendCompute)

    let isGivenUp = observed.Meta.Annotations |> Map.tryFind Annotations.abandon = Some "true"

    let isTombstone =
        match observed.Role, ownFacts observed with
        | Instance.TiKV(_, { Id = Some id }), Some facts ->
            storeWithId id facts
            |> Option.exists (fun store -> store.NodeState = NodeState.Removed && store.Regions = 0)
        | _ -> false

    let hasLeft =
        observed.Meta.DeletionTimestamp.IsSome
        && (clusterGone observed
            || isGivenUp
            || match observed.Role, ownFacts observed with
               | Instance.PD(_, status), Some facts ->
                   facts.Members
                   |> List.forall (fun one -> Some one.Id <> status.Id && one.Name <> pod.Name)
               | Instance.TiKV(_, { Id = None }), Some _ -> true
               | Instance.TiKV(_, { Id = Some id; State = state }), Some facts ->
                   match storeWithId id facts with
                   | Some store -> store.NodeState = NodeState.Removed && store.Regions = 0
                   | None -> state = Some Api.StoreState.Removed
               | _, None -> false)

    yield!
        unless
            (isBroken || isSuspended || isTombstone || hasLeft)
            "a Pod is removed only when its process does not run, or PD has let it go (V I07, I23)"
]

let private evictionMark (observed: Instance.Observed) =
    match observed.Role with
    | Instance.TiKV(_, { Evicting = Some mark; Id = id }) -> Some(mark.Store |> Option.orElse id)
    | Instance.TiKV _
    | Instance.PD _ -> None

let private holdsClaim observed = LintSharing.isHolder observed

let private isLeaving (observed: Instance.Observed) =
    observed.Meta.DeletionTimestamp.IsSome
    || match observed.Role with
       | Instance.TiKV(spec, _) -> spec.Offline
       | Instance.PD _ -> false

/// The claim that the data was recorded on has been replaced by another: the disk is gone for ever.
let private hasOtherDisk (observed: Instance.Observed) =
    let status, own =
        match observed.Role with
        | Instance.PD(_, status) -> status.Instance, status.Id |> Option.map (fun (MemberId id) -> string id)
        | Instance.TiKV(_, status) -> status.Instance, status.Id |> Option.map (fun (StoreId id) -> string id)

    let recorded =
        status.Volumes
        |> List.filter (fun volume -> volume.DataOf.IsSome && volume.DataOf = own)
        |> List.choose _.ClaimUid

    not observed.Claims.IsEmpty
    && recorded
       |> List.exists (fun recorded ->
           observed.Claims |> Map.forall (fun _ claim -> claim.Meta.Uid <> recorded))

/// A person has said, until a time that has not come, that PD alone decides how many stores are enough (L F10).
let private isBelowReplicasAllowed (observed: Instance.Observed) =
    observed.Overrides.Split ','
    |> Array.exists (fun entry ->
        let entry = entry.Trim()
        let gate = "min-replicas-after@"

        entry.StartsWith(gate, StringComparison.Ordinal)
        && (match
                DateTimeOffset.TryParse(
                    entry.Substring gate.Length,
                    Globalization.CultureInfo.InvariantCulture,
                    Globalization.DateTimeStyles.AssumeUniversal
                )
            with
            | true, until -> until > observed.Clock
            | false, _ -> false))

/// V I04-I06: the store is to leave, it is this instance's, enough others live, and no other leaves.
let private removeStore (observed: Instance.Observed) id = [
    yield!
        unless
            (isLeaving observed || hasOtherDisk observed)
            "a store is removed only when its instance is to leave, or its disk is gone (V I04)"
    yield! unlessFrozen observed

    match ownFacts observed with
    | None -> ()
    | Some facts ->
        let isItsOwn =
            match observed.Role, storeWithId id facts with
            | Instance.TiKV(_, status), Some store ->
                status.Id = Some id
                || store.Address.StartsWith(podName observed + ".", StringComparison.Ordinal)
            | _ -> false

        yield! unless isItsOwn "an instance removes its own store (law 9)"

        yield!
            unless
                (livingBeside id facts >= facts.MaxReplicas || isBelowReplicasAllowed observed)
                "a store is removed only while enough living stores remain (V I05)"

        yield!
            unless
                (facts.Stores
                 |> List.forall (fun one ->
                     one.Id = id || isTiflash one || one.NodeState <> NodeState.Removing))
                "one store leaves at a time (V I06)"
]

/// V B9, I20, I21: a quorum with it and without it; the dead first; and those of others are left alone.
let private removeMember (observed: Instance.Observed) id = [
    yield! unlessFrozen observed

    match ownFacts observed with
    | None -> ()
    | Some facts ->
        let others = facts.Members |> List.filter (fun one -> one.Id <> id)
        let left = others |> List.filter _.Healthy |> List.length
        let members = facts.Members.Length

        match facts.Members |> List.tryFind (fun one -> one.Id = id) with
        | None -> "a member is removed only while PD lists it (V B9)"
        | Some self ->
            let agreeing = left + (if self.Healthy then 1 else 0)

            yield!
                unless
                    (agreeing >= members / 2 + 1 && left >= (members - 1) / 2 + 1)
                    "a member is removed only while the others have a quorum (V B9)"

            yield!
                unless
                    (not self.Healthy || left = others.Length)
                    "a live member is removed only while all others are healthy (V I21)"

            let isItsOwn = self.Name = podName observed || self.Name = ""

            yield!
                unless
                    (isLeaving observed && isItsOwn
                     || not self.Healthy && (isItsOwn || not (Map.containsKey self.Name observed.Peers)))
                    "a member is removed when its instance leaves, or when it is dead and nobody's (law 9)"
]

/// V I26: all of PD stops at once only for a suspension, and after TiKV.
let private healthyPdForSuspension (observed: Instance.Observed) why =
    match observed.Role, observed.Cluster with
    | Instance.PD _, Some cluster when why = "Suspended" ->
        unless
            (cluster.Spec.SuspendAction.SuspendCompute
             && List.contains Component.TiKV cluster.Status.Stopped)
            "PD stops only for a suspension, after the last store (V I26)"
    | _ -> []

/// V I09: the node object is gone, or carries the out-of-service taint.
let private forceRemove (observed: Instance.Observed) (pod: Meta) = [
    yield!
        unless
            (observed.Pod
             |> Option.exists (fun seen ->
                 seen.Meta.Uid = pod.Uid
                 && ownedBy observed.Meta.Uid seen.Meta
                 && seen.Meta.DeletionTimestamp.IsSome
                 && seen.Node <> ""))
            "a Pod is removed by force only when Kubernetes is stopping it already, in the life that was observed"

    let lost =
        match observed.Node with
        | Sighting.Absent -> true
        | Sighting.Known node ->
            not node.Ready
            && node.Taints
               |> List.exists (fun (key, _) -> key = "node.kubernetes.io/out-of-service")
        | Sighting.Unknown -> false

    yield! unless lost "a Pod is removed by force only when its node is gone or out of service (V I09)"
]

/// The claim is one that was seen, in the life and for the cluster that it was made for.
let private ownClaim (observed: Instance.Observed) (claim: Meta) =
    observed.Claims
    |> Map.exists (fun _ seen ->
        seen.Meta.Uid = claim.Uid
        && Map.tryFind Labels.managedBy seen.Meta.Labels = Some Labels.manager
        && (match Map.tryFind Labels.clusterId seen.Meta.Labels, recordedId observed with
            | Some id, Some(ClusterId own) -> id = string own
            | _ -> true))

let private claimIsOfThisCluster (observed: Instance.Observed) (claim: Meta) =
    match Map.tryFind Annotations.clusterUid claim.Annotations, observed.Cluster with
    | Some uid, Some cluster ->
        Uid uid = cluster.Meta.Uid
        || Map.tryFind Annotations.adoptVolumesOf cluster.Meta.Annotations = Some uid
        || (match observed.Role with
            | Instance.PD(spec, _) -> spec.Instance
            | Instance.TiKV(spec, _) -> spec.Instance)
            .VolumeClaimNames
           |> Map.exists (fun _ name -> name = claim.Name)
    | _ -> true

/// Law 7: a claim makes place for a new one only when PD says, or has said, that its store or member is gone for ever, or
/// when nothing was ever written.
let private mayDiscardClaim (observed: Instance.Observed) (claim: Meta) held =
    let policy, byPd =
        match observed.Role with
        | Instance.PD(spec, _) ->
            spec.Instance.VolumeReclaimPolicy,
            ownFacts observed
            |> Option.exists (fun facts ->
                facts.Members
                |> List.forall (fun one ->
                    let (MemberId id) = one.Id
                    string id <> held))
        | Instance.TiKV(spec, status) ->
            spec.Instance.VolumeReclaimPolicy,
            ownFacts observed
            |> Option.exists (fun facts ->
                facts.Stores
                |> List.exists (fun store ->
                    let (StoreId id) = store.Id
                    string id = held && store.NodeState = NodeState.Removed))
            || (status.State = Some Api.StoreState.Removed
                && status.Id |> Option.exists (fun (StoreId id) -> string id = held))

    let neverBound =
        observed.Claims
        |> Map.exists (fun _ seen -> seen.Meta.Uid = claim.Uid && seen.Phase = "Pending" && seen.Volume = "")

    let nobodyWrites = observed.Pod |> Option.forall (fun pod -> pod.Node = "")
    let marked = held <> "" && Map.tryFind Annotations.removed claim.Annotations = Some held
    let policyDeletes = policy = ReclaimPolicy.Delete && observed.Pod.IsNone
    neverBound && nobodyWrites || policyDeletes && held <> "" && (marked || byPd)

let private instanceAction (observed: Instance.Observed) action =
    match action with
    | Instance.RestartPod(pod, _, _) -> restart observed pod
    | Instance.RemovePod(pod, why, _) -> remove observed pod @ healthyPdForSuspension observed why
    | Instance.CreateBootstrapPod _ ->
        let never =
            match observed.Role with
            | Instance.PD(spec, status) -> status.Id.IsNone && not spec.InitialCluster.IsEmpty
            | Instance.TiKV _ -> false

        // A member of the static bootstrap that PD lists and has never seen (P 2) only completes the recorded cluster.
        let completes =
            ownFacts observed
            |> Option.exists (fun facts ->
                facts.Members
                |> List.exists (fun one -> one.Name = podName observed && one.ClientUrls.IsEmpty))

        unless
            (never && ((recordedId observed).IsNone || completes))
            "PD is bootstrapped only when no cluster id is recorded, or to complete the recorded one (law 7)"
    | Instance.RemoveStore(id, _, _, _) -> removeStore observed id
    | Instance.RemoveMember(id, _, _, _) -> removeMember observed id
    | Instance.RemoveClaim(claim, _, _, _) ->
        unless
            (mayRemoveClaim observed && claimIsOfThisCluster observed claim)
            "a volume claim is removed only when nothing depends on its data (law 7)"
        @ unless
            (observed.Claims |> Map.exists (fun _ seen -> seen.Meta.Uid = claim.Uid))
            "a volume claim is removed only in the life that was observed (V I02)"
    | Instance.EvictLeaders id ->
        match evictionMark observed with
        | None -> [ "leaders are evicted only after the mark of ours has been written (law 9)" ]
        | _ when ownFacts observed |> Option.exists (fun facts -> Set.contains id facts.Evicting) -> [
            "leaders are evicted only while nobody else has an entry of the store (V I30)"
          ]
        | Some marked ->
            let isStopping = observed.Pod |> Option.exists (fun pod -> pod.Meta.DeletionTimestamp.IsSome)

            unless (marked = Some id) "the mark of ours is of another store (law 9)"
            @ unless
                (holdsClaim observed || isLeaving observed || isStopping)
                "leaders are evicted only from a store that is about to stop (V I28)"
    | Instance.StopEvictingLeaders id ->
        let hasEnded =
            match observed.Role with
            | Instance.TiKV(_, { Evicting = Some { Ended = Some _; HeardAt = Some _; Until = None } }) -> true
            | _ -> false

        unless
            (evictionMark observed = Some(Some id) && not hasEnded)
            "an entry of somebody else is left alone (V I30)"
    | Instance.TransferPdLeader heir ->
        let name = Instance.MemberEvidence.Heir.name heir

        unless
            (ownFacts observed
             |> Option.exists (fun facts ->
                 facts.Members |> List.exists (fun one -> one.Name = name && one.Healthy)))
            "PD's leader moves to a healthy member only (P 21)"
        @ unless
            (holdsClaim observed)
            "PD's leader is moved only while its instance holds the cluster's disruption (law 3)"
    | Instance.RemoveFinalizer _ ->
        unless
            (observed.Meta.DeletionTimestamp.IsSome
             && (observed.Pod
                 |> Option.forall (fun pod -> not (ownedBy observed.Meta.Uid pod.Meta))))
            "the finalizer goes last, when no Pod of the instance is left"
    | Instance.ForceRemovePod(pod, _, _) -> forceRemove observed pod
    | Instance.DiscardClaim(claim, held, _) -> [
        yield!
            unless
                (ownClaim observed claim && claimIsOfThisCluster observed claim)
                "a volume claim of another cluster is never removed (V I14)"
        yield!
            unless
                (mayDiscardClaim observed claim held)
                "a volume claim is discarded only when its store or member is gone for ever (law 7)"
      ]
    | Instance.ExpandClaim(claim, _)
    | Instance.ModifyClaim(claim, _)
    | Instance.DescribeClaim(claim, _, _) ->
        unless
            (ownClaim observed claim && claimIsOfThisCluster observed claim)
            "a volume claim of somebody else is left alone (law 9)"
    | Instance.JoinDisruption(_, joined) -> LintSharing.join observed (ownFacts observed) joined
    | Instance.LeaveDisruption(_, left) -> LintSharing.leave observed left
    | Instance.AddFinalizer
    | Instance.CreateClaim _
    | Instance.CreateConfig _
    | Instance.UpdateConfig _
    | Instance.CreatePod _
    | Instance.TakeDisruption _
    | Instance.ReleaseDisruption _
    | Instance.MarkEviction _
    | Instance.UnmarkEviction
    | Instance.RestoreStore _
    | Instance.RemoveConfig _ -> []
    | Instance.ReloadConfig(pod, _, _)
    | Instance.SparePod(pod, _)
    | Instance.MarkConfig(pod, _) ->
        unless
            (observed.Pod
             |> Option.exists (fun seen -> seen.Meta.Uid = pod.Uid && ownedBy observed.Meta.Uid seen.Meta))
            "a Pod is written to only in the life that was observed, and only by its owner"
    | Instance.SetStoreLabels(id, labels) ->
        let address = observed.Meta.Name + "."

        let isOwn =
            match observed.Role, ownFacts observed with
            | Instance.TiKV(spec, status), Some facts ->
                let pod = spec.Instance.PodName |> Option.defaultValue observed.Meta.Name

                status.Id = Some id
                || facts.Stores
                   |> List.exists (fun store ->
                       store.Id = id
                       && (store.Address.StartsWith(address, StringComparison.Ordinal)
                           || store.Address.StartsWith(pod + ".", StringComparison.Ordinal)))
            | _ -> false

        [
            yield! unless isOwn "only the instance's own store is labelled (law 9)"

            yield!
                unless
                    (labels |> Map.forall (fun _ value -> value <> ""))
                    "a label of a store is never taken away: it may be another's (law 9)"
        ]

/// The laws that a decision on an instance breaks; none is as it should be.
let check (observed: Instance.Observed) (actions: Instance.Action list) : string list = [
    if isPaused observed.Cluster && not actions.IsEmpty then
        "a paused cluster is left alone"

    yield!
        actions
        |> atMostOne
            (fun action ->
                match action with
                | Instance.RemoveClaim _
                | Instance.DiscardClaim _ -> false
                | action -> Instance.Action.risk action <> Instance.Risk.None)
            "one step with a risk at a time (V C8)"

    // A call to PD follows the mark of it.
    let marked =
        actions
        |> List.tryPick (fun action ->
            match action, observed.Role with
            | Instance.MarkEviction mark, Instance.TiKV(spec, status) ->
                Some { observed with Role = Instance.TiKV(spec, { status with Evicting = Some mark }) }
            | _ -> None)

    for action in actions do
        match action, marked with
        | Instance.EvictLeaders _, Some marked -> yield! instanceAction marked action
        | _ -> yield! instanceAction observed action
]
