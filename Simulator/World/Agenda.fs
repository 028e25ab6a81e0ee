namespace Tikv.Simulator.World

/// A leftist heap (Okasaki, "Purely Functional Data Structures", 3.1): the earliest entry is on top.
[<RequireQualifiedAccess>]
type internal Heap<'Event> =
    | Empty
    | Node of
        Rank: int *
        Time: int64 *
        Sequence: int64 *
        Event: 'Event *
        Left: Heap<'Event> *
        Right: Heap<'Event>

/// What is to happen, in the order of time and then of entry: a total order, so that a run never depends on chance.
type Agenda<'Event> = private {
    Entries: Heap<'Event>
    /// Entries made so far.
    Sequence: int64
}

[<RequireQualifiedAccess>]
module Agenda =
    let empty<'Event> : Agenda<'Event> = { Entries = Heap.Empty; Sequence = 0L }

    let private rank heap =
        match heap with
        | Heap.Empty -> 0
        | Heap.Node(rank, _, _, _, _, _) -> rank

    /// The side with the longer way to its end goes to the left.
    let private node time sequence event one other =
        if rank one >= rank other then
            Heap.Node(rank other + 1, time, sequence, event, one, other)
        else
            Heap.Node(rank one + 1, time, sequence, event, other, one)

    let rec private merge one other =
        match one, other with
        | Heap.Empty, heap
        | heap, Heap.Empty -> heap
        | Heap.Node(_, time, sequence, event, left, right),
          Heap.Node(_, otherTime, otherSequence, otherEvent, otherLeft, otherRight) ->
            if time < otherTime || time = otherTime && sequence < otherSequence then
                node time sequence event left (merge right other)
            else
                node otherTime otherSequence otherEvent otherLeft (merge one otherRight)

    /// Enters an event at a time in milliseconds.
    let add (at: int64) event (agenda: Agenda<'Event>) = {
        Entries = merge (Heap.Node(1, at, agenda.Sequence, event, Heap.Empty, Heap.Empty)) agenda.Entries
        Sequence = agenda.Sequence + 1L
    }

    /// The next event with its time.
    let first (agenda: Agenda<'Event>) : struct (int64 * 'Event) voption =
        match agenda.Entries with
        | Heap.Empty -> ValueNone
        | Heap.Node(_, time, _, event, _, _) -> ValueSome(struct (time, event))

    /// The time of the next event; none when nothing is to come.
    let next (agenda: Agenda<'Event>) : int64 voption =
        match agenda.Entries with
        | Heap.Empty -> ValueNone
        | Heap.Node(_, time, _, _, _, _) -> ValueSome time

    /// The agenda without the next event.
    let rest (agenda: Agenda<'Event>) =
        match agenda.Entries with
        | Heap.Empty -> agenda
        | Heap.Node(_, _, _, _, left, right) -> { agenda with Entries = merge left right }

    /// Everything that is to come, in no order.
    let entries (agenda: Agenda<'Event>) : struct (int64 * 'Event) list =
        let rec gather heap found =
            match heap with
            | Heap.Empty -> found
            | Heap.Node(_, time, _, event, left, right) ->
                struct (time, event) :: gather left (gather right found)

        gather agenda.Entries []
