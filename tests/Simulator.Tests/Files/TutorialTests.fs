/// What the tutorial has its reader do, done.
module Tikv.Simulator.Tests.Files.TutorialTests

open System
open System.IO
open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files
open Tikv.Simulator.Tests.Scenarios

let private page =
    Path.Combine(ScenarioTests.root (DirectoryInfo AppContext.BaseDirectory), "docs", "scenarios-tutorial.md")
    |> File.ReadAllText

/// Its blocks of YAML: the file, and what is added to its steps.
let private blocks =
    page.Split "```yaml\n"
    |> List.ofArray
    |> List.tail
    |> List.map (fun block -> block.Substring(0, block.IndexOf("```", StringComparison.Ordinal)))

let private first = List.head blocks
let private withMore = first.Replace("expect:\n", String.Join("", List.tail blocks) + "expect:\n")

let private read (text: string) : Story =
    match StoryFile.parse text with
    | Ok [ story ] -> story
    | Ok stories -> invalidOp $"%d{stories.Length} scenarios are read"
    | Error problems -> invalidOp (String.Join("\n", problems |> List.map (StoryFile.words "upgrade.yaml")))

[<Test>]
let ``the tutorial's file runs as it says`` () =
    Assert.That(Run.words (Play.run (read first)), Does.StartWith "reached after")

[<Test>]
let ``with all that the tutorial adds it still comes right`` () =
    Assert.That(blocks.Length, Is.EqualTo 3)
    Assert.That((read withMore).Steps.Length, Is.EqualTo 5)
    Assert.That(Run.words (Play.run (read withMore)), Does.StartWith "reached after")

[<Test>]
let ``with one restart less the tutorial's file fails as it says`` () =
    let words = Run.words (Play.run (read (first.Replace("exactly: 8", "exactly: 7"))))
    Assert.That(words, Does.StartWith "our-upgrade#2 broke at ")
    Assert.That(page, Does.Contain(words.Substring(words.IndexOf("more than", StringComparison.Ordinal))))

[<Test>]
let ``the tutorial's slips of the pen are told as it says`` () =
    let lines = first.Split '\n'
    lines[11] <- lines[11].Replace("10s", "10 s")
    lines[12] <- lines[12].Replace("to:", "too:")

    match StoryFile.parse (String.Join("\n", lines)) with
    | Ok _ -> Assert.Fail "nothing is wrong with it"
    | Error problems ->
        for problem in problems do
            Assert.That(page, Does.Contain("    " + StoryFile.words "upgrade.yaml" problem + "\n"))
