/// One step of the state machine on its way: the state so far, and the effects so far.
module internal Tikv.Core.Operator.Run

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// A state on its way through one step, with the effects so far, newest first.
[<Struct>]
type Run = { State: OperatorState; Effects: Effect list }

let change update run = { run with State = update run.State }
let emit effect run = { run with Effects = effect :: run.Effects }
let emitAll effects run = effects |> List.fold (fun run effect -> emit effect run) run

let log level message fields run =
    run |> emit (Effect.Log { Level = level; Message = message; Fields = fields })

let fresh run =
    let id = RequestId run.State.NextRequest
    struct (id, run |> change (fun state -> { state with NextRequest = state.NextRequest + 1L }))

let count name run =
    let total = run.State.Totals |> Map.tryFind name |> Option.defaultValue 0L

    run
    |> change (fun state -> { state with Totals = state.Totals |> Map.add name (total + 1L) })

let queue update run = run |> change (fun state -> { state with Queue = update state.Queue })

let poll at space cluster run =
    run
    |> change (fun state -> {
        state with
            PollQueue = state.PollQueue |> Queue.add at (Work.AskPd(space, cluster))
    })

let readSecrets at space cluster run =
    run
    |> change (fun state -> {
        state with
            PollQueue = state.PollQueue |> Queue.add at (Work.ReadSecrets(space, cluster))
    })

let describe (object: ObjectRef) = [
    "kind", Kind.name object.Kind
    "namespace", object.Namespace
    "name", object.Name
]

let sight (input: Input) state : Looks.Sight = {
    At = input.At
    Clock = input.Clock
    Cache = state.Cache
    Pds = state.Pds
    SilentSince = state.SilentSince
    Secrets = state.Secrets |> Map.map (fun _ known -> known.Seen)
}

/// Whether writes may be sent at this moment.
let mayWrite (input: Input) state =
    not state.Stopped
    && (match state.Election with
        | Some election -> Election.leads input.At election
        | None -> true)

let allSynced state = state.Reflectors |> Map.forall (fun _ reflector -> reflector.Synced)
