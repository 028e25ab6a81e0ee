namespace Tikv.Simulator.Serve

open System
open System.Runtime.InteropServices
open System.Threading
open System.Threading.Tasks

type ServeOptions = {
    /// 0: a free one.
    Port: int
    /// Where the kubeconfig is written.
    Kubeconfig: string
    /// Seconds of the world per second.
    Speed: float
    Seed: int
}

/// `tikv-sim serve`.
[<RequireQualifiedAccess>]
module ServeCommand =

    let defaults = { Port = 6443; Kubeconfig = "tikv-sim.kubeconfig"; Speed = 1.0; Seed = 1 }

    let private fail (message: string) =
        eprintfn $"tikv-sim serve: %s{message}"
        1

    let private invalid options =
        if options.Port < 0 || options.Port > 65535 then
            Some $"--port %d{options.Port} is not a port (0 to 65535)"
        elif not (Double.IsFinite options.Speed && options.Speed > 0.0 && options.Speed <= 1000.0) then
            Some $"--speed %g{options.Speed} is out of range (above 0, up to 1000)"
        else
            Kubeconfig.refusal options.Kubeconfig

    /// Ends with Ctrl-C and SIGTERM.
    let internal stopSignal () =
        let stop = TaskCompletionSource()

        let handle (context: PosixSignalContext) =
            context.Cancel <- true
            stop.TrySetResult() |> ignore

        let signals =
            [ PosixSignal.SIGINT; PosixSignal.SIGTERM ]
            |> List.map (fun signal -> PosixSignalRegistration.Create(signal, Action<_> handle))

        stop.Task, signals

    let private untilStopped options (server: RunningServer) : Task<int> =
        task {
            let stop, signals = stopSignal ()
            Kubeconfig.write options.Kubeconfig server.Kubeconfig
            printfn $"The embedded cluster is served at %s{server.Url}. Ctrl-C ends it. In another terminal:"
            printfn $"  export KUBECONFIG=%s{IO.Path.GetFullPath options.Kubeconfig}"
            printfn "  kubectl get all --all-namespaces"

            let! first = Task.WhenAny(stop, server.Time)
            signals |> List.iter _.Dispose()

            return
                match first.Exception |> Option.ofObj with
                | Some problem -> fail $"the world could not go on: %s{problem.GetBaseException().Message}"
                | None -> 0
        }

    let private serve options (world: ServedWorld) : Task<int> =
        task {
            match! Server.start options.Port options.Speed world with
            | Error problem -> return fail problem
            | Ok server ->
                use server = server
                return! untilStopped options server
        }

    /// Serves a world until it is told to stop; the answer is the exit code.
    let runWith (makeWorld: ServeOptions -> ServedWorld) (options: ServeOptions) : int =
        match invalid options with
        | Some problem -> fail problem
        | None ->
            try
                (serve options (makeWorld options)).GetAwaiter().GetResult()
            with
            | :? IO.IOException
            | :? UnauthorizedAccessException as problem -> fail problem.Message

    /// Serves an API server alone.
    let run (options: ServeOptions) : int =
        runWith (fun options -> EmptyWorld(options.Seed, DateTimeOffset.UtcNow)) options
