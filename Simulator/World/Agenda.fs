namespace Tikv.Simulator.World

/// What is to happen, in the order of time and then of entry: a total order, so that a run never depends on chance.
type Agenda<'Event> = private {
    Entries: Map<int64, 'Event>
    /// Entries made so far within the newest millisecond asked for; packed below the time.
    Sequence: int64
}

[<RequireQualifiedAccess>]
module Agenda =
    /// 24 bits for the sequence leave 39 bits of milliseconds: 17 years.
    let private shift = 24
    let private mask = (1L <<< shift) - 1L

    let empty<'Event> : Agenda<'Event> = { Entries = Map.empty; Sequence = 0L }

    /// Enters an event at a time in milliseconds.
    let add (at: int64) event (agenda: Agenda<'Event>) =
        let rec free key = if Map.containsKey key agenda.Entries then free (key + 1L) else key

        {
            Entries = Map.add (free ((at <<< shift) ||| (agenda.Sequence &&& mask))) event agenda.Entries
            Sequence = agenda.Sequence + 1L
        }

    /// The time of the next event; none when nothing is to come.
    let next (agenda: Agenda<'Event>) : int64 voption =
        if Map.isEmpty agenda.Entries then
            ValueNone
        else
            ValueSome((Map.minKeyValue agenda.Entries |> fst) >>> shift)

    /// The next event with its time, and the agenda without it.
    let take (agenda: Agenda<'Event>) : struct (int64 * 'Event * Agenda<'Event>) voption =
        if Map.isEmpty agenda.Entries then
            ValueNone
        else
            let key, event = Map.minKeyValue agenda.Entries
            ValueSome(struct (key >>> shift, event, { agenda with Entries = Map.remove key agenda.Entries }))

    let count (agenda: Agenda<'Event>) = Map.count agenda.Entries

    /// Everything to come, with its time.
    let entries (agenda: Agenda<'Event>) : (int64 * 'Event) list =
        agenda.Entries
        |> Map.toList
        |> List.map (fun (key, event) -> key >>> shift, event)
