/// What the named scenarios reach: some of it no generated run can.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Stories

open Tikv.Simulator.Scenarios

/// Of all of them.
let marks () : Set<string> =
    All.stories
    |> Array.ofList
    |> Array.Parallel.map Search.marksOf
    |> Set.unionMany
