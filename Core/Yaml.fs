namespace Tikv.Core

open System
open System.Text
open System.Text.RegularExpressions

/// Prints JSON trees as YAML that a reader of YAML 1.1 (kubectl) and one of 1.2 take for the same tree.
[<RequireQualifiedAccess>]
module Yaml =

    /// Words that YAML 1.1 reads as null, as booleans or as floats.
    let private reserved = set [ "null"; "true"; "false"; "yes"; "no"; "on"; "off"; "y"; "n" ]

    /// What may be a number, a date, or a number to the base of 60; a little more is quoted than must be.
    let private numeric = Regex @"^[-+.]?[0-9.][-+0-9a-fA-F_.:xXoOtTzZ ]*$|^[-+]?\.(inf|nan)$"

    /// Text without any mark of YAML; colons and blanks only where they mean nothing.
    let private plain =
        Regex @"^[a-zA-Z0-9_./+-]([a-zA-Z0-9_./+@%=,;()-]|:(?=[a-zA-Z0-9_./])| (?=[a-zA-Z0-9_./(]))*$"

    let private isPlain (text: string) =
        plain.IsMatch text
        && not (text.EndsWith '\n')
        && not (
            text.StartsWith "---"
            || text.StartsWith "..."
            || text = "-"
            || text.StartsWith "- "
        )
        && not (numeric.IsMatch(text.ToLowerInvariant()))
        && not (reserved.Contains(text.ToLowerInvariant()))

    /// What YAML takes as it is, in quotes and in block scalars (YAML 1.1, 4.1; without the other line ends).
    let private isPrintable (rune: Rune) =
        let code = rune.Value

        (code >= 0x20 && code < 0x7F)
        || (code >= 0xA0
            && code <> 0x2028
            && code <> 0x2029
            && code <> 0xFEFF
            && code &&& 0xFFFE <> 0xFFFE)

    let private escaped (rune: Rune) =
        match rune.Value with
        | 0x22 -> "\\\""
        | 0x5C -> "\\\\"
        | 0x09 -> "\\t"
        | 0x0A -> "\\n"
        | 0x0D -> "\\r"
        | _ when isPrintable rune -> rune.ToString()
        | code when code > 0xFFFF -> $"\\U%08X{code}"
        | code -> $"\\u%04X{code}"

    let private quoted (text: string) =
        "\"" + String.concat "" (text.EnumerateRunes() |> Seq.map escaped) + "\""

    let private inlineString text = if isPlain text then text else quoted text

    /// Whether a block scalar can hold the text.
    let private isBlock (text: string) =
        text.Contains '\n'
        && text.Trim('\n') <> ""
        && text.EnumerateRunes()
           |> Seq.forall (fun rune -> isPrintable rune || rune.Value = 0x0A || rune.Value = 0x09)

    /// A literal block scalar: its header, then its lines. Where the first line does not show how far the text is
    /// indented, the header does.
    let private block (indent: string) (text: string) =
        let chomping =
            if not (text.EndsWith '\n') then "-"
            elif text.EndsWith "\n\n" then "+"
            else ""

        let indicator = if text[0] = ' ' || text[0] = '\n' || text[0] = '\t' then "2" else ""
        let body = if text.EndsWith '\n' then text.Substring(0, text.Length - 1) else text

        $"|%s{indicator}%s{chomping}"
        :: [ for line in body.Split '\n' -> if line = "" then "" else indent + "  " + line ]

    /// The lines of a value. The first one goes behind a key or a dash, unless that is empty; the others are indented.
    let rec private lines (indent: string) json : string list =
        match json with
        | Json.Null -> [ "null" ]
        | Json.Bool value -> [ (if value then "true" else "false") ]
        | Json.Number text -> [ text ]
        | Json.String text when isBlock text -> block indent text
        | Json.String text -> [ inlineString text ]
        | Json.Array [] -> [ "[]" ]
        | Json.Object [] -> [ "{}" ]
        | Json.Array items -> items |> List.collect (item indent)
        | Json.Object members -> members |> List.collect (membered indent)

    /// A member of an object: lists stand below their key, not further in, as kubectl has them.
    and private membered indent (key, value) =
        let key = indent + inlineString key + ":"

        match value with
        | Json.Object(_ :: _) -> key :: lines (indent + "  ") value
        | Json.Array(_ :: _) -> key :: lines indent value
        | value ->
            match lines indent value with
            | first :: rest -> $"%s{key} %s{first}" :: rest
            | [] -> [ key ]

    /// An item of a list: what it holds begins behind the dash.
    and private item indent value =
        match value with
        | Json.Object(_ :: _)
        | Json.Array(_ :: _) ->
            match lines (indent + "  ") value with
            | first :: rest -> (indent + "- " + first.Substring(indent.Length + 2)) :: rest
            | [] -> []
        | value ->
            match lines indent value with
            | first :: rest -> $"%s{indent}- %s{first}" :: rest
            | [] -> []

    /// One document. Multi-line strings are block scalars.
    let print (json: Json) : string = lines "" json |> List.map (fun line -> line + "\n") |> String.concat ""

    /// Several documents in one text.
    let printAll (documents: Json list) : string = documents |> List.map print |> String.concat "---\n"
