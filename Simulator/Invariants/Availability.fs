/// No operator takes down what the cluster cannot spare: verification C2.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Availability

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

/// A store that serves is taken down on purpose, while its cluster is to run.
let private storeTaken (ledger: Ledger) sight =
    match Landing.podDeletion sight with
    | ValueSome(struct (before, pod, _, Landing.Victim.Store(group, store))) when
        store.NodeState <> NodeState.Removed
        && not (Landing.isStopped pod ledger before)
        ->
        ValueSome(struct (before, pod, group, store))
    | _ -> ValueNone

/// The same of a member of PD.
let private memberTaken (ledger: Ledger) sight =
    match Landing.podDeletion sight with
    | ValueSome(struct (before, pod, _, Landing.Victim.Member(group, one))) when
        not (Landing.isStopped pod ledger before)
        ->
        ValueSome(struct (before, pod, group, one))
    | _ -> ValueNone

let regionsKeepMajority =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I15"
            "No region loses its majority by what an operator takes down, counted over all that is known to be down"
            "verification C2, C9")
        (fun { Ledger = ledger; World = world } sight ->
            match storeTaken ledger sight with
            | ValueSome(struct (_, pod, group, store)) ->
                let down = Set.union (Landing.knownSilent world.Now ledger group) (Landing.down ledger group)

                let majority (region: RegionClass) down =
                    region.Voters
                    |> List.filter (fun one -> not (Set.contains one down))
                    |> List.length
                    |> fun left -> left >= Ground.quorum region.Voters.Length

                let isHarmed (region: RegionClass) =
                    List.contains store.Id region.Voters
                    && region.Voters.Length > 1
                    && majority region down
                    && not (majority region (Set.add store.Id down))

                match group.Cluster.Regions |> Map.tryFindKey (fun region _ -> isHarmed region) with
                | Some region ->
                    Finding.Broken
                        $"%s{pod.Name} is taken down, and regions on %s{Words.stores region.Voters} lose their majority"
                | None -> Finding.Held
            | ValueNone -> Finding.Nothing)

let private unavailable (world: World) ``namespace`` =
    Ground.objects "tikvgroups" ``namespace`` world
    |> List.map (fun group -> Json.intAt [ "spec"; "maxUnavailable" ] group |> Option.defaultValue 1)
    |> List.fold max 1

/// No two of them can hold peers of one region, as PD's isolation level has it; always so of one store.
let private shareNoRegion (group: PdGroup) (ids: Set<StoreId>) =
    let replication = group.Cluster.Replication

    let values =
        ids
        |> Set.map (fun id ->
            Map.tryFind id group.Cluster.Stores
            |> Option.bind (fun store -> Map.tryFind replication.IsolationLevel store.Labels))

    ids.Count <= 1
    || List.contains replication.IsolationLevel replication.LocationLabels
       && values.Count = 1
       && not (Set.contains None values)

let fewAreDown =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I16"
            "An operator has no more stores down at a time than maxUnavailable says (one by default), over all groups, and several only of one failure domain"
            "verification C2")
        (fun { Ledger = ledger } sight ->
            match storeTaken ledger sight with
            | ValueSome(struct (before, pod, group, store)) ->
                let others = Set.remove store.Id (Landing.down ledger group)

                if others.Count + 1 > unavailable before pod.Namespace then
                    Finding.Broken $"%s{pod.Name} is taken down while %s{Words.stores others} are not back"
                elif not (shareNoRegion group (Set.add store.Id others)) then
                    Finding.Broken
                        $"%s{pod.Name} is taken down while %s{Words.stores others} of other domains are not back"
                else
                    Finding.Held
            | ValueNone -> Finding.Nothing)

let noneWhileOthersFail =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I17"
            "No healthy store is taken down while another one that holds regions has been down for long enough to be known"
            "verification C2")
        (fun { Ledger = ledger; World = world } sight ->
            match storeTaken ledger sight with
            | ValueSome(struct (_, pod, group, store)) ->
                // one whose regions PD has moved elsewhere is in no majority
                match
                    Landing.knownSilent world.Now ledger group
                    |> Set.remove store.Id
                    |> Set.filter (Ground.holdsRegions group)
                    |> Set.toList
                with
                | [] -> Finding.Held
                | silent ->
                    Finding.Broken $"%s{pod.Name} is taken down while %s{Words.stores silent} are silent"
            | ValueNone -> Finding.Nothing)

