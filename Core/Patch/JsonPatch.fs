namespace Tikv.Core

open System

/// JSON patch (RFC 6902), with paths as JSON pointers (RFC 6901). All operations are carried out, or none.
[<RequireQualifiedAccess>]
module JsonPatch =

    let private unescaped (token: string) =
        if token.Replace("~0", "").Replace("~1", "").Contains '~' then
            Error $"in a JSON pointer \"~\" stands before 0 or 1 only, not as in \"%s{token}\""
        else
            Ok(token.Replace("~1", "/").Replace("~0", "~"))

    /// The steps of a JSON pointer; none for the whole document.
    let private pointer (text: string) : Result<string list, string> =
        if text = "" then
            Ok []
        elif text[0] <> '/' then
            Error $"a JSON pointer begins with \"/\", not as \"%s{text}\""
        else
            text.Substring(1).Split '/'
            |> List.ofArray
            |> List.map unescaped
            |> List.foldBack (fun step steps ->
                steps
                |> Result.bind (fun steps -> step |> Result.map (fun step -> step :: steps)))
            <| Ok []

    /// An index into an array, up to and with `last`.
    let private indexOf (step: string) last =
        let isNumber =
            step <> ""
            && Seq.forall Char.IsAsciiDigit step
            && (step.Length = 1 || step[0] <> '0')

        match isNumber, Int32.TryParse step with
        | true, (true, index) when index <= last -> Ok index
        | true, _ when last < 0 -> Error "the array is empty"
        | true, _ -> Error $"the index %s{step} is above %d{last}, the last that is allowed"
        | false, _ -> Error $"\"%s{step}\" is not an index of an array"

    let private child (step: string) json =
        match json with
        | Json.Array items -> indexOf step (items.Length - 1) |> Result.map (fun index -> items[index])
        | Json.Object _ ->
            match Json.tryField step json with
            | Some value -> Ok value
            | None -> Error $"there is no member \"%s{step}\""
        | _ -> Error $"\"%s{step}\" leads into a value that is neither object nor array"

    let rec private get steps json =
        match steps with
        | [] -> Ok json
        | step :: rest -> child step json |> Result.bind (get rest)

    /// Puts another value in the place of one that is there.
    let private put step value json =
        match json with
        | Json.Array items ->
            indexOf step (items.Length - 1)
            |> Result.map (fun index -> Json.Array(List.updateAt index value items))
        | json -> Ok(Json.withField step value json)

    /// Changes the parent of the last step by `change`.
    let rec private atParent steps change json =
        match steps with
        | []
        | [ _ ] -> change json
        | step :: rest ->
            child step json
            |> Result.bind (atParent rest change)
            |> Result.bind (fun inner -> put step inner json)

    let private add steps value json =
        match List.tryLast steps with
        | None -> Ok value
        | Some last ->
            json
            |> atParent steps (fun parent ->
                match parent with
                | Json.Array items when last = "-" -> Ok(Json.Array(items @ [ value ]))
                | Json.Array items ->
                    indexOf last items.Length
                    |> Result.map (fun index -> Json.Array(List.insertAt index value items))
                | Json.Object _ -> Ok(Json.withField last value parent)
                | _ -> Error $"\"%s{last}\" cannot be added to a value that is neither object nor array")

    let private remove steps json =
        match List.tryLast steps with
        | None -> Ok Json.Null
        | Some last ->
            json
            |> atParent steps (fun parent ->
                child last parent
                |> Result.bind (fun _ ->
                    match parent with
                    | Json.Array items ->
                        indexOf last (items.Length - 1)
                        |> Result.map (fun index -> Json.Array(List.removeAt index items))
                    | parent -> Ok(Json.withoutField last parent)))

    let private replace steps value json =
        match List.tryLast steps with
        | None -> Ok value
        | Some last ->
            json
            |> atParent steps (fun parent ->
                child last parent |> Result.bind (fun _ -> put last value parent))

    let private test steps expected json =
        get steps json
        |> Result.bind (fun found ->
            if found = expected then
                Ok json
            else
                Error $"expected %s{Json.print expected}, found %s{Json.print found}")

    let private isBelow (steps: string list) (other: string list) =
        steps.Length > other.Length && List.take other.Length steps = other

    let private move from path json =
        if isBelow path from then
            Error "a value cannot be moved into itself"
        else
            get from json
            |> Result.bind (fun value -> remove from json |> Result.bind (add path value))

    let private field name operation =
        match Json.stringAt [ name ] operation with
        | Some text -> Ok text
        | None -> Error $"the operation has no \"%s{name}\""

    let private value operation =
        match Json.tryField "value" operation with
        | Some value -> Ok value
        | None -> Error "the operation has no \"value\""

    let private operate json operation =
        let path = field "path" operation |> Result.bind pointer
        let withPath change = path |> Result.bind (fun path -> change path json)

        let withValue change =
            value operation
            |> Result.bind (fun value -> withPath (fun path -> change path value))

        let withFrom change =
            field "from" operation
            |> Result.bind pointer
            |> Result.bind (fun from -> withPath (change from))

        match Json.stringAt [ "op" ] operation with
        | Some "add" -> withValue add
        | Some "remove" -> withPath remove
        | Some "replace" -> withValue replace
        | Some "test" -> withValue test
        | Some "move" -> withFrom move
        | Some "copy" ->
            withFrom (fun from path json -> get from json |> Result.bind (fun value -> add path value json))
        | Some other -> Error $"there is no operation \"%s{other}\""
        | None -> Error "the operation has no \"op\""

    /// What an operation is called in messages: its place in the patch, and what it says.
    let private title index operation =
        let name = Json.stringAt [ "op" ] operation |> Option.defaultValue "?"
        let path = Json.stringAt [ "path" ] operation |> Option.defaultValue "?"
        $"operation %d{index} (%s{name} \"%s{path}\")"

    /// An error names the operation (counted from 0), its path, and what is wrong. The patch comes first.
    let apply (patch: Json) (target: Json) : Result<Json, string> =
        match patch with
        | Json.Array operations ->
            operations
            |> List.indexed
            |> List.fold
                (fun patched (index, operation) ->
                    patched
                    |> Result.bind (fun json ->
                        operate json operation
                        |> Result.mapError (fun problem -> $"%s{title index operation}: %s{problem}")))
                (Ok target)
        | _ -> Error "a JSON patch is an array of operations"
