/// Answers that go on: watches and followed logs.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.Streams

open System
open System.Diagnostics
open System.Text
open System.Threading
open System.Threading.Tasks
open Microsoft.AspNetCore.Http
open Tikv.Core
open Tikv.Simulator.Kubernetes

let private newline = [| byte '\n' |]

let private write (response: HttpResponse) (lines: Json list) (stop: CancellationToken) : Task =
    task {
        for line in lines do
            do! response.Body.WriteAsync(ReadOnlyMemory(Json.toBytes line), stop)
            do! response.Body.WriteAsync(ReadOnlyMemory newline, stop)

        if not (List.isEmpty lines) then
            do! response.Body.FlushAsync stop
    }

/// Ends as soon as the change has come, the time is over, or nobody listens any more.
let private wait (next: Task) (pause: TimeSpan) (stop: CancellationToken) : Task =
    task {
        use ended = CancellationTokenSource.CreateLinkedTokenSource stop
        let timer = Task.Delay((if pause > TimeSpan.Zero then pause else TimeSpan.Zero), ended.Token)
        let! _ = Task.WhenAny(next, timer)
        ended.Cancel()
    }

/// Sends events until the time is over, the history is gone, or the client is.
let watch (attendant: Attendant) (form: WatchForm) (response: HttpResponse) (stop: CancellationToken) : Task =
    task {
        response.ContentType <- "application/json"
        do! response.StartAsync stop
        do! response.Body.FlushAsync stop

        let clock = Stopwatch.StartNew()

        let limit =
            match form.Request.Timeout with
            | Some seconds when seconds > 0 -> TimeSpan.FromSeconds(float seconds)
            | _ -> Watches.defaultTimeout

        let mutable snapshot = attendant.Snapshot
        let mutable lines = Watches.opening form snapshot.Now snapshot.Api
        let nextBookmark passed = if form.Request.Bookmarks then Watches.nextBookmark limit passed else None

        let mutable bookmark = nextBookmark TimeSpan.Zero
        let mutable live = true

        while live do
            match lines with
            | Error last ->
                do! write response [ last ] stop
                live <- false
            | Ok events ->
                let told = snapshot.Api.Revision
                do! write response events stop

                let passed = clock.Elapsed

                if bookmark |> Option.exists (fun due -> due <= passed) then
                    bookmark <- nextBookmark passed
                    do! write response [ Watches.bookmark form told false ] stop

                let until = bookmark |> Option.defaultValue limit
                do! wait snapshot.Next (until - clock.Elapsed) stop

                snapshot <- attendant.Snapshot

                // A watch of a kind whose definition is gone has nothing more to tell.
                let isServed = (ApiServer.tryResourceType form.Resource.Key snapshot.Api).IsSome

                if stop.IsCancellationRequested || clock.Elapsed >= limit || not isServed then
                    live <- false
                else

                    lines <-
                        if snapshot.Api.Revision = told then
                            Ok []
                        else
                            Watches.since form snapshot.Now told snapshot.Api
    }

/// Sends what there is of a log, and with `follow` what is added, until there is no more to come.
let log
    (attendant: Attendant)
    (request: LogRequest)
    (response: HttpResponse)
    (stop: CancellationToken)
    : Task =
    let send (lines: LogLine list) : Task =
        task {
            for line in lines do
                do!
                    response.Body.WriteAsync(
                        ReadOnlyMemory(Encoding.UTF8.GetBytes(Logs.print request line)),
                        stop
                    )

            do! response.Body.FlushAsync stop
        }

    task {
        match! attendant.Ask(fun world -> struct (world.Now, world.PodLog request)) with
        | struct (_, Error why) ->
            let refusal = Answering.ofResponse (Errors.badRequest why)

            response.StatusCode <- refusal.Status
            response.ContentType <- refusal.ContentType
            do! response.Body.WriteAsync(ReadOnlyMemory refusal.Body, stop)
        | struct (now, Ok lines) ->
            response.ContentType <- "text/plain; charset=utf-8"
            do! send (Logs.wanted request now lines)

            let mutable count = List.length lines
            let mutable live = request.Follow

            while live do
                do! Task.Delay(250, stop)

                match! attendant.Ask(fun world -> world.PodLog request) with
                | Ok lines when lines.Length >= count ->
                    if lines.Length > count then
                        do! send (List.skip count lines)
                        count <- lines.Length
                | _ -> live <- false
    }
