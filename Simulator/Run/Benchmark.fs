/// `tikv-sim bench`: how many runs and events a second the simulator makes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Benchmark

open System
open System.Diagnostics
open System.Globalization
open System.Threading.Tasks
open Tikv.Core
open Tikv.Simulator.Scenarios

/// What so many processes did together.
type Measure = {
    Processes: int
    Runs: int
    /// Entries of the agendas: an input of an operator, a request that lands, a watch that tells, a kubelet or controller
    /// that looks.
    Events: int64
    /// Runs that did not come right. They count as runs, and end early.
    Failed: int
    /// Of the wall clock.
    Seconds: float
    /// Of the processors, the garbage collector's included: what counts on a machine that others use too.
    Processor: float
    /// The most memory that one of the processes ever had, in MiB.
    Peak: int64
}

let private twoHours = 7_200_000L

/// One standard run: of two hours, with every property checked.
let standard (seed: uint64) : Result = Search.lasting twoHours (Plans.scaleIn seed)

let private nothing: Measure = {
    Processes = 1
    Runs = 0
    Events = 0L
    Failed = 0
    Seconds = 0.0
    Processor = 0.0
    Peak = 0L
}

/// Every so many-th seed, until the time is up, and one at least.
let private repeat seconds (from: uint64) (step: uint64) : Measure =
    use self = Process.GetCurrentProcess()
    let watch = Stopwatch.StartNew()
    let before = self.TotalProcessorTime

    let rec go seed (measured: Measure) =
        let result = standard seed

        let measured = {
            measured with
                Runs = measured.Runs + 1
                Events = measured.Events + int64 result.Final.Events
                Failed = if Run.isGood result then measured.Failed else measured.Failed + 1
                Seconds = watch.Elapsed.TotalSeconds
        }

        if measured.Seconds < seconds then go (seed + step) measured else measured

    let measured = go from nothing
    self.Refresh()

    { measured with Processor = (self.TotalProcessorTime - before).TotalSeconds; Peak = Memory.peak () }

let private invariantly (number: float) = number.ToString("R", CultureInfo.InvariantCulture)

let private words (measured: Measure) : string =
    Json.object [
        "runs", Json.int measured.Runs
        "events", Json.int64 measured.Events
        "failed", Json.int measured.Failed
        "seconds", Json.Number(invariantly measured.Seconds)
        "processor", Json.Number(invariantly measured.Processor)
        "peak", Json.int64 measured.Peak
    ]
    |> Json.print

/// What a process tells in `words`.
let tryParse (text: string) : Measure option =
    let tryFloat name json =
        match Json.tryField name json with
        | Some(Json.Number text) ->
            match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, number -> Some number
            | false, _ -> None
        | _ -> None

    match Json.parse text with
    | Error _ -> None
    | Ok json ->
        match
            Json.intAt [ "runs" ] json,
            Json.int64At [ "events" ] json,
            tryFloat "seconds" json,
            tryFloat "processor" json
        with
        | Some runs, Some events, Some seconds, Some processor ->
            Some {
                Processes = 1
                Runs = runs
                Events = events
                Failed = Json.intAt [ "failed" ] json |> Option.defaultValue 0
                Seconds = seconds
                Processor = processor
                Peak = Json.int64At [ "peak" ] json |> Option.defaultValue 0L
            }
        | _ -> None

/// One measurement in this process, of what was asked for as `SECONDS SEED STEP`.
let answer (line: string) : string =
    match line.Split ' ' with
    | [| seconds; from; step |] ->
        repeat (Double.Parse(seconds, CultureInfo.InvariantCulture)) (UInt64.Parse from) (UInt64.Parse step)
        |> words
    | _ -> $"`%s{line}` is not SECONDS SEED STEP"

/// What a process does that measures for another.
let serve () : int = Offspring.answer answer

/// So many processes, each with seeds of its own, for so many seconds of the wall clock, after they have warmed up together.
let measure (processes: int) (seconds: float) : Measure =
    let children = List.init processes (fun _ -> new Offspring([ "bench"; "--measures" ]))

    let all (seconds: float) =
        children
        |> List.indexed
        |> List.map (fun (index, child) ->
            Task.Run(fun () -> child.Ask $"%s{invariantly seconds} %d{index + 1} %d{processes}"))
        |> List.map (fun task ->
            match tryParse (task.GetAwaiter().GetResult()) with
            | Some measured -> measured
            | None -> invalidOp $"a process of tikv-sim did not say what it measured: %s{task.Result}")

    try
        all (seconds / 2.0) |> ignore
        let measured = all seconds

        {
            Processes = processes
            Runs = measured |> List.sumBy _.Runs
            Events = measured |> List.sumBy _.Events
            Failed = measured |> List.sumBy _.Failed
            Seconds = measured |> List.map _.Seconds |> List.max
            Processor = measured |> List.sumBy _.Processor
            Peak = measured |> List.map _.Peak |> List.max
        }
    finally
        for child in children do
            (child :> IDisposable).Dispose()

let private invariant (text: FormattableString) = FormattableString.Invariant text

/// One line of a measure; `alone` is that of one thread.
let line (alone: Measure) (measured: Measure) : string =
    let perSecond (count: int64) (measured: Measure) = float count / measured.Seconds
    let runs, events = perSecond (int64 measured.Runs) measured, perSecond measured.Events measured
    let cores = if measured.Processes = 1 then "1 core: " else invariant $"{measured.Processes} cores:"
    let failed = if measured.Failed = 0 then "" else invariant $"; {measured.Failed} did not come right"

    let times =
        if measured.Processes = 1 then
            ""
        else
            invariant $" ({runs / perSecond (int64 alone.Runs) alone:F2} times that of one)"

    let each = 1_000.0 * measured.Processor / float measured.Runs

    invariant
        $"{cores} {runs:F1} runs/s, {events:F0} events/s{times}; {measured.Runs} runs of {each:F1} ms of processor time{failed}"

/// Measures one process, and so many.
let run (seconds: float) (processes: int) : int =
    printfn "Two hours of 3 PD and 4 TiKV, a store less, with faults, every property checked."
    let alone = measure 1 seconds
    printfn $"About %d{alone.Events / int64 alone.Runs} events a run."
    printfn $"%s{line alone alone}"

    let peak =
        if processes > 1 then
            let several = measure processes seconds
            printfn $"%s{line alone several}"
            max alone.Peak several.Peak
        else
            alone.Peak

    printfn $"Peak memory %d{peak} MiB a process."
    0
