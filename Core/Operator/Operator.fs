/// The operator as one state machine: `step` takes one input, and says what to do.
module Tikv.Core.Operator.Operator

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator.Run
open Tikv.Core.Operator.Wakes
open Tikv.Core.Operator.Polling
open Tikv.Core.Operator.Secrets
open Tikv.Core.Operator.Rounds

// ---- reflectors

let private reflect key (reflector: Reflector, effects) run =
    let ids =
        effects
        |> List.choose (fun effect ->
            match effect with
            | Effect.List(request, _, _, _, _)
            | Effect.Watch(request, _, _, _, _) -> Some request
            | _ -> None)

    run
    |> change (fun state -> {
        state with
            Reflectors = state.Reflectors |> Map.add key reflector
            OfReflector = ids |> List.fold (fun map id -> map |> Map.add id key) state.OfReflector
    })
    |> emitAll effects

let private startReflectors run =
    let spaces =
        match run.State.Settings.Namespaces with
        | [] -> [ None ]
        | names -> names |> List.map Some

    Kind.watched
    |> List.collect (fun kind ->
        if Kind.isClusterWide kind then [ kind, None ] else spaces |> List.map (fun space -> kind, space))
    |> List.fold
        (fun run (kind, space) ->
            let struct (id, run) = fresh run
            run |> reflect (kind, space) (Reflector.start id kind space))
        run

let private forgetRequest request run =
    run
    |> change (fun state -> { state with OfReflector = state.OfReflector |> Map.remove request })

// ---- leadership

let private elect (input: Input) (election: Election, effects) run =
    let was = run.State.Leading
    let leads = Election.leads input.At election

    let run =
        run
        |> change (fun state -> { state with Election = Some election; Leading = leads })
        |> emitAll effects

    if leads && not was then
        let everything =
            Kind.ours
            |> List.collect (fun kind ->
                let keys map = map |> Map.toList |> List.map fst
                let cache = run.State.Cache

                (match kind with
                 | Kind.Cluster -> keys cache.Clusters
                 | Kind.PDGroup -> keys cache.PdGroups
                 | Kind.TiKVGroup -> keys cache.TikvGroups
                 | Kind.PD -> keys cache.Pds
                 | _ -> keys cache.Tikvs)
                |> List.map (fun key -> kind, key))

        everything
        |> List.fold
            (fun run (kind, key: string) ->
                let slash = key.IndexOf '/'

                run
                |> queue (reconcile input.At kind (key.Substring(0, slash)) (key.Substring(slash + 1))))
            run
        |> log LogLevel.Info "leads" [ "identity", election.Settings.Identity ]
    else
        run

/// The lease's own requests are told by their number: the election has at most one.
let private isElection request state =
    match state.Election with
    | Some { Pending = Some(pending, _) } -> pending = request
    | _ -> false

// ---- one input

