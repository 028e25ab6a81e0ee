/// The life of one store of TiKV.
module Tikv.Core.Instance.TikvRules

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance

/// A Pod is made once PD has answered for the first time; from then on it never waits for PD (law 5).
let pod (observed: Observed) =
    match observed.Pod, Seen.clusterId observed with
    | Some _, _ -> Decision.settled
    | None, None -> Decision.wait [ Seen.pdReason observed ]
    | None, Some _ -> Rules.withPod observed (fun body -> Decision.act [ CreatePod body ])

/// The addresses of PD are known as soon as a PD group is.
let pd (observed: Observed) = if observed.PdUrls.IsEmpty then Decision.wait [ PdAbsent ] else Decision.settled

let private spec (observed: Observed) =
    match observed.Role with
    | TiKV(spec, status) -> Some(spec, status)
    | PD _ -> None

let private eviction (observed: Observed) =
    match observed.Role with
    | TiKV(_, status) -> status.Evicting
    | PD _ -> None

/// The store whose entry in PD is ours. It may be that of a disk that has been lost since.
let private storeOfMark (observed: Observed) (mark: EvictionMark) =
    match observed.Role, mark.Store with
    | _, Some store -> Some store
    | TiKV(_, status), None -> status.Id
    | PD _, None -> None

/// A call without an answer is executed by then, if ever. The client gives up after 30 s, and servers on the way mostly
/// hold a request for no longer than 60 s after that; ten minutes have been seen (V I57). An entry that came later than
/// this could not be told from that of a person.
let private settling = TimeSpan.FromMinutes 11L

/// How long PD may be asked again and again under one mark.
let private insistence = TimeSpan.FromMinutes 1L

/// Until when an entry may still appear that we asked for: PD was asked once, and the entry has not been seen; or it was
/// asked again before the first answer was known.
let private doubtUntil (mark: EvictionMark) =
    let unseen =
        match mark.HeardAt with
        | None -> Timestamp.tryParse mark.Since |> Option.map (fun since -> since + settling)
        | Some _ -> None

    match mark.Until |> Option.bind Timestamp.tryParse, unseen with
    | Some one, Some other -> Some(max one other)
    | one, other -> one |> Option.orElse other

let private inDoubt mark (observed: Observed) facts =
    doubtUntil mark
    |> Option.exists (fun until -> Seen.askedAt observed facts < until)

/// The entry in PD is ours: its mark was made while PD had none, and it has not been seen to end.
let private isOurs (mark: EvictionMark) observed (facts: PdFacts) =
    storeOfMark observed mark
    |> Option.exists (fun store -> Set.contains store facts.Evicting)
    && (mark.Ended.IsNone || inDoubt mark observed facts)

/// The entry of ours is taken out of PD, if there is one.
let private withdraw (observed: Observed) =
    match eviction observed, Seen.facts observed with
    | Some mark, Some facts when isOurs mark observed facts ->
        storeOfMark observed mark
        |> Option.map StopEvictingLeaders
        |> Option.toList
        |> Decision.act
    | Some _, None -> Decision.wait [ Seen.pdReason observed ]
    | _ -> Decision.settled

/// First the entry, then the mark that it is ours: a crash between the two leaks nothing (law 9). While an entry may
/// still appear the mark stays, and says that the eviction is over: who waited for leaders before waits anew.
let unmark (observed: Observed) =
    let forget observed =
        match eviction observed, Seen.facts observed with
        | Some mark, Some facts when not (inDoubt mark observed facts) -> Decision.act [ UnmarkEviction ]
        | Some({ Ended = None } as mark), Some _ ->
            Decision.act [ MarkEviction { mark with Ended = Some(Timestamp.print observed.Clock) } ]
        | _ -> Decision.settled

    observed |> Rule.inTurn [ Rules.spared; withdraw; forget ]

/// The eviction of a store that is given up ends too, if PD can be told.
let parting (observed: Observed) =
    match Evidence.abandoned observed, Seen.facts observed with
    | Some _, Some _ -> unmark observed
    | _ -> Decision.settled

/// The same; then it waits for what may still appear.
let endOfEviction (observed: Observed) =
    observed
    |> Rule.inTurn [
        unmark
        fun observed ->
            if (eviction observed).IsSome then Decision.wait [ EvictionUnsettled ] else Decision.settled
    ]

