namespace Tikv.Simulator.Run

open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// How a run ended.
[<RequireQualifiedAccess>]
type Verdict =
    /// What is expected was reached, and everything held.
    | Reached
    /// A property broke; earliest first.
    | Broke of Violation list
    /// Time was up, with this still missing.
    | Stuck of Missing: string list

type Result = {
    Scenario: string
    Verdict: Verdict
    /// Milliseconds of the world.
    Ended: int64
    /// The first time at which what is expected was found to be reached; the last change before it.
    ReachedAt: int64
    /// How often each property was put to the test.
    Tested: Map<string, int>
    Counters: Map<string, int>
    /// How many writes each operator sent.
    Writes: Map<int, int>
    Fingerprint: uint64
    /// One line an event, oldest first.
    Transcript: string list
    Final: Simulation
}

[<RequireQualifiedAccess>]
module Run =

    /// Milliseconds after which expectations are looked at again though nothing was written.
    let private lookAgain = 5_000L

    let private waitsFor (fault: Fault) =
        match fault.When with
        | Trigger.AtTime time -> "the time " + Simulation.clock time
        | Trigger.AtWrite(_, number) -> $"write %d{number}"
        | Trigger.AtWriteTo(_, kind, number) ->
            $"write %d{number} to a %s{Tikv.Core.Kubernetes.Kind.name kind}"
        | Trigger.AtRead(_, number) -> $"read %d{number}"
        | Trigger.AtEachWrite(_, multiple) -> $"each write of %d{multiple}"
        | Trigger.AtEachRead(_, multiple) -> $"each read of %d{multiple}"
        | Trigger.AtStep(_, number) -> $"input %d{number}"
        | Trigger.AtMoment(fact, _) -> Facts.says fact
        | Trigger.AtCall(_, call, kind, name, nth, during) ->
            let about = [ kind |> Option.map Tikv.Core.Kubernetes.Kind.name; name ] |> List.choose id
            let during = during |> Option.map (fun fact -> "while " + Facts.says fact) |> Option.toList
            System.String.Join(" ", [ $"call %d{nth}: %O{call}"; yield! about; yield! during ])
        | Trigger.AtEvent(_, kind, nth, during) ->
            let during = during |> Option.map (fun fact -> " while " + Facts.says fact)

            $"event %d{nth} of a %s{Tikv.Core.Kubernetes.Kind.name kind}"
            + Option.defaultValue "" during

    /// Steps whose moment has come and that are taken some time after it, and what follows from a step by itself, such as the end
    /// of a reboot.
    let private toCome (run: Simulation) =
        Agenda.entries run.Coming
        |> List.choose (fun (struct (time, coming)) ->
            match coming with
            | Coming.Strikes _ -> Some time
            | _ -> None)
        |> List.sort
        |> List.map (fun time -> $"a step of the scenario is still to come, at %s{Simulation.clock time}")

    let private missing (run: Simulation) =
        let expected = Checks.missing run.Scenario run.Judge.Tested run.World @ toCome run

        if run.Scenario.MustStrike then
            expected
            @ (run.Faults |> List.map (fun fault -> "has not come: " + waitsFor fault))
        else
            expected

    /// When the last of the user's steps and of the timed faults is over.
    let private planned (scenario: Scenario) =
        let steps = scenario.Steps |> List.map fst

        let faults =
            scenario.Faults
            |> List.choose (fun fault ->
                match fault.When with
                | Trigger.AtTime time -> Some time
                | _ -> None)

        (scenario.World.Now, steps @ faults) ||> List.fold max

    let private finish (verdict: Verdict) (run: Simulation) : Result = {
        Scenario = run.Scenario.Name
        Verdict = verdict
        Ended = run.World.Now
        ReachedAt = run.ChangedAt
        Tested = run.Judge.Tested
        Counters = Map.add "events" run.Performed run.Counters
        Writes = run.Operators |> Map.map (fun _ operator -> operator.Writes)
        Fingerprint = run.Fingerprint
        Transcript = run.Lines |> List.rev |> List.map Simulation.print
        Final = run
    }

    /// Events within one millisecond after which time is taken to stand still.
    let private most = 20_000

    /// One step, with the number of steps made within the same millisecond.
    let private step (repeats: int) (run: Simulation) : struct (Simulation * int) =
        let next = Engine.step run
        struct (next, (if next.World.Now = run.World.Now then repeats + 1 else 0))

    let private comingWords (coming: Coming) =
        match coming with
        | Coming.Starts operator -> $"the start of operator%d{operator}"
        | Coming.Arrives(operator, _, _) -> $"an input of operator%d{operator}"
        | Coming.Lands(operator, _, _, _)
        | Coming.LandsLate(operator, _, _, _) -> $"a request of operator%d{operator}"
        | Coming.Delivers(operator, _, _)
        | Coming.Expires(operator, _, _)
        | Coming.Bookmarks(operator, _, _) -> $"a watch of operator%d{operator}"
        | Coming.Wakes(operator, _) -> $"a timer of operator%d{operator}"
        | Coming.User _ -> "a request of a user"
        | Coming.Strikes _ -> "a step of the scenario"

    let private standsStill (run: Simulation) =
        let next =
            match Agenda.first run.Coming with
            | ValueSome(struct (time, coming)) when time <= run.World.Now -> comingWords coming
            | _ -> "a step of the world"

        [ $"time stands still: %d{most} events in one millisecond; the next is %s{next}" ]

    /// Goes on until what is expected is reached; shows each step, before and after, to an onlooker. Left where he has seen
    /// enough, it has no result.
    let rec private go
        onlook
        enough
        seen
        planned
        look
        repeats
        (run: Simulation)
        : struct (Result voption * 'Seen) =
        let ended verdict = struct (ValueSome(finish verdict run), seen)

        if not (List.isEmpty run.Judge.Violations) then
            ended (Verdict.Broke(List.rev run.Judge.Violations))
        elif enough seen then
            struct (ValueNone, seen)
        elif repeats > most then
            ended (Verdict.Stuck(standsStill run))
        else
            match Engine.next run with
            | ValueNone ->
                match missing run with
                | [] -> ended Verdict.Reached
                | missing -> ended (Verdict.Stuck missing)
            | ValueSome time when time > run.Scenario.Limit -> ended (Verdict.Stuck(missing run))
            | ValueSome time when
                time > planned
                && time - max run.ChangedAt run.StruckAt >= run.Scenario.Quiet
                && time >= look
                ->
                match missing run with
                | [] -> ended Verdict.Reached
                | _ ->
                    let struct (next, repeats) = step repeats run
                    go onlook enough (onlook run next seen) planned (time + lookAgain) repeats next
            | ValueSome _ ->
                let struct (next, repeats) = step repeats run
                go onlook enough (onlook run next seen) planned look repeats next

    let private nobody (_: Simulation) (_: Simulation) () = ()

    /// Goes on with a run as it stands, under the scenario that it bears, and shows each step to an onlooker.
    let watched (run: Simulation) onlook (seen: 'Seen) : Result * 'Seen =
        let struct (result, seen) = go onlook (fun _ -> false) seen (planned run.Scenario) 0L 0 run
        ValueOption.get result, seen

    /// The same until the onlooker has seen enough, of which there is no result.
    let watchedUntil (run: Simulation) onlook (enough: 'Seen -> bool) (seen: 'Seen) : Result voption * 'Seen =
        let struct (result, seen) = go onlook enough seen (planned run.Scenario) 0L 0 run
        result, seen

    /// Goes on with a run as it stands, under the scenario that it bears.
    let continue' (run: Simulation) : Result = watched run nobody () |> fst

    /// Runs a scenario until what it expects is reached and has stood still, a property breaks, or time is up.
    let run (scenario: Scenario) : Result = continue' (Engine.prepare scenario All.invariants)

    /// Goes on from where another run stands, with the steps and faults of a scenario.
    let from (run: Simulation) (scenario: Scenario) : Result = continue' (Engine.resume scenario run)

    /// Goes on with a run that has reached what it expects: from now on nothing need be written for so long. Shows each
    /// step to an onlooker.
    let watchedRest (milliseconds: int64) onlook (seen: 'Seen) (result: Result) : Result * 'Seen =
        let rec go until seen repeats (run: Simulation) =
            match run.Judge.Violations, Engine.next run with
            | [], _ when repeats > most -> finish (Verdict.Stuck(standsStill run)) run, seen
            | [], ValueSome time when time <= until ->
                let struct (next, repeats) = step repeats run
                go until (onlook run next seen) repeats next
            | [], _ -> finish Verdict.Reached run, seen
            | violations, _ -> finish (Verdict.Broke(List.rev violations)) run, seen

        let run = Simulation.see Sight.Settled result.Final
        go (run.World.Now + milliseconds) seen 0 run

    let rest (milliseconds: int64) (result: Result) : Result =
        watchedRest milliseconds nobody () result |> fst

    let isGood (result: Result) =
        match result.Verdict with
        | Verdict.Reached -> true
        | Verdict.Broke _
        | Verdict.Stuck _ -> false

    /// A run that has reached what it expects is left alone for so many milliseconds; another one stays as it is.
    let thenRest (milliseconds: int64) (result: Result) : Result =
        if isGood result then rest milliseconds result else result

    /// The verdict as a person would say it.
    let words (result: Result) : string =
        match result.Verdict with
        | Verdict.Reached ->
            $"reached after %s{Simulation.clock result.ReachedAt} of the world; every property held"
        | Verdict.Broke(first :: others) ->
            let more = if List.isEmpty others then "" else $" (and %d{List.length others} more)"

            $"%s{first.Property.Id} broke at %s{Simulation.clock first.At}: %s{first.What}%s{more}. It says: %s{first.Property.Means}."
        | Verdict.Broke [] -> "broke"
        | Verdict.Stuck missing ->
            let what = System.String.Join("; ", (missing: string list))
            $"stuck at %s{Simulation.clock result.Ended}: %s{what}"
