module Tikv.Simulator.Tests.Scenarios.ScenarioTests

open System
open System.IO
open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private passing =
    All.stories
    |> List.filter _.Pending.IsNone
    |> List.map (fun story -> TestCaseData(story.Id).SetName(story.Id + " " + story.Shows))

/// Every named scenario that does not wait for a rule.
[<TestCaseSource(nameof passing)>]
[<Parallelizable(ParallelScope.Children)>]
let ``a scenario runs as it says`` (id: string) =
    match All.tryFind id with
    | None -> Assert.Fail $"there is no %s{id}"
    | Some story ->
        let result = Play.run story

        if not (Run.isGood result) then
            let again = (Play.run' true story).Transcript
            let last = again |> List.skip (max 0 (again.Length - 60))
            Assert.Fail(Run.words result + "\n" + String.Join("\n", last))

[<Test>]
let ``every scenario has an id of its own`` () =
    let ids = All.stories |> List.map (fun story -> story.Id.ToUpperInvariant())
    Assert.That(ids, Is.Unique)

/// The root of the repository.
let rec root (directory: DirectoryInfo) =
    if File.Exists(Path.Combine(directory.FullName, "paket.dependencies")) then
        directory.FullName
    else
        match Option.ofObj directory.Parent with
        | Some parent -> root parent
        | None -> invalidOp "the repository has no root"

[<Test>]
let ``the page of the scenarios is the one that the catalogue prints`` () =
    let page = Path.Combine(root (DirectoryInfo AppContext.BaseDirectory), "docs", "scenarios.md")
    Assert.That(File.ReadAllText page, Is.EqualTo(Catalogue.markdown ()))
