/// A change played without any fault: what the operator does, in which order, and what it waits for.
[<RequireQualifiedAccess>]
module Tikv.Simulator.WhatIf.Preview

open System
open System.Text.RegularExpressions
open Tikv.Core
open Tikv.Simulator.Invariants
open Tikv.Simulator.World
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

type private Entry = { At: int64; Text: string }

type private Seen = {
    Spells: Trials.Seen
    /// What each object of ours that is not as desired waits for, by its name: the code.
    Waiting: Map<string, string>
    Entries: Entry list
}

let private text path object = Json.stringAt path object |> Option.defaultValue ""

/// What groups and instances say that they wait for.
let private waiting (world: World) : (string * string * string) list = [
    for plural in [ "pdgroups"; "tikvgroups"; "pds"; "tikvs" ] do
        for object in Ground.objects plural Target.space world do
            if Ground.isTrue "Reconciling" object then
                let condition =
                    Json.itemsAt [ "status"; "conditions" ] object
                    |> List.find (fun one -> text [ "type" ] one = "Reconciling")

                let name = text [ "kind" ] object + " " + text [ "metadata"; "name" ] object
                name, text [ "reason" ] condition, text [ "message" ] condition
]

let private onlook (before: Simulation) (after: Simulation) (seen: Seen) : Seen =
    let seen = { seen with Spells = Trials.onlook before after seen.Spells }

    if before.World.Server.Revision = after.World.Server.Revision then
        seen
    else
        let now = waiting after.World

        let fresh =
            now
            |> List.filter (fun (name, reason, _) -> Map.tryFind name seen.Waiting <> Some reason)
            |> List.map (fun (name, reason, message) -> {
                At = after.World.Now
                Text = $"      %s{name} waits: %s{reason}: %s{message}"
            })

        {
            seen with
                Waiting = now |> List.map (fun (name, reason, _) -> name, reason) |> Map.ofList
                Entries = List.rev fresh @ seen.Entries
        }

let private carriedOut =
    Regex(@"^log carried out kind=(\S+) namespace=\S+ name=(\S+) action=(\S+) note=(.*)$")

let private tryAction (line: Line) : Entry option =
    match carriedOut.Match line.Text with
    | found when line.Told.IsLog && found.Success ->
        let part (index: int) = found.Groups[index].Value
        Some { At = line.At; Text = $"  %s{part 1} %s{part 2} %s{part 3}: %s{part 4}" }
    | _ -> None

let private isDone (line: Line) =
    match line.Told with
    | Told.Written code
    | Told.AskedPd code -> code < 300
    | Told.Log
    | Told.Event -> false

/// The objects of the lines that begin so, in their order.
let private named (verb: string) (lines: Line list) =
    lines
    |> List.filter (fun line -> isDone line && line.Text.StartsWith(verb + " default/"))
    |> List.map (fun line -> line.Text.Substring(verb.Length + " default/".Length).Split(' ')[0])

let private listed what (names: string list) =
    if names.IsEmpty then
        $"%s{what}: none."
    else
        $"""%s{what} (%d{names.Length}): %s{String.Join(", ", names)}."""

/// How it goes, in lines; and whether it comes to its end.
let lines (question: Trials.Question) : string list * bool =
    let story = Trials.changed question 1UL
    let start = Catalogue.start story
    let from = start.World.Now + Trials.changeAt
    let start = { start with Scenario = { start.Scenario with Transcript = true } }
    let seen = { Spells = Trials.nothing; Waiting = Map.empty; Entries = [] }
    let result, seen = Trials.watched question start onlook seen
    let spells = Trials.ended result.Final.World seen.Spells

    let lines = result.Final.Lines |> List.rev |> List.filter (fun line -> line.At >= from)

    let entries =
        List.rev seen.Entries @ List.choose tryAction lines
        |> List.filter (fun entry -> entry.At >= from)
        |> List.sortBy _.At

    let count isMeant = lines |> List.filter (fun line -> isDone line && isMeant line) |> List.length
    let isStatus (line: Line) = line.Text.StartsWith "status "
    let isBusiness (line: Line) = line.Who.StartsWith "operator"

    let spell what (spell: Trials.Spell) =
        if spell.Longest = 0L then
            $"%s{what}: never."
        else
            $"%s{what}: at most %s{Answer.clock spell.Longest} on end."

    [
        for entry in entries do
            $"%s{Answer.clock (entry.At - from)}%s{entry.Text}"

        ""

        if Run.isGood result then
            $"Done after %s{Answer.clock (Trials.took story result)}."
        else
            $"It is not done: %s{Run.words result}"
            yield! Trials.reasons result.Final.World |> List.map (fun (_, words) -> "    " + words)

        listed "Pods deleted" (named "delete Pod" lines)
        listed "Pods made" (named "create Pod" lines)

        listed "Stores that leave" [
            for line in lines do
                if isDone line && line.Text.StartsWith "pd RemoveStore " then
                    "store " + line.Text.Split(' ')[2]
        ]

        listed "Volume claims deleted" (named "delete PersistentVolumeClaim" lines)

        $"Writes to Kubernetes: %d{count (fun line -> isBusiness line && line.Told.IsWritten && not (isStatus line))}, and %d{count (fun line -> isBusiness line && isStatus line)} of status; calls that change something in PD: %d{count (fun line -> isBusiness line && line.Told.IsAskedPd)}."

        spell "Some region without a majority" spells.NoMajority
        spell "PD without a leader" spells.NoLeader
    ],
    Run.isGood result
