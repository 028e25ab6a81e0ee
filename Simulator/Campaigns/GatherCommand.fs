/// `tikv-sim gather`: the parts of a search put together.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.GatherCommand

open System
open System.IO
open Tikv.Simulator.Files
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// One part as it was found.
type Part = { File: string; Charter: Charter; Entries: Entry list }

/// In the log of a Pod other lines stand between those of the state.
let private isState (line: string) =
    line.StartsWith("{\"search\":", StringComparison.Ordinal)
    || line.StartsWith("{\"run\":", StringComparison.Ordinal)

let private read (file: string) : Result<Part, string> =
    // a half line at the end, of a Pod that was stopped, is no line yet
    let text = File.ReadAllText file
    let ended = text.Substring(0, text.LastIndexOf '\n' + 1)

    let lines =
        ended.Split '\n'
        |> Array.map (fun line -> line.TrimEnd '\r')
        |> Array.filter isState

    Journal.parse file (String.Join("\n", lines) + "\n")
    |> Result.map (fun (charter, entries) -> { File = file; Charter = charter; Entries = entries })

let private isOfSearch (file: string) =
    [ ".jsonl"; ".log" ]
    |> List.exists (fun ending -> file.EndsWith(ending, StringComparison.OrdinalIgnoreCase))

let private filesOf (name: string) : Result<string list, string> =
    if File.Exists name then
        Ok [ name ]
    elif Directory.Exists name then
        match
            Directory.GetFiles(name, "*", SearchOption.AllDirectories)
            |> Array.filter isOfSearch
            |> Array.sort
        with
        | [||] -> Error $"%s{name}: there is no *.jsonl or *.log in this folder"
        | files -> Ok(List.ofArray files)
    else
        Error $"%s{name}: there is no such file or folder"

/// Each part once: of a Pod that was replaced there is a log that ends before the part is done.
let once (parts: Part list) : Part list =
    parts
    |> List.groupBy _.Charter
    |> List.map (fun (_, same) -> same |> List.maxBy _.Entries.Length)

/// What is wrong with parts that are to be one search.
let problems (parts: Part list) : string list =
    match parts with
    | [] -> [ "there is nothing to gather" ]
    | first :: _ -> [
        let whole part = { part.Charter with Shard = { Number = 1; Count = part.Charter.Shard.Count } }

        for part in parts do
            match Journal.tryForeign part.File (whole first) (whole part) with
            | Some problem -> problem
            | None -> ()
      ]

/// What is not done of it yet.
let unfinished (parts: Part list) : string list =
    match parts with
    | [] -> []
    | first :: _ -> [
        for number in 1 .. first.Charter.Shard.Count do
            match parts |> List.tryFind (fun part -> part.Charter.Shard.Number = number) with
            | None -> $"part %d{number} of %d{first.Charter.Shard.Count} is missing"
            | Some part ->
                match Charter.count part.Charter with
                | Some count when part.Entries.Length < count ->
                    $"part %d{number} of %d{first.Charter.Shard.Count} is not done: %d{part.Entries.Length} of %d{count} runs (%s{part.File})"
                | _ -> ()
      ]

let private tell (parts: Part list) withCoverage mustReach : int =
    let tally =
        parts
        |> List.map (fun part -> Tally.ofEntries part.Entries)
        |> List.reduce Tally.join

    let unfinished = unfinished parts

    for name, _, words in tally.Failed do
        printfn $"FAILED  %s{name}: %s{words}"

    Account.failures tally |> List.iter (printfn "%s")
    printfn $"%s{Account.summary tally}"

    if withCoverage then
        Account.details tally |> List.iter (printfn "%s")

    let marks = if mustReach then Set.union tally.Marks (Stories.marks ()) else tally.Marks
    let offences = if mustReach then Account.offences marks else []
    Account.surprises marks @ offences |> List.iter (printfn "%s")
    unfinished |> List.iter (printfn "%s")
    printfn $"%d{parts.Length} parts, %d{tally.Runs} runs, %d{tally.Failed.Length} failed."
    if tally.Failed.IsEmpty && unfinished.IsEmpty && offences.IsEmpty then 0 else 1

/// Answers with the exit code: 1 when a run failed, or a part is missing or not done; 2 when files are not of one search.
let run (names: string list) (withCoverage: bool) (mustReach: bool) : int =
    let refused problems =
        problems |> List.iter (eprintfn "tikv-sim: %s")
        2

    let all reader items = items |> List.map (reader >> Result.mapError List.singleton) |> Results.all

    match names |> all filesOf |> Result.bind (List.concat >> List.distinct >> all read) with
    | Error problems -> refused problems
    | Ok parts ->
        let parts = once parts

        match problems parts with
        | [] -> tell parts withCoverage mustReach
        | problems -> refused problems
