namespace Tikv.Simulator.Pd
open Tikv.Core.Pd
type PdWorld = { Now: int64 }
module PdWorld =
  let empty = { Now = 0L }
[<RequireQualifiedAccess>]
type PdAnswer =
    | Replied of Reply: PdReply * AfterMs: int64
    | Silent
    | Refused
