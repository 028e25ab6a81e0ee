module Tikv.Simulator.Tests.Scenarios.BenchmarkTests

open System
open System.IO
open System.Text.RegularExpressions
open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private shouldBe (expected: string) (actual: string) = Assert.That(actual, Is.EqualTo expected)

let private alone: Benchmark.Measure = {
    Processes = 1
    Runs = 20
    Events = 100_000L
    Failed = 0
    Seconds = 10.0
    Processor = 8.0
    Peak = 100L
}

[<Test>]
let ``the run that is measured is two hours of a cluster that comes right`` () =
    let from = (Settled.from Givens.ordinary).World.Now
    let result = Benchmark.standard 1UL
    let last = TimeSpan.FromMilliseconds(float (result.Final.World.Now - from))
    Assert.That(Run.isGood result, Run.words result)
    Assert.That(last, Is.GreaterThan(TimeSpan.FromMinutes 119.0))
    Assert.That(last, Is.LessThanOrEqualTo(TimeSpan.FromHours 2.0))

[<Test>]
let ``the run that is measured is the same each time, with the same events`` () =
    let one, other = Benchmark.standard 2UL, Benchmark.standard 2UL
    Assert.That(other.Fingerprint, Is.EqualTo one.Fingerprint)
    Assert.That(other.Final.Events, Is.EqualTo one.Final.Events)

[<Test>]
let ``events are the entries of the operators' agenda and those of the world's`` () =
    let final = (Benchmark.standard 2UL).Final
    Assert.That(final.Events, Is.GreaterThan final.Performed)

[<Test>]
let ``one core is measured in runs and events a second`` () =
    Benchmark.line alone alone
    |> shouldBe "1 core:  2.0 runs/s, 10000 events/s; 20 runs of 400.0 ms of processor time"

[<Test>]
let ``several cores are compared with one`` () =
    Benchmark.line alone { alone with Processes = 2; Runs = 36; Events = 180_000L }
    |> shouldBe
        "2 cores: 3.6 runs/s, 18000 events/s (1.80 times that of one); 36 runs of 222.2 ms of processor time"

[<Test>]
let ``runs that do not come right are told`` () =
    Benchmark.line alone { alone with Failed = 1 }
    |> shouldBe
        "1 core:  2.0 runs/s, 10000 events/s; 20 runs of 400.0 ms of processor time; 1 did not come right"

[<Test>]
let ``each process makes a run, however short the time`` () =
    let measured = Benchmark.measure 2 0.0
    Assert.That(measured.Runs, Is.EqualTo 2)
    Assert.That(measured.Events, Is.GreaterThan 0L)

[<Test>]
let ``the command prints rates and peak memory`` () =
    let before = Console.Out
    use told = new StringWriter()
    Console.SetOut told

    try
        let code = Tikv.Simulator.Program.main [| "bench"; "--seconds"; "0"; "--parallel"; "2" |]
        Assert.That(code, Is.Zero)
    finally
        Console.SetOut before

    let matches pattern =
        Assert.That(Regex.IsMatch(told.ToString(), pattern, RegexOptions.Multiline), told.ToString())

    matches @"^1 core:  \d+\.\d runs/s, \d+ events/s; 1 runs of \d+\.\d ms of processor time"

    matches
        @"^2 cores: \d+\.\d runs/s, \d+ events/s \(\d+\.\d\d times that of one\); 2 runs of \d+\.\d ms of processor time"

    matches @"^Peak memory \d+ MiB a process\.$"