let private seconds (text: string option) (otherwise: int64) =
    match text |> Option.map Durations.tryMilliseconds with
    | Some(Some span) -> span
    | _ -> otherwise

let private leaders store (group: PdGroup) =
    (0, group.Cluster.Regions)
    ||> Map.fold (fun sum region count -> if region.Leader = ValueSome store then sum + count else sum)

let leadersMoveFirst =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I18"
            "A store is restarted only once its leaders are evicted and none is left, or its deadline for that is over and the policy lets it proceed, or fewer than two other stores may lead: one would have them all"
            "verification C2, C9")
        (fun { Ledger = ledger; World = world } sight ->
            match storeTaken ledger sight with
            | ValueSome(struct (before, pod, group, store)) ->
                let others =
                    group.Cluster.Stores.Values
                    |> Seq.filter (fun other -> other.Id <> store.Id && Ground.isUp other)
                    |> Seq.map _.Id
                    |> Set.ofSeq

                let mayLead = Set.difference others group.Cluster.Evicting

                let left = leaders store.Id group

                // Neither PD nor Kubernetes counts on it, and nobody else can know that it serves.
                let isGivenUp () =
                    not pod.Ready
                    && Stores.stateName before.Pd.Timings before.Now group.Cluster store <> "Up"

                let late, mayProceed =
                    match Landing.instance pod before with
                    | None -> 0L, true
                    | Some instance ->
                        seconds (Json.stringAt [ "spec"; "evictLeaderTimeout" ] instance) 300_000L,
                        Json.stringAt [ "spec"; "evictLeaderPolicy" ] instance <> Some "Hold"

                match Map.tryFind store.Id ledger.Entries with
                // there is nobody to take its leaders, or each region is on one store only and cannot move before it stops
                | _ when Set.isEmpty others || group.Cluster.Replication.MaxReplicas = 1 -> Finding.Held
                | Some _ when left = 0 -> Finding.Held
                | Some since when mayProceed && world.Now - since >= late -> Finding.Held
                | Some _ -> Finding.Broken $"%s{pod.Name} is taken down with %d{left} leaders"
                | None when mayLead.Count < 2 -> Finding.Held
                // the user has asked not to wait: then there is no entry
                | None when late = 0L -> Finding.Held
                // it has just registered, and has no peer that could lead
                | None when not (Ground.holdsRegions group store.Id) || isGivenUp () -> Finding.Held
                | None -> Finding.Broken $"%s{pod.Name} is taken down, and nothing keeps leaders from it"
            | ValueNone -> Finding.Nothing)

let nextWhenBack =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I19"
            "The next store is taken down only when the former one serves again, may lead, and its peers have caught up"
            "verification C2")
        (fun { Ledger = ledger } sight ->
            match storeTaken ledger sight with
            | ValueSome(struct (before, pod, group, store)) when unavailable before pod.Namespace = 1 ->
                match Landing.down ledger group |> Set.remove store.Id |> Set.toList with
                | [] -> Finding.Held
                | _ -> Finding.Broken $"%s{pod.Name} is taken down before the former one is back"
            | _ -> Finding.Nothing)

let private healthy (ledger: Ledger) (world: World) (group: PdGroup) =
    Ground.liveMembers world group
    |> Set.filter (fun id -> not (Map.containsKey id ledger.MembersDown))

let pdKeepsQuorum =
    Invariant.plainOf
        (Sights.Landed ||| Sights.AskedPd)
        (Invariant.property
            "I20"
            "PD has a quorum without the member that is restarted, and among those that are left after a removal"
            "verification C2, C9")
        (fun { Ledger = ledger } sight ->
            let judged what total left =
                if left >= Ground.quorum total then
                    Finding.Held
                else
                    Finding.Broken $"%s{what}, and %d{left} of %d{total} members of PD are left"

            match memberTaken ledger sight, Landing.call sight with
            | ValueSome(struct (before, pod, group, one)), _ ->
                if group.Members.Count <= 2 then
                    Finding.Held
                else
                    let left = healthy ledger before group |> Set.remove one.Id |> Set.count
                    judged $"%s{pod.Name} is taken down" group.Members.Count left
            | _, ValueSome(struct (before, PdCall.RemoveMember id)) ->
                match
                    Ground.clusters before
                    |> Seq.tryFind (fun group -> Map.containsKey id group.Members)
                with
                | Some group when group.Members.Count > 1 ->
                    let left = healthy ledger before group |> Set.remove id |> Set.count
                    judged "a member is removed" (group.Members.Count - 1) left
                | _ -> Finding.Nothing
            | _ -> Finding.Nothing)

