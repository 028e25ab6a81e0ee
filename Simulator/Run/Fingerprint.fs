namespace Tikv.Simulator.Run

open System
open System.Collections.Generic
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// What a state of a run amounts to, in 128 bits: the same for two states that differ in nothing but when they are, and how
/// often something was counted on the way there. The same in every process.
[<Struct>]
type Fingerprint = {
    Low: uint64
    High: uint64
} with

    override this.ToString() = this.High.ToString "x16" + this.Low.ToString "x16"

/// Tells states. One for each thread: it remembers what it has told.
[<Sealed>]
type Fingerprints() =
    let teller = Teller()

    /// Rounds in a row after which an operator slows down.
    static let longStreak = 40

    /// A time that never comes.
    static let never = Int64.MaxValue / 2L

    /// How far away a time is, in coarse words: what is due next, soon, within a minute; what was just now, or long ago.
    static let bucket (away: int64) =
        if away > never then 9UL
        elif away > 600_000L then 8UL
        elif away > 60_000L then 7UL
        elif away > 10_000L then 6UL
        elif away > 2_000L then 5UL
        elif away > 0L then 10UL
        elif away > -10_000L then 4UL
        elif away > -60_000L then 3UL
        elif away > -600_000L then 2UL
        else 1UL

    /// The same of a time that stands in an object: no rule asks for less than a minute there.
    static let long (away: int64) = if away > -60_000L && away <= 0L then 4UL else bucket away

    /// Kinds that a settled cluster goes on writing.
    static let isRoutine shelf =
        match shelf with
        | "events"
        | "leases.coordination.k8s.io" -> true
        | _ -> false

    /// How often a property of the comparison with the run without faults counts (I62).
    static let isChurn (name: string) =
        match name with
        | "create Pod"
        | "delete Pod"
        | "create PersistentVolumeClaim"
        | "delete PersistentVolumeClaim"
        | "create PD"
        | "delete PD"
        | "create TiKV"
        | "delete TiKV" -> true
        | _ -> false

    let word (value: int) = teller.Word(uint64 value)

    let kind (kind: Kind) = teller.Text(Kind.name kind)

    let sending (sending: Sending) =
        match sending with
        | Sending.List(_, of', space, _, _) ->
            word 1
            kind of'
            teller.Text(Option.toObj space)
        | Sending.Watch(_, of', space, _, _) ->
            word 2
            kind of'
            teller.Text(Option.toObj space)
        | Sending.Read(_, object) ->
            word 3
            Planned.refs.Tell(teller, object)
        | Sending.Write(_, write) ->
            word 4
            Planned.writes.Tell(teller, write)
        | Sending.Pd(_, _, call) ->
            word 5
            Planned.calls.Tell(teller, call)

    let watched number life request (run: Simulation) =
        match Simulation.living number life run with
        | ValueSome operator ->
            let (RequestId request) = request
            Map.tryFind request operator.Watches |> ValueOption.ofOption
        | ValueNone -> ValueNone

    /// What is to come, where it is of any moment: what was meant for a former life is dropped when it comes, a watch that
    /// ends by time is opened again, and a timer is in the queue it was made for.
    let isMeant (run: Simulation) (coming: Coming) =
        match coming with
        | Coming.Starts _
        | Coming.User _
        | Coming.Strikes _ -> true
        | Coming.Lands(number, life, sending, _)
        | Coming.LandsLate(number, life, sending, _) ->
            match sending with
            | Sending.Write _ -> true
            | Sending.Pd(_, _, call) when Words.changes call -> true
            | _ -> (Simulation.living number life run).IsSome
        | Coming.Arrives(number, life, _) -> (Simulation.living number life run).IsSome
        | Coming.Delivers(number, life, request) -> (watched number life request run).IsSome
        | Coming.Expires _
        | Coming.Bookmarks _
        | Coming.Wakes _ -> false

    let comes (run: Simulation) (struct (at: int64, coming: Coming)) =
        let isAlive number life = (Simulation.living number life run).IsSome

        match coming with
        | Coming.Starts number ->
            word 1
            word number
        | Coming.Arrives(number, _, happening) ->
            word 2
            word number
            Planned.happenings.Tell(teller, happening)
        | Coming.Lands(number, life, sent, answer)
        | Coming.LandsLate(number, life, sent, answer) ->
            word 3
            word number
            word (if isAlive number life && answer.IsSome then 1 else 0)
            sending sent
        | Coming.Delivers(number, life, request) ->
            word 4
            word number

            match watched number life request run with
            | ValueSome watcher -> teller.Text watcher.Shelf
            | ValueNone -> ()
        | Coming.User request ->
            word 5
            Planned.requests.Tell(teller, request)
        | Coming.Strikes misfortune ->
            word 6
            Planned.faults.Tell(teller, misfortune)
        | Coming.Expires _
        | Coming.Bookmarks _
        | Coming.Wakes _ -> ()

        teller.Time at

    /// A watch that has told all that there is says nothing.
    let behind (run: Simulation) (watcher: Watcher) =
        teller.Text watcher.Shelf

        word (if ApiServer.latestOn watcher.Shelf run.World.Server > watcher.Position then 1 else 0)

    let operator (run: Simulation) (operator: OperatorProcess) =
        word operator.Number
        teller.Time operator.PausedUntil
        teller.Word(uint64 operator.ClockAhead)
        teller.Unordered(operator.Watches.Values, behind run)

        match operator.Program with
        | ValueNone -> word 0
        | ValueSome program ->
            word 1

            Planned.planner.Tell(teller, program.Remembers, Within.Nothing)

            match program.Believes with
            | ValueSome state ->
                Planned.memories.Tell(teller, state)

                state.Streaks.Values
                |> Seq.filter (fun streak -> streak >= longStreak)
                |> Seq.length
                |> word
            // what a script remembers nobody sees: no two are alike
            | ValueNone -> word operator.Inputs

    let fault (run: Simulation) (fault: Fault) =
        match fault.When with
        | Trigger.AtWrite(number, nth) ->
            let writes = Simulation.operator number run |> Option.map _.Writes |> Option.defaultValue 0

            word (nth - writes)
        | other -> Planned.triggers.Tell(teller, other)

        Planned.faults.Tell(teller, fault.What)

    let state (run: Simulation) =
        teller.Unordered(
            run.World.Server.Collections
            |> Seq.filter (fun (KeyValue(shelf, _)) -> not (isRoutine shelf)),
            fun (KeyValue(shelf, collection: Collection)) ->
                teller.Text shelf
                Planned.objects.Tell(teller, collection.Objects)
        )

        Planned.world.Tell(teller, run.World)
        teller.Unordered(run.Operators.Values, operator run)

        teller.Unordered(
            Agenda.entries run.Coming
            |> Seq.filter (fun (struct (_, coming)) -> isMeant run coming),
            comes run
        )

        teller.Unordered(run.Faults, fault run)
        Planned.held.Tell(teller, run.HeldBack)
        Planned.weather.Tell(teller, run.Weather |> List.filter (fun one -> one.Until > run.World.Now))
        word run.Scenario.Network.ListsBehind

        teller.Unordered(
            run.Counters |> Seq.filter (fun (KeyValue(name, _)) -> isChurn name),
            fun (KeyValue(name, count)) ->
                teller.Text name
                word count
        )

        Planned.ledger.Tell(teller, run.Judge.Ledger)

        for invariant in run.Judge.Standing do
            Planned.planner.Tell(teller, invariant.Remembers, Within.Times)

    /// An object that is there no more.
    static let gone = 11UL

    /// The object that has a uid, by kind and name: an object of the same name in a former life is no other one.
    let names (server: ApiServer) =
        let found = Array.create teller.Uids gone

        for KeyValue(shelf, collection) in server.Collections do
            if not (isRoutine shelf) then
                for KeyValue(space, objects) in collection.Objects do
                    for KeyValue(name, object) in objects do
                        // a volume is named for the uid of its claim
                        let name = if name.Length > 36 then name.Substring(0, name.Length - 36) else name
                        let hash = Chance.text (Chance.text (Chance.text Chance.offset shelf) space) name
                        let uid = teller.Uid(Meta.uid object)

                        // of one that is spoken of nowhere nobody asks
                        if uid < found.Length then
                            found[uid] <- hash

        found

    member _.Of(run: Simulation) : Fingerprint =
        let part = teller.Whole(fun () -> state run)
        let names = names run.World.Server
        let began = run.World.Epoch.ToUnixTimeMilliseconds()
        let mutable low = part.Low
        let mutable high = part.High

        for loose in part.Ends do
            let word =
                if loose.Uid >= 0 then names[loose.Uid]
                elif loose.IsDate then long (loose.Time - began - run.World.Now)
                else bucket (loose.Time - run.World.Now)

            let mixed = Hash.mix loose.Path word
            low <- low + mixed
            high <- high + Hash.mix mixed 3UL

        { Low = Hash.mix low 1UL; High = Hash.mix high 2UL }
