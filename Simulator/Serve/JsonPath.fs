namespace Tikv.Simulator.Serve

open System
open System.Globalization
open Tikv.Core

/// One step of a path into a JSON tree.
type PathStep =
    | Field of Name: string
    | Index of At: int
    /// `[*]` and `.*`.
    | Every
    /// `[?(@.a.b == "c")]`; without a comparison: the path is there.
    | Where of Path: string list * Comparison: (string * string) option

/// The JSONPath of printer columns: Kubernetes' simple form, with filters (Kubernetes docs, "JSONPath Support").
[<RequireQualifiedAccess>]
module JsonPath =

    /// Reads a name up to a dot or bracket; a backslash keeps the next character.
    let private name (text: string) start =
        let rec go at (read: char list) =
            if at >= text.Length then
                at, read
            else
                match text[at] with
                | '.'
                | '[' -> at, read
                | '\\' when at + 1 < text.Length -> go (at + 2) (text[at + 1] :: read)
                | c -> go (at + 1) (c :: read)

        let next, read = go start []
        String(read |> List.rev |> Array.ofList), next

    let private unquoted (text: string) =
        let text = text.Trim()

        if
            text.Length >= 2
            && (text[0] = '"' || text[0] = '\'')
            && text[text.Length - 1] = text[0]
        then
            Some(text.Substring(1, text.Length - 2))
        else
            None

    let private operators = [ "=="; "!="; "<="; ">="; "<"; ">" ]

    let private filter (text: string) =
        let path (text: string) =
            let text = text.Trim()

            if text.StartsWith("@.", StringComparison.Ordinal) then
                Some(text.Substring(2).Split '.' |> List.ofArray)
            else
                None

        let found =
            operators
            |> List.tryPick (fun operator ->
                match text.Split(operator, 2) with
                | [| left; right |] -> Some(left, operator, right.Trim())
                | _ -> None)

        match found with
        | None -> path text |> Option.map (fun path -> Where(path, None))
        | Some(left, operator, right) ->
            path left
            |> Option.map (fun path ->
                Where(path, Some(operator, unquoted right |> Option.defaultValue right)))

    /// The inside of brackets, up to the closing one that belongs to it.
    let private bracketed (text: string) start =
        let rec go at quote =
            if at >= text.Length then
                None
            else
                match text[at], quote with
                | ']', None -> Some(text.Substring(start, at - start), at + 1)
                | ('"' | '\'' as c), None -> go (at + 1) (Some c)
                | c, Some quote when c = quote -> go (at + 1) None
                | _ -> go (at + 1) quote

        go start None

    let private bracket (inside: string) =
        let inside = inside.Trim()

        if inside = "*" then
            Some Every
        elif inside.StartsWith("?(", StringComparison.Ordinal) && inside.EndsWith ')' then
            filter (inside.Substring(2, inside.Length - 3))
        else
            match unquoted inside, Int32.TryParse(inside, CultureInfo.InvariantCulture) with
            | Some name, _ -> Some(Field name)
            | None, (true, at) -> Some(Index at)
            | None, (false, _) -> None

    /// Understands a path such as `.status.conditions[?(@.type=="Ready")].status`; braces around it are allowed.
    let parse (text: string) : PathStep list option =
        let text =
            if text.StartsWith '{' && text.EndsWith '}' then text.Substring(1, text.Length - 2) else text

        let rec go at steps =
            if at >= text.Length then
                Some(List.rev steps)
            else
                match text[at] with
                | '$' when at = 0 -> go 1 steps
                | '.' when at + 1 = text.Length -> go (at + 1) steps
                | '.' when text[at + 1] = '[' -> go (at + 1) steps
                | '.' ->
                    match name text (at + 1) with
                    | "", _ -> None
                    | "*", next -> go next (Every :: steps)
                    | name, next -> go next (Field name :: steps)
                | '[' ->
                    bracketed text (at + 1)
                    |> Option.bind (fun (inside, next) ->
                        bracket inside |> Option.bind (fun step -> go next (step :: steps)))
                | _ when at = 0 ->
                    let name, next = name text 0
                    go next (Field name :: steps)
                | _ -> None

        go 0 []

    let private scalar json =
        match json with
        | Json.String text
        | Json.Number text -> Some text
        | Json.Bool value -> Some(if value then "true" else "false")
        | Json.Null
        | Json.Array _
        | Json.Object _ -> None

    let private compares operator (left: string) (right: string) =
        let number (text: string) =
            match Double.TryParse(text, CultureInfo.InvariantCulture) with
            | true, value -> Some value
            | false, _ -> None

        let order =
            match number left, number right with
            | Some left, Some right -> compare left right
            | _ -> String.CompareOrdinal(left, right)

        match operator with
        | "==" -> order = 0
        | "!=" -> order <> 0
        | "<" -> order < 0
        | "<=" -> order <= 0
        | ">" -> order > 0
        | _ -> order >= 0

    let private holds path comparison json =
        match Json.tryPath path json, comparison with
        | Some _, None -> true
        | Some value, Some(operator, wanted) ->
            scalar value |> Option.exists (fun value -> compares operator value wanted)
        | None, _ -> false

    let private step found step =
        match step, found with
        | Field name, json -> Json.tryField name json |> Option.toList
        | Index at, Json.Array items ->
            let at = if at < 0 then items.Length + at else at
            items |> List.tryItem at |> Option.toList
        | Every, Json.Array items -> items
        | Every, Json.Object members -> members |> List.map snd
        | Where(path, comparison), Json.Array items -> items |> List.filter (holds path comparison)
        | (Index _ | Every | Where _), _ -> []

    /// Everything that a path leads to; null counts as absent.
    let find (steps: PathStep list) json : Json list =
        ([ json ], steps)
        ||> List.fold (fun found next -> found |> List.collect (fun json -> step json next))
        |> List.filter (fun json -> json <> Json.Null)
