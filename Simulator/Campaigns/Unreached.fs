/// What generated runs and named scenarios do not reach, and why that is so. What is reached after all does not stand here.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Unreached

/// Marks, with the reason.
let known: (string * string) list = []
