namespace Tikv.Simulator.Serve

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// What answers behind a proxied request.
type ProxyReply = { Status: int; ContentType: string; Body: string }

/// A line that a container wrote.
type LogLine = { At: DateTimeOffset; Text: string }

/// A world that is served over HTTP. The server calls it from one thread at a time and needs no more than this of it.
type ServedWorld =
    /// The time in the world.
    abstract Now: DateTimeOffset

    /// The API server as it is now. A value: whoever took it may read on while the world goes on.
    abstract Api: ApiServer

    /// Carries out a request at the present time of the world.
    abstract Handle: Request -> Response

    /// What listens in a Pod or behind a Service answers.
    abstract Proxy: ProxyRequest -> ProxyReply

    /// All that the container of an existing Pod wrote, oldest first; an error says why there is nothing to read.
    abstract PodLog: LogRequest -> Result<LogLine list, string>

    /// Lets so much time pass.
    abstract Advance: TimeSpan -> unit

[<RequireQualifiedAccess>]
module ProxyReply =
    let private unreachable (request: ProxyRequest) =
        let kind = if request.IsPod then "pod" else "service"

        let status =
            Json.object [
                "kind", Json.String "Status"
                "apiVersion", Json.String "v1"
                "metadata", Json.empty
                "status", Json.String "Failure"
                "message",
                Json.String
                    $"no endpoints available for %s{kind} \"%s{request.Name}\", port \"%s{request.Port}\""
                "reason", Json.String "ServiceUnavailable"
                "code", Json.int 503
            ]

        { Status = 503; ContentType = "application/json"; Body = Json.print status }

    /// What a real API server answers when there is no such Pod or Service, or nothing listens there.
    let refused (request: ProxyRequest) (api: ApiServer) =
        let key = if request.IsPod then Builtins.pods else Builtins.services

        match ApiServer.tryGet key (Some request.Namespace) request.Name api with
        | Some _ -> unreachable request
        | None ->
            let missing = Errors.notFound key request.Name
            { Status = missing.Code; ContentType = "application/json"; Body = Json.print missing.Body }

/// A world of an API server and the controllers that every cluster has, without nodes: no Pod ever runs.
type EmptyWorld(seed: int, start: DateTimeOffset) =
    /// Controllers look at least this often, for what follows from time alone.
    let lookEvery = TimeSpan.FromSeconds 1L

    /// So many changes stay known to watches.
    let window = 10000L

    let mutable now = start
    let mutable api = ApiServer.start seed
    let mutable looked = start
    let mutable seen = 0L

    let look () =
        api <- Controllers.step now api

        if api.Revision - api.Compacted > 2L * window then
            api <- ApiServer.compact (api.Revision - window) api

        looked <- now
        seen <- api.Revision

    interface ServedWorld with
        member _.Now = now
        member _.Api = api

        member _.Handle request =
            let struct (next, response) = ApiServer.handle now request api
            api <- next
            response

        member _.Proxy request = ProxyReply.refused request api
        member _.PodLog request = Error $"pod %s{request.Pod} does not run"

        member _.Advance elapsed =
            now <- now + elapsed

            if api.Revision <> seen || now - looked >= lookEvery then
                look ()
