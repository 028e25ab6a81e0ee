namespace Tikv.Core

open System
open System.Globalization

/// TOML 1.0 documents, such as the configuration files of PD and TiKV: reading, changing, printing. Comments are not
/// kept. Paths are lists of keys.
[<RequireQualifiedAccess>]
module Toml =

    let empty = TomlValue.Table []

    let private isBare (name: string) =
        name <> ""
        && name
           |> String.forall (fun char -> Char.IsAsciiLetterOrDigit char || char = '-' || char = '_')

    let private escaped (char: char) =
        match char with
        | '"' -> "\\\""
        | '\\' -> "\\\\"
        | '\b' -> "\\b"
        | '\t' -> "\\t"
        | '\n' -> "\\n"
        | '\f' -> "\\f"
        | '\r' -> "\\r"
        | char when char < ' ' || char = '\127' -> $"\\u%04X{int char}"
        | char -> string char

    let private isPlain (char: char) = char >= ' ' && char <> '"' && char <> '\\' && char <> '\127'

    let private quoted (text: string) =
        "\""
        + (if String.forall isPlain text then text else String.collect escaped text)
        + "\""

    let private keyText name = if isBare name then name else quoted name
    let private dotted path = path |> List.map keyText |> String.concat "."

    /// Reads a document. An error names the line, the key and what was expected.
    let parse (text: string) : Result<TomlValue, string> =
        TomlParser.document text
        |> Result.mapError (fun problem ->
            let line = text.AsSpan(0, problem.At).Count '\n' + 1
            let key = if List.isEmpty problem.Key then "" else $", key %s{dotted problem.Key}"
            $"line %d{line}%s{key}: %s{problem.Message}")

    let private members value =
        match value with
        | TomlValue.Table members -> members
        | _ -> []

    let private tryMember name value =
        members value
        |> List.tryFind (fun (key, _) -> String.Equals(key, name))
        |> Option.map snd

    let rec tryFind (path: string list) (document: TomlValue) : TomlValue option =
        match path with
        | [] -> Some document
        | name :: rest -> tryMember name document |> Option.bind (tryFind rest)

    /// Sets or replaces a value. What is not a table on the way becomes one.
    let rec set (path: string list) (value: TomlValue) (document: TomlValue) : TomlValue =
        match path with
        | [] -> value
        | name :: rest ->
            let inner = tryMember name document
            let changed = set rest value (inner |> Option.defaultValue empty)

            match inner with
            | None -> TomlValue.Table(members document @ [ name, changed ])
            | Some _ ->
                members document
                |> List.map (fun (key, old) -> key, (if String.Equals(key, name) then changed else old))
                |> TomlValue.Table

    /// Lays another document over this one: what that says of a key counts, tables are laid over tables, and its new keys
    /// come last.
    let rec lay (over: TomlValue) (document: TomlValue) : TomlValue =
        match over with
        | TomlValue.Table added ->
            let kept =
                members document
                |> List.map (fun (key, old) ->
                    match tryMember key over with
                    | Some value -> key, lay value old
                    | None -> key, old)

            TomlValue.Table(kept @ (added |> List.filter (fun (key, _) -> (tryMember key document).IsNone)))
        | value -> value

    /// Removes a value, when it is there; the tables around it stay.
    let rec remove (path: string list) (document: TomlValue) : TomlValue =
        match path, document with
        | [ name ], TomlValue.Table members ->
            TomlValue.Table(members |> List.filter (fun (key, _) -> not (String.Equals(key, name))))
        | name :: rest, TomlValue.Table members ->
            members
            |> List.map (fun (key, old) -> key, (if String.Equals(key, name) then remove rest old else old))
            |> TomlValue.Table
        | _ -> document

    /// Whether the document has something to say about a key: a value, a table, or a value where the key needs a table.
    let rec private says (path: string list) document =
        match path, document with
        | [], _ -> true
        | name :: rest, TomlValue.Table _ ->
            match tryMember name document with
            | Some inner -> says rest inner
            | None -> false
        | _ -> true

    /// Those of some dotted keys, such as `storage.data-dir`, that the document sets, in the order given.
    let keysSet (keys: string list) (document: TomlValue) : string list =
        keys |> List.filter (fun key -> says (List.ofArray (key.Split '.')) document)

    /// The same document with the keys of every table in ordinal order.
    let rec canonical (document: TomlValue) : TomlValue =
        match document with
        | TomlValue.Table members ->
            members
            |> List.map (fun (key, value) -> key, canonical value)
            |> List.sortWith (fun (one, _) (other, _) -> String.CompareOrdinal(one, other))
            |> TomlValue.Table
        | TomlValue.Array items -> TomlValue.Array(List.map canonical items)
        | value -> value

    let private floatText (value: float) =
        if Double.IsNaN value then
            "nan"
        elif Double.IsInfinity value then
            if value > 0.0 then "inf" else "-inf"
        else
            let text = value.ToString("R", CultureInfo.InvariantCulture)
            if text.Contains '.' || text.Contains 'E' then text else text + ".0"

    let rec private inlineText value =
        match value with
        | TomlValue.String text -> quoted text
        | TomlValue.Integer number -> string number
        | TomlValue.Float number -> floatText number
        | TomlValue.Bool value -> if value then "true" else "false"
        | TomlValue.DateTime text -> text
        | TomlValue.Array items -> "[" + (items |> List.map inlineText |> String.concat ", ") + "]"
        | TomlValue.Table [] -> "{}"
        | TomlValue.Table members ->
            let pairs = members |> List.map (fun (key, value) -> keyText key + " = " + inlineText value)

            "{ " + String.concat ", " pairs + " }"

    /// How a member is printed: after its key, or below a header of its own.
    let private hasHeader value =
        match value with
        | TomlValue.Table _ -> true
        | TomlValue.Array(_ :: _ as items) ->
            items
            |> List.forall (fun item ->
                match item with
                | TomlValue.Table _ -> true
                | _ -> false)
        | _ -> false

    /// The blocks of a table: its own lines, then those of the tables in it. A table of nothing but tables needs no header.
    /// Each line ends with its line feed.
    let rec private blocks path (header: string option) value : string list list =
        let below, beside = members value |> List.partition (fun (_, value) -> hasHeader value)

        let lines =
            beside
            |> List.map (fun (key, value) -> keyText key + " = " + inlineText value + "\n")

        let own =
            match header with
            | Some header when
                not (List.isEmpty lines)
                || List.isEmpty below
                || header.StartsWith("[[", StringComparison.Ordinal)
                ->
                header :: lines
            | _ -> lines

        let inner =
            below
            |> List.collect (fun (key, value) ->
                let path = path @ [ key ]

                match value with
                | TomlValue.Array items ->
                    items |> List.collect (blocks path (Some("[[" + dotted path + "]]\n")))
                | value -> blocks path (Some("[" + dotted path + "]\n")) value)

        (if List.isEmpty own then [] else [ own ]) @ inner

    /// One spelling for each document: values before tables, one key a line, a blank line before each header. Order is
    /// kept; see `canonical` for one that does not depend on it.
    let print (document: TomlValue) : string =
        match blocks [] None document with
        | [] -> ""
        | first :: others ->
            first @ (others |> List.collect (fun block -> "\n" :: block))
            |> String.Concat<string>
