/// JSON merge patch (RFC 7386), JSON patch (RFC 6902) and strategic merge patch.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Patches

open System
open System.Globalization
open Tikv.Core

/// RFC 7386.
let rec merge (target: Json) (patch: Json) : Json =
    match patch with
    | Json.Object changes ->
        let members = Json.asMembers target |> Option.defaultValue []

        let apply (members: (string * Json) list) (key, change) =
            match change with
            | Json.Null -> members |> List.filter (fun (name, _) -> name <> key)
            | change when members |> List.exists (fun (name, _) -> name = key) ->
                members
                |> List.map (fun (name, value) ->
                    if name = key then name, merge value change else name, value)
            | change -> members @ [ key, merge Json.Null change ]

        Json.Object(List.fold apply members changes)
    | patch -> patch

// ---- JSON patch

let private pointer (text: string) =
    if text = "" then
        Ok []
    elif text.StartsWith '/' then
        Ok(
            text.Substring(1).Split '/'
            |> Array.map (fun part -> part.Replace("~1", "/").Replace("~0", "~"))
            |> List.ofArray
        )
    else
        Error "a pointer starts with '/'"

let private index (text: string) =
    match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
    | true, value -> Some value
    | false, _ -> None

let rec private find path json =
    match path, json with
    | [], json -> Ok json
    | name :: rest, Json.Object _ ->
        match Json.tryField name json with
        | Some inner -> find rest inner
        | None -> Error "missing path"
    | name :: rest, Json.Array items ->
        match index name |> Option.bind (fun at -> List.tryItem at items) with
        | Some inner -> find rest inner
        | None -> Error "missing path"
    | _ -> Error "missing path"

type private Edit =
    | Add of Json
    | Replace of Json
    | Remove

let rec private edit path change json : Result<Json, string> =
    match path, json with
    | [], json ->
        match change with
        | Add value
        | Replace value -> Ok value
        | Remove -> Ok json
    | [ name ], Json.Object members ->
        let exists = members |> List.exists (fun (key, _) -> key = name)

        match change with
        | Add value -> Ok(Json.withField name value json)
        | Replace value when exists -> Ok(Json.withField name value json)
        | Remove when exists -> Ok(Json.withoutField name json)
        | Replace _
        | Remove -> Error "missing path"
    | [ "-" ], Json.Array items ->
        match change with
        | Add value -> Ok(Json.Array(items @ [ value ]))
        | Replace _
        | Remove -> Error "missing path"
    | [ name ], Json.Array items ->
        match index name, change with
        | Some at, Add value when at <= List.length items -> Ok(Json.Array(List.insertAt at value items))
        | Some at, Replace value when at < List.length items -> Ok(Json.Array(List.updateAt at value items))
        | Some at, Remove when at < List.length items -> Ok(Json.Array(List.removeAt at items))
        | _ -> Error "missing path"
    | name :: rest, Json.Object _ ->
        match Json.tryField name json with
        | Some inner ->
            edit rest change inner
            |> Result.map (fun inner -> Json.withField name inner json)
        | None -> Error "missing path"
    | name :: rest, Json.Array items ->
        match index name with
        | Some at when at < List.length items ->
            edit rest change items[at]
            |> Result.map (fun inner -> Json.Array(List.updateAt at inner items))
        | _ -> Error "missing path"
    | _ -> Error "missing path"

let private operation json (step: Json) : Result<Json, string> =
    let at field =
        Json.stringAt [ field ] step
        |> Option.map pointer
        |> Option.defaultValue (Error $"%s{field} is missing")

    let value = Json.tryField "value" step |> Option.defaultValue Json.Null

    let moved removed =
        at "from"
        |> Result.bind (fun from ->
            find from json
            |> Result.bind (fun value ->
                (if removed then edit from Remove json else Ok json)
                |> Result.bind (fun json ->
                    at "path" |> Result.bind (fun path -> edit path (Add value) json))))

    match Json.stringAt [ "op" ] step with
    | Some "add" -> at "path" |> Result.bind (fun path -> edit path (Add value) json)
    | Some "replace" -> at "path" |> Result.bind (fun path -> edit path (Replace value) json)
    | Some "remove" -> at "path" |> Result.bind (fun path -> edit path Remove json)
    | Some "move" -> moved true
    | Some "copy" -> moved false
    | Some "test" ->
        at "path"
        |> Result.bind (fun path ->
            match find path json with
            | Ok found when found = value -> Ok json
            | Error _ when value = Json.Null -> Ok json
            | _ -> Error "testing value failed")
    | _ -> Error "unknown operation"