let private handle (input: Input) run =
    match input.Happening with
    | Started -> run |> startReflectors
    | Listed(request, outcome) ->
        match run.State.OfReflector |> Map.tryFind request with
        | None -> run
        | Some key ->
            let struct (next, run) = fresh run

            let reflector, effects, learnt =
                Reflector.listed input.At next request outcome run.State.Reflectors[key]

            let run =
                match outcome with
                | Done _ ->
                    run
                    |> change (fun state -> { state with Cache = Cache.shown (fst key) true state.Cache })
                | Refused error when Reflector.isHidden reflector ->
                    run
                    |> change (fun state -> { state with Cache = Cache.shown (fst key) false state.Cache })
                    |> log LogLevel.Warning "cannot see this kind; goes on without" [
                        "kind", Kind.name (fst key)
                        "error", error.Message
                    ]
                | Refused error ->
                    run
                    |> log LogLevel.Warning "cannot list" [
                        "kind", Kind.name (fst key)
                        "error", error.Message
                    ]
                | Unknown problem ->
                    run
                    |> log LogLevel.Warning "cannot list" [ "kind", Kind.name (fst key); "error", problem ]

            let run = run |> forgetRequest request |> reflect key (reflector, effects)

            learnt
            |> List.fold (fun run learnt -> run |> learn input (fst key) (snd key) learnt) run
    | Watched(request, event) ->
        match run.State.OfReflector |> Map.tryFind request with
        | None -> run
        | Some key ->
            let reflector, effects, learnt =
                Reflector.watched input.At request event run.State.Reflectors[key]

            let run = run |> reflect key (reflector, effects)

            learnt
            |> List.fold (fun run learnt -> run |> learn input (fst key) (snd key) learnt) run
    | WatchEnded(request, ending) ->
        match run.State.OfReflector |> Map.tryFind request with
        | None -> run
        | Some key ->
            let struct (next, run) = fresh run
            let reflected = Reflector.watchEnded input.At next request ending run.State.Reflectors[key]
            run |> forgetRequest request |> reflect key reflected
    | HasRead(request, outcome) when isElection request run.State ->
        let struct (next, run) = fresh run

        run
        |> elect input (Election.hasRead input.At input.Clock next outcome run.State.Election.Value)
    | Wrote(request, outcome) when isElection request run.State ->
        let struct (next, run) = fresh run
        let releasing = run.State.Election.Value.Releasing

        let run =
            run
            |> elect input (Election.wrote input.At next outcome run.State.Election.Value)

        if releasing then
            run
            |> change (fun state -> { state with Stopped = true })
            |> emit (Effect.Exit(0, "stopped"))
        else
            run
    | HasRead(request, outcome) when Map.containsKey request run.State.OfSecrets ->
        hasReadSecret input request outcome run
    | HasRead(request, outcome) ->
        match run.State.OfRound |> Map.tryFind request with
        | None -> run
        | Some object ->
            let run =
                run
                |> change (fun state -> { state with OfRound = state.OfRound |> Map.remove request })

            match run.State.Rounds |> Map.tryFind object with
            | Some(Stage.Settling(awaited, target, failed)) when awaited = request ->
                settled input object target failed outcome run
            | Some(Stage.Looking(awaited, since, cluster, steps)) when Map.containsKey request awaited ->
                lookRead input object request (awaited, since, cluster, steps) outcome run
            | _ -> run
    | Wrote(request, outcome) ->
        match run.State.OfRound |> Map.tryFind request with
        | None -> run
        | Some object ->
            let run =
                run
                |> change (fun state -> { state with OfRound = state.OfRound |> Map.remove request })

            match run.State.Rounds |> Map.tryFind object with
            | Some(Stage.Carrying(awaited, step, rest)) when awaited = request ->
                match step.Request with
                | Steps.ToKubernetes write -> wroteStep input object step rest write outcome run
                | Steps.ToPd _ -> run
            | Some(Stage.Reporting(awaited, failed, recheck, words)) when awaited = request ->
                wroteStatus input object failed recheck words outcome run
            | _ -> run
    | PdAnswered(request, outcome) ->
        match run.State.OfPoll |> Map.tryFind request, run.State.OfRound |> Map.tryFind request with
        | Some key, _ ->
            let run =
                run
                |> change (fun state -> { state with OfPoll = state.OfPoll |> Map.remove request })

            answered input key request outcome run
        | None, Some object ->
            let run =
                run
                |> change (fun state -> { state with OfRound = state.OfRound |> Map.remove request })

            match run.State.Rounds |> Map.tryFind object, outcome with
            | Some(Stage.Carrying(awaited, ({ Request = Steps.ToPd(_, call) } as step), rest)), Done reply when
                awaited = request
                ->
                match PdCodec.written call reply with
                | Ok() -> carriedOut input object step rest run
                | Error error ->
                    match step.Otherwise with
                    | Some(write, note) when PdCodec.refusesSettings call reply ->
                        let instead: Steps.Step = {
                            step with
                                Request = Steps.ToKubernetes write
                                Note = note
                                Otherwise = None
                        }

                        run
                        |> log
                            LogLevel.Info
                            "settings need a restart"
                            (describe object @ [ "error", PdError.text error ])
                        |> send input object instead []
                    | _ -> refused input object step (PdError.text error) run
            | Some(Stage.Carrying(awaited, step, _)), (Unknown message | Refused { Message = message }) when
                awaited = request
                ->
                // It may have been executed all the same (law 8).
                run |> awaitPd input false object |> refused input object step message
            | _ -> run
        | None, None -> run
    | Woke -> run |> change (fun state -> { state with Wake = ValueNone })
    | StopRequested ->
        run
        |> change (fun state -> { state with Stopping = true })
        |> log LogLevel.Info "stopping" []

// ---- what time and free hands allow

let private wakeReflectors (input: Input) run =
    run.State.Reflectors
    |> Map.fold
        (fun run key reflector ->
            match Reflector.wakeAt reflector with
            | ValueSome at when at <= input.At ->
                let struct (id, run) = fresh run
                run |> reflect key (Reflector.wake input.At id reflector)
            | _ -> run)
        run

let private wakeElection (input: Input) run =
    match run.State.Election with
    | Some election when not run.State.Stopped ->
        if Election.lost input.At election then
            run
            |> change (fun state -> { state with Stopped = true; Leading = false })
            |> log LogLevel.Error "lost the lease" []
            |> emit (Effect.Exit(3, "the lease could not be renewed in time, or was taken by another"))
        else
            let struct (id, run) = fresh run
            run |> elect input (Election.wake input.At input.Clock id election)
    | _ -> run

/// Looks that wait for nothing any more are decided again.
let private finishLooks (input: Input) run =
    run.State.Rounds
    |> Map.fold
        (fun run object stage ->
            match stage with
            | Stage.Looking(awaited, since, cluster, steps) when awaited.IsEmpty ->
                match run.State.PolledAt |> Map.tryFind cluster with
                | Some polled when polled >= since -> lookedAgain input object steps run
                | _ -> run
            | _ -> run)
        run

