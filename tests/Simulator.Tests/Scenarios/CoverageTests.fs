module Tikv.Simulator.Tests.Scenarios.CoverageTests

open System
open System.IO
open NUnit.Framework
open Tikv.Simulator.Scenarios

let private references = References.lists |> List.collect snd
let private sources = All.stories |> List.collect _.Sources |> Set.ofList
let private elsewhere = (Elsewhere.shown |> List.map fst) @ (Elsewhere.notApplicable |> List.map fst)

[<Test>]
let ``all that the references list is the source of a scenario, or stands elsewhere with a reason`` () =
    let missing =
        references
        |> List.filter (fun id -> not (Set.contains id sources) && not (List.contains id elsewhere))

    Assert.That(missing, Is.Empty)

[<Test>]
let ``what stands elsewhere is listed by a reference, once, and is no scenario's source`` () =
    Assert.That(elsewhere, Is.Unique)
    Assert.That(elsewhere, Is.SubsetOf references)
    Assert.That(elsewhere |> List.filter (fun id -> Set.contains id sources), Is.Empty)

/// `V T01`, `T 6.4.7`, `T 7.1.3`, `T S16`, `L B18`, `L F10`: ids of the lists, unlike other places of the studies.
let private isListed (id: string) =
    [ "V T"; "T 6.4."; "T 7.1."; "T S"; "L F" ]
    |> List.exists (fun prefix -> id.StartsWith(prefix, StringComparison.Ordinal))

[<Test>]
let ``a source that is written as an id of a list is one`` () =
    Assert.That(sources |> Set.filter isListed, Is.SubsetOf references)

[<Test>]
let ``a test that shows what a reference lists exists`` () =
    let tests = Path.Combine(ScenarioTests.root (DirectoryInfo AppContext.BaseDirectory), "tests")

    let text =
        Directory.GetFiles(tests, "*Tests.fs", SearchOption.AllDirectories)
        |> Seq.map File.ReadAllText
        |> String.concat "\n"

    let missing =
        Elsewhere.shown
        |> List.map snd
        |> List.filter (fun name -> not (text.Contains("``" + name + "``")))

    Assert.That(missing, Is.Empty)
