namespace Tikv.Simulator.Campaigns

open System
open System.IO
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// What a campaign remembers of one run.
type Entry = {
    /// The name of its plan.
    Run: string
    /// How it failed, and in which words.
    Failed: (string * string) option
    /// The goals that it reached.
    Goals: string list
    /// Marks that no run before it had, in the order of the file.
    New: string list
}

/// The state of a campaign as a file: what it is, then a line a run. A search that is interrupted goes on from it.
[<RequireQualifiedAccess>]
module Journal =

    let private version = 1

    let private present (members: (string * Json option) list) = Json.print (Json.present members)

    /// The first line.
    let head (charter: Charter) : string =
        present [
            "search", Some(Json.int version)
            "mode", Some(Json.String(Mode.name charter.Mode))
            "seed", Some(Json.uint64 charter.Seed)
            "runs", charter.Runs |> Option.map Json.int
            "shard", Some(Json.String $"%d{charter.Shard.Number}/%d{charter.Shard.Count}")
            "mutant", charter.Mutant |> Option.map Json.String
            "fidelity", Some(Json.String(string charter.Fidelity))
            "build", Some(Json.String charter.Build)
        ]

    let line (entry: Entry) : string =
        let strings (items: string list) = if items.IsEmpty then None else Some(Json.strings items)

        present [
            "run", Some(Json.String entry.Run)
            "failed", entry.Failed |> Option.map (fst >> Json.String)
            "words", entry.Failed |> Option.map (snd >> Json.String)
            "goals", strings entry.Goals
            "new", strings entry.New
        ]

    let private tryCharter (json: Json) : Charter option =
        let text name = Json.stringAt [ name ] json

        match Json.int64At [ "search" ] json, text "mode" |> Option.map Mode.tryParse, text "shard" with
        | Some 1L, Some(Ok mode), Some shard ->
            let fidelity = text "fidelity" |> Option.bind Level.tryParse

            match Json.uint64At [ "seed" ] json, Shard.tryParse shard, text "build", fidelity with
            | Some seed, Ok shard, Some build, Some fidelity ->
                Some {
                    Mode = mode
                    Seed = seed
                    Runs = Json.int64At [ "runs" ] json |> Option.map int
                    Shard = shard
                    Mutant = text "mutant"
                    Fidelity = fidelity
                    Build = build
                }
            | _ -> None
        | _ -> None

    let private tryEntry (json: Json) : Entry option =
        let strings name =
            Json.itemsAt [ name ] json
            |> List.choose (fun item ->
                match item with
                | Json.String text -> Some text
                | _ -> None)

        let text name = Json.stringAt [ name ] json

        text "run"
        |> Option.map (fun run -> {
            Run = run
            Failed =
                text "failed"
                |> Option.map (fun kind -> kind, text "words" |> Option.defaultValue "")
            Goals = strings "goals"
            New = strings "new"
        })

    let private tryJson (line: string) =
        match Json.parse line with
        | Ok json -> Some json
        | Error _ -> None

    let tryLine (line: string) : Entry option = tryJson line |> Option.bind tryEntry

    /// Reads a state. A last line that was being written when the search was interrupted is left out; anything else that is
    /// not a state is told with its line.
    let parse (file: string) (text: string) : Result<Charter * Entry list, string> =
        let lines = text.Split '\n' |> List.ofArray
        // what is not ended by a new line was not written to its end
        let whole = lines |> List.truncate (lines.Length - 1)

        match whole with
        | [] -> Error $"%s{file}: it is not the state of a search: it has no first line"
        | first :: rest ->
            match tryJson first |> Option.bind tryCharter with
            | None ->
                Error
                    $"%s{file}:1: it is not the state of a search; one begins with a line such as {{\"search\":1,\"mode\":\"plain\",...}}"
            | Some charter ->
                let entries = rest |> List.mapi (fun index line -> index + 2, tryLine line)

                match entries |> List.tryFind (fun (_, entry) -> entry.IsNone) with
                | Some(number, _) -> Error $"%s{file}:%d{number}: this line is of no run"
                | None -> Ok(charter, entries |> List.choose snd)

    let private differences (one: Charter) (other: Charter) =
        [
            "--mode", Mode.name one.Mode, Mode.name other.Mode
            "--seed", string one.Seed, string other.Seed
            "--runs",
            (one.Runs |> Option.map string |> Option.defaultValue "none"),
            (other.Runs |> Option.map string |> Option.defaultValue "none")
            "--shard",
            $"%d{one.Shard.Number}/%d{one.Shard.Count}",
            $"%d{other.Shard.Number}/%d{other.Shard.Count}"
            "--mutant", Option.defaultValue "none" one.Mutant, Option.defaultValue "none" other.Mutant
            "--fidelity", string one.Fidelity, string other.Fidelity
            "the build of tikv-sim", one.Build, other.Build
        ]
        |> List.filter (fun (_, one, other) -> one <> other)

    /// A state that another search has left is not gone on with: its runs are not those of this one.
    let tryForeign (file: string) (asked: Charter) (found: Charter) : string option =
        match differences asked found with
        | [] -> None
        | some ->
            let words =
                some
                |> List.map (fun (what, asked, found) -> $"%s{what} is %s{asked}, and was %s{found}")

            let words = String.Join("; ", words)
            Some $"%s{file} is the state of another search: %s{words}"

    /// What is there to go on from; nothing where there is no such file yet.
    let load (file: string) (charter: Charter) : Result<Entry list, string> =
        if not (File.Exists file) then
            Ok []
        else
            try
                match parse file (File.ReadAllText file) with
                | Error problem -> Error problem
                | Ok(found, entries) ->
                    match tryForeign file charter found with
                    | Some problem -> Error problem
                    | None -> Ok entries
            with :? IOException as problem ->
                Error $"%s{file}: %s{problem.Message}"

/// Writes lines as runs end, each to its end, so that as little as can be is lost.
[<AbstractClass>]
type Keeper() =
    abstract Add: Entry -> unit
    abstract Close: unit -> unit

[<RequireQualifiedAccess>]
module Keeper =
    let nothing: Keeper = {
        new Keeper() with
            member _.Add _ = ()
            member _.Close() = ()
    }

    let private ofWriter (writer: TextWriter) close : Keeper = {
        new Keeper() with
            member _.Add entry =
                writer.Write(Journal.line entry + "\n")
                writer.Flush()

            member _.Close() = close ()
    }

    /// To standard output, for logs to be gathered from.
    let toOutput (charter: Charter) : Keeper =
        Console.Out.Write(Journal.head charter + "\n")
        ofWriter Console.Out ignore

    /// To a file: what is there is written anew, without a last line that was cut.
    let toFile (file: string) (charter: Charter) (there: Entry list) : Keeper =
        match Path.GetDirectoryName(Path.GetFullPath file) with
        | NonNull folder -> Directory.CreateDirectory folder |> ignore
        | Null -> ()

        let half = file + ".new"
        File.WriteAllLines(half, Journal.head charter :: List.map Journal.line there)
        File.Move(half, file, true)
        let writer = new StreamWriter(file, true)
        ofWriter writer writer.Dispose
