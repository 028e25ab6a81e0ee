namespace Tikv.Simulator.Run

open System.Threading
open Tikv.Simulator.World

type Exploration = {
    Variation: Variation
    /// What is wrong with it, in words; nothing when it came out as the run without faults did.
    Problem: string option
}

/// Runs the variations of a run, and compares them with it.
[<RequireQualifiedAccess>]
module Explore =

    /// What was made and taken away.
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
            let counts churn =
                churn
                |> Map.toSeq
                |> Seq.map (fun (what, count) -> $"%d{count} %s{what}")
                |> Words.list

            Some $"it did %s{counts found}, and %s{counts calm} without faults"

    /// What a run leaves behind, and what it did on the way, against the run without faults.
    let compared (twin: Twin) (variation: Variation) (result: Result) : Exploration =
        let problem =
            match result.Verdict with
            | Verdict.Reached ->
                FinalState.tryDifference twin.Final (FinalState.ofWorld result.Final.World)
                |> Option.map (fun difference -> "it ends otherwise: " + difference)
                |> Option.orElseWith (fun () -> if variation.IsBenign then tryChurn twin result else None)
            | Verdict.Broke _
            | Verdict.Stuck _ -> Some(Run.words result)

        { Variation = variation; Problem = problem }

    /// Runs one variation, and compares it with the run without faults.
    let run (twin: Twin) (variation: Variation) : Exploration =
        compared twin variation (Run.continue' variation.From)

    /// Runs variations on all processors; the results are in the order of the variations. `progress` is told how many
    /// are done.
    let all (progress: int -> unit) (twin: Twin) (variations: Variation list) : Exploration list =
        let finished = ref 0

        variations
        |> Array.ofList
        |> Array.Parallel.map (fun variation ->
            let exploration = run twin variation
            progress (Interlocked.Increment finished)
            exploration)
        |> List.ofArray

    /// The same variation again, with its transcript.
    let replay (variation: Variation) : Result =
        Run.continue' { variation.From with Scenario = { variation.From.Scenario with Transcript = true } }
