/// Holds objects to the CEL rules of a schema.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.SchemaRules

open Tikv.Core

let private broken path (schema: Schema) (rule: Rule) names : Errors.Cause =
    let fallback =
        match rule.Message with
        | Some message -> message
        | None -> "failed rule: " + rule.Text

    let message =
        match rule.MessageExpression |> Option.map (CelEvaluation.evaluate names) with
        | Some(Ok(Json.String message)) -> message
        | _ -> fallback

    let path = if rule.FieldPath = "" then path else path + rule.FieldPath
    let path = if path.StartsWith '.' then path.Substring 1 else path
    let path = if path = "" then "<nil>" else path // so Go prints the path of the whole object
    let kind = if schema.Type = "" then "object" else schema.Type

    match rule.Reason with
    | "FieldValueForbidden" -> Causes.forbidden path message
    | "FieldValueRequired" -> Causes.requiredBecause path message
    | "FieldValueDuplicate" -> Causes.duplicate path ("\"" + kind + "\"")
    | _ -> Causes.invalidText path kind message

let private isTrue json = json = Json.Bool true

let rec private rules
    path
    (schema: Schema)
    (old: Json option)
    (json: Json)
    (found: ResizeArray<Errors.Cause>)
    : unit =
    for rule in schema.Rules do
        match rule.Expression, old with
        | None, _ -> ()
        | Some _, None when rule.ComparesWithOld -> ()
        | Some expression, _ ->
            let names = Map.ofList [ "self", json; "oldSelf", defaultArg old Json.Null ]

            match CelEvaluation.evaluate names expression with
            | Ok value when isTrue value -> ()
            | Ok _ -> found.Add(broken path schema rule names)
            | Error problem ->
                found.Add(
                    Causes.invalidText
                        path
                        schema.Type
                        $"rule evaluation error: %s{problem}, rule: %s{rule.Text}"
                )

    match json with
    | Json.Object members ->
        for key, value in members do
            let inner =
                match schema.Properties.TryGetValue key with
                | true, property -> Some property
                | false, _ -> schema.Additional

            match inner with
            | Some inner when inner.HasRules ->
                rules (SchemaValidation.join path key) inner (Option.bind (Json.tryField key) old) value found
            | _ -> ()
    | Json.Array items ->
        match schema.Items with
        | Some inner when inner.HasRules ->
            // items of other lists cannot be told to be the same ones
            let previous item =
                match schema.ListKind, old with
                | Keyed keys, Some(Json.Array olds) ->
                    olds
                    |> List.tryFind (fun old ->
                        SchemaValidation.identity keys old = SchemaValidation.identity keys item)
                | _ -> None

            items
            |> List.iteri (fun index item ->
                rules (path + "[" + string index + "]") inner (previous item) item found)
        | _ -> ()
    | _ -> ()

/// Causes from the CEL rules; the old object is there on updates.
let transition (schema: Schema) (old: Json option) (json: Json) : Errors.Cause list =
    if schema.HasRules then
        let found = ResizeArray()
        rules "" schema old json found
        List.ofSeq found
    else
        []