let oneMemberAtATime =
    Invariant.plainOf
        (Sights.Landed ||| Sights.AskedPd)
        (Invariant.property
            "I21"
            "One member of PD is restarted or removed at a time, and none while another one is unhealthy, save the unhealthy one itself"
            "verification C2")
        (fun { Ledger = ledger; World = world } sight ->
            let judged what (group: PdGroup) target =
                let isKnown since = world.Now - since >= Ground.visible

                let unhealthy =
                    ledger.SilentMembers
                    |> Map.filter (fun id since ->
                        id <> target && isKnown since && Map.containsKey id group.Members)

                let down =
                    ledger.MembersDown
                    |> Map.filter (fun id _ -> id <> target && Map.containsKey id group.Members)

                if not (Map.isEmpty down) then
                    Finding.Broken $"%s{what} before the one taken down is back"
                elif not (Map.isEmpty unhealthy) then
                    Finding.Broken $"%s{what} while %d{unhealthy.Count} are unhealthy"
                else
                    Finding.Held

            match memberTaken ledger sight, Landing.call sight with
            | ValueSome(struct (_, pod, group, one)), _ -> judged $"%s{pod.Name} is taken down" group one.Id
            | _, ValueSome(struct (before, PdCall.RemoveMember id)) ->
                match
                    Ground.clusters before
                    |> Seq.tryFind (fun group -> Map.containsKey id group.Members)
                with
                // several dead members can only be removed one after another
                | Some _ when Map.containsKey id ledger.SilentMembers -> Finding.Held
                | Some group -> judged "a member is removed" group id
                | None -> Finding.Nothing
            | _ -> Finding.Nothing)

let leaderMovesFirst =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I22"
            "The member that leads PD is taken down only when there is no other one to lead"
            "verification C2")
        (fun { Ledger = ledger } sight ->
            match memberTaken ledger sight with
            | ValueSome(struct (before, pod, group, one)) ->
                let others = healthy ledger before group |> Set.remove one.Id

                if Ground.leader group = Some one.Id && not (Set.isEmpty others) then
                    Finding.Broken $"%s{pod.Name} is taken down while it leads PD"
                else
                    Finding.Held
            | ValueNone -> Finding.Nothing)

let membersLeaveFirst =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I23"
            "A member that is to go is removed from PD before its Pod is deleted"
            "verification C2")
        (fun { Ledger = ledger } sight ->
            match Landing.podDeletion sight with
            | ValueSome(struct (before, pod, _, victim)) when
                Map.tryFind "tikv.org/component" pod.Labels = Some "pd"
                && not (Landing.isStopped pod ledger before)
                && Landing.instance pod before |> Option.exists Meta.isTerminating
                ->
                match victim with
                | Landing.Victim.Member(group, _) when group.Members.Count > 1 ->
                    Finding.Broken $"%s{pod.Name} is deleted while PD lists its member"
                | _ -> Finding.Held
            | _ -> Finding.Nothing)

/// The PD cluster that a cut concerns, and the store or member that is cut.
let private cut (ledger: Ledger) sight =
    match storeTaken ledger sight, memberTaken ledger sight, Landing.call sight with
    | ValueSome(struct (_, pod, group, store)), _, _ -> ValueSome(struct (group, Some store.Id, pod.Name))
    | _, ValueSome(struct (_, pod, group, _)), _ -> ValueSome(struct (group, None, pod.Name))
    | _, _, ValueSome(struct (before, PdCall.RemoveStore id)) ->
        match Ground.tryStore id before with
        | ValueSome(struct (group, _)) -> ValueSome(struct (group, Some id, "a store"))
        | ValueNone -> ValueNone
    | _ -> ValueNone

let frozenWithoutPd =
    Invariant.plainOf
        (Sights.Landed ||| Sights.AskedPd)
        (Invariant.property
            "I24"
            "Nothing that serves is taken down, and no store removed, while PD has had no leader for long enough to be known"
            "architecture, law 6; verification C2")
        (fun { Ledger = ledger; World = world } sight ->
            match cut ledger sight with
            | ValueSome(struct (group, _, name)) ->
                if (Ground.leader group).IsSome || world.Now - ledger.LedAt < Ground.visible then
                    Finding.Held
                else
                    Finding.Broken $"%s{name} is taken down while PD has no leader"
            | ValueNone -> Finding.Nothing)