/// Leaders are asked to move away from the store: first the mark in our status, made only while PD has no entry, and at
/// once the entry; when it is seen the mark says so, for the deadline counts from then, and when PD had last heard from the
/// store, so that the next heartbeat counts leaders under the entry. An entry that is lost (V T27) is made again, and what
/// was counted before counts no more. An entry of
/// somebody else is taken as it is.
let private evict (store: Store) (facts: PdFacts) (observed: Observed) =
    let now = observed.Clock
    let isListed = Set.contains store.Id facts.Evicting
    let ask mark = Decision.act [ MarkEviction mark; Action.EvictLeaders store.Id ]

    let first = {
        Since = Timestamp.print now
        Store = Some store.Id
        Leaders = Some store.Leaders
        HeardAt = None
        Until = None
        Ended = None
    }

    match eviction observed with
    | Some mark when mark.Store <> Some store.Id -> endOfEviction observed
    | Some { Ended = Some _ } when isListed -> withdraw observed
    | None when isListed -> Decision.settled
    | Some({ HeardAt = None } as mark) when isListed && store.LastHeartbeat.IsSome ->
        Decision.act [ MarkEviction { mark with Since = first.Since; HeardAt = Seen.heardAt store } ]
    | Some _ when isListed -> Decision.settled
    | None -> ask first
    | Some({ Ended = Some _ } as mark) ->
        ask { first with Until = doubtUntil mark |> Option.map Timestamp.print }
    | Some({ HeardAt = None } as mark) ->
        // The mark is made for a little longer than needed: while PD refuses, not every request costs one.
        if
            mark.Until
            |> Option.bind Timestamp.tryParse
            |> Option.exists (fun until -> until >= now + settling)
        then
            Decision.act [ Action.EvictLeaders store.Id ]
        else
            ask { mark with Until = Some(Timestamp.print (now + settling + insistence)) }
    | Some mark -> ask { mark with Since = Timestamp.print now; HeardAt = None }

/// What is to be done once the leaders of the store have moved away.
let private evicted store (facts: PdFacts) go (observed: Observed) =
    match Evidence.leadersGone store observed facts, store with
    | Ok gone, _ -> go gone
    | Error reason, None -> Decision.wait [ reason ]
    | Error reason, Some store ->
        observed
        |> Rule.inTurn [ evict store facts; (fun _ -> Decision.wait [ reason ]) ]

/// Several hold the disruption, and may not be down together any more: the first waits until the others, who joined it,
/// have given it up. Those that are down already come back first.
let private parts why (observed: Observed) =
    match Seen.disruption observed with
    | Some held when held.Uid <> observed.Meta.Uid -> observed |> Rule.inTurn [ unmark; Rules.release ]
    | _ -> Decision.wait [ TakenAlone why ]

/// PD counts on the store of that Pod, and it holds regions.
let private holdsRegions facts pod =
    Domains.storeOfPod facts pod
    |> Option.exists (fun store -> Seen.lives store && store.Regions > 0)

/// Every leader of a region has told PD of its lagging peers by then (V B1: a region heartbeat).
let private regionHeartbeat = TimeSpan.FromSeconds 60L

let private uptime store = Seen.uptime store |> Option.defaultValue TimeSpan.Zero

/// Its peers have not caught up since it started, 1 % of them excepted (V I19: PD's list of down peers is blind for ten
/// minutes).
let private lags (store: Store) = uptime store < regionHeartbeat || store.PendingPeers > store.Regions / 100

/// Another store is waited for no longer after its start: PD itself gives one up after that time (max-store-down-time). Peers
/// that are pending still are no matter of its restart, and what ails it may be this very store.
let private longestLag = TimeSpan.FromMinutes 30L

/// Why another store is not sure to stay up, or not yet what its regions can count on, though PD calls it Up: its Pod is being
/// stopped (on a node that is cut off it ends when that comes back), or has just been made anew; or its peers are catching up,
/// whoever restarted it, and whether or not anybody holds the disruption for it. Those apart that are taken down together with
/// this one.
let private unsteady (observed: Observed) (facts: PdFacts) =
    let together = Seen.disruption observed |> Disruption.allHolders |> List.map _.Name

    let isApart pod =
        pod <> Seen.podName observed
        && not (
            Map.tryFind pod observed.Peers
            |> Option.exists (fun name -> List.contains name together)
        )

    let first reason pods =
        pods
        |> Set.toList
        |> List.tryFind (fun pod -> isApart pod && holdsRegions facts pod)
        |> Option.map reason

    let lagging () =
        Seen.tikvStores facts
        |> List.tryFind (fun store ->
            store.Regions > 0
            && Seen.hears facts store
            && lags store
            && uptime store < longestLag
            && isApart (Address.pod store.Address))
        |> Option.map (fun store -> StoreLags(store.Address, store.PendingPeers))

    observed.Stopping
    |> first StoreStops
    |> Option.orElseWith (fun () -> observed.JustMade |> first StoreStarts)
    |> Option.orElseWith lagging

