namespace Tikv.Simulator.Reports

open Tikv.Simulator.Invariants
open Tikv.Simulator.Run

/// A run that was asked for: what every report is made of.
type Account = {
    /// With its transcript.
    Result: Result
    /// The command that runs it again, and prints a line an event.
    Replay: string
    /// Of a run that failed.
    Why: Explanation option
}

/// What an operator asked for last.
type Deed = {
    Line: Line
    /// In the very millisecond in which the property broke.
    AtOnce: bool
}

[<RequireQualifiedAccess>]
module Account =

    let scenario (account: Account) = account.Result.Final.Scenario
    let isGood (account: Account) = Run.isGood account.Result

    /// One word: `reached`, `broke` or `stuck`.
    let verdict (account: Account) =
        match account.Result.Verdict with
        | Verdict.Reached -> "reached"
        | Verdict.Broke _ -> "broke"
        | Verdict.Stuck _ -> "stuck"

    let broken (account: Account) : Violation list =
        match account.Result.Verdict with
        | Verdict.Broke violations -> violations
        | Verdict.Reached
        | Verdict.Stuck _ -> []

    let missing (account: Account) : string list =
        match account.Result.Verdict with
        | Verdict.Stuck missing -> missing
        | Verdict.Reached
        | Verdict.Broke _ -> []

    /// When it began, in milliseconds of the world: clusters are settled before that.
    let began (account: Account) = (scenario account).World.Now

    /// Seconds of the world from its beginning to its end, with the time for which it was left alone.
    let seconds (account: Account) = float (account.Result.Ended - began account) / 1_000.0

    let fingerprint (account: Account) = account.Result.Fingerprint.ToString "x16"

    /// Oldest first.
    let lines (account: Account) : Line list = List.rev account.Result.Final.Lines

    /// The last of them, oldest first.
    let lastLines (count: int) (account: Account) : string list =
        account.Result.Final.Lines
        |> List.truncate count
        |> List.rev
        |> List.map Simulation.print

    let private isDeed (line: Line) =
        match line.Told with
        | Told.Written _
        | Told.AskedPd _ -> true
        | Told.Log
        | Told.Event -> false

    /// What the operators asked for last before it failed: where a property broke at once, that is what broke it.
    let tryDeed (account: Account) : Deed option =
        let until =
            match account.Result.Verdict with
            | Verdict.Reached -> None
            | Verdict.Broke(first :: _) -> Some first.At
            | Verdict.Broke []
            | Verdict.Stuck _ -> Some account.Result.Ended

        until
        |> Option.bind (fun until ->
            account.Result.Final.Lines
            |> List.tryFind (fun line -> line.At <= until && isDeed line)
            |> Option.map (fun line -> {
                Line = line
                AtOnce = line.At = until && not (List.isEmpty (broken account))
            }))

    let deedWords (deed: Deed) =
        let what = $"%s{deed.Line.Who}: %s{deed.Line.Text}"

        if deed.AtOnce then
            $"The action that broke it: %s{what}"
        else
            $"The last action before it, at %s{Simulation.clock deed.Line.At}: %s{what}"

    /// Each property with how often it was put to the test, in the judges' order.
    let tested (account: Account) : (Property * int) list =
        account.Result.Final.Judge.Invariants
        |> List.map (fun invariant ->
            let property = invariant.Property
            property, Map.tryFind property.Id account.Result.Tested |> Option.defaultValue 0)
