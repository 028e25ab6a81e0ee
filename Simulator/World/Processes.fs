[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Processes

let isModelled (_: Container) = false
let start (_: Run) (_: Container) (world: World) : struct (World * Result<Process, string>) = struct (world, Ok Process.Other)
let stop (_: Process) (world: World) = world
let terminate (_: Process) (world: World) = world
let exited (_: Process) (_: World) : struct (int * string) voption = ValueNone
let answers (_: Process) (_: ProbeKind) (_: World) = true
let next (_: World) : int64 voption = ValueNone
let advance (_: int64) (world: World) = world
let destroyDisk (_: string) (world: World) = world
let askPd (_: Pod) (_: Tikv.Core.Pd.PdRequest) (world: World) : struct (World * Tikv.Simulator.Pd.PdAnswer) = struct (world, Tikv.Simulator.Pd.PdAnswer.Refused)
