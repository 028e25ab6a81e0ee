/// Reads values of the vocabulary out of what a file holds. Everything that is wrong is told, not only the first.
module Tikv.Simulator.Files.Reader

open System
open System.Globalization
open System.Text.RegularExpressions
open Microsoft.FSharp.Reflection
open Tikv.Core

/// A name of an object in a file, to be compared with those that there are.
type Mention = { Role: string; Name: string; Line: int64; Field: string }

/// Where a value stands: its path, and the name of the field that it is the value of, whatever stands before it.
type private Place = { Path: string; Name: string }

/// What is gathered on the way.
type private Notes() =
    member val Problems = ResizeArray<Problem>()
    member val Mentions = ResizeArray<Mention>()

    member notes.Wrong (node: Node) (place: Place) what : objnull voption =
        notes.Problems.Add { Line = node.Line; Field = place.Path; What = what }
        ValueNone

let private among (words: string seq) = "allowed: " + String.Join(", ", words)

let private within (place: Place) name = {
    Path = if place.Path = "" then name else place.Path + "." + name
    Name = name
}

let private item (place: Place) index = { place with Path = $"%s{place.Path}[%d{index}]" }

let private told (node: Node) =
    match node.Value with
    | Scalar("", false) -> "nothing"
    | Scalar(text, _) -> $"`%s{text}`"
    | Sequence _ -> "a list"
    | Mapping _ -> "an object"

/// Names whose objects must be there.
let private roles = set [ "target"; "pod"; "runs"; "group"; "former"; "node"; "claim"; "zone" ]

/// The least and the most that numbers of a name may be.
let private bounds =
    Map [
        "nth", (1, Int32.MaxValue)
        "multiple", (1, Int32.MaxValue)
        "percent", (1, 100)
        "pd", (1, 9)
        "tikv", (1, 1_000)
        "nodesPerZone", (1, 1_000)
        "regions", (1, 1_000_000)
        "maxReplicas", (1, 9)
        "operators", (1, 9)
        "code", (0, 599)
    ]

/// The bounds of a number by the name of its field.
let boundsOf (name: string) = Map.tryFind name bounds |> Option.defaultValue (0, Int32.MaxValue)

let private number = Regex @"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$"

/// As YAML 1.2 reads it.
let rec json (node: Node) : Json =
    match node.Value with
    | Scalar(text, true) -> Json.String text
    | Scalar(("" | "~" | "null"), false) -> Json.Null
    | Scalar("true", false) -> Json.Bool true
    | Scalar("false", false) -> Json.Bool false
    | Scalar(text, false) when number.IsMatch text -> Json.Number text
    | Scalar(text, false) -> Json.String text
    | Sequence items -> Json.Array(List.map json items)
    | Mapping members -> Json.Object(members |> List.map (fun (key, value) -> key, json value))

let private listOf (one: Type) (items: objnull list) : objnull =
    let list = typedefof<_ list>.MakeGenericType one
    let cases = FSharpType.GetUnionCases list

    List.foldBack
        (fun item rest -> FSharpValue.MakeUnion(cases[1], [| item; rest |]))
        items
        (FSharpValue.MakeUnion(cases[0], [||]))

let private some (one: Type) (value: objnull) : objnull =
    let option = typedefof<_ option>.MakeGenericType one
    FSharpValue.MakeUnion(FSharpType.GetUnionCases(option)[1], [| value |])

/// All of them, or nothing when one is wrong.
let private whole (values: objnull voption list) =
    if values |> List.forall _.IsSome then ValueSome(values |> List.map _.Value) else ValueNone

let private days = set [ "validFrom"; "validUntil" ]

let private isDay (text: string) =
    DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None)
    |> fst

let private text (notes: Notes) (field: Place) (node: Node) =
    match node.Value with
    | Scalar(text, quoted) when text <> "" || quoted ->
        if roles.Contains field.Name then
            notes.Mentions.Add { Role = field.Name; Name = text; Line = node.Line; Field = field.Path }

        if days.Contains field.Name && not (isDay text) then
            notes.Wrong node field $"`%s{text}` is no day; allowed: a day such as 2026-01-31"
        else
            ValueSome(box text)
    | _ -> notes.Wrong node field $"%s{told node} is not a text"

