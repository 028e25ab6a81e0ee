namespace Tikv.Simulator.Kubernetes

open System
open System.Collections.Generic
open System.Globalization
open System.Text.RegularExpressions
open Tikv.Core

/// One `x-kubernetes-validations` rule.
type Rule = {
    Text: string
    /// None when the rule is beyond the evaluator: it is then taken to hold.
    Expression: Cel option
    ComparesWithOld: bool
    Message: string option
    MessageExpression: Cel option
    Reason: string
    FieldPath: string
}

/// How a list merges (`x-kubernetes-list-type`).
type ListKind =
    | Atomic
    | Set
    | Keyed of Keys: string list

/// An OpenAPI v3 schema, prepared for quick use.
type Schema = {
    /// Empty when the schema does not say.
    Type: string
    Properties: IReadOnlyDictionary<string, Schema>
    Additional: Schema option
    Items: Schema option
    Required: string list
    Enum: Json list
    Pattern: Regex option
    Format: string
    Minimum: decimal option
    Maximum: decimal option
    ExclusiveMinimum: bool
    ExclusiveMaximum: bool
    MultipleOf: decimal option
    MinLength: int option
    MaxLength: int option
    MinItems: int option
    MaxItems: int option
    MinProperties: int option
    MaxProperties: int option
    Nullable: bool
    Default: Json option
    IntOrString: bool
    PreservesUnknown: bool
    Embedded: bool
    ListKind: ListKind
    AtomicMap: bool
    Rules: Rule list
    AllOf: Schema list
    AnyOf: Schema list
    OneOf: Schema list
    Not: Schema option
    /// Whether anything in it, at any depth, has a default: else defaulting is skipped.
    HasDefaults: bool
    /// The same for rules.
    HasRules: bool
}

