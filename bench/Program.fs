module Tikv.Bench.Program

open System.Reflection
open BenchmarkDotNet.Running

[<EntryPoint>]
let main arguments =
    let summaries = BenchmarkSwitcher.FromAssembly(Assembly.GetExecutingAssembly()).Run arguments

    let failed =
        summaries
        |> Seq.exists (fun summary ->
            summary.HasCriticalValidationErrors
            || summary.Reports |> Seq.exists (fun report -> not report.Success))

    if failed || Seq.isEmpty summaries then 1 else 0
