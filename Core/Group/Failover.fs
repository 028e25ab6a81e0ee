/// What is done about instances that are down for good (L 2.4, 5.1). Of TiKV another store is added first, and the failed
/// one goes only when that serves and people want it so; of PD the dead member goes first, since a quorum that lacks one
/// takes no new member (V P41). What has been decided stands in the group's status.
module Tikv.Core.Group.Failover

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let private settings = Manifest.settings
let private policy (observed: Observed) = (settings observed).Failover
let private failures (observed: Observed) = (Manifest.status observed).Failures

let private isEnding (one: InstanceView) = one.Meta.DeletionTimestamp.IsSome

/// The instance that a record speaks of, in the life that failed, as long as nobody takes it away.
let private subject (observed: Observed) (failure: Failure) =
    observed.Instances
    |> Map.tryFind failure.Index
    |> Option.filter (fun one -> one.Meta.Uid = failure.Uid && not (isEnding one))

let private recorded (observed: Observed) (one: InstanceView) =
    failures observed |> List.tryFind (fun failure -> failure.Uid = one.Meta.Uid)

let private atStage stage (observed: Observed) =
    failures observed
    |> List.filter (fun failure -> failure.Stage = stage && (subject observed failure).IsSome)

/// How many instances there are to be beyond `replicas`: one for each that has failed and still stands.
let extras (observed: Observed) = (atStage FailureStage.Replacing observed).Length

/// One that failed and stays: nobody counts on it, and no template can be judged by it. A replacement that is pending is
/// none of these: its Pod would take the place of the next one that is restarted (V T07).
let standsAside (observed: Observed) =
    let failed = atStage FailureStage.Replacing observed |> List.map _.Uid
    fun (one: InstanceView) -> List.contains one.Meta.Uid failed

/// The indexes of instances that failed and are to go.
let retiring (observed: Observed) = atStage FailureStage.Retiring observed |> List.map _.Index |> Set.ofList

/// A failed instance occupies no topology (L F30).
let counted (observed: Observed) (instances: InstanceView list) =
    let failed =
        failures observed
        |> List.filter (fun failure -> failure.Stage <> FailureStage.Suspected)
        |> List.map _.Uid

    instances |> List.filter (fun one -> not (List.contains one.Meta.Uid failed))

// ---- what PD and Kubernetes say

/// PD, when it speaks for this cluster, with most of its members, and it is no outage (V I24, I25).
let private calm (observed: Observed) =
    match observed.Pd, observed.Cluster |> Option.bind _.Status.Id with
    | PdView.Answered facts, Some id when facts.ClusterId = id ->
        match Instance.Evidence.minority facts, Instance.Evidence.outage facts with
        | Some(healthy, all), _ -> Error $"only %d{healthy} of %d{all} members of PD are healthy"
        | None, Some(silent, all) ->
            Error
                $"%d{silent} of %d{all} stores are silent, which is an outage; if they are gone for good, unsafe recovery is needed (pd-ctl unsafe remove-failed-stores)"
        | None, None -> Ok facts
    | PdView.Answered _, _ -> Error "another cluster answers"
    | PdView.Unasked, _ -> Error "PD has not been asked"
    | PdView.Silent problem, _ -> Error $"PD did not answer: %s{problem}"

let private storeOf (facts: PdFacts) (one: InstanceView) = Instance.Domains.storeOfPod facts one.Pod

/// Codes by which an instance says that its Pod waits for a node that is gone or ill, or that another Pod has taken from its
/// volume, and not for room (L F03, F28): another instance gets a volume elsewhere.
let private nodeCodes =
    set [ "NodeGone"; "NodeOutOfService"; "NodeNotReady"; "VolumeLost"; "VolumeNodeTaken" ]

/// Kubernetes' word on the Pod, with what the instance knows of its node.
let private word (one: InstanceView) =
    match one.PodWord, one.Waits with
    | PodWord.Pending, Some(code, _) when Set.contains code nodeCodes -> PodWord.Down
    | word, _ -> word

/// Whether the instance has ever been ready as it is to be now: a change that does not work is mended by taking it back.
let private isProven (one: InstanceView) =
    one.Current.IsSome
    && one.Current = (one.Meta.Labels |> Map.tryFind Labels.revision)

/// Twice as long when Kubernetes disagrees (V T48), or when the instance's own change may be the cause.
let private grace (observed: Observed) (one: InstanceView) =
    let factor = if word one = PodWord.Ready || not (isProven one) then 2.0 else 1.0
    (policy observed).DownAfter * factor

