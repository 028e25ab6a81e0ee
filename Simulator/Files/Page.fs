/// A tree as a page of YAML for people: what fits into a line stands in one.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Files.Page

open System
open System.Text.RegularExpressions
open Tikv.Core

let private width = 110

/// Texts that stand in a line as they are, between commas and brackets, too.
let private plain = Regex @"^[A-Za-z][A-Za-z0-9_./#-]*( [A-Za-z0-9_./(][A-Za-z0-9_./#()-]*)*\z"

/// Durations: a digit first, a letter last.
let private span = Regex @"^[0-9]+(ms|s|m|h)\z"

/// Words that YAML 1.1 takes for something else.
let private reserved = set [ "null"; "true"; "false"; "yes"; "no"; "on"; "off"; "y"; "n" ]

let private quoted (text: string) = Yaml.print(Json.Array [ Json.String text ]).Substring(2).TrimEnd('\n')

/// What JSON has is YAML, in double quotes.
let private inQuotes (text: string) = Json.print (Json.String text)

let private word (text: string) =
    if
        (plain.IsMatch text && not (reserved.Contains(text.ToLowerInvariant())))
        || span.IsMatch text
    then
        text
    else
        inQuotes text

/// A key is a text wherever it stands: `on: false` stays so.
let private key (text: string) = if plain.IsMatch text then text else inQuotes text

/// In one line; nothing for texts of several lines.
let rec private tryFlow (json: Json) : string option =
    let all (items: string option list) =
        if items |> List.forall _.IsSome then Some(items |> List.choose id) else None

    match json with
    | Json.Null -> Some "null"
    | Json.Bool value -> Some(if value then "true" else "false")
    | Json.Number text -> Some text
    | Json.String text when text.Contains '\n' -> None
    | Json.String text -> Some(word text)
    | Json.Array items ->
        items
        |> List.map tryFlow
        |> all
        |> Option.map (fun items -> "[" + String.Join(", ", items) + "]")
    | Json.Object members ->
        members
        |> List.map (fun (name, value) -> tryFlow value |> Option.map (fun value -> key name + ": " + value))
        |> all
        |> Option.map (fun members -> "{" + String.Join(", ", members) + "}")

/// A sentence of its own, behind a key of the page.
let private sentence (text: string) =
    let printed = quoted text
    if printed.Contains '\n' then inQuotes text else printed

/// Neither YAML nor a reader of lines takes it for anything but a letter.
let private isPlain (letter: char) =
    letter = '\n'
    || not (
        Char.IsControl letter
        || Char.IsSurrogate letter
        || letter = '\u2028'
        || letter = '\u2029'
        || letter = '\uFEFF'
        || letter >= '\uFFFE'
    )

let private block (indent: string) (text: string) =
    if
        text.EndsWith '\n'
        && not (text.EndsWith "\n\n")
        && not (Char.IsWhiteSpace text[0])
        && Seq.forall isPlain text
    then
        "|"
        :: [ for line in text.TrimEnd('\n').Split '\n' -> if line = "" then "" else indent + "  " + line ]
    else
        [ inQuotes text ]

/// The lines of what stands behind a key or a dash; the first one without its indent.
let rec private lines (indent: string) (room: int) (json: Json) : string list =
    match json, tryFlow json with
    | Json.String text, None -> block indent text
    | _, Some line when
        line.Length <= room
        || (json.IsString || json.IsNumber || json.IsBool || json.IsNull)
          ->
          [ line ]
    | Json.Object(_ :: _ as members), _ -> "" :: (members |> List.collect (membered (indent + "  ")))
    | Json.Array(_ :: _ as items), _ -> "" :: (items |> List.collect (item (indent + "  ")))
    | _, Some line -> [ line ]
    | _, None -> [ Json.print json ]

and private membered indent (name, value) =
    let name = indent + key name + ":"

    match lines indent (width - name.Length - 1) value with
    | "" :: rest -> name :: rest
    | first :: rest -> $"%s{name} %s{first}" :: rest
    | [] -> [ name ]

/// An item whose members stand below one another, the first one behind the dash.
and private item indent value =
    let room = width - indent.Length - 2

    match value, tryFlow value with
    | _, Some line when line.Length <= room -> [ indent + "- " + line ]
    | Json.Object members, _ ->
        match members |> List.collect (membered (indent + "  ")) with
        | first :: rest -> indent + "- " + first.Substring(indent.Length + 2) :: rest
        | [] -> [ indent + "- {}" ]
    | _ ->
        match lines indent room value with
        | first :: rest -> indent + "- " + first :: rest
        | [] -> []

/// A step or an expectation: its members below one another.
let private row value =
    match value with
    | Json.Object(_ :: _ as members) ->
        match members |> List.collect (membered "    ") with
        | first :: rest -> "  - " + first.Substring 4 :: rest
        | [] -> []
    | value -> item "  " value

/// One document.
let print (json: Json) : string =
    let rows name items = name + ":" :: (items |> List.collect row)

    let lines =
        match json with
        | Json.Object members ->
            members
            |> List.collect (fun (name, value) ->
                match value with
                | Json.Array(Json.Object _ :: _ as items) -> rows name items
                | Json.Object(_ :: _ as members) -> name + ":" :: (members |> List.collect (membered "  "))
                | Json.String text when not (text.Contains '\n') && not (span.IsMatch text) -> [
                    $"%s{name}: %s{sentence text}"
                  ]
                | value -> membered "" (name, value))
        | json -> [ Json.print json ]

    String.Join("\n", lines) + "\n"
