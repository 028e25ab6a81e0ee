module Tikv.Simulator.Tests.Reports.ReportTests

open System
open System.IO
open System.Xml.Linq
open NUnit.Framework
open FsCheck
open Tikv.Tests
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Reports

let private shouldBe (expected: 'Value) (actual: 'Value) = Assert.That(box actual, Is.EqualTo(box expected))
let private good, private broken = fst Given.good.Value, fst Given.broken.Value
let private stuck = fst Given.stuck.Value

let private name (local: string) = XName.Get local

let private suite (xml: string) =
    match (XDocument.Parse xml).Root |> Option.ofObj with
    | Some root -> root.Elements() |> Seq.exactlyOne
    | None -> invalidOp "it is empty"

let private attribute (key: string) (element: XElement) =
    element.Attribute(name key)
    |> Option.ofObj
    |> Option.map _.Value
    |> Option.defaultValue ""

let private cases xml = (suite xml).Elements(name "testcase") |> List.ofSeq
let private failures (case: XElement) = case.Elements(name "failure") |> List.ofSeq

let private read json =
    match Json.parse json with
    | Ok json -> json
    | Error problem -> invalidOp problem

[<Test>]
let ``a scenario is a test case, and one that comes right has no failure`` () =
    let xml = Junit.print [ good; broken ]
    attribute "tests" (suite xml) |> shouldBe "2"
    attribute "failures" (suite xml) |> shouldBe "1"
    cases xml |> List.map (attribute "name") |> shouldBe [ "T40"; "T21" ]
    cases xml |> List.map (failures >> List.length) |> shouldBe [ 0; 1 ]

[<Test>]
let ``the time of a test case is that of the simulated world`` () =
    let seconds = float (good.Result.Ended - good.Result.Final.Scenario.World.Now) / 1_000.0
    let told = cases (Junit.print [ good ]) |> List.map (attribute "time" >> float)
    told |> shouldBe [ seconds ]

[<Test>]
let ``a failure says in words what broke, what was asked for last, and how to run it again`` () =
    let failure = Junit.print [ broken ] |> cases |> List.collect failures |> List.exactlyOne
    attribute "message" failure |> shouldBe (Run.words broken.Result)
    Assert.That(attribute "type" failure, Does.Match "^I\d+$")

    Assert.That(
        failure.Value,
        Does.Contain "The action that broke it: operator0: delete Pod default/basic-tikv-"
    )

    Assert.That(
        failure.Value,
        Does.Contain "To run it again: tikv-sim mutants --only restart-two --transcript"
    )

    Assert.That(failure.Value, Does.EndWith(List.last broken.Result.Transcript))

[<Test>]
let ``JSON tells the verdict, what broke, and how often each property was put to the test`` () =
    let run =
        JsonReport.print [ broken ]
        |> read
        |> Json.itemsAt [ "scenarios" ]
        |> List.exactlyOne

    let first = Account.broken broken |> List.head
    Json.stringAt [ "verdict" ] run |> shouldBe (Some "broke")

    Json.itemsAt [ "broken" ] run
    |> List.map (Json.stringAt [ "property" ])
    |> List.head
    |> shouldBe (Some first.Property.Id)

    Json.stringAt [ "fingerprint" ] run
    |> shouldBe (Some(broken.Result.Fingerprint.ToString "x16"))

    Json.boolAt [ "lastAction"; "brokeIt" ] run |> shouldBe (Some true)
    let times = Json.itemsAt [ "tested" ] run |> List.choose (Json.intAt [ "times" ])
    times |> List.sum |> shouldBe (broken.Result.Tested.Values |> Seq.sum)

[<Test>]
let ``a run that is stuck tells what is missing`` () =
    let run = JsonReport.ofAccount stuck
    Json.stringAt [ "verdict" ] run |> shouldBe (Some "stuck")
    Assert.That(Json.itemsAt [ "missing" ] run |> List.choose Json.asString, Is.Not.Empty)
    Json.boolAt [ "lastAction"; "brokeIt" ] run |> shouldBe (Some false)

[<Test>]
let ``a run that comes right has no last lines, and nothing that is missing`` () =
    let run = JsonReport.ofAccount good
    Assert.That(Json.tryPath [ "lastLines" ] run, Is.EqualTo None)
    Assert.That(Json.tryPath [ "missing" ] run, Is.EqualTo None)

[<Test>]
let ``a failure tells what the operator believed, beside what was so`` () =
    let why = (fst Given.deceived.Value).Why |> Option.get
    let wrong = why.Opinions |> List.filter _.Differs |> List.exactlyOne
    wrong.Subject |> shouldBe "store 5 basic-tikv-0"
    Assert.That(wrong.Believed |> Option.map _.Words, Is.EqualTo(Some "Serving, PD says Up, leads 0"))
    Assert.That(wrong.True |> Option.map _.Words, Is.EqualTo(Some "Serving, does not run, leads 0"))

    let told = Explanation.print why |> String.concat "\n"
    Assert.That(told, Does.Match @"store 5 basic-tikv-0 .*<- not so")
    Assert.That(told, Does.Contain "power cut: the machine of basic-tikv-0")
    Assert.That(told, Does.EndWith "operator0 delete Pod default/basic-tikv-2 -> 200 (RestartPod)")

let private course (account: Account) =
    account.Why
    |> Option.map (fun why -> why.Course |> List.map Simulation.print)
    |> Option.defaultValue []

let private has (words: string list) lines =
    for word in words do
        Assert.That(lines |> List.filter (fun (line: string) -> line.Contains word), Is.Not.Empty, word)