/// How long PD has not heard from the store, as two clocks agree: PD's own, whose present is the newest heartbeat of all
/// stores, and that by which the instance says since when it does not serve. So neither a restart of the operator nor a jump
/// of its clock counts (V T80), nor one of PD's, after which all stores are Down until each has been heard from (V P60). PD
/// itself calls a store Down after 30 min.
let private silence (observed: Observed) (facts: PdFacts) (one: InstanceView) (store: Store) =
    match store.StateName, store.LastHeartbeat with
    | "Down", Some own ->
        let newest = facts.Stores |> List.choose _.LastHeartbeat |> List.max

        let unready =
            one.Unready
            |> Option.bind Timestamp.tryParse
            |> Option.map (fun since -> observed.Clock - since)

        Some(min (TimeSpan.FromTicks((newest - own) / 100L)) (Option.defaultValue TimeSpan.Zero unready))
    | _ -> None

/// An instance that serves again is believed after that time (V T56).
let private believed = TimeSpan.FromMinutes 2.0

let private sinceReady (observed: Observed) (one: InstanceView) =
    Timestamp.tryParse one.ReadySince
    |> Option.filter (fun _ -> one.Ready)
    |> Option.map (fun since -> observed.Clock - since)

let private hasReturned (observed: Observed) (one: InstanceView) =
    sinceReady observed one |> Option.exists (fun span -> span >= believed)

// ---- candidates

let private staying (observed: Observed) =
    let named = Set.ofList (settings observed).OfflineIndexes

    Observed.instances observed
    |> List.filter (fun one ->
        one.Registered
        && not one.Ready
        && not one.Offline
        && not one.Removed
        && not (isEnding one)
        && not (Set.contains one.Index named))

/// The instances of the group that PD calls down and that have no record, with the time for which it does; the longest first.
let private down (facts: PdFacts) (observed: Observed) =
    staying observed
    |> List.filter (fun one -> (recorded observed one).IsNone)
    |> List.choose (fun one ->
        storeOf facts one
        |> Option.bind (silence observed facts one)
        |> Option.map (fun span -> one, span))
    |> List.sortByDescending snd

let private name (observed: Observed) index = Names.instance observed.Meta.Name index

/// Why one that has been down for long enough is not replaced all the same.
let private obstacle (observed: Observed) (one: InstanceView) =
    let policy = policy observed

    let records =
        failures observed
        |> List.filter (fun failure -> (subject observed failure).IsSome)

    let ready = observed.Instances |> Map.filter (fun _ one -> one.Ready) |> Map.count

    let inOneDomain =
        one.Domain.IsSome
        && records
           |> List.choose (subject observed)
           |> List.exists (fun other -> other.Domain = one.Domain)

    let replaced = records |> List.filter (fun failure -> failure.Stage = FailureStage.Replacing)

    if not policy.Enabled then
        Some "spec.failover is not enabled; enable it, or delete the instance to have it replaced"
    elif word one = PodWord.Pending then
        Some "its Pod is pending, and so another one would be"
    elif records.Length >= policy.MaxReplacements then
        Some $"spec.failover.maxReplacements (%d{policy.MaxReplacements}) are there already"
    elif
        not replaced.IsEmpty
        && not inOneDomain
        && ready + 1 < (settings observed).Replicas
    then
        Some "the replacement of another one does not serve yet"
    else
        None

let private at stage (observed: Observed) (one: InstanceView) : Failure = {
    Index = one.Index
    Uid = one.Meta.Uid
    Since = Timestamp.print observed.Clock
    Stage = stage
    Confirmations = 0
    ConfirmedAt = None
}

/// One change of what is recorded: all records as they are to be, the event, and what it says.
type private Change = { Records: Failure list; Event: string; Note: string }

let private without (failure: Failure) (observed: Observed) =
    failures observed |> List.filter (fun one -> one.Uid <> failure.Uid)

let private replaceWith (failure: Failure) (observed: Observed) =
    failures observed
    |> List.map (fun one -> if one.Uid = failure.Uid then failure else one)

// ---- stores

/// The store that would go if the failed one stayed: the instance with the highest index that serves.
let private replacement (observed: Observed) =
    Observed.instances observed
    |> List.filter (fun one ->
        one.Ready
        && not one.Offline
        && not (isEnding one)
        && (recorded observed one).IsNone)
    |> List.tryLast