/// A store with other settings than wanted, or on a node that is to be emptied, is restarted:
/// 1. one whose process does not run, or whom nobody counts on, is replaced at once;
/// 2. otherwise only while holding the disruption, alone or with others of its failure domain, while every other store that
///    holds regions is heard from, sure to stay and caught up, and after its leaders have moved away;
/// 3. one that somebody else has PD remove is taken back first (see `membership`): its regions are on the move.
let restart (observed: Observed) =
    observed
    |> Rules.restart (fun restart go ->
        let store = Seen.storeOf observed restart.Facts

        match
            Evidence.joined restart.Disruption store observed restart.Facts,
            Evidence.partners store observed restart.Facts
        with
        | _ when store |> Option.exists (fun one -> one.NodeState = NodeState.Removing) -> Decision.settled
        | Some joined, _ -> Rules.join joined observed
        | None, Error why -> parts why observed
        | None, Ok partners ->
            match Evidence.othersHeard partners store restart.Facts, unsteady observed restart.Facts with
            | Error reason, _
            | Ok _, Some reason -> Decision.wait [ reason ]
            | Ok others, None ->
                Rules.withDisruption restart.Disruption observed (fun held ->
                    observed
                    |> evicted store restart.Facts (fun leaders ->
                        go (Evidence.StoreRests(held, restart.Calm, others, leaders)))))

/// A Pod that somebody else stops (a drained node) loses its leaders in an orderly way too, while it still runs: unless
/// others stop with it, when the leaders would have nowhere to stay.
let stopping (observed: Observed) =
    match observed.Pod, Seen.facts observed, spec observed with
    | Some pod, Some facts, Some(spec, _) when
        pod.Meta.DeletionTimestamp.IsSome
        && pod.Running
        && not (
            observed.Stopping
            |> Set.exists (fun other -> other <> pod.Meta.Name && holdsRegions facts other)
        )
        && spec.Eviction.EvictLeaderTimeout > TimeSpan.Zero
        ->
        match Seen.storeOf observed facts with
        | Some store when Seen.lives store && store.Leaders > 0 ->
            observed |> evicted (Some store) facts (fun _ -> Decision.settled)
        | _ -> Decision.settled
    | _ -> Decision.settled

/// How long after its deadline an eviction stands for a process that does not come back: a store whose leaders are kept
/// away blocks the removal of others (V P05).
let private patience = TimeSpan.FromMinutes 10L

/// The entry does not wait for a process that does not come up again (V I29).
let abandoned (observed: Observed) =
    match observed.Pod, eviction observed, spec observed, Seen.facts observed with
    | Some { Ready = true }, _, _, _ -> Decision.settled
    | _, Some mark, Some(spec, _), Some _ when
        Seen.since mark.Since observed
        |> Option.exists (fun span -> span >= spec.Eviction.EvictLeaderTimeout + patience)
        ->
        withdraw observed
    | _ -> Decision.settled

/// Whether the store is to leave the cluster.
let leaves (observed: Observed) =
    Seen.deleting observed
    || spec observed |> Option.exists (fun (spec, _) -> spec.Offline)

/// A store that runs is registered in PD, and serves. One that was to leave and now stays is taken back.
let membership (observed: Observed) =
    match observed.Pod, Seen.facts observed with
    | None, _ -> Decision.settled
    | Some _, None -> Decision.wait [ Seen.pdReason observed ]
    | Some _, Some facts ->
        match Seen.storeOf observed facts with
        | None -> Decision.wait [ StoreNotRegistered ]
        | Some store ->
            match store.NodeState with
            | NodeState.Removing -> Decision.act [ RestoreStore store.Id ]
            | NodeState.Removed -> Decision.wait [ StoreNotServing "Removed" ]
            | NodeState.Preparing
            | NodeState.Serving when store.StateName <> "Up" ->
                Decision.wait [ StoreNotServing store.StateName ]
            | NodeState.Preparing
            | NodeState.Serving when Seen.areOutOfDate observed facts -> Decision.wait [ FactsOutOfDate ]
            | NodeState.Preparing
            | NodeState.Serving -> Decision.settled

/// The Pod has been ready for the time that leaders wait before they come back.
let private readyLongEnough (observed: Observed) =
    match observed.Pod, spec observed with
    | Some pod, Some(spec, _) ->
        let wanted = TimeSpan.FromSeconds(float spec.Eviction.MinReadyForLeaderSeconds)

        Seen.since pod.ReadySince observed |> Option.forall (fun span -> span >= wanted)
    | _ -> true

/// The eviction that we began ends when the store serves again, and has for as long as leaders are to wait. The mark then
/// says so: it is needed for as long as leaders come back, and an entry that appears meanwhile is somebody else's.
let endEviction (observed: Observed) =
    match eviction observed, Seen.facts observed with
    | Some mark, Some facts when isOurs mark observed facts && not (readyLongEnough observed) ->
        Decision.wait [ LeadersReturnSoon ]
    | Some({ Ended = None } as mark), Some facts when not (isOurs mark observed facts) ->
        Decision.act [ MarkEviction { mark with Ended = Some(Timestamp.print observed.Clock) } ]
    | _ -> withdraw observed

