/// Checks objects against a schema, in the words of a real server.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.SchemaValidation

open System
open System.Globalization
open System.Text.RegularExpressions
open Tikv.Core

let join (path: string) (name: string) = if path = "" then name else path + "." + name

let private typeOf json =
    match json with
    | Json.Null -> "null"
    | Json.Bool _ -> "boolean"
    | Json.Number text ->
        if text.Contains '.' || text.Contains 'e' || text.Contains 'E' then "number" else "integer"
    | Json.String _ -> "string"
    | Json.Array _ -> "array"
    | Json.Object _ -> "object"

let private wrongType path (expected: string) json =
    let found = typeOf json
    Causes.invalidText path found $"%s{path} in body must be of type %s{expected}: \"%s{found}\""

let private isType (schema: Schema) json =
    match schema.Type, json with
    | _, Json.Null -> schema.Nullable
    | "", (Json.String _ | Json.Number _) when schema.IntOrString -> typeOf json <> "number"
    | "", _ -> not schema.IntOrString
    | "object", Json.Object _
    | "array", Json.Array _
    | "string", Json.String _
    | "boolean", Json.Bool _
    | "number", Json.Number _ -> true
    | "integer", Json.Number text -> not (text.Contains '.') || text.EndsWith(".0", StringComparison.Ordinal)
    | _ -> false

let private dateTime =
    Regex(
        @"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$",
        RegexOptions.CultureInvariant
    )

let private duration =
    Regex(@"^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h|d|w))+$|^0$", RegexOptions.CultureInvariant)

/// Formats that the server checks; an unknown one is taken as met.
let private hasFormat (schema: Schema) (value: string) =
    match schema.Format with
    | "date-time" -> dateTime.IsMatch value
    | "date" ->
        fst (DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None))
    | "duration" -> duration.IsMatch value
    | "uuid" -> fst (Guid.TryParse value)
    | "ipv4" -> fst (Net.IPAddress.TryParse value) && value.Contains '.'
    | _ -> true

let private numberChecks path (schema: Schema) (text: string) : Errors.Cause list =
    match Decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
    | false, _ -> []
    | true, value ->
        let bound (limit: decimal option) broken (words: string) =
            match limit with
            | Some limit when broken value limit ->
                let printed = limit.ToString CultureInfo.InvariantCulture
                [ Causes.invalid path text $"%s{path} in body should be %s{words} %s{printed}" ]
            | _ -> []

        bound schema.Minimum (fun value limit -> value < limit) "greater than or equal to"
        @ (if schema.ExclusiveMinimum then
               bound schema.Minimum (fun value limit -> value = limit) "greater than"
           else
               [])
        @ bound schema.Maximum (fun value limit -> value > limit) "less than or equal to"
        @ (if schema.ExclusiveMaximum then
               bound schema.Maximum (fun value limit -> value = limit) "less than"
           else
               [])
        @ bound schema.MultipleOf (fun value limit -> limit <> 0m && value % limit <> 0m) "a multiple of"

let private stringChecks path (schema: Schema) (value: string) : Errors.Cause list =
    match schema.MinLength, schema.MaxLength, schema.Pattern, schema.Format with
    | None, None, None, "" -> []
    | _ -> [
        // A letter has one char or more: where that decides, letters need not be told apart.
        let length = lazy (StringInfo(value).LengthInTextElements)

        match schema.MinLength with
        | Some limit when (if limit <= 1 then value.Length < limit else length.Value < limit) ->
            Causes.invalidText path value $"%s{path} in body should be at least %d{limit} chars long"
        | _ -> ()

        match schema.MaxLength with
        | Some limit when value.Length > limit && length.Value > limit ->
            Causes.invalidText path value $"%s{path} in body should be at most %d{limit} chars long"
        | _ -> ()

        match schema.Pattern with
        | Some pattern when not (pattern.IsMatch value) ->
            Causes.invalidText path value $"%s{path} in body should match '%O{pattern}'"
        | _ -> ()

        if schema.Format <> "" && not (hasFormat schema value) then
            Causes.invalidText path value $"%s{path} in body must be of type %s{schema.Format}: \"%s{value}\""
      ]

let private counted
    path
    (words: string)
    (least: int option)
    (most: int option)
    (count: int)
    : Errors.Cause list = [
    match most with
    | Some limit when count > limit ->
        Causes.invalid path (string count) $"%s{path} in body should have at most %d{limit} %s{words}"
    | _ -> ()

    match least with
    | Some limit when count < limit ->
        Causes.invalid path (string count) $"%s{path} in body should have at least %d{limit} %s{words}"
    | _ -> ()
]

/// What Go prints of the keys of an item of a map list.
let private printedKeys (keys: string list) item =
    let pairs =
        keys
        |> List.choose (fun key ->
            Json.tryField key item
            |> Option.map (fun value -> Causes.printed (Json.String key) + ":" + Causes.printed value))

    "map[string]interface {}{" + String.concat ", " pairs + "}"

