/// The scenarios that can be asked for by name.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Catalogue

open Tikv.Simulator.World

let all: (string * (uint64 -> Scenario)) list = [
    "bootstrap",
    fun seed -> Bootstrap.scenario Programs.alone { Setup.ordinary with Seed = seed } Network.realistic
]

let tryFind name = all |> List.tryFind (fun (known, _) -> known = name) |> Option.map snd
let names = all |> List.map fst |> String.concat ", "
