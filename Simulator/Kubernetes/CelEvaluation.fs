/// Evaluates CEL expressions over JSON values.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.CelEvaluation

open System
open System.Globalization
open System.Text.RegularExpressions
open Tikv.Core

/// A rule that asks for what is not there, or compares what cannot be compared.
exception Failed of Reason: string

let private fail reason = raise (Failed reason)

let private number json =
    match json with
    | Json.Number text ->
        match Decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, value -> value
        | false, _ -> fail "no such overload"
    | _ -> fail "no such overload"

let private ofNumber (value: decimal) =
    Json.Number((value / 1.000000000000000000m).ToString CultureInfo.InvariantCulture)

let private text json =
    match json with
    | Json.String value -> value
    | _ -> fail "no such overload"

let private truth json =
    match json with
    | Json.Bool value -> value
    | _ -> fail "no such overload"

let private items json =
    match json with
    | Json.Array items -> items
    | Json.Object members -> members |> List.map (fst >> Json.String)
    | _ -> fail "no such overload"

let private quantity json =
    match Quantities.ofJson json with
    | Some value -> value
    | None -> fail Quantities.complaint

let private size json =
    match json with
    | Json.String value -> StringInfo(value).LengthInTextElements
    | Json.Array items -> List.length items
    | Json.Object members -> List.length members
    | _ -> fail "no such overload"

let private same one other =
    match one, other with
    | Json.Number a, Json.Number b when not (String.Equals(a, b)) -> number one = number other
    | _ -> one = other

let private compared one other =
    match one, other with
    | Json.Number _, Json.Number _ -> compare (number one) (number other)
    | Json.String a, Json.String b -> String.CompareOrdinal(a, b)
    | Json.Bool a, Json.Bool b -> compare a b
    | _ -> fail "no such overload"

let private matches (value: string) (pattern: string) =
    Regex.IsMatch(value, pattern, RegexOptions.CultureInvariant)

let private call name arguments =
    match name, arguments with
    | "size", [ one ] -> Json.int (size one)
    | "matches", [ one; pattern ] -> Json.Bool(matches (text one) (text pattern))
    | "startsWith", [ one; other ] -> Json.Bool((text one).StartsWith(text other, StringComparison.Ordinal))
    | "endsWith", [ one; other ] -> Json.Bool((text one).EndsWith(text other, StringComparison.Ordinal))
    | "contains", [ one; other ] -> Json.Bool((text one).Contains(text other, StringComparison.Ordinal))
    | "string", [ Json.String _ as one ] -> one
    | "string", [ one ] -> Json.String(Json.print one)
    | "int", [ Json.String one ] ->
        match Int64.TryParse one with
        | true, value -> Json.int64 value
        | false, _ -> fail "type conversion error"
    | "int", [ one ] -> ofNumber (truncate (number one))
    | "double", [ one ] -> one
    | "lowerAscii", [ one ] -> Json.String((text one).ToLowerInvariant())
    | "upperAscii", [ one ] -> Json.String((text one).ToUpperInvariant())
    | "trim", [ one ] -> Json.String((text one).Trim())
    | "split", [ one; separator ] -> Json.strings ((text one).Split(text separator))
    | "replace", [ one; old; other ] -> Json.String((text one).Replace(text old, text other))
    | "indexOf", [ one; other ] -> Json.int ((text one).IndexOf(text other, StringComparison.Ordinal))
    | "substring", [ one; start ] -> Json.String((text one).Substring(int (number start)))
    | "substring", [ one; start; finish ] ->
        let start = int (number start)
        Json.String((text one).Substring(start, int (number finish) - start))
    | "join", [ one ] -> Json.String(items one |> List.map text |> String.concat "")
    | "join", [ one; separator ] -> Json.String(items one |> List.map text |> String.concat (text separator))
    | "isQuantity", [ one ] -> Json.Bool (Quantities.ofJson one).IsSome
    | "quantity", [ one ] -> ofNumber (quantity one)
    | "isGreaterThan", [ one; other ] -> Json.Bool(number one > number other)
    | "isLessThan", [ one; other ] -> Json.Bool(number one < number other)
    | "compareTo", [ one; other ] -> Json.int (compared one other)
    | "sum", [ one ] -> ofNumber (items one |> List.sumBy number)
    | "min", [ one ] -> items one |> List.sortWith compared |> List.head
    | "max", [ one ] -> items one |> List.sortWith compared |> List.last
    | "isSorted", [ one ] ->
        Json.Bool(
            items one
            |> List.pairwise
            |> List.forall (fun (one, other) -> compared one other <= 0)
        )
    | "type", [ one ] ->
        match one with
        | Json.String _ -> Json.String "string"
        | Json.Bool _ -> Json.String "bool"
        | Json.Number value -> Json.String(if value.Contains '.' then "double" else "int")
        | Json.Array _ -> Json.String "list"
        | Json.Object _ -> Json.String "map"
        | Json.Null -> Json.String "null_type"
    | _ -> fail "no such overload"

