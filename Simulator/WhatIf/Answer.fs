namespace Tikv.Simulator.WhatIf

open System
open Tikv.Core
open Tikv.Simulator.Run

/// How a change went.
[<RequireQualifiedAccess>]
type Outcome =
    | InTime
    | Late
    | Unavailable
    /// All that is Ready has been changed; what failed has not come back by itself.
    | Remains
    /// It stands still halfway.
    | Waits
    | Broken

/// A share with its 95 % interval, from 0 to 1.
type Share = { Count: int; Of: int; Low: float; High: float }

[<RequireQualifiedAccess>]
module Outcome =
    let all = [
        Outcome.InTime
        Outcome.Late
        Outcome.Unavailable
        Outcome.Remains
        Outcome.Waits
        Outcome.Broken
    ]

    let words outcome =
        match outcome with
        | Outcome.InTime -> "completed in time; every region served throughout"
        | Outcome.Late -> "completed late; every region served throughout"
        | Outcome.Unavailable -> "completed; some region had no majority for a time"
        | Outcome.Remains -> "changed but for what failed, which waits for a person"
        | Outcome.Waits -> "stands still halfway, and waits for a person"
        | Outcome.Broken -> "a property of the operator broke"

    /// In reports for machines.
    let code outcome =
        match outcome with
        | Outcome.InTime -> "completedInTime"
        | Outcome.Late -> "completedLate"
        | Outcome.Unavailable -> "completedWithoutMajority"
        | Outcome.Remains -> "failedRemains"
        | Outcome.Waits -> "waitsForPerson"
        | Outcome.Broken -> "propertyBroken"

    /// A change is late that takes a tenth and five minutes more than without the fault.
    let late (twin: int64) = twin + twin / 10L + 300_000L

    let ofTrial (twin: Trials.Twin) (trial: Trials.Trial) : Outcome =
        match trial.Verdict with
        | Verdict.Broke _ -> Outcome.Broken
        | Verdict.Stuck _ when trial.Done -> Outcome.Remains
        | Verdict.Stuck _ -> Outcome.Waits
        | Verdict.Reached when trial.Seen.NoMajority.Longest > 0L -> Outcome.Unavailable
        | Verdict.Reached when trial.Took > late twin.Took -> Outcome.Late
        | Verdict.Reached -> Outcome.InTime

[<RequireQualifiedAccess>]
module Share =
    /// 97.5 % of the normal distribution lie below.
    let private z = 1.959964

    /// Wilson's score interval (E. B. Wilson, 1927), which is not empty for shares of nothing and of all.
    let wilson (count: int) (total: int) : Share =
        let n, share = float total, float count / float total
        let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n)
        let half = z / (1.0 + z * z / n) * sqrt (share * (1.0 - share) / n + z * z / (4.0 * n * n))

        { Count = count; Of = total; Low = max 0.0 (centre - half); High = min 1.0 (centre + half) }

/// All trials of a question, taken together.
type Answer = {
    Question: Trials.Question
    Twins: Trials.Twin list
    Trials: (Trials.Trial * Outcome) list
} with

    member answer.Shares: (Outcome * Share) list =
        Outcome.all
        |> List.map (fun outcome ->
            let count = answer.Trials |> List.filter (snd >> (=) outcome) |> List.length
            outcome, Share.wilson count answer.Trials.Length)

