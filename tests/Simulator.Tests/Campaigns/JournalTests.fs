module Tikv.Simulator.Tests.Campaigns.JournalTests

open System
open System.IO
open NUnit.Framework
open Tikv.Simulator.Campaigns
open Tikv.Simulator.Run

let private charter: Charter = {
    Mode = Mode.Swarm
    Seed = UInt64.MaxValue
    Runs = Some 100
    Shard = { Number = 2; Count = 8 }
    Mutant = None
    Fidelity = Tikv.Simulator.Scenarios.Level.L2
    Build = Charter.build
}

let private entries: Entry list = [
    { Run = "swarm-2"; Failed = None; Goals = [ "a" ]; New = [ "goal a"; "reason b" ] }
    { Run = "swarm-10"; Failed = Some("I15", "it \"broke\"\nin two lines"); Goals = []; New = [] }
]

let private text =
    String.Join(
        "",
        Journal.head charter :: List.map Journal.line entries
        |> List.map (fun line -> line + "\n")
    )

let private inFolder test =
    let folder = Directory.CreateTempSubdirectory "search"

    try
        test folder.FullName
    finally
        folder.Delete true

[<Test>]
let ``the state of a search says what it is and what became of each run`` () =
    match Journal.parse "state" text with
    | Ok found -> Assert.That(found, Is.EqualTo(box (charter, entries)))
    | Error problem -> Assert.Fail problem

[<Test>]
let ``a last line that was cut off is left out`` () =
    match Journal.parse "state" (text + "{\"run\":\"swarm-18\",\"go") with
    | Ok(_, found) -> Assert.That(found, Is.EqualTo(box entries))
    | Error problem -> Assert.Fail problem

[<TestCase("", "it has no first line")>]
[<TestCase("{}\n", "state:1: it is not the state of a search")>]
[<TestCase("id: T40\n", "state:1: it is not the state of a search")>]
let ``a file that is no state is refused`` (text: string, problem: string) =
    match Journal.parse "state" text with
    | Ok found -> Assert.Fail $"%A{found}"
    | Error found -> Assert.That(found, Does.Contain problem)

[<Test>]
let ``a line in the middle that is of no run is told by its number`` () =
    match Journal.parse "state" (text + "nonsense\n" + text) with
    | Ok found -> Assert.Fail $"%A{found}"
    | Error found -> Assert.That(found, Is.EqualTo "state:4: this line is of no run")

[<Test>]
let ``the state of another search is not gone on with, and what differs is said`` () =
    inFolder (fun folder ->
        let file = Path.Combine(folder, "state.jsonl")
        (Keeper.toFile file charter entries).Close()

        match Journal.load file { charter with Seed = 7UL; Mode = Mode.Plain } with
        | Ok found -> Assert.Fail $"%A{found}"
        | Error problem ->
            Assert.That(
                problem,
                Is.EqualTo
                    $"%s{file} is the state of another search: --mode is plain, and was swarm; --seed is 7, and was 18446744073709551615"
            ))

[<Test>]
let ``a state is gone on with where it was cut off`` () =
    inFolder (fun folder ->
        let file = Path.Combine(folder, "deeper", "state.jsonl")
        let keeper = Keeper.toFile file charter []
        keeper.Add entries.Head
        keeper.Close()
        File.AppendAllText(file, "{\"run\":\"swarm-1")

        match Journal.load file charter with
        | Error problem -> Assert.Fail problem
        | Ok there ->
            let keeper = Keeper.toFile file charter there
            keeper.Add entries[1]
            keeper.Close()
            Assert.That(File.ReadAllText file, Is.EqualTo text))

[<Test>]
let ``the parts of a search have each seed once`` () =
    let seeds number =
        Charter.seeds { charter with Seed = 5UL; Shard = { Number = number; Count = 3 }; Runs = Some 10 }
        |> List.ofSeq

    Assert.That(seeds 2, Is.EqualTo(box [ 6UL; 9UL; 12UL ]))
    Assert.That(List.collect seeds [ 1..3 ] |> List.sort, Is.EqualTo(box [ 5UL .. 14UL ]))

    for number in 1..3 do
        let part = { charter with Shard = { Number = number; Count = 3 }; Runs = Some 10 }
        Assert.That(Charter.count part, Is.EqualTo(Some (seeds number).Length))

let private part number entries : GatherCommand.Part = {
    File = $"%d{number}.jsonl"
    Charter = { charter with Runs = Some 4; Shard = { Number = number; Count = 2 } }
    Entries = entries
}

let private run name : Entry = { Run = name; Failed = None; Goals = []; New = [] }
let private whole = [ part 1 [ run "a"; run "b" ]; part 2 [ run "c"; run "d" ] ]

[<Test>]
let ``parts that are all there and done are one search`` () =
    Assert.That(GatherCommand.problems whole, Is.Empty)
    Assert.That(GatherCommand.unfinished whole, Is.Empty)

[<Test>]
let ``a part that is missing, or not done, is told`` () =
    Assert.That(GatherCommand.unfinished [ whole.Head ], Is.EqualTo(box [ "part 2 of 2 is missing" ]))

    Assert.That(
        GatherCommand.unfinished [ whole.Head; part 2 [ run "c" ] ],
        Is.EqualTo(box [ "part 2 of 2 is not done: 1 of 2 runs (2.jsonl)" ])
    )

[<Test>]
let ``parts of two searches are not put together`` () =
    let other = { whole[1] with Charter = { whole[1].Charter with Seed = 1UL } }

    Assert.That(
        GatherCommand.problems [ whole.Head; other ],
        Has.Some.Contains "2.jsonl is the state of another search: --seed is"
    )

[<Test>]
let ``of a part that is there twice the file counts that holds more of it`` () =
    let cut = { part 1 [ run "a" ] with File = "replaced.log" }
    Assert.That(GatherCommand.once (cut :: whole), Is.EqualTo(box whole))

[<Test>]
let ``what parts come to is what one search would have come to`` () =
    let one = { Tally.empty with Runs = 1; Goals = Map [ "a", 2 ]; Marks = set [ "x" ] }
    let other = { Tally.empty with Runs = 2; Goals = Map [ "a", 1; "b", 1 ]; Marks = set [ "y" ] }

    Assert.That(
        Tally.join one other,
        Is.EqualTo { Tally.empty with Runs = 3; Goals = Map [ "a", 3; "b", 1 ]; Marks = set [ "x"; "y" ] }
    )

let private stand: Progress.Stand = {
    Done = 120
    Before = 20
    Failed = 1
    Of = Some 1000
    Elapsed = TimeSpan.FromSeconds 50.0
    Until = None
}

[<Test>]
let ``progress tells the rate of this search alone, and what is left by it`` () =
    Assert.That(Progress.words stand, Is.EqualTo "120 of 1000 done, 1 failed, 2.0 runs/s, 7 min 20 s left")

    Assert.That(
        Progress.words { stand with Until = Some(TimeSpan.FromMinutes 2.0) },
        Is.EqualTo "120 of 1000 done, 1 failed, 2.0 runs/s, 1 min 10 s left"
    )

    Assert.That(Progress.words { stand with Of = None }, Is.EqualTo "120 done, 1 failed, 2.0 runs/s")
    Assert.That(Progress.share stand, Is.EqualTo(0.12).Within 0.0001)
