/// `tikv-sim bench`: how many runs and events a second the simulator makes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Benchmark

open System
open System.Diagnostics
open System.Globalization
open System.Threading
open Tikv.Simulator.Scenarios

/// What so many threads did together.
type Measure = {
    Threads: int
    Runs: int
    /// Entries of the agendas: an input of an operator, a request that lands, a watch that tells, a kubelet or controller
    /// that looks.
    Events: int64
    /// Runs that did not come right. They count as runs, and end early.
    Failed: int
    /// Of the wall clock.
    Seconds: float
    /// Of the processors, over all threads, the garbage collector's included: what counts on a machine that others use too.
    Processor: float
}

let private twoHours = 7_200_000L

/// One standard run: of two hours, with every property checked.
let standard (seed: uint64) : Result = Search.lasting twoHours (Plans.scaleIn seed)

let private nothing: Measure = {
    Threads = 1
    Runs = 0
    Events = 0L
    Failed = 0
    Seconds = 0.0
    Processor = 0.0
}

/// Until the time is up, and at least once.
let private repeat seconds (from: uint64) (step: uint64) : Measure =
    let watch = Stopwatch.StartNew()

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

    go from nothing

let private processor () =
    use self = Process.GetCurrentProcess()
    self.TotalProcessorTime.TotalSeconds

/// So many threads, each with seeds of its own, for so many seconds of the wall clock.
let measure (threads: int) (seconds: float) : Measure =
    let results = Array.create threads nothing
    let watch = Stopwatch.StartNew()
    let before = processor ()

    let workers =
        Array.init threads (fun index ->
            Thread(fun () -> results[index] <- repeat seconds (uint64 index + 1UL) (uint64 threads)))

    for worker in workers do
        worker.Start()

    for worker in workers do
        worker.Join()

    {
        Threads = threads
        Runs = results |> Array.sumBy _.Runs
        Events = results |> Array.sumBy _.Events
        Failed = results |> Array.sumBy _.Failed
        Seconds = watch.Elapsed.TotalSeconds
        Processor = processor () - before
    }

let private invariant (text: FormattableString) = FormattableString.Invariant text

/// One line of a measure; `alone` is that of one thread.
let line (alone: Measure) (measured: Measure) : string =
    let perSecond (count: int64) (measured: Measure) = float count / measured.Seconds
    let runs, events = perSecond (int64 measured.Runs) measured, perSecond measured.Events measured
    let cores = if measured.Threads = 1 then "1 core: " else invariant $"{measured.Threads} cores:"
    let failed = if measured.Failed = 0 then "" else invariant $"; {measured.Failed} did not come right"

    let times =
        if measured.Threads = 1 then
            ""
        else
            invariant $" ({runs / perSecond (int64 alone.Runs) alone:F2} times that of one)"

    let each = 1_000.0 * measured.Processor / float measured.Runs

    invariant
        $"{cores} {runs:F1} runs/s, {events:F0} events/s{times}; {measured.Runs} runs of {each:F1} ms of processor time{failed}"

/// Warms up for half the time, then measures one thread and so many.
let run (seconds: float) (threads: int) : int =
    printfn "Two hours of 3 PD and 4 TiKV, a store less, with faults, every property checked."
    let warm = measure 1 (seconds / 2.0)
    let each = warm.Events / int64 warm.Runs
    printfn $"Warm after %d{warm.Runs} runs of about %d{each} events."
    let alone = measure 1 seconds
    printfn $"%s{line alone alone}"

    if threads > 1 then
        printfn $"%s{measure threads seconds |> line alone}"

    printfn $"Peak memory %d{Memory.peak ()} MiB."
    0