[<RequireQualifiedAccess>]
module Answer =

    let ofTrials (question: Trials.Question) (twins: Trials.Twin list) (trials: Trials.Trial list) : Answer =
        let outcome (trial: Trials.Trial) =
            twins
            |> List.find (fun twin -> twin.Given = trial.Story.Given)
            |> fun twin -> trial, Outcome.ofTrial twin trial

        { Question = question; Twins = twins; Trials = trials |> List.map outcome }

    /// Where a value stands below which so much of them lie.
    let quantile (share: float) (values: int64 list) : int64 =
        let sorted = List.sort values
        sorted[min (sorted.Length - 1) (int (Math.Ceiling(share * float sorted.Length)) - 1 |> max 0)]

    /// Milliseconds from the change to its end, of those that came to one.
    let took (answer: Answer) : int64 list =
        answer.Trials
        |> List.choose (fun (trial, outcome) ->
            match outcome with
            | Outcome.InTime
            | Outcome.Late
            | Outcome.Unavailable -> Some trial.Took
            | Outcome.Remains
            | Outcome.Waits
            | Outcome.Broken -> None)

    let longest (of': Trials.Seen -> Trials.Spell) (answer: Answer) : int64 =
        answer.Trials
        |> List.map (fun (trial, _) -> (of' trial.Seen).Longest)
        |> List.max

    /// What the operator shows at the end of those that wait, as one of them has it, with how many show the same reasons:
    /// the most frequent first.
    let shown (answer: Answer) : (string list * int) list =
        answer.Trials
        |> List.map fst
        |> List.filter (fun trial -> not trial.Shown.IsEmpty && trial.Verdict.IsStuck)
        |> List.groupBy (fun trial -> trial.Shown |> List.map fst)
        |> List.sortBy (fun (codes, trials) -> -trials.Length, codes)
        |> List.map (fun (_, trials) -> trials.Head.Shown |> List.map snd, trials.Length)

    let broken (answer: Answer) : (string * int) list =
        answer.Trials
        |> List.choose (fun (trial, _) ->
            match trial.Verdict with
            | Verdict.Broke(first :: _) -> Some $"%s{first.Property.Id}: %s{first.Property.Means}"
            | _ -> None)
        |> List.countBy id
        |> List.sortBy (fun (_, count) -> -count)

    /// A broken property is worse than waiting, and that than being unavailable; among alike ones the longest.
    let worst (answer: Answer) : Trials.Trial * Outcome =
        let rank outcome = Outcome.all |> List.findIndex ((=) outcome)

        answer.Trials
        |> List.maxBy (fun (trial, outcome) ->
            struct (rank outcome, trial.Seen.NoMajority.Longest, trial.Took, -(int64 trial.Seed)))

    // ---- in words

    let clock (milliseconds: int64) =
        let span = TimeSpan.FromMilliseconds(float milliseconds)
        if span.TotalDays >= 1.0 then span.ToString @"d\.hh\:mm\:ss" else span.ToString @"hh\:mm\:ss"

    let private percent (share: float) =
        (100.0 * share).ToString("0.0", Globalization.CultureInfo.InvariantCulture)

    let private row (outcome, share: Share) =
        let part = percent (float share.Count / float share.Of) + " %"
        $"  %-58s{Outcome.words outcome} %5d{share.Count} %8s{part}   %s{percent share.Low} to %s{percent share.High} %%"

    let private spell name milliseconds =
        if milliseconds = 0L then
            $"%s{name}: never."
        else
            $"%s{name}: at most %s{clock milliseconds} on end."

    let lines (answer: Answer) : string list = [
        let twins = answer.Twins |> List.map _.Took

        if List.min twins = List.max twins then
            $"Without the fault the change takes %s{clock (List.min twins)}."
        else
            $"Without the fault the change takes %s{clock (List.min twins)} to %s{clock (List.max twins)}."

        let part =
            if Shard.isWhole answer.Question.Part then
                ""
            else
                $" of part %d{answer.Question.Part.Number} of %d{answer.Question.Part.Count}"

        $"%d{answer.Trials.Length} runs%s{part}, in each of which it strikes at another moment of that time:"
        ""
        $"""  %-58s{"outcome"} %5s{"runs"} %8s{"share"}   95 %% interval"""
        yield! answer.Shares |> List.map row
        ""

        match took answer with
        | [] -> "No run completed."
        | times ->
            $"Completed, from the change on: half within %s{clock (quantile 0.5 times)}, nine in ten within %s{clock (quantile 0.9 times)}, all within %s{clock (List.max times)}."

        spell "Some region without a majority" (longest _.NoMajority answer)
        spell "PD without a leader" (longest _.NoLeader answer)

        for lines, count in shown answer |> List.truncate 5 do
            $"%d{count} of those that wait show:"
            yield! lines |> List.map (fun line -> "    " + line)

        for property, count in broken answer do
            $"Broken in %d{count}: %s{property}"
    ]

    // ---- for machines

    let private ofTrial (trial: Trials.Trial, outcome) =
        Json.present [
            "seed", Some(Json.uint64 trial.Seed)
            "struckMilliseconds", Some(Json.int64 trial.Struck)
            "outcome", Some(Json.string (Outcome.code outcome))
            "tookMilliseconds", Some(Json.int64 trial.Took)
            "noMajorityMilliseconds", Some(Json.int64 trial.Seen.NoMajority.Longest)
            "noPdLeaderMilliseconds", Some(Json.int64 trial.Seen.NoLeader.Longest)
            "words", Some(Json.string trial.Words)
            "shown", (if trial.Shown.IsEmpty then None else Some(Json.strings (List.map snd trial.Shown)))
            "fingerprint", Some(Json.string (trial.Fingerprint.ToString "x16"))
        ]

    /// Times are milliseconds of the simulated world. The same question gives the same bytes.
    let json (answer: Answer) : Json =
        let times = took answer

        Json.present [
            "scenario", Some(Json.string answer.Question.Story.Id)
            "part",
            (if Shard.isWhole answer.Question.Part then
                 None
             else
                 Some(
                     Json.object [
                         "number", Json.int answer.Question.Part.Number
                         "of", Json.int answer.Question.Part.Count
                     ]
                 ))
            "twinMilliseconds", Some(answer.Twins |> List.map (_.Took >> Json.int64) |> Json.array)
            "outcomes",
            Some(
                Json.array [
                    for outcome, share in answer.Shares ->
                        Json.object [
                            "outcome", Json.string (Outcome.code outcome)
                            "runs", Json.int share.Count
                            "share", Json.Number(percent (float share.Count / float share.Of))
                            "low", Json.Number(percent share.Low)
                            "high", Json.Number(percent share.High)
                        ]
                ]
            )
            "tookMilliseconds",
            (if times.IsEmpty then
                 None
             else
                 Some(
                     Json.object [
                         "half", Json.int64 (quantile 0.5 times)
                         "nineInTen", Json.int64 (quantile 0.9 times)
                         "all", Json.int64 (List.max times)
                     ]
                 ))
            "noMajorityMilliseconds", Some(Json.int64 (longest _.NoMajority answer))
            "noPdLeaderMilliseconds", Some(Json.int64 (longest _.NoLeader answer))
            "worstSeed", Some(Json.uint64 (fst (worst answer)).Seed)
            "runs", Some(answer.Trials |> List.map ofTrial |> Json.array)
        ]