let private whole' (notes: Notes) (field: Place) (node: Node) =
    let least, most = boundsOf field.Name

    let allowed =
        if most = Int32.MaxValue then
            $"a whole number from %d{least} on"
        else
            $"a whole number from %d{least} to %d{most}"

    match node.Value with
    | Scalar(text, false) ->
        match Int32.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
        | true, number when number >= least && number <= most -> ValueSome(box number)
        | _ -> notes.Wrong node field $"`%s{text}` is not one; allowed: %s{allowed}"
    | _ -> notes.Wrong node field $"%s{told node} is not a number; allowed: %s{allowed}"

let private unsigned (notes: Notes) field (node: Node) =
    match node.Value with
    | Scalar(text, false) when fst (UInt64.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture)) ->
        ValueSome(box (UInt64.Parse(text, CultureInfo.InvariantCulture)))
    | _ -> notes.Wrong node field $"%s{told node} is not one; allowed: a whole number from 0 on"

let private flag (notes: Notes) field (node: Node) =
    match node.Value with
    | Scalar("true", false) -> ValueSome(box true)
    | Scalar("false", false) -> ValueSome(box false)
    | _ -> notes.Wrong node field $"%s{told node} is not one of them; allowed: true, false"

/// Only a clock jumps back.
let private span (notes: Notes) (field: Place) (node: Node) =
    let wrong () =
        notes.Wrong
            node
            field
            $"%s{told node} is not a duration; allowed: numbers with d, h, m, s or ms, such as 90s, 5m, 2h30m"

    match node.Value with
    | Scalar(text, _) ->
        match Spans.tryParse text with
        | Some milliseconds when milliseconds >= 0L || field.Name = "by" -> ValueSome(box milliseconds)
        | Some _ -> notes.Wrong node field $"`%s{text}` is negative; allowed: durations from 0s on"
        | None -> wrong ()
    | _ -> wrong ()

