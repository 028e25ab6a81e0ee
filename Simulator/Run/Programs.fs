/// The operator in earnest, as the engine drives it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Programs

open System
open Tikv.Core.Operator

let private settings election : Settings = { Namespaces = []; Election = election; MaxConcurrent = 8 }

/// One operator alone, without a lease.
let alone (_: int) : Program = Program.ofStep Operator.step (Operator.start (settings None))
