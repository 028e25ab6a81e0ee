namespace Tikv.Simulator.Serve

open System
open System.IO
open System.Net
open System.Security.Cryptography
open System.Text
open System.Threading
open System.Threading.Tasks
open Microsoft.AspNetCore.Builder
open Microsoft.AspNetCore.Connections
open Microsoft.AspNetCore.Hosting
open Microsoft.AspNetCore.Http
open Microsoft.AspNetCore.Http.Features
open Microsoft.AspNetCore.Server.Kestrel.Core
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// From a request of HTTP to what is sent back.
module private Exchange =

    let private send (context: HttpContext) (answer: Answering.Answer) : Task =
        task {
            let response = context.Response
            response.StatusCode <- answer.Status
            response.ContentType <- answer.ContentType
            response.ContentLength <- answer.Body.LongLength
            response.Headers.CacheControl <- "no-cache, private"

            for warning in answer.Warnings do
                let quoted = warning.Replace("\\", "\\\\").Replace("\"", "\\\"").ReplaceLineEndings " "
                response.Headers.Append("Warning", $"299 - \"%s{quoted}\"")

            do! response.Body.WriteAsync(ReadOnlyMemory answer.Body, context.RequestAborted)
        }

    let private refuse context response = send context (Answering.ofResponse response)

    let private body (context: HttpContext) =
        task {
            use buffer = new MemoryStream()
            do! context.Request.Body.CopyToAsync(buffer, context.RequestAborted)
            return buffer.ToArray()
        }

    let private incoming (context: HttpContext) =
        task {
            let request = context.Request

            let target =
                context.Features.Get<IHttpRequestFeature>()
                |> Option.ofObj
                |> Option.map _.RawTarget
                |> Option.defaultValue "/"

            let! body = body context

            return {
                Method = request.Method
                Target = target
                ContentType = request.ContentType |> Option.ofObj |> Option.defaultValue ""
                UserAgent = request.Headers.UserAgent.ToString()
                Body = body
            }
        }

    let private hasToken (token: byte array) (context: HttpContext) =
        let given = context.Request.Headers.Authorization.ToString()

        given.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(
            ReadOnlySpan(Encoding.UTF8.GetBytes(given.Substring(7).Trim())),
            ReadOnlySpan token
        )

    let private log (attendant: Attendant) (context: HttpContext) (request: LogRequest) stop : Task =
        task {
            match
                ApiServer.tryGet Builtins.pods (Some request.Namespace) request.Pod attendant.Snapshot.Api
            with
            | None -> do! refuse context (Errors.notFound Builtins.pods request.Pod)
            | Some pod ->
                match Logs.container request pod with
                | Error refusal -> do! refuse context refusal
                | Ok container ->
                    do! Streams.log attendant { request with Container = container } context.Response stop
        }

    let private answer (attendant: Attendant) (context: HttpContext) representation route stop : Task =
        task {
            let included = Tables.includeObject (context.Request.QueryString.ToString())

            match route with
            | Route.Request request ->
                let! response =
                    attendant.Ask(fun world ->
                        world.Handle request
                        |> Answering.represent representation included world.Now world.Api request)

                do! refuse context response
            | Route.Proxy request ->
                let! reply = attendant.Ask(fun world -> world.Proxy request)

                do!
                    send context {
                        Status = reply.Status
                        ContentType = reply.ContentType
                        Warnings = []
                        Body = Encoding.UTF8.GetBytes reply.Body
                    }
            | Route.Watch request ->
                let presented = Answering.presentation representation included

                match Watches.form request presented attendant.Snapshot.Api with
                | Ok form -> do! Streams.watch attendant form context.Response stop
                | Error refusal -> do! refuse context refusal
            | Route.Log request -> do! log attendant context request stop
            | route ->
                match Answering.ofServer representation attendant.Snapshot.Api route with
                | Some answer -> do! send context answer
                | None -> do! refuse context Errors.notServed
        }

    let private admit attendant token (context: HttpContext) stop : Task =
        task {
            let! incoming = incoming context
            let route = Routes.route incoming

            let accept =
                if Answering.takesAnyForm route then "" else context.Request.Headers.Accept.ToString()

            match Representation.negotiate accept (Answering.isDiscovery route) with
            | _ when not (Answering.isPublic route || hasToken token context) ->
                do! refuse context Answering.unauthorized
            | None -> do! refuse context Answering.notAcceptable
            | Some representation -> do! answer attendant context representation route stop
        }

    /// Answers one request. A client that went away is no fault; all else that goes wrong is told as a Status.
    let handle
        (attendant: Attendant)
        (token: byte array)
        (stopping: CancellationToken)
        (context: HttpContext)
        : Task =
        task {
            use stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, context.RequestAborted)

            try
                do! admit attendant token context stop.Token
            with
            | :? OperationCanceledException -> ()
            | :? Microsoft.AspNetCore.Http.BadHttpRequestException as problem when problem.StatusCode = 413 ->
                do! refuse context Answering.tooLarge
            | :? IOException when context.RequestAborted.IsCancellationRequested -> ()
            | problem when not context.Response.HasStarted -> do! refuse context (Answering.broken problem)
        }

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
    let private listen port (application: WebApplication) : Task<string option> =
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
