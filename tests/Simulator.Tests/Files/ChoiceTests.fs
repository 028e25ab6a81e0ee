/// What the words behind `tikv-sim run` stand for.
module Tikv.Simulator.Tests.Files.ChoiceTests

open System
open System.IO
open NUnit.Framework
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files

/// A folder of one's own, which is gone afterwards.
let private inFolder (look: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "scenarios"

    try
        look folder.FullName
    finally
        folder.Delete true

let private story id = scenario id "It stays as it is" [] Givens.ordinary [] [ finally' settled ]

let private write (folder: string) name (text: string) =
    let file = Path.Combine(folder, name)

    Directory.CreateDirectory(Path.GetDirectoryName file |> Option.ofObj |> Option.defaultValue folder)
    |> ignore

    File.WriteAllText(file, text)
    file

let private names found = found |> List.choose Result.toOption |> List.map Choice.name

let private problems found =
    found
    |> List.collect (fun one ->
        match one with
        | Ok _ -> []
        | Error problems -> problems)

[<Test>]
let ``a folder stands for all files in it and in its folders, in their order`` () =
    inFolder (fun folder ->
        write folder "b.yaml" (StoryFile.print (story "second")) |> ignore
        write folder "a/a.yaml" (StoryFile.print (story "first")) |> ignore
        write folder "notes.txt" "no scenario" |> ignore
        Assert.That(Choice.find folder |> names, Is.EqualTo(box [ "first"; "second" ])))

[<Test>]
let ``a file may hold several scenarios`` () =
    inFolder (fun folder ->
        let both = StoryFile.print (story "one") + "---\n" + StoryFile.print (story "other")
        Assert.That(Choice.find (write folder "a.yaml" both) |> names, Is.EqualTo(box [ "one"; "other" ])))

[<Test>]
let ``what is wrong with a file is told with its name`` () =
    inFolder (fun folder ->
        let file = write folder "a.yaml" "id: A\nshows: b\nlimit: soon\n"

        Assert.That(
            Choice.find file |> problems,
            Is.EqualTo(
                box [
                    file
                    + ":3: limit: `soon` is not a duration; allowed: numbers with d, h, m, s or ms, such as 90s, 5m, 2h30m"
                ]
            )
        ))

[<Test>]
let ``an id stands for a scenario that comes along, in capital letters or not`` () =
    Assert.That(Choice.find "t21" |> names, Is.EqualTo(box [ "T21" ]))

[<Test>]
let ``a file that is not there is told, and taken for no id`` () =
    Assert.That(Choice.find "none.yaml" |> problems, Is.EqualTo(box [ "none.yaml: there is no such file" ]))
