/// The work on one object: look, look again before a cut, carry out step by step, report.
module internal Tikv.Core.Operator.Rounds

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator.Run
open Tikv.Core.Operator.Wakes
open Tikv.Core.Operator.Polling
open Tikv.Core.Operator.Secrets

let stage (object: ObjectRef) stage run =
    run
    |> change (fun state -> { state with Rounds = state.Rounds |> Map.add object stage })

let await request (object: ObjectRef) run =
    run
    |> change (fun state -> { state with OfRound = state.OfRound |> Map.add request object })

let endRound (object: ObjectRef) run =
    run
    |> change (fun state -> { state with Rounds = state.Rounds |> Map.remove object })
    |> queue (Queue.finished (Work.Reconcile object))

let succeed (input: Input) (object: ObjectRef) recheck run =
    let work = Work.Reconcile object

    run
    |> endRound object
    |> queue (Queue.succeeded work)
    |> change (fun state -> { state with Streaks = state.Streaks |> Map.remove object })
    |> match recheck with
       | ValueSome span -> queue (Queue.add (input.At |> Instant.add span) work)
       | ValueNone -> id

/// No object needs more rounds in a row than this to be built up.
let longStreak = 40

let betweenRounds = TimeSpan.FromMilliseconds 10L

/// Looks again after a back-off, which a round that succeeds ends.
let private putOff (input: Input) (object: ObjectRef) run =
    run |> endRound object |> queue (Queue.putOff input.At (Work.Reconcile object))

let fail input object run = run |> putOff input object |> count "errors"

/// Looks again soon, since something was done; slower and slower when that does not end (V I72).
let again (input: Input) (object: ObjectRef) run =
    let streak = run.State.Streaks |> Map.tryFind object |> Option.defaultValue 0
    let work = Work.Reconcile object

    run
    |> endRound object
    |> change (fun state -> { state with Streaks = state.Streaks |> Map.add object (streak + 1) })
    |> queue (
        if streak < longStreak then
            Queue.add (input.At |> Instant.add betweenRounds) work
        else
            Queue.putOffFor (Queue.backOff (streak - longStreak)) input.At work
    )

let sendRead (object: ObjectRef) target run =
    let struct (id, run) = fresh run
    run |> await id object |> emit (Effect.Read(id, target)), id

/// What a new status says of certificates is told by an event too. Its name is made from what it says, not of which
/// version, so that a status that has to be written again tells nothing twice.
let private tellOfCertificates (input: Input) (object: ObjectRef) write run =
    let valid = Condition.tryFind ConditionType.CertificatesValid
    let before = Cache.conditions object run.State.Cache |> valid |> Option.map _.Reason

    let now =
        match write with
        | Patch(_, true, body) ->
            body
            |> Json.itemsAt [ "status"; "conditions" ]
            |> List.choose (Codec.decode<Condition> [ "status"; "conditions" ] >> Result.toOption)
            |> valid
        | _ -> None

    match now, Cache.meta object run.State.Cache with
    | Some now, Some meta when
        now.Reason <> ConditionReason.Valid
        && now.Status <> ConditionStatus.Unknown
        && before <> Some now.Reason
        ->
        let reason =
            if now.Status = ConditionStatus.True then
                EventReason.CertificateExpiring
            else
                EventReason.CertificateInvalid

        let struct (id, run) = fresh run
        let anyVersion: Meta = { meta with ResourceVersion = ResourceVersion "" }

        run
        |> emit (Effect.Write(id, Events.create input.Clock object anyVersion "Warning" reason now.Message))
    | _ -> run

/// What a change of a status says, but for the times in it.
let private wordsOf write =
    let rec timeless json =
        match json with
        | Json.Object members ->
            members
            |> List.filter (fun (name, _) -> name <> "lastTransitionTime" && name <> "since")
            |> List.map (fun (name, value) -> name, timeless value)
            |> Json.Object
        | Json.Array items -> items |> List.map timeless |> Json.array
        | json -> json

    match write with
    | Patch(_, true, body) -> body |> Json.tryField "status" |> Option.map timeless
    | _ -> None
    |> Option.defaultValue Json.Null

/// PD is asked again by then, so that two operators without a lease, whose views of PD are not of one instant, agree.
let insistence = TimeSpan.FromSeconds 10L

