namespace Tikv.Simulator.Pd

open Tikv.Core
open Tikv.Core.Pd

/// PD's HTTP API, as its members answer it.
[<RequireQualifiedAccess>]
module PdServer =

    /// One request to the process of that name. Changes take effect at once, whenever the answer comes.
    let handle
        (world: PdWorld)
        (now: int64)
        (name: string)
        (verb: string)
        (pathAndQuery: string)
        (body: string)
        : PdWorld * PdAnswer =
        ignore (now, name, verb, pathAndQuery, body)
        world, PdAnswer.Refused