[<Test>]
let ``what led to a failure goes back to what the user asked for and to the fault, and leaves out the rest``
    ()
    =
    let lines = course (fst Given.deceived.Value)

    lines
    |> has [
        "user      patch TiKVGroup/basic-tikv"
        "power cut: the machine of basic-tikv-0"
        "(UpdateInstance)"
        "pd EvictLeaders 6 -> 200 (EvictLeaders)"
        "delete Pod default/basic-tikv-2 -> 200 (RestartPod)"
    ]

    // what befell the first store that was restarted has no part in it
    Assert.That(lines |> List.filter _.Contains("basic-tikv-3"), Is.Empty)
    Assert.That(lines |> List.filter _.Contains("basic-pd"), Is.Empty)
    Assert.That(lines.Length, Is.LessThan 12)

[<Test>]
let ``what an operator heard late, and what made it late, are part of what led to a failure`` () =
    let lines = course (fst Given.belated.Value)
    Assert.That(Run.words (fst Given.belated.Value).Result, Does.StartWith "I1")

    lines
    |> has [
        "user      patch TiKVGroup/basic-tikv"
        "fault "
        "operator0 hears of TiKVGroup basic-tikv, 9 s late"
        "delete Pod default/basic-tikv-"
    ]

[<Test>]
let ``the same stands in every report`` () =
    let account = fst Given.deceived.Value
    let json = JsonReport.ofAccount account

    Json.itemsAt [ "why"; "beliefs" ] json
    |> List.filter (Json.boolAt [ "differs" ] >> (=) (Some true))
    |> List.map (Json.stringAt [ "subject" ])
    |> shouldBe [ Some "store 5 basic-tikv-0" ]

    Assert.That(Junit.print [ account ], Does.Contain "Serving, does not run, leads 0")

    Assert.That(
        Given.deceived.Value ||> Page.print,
        Does.Contain "<tr class=\"wrong\"><td>store 5 basic-tikv-0</td>"
    )

[<Test>]
let ``a run that is stuck tells what the operator remembers at its end, and a good one explains nothing`` () =
    let why = stuck.Why |> Option.get
    Assert.That(why.Heading, Does.StartWith "What operator0 remembers at the end")
    good.Why |> shouldBe None

[<Test>]
let ``when all is settled an operator believes what is so`` () =
    let final = good.Result.Final

    let opinions =
        match final.Operators[0].Program with
        | ValueSome program -> Belief.opinions program.Believes.Value final.World
        | ValueNone -> []

    Assert.That(opinions.Length, Is.GreaterThan 20)
    opinions |> List.filter _.Differs |> shouldBe []

let private named text (account: Account) = { account with Result = { account.Result with Scenario = text } }

/// As a stream of characters holds it: without halves of surrogate pairs.
let private whole (text: string) = String.Join("", text.EnumerateRunes())

[<Property>]
let ``whatever stands in a name can be read back`` (text: NonEmptyString) =
    let account = named text.Get stuck
    let xml = Junit.print [ account ] |> cases |> List.map (attribute "name")

    let json =
        JsonReport.ofAccount account
        |> Json.print
        |> read
        |> Json.stringAt [ "scenario" ]

    xml = [ Markup.clean text.Get ] && json = Some(whole text.Get)

[<Property>]
let ``a shell takes a quoted argument for what it is`` (text: NonEmptyString) =
    let quoted = Markup.quoted text.Get

    quoted = text.Get
    || quoted.Replace("'\\''", "\u0000").Trim('\'').Replace("\u0000", "'") = text.Get.Trim('\'')

[<Test>]
let ``the command writes the reports that are asked for, the same each time`` () =
    Given.inFolder (fun folder ->
        let write round =
            let files =
                [ "a.xml"; "a.json"; "a.html" ]
                |> List.map (fun file -> Path.Combine(folder, round, file))

            let code, told =
                Given.command [ "run"; "T40"; "--junit"; files[0]; "--json"; files[1]; "--html"; files[2] ]

            Assert.That(code, Is.Zero, told)
            files |> List.map File.ReadAllText

        let reports = write "first"
        Assert.That(reports[0], Does.Contain "tikv-sim run T40 --transcript")
        write "second" |> shouldBe reports)

[<Test>]
let ``several scenarios stand in one report, but not on one page`` () =
    Given.inFolder (fun folder ->
        let file = Path.Combine(folder, "all.json")
        let code, _ = Given.command [ "run"; "T40"; "T21"; "--json"; file ]
        code |> shouldBe 0
        File.ReadAllText file |> read |> Json.intAt [ "runs" ] |> shouldBe (Some 2)
        let code, told = Given.command [ "run"; "T40"; "T21"; "--html"; file ]
        code |> shouldBe 2
        Assert.That(told, Does.Contain "--html shows one run"))

[<Test>]
let ``a report that cannot be written is told, with exit code 2`` () =
    Given.inFolder (fun folder ->
        let code, told = Given.command [ "run"; "T40"; "--json"; folder ]
        code |> shouldBe 2
        Assert.That(told, Does.Contain "a report cannot be written"))

[<Test>]
let ``the page of a mutant shows how it is found`` () =
    Given.inFolder (fun folder ->
        let file = Path.Combine(folder, "found.html")
        let code, told = Given.command [ "mutants"; "--only"; "restart-two"; "--html"; file ]
        Assert.That(code, Is.Zero, told)
        Assert.That(File.ReadAllText file, Does.Contain(Markup.escape (Run.words broken.Result))))
