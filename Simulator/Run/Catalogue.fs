/// What can be asked for by name, and the page of the documentation that tells of it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Catalogue

open System
open Tikv.Simulator.Scenarios
open Tikv.Simulator.World

let private bootstrap seed =
    Bootstrap.scenario Programs.alone { Setup.ordinary with Seed = seed } Network.realistic

/// A scenario at its beginning.
let start (story: Story) : Simulation = Engine.resume (Play.scenario story) (Settled.from story.Given)

/// How a named run begins: from nothing, or from a settled cluster.
let tryStart (name: string) (seed: uint64) : Simulation option =
    if String.Equals(name, "bootstrap", StringComparison.OrdinalIgnoreCase) then
        Some(Engine.prepare (bootstrap seed) Tikv.Simulator.Invariants.All.invariants)
    elif String.Equals(name, "E-create", StringComparison.OrdinalIgnoreCase) then
        Some(Engine.prepare (Explorations.creation seed) Tikv.Simulator.Invariants.All.invariants)
    else
        All.tryFind name
        |> Option.map (fun story -> start { story with Given = { story.Given with Seed = seed } })

/// Whether the cluster is still once a named run has ended.
let rests (name: string) : bool = All.tryFind name |> Option.forall (fun story -> story.Rest > 0L)

let private status (story: Story) =
    match story.Pending with
    | None -> "passes"
    | Some why -> "pending: " + why

/// One line a scenario.
let lines () : string list =
    "bootstrap  A cluster of three PD and three TiKV comes up from nothing"
    :: "E-create   A cluster of three PD and four TiKV comes up from nothing, with every single misfortune"
    :: (All.stories
        |> List.map (fun story ->
            let mark =
                match story.Pending with
                | None -> ""
                | Some _ -> " (pending)"

            story.Id.PadRight 9 + "  " + story.Shows + mark))

let private escaped (text: string) = text.Replace("|", "\\|")

let private row cells = "| " + String.Join(" | ", cells |> List.map escaped) + " |"

let private sources (sources: string list) = String.Join(", ", sources)

let private whereShown (id: string) =
    let scenarios =
        All.stories
        |> List.filter (fun story -> List.contains id story.Sources)
        |> List.map _.Id

    let test = Elsewhere.shown |> List.tryFind (fun (other, _) -> other = id)
    let why = Elsewhere.notApplicable |> List.tryFind (fun (other, _) -> other = id)

    [
        if not scenarios.IsEmpty then
            sources scenarios
        match test with
        | Some(_, name) -> $"test: %s{name}"
        | None -> ()
        match why with
        | Some(_, why) -> $"does not apply: %s{why}"
        | None -> ()
    ]
    |> fun parts -> String.Join("; ", parts)

/// `docs/scenarios.md`.
let markdown () : string =
    let passing = All.stories |> List.filter _.Pending.IsNone |> List.length

    [
        "# Scenarios"
        ""
        "Each is a run of the simulator from a settled cluster: something is asked for, something goes wrong, and what is"
        "expected is checked, beside every invariant and a time of rest without a write. `tikv-sim run T01 --transcript`"
        "shows one, `tikv-sim list` all. This page is printed by `tikv-sim scenarios --markdown` from"
        "`Simulator/Scenarios/stories`; a test compares them."
        ""
        "Sources: `TO#n` are issues of pingcap/tidb-operator, `pd#n` and `tikv#n` of those projects, other names with `#n`"
        "issues of other operators. `T`, `L`, `V` and `P` are the project's own studies of tidb-operator v2, the former"
        "TiKV operator, verification of operators, and of PD as observed. What these list stands again below, with the"
        "scenarios and tests that show it; a test fails when one of theirs is missing."
        ""
        $"%d{All.stories.Length} scenarios, %d{passing} of which pass."
        ""
        "| id | what it shows | from | status |"
        "| --- | --- | --- | --- |"
        for story in All.stories |> List.sortBy (fun story -> story.Id[0], story.Id.Length, story.Id) do
            row [ story.Id; story.Shows; sources story.Sources; status story ]
        ""
        for name, ids in References.lists do
            "## " + name
            ""
            "| id | shown by |"
            "| --- | --- |"

            for id in ids do
                row [ id; whereShown id ]

            ""
    ]
    |> fun lines -> String.Join("\n", lines)