/// The values of the keys of an item of a map list.
let identity (keys: string list) item = keys |> List.map (fun key -> Json.tryField key item)

/// Sets and map lists have no two equal items.
let private duplicates path (schema: Schema) (items: Json list) : Errors.Cause list =
    let repeated keyOf printed =
        let rec go index seen items found =
            match items with
            | [] -> List.rev found
            | item :: rest ->
                let key = keyOf item

                if List.contains key seen then
                    go (index + 1) seen rest (Causes.duplicate $"%s{path}[%d{index}]" (printed item) :: found)
                else
                    go (index + 1) (key :: seen) rest found

        go 0 [] items []

    match schema.ListKind with
    | Atomic -> []
    | Set -> repeated (fun item -> [ Some item ]) Causes.printed
    | Keyed keys -> repeated (identity keys) (printedKeys keys)

/// Whether a member is the very value that it was.
let isSame (old: Json) key (value: Json) =
    match Json.tryField key old with
    | Some before -> LanguagePrimitives.PhysicalEquality before value
    | None -> false

let rec private check path (schema: Schema) old (json: Json) (found: ResizeArray<Errors.Cause>) : unit =
    if not (isType schema json) then
        let expected = if schema.IntOrString then "integer,string" else schema.Type
        found.Add(wrongType path expected json)
    else
        if
            not (List.isEmpty schema.Enum)
            && json <> Json.Null
            && not (List.contains json schema.Enum)
        then
            let supported =
                schema.Enum
                |> List.map (fun value -> Json.asString value |> Option.defaultValue (Json.print value))

            found.Add(Causes.unsupported path (Causes.printed json) supported)

        match json with
        | Json.Number text -> found.AddRange(numberChecks path schema text)
        | Json.String value -> found.AddRange(stringChecks path schema value)
        | Json.Array items ->
            if schema.MinItems.IsSome || schema.MaxItems.IsSome then
                found.AddRange(counted path "items" schema.MinItems schema.MaxItems (List.length items))

            found.AddRange(duplicates path schema items)

            match schema.Items with
            | Some inner ->
                items
                |> List.iteri (fun index item ->
                    check (path + "[" + string index + "]") inner Json.Null item found)
            | None -> ()
        | Json.Object members ->
            if schema.MinProperties.IsSome || schema.MaxProperties.IsSome then
                found.AddRange(
                    counted path "properties" schema.MinProperties schema.MaxProperties (List.length members)
                )

            for name in schema.Required do
                if not (members |> List.exists (fun (key, _) -> String.Equals(key, name))) then
                    found.Add(Causes.required (join path name))

            for key, value in members do
                if not (isSame old key value) then
                    match schema.Properties.TryGetValue key with
                    | true, property -> check (join path key) property Json.Null value found
                    | false, _ ->
                        match schema.Additional with
                        | Some additional -> check (join path key) additional Json.Null value found
                        | None -> ()
        | Json.Null
        | Json.Bool _ -> ()

        combined path schema json found

and private combined path (schema: Schema) json found =
    let holds inner =
        let problems = ResizeArray()
        check path inner Json.Null json problems
        problems.Count = 0

    for inner in schema.AllOf do
        check path inner Json.Null json found

    if not (List.isEmpty schema.AnyOf) && not (List.exists holds schema.AnyOf) then
        found.Add(Causes.invalid path "\"\"" $"%s{path} in body must validate at least one schema (anyOf)")

    if
        not (List.isEmpty schema.OneOf)
        && schema.OneOf |> List.filter holds |> List.length <> 1
    then
        found.Add(
            Causes.invalid path "\"\"" $"%s{path} in body must validate one and only one schema (oneOf)"
        )

    match schema.Not with
    | Some inner when holds inner ->
        found.Add(Causes.invalid path "\"\"" $"%s{path} in body must not validate the schema (not)")
    | _ -> ()

let private dropsNull (schema: Schema) = not schema.Nullable && schema.Type <> "" && schema.Default.IsNone

/// Nulls of fields that may not be null stand for absent ones, at any depth.
let rec withoutNulls (schema: Schema) (json: Json) : Json =
    match json with
    | Json.Object members ->
        Json.Object(
            members
            |> List.choose (fun (key, value) ->
                match schema.Properties.TryGetValue key with
                | true, property when value = Json.Null && dropsNull property -> None
                | true, property -> Some(key, withoutNulls property value)
                | false, _ -> Some(key, value))
        )
    | json -> json

/// Causes from the structure: types, limits, required fields. What a change leaves as it was, of an object that was
/// valid, is not looked at again.
let structure (schema: Schema) (old: Json option) (json: Json) : Errors.Cause list =
    let found = ResizeArray()
    check "" schema (defaultArg old Json.Null) json found
    List.ofSeq found
