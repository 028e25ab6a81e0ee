/// Values of the vocabulary as trees: what has its ordinary value is left out.
module Tikv.Simulator.Files.Writer

open System.Collections
open Microsoft.FSharp.Reflection
open Tikv.Core

let private isOrdinary (slot: Shapes.Slot) (value: objnull) =
    match slot.Default with
    | ValueSome ordinary -> obj.Equals(ordinary, value)
    | ValueNone -> false

let rec private write (one: System.Type) (value: objnull) : Json =
    match Shapes.of' one, value with
    | Shapes.Text, (:? string as text) -> Json.String text
    | Shapes.Whole, (:? int as number) -> Json.int number
    | Shapes.Unsigned, (:? uint64 as number) -> Json.uint64 number
    | Shapes.Flag, (:? bool as flag) -> Json.Bool flag
    | Shapes.Span, (:? int64 as milliseconds) -> Json.String(Spans.print milliseconds)
    | Shapes.Tree, (:? Json as tree) -> tree
    | Shapes.Merges, (:? ((string * Json) list) as merges) ->
        Json.Array [
            for target, body in merges -> Json.object [ "target", Json.String target; "with", body ]
        ]
    | Shapes.Choice words, value ->
        words
        |> List.find (fun (_, one) -> obj.Equals(one, value))
        |> fst
        |> Json.String
    | Shapes.Optional _, null -> Json.String Shapes.everything
    | Shapes.Optional inner, value ->
        let _, fields = FSharpValue.GetUnionFields(Unchecked.nonNull value, one)
        write inner fields[0]
    | Shapes.Items inner, (:? IEnumerable as items) -> Json.Array [ for item in items -> write inner item ]
    | Shapes.Record(slots, _, take), value ->
        List.zip slots (take value |> List.ofArray)
        |> List.collect (fun (slot, value) ->
            match Shapes.of' slot.Type with
            | Shapes.Union cases when slot.Spliced -> keys cases value
            | _ when isOrdinary slot value -> []
            | _ -> [ slot.Name, write slot.Type value ])
        |> Json.Object
    | Shapes.Union cases, value ->
        let case, fields = caseOf cases value

        if Shapes.isBare case && List.forall2 isOrdinary case.Slots fields then
            Json.String case.Word
        else
            Json.Object(keys cases value)
    | (Shapes.Text | Shapes.Whole | Shapes.Unsigned | Shapes.Flag | Shapes.Span | Shapes.Tree | Shapes.Merges | Shapes.Items _),
      other -> invalidOp $"%A{other} is no %s{one.Name}"

and private caseOf (cases: Shapes.Case list) value =
    cases
    |> List.pick (fun case -> case.Take value |> Option.map (fun fields -> case, List.ofArray fields))

/// The word with what stands behind it, and the other fields beside it.
and private keys (cases: Shapes.Case list) value : (string * Json) list =
    let case, fields = caseOf cases value
    let isHead (slot: Shapes.Slot) = case.Head |> Option.exists (fun head -> head.Name = slot.Name)

    let head, others = List.zip case.Slots fields |> List.partition (fst >> isHead)

    [
        for slot, value in head do
            case.Word, write slot.Type value
        for slot, value in others do
            if not (isOrdinary slot value) then
                slot.Name, write slot.Type value
    ]

let toTree<'Value> (value: 'Value) : Json = write typeof<'Value> (box value)
