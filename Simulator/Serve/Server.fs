namespace Tikv.Simulator.Serve

open System
open System.IO
open System.Net
open System.Text
open System.Threading
open System.Threading.Tasks
open Microsoft.AspNetCore.Builder
open Microsoft.AspNetCore.Connections
open Microsoft.AspNetCore.Hosting
open Microsoft.AspNetCore.Http
open Microsoft.AspNetCore.Server.Kestrel.Core

/// An embedded cluster that is being served. It ends when it is disposed of.
type RunningServer
    internal
    (
        application: WebApplication,
        attendant: Attendant,
        stopping: CancellationTokenSource,
        time: Task,
        url: string,
        authority: string,
        token: string
    ) =
    member _.Url = url
    /// The certificate that clients trust, as PEM.
    member _.Authority = authority
    member _.Token = token
    member _.Kubeconfig = Kubeconfig.text url authority token
    /// For work with the world beside HTTP, in turn with the requests.
    member _.Attendant = attendant
    /// Ends when time stops: at the end, or failed when the world could not go on.
    member _.Time = time

    interface IAsyncDisposable with
        member _.DisposeAsync() =
            task {
                stopping.Cancel()
                do! application.StopAsync()
                do! application.DisposeAsync()
                do! (time |> Task.WhenAny :> Task)
                do! (attendant :> IAsyncDisposable).DisposeAsync()
                stopping.Dispose()
            }
            |> ValueTask

[<RequireQualifiedAccess>]
module Server =

    let private limits (options: KestrelServerOptions) =
        options.AddServerHeader <- false
        options.Limits.MaxRequestBodySize <- Nullable(int64 RequestBodies.Limit)
        // A watch may be silent for minutes, and its reader may be slow.
        options.Limits.MinResponseDataRate <- null
        options.Limits.Http2.MaxStreamsPerConnection <- 1000

    let private build (port: int) (certificates: Certificates.Issued) =
        let builder = WebApplication.CreateEmptyBuilder(WebApplicationOptions())

        builder.WebHost
            .UseKestrelCore()
            .UseKestrelHttpsConfiguration()
            .ConfigureKestrel(fun (options: KestrelServerOptions) ->
                limits options

                options.Listen(
                    IPAddress.Loopback,
                    port,
                    fun listen -> listen.UseHttps certificates.Server |> ignore
                ))
        |> ignore

        builder.Build()

    let private isTaken (problem: exn) =
        match problem with
        | :? AddressInUseException -> true
        | problem ->
            problem.InnerException
            |> Option.ofObj
            |> Option.exists (fun inner -> inner :? AddressInUseException)

    /// Why the application could not begin to listen; none when it does.
    let internal listen port (application: WebApplication) : Task<string option> =
        task {
            try
                do! application.StartAsync()
                return None
            with :? IOException as problem ->
                return
                    if isTaken problem then
                        Some
                            $"port %d{port} of 127.0.0.1 is in use; name another with --port, or 0 for a free one"
                    else
                        Some problem.Message
        }

    /// Serves a world on 127.0.0.1; port 0 takes a free one. `speed`: seconds of the world per second. An error says
    /// why the port cannot be had.
    let start (port: int) (speed: float) (world: ServedWorld) : Task<Result<RunningServer, string>> =
        task {
            let certificates = Certificates.issue DateTimeOffset.UtcNow
            let token = Certificates.newToken ()
            let stopping = new CancellationTokenSource()
            let attendant = new Attendant(world)
            let application = build port certificates
            let bytes = Encoding.UTF8.GetBytes token
            application.Run(RequestDelegate(Exchange.handle attendant bytes stopping.Token))

            match! listen port application with
            | Some problem ->
                do! application.DisposeAsync()
                do! (attendant :> IAsyncDisposable).DisposeAsync()
                return Error problem
            | None ->
                return
                    Ok(
                        new RunningServer(
                            application,
                            attendant,
                            stopping,
                            attendant.KeepTime(speed, stopping.Token),
                            Seq.head application.Urls,
                            certificates.Authority,
                            token
                        )
                    )
        }
