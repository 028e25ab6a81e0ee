namespace Tikv.Core.Api

open System
open System.Text.RegularExpressions
open Tikv.Core

/// Checks values against the attributes of their fields: what the schema of the CRD says, for objects that no schema
/// has seen.
[<RequireQualifiedAccess>]
module Limits =

    type private Check = Path -> objnull -> Problem list

    let private numberAllowed (rules: Rules) =
        match rules.Minimum, rules.Maximum with
        | Some least, Some most -> $"be a number from %d{least} to %d{most}"
        | Some least, None -> $"be a number of %d{least} or more"
        | None, Some most -> $"be a number of %d{most} or less"
        | None, None -> "be a number"

    let private sizeAllowed (rules: Rules) what =
        match rules.MinLength, rules.MaxLength with
        | Some least, Some most -> $"have from %d{least} to %d{most} %s{what}"
        | Some least, None -> $"have at least %d{least} %s{what}"
        | None, Some most -> $"have at most %d{most} %s{what}"
        | None, None -> $"have %s{what}"

    let private within (least: int option) (most: int option) (value: int64) =
        (least |> Option.forall (fun least -> value >= int64 least))
        && (most |> Option.forall (fun most -> value <= int64 most))

    let private number (rules: Rules) : Check =
        fun path value ->
            let number =
                match value with
                | :? int as number -> Some(int64 number)
                | :? int64 as number -> Some number
                | _ -> None

            match number with
            | Some number when not (within rules.Minimum rules.Maximum number) -> [
                Problem.make (Path.text path) (string number) (numberAllowed rules)
              ]
            | _ -> []

    let private size (rules: Rules) what (shown: unit -> string) count path =
        if within rules.MinLength rules.MaxLength (int64 count) then
            []
        else
            [ Problem.make (Path.text path) (shown ()) (sizeAllowed rules what) ]

    let private quoted (text: string) = Json.print (Json.string text)

    /// `$` is the end of the text, as in RE2; .NET would also take it before a last line feed.
    let private expression (pattern: string) =
        let pattern =
            if pattern.EndsWith '$' then pattern.Substring(0, pattern.Length - 1) + @"\z" else pattern

        Regex(pattern, RegexOptions.CultureInvariant)

    let private text (rules: Rules) : Check =
        let pattern = rules.Pattern |> Option.map (fun (pattern, words) -> expression pattern, words)

        fun path value ->
            match value with
            | :? string as text ->
                // A text of any length could keep an expression busy for ever.
                match size rules "characters" (fun () -> quoted text) text.Length path, pattern with
                | [], Some(expression, words) when not (expression.IsMatch text) -> [
                    Problem.make (Path.text path) (quoted text) ("be " + words)
                  ]
                | problems, _ -> problems
            | _ -> []

    let private duplicates (rules: Rules) (item: Shape) : Path -> objnull list -> Problem list =
        let key: (objnull -> string) option =
            match rules.MapKey, rules.Set, item with
            | Some name, _, Shape.Record record ->
                let index = record.Fields |> List.findIndex (fun field -> field.Name = name)
                Some(fun item -> $"{(record.Parts item)[index]}")
            | _, true, _ -> Some(fun item -> $"{item}")
            | _ -> None

        match key with
        | None -> fun _ _ -> []
        | Some key ->
            fun path items ->
                items
                |> List.mapi (fun index item -> key item, index)
                |> List.groupBy fst
                |> List.collect (fun (key, found) ->
                    found
                    |> List.tail
                    |> List.map (fun (_, index) ->
                        Problem.make
                            (Path.text (Path.item index path))
                            (quoted key)
                            "differ from all others of the list"))

    let rec private check (rules: Rules) (shape: Shape) : Check =
        match shape with
        | Shape.Anything -> fun _ _ -> []
        | Shape.Scalar _ ->
            let number, text = number rules, text rules
            fun path value -> number path value @ text path value
        | Shape.Texts ->
            fun path value ->
                let map = unbox<Map<string, string>> value
                size rules "keys" (fun () -> Json.print (Json.ofMap map)) map.Count path
        | Shape.List(item, wrapping) ->
            let same = duplicates rules item

            let one = check { rules with MinLength = None; MaxLength = None; Pattern = None } item

            fun path value ->
                let items = wrapping.Unwrap value
                let count = List.length items

                [
                    yield! size rules "items" (fun () -> $"a list of %d{count}") count path
                    yield! same path items
                    yield!
                        items
                        |> List.mapi (fun index item -> one (Path.item index path) item)
                        |> List.concat
                ]
        | Shape.Record record -> fields record

    and private fields (record: RecordShape) : Check =
        let checks = record.Fields |> List.map field |> Array.ofList

        fun path value ->
            let parts = record.Parts value
            List.concat [ for index in 0 .. checks.Length - 1 -> checks[index] path parts[index] ]

    and private field (field: Field) : Check =
        let inner = check field.Rules field.Shape

        let inner: Check = if field.Inline then inner else fun path value -> inner (field.Name :: path) value

        match field.Option with
        | Some wrapping -> fun path value -> wrapping.Unwrap value |> List.collect (inner path)
        | None -> inner

    let private immutableText = "stay as it was at creation"

    /// Compares the fields that may not change after creation.
    let rec private unchanged (shape: RecordShape) : Path -> objnull -> objnull -> Problem list =
        let comparisons =
            shape.Fields
            |> List.mapi (fun index field ->
                match field.Shape with
                | _ when field.Rules.Immutable ->
                    let write =
                        Writer.compile { shape with Fields = [ field ]; Parts = fun part -> [| part |] }

                    fun path (old: objnull) (now: objnull) ->
                        let shown part =
                            write part
                            |> Json.tryField field.Name
                            |> Option.map Json.print
                            |> Option.defaultValue "absent"

                        if Object.Equals(old, now) then
                            []
                        else
                            [
                                Problem.make
                                    (Path.text (field.Name :: path))
                                    (shown now)
                                    $"%s{immutableText} (%s{shown old})"
                            ]
                | Shape.Record inner when Option.isNone field.Option ->
                    let compare = unchanged inner

                    fun path old now -> compare (if field.Inline then path else field.Name :: path) old now
                | _ -> fun _ _ _ -> []
                |> fun compare ->
                    fun path (old: objnull array) (now: objnull array) -> compare path old[index] now[index])

        fun path old now ->
            let old, now = shape.Parts old, shape.Parts now
            comparisons |> List.collect (fun compare -> compare path old now)

    /// Compiles the checks of a record type.
    let compile (shape: RecordShape) : Path -> objnull -> Problem list = fields shape

    /// Compiles the comparison of an old with a new record: what was to stay and did not.
    let compileUpdate (shape: RecordShape) : Path -> objnull -> objnull -> Problem list = unchanged shape
