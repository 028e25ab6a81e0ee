namespace Tikv.Core

/// Reads documents by recursive descent; keys and headers add up by the rules of `TomlDraft`.
[<RequireQualifiedAccess>]
module internal TomlParser =

    let private draftProblem at key result =
        result
        |> Result.mapError (fun message -> { At = at; Key = key; Message = message })

    /// Problems inside of the value of a key are told with that key before their own.
    let private below key result =
        result
        |> Result.mapError (fun problem -> { problem with Key = key @ problem.Key })

    /// `depth` counts the arrays and inline tables around the value.
    let rec private value depth text at =
        match TomlScan.peek text at with
        | _ when depth > TomlScan.deepest ->
            TomlScan.fail at $"arrays and inline tables nest at most %d{TomlScan.deepest} deep"
        | '"'
        | '\'' ->
            TomlScan.string text at
            |> Result.map (fun (content, next) -> TomlValue.String content, next)
        | '[' -> items (depth + 1) text (at + 1) []
        | '{' ->
            let first = TomlScan.skipBlanks text (at + 1)

            if TomlScan.peek text first = '}' then
                Ok(TomlValue.Table [], first + 1)
            else
                members (depth + 1) text first (TomlDraft.empty TomlOrigin.Headed)
        | _ -> TomlScan.scalar text at

    /// The rest of an array; a comma may stand before its end.
    and private items depth text at found =
        match TomlScan.skipLines text at with
        | Error problem -> Error problem
        | Ok next when TomlScan.peek text next = ']' -> Ok(TomlValue.Array(List.rev found), next + 1)
        | Ok next ->
            match value depth text next with
            | Error problem -> Error problem
            | Ok(item, next) ->
                match TomlScan.skipLines text next with
                | Error problem -> Error problem
                | Ok next ->
                    match TomlScan.peek text next with
                    | ',' -> items depth text (next + 1) (item :: found)
                    | ']' -> Ok(TomlValue.Array(List.rev (item :: found)), next + 1)
                    | _ -> TomlScan.expected text next "\",\" or \"]\" in an array"

    /// The rest of an inline table, from a key on.
    and private members depth text at draft =
        match pair depth text at with
        | Error problem -> Error problem
        | Ok(path, item, next) ->
            match TomlDraft.set path item draft |> draftProblem at path with
            | Error problem -> Error problem
            | Ok draft ->
                let next = TomlScan.skipBlanks text next

                match TomlScan.peek text next with
                | ',' -> members depth text (next + 1) draft
                | '}' -> Ok(TomlDraft.finish draft, next + 1)
                | _ ->
                    TomlScan.expected text next "\",\" or \"}\" in an inline table, which stands in one line"

    and private pair depth text at =
        match TomlScan.key text at with
        | Error problem -> Error problem
        | Ok(path, next) when TomlScan.peek text next = '=' ->
            value depth text (TomlScan.skipBlanks text (next + 1))
            |> Result.map (fun (item, next) -> path, item, next)
            |> below path
        | Ok(path, next) -> TomlScan.expected text next "\"=\" after a key" |> below path

    /// A header, after its opening brackets: its path, and the index after its closing ones.
    let private header (text: string) at (closing: string) =
        TomlScan.key text at
        |> Result.bind (fun (path, next) ->
            if System.String.CompareOrdinal(text, next, closing, 0, closing.Length) = 0 then
                Ok(path, next + closing.Length)
            else
                TomlScan.expected text next $"\"%s{closing}\" after the name of a table"
                |> below path)

    /// One header or one key with its value: the path of the header that is now in force, the document, and what follows.
    let private statement text at current draft =
        if TomlScan.peek text at = '[' && TomlScan.peek text (at + 1) = '[' then
            header text (at + 2) "]]"
            |> Result.bind (fun (path, next) ->
                TomlDraft.openItem path draft
                |> draftProblem at path
                |> Result.map (fun draft -> path, draft, next))
        elif TomlScan.peek text at = '[' then
            header text (at + 1) "]"
            |> Result.bind (fun (path, next) ->
                TomlDraft.openTable path draft
                |> draftProblem at path
                |> Result.map (fun draft -> path, draft, next))
        else
            pair 0 text at
            |> Result.bind (fun (path, item, next) ->
                TomlDraft.setBelow current path item draft
                |> draftProblem at path
                |> Result.map (fun draft -> current, draft, next))
            |> Result.mapError (fun problem ->
                if List.isEmpty problem.Key then problem else { problem with Key = current @ problem.Key })

    let rec private statements (text: string) at current draft =
        match TomlScan.skipLines text at with
        | Error problem -> Error problem
        | Ok at when at = text.Length -> Ok draft
        | Ok at ->
            match statement text at current draft with
            | Error problem -> Error problem
            | Ok(current, draft, next) ->
                match TomlScan.restOfLine text next with
                | Error problem -> Error problem
                | Ok next when next = text.Length || TomlScan.newline text next > 0 ->
                    statements text next current draft
                | Ok next -> TomlScan.expected text next "the end of the line"

    let document (text: string) : Result<TomlValue, TomlProblem> =
        let start = if text.StartsWith '\uFEFF' then 1 else 0

        statements text start [] (TomlDraft.empty TomlOrigin.Headed)
        |> Result.map TomlDraft.finish