/// How long an operator waits before it says once more what it said last and somebody has changed since.
let private holdsBack (input: Input) (object: ObjectRef) words run =
    match run.State.Told |> Map.tryFind object with
    | Some(struct (at, told)) when told = words ->
        let until = at |> Instant.add insistence
        if input.At < until then ValueSome(Instant.since input.At until) else ValueNone
    | _ -> ValueNone

/// Sends the status when it says something new; the round ends after it.
let report input (object: ObjectRef) status failed recheck run =
    match status with
    | Some write when mayWrite input run.State ->
        let words = wordsOf write

        match holdsBack input object words run with
        | ValueSome _ when failed -> fail input object run
        | ValueSome left ->
            let recheck =
                match recheck with
                | ValueSome sooner when sooner < left -> ValueSome sooner
                | _ -> ValueSome left

            succeed input object recheck run
        | ValueNone ->
            let struct (id, run) = fresh run

            run
            |> await id object
            |> stage object (Stage.Reporting(id, failed, recheck, words))
            |> emit (Effect.Write(id, write))
            |> tellOfCertificates input object write
    | _ -> if failed then fail input object run else succeed input object recheck run

let send input (object: ObjectRef) (step: Steps.Step) rest run =
    if not (mayWrite input run.State) then
        endRound object run
    else
        let struct (id, run) = fresh run

        let effect =
            match step.Request with
            | Steps.ToKubernetes write -> Effect.Write(id, write)
            | Steps.ToPd(endpoints, call) -> Effect.CallPd(id, endpoints, call)

        run
        |> await id object
        |> stage object (Stage.Carrying(id, step, rest))
        |> emit effect

let remember (object: ObjectRef) (verdict: Verdict.Verdict option) run =
    run
    |> change (fun state ->
        let forget waiting key =
            let left = waiting |> Map.tryFind key |> Option.defaultValue Map.empty |> Map.remove object
            if left.IsEmpty then waiting |> Map.remove key else waiting |> Map.add key left

        match verdict with
        | None -> { state with Waiting = state.Waiting |> Map.keys |> Seq.fold forget state.Waiting }
        | Some verdict ->
            let key = verdict.Cluster ||> Cache.key

            if verdict.Waiting.IsEmpty && verdict.Steps.IsEmpty then
                { state with Waiting = forget state.Waiting key }
            else
                let others = state.Waiting |> Map.tryFind key |> Option.defaultValue Map.empty

                {
                    state with
                        Waiting = state.Waiting |> Map.add key (others |> Map.add object verdict.Waiting)
                })

let risky (steps: Steps.Step list) = steps |> List.exists (fun step -> step.Risk <> Instance.Risk.None)

/// Another look before a cut: the objects that the decision read, and PD, are asked anew.
let lookAgain (input: Input) (object: ObjectRef) (verdict: Verdict.Verdict) run =
    let run, awaited =
        verdict.Reads
        |> List.distinct
        |> List.fold
            (fun (run, awaited) target ->
                let run, id = sendRead object target run
                run, Map.add id target awaited)
            (run, Map.empty)

    let space, cluster = verdict.Cluster

    run
    |> stage object (Stage.Looking(awaited, input.At, Cache.key space cluster, verdict.Steps))
    |> poll input.At space cluster

/// PD has not been asked in this life of the operator. Until then a status could only say so, and would take back what
/// an earlier life knew; the first poll wakes everybody.
let neverPolled (verdict: Verdict.Verdict) (state: OperatorState) =
    let key = verdict.Cluster ||> Cache.key

    Map.containsKey key state.Cache.Clusters
    && not (Map.containsKey key state.PolledAt)

/// Building up does not wait for PD for longer than this (law 5).
let longestAwait = TimeSpan.FromSeconds 10L

/// PD is asked anew, and the object is not looked at before that has been answered.
let awaitPd (input: Input) isWanted (object: ObjectRef) run =
    match Cache.meta object run.State.Cache |> Option.bind (label Labels.cluster) with
    | None -> run
    | Some cluster ->
        let awaited = { Cluster = Cache.key object.Namespace cluster; Since = input.At; Wanted = isWanted }

        run
        |> poll input.At object.Namespace cluster
        |> change (fun state -> { state with AwaitsPd = state.AwaitsPd |> Map.add object awaited })

/// Looked at when the poll is complete; or without it, when that takes too long.
let private postpone (object: ObjectRef) (awaited: AwaitedPoll) run =
    run
    |> endRound object
    |> change (fun state -> {
        state with
            AwaitsPd = state.AwaitsPd |> Map.add object { awaited with Wanted = true }
    })
    |> queue (Queue.add (awaited.Since |> Instant.add longestAwait) (Work.Reconcile object))

