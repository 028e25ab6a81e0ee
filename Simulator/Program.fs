module Tikv.Simulator.Program

[<EntryPoint>]
let main _ = 0
