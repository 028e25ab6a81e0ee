module Tikv.Simulator.Tests.Ui.UiTests

open System
open System.Collections.Generic
open System.Net
open System.Net.Http
open System.Text.RegularExpressions
open NUnit.Framework
open Tikv.Simulator.Files
open Tikv.Simulator.Reports
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Tests.Reports
open Tikv.Simulator.Ui

let private shouldBe (expected: 'Value) (actual: 'Value) = Assert.That(box actual, Is.EqualTo(box expected))

/// A store more: short.
let private story = {
    (All.tryFind "T40" |> Option.get) with
        Id = "short"
        Steps = [ at (seconds 5) (scale "TiKVGroup/basic-tikv" 5) ]
        Expect = [ Check.Finally(Fact.StoresUp 5) ]
        Rest = 0L
}

let private played = lazy (Playing.play story)
let private began = lazy (Account.began played.Value.Account)
let private text = StoryFile.print story
let private wish branch : Wish = { Text = text; Former = text; Branch = branch }

let private place name = Branches.all story |> List.findIndex (fun branch -> branch.Name = name)

let private ran wish =
    match Playing.ofWish wish with
    | Outcome.Ran(played, twin) -> played, twin
    | Outcome.Refused problems -> failwith $"%A{problems}"

[<Test>]
let ``whatever is tried can be written to a file and read back`` () =
    for branch in Branches.all story do
        let tried = story |> Branches.add branch 61_005L 7

        match StoryFile.parse (StoryFile.print tried) with
        | Ok [ read ] -> read |> shouldBe tried
        | other -> Assert.Fail $"%s{branch.Name}: %A{other}"

[<Test>]
let ``a branch is the same run up to its moment, and stands beside it`` () =
    let moment = began.Value + 6_000L
    let played, twin = ran (wish (Some(place "operator0 crashes", moment)))
    let twin = Option.get twin
    let lines (played: Played) = Account.lines played.Account
    let before (played: Played) = lines played |> List.filter (fun line -> line.At < moment)
    before played |> shouldBe (before twin)
    Assert.That(before played, Is.Not.Empty)

    Assert.That(
        lines played |> List.filter (fun line -> line.At = moment) |> List.map _.Text,
        Has.Some.EqualTo "crashes"
    )

    Assert.That(lines twin |> List.map _.Text, Has.None.EqualTo "crashes")

    let page = Workbench.ran played (Some twin)
    Assert.That(page, Does.Contain "id=\"twin\"")
    Assert.That(page, Does.Match "(?s)data-lane=\"operator0\".*class=\"otherwise\"")

[<Test>]
let ``what befalls the next write befalls the first that is sent after the moment`` () =
    let moment = began.Value + 6_000L
    let played, _ = ran (wish (Some(place "the answer to its next write is lost", moment)))

    let struck =
        Account.lines played.Account
        |> List.find (fun line -> line.Text.StartsWith("fault: loss of the reply", StringComparison.Ordinal))

    Assert.That(struck.At, Is.GreaterThanOrEqualTo moment)

    let sent =
        played.Film.Orders.Values
        |> Seq.map _.SentAt
        |> Seq.filter (fun time -> time > moment)

    struck.At |> shouldBe (Seq.min sent)

[<Test>]
let ``what is played again unchanged stands beside nothing`` () =
    wish None |> ran |> snd |> Option.isNone |> shouldBe true

[<Test>]
let ``what is wrong in the editor is told by line and field, and what is there is kept`` () =
    let wrong = { wish None with Text = text.Replace("replicas: 5", "replicas: many") }

    match Playing.ofWish wrong with
    | Outcome.Refused problems ->
        Assert.That(problems, Has.Length.EqualTo 1)
        Assert.That(problems.Head, Does.Match @"^scenario\.yaml:\d+: .*replicas")
        let page = Workbench.refused wrong problems
        Assert.That(page, Does.Contain "replicas: many")
        Assert.That(page, Does.Contain(Markup.escape problems.Head))
    | Outcome.Ran _ -> Assert.Fail "it was played"

/// Asks a server that runs for as long as that takes.
let private asked (ask: HttpClient -> System.Threading.Tasks.Task<HttpResponseMessage>) =
    let work =
        task {
            match! UiServer.start 0 with
            | Error problem -> return failwith problem
            | Ok application ->
                use application = application
                use client = new HttpClient(BaseAddress = Uri(Seq.head application.Urls))
                let! answer = ask client
                let! body = answer.Content.ReadAsStringAsync()
                do! application.StopAsync()
                return answer.StatusCode, body
        }

    work.GetAwaiter().GetResult()

[<Test>]
let ``the first page leads to every scenario`` () =
    let code, body = asked (fun client -> client.GetAsync "/")
    code |> shouldBe HttpStatusCode.OK

    for story in All.stories do
        Assert.That(body, Does.Contain $"href=\"/play?scenario=%s{Uri.EscapeDataString story.Id}\"")

[<Test>]
let ``a scenario is played under its address, and an unknown one is not`` () =
    let code, body = asked (fun client -> client.GetAsync "/play?scenario=T40")
    code |> shouldBe HttpStatusCode.OK
    Assert.That(body, Does.Contain "id=\"workbench\"")
    Assert.That(body, Does.Contain "id=\"timeline\"")
    let code, body = asked (fun client -> client.GetAsync "/play?scenario=T4000")
    code |> shouldBe HttpStatusCode.NotFound
    Assert.That(body, Does.Contain "T4000")

[<Test>]
let ``a form with a branch is played, and one that cannot be read is refused`` () =
    let post fields (client: HttpClient) =
        client.PostAsync("/play", new FormUrlEncodedContent(fields |> List.map KeyValuePair.Create))

    let code, body =
        asked (
            post [
                "text", text.ReplaceLineEndings "\r\n"
                "former", text
                "do", "branch"
                "what", string (place "operator0 crashes")
                "at", string (began.Value + 6_000L)
            ]
        )

    code |> shouldBe HttpStatusCode.OK
    Assert.That(body, Does.Match @"at: 6s\s+do: crash\s")
    Assert.That(body, Does.Contain "id=\"twin\"")
    let code, body = asked (post [ "text", "id: [" ])
    code |> shouldBe HttpStatusCode.UnprocessableEntity
    Assert.That(body, Does.Contain "scenario.yaml:")

[<Test>]
let ``pages of other hosts cannot ask`` () =
    let code, _ =
        asked (fun client ->
            let request = new HttpRequestMessage(HttpMethod.Get, "/")
            request.Headers.Host <- "example.com"
            client.SendAsync request)

    code |> shouldBe HttpStatusCode.Forbidden

[<Test>]
let ``a branch begins at the moment that the slider stands at`` () =
    BrowserTests.withBrowser (fun look ->
        let moment =
            (Account.lines played.Value.Account
             |> List.find (fun line -> line.Told.IsWritten))
                .At

        let dom = look (Workbench.ran played.Value None) (Simulation.clock moment)
        let field = Regex.Match(dom, "id=\"moment\">([^<]*)<").Groups[1].Value
        field |> shouldBe (Simulation.clock moment))