/// The longest wait for leaders to come back, as in TiDB Operator; a store that had fewer before is not waited for (L F36).
let private longestReturn = TimeSpan.FromSeconds 400L

let private fewestLeaders = 200

/// The store that was taken down, while the next one waits for it.
let private returning (observed: Observed) =
    match Seen.facts observed with
    | Some facts when Seen.holdsDisruption observed || (eviction observed).IsSome ->
        Seen.storeOf observed facts |> Option.map (fun store -> store, facts)
    | _ -> None

/// The store's own peers have caught up.
let private peersCaughtUp (observed: Observed) =
    match returning observed with
    | Some(store, _) when lags store -> Decision.wait [ PeersCatchUp store.PendingPeers ]
    | _ -> Decision.settled

let private leadersBack (observed: Observed) =
    match returning observed with
    | None -> Decision.settled
    | Some(store, facts) ->
        let before = eviction observed |> Option.bind _.Leaders |> Option.defaultValue 0
        let isHeldOff = Set.contains store.Id facts.Evicting // by somebody else: ours has ended

        if
            before >= fewestLeaders
            && store.Leaders * 3 < before * 2
            && uptime store < longestReturn
            && not isHeldOff
        then
            Decision.wait [ LeadersComeBack(store.Leaders, before) ]
        else
            Decision.settled

/// A store is back only when its peers have caught up and two thirds of its leaders are there again: until then the next
/// one is not touched.
let caughtUp: Rule<Observed, Action, Reason> = Rule.inTurn [ peersCaughtUp; leadersBack ]

/// A store on its way out that was restarted just before is no less away than one that stays (V I15).
let private releaseOnceBack (observed: Observed) =
    if Seen.holdsDisruption observed then
        observed |> Rule.inTurn [ peersCaughtUp; Rules.releaseEarly ]
    else
        Decision.settled

/// A store leaves in two steps: its leaders move away, PD is asked to remove it, and its regions move while the process
/// runs on; only when PD calls it Removed is there anything to take down. It is refused while too few living stores
/// would remain for all replicas (V I05), while another one leaves, and, of a store that PD hears from, while another one
/// is silent. A store that PD hears from holds the disruption
/// until it is leaving: then it can take hours. Where people override the first of these and PD refuses all the same, its
/// words are told and nothing has moved (L F10).
let leave (observed: Observed) =
    let blocked reason =
        observed
        |> Rule.together [ (fun _ -> Decision.wait [ reason ]); unmark; releaseOnceBack ]

    match Evidence.departed observed, Seen.facts observed with
    // Its group deletes it; until then it is as it is.
    | Some(Evidence.NothingDeparted _), _ when not (Seen.deleting observed) ->
        Decision.wait [ StoreNotRegistered ]
    | Some _, _ -> Decision.settled
    | None, None -> Decision.wait [ Seen.pdReason observed ]
    | None, Some facts ->
        match Seen.storeOf observed facts with
        // A store that PD does not list may be one of a PD that lost its data: absence is not removal.
        | None -> Decision.wait [ StoreNotRegistered ]
        | Some store ->
            match store.NodeState with
            | NodeState.Removed
            | NodeState.Removing ->
                observed
                |> Rule.together [ (fun _ -> Decision.wait [ RegionsRemain store.Regions ]); releaseOnceBack ]
            | NodeState.Preparing
            | NodeState.Serving ->
                match Evidence.notFrozen observed, Evidence.enoughStores store observed facts with
                | Error reason, _ -> Decision.wait [ reason ]
                | Ok _, Error reason -> blocked reason
                | Ok calm, Ok enough ->
                    let go gone = Decision.act [ RemoveStore(store.Id, calm, enough, gone) ]
                    let leave () = observed |> evicted (Some store) facts go

                    match Evidence.staysAnyway store facts with
                    | Some stays -> observed |> Rule.inTurn [ unmark; releaseOnceBack; (fun _ -> go stays) ]
                    | None when Seen.hears facts store ->
                        Rules.withDisruption "Removal" observed (fun _ -> leave ())
                    | None -> leave ()

/// The store has left the cluster: a process of it would only end again.
let left (observed: Observed) =
    match Evidence.departed observed with
    | Some(Evidence.StoreDeparted _) -> true
    | _ -> false

/// What is left of a store that PD has let go. Its mark goes with the instance, and so does not go while an entry may still
/// appear: nobody would know whose it was.
let gone (observed: Observed) =
    match Evidence.departed observed with
    | Some departed ->
        observed
        |> Rule.inTurn [ unmark; Rules.release; endOfEviction; Rules.tearDown departed ]
    | None -> Decision.settled