let rec private takeWork (input: Input) run =
    let state = run.State

    if
        state.Stopping
        || state.Rounds.Count >= state.Settings.MaxConcurrent
        || not (mayWrite input state)
    then
        run
    else
        match Queue.take input.At state.Queue with
        | None -> run
        | Some(work, taken) ->
            let run = run |> change (fun state -> { state with Queue = taken })

            match work with
            | Work.Reconcile object -> run |> beginRound input object |> takeWork input
            | Work.AskPd _
            | Work.ReadSecrets _ -> takeWork input run

let rec private takePolls (input: Input) run =
    if not (mayWrite input run.State) then
        run
    else
        match Queue.take input.At run.State.PollQueue with
        | Some(Work.AskPd(space, cluster), taken) ->
            run
            |> change (fun state -> { state with PollQueue = taken })
            |> startPoll input space cluster
            |> takePolls input
        | Some(Work.ReadSecrets(space, cluster), taken) ->
            run
            |> change (fun state -> { state with PollQueue = taken })
            |> startReads input space cluster
            |> takePolls input
        | Some(Work.Reconcile _, _)
        | None -> run

/// After a stop signal: work in hand is finished, then the lease is given back.
let private stop (input: Input) run =
    let state = run.State

    if not state.Stopping || state.Stopped || not state.Rounds.IsEmpty then
        run
    else
        match state.Election with
        // The answer to a renewal under way comes first, lest it be taken for that to the release.
        | Some election when Election.leads input.At election && election.Pending.IsSome -> run
        | Some election when Election.leads input.At election ->
            run
            |> change (fun state -> {
                state with
                    Election = Some { election with Releasing = true; NextTry = input.At }
            })
            |> wakeElection input
        | Some election when election.Releasing -> run
        | _ ->
            run
            |> change (fun state -> { state with Stopped = true })
            |> emit (Effect.Exit(0, "stopped"))

let private earliest one other =
    match one, other with
    | ValueSome one, ValueSome other -> ValueSome(min one other)
    | ValueNone, other -> other
    | one, ValueNone -> one

/// Asks to be woken when the earliest of all waits is over, unless that has been asked for already.
let private askToBeWoken (input: Input) run =
    let state = run.State

    let reflectors =
        state.Reflectors
        |> Map.fold (fun at _ reflector -> earliest at (Reflector.wakeAt reflector)) ValueNone

    let election =
        match state.Election with
        | Some election when allSynced state -> Election.wakeAt election
        | _ -> ValueNone

    // Nothing is taken from the queues before all caches are filled.
    let polls = if allSynced state && mayWrite input state then Queue.wakeAt state.PollQueue else ValueNone

    let work =
        if
            allSynced state
            && state.Rounds.Count < state.Settings.MaxConcurrent
            && mayWrite input state
            && not state.Stopping
        then
            Queue.wakeAt state.Queue
        else
            ValueNone

    match [ election; polls; work ] |> List.fold earliest reflectors with
    | ValueSome at when not state.Stopped && state.Wake <> ValueSome at ->
        run
        |> change (fun state -> { state with Wake = ValueSome at })
        |> emit (Effect.WakeAt at)
    | _ -> run

/// A new life of an operator.
let start (settings: Settings) : OperatorState = {
    Settings = settings
    NextRequest = 1L
    Reflectors = Map.empty
    OfReflector = Map.empty
    Rounds = Map.empty
    OfRound = Map.empty
    Polls = Map.empty
    OfPoll = Map.empty
    Cache = Cache.empty
    Pds = Map.empty
    SilentSince = Map.empty
    PolledAt = Map.empty
    SecretReads = Map.empty
    OfSecrets = Map.empty
    Secrets = Map.empty
    Queue = Queue.empty
    PollQueue = Queue.empty
    Streaks = Map.empty
    Told = Map.empty
    Doubts = Map.empty
    Strangers = Map.empty
    AwaitsPd = Map.empty
    Waiting = Map.empty
    Election = settings.Election |> Option.map Election.start
    Leading = settings.Election.IsNone
    Wake = ValueNone
    Stopping = false
    Stopped = false
    Totals = Map.empty
}

/// One input, and what it leads to. Total and deterministic.
[<CompiledName "Step">]
let step (state: OperatorState) (input: Input) : struct (OperatorState * Effect list) =
    if state.Stopped then
        struct (state, [])
    else
        let run = { State = state; Effects = [] } |> handle input |> wakeReflectors input

        let run =
            if allSynced run.State && not run.State.Reflectors.IsEmpty then
                run
                |> wakeElection input
                |> takePolls input
                |> finishLooks input
                |> takeWork input
                |> takePolls input
            else
                run

        let run = run |> stop input |> askToBeWoken input
        struct (run.State, List.rev run.Effects)

/// Each kind that is watched, and whether its cache has been filled.
let synced (state: OperatorState) =
    state.Reflectors
    |> Map.toList
    |> List.map (fun ((kind, _), reflector) -> Kind.name kind, reflector.Synced)
