namespace Tikv.Core.Api

open Tikv.Core

/// The structural schema (apiextensions.k8s.io/v1) of a record, from its attributes.
[<RequireQualifiedAccess>]
module Schema =

    let private celRules (rules: (string * string) list) =
        match rules with
        | [] -> []
        | rules -> [
            "x-kubernetes-validations",
            Json.array [
                for rule, message in rules ->
                    Json.object [ "rule", Json.string rule; "message", Json.string message ]
            ]
          ]

    let private limits (shape: Shape) (rules: Rules) =
        let least, most =
            match shape with
            | Shape.List _ -> "minItems", "maxItems"
            | Shape.Texts -> "minProperties", "maxProperties"
            | Shape.Scalar _
            | Shape.Anything
            | Shape.Record _ -> "minLength", "maxLength"

        [
            for name, value in
                [
                    "minimum", rules.Minimum
                    "maximum", rules.Maximum
                    least, rules.MinLength
                    most, rules.MaxLength
                ] do
                match value with
                | Some value -> name, Json.int value
                | None -> ()

            match rules.Pattern with
            | Some(pattern, _) -> "pattern", Json.string pattern
            | None -> ()

            match rules.MapKey with
            | Some key ->
                "x-kubernetes-list-type", Json.string "map"
                "x-kubernetes-list-map-keys", Json.strings [ key ]
            | None when rules.Set -> "x-kubernetes-list-type", Json.string "set"
            | None ->
                match shape with
                | Shape.List _ -> "x-kubernetes-list-type", Json.string "atomic"
                | _ -> ()
        ]

    /// An absent object that has defaults within has to be made before they are filled in.
    let rec private hasDefaults (field: Field) =
        match field.Shape with
        | _ when Option.isSome field.Option || field.Rules.Required -> false
        | Shape.Record record -> Shape.fields record |> List.exists hasDefaults
        | _ -> Option.isSome field.Rules.Default

    let private withDescription (doc: string) members =
        if doc = "" then members else ("description", Json.string doc) :: members

    let rec private members (shape: Shape) : (string * Json) list =
        match shape with
        | Shape.Scalar scalar -> scalar.Schema
        | Shape.Anything -> [
            "type", Json.string "object"
            "x-kubernetes-preserve-unknown-fields", Json.bool true
          ]
        | Shape.Texts -> [
            "type", Json.string "object"
            "additionalProperties", Json.object [ "type", Json.string "string" ]
          ]
        | Shape.List(item, _) -> [
            "type", Json.string "array"
            "items",
            Json.object (
                match item with
                | Shape.Record record -> withDescription record.Rules.Doc (members item)
                | _ -> members item
            )
          ]
        | Shape.Record record -> recordMembers record

    and private field (field: Field) : string * Json =
        let default' =
            match field.Rules.Default, field.Shape with
            | Some value, _ -> [ "default", value ]
            | None, Shape.Record _ when hasDefaults field -> [ "default", Json.empty ]
            | None, _ -> []

        let immutable =
            if field.Rules.Immutable then
                [ "self == oldSelf", $"%s{field.Name} cannot be changed after creation" ]
            else
                []

        field.Name,
        Json.object (
            withDescription
                field.Rules.Doc
                (default'
                 @ limits field.Shape field.Rules
                 @ merge (members field.Shape) (immutable @ field.Rules.Cel))
        )

    /// Rules of the field join those of its record.
    and private merge (members: (string * Json) list) (rules: (string * string) list) =
        match celRules rules with
        | [] -> members
        | (name, added) :: _ ->
            match Json.tryField name (Json.Object members) with
            | Some found ->
                Json.asMembers (
                    Json.withField
                        name
                        (Json.array (Json.itemsAt [] added @ Json.itemsAt [] found))
                        (Json.Object members)
                )
                |> Option.defaultValue members
            | None -> members @ [ name, added ]

    and private recordMembers (record: RecordShape) : (string * Json) list =
        let fields = Shape.fields record |> List.sortBy _.Name

        let required =
            fields
            |> List.filter (fun field -> field.Rules.Required && Option.isNone field.Option)
            |> List.map _.Name

        // A rule on a field is not asked when the field comes or goes: that is for the object that holds it.
        let presence =
            fields
            |> List.filter (fun field -> field.Rules.Immutable && not field.Rules.Required)
            |> List.map (fun field ->
                $"has(self.%s{field.Name}) == has(oldSelf.%s{field.Name})",
                $"%s{field.Name} can be neither added nor taken away after creation")

        let rules =
            record.Rules.Cel
            @ [
                for inner in record.Fields do
                    match inner.Shape with
                    | Shape.Record shape when inner.Inline -> yield! shape.Rules.Cel
                    | _ -> ()
            ]
            @ presence

        [
            "type", Json.string "object"
            "properties", Json.object (List.map field fields)

            if not (List.isEmpty required) then
                "required", Json.strings required

            yield! celRules rules
        ]

    /// The schema of a record.
    let ofRecord (record: RecordShape) : Json =
        Json.object (withDescription record.Rules.Doc (recordMembers record))
