module Tikv.Simulator.Program

open Argu
open Tikv.Simulator.Serve

type ServeArgument =
    | [<Unique>] Port of number: int
    | [<Unique>] Kubeconfig of file: string
    | [<Unique>] Speed of factor: float
    | [<Unique>] Seed of number: int

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Port _ -> "port of 127.0.0.1 to serve on; 0 takes a free one (default: 6443)"
            | Kubeconfig _ -> "file to write the kubeconfig to (default: tikv-sim.kubeconfig)"
            | Speed _ -> "seconds of the world per second (default: 1)"
            | Seed _ -> "what names and chances are drawn from (default: 1)"

type Argument =
    | [<CliPrefix(CliPrefix.None)>] Serve of ParseResults<ServeArgument>

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Serve _ -> "serve an embedded cluster to kubectl"

let private serve (given: ParseResults<ServeArgument>) =
    let standard = ServeCommand.defaults

    ServeCommand.run {
        Port = given.GetResult(Port, standard.Port)
        Kubeconfig = given.GetResult(Kubeconfig, standard.Kubeconfig)
        Speed = given.GetResult(Speed, standard.Speed)
        Seed = given.GetResult(Seed, standard.Seed)
    }

[<EntryPoint>]
let main arguments =
    let parser = ArgumentParser.Create<Argument>(programName = "tikv-sim", errorHandler = ProcessExiter())

    let given = parser.Parse arguments

    match given.GetSubCommand() with
    | Serve given -> serve given