let private awaitedPoll (input: Input) (object: ObjectRef) (state: OperatorState) =
    state.AwaitsPd
    |> Map.tryFind object
    |> Option.filter (fun awaited -> Instant.since awaited.Since input.At < longestAwait)

/// How old what was read of somebody else's object may be.
let private strangersLast = TimeSpan.FromSeconds 30L

/// What has to be read before anything is decided: what a write has left in doubt, or what stands in the way and may have gone.
let private doubted (input: Input) (object: ObjectRef) (state: OperatorState) =
    match Map.tryFind object state.Doubts, Map.tryFind object state.Strangers with
    | Some target, _ -> Some target
    | None, Some(struct (target, readAt)) when Instant.since readAt input.At > strangersLast -> Some target
    | None, _ -> None

let beginRound (input: Input) (object: ObjectRef) run =
    match doubted input object run.State, awaitedPoll input object run.State with
    | Some doubted, _ ->
        let run, id = sendRead object doubted run
        run |> stage object (Stage.Settling(id, doubted, ValueNone))
    | None, Some awaited -> postpone object awaited run
    | None, None ->
        let verdict = Verdict.look (sight input run.State) object
        let run = run |> remember object verdict |> count "reconciles"

        match verdict with
        | None ->
            run
            |> change (fun state -> {
                state with
                    Told = state.Told |> Map.remove object
                    Strangers = state.Strangers |> Map.remove object
            })
            |> succeed input object ValueNone
        | Some verdict ->
            let run =
                verdict.Broken
                |> List.fold
                    (fun run law ->
                        run
                        |> count "unsafe"
                        |> log
                            LogLevel.Error
                            "a decision that breaks a law was not carried out"
                            (describe object @ [ "law", law ]))
                    run

            match verdict.Steps with
            | steps when needsSecrets input verdict.Secrets verdict.Cluster steps run.State ->
                run
                |> awaitSecrets input object verdict.Cluster
                |> succeed input object verdict.Recheck
            | [] when neverPolled verdict run.State ->
                let space, cluster = verdict.Cluster
                let isAsked = Map.containsKey (Cache.key space cluster) run.State.Polls

                (if isAsked then run else run |> poll input.At space cluster)
                |> succeed input object verdict.Recheck
            | [] -> report input object verdict.Status false verdict.Recheck run
            | steps when risky steps -> lookAgain input object verdict run
            | step :: rest -> send input object step rest run

/// Only what is decided again is carried out, as it is decided now. It need not be so word for word: while PD takes a second
/// to answer, no mark with the time in it would ever be.
let lookedAgain (input: Input) (object: ObjectRef) (steps: Steps.Step list) run =
    match Verdict.look (sight input run.State) object with
    | Some { Steps = step :: rest } when
        1 + rest.Length = steps.Length && List.forall2 Steps.isSame steps (step :: rest)
        ->
        send input object step rest run
    | _ -> again input object run

let event (input: Input) (object: ObjectRef) (step: Steps.Step) run =
    match Cache.meta object run.State.Cache with
    | None -> run
    | Some meta ->
        let struct (id, run) = fresh run
        let kind = if Set.contains step.Action EventReason.warnings then "Warning" else "Normal"

        run
        |> emit (Effect.Write(id, Events.create input.Clock object meta kind step.Action step.Note))

let carriedOut (input: Input) (object: ObjectRef) (step: Steps.Step) rest run =
    let run =
        run
        |> log LogLevel.Info "carried out" (describe object @ [ "action", step.Action; "note", step.Note ])
        |> event input object step
        |> count $"action:%s{step.Action}"

    let run =
        match step.Request with
        | Steps.ToPd _ -> awaitPd input true object run
        | Steps.ToKubernetes _ -> run

    match rest with
    | next :: rest -> send input object next rest run
    | [] ->
        match step.Request with
        | Steps.ToKubernetes _ -> again input object run
        // PD has said yes; that it is so will be seen. Until then it is not told the same at once again.
        | Steps.ToPd _ -> putOff input object run

let doubt (object: ObjectRef) target failed problem run =
    run
    |> change (fun state -> { state with Doubts = state.Doubts |> Map.add object target })
    |> log LogLevel.Warning "outcome of a write is unknown" (describe target @ [ "error", problem ])
    |> fun run ->
        let run, id = sendRead object target run
        run |> stage object (Stage.Settling(id, target, failed))