/// The failed one has come back: the cheaper of the two goes, by the regions that would have to move; of equals the extra.
let private returned (facts: PdFacts) (observed: Observed) (failure: Failure) (one: InstanceView) =
    let regions one = storeOf facts one |> Option.map _.Regions |> Option.defaultValue 0

    match replacement observed with
    | Some extra when regions extra > regions one -> {
        Records = replaceWith { failure with Stage = FailureStage.Retiring } observed
        Event = EventReason.FailoverEnded
        Note = $"%s{one.Meta.Name} has come back with less data than its replacement, and goes"
      }
    | _ -> {
        Records = without failure observed
        Event = EventReason.FailoverEnded
        Note = $"%s{one.Meta.Name} has come back; its replacement goes"
      }

/// The replacement serves, and with it as many as there are to be.
let private isReplaced (observed: Observed) =
    let serving =
        observed.Instances
        |> Map.filter (fun _ one -> one.Ready && not one.Offline && not (isEnding one))
        |> Map.count

    serving >= (settings observed).Replicas

let private ofStores (observed: Observed) =
    let replacing = atStage FailureStage.Replacing observed

    match calm observed with
    | Error _ -> None
    | Ok facts ->
        let back =
            replacing
            |> List.tryPick (fun failure ->
                subject observed failure
                |> Option.filter (hasReturned observed)
                |> Option.map (returned facts observed failure))

        let retired =
            replacing
            |> List.tryHead
            |> Option.filter (fun _ -> (policy observed).RemoveFailed && isReplaced observed)
            |> Option.filter (fun failure ->
                subject observed failure |> Option.exists (fun one -> not one.Ready))
            |> Option.map (fun failure -> {
                Records = replaceWith { failure with Stage = FailureStage.Retiring } observed
                Event = EventReason.FailedInstanceRetired
                Note = $"%s{name observed failure.Index} has a replacement that serves, and goes"
            })

        let begun =
            down facts observed
            |> List.tryFind (fun (one, span) -> span >= grace observed one && (obstacle observed one).IsNone)
            |> Option.map (fun (one, span) -> {
                Records = failures observed @ [ at FailureStage.Replacing observed one ]
                Event = EventReason.FailoverStarted
                Note =
                    $"%s{one.Meta.Name} has been down for %.0f{span.TotalMinutes} min; another store is added in its place"
            })

        back |> Option.orElse retired |> Option.orElse begun

// ---- members

/// PD tells of a member only whether it answers now. So the time is counted in confirmations, each at least a tenth of
/// `downAfter` after the one before: a jump of the clock counts as one at most (V T80), and a restart as none.
let private confirmationsNeeded = 10

let private tick (observed: Observed) = (policy observed).DownAfter / float confirmationsNeeded

let private confirmedFor (observed: Observed) (failure: Failure) =
    failure.ConfirmedAt
    |> Option.bind Timestamp.tryParse
    |> Option.map (fun at -> observed.Clock - at)

let private isIll (facts: PdFacts) (one: InstanceView) =
    facts.Members
    |> List.exists (fun other -> other.Name = one.Pod && not other.Healthy)

let private needed (observed: Observed) (one: InstanceView) =
    if grace observed one > (policy observed).DownAfter then
        confirmationsNeeded * 2
    else
        confirmationsNeeded

let private confirm (facts: PdFacts) (observed: Observed) (failure: Failure) (one: InstanceView) =
    let now = Some(Timestamp.print observed.Clock)

    let said note change =
        Some { Records = replaceWith change observed; Event = EventReason.PDMemberDown; Note = note }

    match confirmedFor observed failure with
    // It counts from the beginning if it falls silent again: so there is nothing to remember.
    | _ when one.Ready && not (isIll facts one) ->
        Some {
            Records = without failure observed
            Event = EventReason.FailoverEnded
            Note = $"%s{one.Meta.Name} has come back"
        }
    | _ when not (isIll facts one) || word one = PodWord.Pending ->
        if failure.Confirmations > 0 then
            said $"%s{one.Meta.Name} answers again" { failure with Confirmations = 0; ConfirmedAt = now }
        else
            None
    | None -> said $"%s{one.Meta.Name} does not answer" { failure with ConfirmedAt = now }
    | Some span when span < TimeSpan.Zero ->
        said $"%s{one.Meta.Name} does not answer" { failure with ConfirmedAt = now }
    | Some span when span >= tick observed && failure.Confirmations < needed observed one ->
        said $"%s{one.Meta.Name} still does not answer" {
            failure with
                Confirmations = failure.Confirmations + 1
                ConfirmedAt = now
        }
    | Some _ when failure.Confirmations >= needed observed one && (obstacle observed one).IsNone ->
        Some {
            Records = replaceWith { failure with Stage = FailureStage.Retiring } observed
            Event = EventReason.FailoverStarted
            Note =
                $"%s{one.Meta.Name} has been down for long enough; it leaves PD, and another member takes its place"
        }
    | Some _ -> None

