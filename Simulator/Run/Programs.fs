/// The operator in earnest, as the engine drives it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Programs

open System
open Tikv.Core.Operator

let private settings election : Settings = { Namespaces = []; Election = election; MaxConcurrent = 8 }

/// One operator alone, without a lease.
let alone (_: int) (_: int) : Program = Program.ofOperator (Operator.start (settings None))

/// One of several, of which the holder of the lease works. Each process has an identity of its own.
let elected (number: int) (life: int) : Program =
    let election: ElectionSettings = {
        Namespace = "default"
        Name = "tikv-operator"
        Identity = $"operator-%d{number}-%d{life}"
        LeaseDuration = TimeSpan.FromSeconds 15.0
        RenewDeadline = TimeSpan.FromSeconds 10.0
        RetryPeriod = TimeSpan.FromSeconds 2.0
    }

    Program.ofOperator (Operator.start (settings (Some election)))
