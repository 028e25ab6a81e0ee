/// Asking PD, and telling those whose facts have changed.
module internal Tikv.Core.Operator.Polling

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Operator.Run
open Tikv.Core.Operator.Wakes

/// The facts of PD are those of a moment: whoever changed something in PD before it goes on.
let private freshFacts (input: Input) key asked run =
    run.State.AwaitsPd
    |> Map.filter (fun _ awaited -> awaited.Cluster = key && awaited.Since <= asked)
    |> Map.fold
        (fun run object awaited ->
            run
            |> change (fun state -> { state with AwaitsPd = state.AwaitsPd |> Map.remove object })
            |> if awaited.Wanted then queue (Queue.add input.At (Work.Reconcile object)) else id)
        run

/// It answers, and hears from its stores: a leader that is new does so within ten seconds (V P15).
let private speaks view =
    match view with
    | PdView.Answered facts -> (Instance.Evidence.outage facts).IsNone
    | PdView.Silent _
    | PdView.Unasked -> false

/// Since when a PD that had spoken does not.
let private silence at key now run =
    run
    |> change (fun state ->
        let spoke = state.Pds |> Map.tryFind key |> Option.exists speaks

        if speaks now then { state with SilentSince = state.SilentSince |> Map.remove key }
        elif spoke then { state with SilentSince = state.SilentSince |> Map.add key at }
        else state)

let finishPoll (input: Input) key (poll: Poll) run =
    let before = run.State.Pds |> Map.tryFind key |> Option.defaultValue PdView.Unasked
    let now = Poll.view poll
    let sight = sight input run.State
    let waiting = run.State.Waiting |> Map.containsKey key
    let isFirst = not (Map.containsKey key run.State.PolledAt)

    let again =
        match now with
        | PdView.Answered _ when not waiting -> Poll.everyWhenSettled
        | _ -> Poll.everyWhenWaiting

    let work = Work.AskPd(poll.Namespace, poll.Cluster)

    let run =
        run
        |> silence input.At key now
        |> change (fun state -> {
            state with
                Polls = state.Polls |> Map.remove key
                Pds = state.Pds |> Map.add key now
                PolledAt = state.PolledAt |> Map.add key poll.AskedAt
                PollQueue =
                    state.PollQueue
                    |> Queue.finished work
                    |> Queue.add (input.At |> Instant.add again) work
        })

    let run =
        match before, now with
        | PdView.Answered _, PdView.Silent problem
        | PdView.Unasked, PdView.Silent problem ->
            run
            |> log LogLevel.Warning "PD does not answer" [
                "namespace", poll.Namespace
                "cluster", poll.Cluster
                "error", problem
            ]
        | PdView.Silent _, PdView.Answered _
        | PdView.Unasked, PdView.Answered _ ->
            run
            |> log LogLevel.Info "PD answers" [ "namespace", poll.Namespace; "cluster", poll.Cluster ]
        | _ -> run

    let run = run |> freshFacts input key poll.AskedAt

    match (if isFirst then None else Poll.changed before now) with
    | Some names when names.IsEmpty -> run
    | Some names ->
        instancesOfCluster poll.Namespace poll.Cluster sight
        |> List.filter (fun (_, name) -> Set.contains name names)
        |> List.fold (fun run (kind, name) -> run |> queue (reconcile input.At kind poll.Namespace name)) run
        |> wakeCluster input poll.Namespace poll.Cluster false
    | None -> run |> wakeCluster input poll.Namespace poll.Cluster true

let private ask key endpoints questions (poll: Poll) run =
    let run, asked =
        questions
        |> List.fold
            (fun (run, asked) call ->
                let struct (id, run) = fresh run
                run |> emit (Effect.CallPd(id, endpoints, call)), (id, call) :: asked)
            (run, [])

    run
    |> change (fun state -> {
        state with
            Polls = state.Polls |> Map.add key { poll with Awaited = Map.ofList asked }
            OfPoll = asked |> List.fold (fun map (id, _) -> map |> Map.add id key) state.OfPoll
    })

/// Asks PD, unless nobody is there to be asked; then what is known of it is that.
let startPoll (input: Input) space cluster run =
    let key = Cache.key space cluster
    let sight = sight input run.State
    let work = Work.AskPd(space, cluster)

    match Looks.pdEndpoints space cluster sight with
    | [] ->
        let known = Looks.cluster space cluster sight

        let view =
            match known |> Option.bind _.Status.Id with
            | Some _ -> PdView.Silent "none of its members runs"
            | None -> PdView.Unasked

        let before = run.State.Pds |> Map.tryFind key |> Option.defaultValue PdView.Unasked
        let isFirst = not (Map.containsKey key run.State.PolledAt)

        // Where PD is may be told again by a change that nobody is woken by, such as a group that can be read again.
        let later queue =
            match view with
            | PdView.Silent _ -> queue |> Queue.add (input.At |> Instant.add Poll.everyWhenSettled) work
            | _ -> queue

        let run =
            run
            |> silence input.At key view
            |> change (fun state -> {
                state with
                    PollQueue = state.PollQueue |> Queue.finished work |> later
                    PolledAt = state.PolledAt |> Map.add key input.At
                    Pds = if known.IsSome then state.Pds |> Map.add key view else state.Pds |> Map.remove key
            })

        let run = run |> freshFacts input key input.At

        if before = view && not isFirst then run else run |> wakeCluster input space cluster true
    | endpoints ->
        run
        |> ask key endpoints Poll.questions {
            Namespace = space
            Cluster = cluster
            AskedAt = input.At
            Awaited = Map.empty
            Answers = []
            IsRepeated = false
        }

/// An answer has come, or there is none: the poll is complete with the last, unless some are asked for once more.
let answered (input: Input) key request outcome run =
    match run.State.Polls |> Map.tryFind key with
    | None -> run
    | Some poll ->
        let poll = {
            poll with
                Awaited = poll.Awaited |> Map.remove request
                Answers = (poll.Awaited[request], outcome) :: poll.Answers
        }

        if not poll.Awaited.IsEmpty then
            run
            |> change (fun state -> { state with Polls = state.Polls |> Map.add key poll })
        else
            let endpoints = Looks.pdEndpoints poll.Namespace poll.Cluster (sight input run.State)

            match Poll.unanswered poll with
            | _ :: _ as lost when not endpoints.IsEmpty ->
                run
                |> ask key endpoints lost {
                    poll with
                        Answers = poll.Answers |> List.filter (fun (call, _) -> not (List.contains call lost))
                        IsRepeated = true
                }
            | _ -> finishPoll input key poll run
