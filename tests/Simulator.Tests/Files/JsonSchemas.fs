/// As much of JSON Schema (2020-12) as the schema of scenario files uses; a keyword that is not known here fails.
module Tikv.Simulator.Tests.Files.JsonSchemas

open System.Text.RegularExpressions
open Tikv.Core

let private members json =
    match json with
    | Json.Object members -> members
    | _ -> []

let private isType name json =
    match name, json with
    | "string", Json.String _
    | "boolean", Json.Bool _
    | "array", Json.Array _
    | "object", Json.Object _ -> true
    | "integer", Json.Number text -> not (text.Contains '.')
    | _ -> false

let private number json =
    match json with
    | Json.Number text -> Some(decimal text)
    | _ -> None

let private length json =
    json
    |> Json.asString
    |> Option.map String.length
    |> Option.defaultValue System.Int32.MaxValue

/// What is wrong with a value, by its place.
let rec private problems (root: Json) (schema: Json) (place: string) (json: Json) : string list =
    let wrong holds what = if holds then [] else [ $"%s{place}: %s{what}" ]

    let properties =
        schema
        |> Json.tryField "properties"
        |> Option.map members
        |> Option.defaultValue []

    let keyword (name: string, value: Json) =
        match name with
        | "$schema"
        | "$defs"
        | "title"
        | "description" -> []
        | "$ref" ->
            let path =
                (Json.asString value |> Option.defaultValue "").Split '/'
                |> List.ofArray
                |> List.tail

            problems root (Json.tryPath path root |> Option.get) place json
        | "anyOf" ->
            let options = Json.itemsAt [ "anyOf" ] schema
            wrong (options |> List.exists (fun one -> (problems root one place json).IsEmpty)) "none of them"
        | "enum" -> wrong (Json.itemsAt [ "enum" ] schema |> List.contains json) "not one of them"
        | "const" -> wrong (json = value) "another word"
        | "type" ->
            wrong (isType (Json.asString value |> Option.defaultValue "") json) $"no %s{Json.print value}"
        | "required" ->
            Json.itemsAt [ "required" ] schema
            |> List.choose Json.asString
            |> List.collect (fun name -> wrong (Json.tryField name json).IsSome $"%s{name} is missing")
        | "properties" ->
            members json
            |> List.collect (fun (name, value) ->
                match properties |> List.tryFind (fun (one, _) -> one = name) with
                | Some(_, schema) -> problems root schema $"%s{place}.%s{name}" value
                | None -> [])
        | "additionalProperties" ->
            members json
            |> List.collect (fun (name, _) ->
                wrong (properties |> List.exists (fun (one, _) -> one = name)) $"%s{name} is unknown")
        | "items" ->
            Json.itemsAt [ "items" ] (Json.object [ "items", json ])
            |> List.collect (problems root value (place + "[]"))
        | "minimum" ->
            wrong (number json |> Option.forall (fun one -> one >= (number value).Value)) "too small"
        | "maximum" ->
            wrong (number json |> Option.forall (fun one -> one <= (number value).Value)) "too great"
        | "minLength" -> wrong (decimal (length json) >= (number value).Value) "too short"
        | "pattern" ->
            let pattern = Json.asString value |> Option.defaultValue ""

            wrong
                (json
                 |> Json.asString
                 |> Option.forall (fun text -> Regex.IsMatch(text, pattern)))
                "of another form"
        | other -> [ $"%s{place}: the keyword %s{other} is not known" ]

    match schema with
    | Json.Bool true -> []
    | Json.Object keywords -> keywords |> List.collect keyword
    | other -> [ $"%s{place}: %s{Json.print other} is no schema" ]

let check (schema: Json) (json: Json) = problems schema schema "" json
