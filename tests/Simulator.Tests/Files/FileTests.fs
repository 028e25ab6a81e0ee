module Tikv.Simulator.Tests.Files.FileTests

open System
open System.IO
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files
open Tikv.Tests
open Tikv.Simulator.Tests.Scenarios
open Tikv.Simulator.Tests.Files.Arbitrary

let private again (story: Story) = StoryFile.parse (StoryFile.print story)

let private words (problems: Problem list) =
    problems |> List.map (StoryFile.words "file") |> String.concat "\n"

[<Test>]
let ``every named scenario is the same after it was written and read`` () =
    for story in All.stories do
        match again story with
        | Ok read -> Assert.That(read, Is.EqualTo(box [ story ]), story.Id)
        | Error problems -> Assert.Fail(words problems)

[<Test>]
let ``every named scenario is found by its id`` () =
    for story in All.stories do
        Assert.That(All.tryFind story.Id, Is.EqualTo(Some story), story.Id)

[<Property(MaxTest = 300, Arbitrary = [| typeof<AnyScenario> |])>]
let ``any scenario is the same after it was written and read`` (story: Story) =
    match again story with
    | Ok [ read ] when read = story -> ()
    | Ok _ -> Assert.Fail("another scenario is read from\n" + StoryFile.print story)
    | Error problems -> Assert.Fail(words problems + "\n" + StoryFile.print story)

[<Property(MaxTest = 300, Arbitrary = [| typeof<AnyScenario> |])>]
let ``what is written of any scenario is as the schema wants it`` (story: Story) =
    Assert.That(JsonSchemas.check Schema.json.Value (Writer.toTree story), Is.Empty, StoryFile.print story)

[<Test>]
let ``every named scenario is as the schema wants it`` () =
    for story in All.stories do
        Assert.That(JsonSchemas.check Schema.json.Value (Writer.toTree story), Is.Empty, story.Id)

[<Test>]
let ``the schema refuses what the reader refuses`` () =
    let refused (text: string) =
        match Json.parse text with
        | Ok json -> not (JsonSchemas.check Schema.json.Value json).IsEmpty
        | Error _ -> false

    let story rest = "{\"id\": \"A\", \"shows\": \"b\"" + rest + "}"
    Assert.That(refused (story ""), Is.False)
    Assert.That(refused "{\"id\": \"A\"}")
    Assert.That(refused (story ", \"setps\": []"))
    Assert.That(refused (story ", \"quiet\": \"ten\""))
    Assert.That(refused (story ", \"given\": {\"pd\": 0}"))
    Assert.That(refused (story ", \"steps\": [{\"at\": \"5s\"}]"))

    Assert.That(
        refused (story ", \"steps\": [{\"at\": \"5s\", \"do\": {\"scale\": \"TiKVGroup/basic-tikv\"}}]")
    )

    Assert.That(refused (story ", \"expect\": [{\"never\": {\"deletes\": \"pod\"}}]"))

[<TestCase "T01">]
[<TestCase "S48">]
[<TestCase "G09">]
let ``a scenario that was read runs as the one that was written`` (id: string) =
    match All.tryFind id |> Option.map (fun story -> story, again story) with
    | Some(story, Ok [ read ]) ->
        Assert.That((Play.run read).Fingerprint, Is.EqualTo (Play.run story).Fingerprint)
    | _ -> Assert.Fail $"%s{id} is not read"

let private docs name =
    Path.Combine(ScenarioTests.root (DirectoryInfo AppContext.BaseDirectory), "docs", name)

[<Test>]
let ``the published schema is the one that the reader goes by`` () =
    Assert.That(
        File.ReadAllText(docs "scenario.schema.json").TrimEnd '\n',
        Is.EqualTo(Json.printIndented Schema.json.Value)
    )

/// Those of the vocabulary that are told by the word of their case.
let private unions = [
    typeof<Fact>
    typeof<Misfortune>
    typeof<Trigger>
    typeof<Counted>
    typeof<Check>
    typeof<ApiTrouble>
]

[<Test>]
let ``no field of a case has the name of another case`` () =
    for one in unions do
        match Shapes.of' one with
        | Shapes.Union cases ->
            let names = cases |> List.map _.Word
            Assert.That(names, Is.Unique, one.Name)

            for case in cases do
                let beside =
                    case.Slots
                    |> List.filter (fun slot -> Some slot.Name <> (case.Head |> Option.map _.Name))
                    |> List.map _.Name

                Assert.That(beside |> List.filter (fun name -> List.contains name names), Is.Empty, case.Word)
        | _ -> Assert.Fail one.Name

[<Test>]
let ``every word of the vocabulary says what it means`` () =
    for one in unions do
        match Shapes.of' one with
        | Shapes.Union cases ->
            Assert.That(cases |> List.filter (fun case -> case.About = "") |> List.map _.Word, Is.Empty)
        | _ -> Assert.Fail one.Name

[<TestCase("0s", 0L)>]
[<TestCase("90s", 90_000L)>]
[<TestCase("2h30m", 9_000_000L)>]
[<TestCase("1d", 86_400_000L)>]
[<TestCase("250ms", 250L)>]
[<TestCase("-10m", -600_000L)>]
let ``a duration has its units`` (text: string, milliseconds: int64) =
    Assert.That(Spans.tryParse text, Is.EqualTo(Some milliseconds))

[<TestCase "">]
[<TestCase "-">]
[<TestCase "10">]
[<TestCase "1m1h">]
[<TestCase "1.5h">]
[<TestCase "99999999999999999999s">]
let ``what has no units, or has them in another order, is no duration`` (text: string) =
    Assert.That(Spans.tryParse text, Is.EqualTo(None: int64 option))
