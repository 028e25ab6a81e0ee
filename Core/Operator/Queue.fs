namespace Tikv.Core.Operator

open System
open Tikv.Core
open Tikv.Core.Kubernetes

/// One thing to do, named by what it is about. A name is in the queue at most once.
[<RequireQualifiedAccess>]
type Work =
    /// Look at one object of ours and decide.
    | Reconcile of Object: ObjectRef
    /// Ask PD how the cluster is.
    | AskPd of Namespace: string * Cluster: string
    /// Read the Secrets of the cluster's certificates.
    | ReadSecrets of Namespace: string * Cluster: string

/// A place in the queue: when it is due, in milliseconds, and the number of its arrival.
type Turn = { At: int64; Arrival: int64 }

/// The work queue: one entry a name, the earliest time asked for wins, work in hand is not handed out again, and what was
/// put off backs off exponentially.
type Queue = {
    Due: Map<Work, Turn>
    /// The same, in order of time and then of arrival.
    Order: Map<Turn, Work>
    Arrivals: int64
    InHand: Set<Work>
    /// Asked for again while in hand, and when.
    Again: Map<Work, Instant>
    /// How often in a row work was put off.
    Failures: Map<Work, int>
    /// Work that was put off, and when it may be done at the earliest, whatever happens.
    NotBefore: Map<Work, Instant>
}

[<RequireQualifiedAccess>]
module Queue =
    let empty = {
        Due = Map.empty
        Order = Map.empty
        Arrivals = 0L
        InHand = Set.empty
        Again = Map.empty
        Failures = Map.empty
        NotBefore = Map.empty
    }

    /// From 0.1 s, doubling, to 60 s: a conflict is an ordinary outcome and is tried again soon.
    let backOff failures = TimeSpan.FromSeconds(min 60.0 (0.1 * Math.Pow(2.0, float (min failures 10))))

    /// What happens meanwhile cuts a back-off no shorter than this. Our own writes are events too: without it, a write
    /// that succeeds before one that is refused would be repeated at once, for ever (V I72).
    let patience = TimeSpan.FromSeconds 5L

    let private remove work queue =
        match queue.Due |> Map.tryFind work with
        | None -> queue
        | Some turn -> {
            queue with
                Due = queue.Due |> Map.remove work
                Order = queue.Order |> Map.remove turn
          }

    let private put (Instant at) work queue =
        let turn = { At = at; Arrival = queue.Arrivals }

        {
            queue with
                Due = queue.Due |> Map.add work turn
                Order = queue.Order |> Map.add turn work
                Arrivals = queue.Arrivals + 1L
        }

    /// Asks for work at a time; an earlier time that was asked for before stands.
    let add at work queue =
        let at =
            match queue.NotBefore |> Map.tryFind work with
            | Some earliest -> max earliest at
            | None -> at

        if queue.InHand |> Set.contains work then
            match queue.Again |> Map.tryFind work with
            | Some earlier when earlier <= at -> queue
            | _ -> { queue with Again = queue.Again |> Map.add work at }
        else
            match queue.Due |> Map.tryFind work with
            | Some turn when Instant turn.At <= at -> queue
            | Some _ -> queue |> remove work |> put at work
            | None -> queue |> put at work

    /// The next work whose time has come; it is then in hand until `finished`.
    let take (Instant now) queue =
        if Map.isEmpty queue.Order then
            None
        else
            let turn, work = Map.minKeyValue queue.Order

            if turn.At > now then
                None
            else
                let queue = remove work queue
                Some(work, { queue with InHand = queue.InHand |> Set.add work })

    /// Work in hand is done; what was asked for meanwhile is queued.
    let finished work queue =
        let again = queue.Again |> Map.tryFind work

        let queue = {
            queue with
                InHand = queue.InHand |> Set.remove work
                Again = queue.Again |> Map.remove work
        }

        match again with
        | Some at -> add at work queue
        | None -> queue

    let succeeded work queue =
        if queue.NotBefore |> Map.containsKey work then
            {
                queue with
                    Failures = queue.Failures |> Map.remove work
                    NotBefore = queue.NotBefore |> Map.remove work
            }
        else
            queue

    /// Asks for work again after a time, which nothing cuts shorter than `patience`.
    let putOffFor span now work queue =
        let asked =
            queue.Due
            |> Map.tryFind work
            |> Option.map (fun turn -> Instant turn.At)
            |> Option.toList

        {
            remove work queue with
                NotBefore = queue.NotBefore |> Map.add work (now |> Instant.add (min span patience))
        }
        |> fun queue ->
            (now |> Instant.add span) :: asked
            |> List.fold (fun queue at -> add at work queue) queue

    /// Asks for work again after its back-off, which grows until it has succeeded.
    let putOff now work queue =
        let failures = queue.Failures |> Map.tryFind work |> Option.defaultValue 0

        { queue with Failures = queue.Failures |> Map.add work (failures + 1) }
        |> putOffFor (backOff failures) now work

    /// When the next work is due.
    let wakeAt queue =
        if Map.isEmpty queue.Order then
            ValueNone
        else
            let turn, _ = Map.minKeyValue queue.Order
            ValueSome(Instant turn.At)

    /// Work that waits and whose time has come or not.
    let depth queue = Map.count queue.Due