/// RFC 6902; `Error` when a step cannot be done or a test fails: then nothing is changed.
let jsonPatch (target: Json) (steps: Json list) : Result<Json, string> =
    (Ok target, steps)
    ||> List.fold (fun found step -> found |> Result.bind (fun json -> operation json step))

// ---- strategic merge patch

let private isDirective (key: string) = key.StartsWith '$'

let private keyOf (key: string) item = Json.tryField key item |> Option.map Json.print

let private directive item = Json.stringAt [ "$patch" ] item

/// Puts items in the order that `$setElementOrder` lists; others keep their place at the end.
let private ordered identify (order: Json list option) (items: Json list) =
    match order with
    | None -> items
    | Some order ->
        let wanted = order |> List.map identify

        let rank item =
            wanted
            |> List.tryFindIndex ((=) (identify item))
            |> Option.defaultValue Int32.MaxValue

        List.sortBy rank items

let rec private mergeObject (field: string) (target: Json) (patch: Json) : Json =
    match directive patch with
    | Some "replace" -> Json.withoutField "$patch" patch
    | Some "delete" -> Json.empty
    | _ ->
        let changes = Json.asMembers patch |> Option.defaultValue []

        let target =
            match Json.tryField "$retainKeys" patch with
            | Some(Json.Array kept) ->
                Json.Object(
                    Json.asMembers target
                    |> Option.defaultValue []
                    |> List.filter (fun (key, _) -> List.contains (Json.String key) kept)
                )
            | _ -> target

        let deleted key =
            Json.tryField ("$deleteFromPrimitiveList/" + key) patch
            |> Option.bind Json.asItems
            |> Option.defaultValue []

        let order key = Json.tryField ("$setElementOrder/" + key) patch |> Option.bind Json.asItems

        let apply json (key, change) =
            if isDirective key then
                json
            else
                match change, Json.tryField key json with
                | Json.Null, _ -> Json.withoutField key json
                | Json.Object _, Some(Json.Object _ as inner) ->
                    Json.withField key (mergeObject key inner change) json
                | Json.Object _, _ -> Json.withField key (mergeObject key Json.empty change) json
                | Json.Array items, existing ->
                    let existing = existing |> Option.bind Json.asItems |> Option.defaultValue []
                    Json.withField key (Json.Array(mergeList field key existing items (order key))) json
                | change, _ -> Json.withField key change json

        let deletions json (key: string, _: Json) =
            if key.StartsWith("$deleteFromPrimitiveList/", StringComparison.Ordinal) then
                let name = key.Substring(key.IndexOf '/' + 1)
                let gone = deleted name

                match Json.tryField name json with
                | Some(Json.Array items) ->
                    let left = items |> List.filter (fun item -> not (List.contains item gone))

                    if List.isEmpty left then
                        Json.withoutField name json
                    else
                        Json.withField name (Json.Array left) json
                | _ -> json
            else
                json

        let json = if target = Json.Null then Json.empty else target
        List.fold apply (List.fold deletions json changes) changes

and private mergeList parent field (existing: Json list) (items: Json list) order : Json list =
    match Shapes.patchKey parent field with
    | None when field = "finalizers" && parent = "metadata" ->
        existing
        @ (items |> List.filter (fun item -> not (List.contains item existing)))
        |> ordered Json.print order
    | None -> items
    | Some key ->
        let replaces = items |> List.exists (fun item -> directive item = Some "replace")
        let existing = if replaces then [] else existing
        let items = items |> List.filter (fun item -> directive item <> Some "replace")

        let apply (found: Json list) item =
            let same other = keyOf key other = keyOf key item

            match directive item with
            | Some "delete" -> found |> List.filter (same >> not)
            | _ when List.exists same found ->
                found
                |> List.map (fun other -> if same other then mergeObject field other item else other)
            | _ -> found @ [ mergeObject field Json.empty item ]

        List.fold apply existing items
        |> ordered (keyOf key >> Option.defaultValue "") order

/// Merges by the keys that the built-in types declare; custom resources have none.
let strategicMerge (target: Json) (patch: Json) : Json = mergeObject "" target patch
