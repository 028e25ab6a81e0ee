/// How long a command has run, for people.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Elapsed

open System.Diagnostics
open System.Globalization

let milliseconds (watch: Stopwatch) =
    watch.Elapsed.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)