[<RequireQualifiedAccess>]
module Schemas =

    let private number field json =
        match Json.tryField field json with
        | Some(Json.Number text) ->
            match Decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, value -> Some value
            | false, _ -> None
        | _ -> None

    let private flag field json =
        Json.tryField field json |> Option.bind Json.asBool |> Option.defaultValue false

    let private text field json =
        Json.tryField field json |> Option.bind Json.asString |> Option.defaultValue ""

    let private regex (pattern: string) =
        try
            Some(Regex(pattern, RegexOptions.CultureInvariant))
        with :? ArgumentException ->
            None

    let private rule json =
        let rule = text "rule" json
        let parsed = CelSyntax.parse rule

        {
            Text = rule
            Expression = Result.toOption parsed
            ComparesWithOld =
                match parsed with
                | Ok expression -> CelSyntax.usesOld expression
                | Error _ -> false
            Message = Json.stringAt [ "message" ] json
            MessageExpression =
                Json.stringAt [ "messageExpression" ] json
                |> Option.bind (CelSyntax.parse >> Result.toOption)
            Reason = text "reason" json
            FieldPath = text "fieldPath" json
        }

    let rec compile (json: Json) : Schema =
        let many field = Json.itemsAt [ field ] json |> List.map compile

        let one field =
            match Json.tryField field json with
            | Some(Json.Object _ as inner) -> Some(compile inner)
            | _ -> None

        let properties = Dictionary<string, Schema>(StringComparer.Ordinal)

        for key, value in Json.membersAt [ "properties" ] json do
            properties[key] <- compile value

        let additional = one "additionalProperties"
        let items = one "items"
        let fallback = Json.tryField "default" json

        {
            Type = text "type" json
            Properties = properties
            Additional = additional
            Items = items
            Required = Json.itemsAt [ "required" ] json |> List.choose Json.asString
            Enum = Json.itemsAt [ "enum" ] json
            Pattern = Json.stringAt [ "pattern" ] json |> Option.bind regex
            Format = text "format" json
            Minimum = number "minimum" json
            Maximum = number "maximum" json
            ExclusiveMinimum = flag "exclusiveMinimum" json
            ExclusiveMaximum = flag "exclusiveMaximum" json
            MultipleOf = number "multipleOf" json
            MinLength = Json.intAt [ "minLength" ] json
            MaxLength = Json.intAt [ "maxLength" ] json
            MinItems = Json.intAt [ "minItems" ] json
            MaxItems = Json.intAt [ "maxItems" ] json
            MinProperties = Json.intAt [ "minProperties" ] json
            MaxProperties = Json.intAt [ "maxProperties" ] json
            Nullable = flag "nullable" json
            Default = fallback
            IntOrString = flag "x-kubernetes-int-or-string" json
            PreservesUnknown = flag "x-kubernetes-preserve-unknown-fields" json
            Embedded = flag "x-kubernetes-embedded-resource" json
            ListKind =
                match text "x-kubernetes-list-type" json with
                | "set" -> Set
                | "map" ->
                    Keyed(Json.itemsAt [ "x-kubernetes-list-map-keys" ] json |> List.choose Json.asString)
                | _ -> Atomic
            AtomicMap = text "x-kubernetes-map-type" json = "atomic"
            Rules = Json.itemsAt [ "x-kubernetes-validations" ] json |> List.map rule
            AllOf = many "allOf"
            AnyOf = many "anyOf"
            OneOf = many "oneOf"
            Not = one "not"
            HasDefaults =
                fallback.IsSome
                || properties.Values |> Seq.exists _.HasDefaults
                || additional |> Option.exists _.HasDefaults
                || items |> Option.exists _.HasDefaults
            HasRules =
                not (List.isEmpty (Json.itemsAt [ "x-kubernetes-validations" ] json))
                || properties.Values |> Seq.exists _.HasRules
                || additional |> Option.exists _.HasRules
                || items |> Option.exists _.HasRules
        }

    /// Rules, at any depth, that the evaluator does not understand, with why.
    let rec unsupportedRules (schema: Schema) : (string * string) list = [
        for rule in schema.Rules do
            match CelSyntax.parse rule.Text with
            | Ok _ -> ()
            | Error problem -> rule.Text, problem

        for property in schema.Properties.Values do
            yield! unsupportedRules property

        for inner in Option.toList schema.Additional @ Option.toList schema.Items do
            yield! unsupportedRules inner
    ]

    /// Fills in what is absent from the defaults. A null stands for absent where null is not allowed.
    let rec withDefaults (schema: Schema) (json: Json) : Json =
        if not schema.HasDefaults then
            json
        else
            match json with
            | Json.Object members ->
                let kept =
                    members
                    |> List.choose (fun (key, value) ->
                        match schema.Properties.TryGetValue key with
                        | true, property when
                            value = Json.Null && not property.Nullable && property.Default.IsSome
                            ->
                            None
                        | true, property -> Some(key, withDefaults property value)
                        | false, _ ->
                            match schema.Additional with
                            | Some additional -> Some(key, withDefaults additional value)
                            | None -> Some(key, value))

                let missing = [
                    for KeyValue(key, property) in schema.Properties do
                        match property.Default with
                        | Some fallback when
                            not (kept |> List.exists (fun (name, _) -> String.Equals(name, key)))
                            ->
                            key, withDefaults property fallback
                        | _ -> ()
                ]

                Json.Object(if List.isEmpty missing then kept else kept @ missing)
            | Json.Array items ->
                match schema.Items with
                | Some inner when inner.HasDefaults -> Json.Array(items |> List.map (withDefaults inner))
                | _ -> json
            | json -> json

    let private join (path: string) (name: string) = if path = "" then name else path + "." + name

    let private isEmbeddedField key = key = "apiVersion" || key = "kind" || key = "metadata"

    let private isPruned (schema: Schema) =
        schema.Type = "object"
        || schema.Properties.Count > 0
        || schema.Additional.IsSome
        || schema.Type = ""

    /// Nothing in it would be taken away: so it is with nearly all that is written.
    let rec private isKnown root (schema: Schema) (json: Json) : bool =
        match json with
        | Json.Object members when isPruned schema -> areKnown root schema members
        | Json.Array items ->
            match schema.Items with
            | Some inner -> items |> List.forall (isKnown false inner)
            | None -> true
        | _ -> true

    and private areKnown root schema members : bool =
        match members with
        | [] -> true
        | (key, value) :: rest ->
            (match schema.Properties.TryGetValue key with
             | _ when (root || schema.Embedded) && isEmbeddedField key -> true
             | true, property -> isKnown false property value
             | false, _ ->
                 match schema.Additional with
                 | Some additional -> isKnown false additional value
                 | None -> schema.PreservesUnknown || schema.IntOrString)
            && areKnown root schema rest

    let private pruned (schema: Schema) (json: Json) : struct (Json * string list) =
        let unknown = ResizeArray<string>()

        let rec go path root (schema: Schema) (json: Json) =
            match json with
            | Json.Object members when isPruned schema ->
                let keep (key, value) =
                    match schema.Properties.TryGetValue key with
                    | _ when (root || schema.Embedded) && isEmbeddedField key -> Some(key, value)
                    | true, property -> Some(key, go (join path key) false property value)
                    | false, _ ->
                        match schema.Additional with
                        | Some additional -> Some(key, go (join path key) false additional value)
                        | None when schema.PreservesUnknown || schema.IntOrString -> Some(key, value)
                        | None ->
                            unknown.Add(join path key)
                            None

                Json.Object(members |> List.choose keep)
            | Json.Array items ->
                match schema.Items with
                | Some inner ->
                    Json.Array(
                        items
                        |> List.mapi (fun i item -> go (path + "[" + string i + "]") false inner item)
                    )
                | None -> json
            | json -> json

        let pruned = go "" true schema json
        struct (pruned, List.ofSeq unknown)

    /// Takes away what the schema does not know. Also tells the paths of what it took, each as `spec.foo`.
    let prune (schema: Schema) (json: Json) : struct (Json * string list) =
        if isKnown true schema json then struct (json, []) else pruned schema json
