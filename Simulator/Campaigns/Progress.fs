/// How far a search has come: a bar where somebody looks on, a line now and then otherwise.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Progress

open System
open System.Diagnostics
open Spectre.Console

/// Where a search stands.
type Stand = {
    Done: int
    /// Of those, how many were done before it was interrupted.
    Before: int
    Failed: int
    /// None: as many as time allows.
    Of: int option
    /// Since it was begun or gone on with.
    Elapsed: TimeSpan
    /// The time that it may take.
    Until: TimeSpan option
}

/// Runs a second.
let rate (stand: Stand) : float =
    let seconds = stand.Elapsed.TotalSeconds
    if seconds <= 0.0 then 0.0 else float (stand.Done - stand.Before) / seconds

/// What the rest will take; none while nobody can tell.
let left (stand: Stand) : TimeSpan option =
    let byRuns =
        match stand.Of, rate stand with
        | Some all, rate when rate > 0.0 -> Some(TimeSpan.FromSeconds(float (all - stand.Done) / rate))
        | _ -> None

    let byTime =
        stand.Until
        |> Option.map (fun until -> max TimeSpan.Zero (until - stand.Elapsed))

    [ byRuns; byTime ] |> List.choose id |> List.sort |> List.tryHead

/// Between 0 and 1.
let share (stand: Stand) : float =
    let byRuns = stand.Of |> Option.map (fun all -> float stand.Done / float (max 1 all))
    let byTime = stand.Until |> Option.map (fun until -> stand.Elapsed / until)
    [ byRuns; byTime ] |> List.choose id |> List.fold max 0.0 |> min 1.0

let private span (time: TimeSpan) =
    if time.TotalHours >= 1.0 then $"%d{int time.TotalHours} h %02d{time.Minutes} min"
    elif time.TotalMinutes >= 1.0 then $"%d{time.Minutes} min %02d{time.Seconds} s"
    else $"%d{time.Seconds} s"

/// `120 of 1000 done, 1 failed, 8.1 runs/s, 1 min 48 s left`.
let words (stand: Stand) : string =
    let all = stand.Of |> Option.map (fun all -> $" of %d{all}") |> Option.defaultValue ""
    let rate = (rate stand).ToString("F1", Globalization.CultureInfo.InvariantCulture)

    let left =
        left stand
        |> Option.map (fun left -> $", %s{span left} left")
        |> Option.defaultValue ""

    $"%d{stand.Done}%s{all} done, %d{stand.Failed} failed, %s{rate} runs/s%s{left}"

/// What a search tells as it goes.
[<AbstractClass>]
type Teller() =
    /// Something to be read, at once.
    abstract Says: string -> unit
    /// So many are done, and so many failed, in all.
    abstract Stands: Done: int -> Failed: int -> unit

/// How often a line says how far it has come.
let private every = TimeSpan.FromSeconds 10.0

let private byLines (stand: unit -> Stand) : Teller =
    let mutable next = every

    {
        new Teller() with
            member _.Says line = printfn $"%s{line}"

            member _.Stands finished failed =
                let stand = { stand () with Done = finished; Failed = failed }

                if stand.Elapsed >= next && stand.Of <> Some finished then
                    next <- stand.Elapsed + every
                    printfn $"  %s{words stand}"
    }

let private byBar (stand: unit -> Stand) (task: ProgressTask) : Teller = {
    new Teller() with
        member _.Says line = AnsiConsole.WriteLine line

        member _.Stands finished failed =
            let stand = { stand () with Done = finished; Failed = failed }
            task.Value <- 100.0 * share stand
            task.Description <- Markup.Escape(words stand)
}

/// Does some work, and tells how it goes. It may tell from any thread, one at a time.
let during (all: int option) (before: int) (until: TimeSpan option) (work: Teller -> 'Answer) : 'Answer =
    let watch = Stopwatch.StartNew()

    let stand () = {
        Done = before
        Before = before
        Failed = 0
        Of = all
        Elapsed = watch.Elapsed
        Until = until
    }

    if Console.IsOutputRedirected || not AnsiConsole.Profile.Capabilities.Interactive then
        work (byLines stand)
    else
        AnsiConsole
            .Progress()
            .AutoClear(true)
            .Columns(ProgressBarColumn(), PercentageColumn(), TaskDescriptionColumn(Alignment = Justify.Left))
            .Start(fun context -> work (byBar stand (context.AddTask(words (stand ()), maxValue = 100.0))))
