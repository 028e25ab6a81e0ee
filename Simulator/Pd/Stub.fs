namespace Tikv.Simulator.Pd
type PdWorld = { Now: int64 }
module PdWorld =
  let empty = { Now = 0L }
