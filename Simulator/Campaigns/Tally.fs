namespace Tikv.Simulator.Campaigns

open Tikv.Simulator.Pd
open Tikv.Simulator.Scenarios

/// What the runs of a campaign come to.
type Tally = {
    Runs: int
    /// Name of the plan, kind, words; in the order in which they were found.
    Failed: (string * string * string) list
    Marks: Set<string>
    /// By goal: how many runs have reached it.
    Goals: Map<string, int>
}

[<RequireQualifiedAccess>]
module Tally =
    let empty: Tally = { Runs = 0; Failed = []; Marks = Set.empty; Goals = Map.empty }

    let private more goals counts =
        (counts, goals) ||> List.fold (fun counts goal -> Counts.add goal 1 counts)

    let add (entry: Entry) (tally: Tally) : Tally = {
        Runs = tally.Runs + 1
        Failed =
            match entry.Failed with
            | Some(kind, words) -> tally.Failed @ [ entry.Run, kind, words ]
            | None -> tally.Failed
        Marks = (tally.Marks, entry.New) ||> List.fold (fun marks mark -> Set.add mark marks)
        Goals = more entry.Goals tally.Goals
    }

    let private goalPrefix = Marks.goal ""

    /// What is to be remembered of a run, after those that are in the tally.
    let entry (tally: Tally) (run: string) (trial: Trial) : Entry = {
        Run = run
        Failed =
            match trial.Outcome with
            | Outcome.Good -> None
            | Outcome.Bad(kind, words) -> Some(kind, words)
        Goals =
            trial.Marks
            |> Seq.filter (fun mark -> mark.StartsWith(goalPrefix, System.StringComparison.Ordinal))
            |> Seq.map (fun mark -> mark.Substring goalPrefix.Length)
            |> List.ofSeq
        New = Set.difference trial.Marks tally.Marks |> Set.toList
    }

    let ofEntries (entries: Entry list) : Tally =
        (empty, entries) ||> List.fold (fun tally entry -> add entry tally)

    /// Two parts of a campaign together.
    let join (one: Tally) (other: Tally) : Tally = {
        Runs = one.Runs + other.Runs
        Failed = one.Failed @ other.Failed
        Marks = Set.union one.Marks other.Marks
        Goals =
            (one.Goals, other.Goals)
            ||> Map.fold (fun counts goal count -> Counts.add goal count counts)
    }