let rec private read (notes: Notes) (field: Place) (one: Type) (node: Node) : objnull voption =
    match Shapes.of' one with
    | Shapes.Text -> text notes field node
    | Shapes.Whole -> whole' notes field node
    | Shapes.Unsigned -> unsigned notes field node
    | Shapes.Flag -> flag notes field node
    | Shapes.Span -> span notes field node
    | Shapes.Tree -> ValueSome(box (json node))
    | Shapes.Merges -> merges notes field node
    | Shapes.Choice words -> choice notes field words node
    | Shapes.Optional inner ->
        match node.Value with
        | Scalar(text, _) when
            text = Shapes.everything
            && (field.Name = "zone" || not (Shapes.of' inner).IsText)
            ->
            ValueSome null
        | _ -> read notes field inner node |> ValueOption.map (some inner)
    | Shapes.Items inner ->
        match node.Value with
        | Sequence items ->
            items
            |> List.mapi (fun index -> read notes (item field index) inner)
            |> whole
            |> ValueOption.map (listOf inner)
        | _ -> notes.Wrong node field $"%s{told node} is not a list"
    | Shapes.Record(slots, make, _) -> record notes field slots make node
    | Shapes.Union cases -> union notes field cases node

and private choice (notes: Notes) (field: Place) (words: (string * objnull) list) (node: Node) =
    match node.Value with
    | Scalar(text, _) ->
        match words |> List.tryFind (fun (word, _) -> word = text) with
        | Some(_, value) -> ValueSome value
        | None -> notes.Wrong node field $"`%s{text}` is not one of them; %s{among (List.map fst words)}"
    | _ -> notes.Wrong node field $"%s{told node} is not one of them; %s{among (List.map fst words)}"

and private merges (notes: Notes) (field: Place) (node: Node) =
    let merge index (node: Node) : objnull voption =
        let field = item field index

        match node.Value with
        | Mapping [ ("target", target); ("with", body) ]
        | Mapping [ ("with", body); ("target", target) ] ->
            match text notes (within field "target") target with
            | ValueSome target -> ValueSome(box (string target, json body))
            | ValueNone -> ValueNone
        | _ ->
            notes.Wrong node field $"%s{told node} is no such change; allowed: an object of target and with"

    match node.Value with
    | Sequence items ->
        match items |> List.mapi merge |> whole with
        | ValueSome items -> ValueSome(box (items |> List.map unbox<string * Json>))
        | ValueNone -> ValueNone
    | _ -> notes.Wrong node field $"%s{told node} is not a list"

/// The values of slots by what the members hold; what no slot takes is wrong.
and private slots
    (notes: Notes)
    (field: Place)
    (node: Node)
    (wanted: Shapes.Slot list)
    (members: (string * Node) list)
    =
    for name, value in members do
        if not (wanted |> List.exists (fun slot -> slot.Name = name)) then
            notes.Wrong
                value
                (within field name)
                $"there is no such field here; %s{among (wanted |> List.map _.Name)}"
            |> ignore

    wanted
    |> List.map (fun slot ->
        match members |> List.tryFind (fun (name, _) -> name = slot.Name), slot.Default with
        | Some(_, value), _ -> slot, read notes (within field slot.Name) slot.Type value
        | None, ValueSome value -> slot, ValueSome value
        | None, ValueNone -> slot, notes.Wrong node (within field slot.Name) "it is missing")

and private record (notes: Notes) (field: Place) (slots': Shapes.Slot list) make (node: Node) =
    match node.Value with
    | Mapping members ->
        let spliced = slots' |> List.filter _.Spliced
        let plain = slots' |> List.filter (fun slot -> not slot.Spliced)

        let own, others =
            members
            |> List.partition (fun (name, _) -> plain |> List.exists (fun slot -> slot.Name = name))

        let values =
            match spliced with
            | [] -> slots notes field node plain members
            | _ ->
                (spliced
                 |> List.map (fun slot ->
                     slot, read notes field slot.Type { node with Value = Mapping others }))
                @ slots notes field node plain own

        slots'
        |> List.map (fun slot -> values |> List.find (fun (one, _) -> one.Name = slot.Name) |> snd)
        |> whole
        |> ValueOption.map (fun values -> make (Array.ofList values))
    | _ -> notes.Wrong node field $"%s{told node} is not an object of %s{among (slots' |> List.map _.Name)}"

and private union (notes: Notes) (field: Place) (cases: Shapes.Case list) (node: Node) =
    let words = cases |> List.map _.Word
    let bare = cases |> List.filter Shapes.isBare |> List.map _.Word

    match node.Value with
    | Scalar(text, _) ->
        match cases |> List.tryFind (fun case -> case.Word = text) with
        | Some case when Shapes.isBare case ->
            ValueSome(case.Make(case.Slots |> List.map _.Default.Value |> Array.ofList))
        | Some case ->
            let fields = case.Slots |> List.map _.Name

            notes.Wrong
                node
                field
                $"""`%s{text}` alone says too little; it has the fields %s{String.Join(", ", fields)}"""
        | None -> notes.Wrong node field $"`%s{text}` is not one of them; %s{among bare}, or an object"
    | Mapping members ->
        match members |> List.filter (fun (name, _) -> List.contains name words) with
        | [ word, head ] ->
            let case = cases |> List.find (fun case -> case.Word = word)
            let rest = members |> List.filter (fun (name, _) -> name <> word)

            match case.Head with
            | None -> notes.Wrong node (within field word) "it stands alone, without a value"
            | Some slot ->
                let place = { within field word with Name = slot.Name }
                let head = slot, read notes place slot.Type head

                let values =
                    head
                    :: slots
                        notes
                        field
                        node
                        (case.Slots |> List.filter (fun one -> one.Name <> slot.Name))
                        rest

                case.Slots
                |> List.map (fun slot -> values |> List.find (fun (one, _) -> one.Name = slot.Name) |> snd)
                |> whole
                |> ValueOption.map (fun values -> case.Make(Array.ofList values))
        | [] ->
            let first =
                members
                |> List.tryHead
                |> Option.map (fun (_, value) -> value)
                |> Option.defaultValue node

            let names = members |> List.map fst
            notes.Wrong first field $"""`%s{String.Join("`, `", names)}` says none of them; %s{among words}"""
        | several ->
            let names = several |> List.map fst

            notes.Wrong
                node
                field
                $"""%s{String.Join(" and ", names)} are said at once; allowed: one of them"""
    | Sequence _ -> notes.Wrong node field $"a list is not one of them; %s{among words}"

/// The value, or all that is wrong with it; and the names that it mentions.
let ofNode<'Value> (node: Node) : Result<'Value, Problem list> * Mention list =
    let notes = Notes()
    let value = read notes { Path = ""; Name = "" } typeof<'Value> node

    let result =
        match value with
        | ValueSome value when notes.Problems.Count = 0 -> Ok(unbox<'Value>(Unchecked.nonNull value))
        | _ -> Error(List.ofSeq notes.Problems)

    result, List.ofSeq notes.Mentions