let private ofMembers (observed: Observed) =
    match calm observed with
    | Error _ -> None
    | Ok facts ->
        let known =
            atStage FailureStage.Suspected observed
            |> List.tryPick (fun failure ->
                subject observed failure |> Option.bind (confirm facts observed failure))

        let healed =
            atStage FailureStage.Retiring observed
            |> List.tryPick (fun failure ->
                subject observed failure
                |> Option.filter _.Ready
                |> Option.map (fun one -> {
                    Records = without failure observed
                    Event = EventReason.FailoverEnded
                    Note = $"%s{one.Meta.Name} has come back, and stays"
                }))

        let suspected =
            staying observed
            |> List.tryFind (fun one ->
                (policy observed).Enabled
                && isIll facts one
                && word one <> PodWord.Pending
                && (recorded observed one).IsNone)
            |> Option.map (fun one -> {
                Records =
                    failures observed
                    @ [
                        {
                            at FailureStage.Suspected observed one with
                                ConfirmedAt = Some(Timestamp.print observed.Clock)
                        }
                    ]
                Event = EventReason.PDMemberDown
                Note = $"%s{one.Meta.Name} does not answer"
            })

        healed |> Option.orElse known |> Option.orElse suspected

// ---- the rules

/// What is recorded follows what is seen, one change at a time; a record ends with the instance that it speaks of.
let remember (observed: Observed) =
    let gone =
        failures observed
        |> List.filter (fun failure -> (subject observed failure).IsNone)

    let change =
        if not gone.IsEmpty then
            Some {
                Records = failures observed |> List.except gone
                Event = EventReason.FailoverEnded
                Note = "what had failed is gone"
            }
        else
            match observed.Role with
            | TiKV _ -> ofStores observed
            | PD _ -> ofMembers observed

    match change with
    | Some change -> Decision.act [ RecordFailures(change.Records, change.Event, change.Note) ]
    | None -> Decision.settled

/// Why what is down is left alone for now; of what is being restarted on purpose there is nothing to say.
let waits isPlanned (observed: Observed) =
    let of' facts =
        match observed.Role with
        | TiKV _ ->
            down facts observed
            |> List.map (fun (one, span) ->
                match obstacle observed one with
                | Some why -> InstanceDown(one.Meta.Name, why)
                | None -> FailoverPending(one.Meta.Name, grace observed one, grace observed one - span))
        | PD _ ->
            staying observed
            |> List.filter (fun one -> isIll facts one && not (isPlanned one))
            |> List.map (fun one ->
                match obstacle observed one with
                | Some why -> InstanceDown(one.Meta.Name, why)
                | None -> FailoverPending(one.Meta.Name, grace observed one, tick observed))

    let replaced =
        atStage FailureStage.Replacing observed
        |> List.choose (subject observed)
        |> List.map (fun one ->
            match sinceReady observed one with
            | Some span -> FailedReturns(one.Meta.Name, believed - span)
            | None -> FailedRemains(one.Meta.Name, (policy observed).RemoveFailed))

    match calm observed with
    | Ok facts -> Decision.wait (of' facts @ replaced)
    | Error why ->
        let silent =
            staying observed
            |> List.filter (fun one -> one.Fails && one.PodWord <> PodWord.Pending)

        if (policy observed).Enabled then
            Decision.wait ((silent |> List.map (fun one -> FailoverHeld(one.Meta.Name, why))) @ replaced)
        else
            Decision.wait replaced

/// Why the group serves with less safety than is wanted.
let degraded isPlanned (observed: Observed) =
    let down =
        match calm observed, observed.Role with
        | Ok facts, TiKV _ -> down facts observed |> List.map fst
        | Ok facts, PD _ -> staying observed |> List.filter (isIll facts)
        | Error _, _ -> []

    let failed = failures observed |> List.choose (subject observed)

    match
        (down @ failed)
        |> List.filter (isPlanned >> not)
        |> List.map _.Meta.Name
        |> List.distinct
        |> List.sort,
        observed.Role
    with
    | [], _ -> None
    | names, TiKV _ ->
        let names = String.Join(", ", names)
        Some(ConditionReason.StoreDown, $"%s{names} is down")
    | names, PD _ ->
        let names = String.Join(", ", names)
        Some(ConditionReason.PDMemberDown, $"%s{names} is down")
