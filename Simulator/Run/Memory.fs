/// What the process has of memory.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Memory

open System.Diagnostics

let private mebibyte = 1_048_576L

/// The most that it ever had, in MiB.
let peak () : int64 =
    use self = Process.GetCurrentProcess()
    self.PeakWorkingSet64 / mebibyte

let mebibytes (bytes: int64) : int64 = bytes / mebibyte