let refused (input: Input) (object: ObjectRef) (step: Steps.Step) message run =
    let verdict = Verdict.look (sight input run.State) object

    run
    |> log LogLevel.Warning "refused" (describe object @ [ "action", step.Action; "error", message ])
    |> report
        input
        object
        (verdict |> Option.bind (fun verdict -> verdict.Refused step.Action message))
        true
        ValueNone

let applied input write answer run =
    match write with
    | Create(object, _) -> run |> store input answer object.Kind
    | Patch(object, _, _) ->
        let meta: Meta = Meta.decode answer

        // The last finalizer is gone, and the object with it.
        if
            meta.DeletionTimestamp.IsSome
            && meta.Finalizers.IsEmpty
            && object.Kind <> Kind.Pod
        then
            run |> vanish input object
        else
            run |> store input answer object.Kind
    | Delete(object, precondition, _) ->
        run
        |> change (fun state -> { state with Cache = Cache.ending object precondition.Uid state.Cache })

/// A conflict, a name that is taken, or an object that is gone: the cache was behind, and a read tells how far.
let isStale (error: ApiError) = error.Code = 409 || error.Code = 404

let wroteStep (input: Input) (object: ObjectRef) step rest write outcome run =
    match outcome with
    | Done answer -> run |> applied input write answer |> carriedOut input object step rest
    | Refused error when isStale error -> run |> doubt object (Write.object write) ValueNone error.Message
    | Refused error when ApiError.leavesDoubt error ->
        run
        |> doubt object (Write.object write) (ValueSome(step, error.Message)) error.Message
    | Refused error -> run |> refused input object step error.Message
    | Unknown problem -> run |> doubt object (Write.object write) ValueNone problem

let wroteStatus (input: Input) (object: ObjectRef) failed recheck words outcome run =
    match outcome with
    | Done answer ->
        let run =
            run
            |> change (fun state -> {
                state with
                    Told = state.Told |> Map.add object (struct (input.At, words))
            })
            |> store input answer object.Kind

        if failed then fail input object run else succeed input object recheck run
    | Refused error when isStale error || ApiError.leavesDoubt error ->
        run |> doubt object object ValueNone error.Message
    | Refused error ->
        run
        |> log
            LogLevel.Warning
            "refused"
            (describe object @ [ "action", "UpdateStatus"; "error", error.Message ])
        |> fail input object
    | Unknown problem -> run |> doubt object object ValueNone problem

/// Whether the watches tell what becomes of it.
let private isWatched kind json =
    (Labels.selector kind).IsNone
    || Json.stringAt [ "metadata"; "labels"; Labels.managedBy ] json = Some Labels.manager

/// The same is decided still: the write at which the server failed has changed nothing.
let private isStillWanted (input: Input) (object: ObjectRef) (failed: Steps.Step) run =
    Verdict.look (sight input run.State) object
    |> Option.exists (fun verdict -> verdict.Steps |> List.exists (Steps.isSame failed))

let settled (input: Input) (object: ObjectRef) (target: ObjectRef) failed outcome run =
    let clear =
        change (fun state -> {
            state with
                Doubts = state.Doubts |> Map.remove object
                Strangers = state.Strangers |> Map.remove object
        })

    let keep json run =
        if isWatched target.Kind json then
            run
        else
            run
            |> change (fun state -> {
                state with
                    Strangers = state.Strangers |> Map.add object (struct (target, input.At))
            })

    let goOn run =
        match failed with
        | ValueSome(step, message) when isStillWanted input object step run ->
            run |> refused input object step message
        | _ -> run |> fail input object

    match outcome with
    | Done json -> run |> clear |> keep json |> store input json target.Kind |> goOn
    | Refused(error: ApiError) when error.Code = 404 -> run |> clear |> vanish input target |> goOn
    | Refused _
    | Unknown _ -> fail input object run

let lookRead (input: Input) (object: ObjectRef) request (awaited, since, cluster, steps) outcome run =
    let target: ObjectRef = Map.find request awaited
    let left = stage object (Stage.Looking(Map.remove request awaited, since, cluster, steps))

    match outcome with
    | Done json -> run |> store input json target.Kind |> left
    | Refused(error: ApiError) when error.Code = 404 -> run |> vanish input target |> left
    | Refused _
    | Unknown _ -> fail input object run
