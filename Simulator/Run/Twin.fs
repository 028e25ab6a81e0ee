namespace Tikv.Simulator.Run

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// A run without faults, with the states that it can be left from.
type Twin = {
    Start: Simulation
    Result: Result
    Final: Map<string, Json>
    /// The state in which each write of operator 0 was about to be sent, by the number of the write.
    BeforeWrite: Map<int, Simulation>
    /// The same of its reads.
    BeforeRead: Map<int, Simulation>
    /// The state before each change of an object that operators watch, with its kind, earliest first.
    Changes: (Kind * Simulation) list
}

[<RequireQualifiedAccess>]
module Twin =

    /// What is compared is where a run ends: how often something happens on the way may change with a misfortune.
    let onlyTheEnd (start: Simulation) = {
        start with
            Judge =
                start.Judge
                |> Judge.only (fun invariant -> not (Checks.isOwn invariant.Property.Id))
            Scenario = { start.Scenario with Expect = start.Scenario.Expect |> List.filter _.IsFinally }
    }

    type private Seen = {
        Writes: Map<int, Simulation>
        Reads: Map<int, Simulation>
        Changed: (Kind * Simulation) list
    }

    let private counted count (before: Simulation) (after: Simulation) states =
        let number (run: Simulation) =
            match Map.tryFind 0 run.Operators with
            | Some operator -> count operator
            | None -> 0

        (states, [ number before + 1 .. number after ])
        ||> List.fold (fun states number -> Map.add number before states)

    let private changed (before: Simulation) (after: Simulation) states =
        if before.World.Server.Revision = after.World.Server.Revision then
            states
        else
            (states, Kind.watched)
            ||> List.fold (fun states kind ->
                let latest (run: Simulation) = ApiServer.latestChange (Answers.key kind) run.World.Server
                if latest before = latest after then states else (kind, before) :: states)

    let private watch before after seen = {
        Writes = counted _.Writes before after seen.Writes
        Reads = counted _.Reads before after seen.Reads
        Changed = changed before after seen.Changed
    }

    /// Runs without faults, and keeps the states on the way.
    let ofRun (start: Simulation) : Twin =
        let start = onlyTheEnd start

        let result, seen = Run.watched start watch { Writes = Map.empty; Reads = Map.empty; Changed = [] }

        {
            Start = start
            Result = result
            Final = FinalState.ofWorld result.Final.World
            BeforeWrite = seen.Writes
            BeforeRead = seen.Reads
            Changes = List.rev seen.Changed
        }
