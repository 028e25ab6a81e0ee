namespace Tikv.Simulator.Serve

open System
open System.IO
open System.Security.Cryptography
open System.Text
open System.Threading
open System.Threading.Tasks
open Microsoft.AspNetCore.Http
open Microsoft.AspNetCore.Http.Features
open Tikv.Simulator.Kubernetes

/// From a request of HTTP to what is sent back.
module internal Exchange =

    let private send (context: HttpContext) (answer: Answering.Answer) : Task =
        task {
            let response = context.Response
            response.StatusCode <- answer.Status
            response.ContentType <- answer.ContentType
            response.ContentLength <- answer.Body.LongLength
            response.Headers.CacheControl <- "no-cache, private"

            match answer.RetryAfter with
            | Some seconds -> response.Headers.RetryAfter <- string seconds
            | None -> ()

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

                do! send context (Answering.ofProxy reply)
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
