/// The JSON schema of scenario files, from the same types as their reader.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Files.Schema

open System
open Tikv.Core
open Tikv.Simulator.Scenarios

let private said (about: string) members =
    Json.Object(members @ (if about = "" then [] else [ "description", Json.String about ]))

let private reference (one: Type) = Json.object [ "$ref", Json.String("#/$defs/" + one.Name) ]
let private oneOf (words: string list) = Json.object [ "enum", Json.strings words ]

let private any (options: Json list) =
    match options with
    | [ one ] -> one
    | options -> Json.object [ "anyOf", Json.Array options ]

let private typed (name: string) members = Json.Object(("type", Json.String name) :: members)

let private closed (properties: (string * Json) list) (required: string list) =
    typed "object" [
        "properties", Json.object properties
        if not required.IsEmpty then
            "required", Json.strings required
        "additionalProperties", Json.Bool false
    ]

let private isNamed (shape: Shapes.Shape) =
    match shape with
    | Shapes.Record _
    | Shapes.Union _
    | Shapes.Choice _ -> true
    | _ -> false

let rec private value (name: string) (one: Type) : Json =
    match Shapes.of' one with
    | Shapes.Text -> typed "string" [ "minLength", Json.int 0 ]
    | Shapes.Whole ->
        let least, most = Reader.boundsOf name

        typed "integer" [
            "minimum", Json.int least
            if most < Int32.MaxValue then
                "maximum", Json.int most
        ]
    | Shapes.Unsigned -> typed "integer" [ "minimum", Json.int 0 ]
    | Shapes.Flag -> typed "boolean" []
    | Shapes.Span -> typed "string" [ "pattern", Json.String Spans.pattern; "minLength", Json.int 2 ]
    | Shapes.Tree -> Json.Bool true
    | Shapes.Merges ->
        let merge = closed [ "target", typed "string" []; "with", Json.Bool true ] [ "target"; "with" ]
        typed "array" [ "items", merge ]
    | Shapes.Optional inner ->
        if (Shapes.of' inner).IsText then
            value name inner
        else
            any [ value name inner; oneOf [ Shapes.everything ] ]
    | Shapes.Items inner -> typed "array" [ "items", value name inner ]
    | Shapes.Record _
    | Shapes.Union _
    | Shapes.Choice _ -> reference one

let private property (slot: Shapes.Slot) =
    match value slot.Name slot.Type with
    | Json.Object members -> slot.Name, said slot.About members
    | other -> slot.Name, other

let private needed (slots: Shapes.Slot list) = slots |> List.filter _.Default.IsNone |> List.map _.Name

/// The objects that cases are written as, with what stands beside their keys.
let private objects (beside: Shapes.Slot list) (cases: Shapes.Case list) =
    cases
    |> List.choose (fun case ->
        case.Head
        |> Option.map (fun head ->
            let others = case.Slots |> List.filter (fun slot -> slot.Name <> head.Name)

            let word =
                match value head.Name head.Type with
                | Json.Object members -> said case.About members
                | other -> other

            closed
                ((case.Word, word) :: (others @ beside |> List.map property))
                (case.Word :: needed others @ needed beside)))

let private definition (shape: Shapes.Shape) : Json =
    match shape with
    | Shapes.Choice words -> oneOf (List.map fst words)
    | Shapes.Union cases ->
        let bare =
            cases
            |> List.filter Shapes.isBare
            |> List.map (fun case -> said case.About [ "const", Json.String case.Word ])

        any (bare @ objects [] cases)
    | Shapes.Record(slots, _, _) ->
        match slots |> List.filter _.Spliced with
        | [ spliced ] ->
            let beside = slots |> List.filter (fun slot -> not slot.Spliced)

            match Shapes.of' spliced.Type with
            | Shapes.Union cases -> any (objects beside cases)
            | _ -> closed (beside |> List.map property) (needed beside)
        | _ -> closed (slots |> List.map property) (needed slots)
    | other -> invalidOp $"%A{other} has no definition"

/// Every type that a type is written with, itself first.
let rec private reached (found: Type list) (one: Type) : Type list =
    let ofSlots found (slots: Shapes.Slot list) =
        (found, slots) ||> List.fold (fun found slot -> reached found slot.Type)

    match Shapes.of' one with
    | Shapes.Optional inner
    | Shapes.Items inner -> reached found inner
    | shape when not (isNamed shape) || List.contains one found -> found
    | Shapes.Record(slots, _, _) -> ofSlots (found @ [ one ]) slots
    | Shapes.Union cases -> ofSlots (found @ [ one ]) (cases |> List.collect _.Slots)
    | _ -> found @ [ one ]

/// `docs/scenario.schema.json`.
let json: Json Lazy =
    lazy
        (let types =
            reached [] typeof<Story>
            // a spliced trigger is described where it stands
            |> List.filter (fun one -> one <> typeof<Tikv.Simulator.Run.Trigger>)

         Json.object [
             "$schema", Json.String "https://json-schema.org/draft/2020-12/schema"
             "title", Json.String "A scenario of tikv-sim"
             "$ref", Json.String "#/$defs/Story"
             "$defs", Json.object [ for one in types -> one.Name, definition (Shapes.of' one) ]
         ])
