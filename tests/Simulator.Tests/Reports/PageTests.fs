module Tikv.Simulator.Tests.Reports.PageTests

open System
open System.Text.RegularExpressions
open NUnit.Framework
open FsCheck
open Tikv.Tests
open Tikv.Core.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Run
open Tikv.Simulator.Reports

let private shouldBe (expected: 'Value) (actual: 'Value) = Assert.That(box actual, Is.EqualTo(box expected))
let private page (run: Lazy<Account * Film>) = run.Value ||> Page.print

let private found (pattern: string) text =
    Regex.Matches(text, pattern) |> Seq.map _.Groups[1].Value |> List.ofSeq

let private lanes text = found "data-lane=\"([^\"]*)\"" text

[<Test>]
let ``the same run gives the same page`` () =
    let again = Given.ofStory (Tikv.Simulator.Scenarios.All.tryFind "T40" |> Option.get)
    page Given.good |> shouldBe (again ||> Page.print)

[<Test>]
let ``each operator, member, store and Pod has a lane`` () =
    let lanes = lanes (page Given.good)

    Assert.That(
        lanes,
        Is.SupersetOf [
            "people"
            "cluster"
            "operator0"
            "api"
            "pd"
            "slack"
            for index in 0..2 do
                $"member basic-pd-%d{index}"
                $"pod basic-pd-%d{index}"
            for index in 0..3 do
                $"pod basic-tikv-%d{index}"
        ]
    )

    Assert.That(
        lanes
        |> List.filter (fun lane -> lane.StartsWith("store ", StringComparison.Ordinal)),
        Has.Length.EqualTo 4
    )

[<Test>]
let ``of nodes those have a lane to which something happens`` () =
    let nodes =
        lanes (page Given.good)
        |> List.filter (fun lane -> lane.StartsWith("node ", StringComparison.Ordinal))

    Assert.That(nodes, Has.Length.EqualTo 1)

[<Test>]
let ``nothing on the page is fetched from anywhere`` () =
    let text = page Given.broken
    Assert.That(found "(https?:|src=|href=|@import|url\((?!#))" text, Is.Empty)

[<Test>]
let ``no name breaks out of the page`` () =
    let text = page Given.stuck
    found "(<script)" text |> shouldBe [ "<script"; "<script" ]
    Assert.That(text, Does.Not.Contain "<b>\"T40\"")
    Assert.That(text, Does.Not.Contain "\u0001")
    Assert.That(text, Does.Contain "]]&gt;&lt;b&gt;")

[<Test>]
let ``a page says what broke, which action broke it, and marks the moment`` () =
    let account, _ = Given.broken.Value
    let text = page Given.broken
    let first = Account.broken account |> List.head
    Assert.That(text, Does.Contain(Markup.escape (Run.words account.Result)))
    Assert.That(text, Does.Contain "The action that broke it: operator0: delete Pod")
    Assert.That(text, Does.Match $"class=\"failure\".*%s{first.Property.Id}</text>")

[<Test>]
let ``a write of a dead operator is drawn from its sending to its landing`` () =
    let _, film = Given.stuck.Value
    let flight = Seq.exactlyOne film.Flights.Values
    flight.LandsAt - flight.SentAt |> shouldBe 20_000L
    Assert.That(flight.Unheard)
    Assert.That(page Given.stuck, Does.Contain "lands 20.0 s after it was sent; nobody hears the answer")

/// The last state of each lane of a section, by its name.
let private last section (film: Film) =
    film.Lanes
    |> Map.toList
    |> List.choose (fun (lane, changes) ->
        if lane.Section = section then Some(lane.Name, snd (List.head changes)) else None)

[<Test>]
let ``stores end on the page as they are in the world`` () =
    let account, film = Given.good.Value
    let stores = Truth.stores account.Result.Final.World
    let ended = last Section.Stores film

    ended
    |> List.map (fun (_, cell) -> cell.Level)
    |> List.sum
    |> shouldBe (stores |> List.sumBy _.Leaders)

    Assert.That(stores |> List.forall (fun store -> store.State = NodeState.Serving))
    Assert.That(ended |> List.map (fun (_, cell) -> cell.Words), Is.All.EqualTo "Serving")

[<Test>]
let ``a store whose node is down is told as silent, and its Pod as not ready or gone`` () =
    let _, film = Given.good.Value

    let words name =
        film.Lanes
        |> Map.toList
        |> List.filter (fun (lane, _) -> lane.Name.EndsWith(name, StringComparison.Ordinal))
        |> List.collect (fun (_, changes) -> changes |> List.map (fun (_, cell) -> cell.Words))

    Assert.That(words "basic-tikv-0", Does.Contain "Disconnected")

/// So many lines, a second apart, in the place of those that it has.
let private withLines count (account: Account) =
    let from = Account.began account

    let line index : Line = {
        At = from + 1_000L * int64 index
        Who = if index % 2 = 0 then "cluster" else "operator0"
        Told = if index % 3 = 0 then Told.Log else Told.Event
        Text = $"event %d{index} of very many, with as many words as such an event has"
    }

    let lines = List.init count line |> List.rev
    let final = { account.Result.Final with Lines = lines }

    { account with Result = { account.Result with Final = final; Ended = from + 1_000L * int64 count } }

[<Test>]
let ``a run of a hundred thousand lines is a page of less than two megabytes`` () =
    let account, film = Given.good.Value
    let text = Page.print (withLines 100_000 account) film
    Assert.That(text.Length, Is.LessThan 2_000_000)
    Assert.That(text, Does.Contain "95000 lines are left out")
    Assert.That(text, Does.Contain "event 99999 of")

let private axis (gaps: PositiveInt list) =
    let times = gaps |> List.scan (fun time gap -> time + int64 gap.Get * 700L) 5_000L
    times, Axis.make 860.0 times

[<Property>]
let ``time goes from left to right, over the whole width`` (gaps: PositiveInt list) =
    let times, axis = axis gaps
    let xs = times |> List.map (fun time -> Axis.x time axis)

    List.head xs = 0.0
    && (List.isEmpty gaps || abs (List.last xs - 860.0) < 0.001)
    && xs |> List.pairwise |> List.forall (fun (one, next) -> one < next)

[<Property>]
let ``a place on the axis stands for the time that is drawn there`` (gaps: PositiveInt list) =
    let times, axis = axis gaps

    times
    |> List.forall (fun time -> abs (Axis.time (Axis.x time axis) axis - time) <= 1L)

[<Test>]
let ``silence of an hour is drawn shorter than it is, and told`` () =
    let axis = Axis.make 860.0 [ 0L; 1_000L; 3_601_000L; 3_602_000L ]
    Axis.squeezed axis |> shouldBe [ 1_000L, 3_601_000L ]
    Assert.That(Axis.x 1_000L axis, Is.GreaterThan 10.0)

[<Test>]
let ``what an operator hears long after it was so is a slanted line`` () =
    let film = snd Given.late.Value
    let late = film.Hearings |> List.map (fun hearing -> hearing.HeardAt - hearing.SaidAt)
    Assert.That(late, Is.All.GreaterThanOrEqualTo 1_000L)
    Assert.That(late, Has.Some.EqualTo 9_000L)
    Assert.That(page Given.late, Does.Match "class=\"hearing\">.*operator0 hears of Pod basic-tikv-")
    (snd Given.broken.Value).Hearings |> shouldBe []
