/// `tikv-sim refine`: many histories, each drawn from its seed.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.RefineCommand

open Tikv.Simulator.Pd

let private settings = SingleSettings.defaults

let private tell seed (history: History) =
    let fails history = (Refinement.check settings history).IsSome
    let small = Draw.shrink fails history
    printfn $"seed %d{seed} fails; the least that does so:"
    printfn $"  %d{small.Stores} stores, %d{small.Regions} regions"
    small.Deeds |> List.iter (fun deed -> printfn $"  %A{deed}")

    Refinement.check settings small
    |> Option.iter (Refinement.words >> List.iter (printfn "%s"))

let private check (runs: int) (seed: uint64) : int =
    let failed =
        seq { 0 .. runs - 1 }
        |> Seq.map (fun index -> seed + uint64 index)
        |> Seq.filter (fun seed ->
            let history = Draw.history seed
            let fails = (Refinement.check settings history).IsSome

            if fails then
                tell seed history

            fails)
        |> Seq.length

    printfn $"%d{runs} histories, %d{failed} failed."
    if failed = 0 then 0 else 1

/// Exit code: 1 when a history failed, 2 for a question that cannot be asked.
let run (runs: int) (seed: uint64) : int =
    if runs < 1 then
        eprintfn $"tikv-sim: --runs is %d{runs}; allowed: 1 or more"
        2
    else
        check runs seed
