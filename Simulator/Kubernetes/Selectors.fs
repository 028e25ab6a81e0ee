namespace Tikv.Simulator.Kubernetes

open System
open Tikv.Core

/// One requirement of a label selector.
type LabelRequirement =
    | Equals of Key: string * Value: string
    | NotEquals of Key: string * Value: string
    | In of Key: string * Values: string list
    | NotIn of Key: string * Values: string list
    | Exists of Key: string
    | DoesNotExist of Key: string
    | GreaterThan of Key: string * Value: int64
    | LessThan of Key: string * Value: int64

/// A label selector and a field selector, both understood. An empty one selects everything.
type Selector = {
    Labels: LabelRequirement list
    /// Path of the field, wanted value, whether it must equal (or differ).
    Fields: (string list * string * bool) list
}

[<RequireQualifiedAccess>]
module Selectors =

    let everything = { Labels = []; Fields = [] }
    let isEverything selector = List.isEmpty selector.Labels && List.isEmpty selector.Fields

    /// Splits at commas that stand outside parentheses.
    let private split (text: string) =
        let rec go (start: int) (at: int) depth found =
            if at >= text.Length then
                List.rev (text.Substring start :: found)
            else
                match text[at] with
                | '(' -> go start (at + 1) (depth + 1) found
                | ')' -> go start (at + 1) (depth - 1) found
                | ',' when depth = 0 ->
                    go (at + 1) (at + 1) depth (text.Substring(start, at - start) :: found)
                | _ -> go start (at + 1) depth found

        go 0 0 0 [] |> List.map _.Trim() |> List.filter (fun part -> part <> "")

    let private isKeyCharacter (c: char) =
        Char.IsAsciiLetterOrDigit c || c = '-' || c = '_' || c = '.' || c = '/'

    let private isWord (text: string) = text <> "" && text |> Seq.forall isKeyCharacter

    let private unparsable (part: string) =
        let found = part.Substring(part.IndexOf ' ' + 1)
        Error $"unable to parse requirement: found '%s{found}', expected: in, notin, =, ==, !=, gt, lt"

    let private set (part: string) (operator: string) =
        let marker = " " + operator
        let at = part.IndexOf(marker, StringComparison.Ordinal)

        if at <= 0 then
            None
        else
            let rest = part.Substring(at + marker.Length).Trim()

            if rest.StartsWith '(' && rest.EndsWith ')' then
                let values =
                    rest.Substring(1, rest.Length - 2).Split ','
                    |> Array.map _.Trim()
                    |> List.ofArray

                Some(part.Substring(0, at).Trim(), values)
            else
                None

    let private two (part: string) (separator: string) =
        match part.IndexOf(separator, StringComparison.Ordinal) with
        | -1 -> None
        | at -> Some(part.Substring(0, at).Trim(), part.Substring(at + separator.Length).Trim())

    let private compared (part: string) (separator: string) =
        two part separator
        |> Option.bind (fun (key, value) ->
            match Int64.TryParse value with
            | true, number when isWord key -> Some(key, number)
            | _ -> None)

    let private requirement (part: string) =
        let plain key value make =
            if isWord key && (value = "" || isWord value) then Ok(make (key, value)) else unparsable part

        match set part "notin", set part "in" with
        | Some(key, values), _ when isWord key -> Ok(NotIn(key, values))
        | None, Some(key, values) when isWord key -> Ok(In(key, values))
        | _ ->
            match two part "!=", two part "==", two part "=", compared part ">", compared part "<" with
            | Some(key, value), _, _, _, _ -> plain key value NotEquals
            | _, Some(key, value), _, _, _ -> plain key value Equals
            | _, _, Some(key, value), _, _ -> plain key value Equals
            | _, _, _, Some(key, value), _ -> Ok(GreaterThan(key, value))
            | _, _, _, _, Some(key, value) -> Ok(LessThan(key, value))
            | _ when part.StartsWith '!' && isWord (part.Substring(1).Trim()) ->
                Ok(DoesNotExist(part.Substring(1).Trim()))
            | _ when isWord part -> Ok(Exists part)
            | _ -> unparsable part

    let private field (part: string) =
        let path (key: string) = key.Split '.' |> List.ofArray

        match two part "!=", two part "==", two part "=" with
        | Some(key, value), _, _ -> Ok(path key, value, false)
        | _, Some(key, value), _
        | _, _, Some(key, value) -> Ok(path key, value, true)
        | None, None, None -> Error $"invalid selector: '%s{part}'; can't understand '%s{part}'"

    let private all parts =
        (Ok [], parts)
        ||> List.fold (fun found part ->
            match found, part with
            | Ok found, Ok part -> Ok(part :: found)
            | Error problem, _
            | _, Error problem -> Error problem)
        |> Result.map List.rev

    /// Understands `labelSelector` and `fieldSelector` of a list or watch request.
    let parse (labelSelector: string) (fieldSelector: string) : Result<Selector, string> =
        if labelSelector = "" && fieldSelector = "" then
            Ok everything
        else
            match
                split labelSelector |> List.map requirement |> all,
                split fieldSelector |> List.map field |> all
            with
            | Ok labels, Ok fields -> Ok { Labels = labels; Fields = fields }
            | Error problem, _
            | _, Error problem -> Error problem

    /// The requirements of a `metav1.LabelSelector` object.
    let ofObject (json: Json) : LabelRequirement list = [
        for key, value in Json.membersAt [ "matchLabels" ] json do
            Equals(key, Json.asString value |> Option.defaultValue "")

        for expression in Json.itemsAt [ "matchExpressions" ] json do
            let key = Json.stringAt [ "key" ] expression |> Option.defaultValue ""
            let values = Json.itemsAt [ "values" ] expression |> List.choose Json.asString

            match Json.stringAt [ "operator" ] expression with
            | Some "In" -> In(key, values)
            | Some "NotIn" -> NotIn(key, values)
            | Some "Exists" -> Exists key
            | _ -> DoesNotExist key
    ]

    let satisfies (labels: Map<string, string>) requirement =
        let number key =
            Map.tryFind key labels
            |> Option.bind (fun text ->
                match Int64.TryParse text with
                | true, value -> Some value
                | false, _ -> None)

        match requirement with
        | Equals(key, value) -> Map.tryFind key labels = Some value
        | NotEquals(key, value) -> Map.tryFind key labels <> Some value
        | In(key, values) ->
            Map.tryFind key labels
            |> Option.exists (fun value -> List.contains value values)
        | NotIn(key, values) ->
            Map.tryFind key labels
            |> Option.forall (fun value -> not (List.contains value values))
        | Exists key -> Map.containsKey key labels
        | DoesNotExist key -> not (Map.containsKey key labels)
        | GreaterThan(key, value) -> number key |> Option.exists (fun found -> found > value)
        | LessThan(key, value) -> number key |> Option.exists (fun found -> found < value)

    let private fieldText path json =
        match Json.tryPath path json with
        | Some(Json.String text)
        | Some(Json.Number text) -> text
        | Some(Json.Bool value) -> if value then "true" else "false"
        | _ -> ""

    let selects selector json =
        isEverything selector
        || (selector.Fields
            |> List.forall (fun (path, value, equal) -> (fieldText path json = value) = equal)
            && (List.isEmpty selector.Labels
                || (let labels = Meta.labels json in selector.Labels |> List.forall (satisfies labels))))

    /// Whether an object is selected; a selector that cannot be understood selects nothing.
    let matches labelSelector fieldSelector json =
        match parse labelSelector fieldSelector with
        | Ok selector -> selects selector json
        | Error _ -> false
