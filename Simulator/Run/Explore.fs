namespace Tikv.Simulator.Run

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.World

/// One run of an exploration: the scenario with one misfortune in it.
type Variation = { Name: string; Scenario: Scenario }

type Exploration = {
    Variation: Variation
    Result: Result
    /// What is wrong with it, in words; nothing when it came out as the run without faults did.
    Problem: string option
}

/// Every single misfortune at every point of a run (verification E5.2, depth 1).
[<RequireQualifiedAccess>]
module Explore =

    let private with' (scenario: Scenario) name faults : Variation = {
        Name = name
        Scenario = { scenario with Faults = scenario.Faults @ faults }
    }

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

    let private writes (twin: Result) = [ 1 .. Map.tryFind 0 twin.Writes |> Option.defaultValue 0 ]

    let private everyWrite (scenario: Scenario) twin = [
        for number in writes twin do
            for name, fate in fates do
                with' scenario $"%s{name} write %d{number}" [
                    { When = Trigger.AtWrite(0, number); What = Misfortune.ToWrite fate }
                ]
    ]

    /// Caches that lag by one or two versions, each for ten seconds.
    let private staleCaches (scenario: Scenario) = [
        for versions in [ 1; 2 ] do
            for kind in None :: List.map Some Kind.watched do
                let name = kind |> Option.map Kind.name |> Option.defaultValue "every kind"

                with' scenario $"cache of %s{name} %d{versions} versions behind" [
                    { When = Trigger.AtTime 0L; What = Misfortune.HoldBack(kind, versions, 10_000L) }
                ]
    ]

    /// A new process that reads the past first (V K22).
    let private timeTravel (scenario: Scenario) twin = [
        for behind in [ 1; 5; 20 ] do
            for number in writes twin |> List.filter (fun number -> number % 3 = 0) do
                let variation =
                    with' scenario $"crash after write %d{number}, lists %d{behind} states behind" [
                        { When = Trigger.AtWrite(0, number); What = Misfortune.ToWrite WriteFate.CrashAfter }
                    ]

                {
                    variation with
                        Scenario = {
                            variation.Scenario with
                                Network = { scenario.Network with ListsBehind = behind }
                        }
                }
    ]

    let private cutWatches (scenario: Scenario) (twin: Result) = [
        for part in 1L .. 10L do
            for gone in [ false; true ] do
                let at = twin.ReachedAt * part / 11L
                let how = if gone then "410 for all watches" else "all watches cut"

                with' scenario $"%s{how} at %s{Simulation.clock at}" [
                    { When = Trigger.AtTime at; What = Misfortune.CutWatches(None, gone) }
                ]
    ]

    /// A second operator that starts while the first one works.
    let private secondOperator (scenario: Scenario) (twin: Result) = [
        for part in 0L .. 5L do
            let at = twin.ReachedAt * part / 6L

            with' scenario $"a second operator from %s{Simulation.clock at}" [
                { When = Trigger.AtTime at; What = Misfortune.StartOperator 1 }
            ]
    ]

    /// Every variation of a scenario, given its run without faults.
    let variations (scenario: Scenario) (twin: Result) : Variation list =
        everyWrite scenario twin
        @ staleCaches scenario
        @ timeTravel scenario twin
        @ cutWatches scenario twin
        @ secondOperator scenario twin

    /// Runs one variation, and compares what it leaves behind with what the run without faults left.
    let run (final: Map<string, Json>) (variation: Variation) : Exploration =
        let result = Run.run variation.Scenario

        let problem =
            match result.Verdict with
            | Verdict.Reached ->
                FinalState.tryDifference final (FinalState.ofWorld result.Final.World)
                |> Option.map (fun difference -> "it ends otherwise: " + difference)
            | Verdict.Broke _
            | Verdict.Stuck _ -> Some(Run.words result)

        { Variation = variation; Result = result; Problem = problem }

    /// The same variation again, with its transcript.
    let replay (variation: Variation) : Result = Run.run { variation.Scenario with Transcript = true }