let frozenInOutage =
    Invariant.plainOf
        (Sights.Landed ||| Sights.AskedPd)
        (Invariant.property
            "I25"
            "Nothing that serves is taken down, and no store removed, while more than max(1, (n-1)/2) stores are silent"
            "architecture, law 6; verification C2")
        (fun { Ledger = ledger; World = world } sight ->
            match cut ledger sight with
            | ValueSome(struct (group, target, name)) ->
                let stores =
                    group.Cluster.Stores.Values
                    |> Seq.filter (fun store -> store.NodeState <> NodeState.Removed && Ground.votes store)
                    |> Seq.length

                let silent = Landing.knownSilent world.Now ledger group

                let silent =
                    match target with
                    | Some id -> Set.remove id silent
                    | None -> silent

                if silent.Count <= max 1 ((stores - 1) / 2) then
                    Finding.Held
                else
                    Finding.Broken
                        $"%s{name} is taken down while %d{silent.Count} of %d{stores} stores are silent"
            | ValueNone -> Finding.Nothing)

let neverAllPods =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I26"
            "The last Pod of a component that is not being stopped already is not deleted, unless the cluster is suspended or goes"
            "verification C2")
        (fun { Ledger = ledger } sight ->
            match Landing.podDeletion sight with
            | ValueSome(struct (before, pod, _, (Landing.Victim.Store _ | Landing.Victim.Member _))) when
                not (Landing.isStopped pod ledger before)
                ->
                let label name = Map.tryFind name pod.Labels

                // One that has left the cluster, and only waits for its node, is no other.
                let hasLeft (other: Pod) =
                    other.Uid <> pod.Uid
                    && other.Deleting.IsSome
                    && Landing.instance other before |> Option.forall Meta.isTerminating

                let kindred (other: Pod) =
                    other.Namespace = pod.Namespace
                    && not (hasLeft other)
                    && Map.tryFind "tikv.org/component" other.Labels = label "tikv.org/component"
                    && Map.tryFind "tikv.org/cluster" other.Labels = label "tikv.org/cluster"

                let all = before.Pods.Values |> Seq.filter kindred |> List.ofSeq

                if
                    all.Length = 1
                    || all |> List.exists (fun other -> other.Uid <> pod.Uid && other.Deleting.IsNone)
                then
                    Finding.Held
                else
                    Finding.Broken $"with %s{pod.Name} the last Pod of its component is deleted"
            | _ -> Finding.Nothing)

let budgetsAreKept =
    Invariant.plainOf
        Sights.Landed
        (Invariant.property
            "I27"
            "A Pod that serves is deleted only while every PodDisruptionBudget of others on it allows a disruption"
            "verification C2")
        (fun { Ledger = ledger } sight ->
            match Landing.podDeletion sight with
            | ValueSome(struct (before, pod, _, (Landing.Victim.Store _ | Landing.Victim.Member _))) when
                pod.Ready && not (Landing.isStopped pod ledger before)
                ->
                let budgets =
                    ApiServer.listObjects Builtins.podDisruptionBudgets (Some pod.Namespace) before.Server
                    |> List.filter (fun budget ->
                        // the operator's own tell everybody else to wait for it
                        Map.tryFind "app.kubernetes.io/managed-by" (Meta.labels budget)
                        <> Some "tikv-operator"
                        && Json.mapAt [ "spec"; "selector"; "matchLabels" ] budget
                           |> Map.forall (fun key value -> Map.tryFind key pod.Labels = Some value))

                match budgets with
                | [] -> Finding.Nothing
                | budgets ->
                    match
                        budgets
                        |> List.tryFind (fun budget ->
                            (Json.intAt [ "status"; "disruptionsAllowed" ] budget |> Option.defaultValue 0) <
                                1)
                    with
                    | Some budget ->
                        Finding.Broken
                            $"%s{pod.Name} is deleted though the budget %s{Meta.name budget} allows none"
                    | None -> Finding.Held
            | _ -> Finding.Nothing)

let all = [
    regionsKeepMajority
    fewAreDown
    noneWhileOthersFail
    leadersMoveFirst
    nextWhenBack
    pdKeepsQuorum
    oneMemberAtATime
    leaderMovesFirst
    membersLeaveFirst
    frozenWithoutPd
    frozenInOutage
    neverAllPods
    budgetsAreKept
]
