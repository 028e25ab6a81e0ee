namespace Tikv.Simulator.Run

open System
open System.Threading
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// One run of an exploration: the same run with one misfortune in it, from the state just before it strikes.
type Variation = { Name: string; From: Simulation }

/// A run without faults, with the states that it can be left from.
type Twin = {
    Result: Result
    Final: Map<string, Json>
    /// The state in which each write was about to be sent, by the number of the write.
    BeforeWrite: Map<int, Simulation>
    /// The state after every so many milliseconds, earliest first.
    AtTimes: Simulation list
    Start: Simulation
}

type Exploration = {
    Variation: Variation
    Result: Result
    /// What is wrong with it, in words; nothing when it came out as the run without faults did.
    Problem: string option
}

/// Every single misfortune at every point of a run (verification E5.2, depth 1). All runs share the part before theirs.
[<RequireQualifiedAccess>]
module Explore =

    let private refusal code reason : ApiError = {
        Code = code
        Reason = reason
        Message = "refused by a fault of the simulator"
        Causes = []
        RetryAfter = if code = 429 then Some 1 else None
    }

    /// What may befall each single write.
    let private fates = [
        "crash before", WriteFate.CrashBefore
        "crash after", WriteFate.CrashAfter
        "lost reply of", WriteFate.ReplyLost
        "429 for", WriteFate.Refused(refusal 429 "TooManyRequests")
        "500 for", WriteFate.Refused(refusal 500 "InternalError")
        "conflict for", WriteFate.Refused(refusal 409 "Conflict")
        "delay by 45 s of", WriteFate.Late 45_000L
        "zombie by 10 s of", WriteFate.Zombie 10_000L
    ]

    /// What is compared is where a run ends: how often something happens on the way may change with a misfortune.
    let private onlyTheEnd (start: Simulation) = {
        start with
            Judge =
                start.Judge
                |> Judge.only (fun invariant -> not (Checks.isOwn invariant.Property.Id))
            Scenario = {
                start.Scenario with
                    Expect =
                        start.Scenario.Expect
                        |> List.filter (fun check ->
                            match check with
                            | Check.Finally _ -> true
                            | Check.Eventually _
                            | Check.Always _
                            | Check.Times _ -> false)
            }
    }

    /// Runs without faults, and keeps the states on the way: before each write of operator 0, and at points of time.
    let twin (start: Simulation) : Twin =
        let start = onlyTheEnd start

        let result, before, states =
            Run.watched
                start
                (fun before after (writes, states) ->
                    let sent (run: Simulation) =
                        Map.tryFind 0 run.Operators |> Option.map _.Writes |> Option.defaultValue 0

                    let writes =
                        (writes, [ sent before + 1 .. sent after ])
                        ||> List.fold (fun writes number -> Map.add number before writes)

                    writes, (if after.World.Now > before.World.Now then before :: states else states))
                (Map.empty, [])
            |> fun (result, (writes, states)) -> result, writes, List.rev states

        let span = max 1L ((result.ReachedAt - start.World.Now) / 10L)

        let at part =
            states
            |> List.tryFind (fun state -> state.World.Now >= start.World.Now + part * span)

        {
            Result = result
            Final = FinalState.ofWorld result.Final.World
            BeforeWrite = before
            AtTimes = [ 0L .. 9L ] |> List.choose at
            Start = start
        }

    let private with' (fault: Fault) (run: Simulation) = { run with Faults = fault :: run.Faults }

    let private now misfortune (run: Simulation) =
        Simulation.enter run.World.Now (Coming.Strikes misfortune) run

    let private everyWrite (twin: Twin) = [
        for KeyValue(number, before) in twin.BeforeWrite do
            for name, fate in fates do
                {
                    Name = $"%s{name} write %d{number}"
                    From = with' { When = Trigger.AtWrite(0, number); What = Misfortune.ToWrite fate } before
                }
    ]

    /// Caches that lag by one or two versions, each for ten seconds.
    let private staleCaches (twin: Twin) = [
        for versions in [ 1; 2 ] do
            for kind in None :: List.map Some Kind.watched do
                let name = kind |> Option.map Kind.name |> Option.defaultValue "every kind"

                {
                    Name = $"cache of %s{name} %d{versions} versions behind"
                    From = now (Misfortune.HoldBack(kind, versions, 10_000L)) twin.Start
                }
    ]

    /// A new process that reads the past first (V K22).
    let private timeTravel (twin: Twin) = [
        for behind in [ 1; 5; 20 ] do
            for KeyValue(number, before) in twin.BeforeWrite do
                if number % 3 = 0 then
                    {
                        Name = $"crash after write %d{number}, lists %d{behind} states behind"
                        From =
                            {
                                before with
                                    Scenario = {
                                        before.Scenario with
                                            Network = { before.Scenario.Network with ListsBehind = behind }
                                    }
                            }
                            |> with' {
                                When = Trigger.AtWrite(0, number)
                                What = Misfortune.ToWrite WriteFate.CrashAfter
                            }
                    }
    ]

    let private timed name misfortune (twin: Twin) = [
        for state in twin.AtTimes do
            { Name = $"%s{name} at %s{Simulation.clock state.World.Now}"; From = now misfortune state }
    ]

    /// Every variation of a run.
    let variations (twin: Twin) : Variation list =
        everyWrite twin
        @ staleCaches twin
        @ timeTravel twin
        @ timed "all watches cut" (Misfortune.CutWatches(None, false)) twin
        @ timed "410 for all watches" (Misfortune.CutWatches(None, true)) twin
        @ timed "a second operator from" (Misfortune.StartOperator 1) twin

    /// What was made and taken away, which a benign misfortune does not change (verification C6, I62).
    let private churn (result: Result) =
        result.Counters
        |> Map.filter (fun name _ ->
            [ "Pod"; "PersistentVolumeClaim"; "PD"; "TiKV" ]
            |> List.exists (fun kind -> name = "create " + kind || name = "delete " + kind))

    let private tryChurn (twin: Twin) (result: Result) =
        let calm, found = churn twin.Result, churn result

        if calm = found then
            None
        else
            Some $"it made and deleted %A{Map.toList found}, and %A{Map.toList calm} without faults"

    /// Runs one variation, and compares what it leaves behind, and what it did on the way, with the run without faults.
    let run (twin: Twin) (variation: Variation) : Exploration =
        let result = Run.continue' variation.From

        let problem =
            match result.Verdict with
            | Verdict.Reached ->
                FinalState.tryDifference twin.Final (FinalState.ofWorld result.Final.World)
                |> Option.map (fun difference -> "it ends otherwise: " + difference)
                |> Option.orElseWith (fun () -> tryChurn twin result)
            | Verdict.Broke _
            | Verdict.Stuck _ -> Some(Run.words result)

        { Variation = variation; Result = result; Problem = problem }

    /// Runs variations on all processors; the results are in the order of the variations. `progress` is told how many
    /// are done.
    let all (progress: int -> unit) (twin: Twin) (variations: Variation list) : Exploration list =
        let finished = ref 0

        variations
        |> Array.ofList
        |> Array.Parallel.map (fun variation ->
            let result = run twin variation
            progress (Interlocked.Increment finished)
            // the state of the world is not needed any more when all went well
            result)
        |> List.ofArray

    /// The same variation again, with its transcript.
    let replay (variation: Variation) : Result =
        Run.continue' { variation.From with Scenario = { variation.From.Scenario with Transcript = true } }
