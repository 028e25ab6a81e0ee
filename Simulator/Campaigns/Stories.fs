/// What the named scenarios reach: some of it no generated run can.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Stories

open Tikv.Simulator.Scenarios

/// With each of these, what it reaches.
let marksOf (stories: Story list) : (Story * Set<string>) list =
    stories
    |> Array.ofList
    |> Array.Parallel.map (fun story -> story, Search.marksOf story)
    |> List.ofArray

/// Of all of them.
let marks () : Set<string> = All.stories |> marksOf |> List.map snd |> Set.unionMany
