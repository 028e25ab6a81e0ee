namespace Tikv.Simulator.Ui

open System
open System.IO
open System.Net
open System.Text
open System.Threading.Tasks
open Microsoft.AspNetCore.Builder
open Microsoft.AspNetCore.Hosting
open Microsoft.AspNetCore.Http
open Microsoft.AspNetCore.Server.Kestrel.Core
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Serve

/// `tikv-sim serve --ui`: scenarios in the browser, on 127.0.0.1.
[<RequireQualifiedAccess>]
module UiServer =

    /// Of a scenario, with the one before it.
    let private limit = 2_000_000L

    let private answer (context: HttpContext) status (text: string) : Task =
        context.Response.StatusCode <- status
        context.Response.ContentType <- "text/html; charset=utf-8"
        context.Response.WriteAsync text

    let private plain (context: HttpContext) status (text: string) : Task =
        context.Response.StatusCode <- status
        context.Response.ContentType <- "text/plain; charset=utf-8"
        context.Response.WriteAsync(text + "\n")

    let private show context wish outcome =
        match outcome with
        | Outcome.Ran(played, twin) -> answer context 200 (Workbench.ran played twin)
        | Outcome.Refused problems -> answer context 422 (Workbench.refused wish problems)

    let private named (context: HttpContext) : Task =
        let id = context.Request.Query["scenario"].ToString()

        match All.tryFind id with
        | Some story -> answer context 200 (Workbench.ran (Playing.play story) None)
        | None -> plain context 404 $"there is no scenario \"%s{id}\"; / lists them"

    let private wished (context: HttpContext) : Task =
        task {
            use reader = new StreamReader(context.Request.Body, Encoding.UTF8)
            let! body = reader.ReadToEndAsync()
            let form = Query.parse body

            let branch =
                match
                    Query.text "do" form, Query.tryNumber "what" form, Int64.TryParse(Query.text "at" form)
                with
                | "branch", Some index, (true, at) -> Some(index, at)
                | _ -> None

            let wish = { Text = Query.text "text" form; Former = Query.text "former" form; Branch = branch }
            do! show context wish (Playing.ofWish wish)
        }

    /// Pages of other places must not ask in the name of whoever looks at them (DNS rebinding).
    let private isLocal (context: HttpContext) =
        match context.Request.Host.Host with
        | "127.0.0.1"
        | "localhost" -> true
        | _ -> false

    let private handle (context: HttpContext) : Task =
        let path = context.Request.Path.Value |> Option.ofObj |> Option.defaultValue ""

        match context.Request.Method, path with
        | _ when not (isLocal context) -> plain context 403 "only 127.0.0.1 and localhost are served"
        | "GET", "/" -> answer context 200 (Workbench.index ())
        | "GET", "/play" -> named context
        | "POST", "/play" -> wished context
        | _ -> plain context 404 "there are /, /play?scenario=ID, and POST /play"

    /// Port 0 takes a free one. An error says why the port cannot be had.
    let start (port: int) : Task<Result<WebApplication, string>> =
        task {
            let builder = WebApplication.CreateEmptyBuilder(WebApplicationOptions())

            builder.WebHost
                .UseKestrelCore()
                .ConfigureKestrel(fun (options: KestrelServerOptions) ->
                    options.AddServerHeader <- false
                    options.Limits.MaxRequestBodySize <- Nullable limit
                    options.Listen(IPAddress.Loopback, port))
            |> ignore

            let application = builder.Build()
            application.Run(RequestDelegate handle)

            match! Server.listen port application with
            | None -> return Ok application
            | Some problem ->
                do! application.DisposeAsync()
                return Error problem
        }

    /// Serves until it is told to stop; the answer is the exit code.
    let run (port: int) : int =
        let serve =
            task {
                match! start port with
                | Error problem ->
                    eprintfn $"tikv-sim serve: %s{problem}"
                    return 1
                | Ok application ->
                    use application = application
                    let stop, signals = ServeCommand.stopSignal ()
                    printfn $"Scenarios are at %s{Seq.head application.Urls}. Ctrl-C ends it."
                    do! stop
                    signals |> List.iter _.Dispose()
                    do! application.StopAsync()
                    return 0
            }

        serve.GetAwaiter().GetResult()
