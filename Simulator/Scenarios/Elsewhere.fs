/// Ids of the references that are no scenario here: shown in another way, or without a meaning for this operator.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Elsewhere

/// Ids that another scenario or test shows.
let shown: (string * string) list = [ "F22", "T11" ]

/// Ids that do not apply, and why.
let notApplicable: (string * string) list = [
    "S34", "there is no mode of PD microservices and no TSO group in this operator"
    "S39", "there are no Router and ResourceManager groups"
]
