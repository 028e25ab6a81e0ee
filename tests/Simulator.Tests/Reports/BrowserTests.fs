/// The page in a real browser. Where there is none, these tests are skipped, unless `BROWSER_REQUIRED` is set.
module Tikv.Simulator.Tests.Reports.BrowserTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Reports

let private variable name =
    Environment.GetEnvironmentVariable name
    |> Option.ofObj
    |> Option.filter (fun value -> value <> "")

let private browser =
    lazy
        (let folders = (variable "PATH" |> Option.defaultValue "").Split Path.PathSeparator

         [ "chromium"; "chromium-browser"; "google-chrome"; "chrome-headless-shell" ]
         |> List.collect (fun name -> [ for folder in folders -> Path.Combine(folder, name) ])
         |> List.append (Option.toList (variable "CHROMIUM"))
         |> List.tryFind File.Exists)

/// The page as it is once its script has run, opened at that moment.
let private opened (program: string) folder (text: string) at =
    let file = Path.Combine(folder, "page.html")
    File.WriteAllText(file, text)

    let info =
        ProcessStartInfo(
            program,
            [
                "--headless"
                "--no-sandbox"
                "--disable-gpu"
                "--disable-dev-shm-usage"
                "--virtual-time-budget=2000"
                "--window-size=1500,1200"
                $"--user-data-dir=%s{folder}"
                "--dump-dom"
                Uri(file).AbsoluteUri + "#at=" + at
            ],
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    info.Environment["HOME"] <- folder

    match Process.Start info |> Option.ofObj with
    | None -> failwith "the browser did not start"
    | Some started ->
        use started = started
        let output = started.StandardOutput.ReadToEndAsync()
        let error = started.StandardError.ReadToEndAsync()

        if not (started.WaitForExit(TimeSpan.FromMinutes 2L)) then
            started.Kill true
            failwith "the browser did not end within two minutes"

        Assert.That(started.ExitCode, Is.Zero, error.Result)
        output.Result

let withBrowser (look: (string -> string -> string) -> unit) =
    match browser.Value with
    | Some program -> Given.inFolder (fun folder -> look (opened program folder))
    | None when (variable "BROWSER_REQUIRED").IsSome ->
        Assert.Fail "there is no browser, and BROWSER_REQUIRED is set"
    | None -> Assert.Ignore "there is no browser: install chromium, or name one by CHROMIUM"

/// What stands behind a lane.
let private now (lane: string) (dom: string) =
    let pattern = $"data-lane=\"%s{Regex.Escape lane}\".*?class=\"now[^>]*>([^<]*)<"
    Regex.Match(dom, pattern, RegexOptions.Singleline).Groups[1].Value

let private clock (dom: string) = Regex.Match(dom, "id=\"clock\">([^<]*)<").Groups[1].Value

[<Test>]
let ``each lane tells what it was at the moment that the slider stands at`` () =
    withBrowser (fun look ->
        let account, film = Given.good.Value
        let text = Page.print account film
        let began = Simulation.clock (Account.began account)
        let before = look text (string (Account.began account))
        Assert.That(clock before, Is.EqualTo began)
        Assert.That(now "pod basic-tikv-3" before, Is.EqualTo "ready")

        let deleted =
            Account.lines account
            |> List.find (fun line ->
                line.Text.StartsWith("delete Pod default/basic-tikv-3", StringComparison.Ordinal))

        let after = look text (Simulation.clock deleted.At)
        Assert.That(clock after, Is.EqualTo(Simulation.clock deleted.At))
        Assert.That(now "pod basic-tikv-3" after, Is.EqualTo "terminating")
        Assert.That(now "api" after, Does.StartWith "delete Pod default/basic-tikv-3")
        Assert.That(after, Does.Match $"class=\"api here\" data-t=\"%d{deleted.At}\""))

[<Test>]
let ``a page of a run that failed opens at the moment of its failure`` () =
    withBrowser (fun look ->
        let account, film = Given.broken.Value
        let first = Account.broken account |> List.head
        let dom = look (Page.print account film) ""
        Assert.That(clock dom, Is.EqualTo(Simulation.clock first.At)))