let rec private eval (names: Map<string, Json>) cel : Json =
    match cel with
    | Cel.Null -> Json.Null
    | Cel.Bool value -> Json.Bool value
    | Cel.Number value -> ofNumber value
    | Cel.Text value -> Json.String value
    | Cel.ListOf inner -> Json.Array(inner |> List.map (eval names))
    | Cel.Name name ->
        match Map.tryFind name names with
        | Some value -> value
        | None ->
            match name with
            | "int"
            | "string"
            | "double"
            | "bool" -> Json.String name
            | _ -> fail $"undeclared reference to '%s{name}'"
    | Cel.Field(inner, name) ->
        match Json.tryField name (eval names inner) with
        | Some value -> value
        | None -> fail $"no such key: %s{name}"
    | Cel.Has(inner, name) -> Json.Bool (Json.tryField name (eval names inner)).IsSome
    | Cel.Index(inner, index) ->
        match eval names inner, eval names index with
        | Json.Array items, (Json.Number _ as index) ->
            match List.tryItem (int (number index)) items with
            | Some item -> item
            | None -> fail $"index out of bounds: %s{Json.print index}"
        | Json.Object _ as inner, Json.String key ->
            match Json.tryField key inner with
            | Some value -> value
            | None -> fail $"no such key: %s{key}"
        | _ -> fail "no such overload"
    | Cel.Not inner -> Json.Bool(not (truth (eval names inner)))
    | Cel.Negate inner -> ofNumber -(number (eval names inner))
    | Cel.Choice(condition, yes, no) -> eval names (if truth (eval names condition) then yes else no)
    | Cel.Call(name, arguments) -> call name (arguments |> List.map (eval names))
    | Cel.Comprehension(kind, inner, variable, body) ->
        let over = items (eval names inner)
        let holds item = truth (eval (Map.add variable item names) body)

        match kind with
        | "all" -> Json.Bool(List.forall holds over)
        | "exists" -> Json.Bool(List.exists holds over)
        | "exists_one" -> Json.Bool(over |> List.filter holds |> List.length = 1)
        | "filter" -> Json.Array(List.filter holds over)
        | _ -> Json.Array(over |> List.map (fun item -> eval (Map.add variable item names) body))
    | Cel.Binary(operator, left, right) -> operate names operator left right

/// `&&` and `||` absorb the failure of one side when the other decides (CEL specification, logical operators).
and private operate names operator left right =
    let decide neutral =
        let one =
            try
                Ok(truth (eval names left))
            with Failed reason ->
                Error reason

        match one with
        | Ok value when value <> neutral -> Json.Bool value
        | Ok _ -> Json.Bool(truth (eval names right))
        | Error reason -> if truth (eval names right) <> neutral then Json.Bool(not neutral) else fail reason

    match operator with
    | "&&" -> decide true
    | "||" -> decide false
    | _ ->
        let one, other = eval names left, eval names right

        match operator, one, other with
        | "==", _, _ -> Json.Bool(same one other)
        | "!=", _, _ -> Json.Bool(not (same one other))
        | "<", _, _ -> Json.Bool(compared one other < 0)
        | "<=", _, _ -> Json.Bool(compared one other <= 0)
        | ">", _, _ -> Json.Bool(compared one other > 0)
        | ">=", _, _ -> Json.Bool(compared one other >= 0)
        | "in", _, _ -> Json.Bool(items other |> List.exists (same one))
        | "+", Json.String a, Json.String b -> Json.String(a + b)
        | "+", Json.Array a, Json.Array b -> Json.Array(a @ b)
        | "+", _, _ -> ofNumber (number one + number other)
        | "-", _, _ -> ofNumber (number one - number other)
        | "*", _, _ -> ofNumber (number one * number other)
        | "/", _, _ when number other <> 0m -> ofNumber (truncate (number one / number other))
        | "%", _, _ when number other <> 0m -> ofNumber (number one % number other)
        | _ -> fail "division by zero"

/// The value of an expression; `Error` tells why it has none.
let evaluate (names: Map<string, Json>) (cel: Cel) : Result<Json, string> =
    try
        Ok(eval names cel)
    with
    | Failed reason -> Error reason
    | :? OverflowException -> Error "number out of range"
    | :? ArgumentException as problem -> Error problem.Message
