/// Resources made by CustomResourceDefinitions.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.CustomResources

open System
open Tikv.Core

let private text path json = Json.stringAt path json |> Option.defaultValue ""
let private strings path json = Json.itemsAt path json |> List.choose Json.asString

let private scale version =
    Json.tryPath [ "subresources"; "scale" ] version
    |> Option.map (fun scale ->
        text [ "specReplicasPath" ] scale,
        text [ "statusReplicasPath" ] scale,
        Json.stringAt [ "labelSelectorPath" ] scale)

let private column json : PrinterColumn = {
    Name = text [ "name" ] json
    Type = text [ "type" ] json
    JsonPath = text [ "jsonPath" ] json
    Priority = Json.intAt [ "priority" ] json |> Option.defaultValue 0
    Description = text [ "description" ] json
}

/// The name of the kind in lower case, unless the definition gives a singular.
let private singular names =
    match text [ "singular" ] names with
    | "" -> (text [ "kind" ] names).ToLowerInvariant()
    | name -> name

let private resourceType definition version : ResourceType =
    let names = Json.tryPath [ "spec"; "names" ] definition |> Option.defaultValue Json.empty

    {
        Key = {
            Group = text [ "spec"; "group" ] definition
            Version = text [ "name" ] version
            Plural = text [ "plural" ] names
        }
        Singular = singular names
        Kind = text [ "kind" ] names
        ShortNames = strings [ "shortNames" ] names
        Categories = strings [ "categories" ] names
        Namespaced = text [ "spec"; "scope" ] definition <> "Cluster"
        Subresources = [
            for name in [ "status"; "scale" ] do
                if (Json.tryPath [ "subresources" ] version |> Option.bind (Json.tryField name)).IsSome then
                    name
        ]
        ScalePaths = scale version
        Schema = Json.tryPath [ "schema"; "openAPIV3Schema" ] version
        Columns = Json.itemsAt [ "additionalPrinterColumns" ] version |> List.map column
        Custom = true
    }

/// What the schema says; the rules of CEL are asked only of what is otherwise valid.
let strategy (resource: ResourceType) : Strategy =
    match resource.Schema |> Option.map Schemas.compile with
    | None -> {
        Strategies.plain with
            Unconditional = false
            HasGeneration = true
            Shape = Free
            Blank = Json.empty
      }
    | Some schema ->
        let structure = SchemaValidation.structure schema

        let causes json =
            match structure None json with
            | [] -> SchemaRules.transition schema None json
            | causes -> causes

        let changes old json =
            match structure (Some old) json with
            | [] -> SchemaRules.transition schema (Some old) json
            | causes -> causes

        {
            Strategies.plain with
                Prune = Schemas.prune schema
                ByMember = true
                Defaults = SchemaValidation.withoutNulls schema >> Schemas.withDefaults schema
                Causes = causes
                ChangeCauses = changes
                Unconditional = false
                HasGeneration = true
                Shape = Shapes.ofSchema schema
                Blank = Json.empty
        }

/// The resources that a definition makes, with the strategy of each.
let served (definition: Json) : (ResourceType * Strategy) list =
    Json.itemsAt [ "spec"; "versions" ] definition
    |> List.filter (fun version -> Json.boolAt [ "served" ] version = Some true)
    |> List.map (fun version ->
        let resource = resourceType definition version
        resource, strategy resource)

/// CEL rules that are beyond this server, as warnings: they are taken to hold.
let warnings (definition: Json) : string list =
    Json.itemsAt [ "spec"; "versions" ] definition
    |> List.collect (fun version ->
        match Json.tryPath [ "schema"; "openAPIV3Schema" ] version with
        | Some schema ->
            Schemas.unsupportedRules (Schemas.compile schema)
            |> List.map (fun (rule, why) -> $"validation rule is not enforced: %s{rule}: %s{why}")
        | None -> [])

let private kindList names =
    match text [ "listKind" ] names with
    | "" -> text [ "kind" ] names + "List"
    | name -> name

let defaults (definition: Json) : Json =
    let names =
        PodDefaults.inside "names" (fun names ->
            PodDefaults.fill
                [ "singular", Json.String(singular names); "listKind", Json.String(kindList names) ]
                names)

    definition
    |> PodDefaults.inside
        "spec"
        (names
         >> PodDefaults.fill [ "conversion", Json.object [ "strategy", Json.String "None" ] ])

let cleanup = "customresourcecleanup.apiextensions.k8s.io"

/// Names are accepted and the resource established at once; a real server takes a few moments.
let establish (now: DateTimeOffset) (definition: Json) : Json =
    let condition kind reason message =
        Json.object [
            "type", Json.String kind
            "status", Json.String "True"
            "lastTransitionTime", Json.String(Meta.time now)
            "reason", Json.String reason
            "message", Json.String message
        ]

    let stored =
        Json.itemsAt [ "spec"; "versions" ] definition
        |> List.filter (fun version -> Json.boolAt [ "storage" ] version = Some true)
        |> List.map (text [ "name" ])

    let kept = strings [ "status"; "storedVersions" ] definition

    let conditions =
        match Json.itemsAt [ "status"; "conditions" ] definition with
        | [] -> [
            condition "NamesAccepted" "NoConflicts" "no conflicts found"
            condition "Established" "InitialNamesAccepted" "the initial names have been accepted"
          ]
        | conditions -> conditions

    let names = Json.tryPath [ "spec"; "names" ] definition |> Option.defaultValue Json.empty

    let finalizers =
        match Meta.finalizers definition with
        | finalizers when List.contains cleanup finalizers || Meta.isTerminating definition -> finalizers
        | finalizers -> finalizers @ [ cleanup ]

    definition
    |> Meta.setFinalizers finalizers
    |> Json.withField
        "status"
        (Json.object [
            "conditions", Json.Array conditions
            "acceptedNames", names
            "storedVersions", Json.strings (kept @ stored |> List.distinct)
        ])

let private causes (definition: Json) : Errors.Cause list =
    let plural = text [ "spec"; "names"; "plural" ] definition
    let group = text [ "spec"; "group" ] definition
    let versions = Json.itemsAt [ "spec"; "versions" ] definition

    [
        if Meta.name definition <> plural + "." + group then
            Causes.invalidText
                "metadata.name"
                (Meta.name definition)
                "must be spec.names.plural+\".\"+spec.group"

        if group = "" then
            Causes.required "spec.group"

        if text [ "spec"; "names"; "kind" ] definition = "" then
            Causes.required "spec.names.kind"

        match text [ "spec"; "scope" ] definition with
        | "Namespaced"
        | "Cluster" -> ()
        | "" -> Causes.required "spec.scope"
        | other -> Causes.unsupported "spec.scope" ("\"" + other + "\"") [ "Cluster"; "Namespaced" ]

        if
            versions
            |> List.filter (fun version -> Json.boolAt [ "storage" ] version = Some true)
            |> List.length
            <> 1
        then
            Causes.invalid
                "spec.versions"
                (Json.print (Json.Array versions))
                "must have exactly one version marked as storage version"

        for index, version in List.indexed versions do
            if (Json.tryPath [ "schema"; "openAPIV3Schema" ] version).IsNone then
                Causes.requiredBecause
                    $"spec.versions[%d{index}].schema.openAPIV3Schema"
                    "schemas are required"
    ]

let private changes old definition : Errors.Cause list = [
    for path in
        [
            [ "spec"; "group" ]
            [ "spec"; "names"; "plural" ]
            [ "spec"; "names"; "kind" ]
            [ "spec"; "scope" ]
        ] do
        if Json.tryPath path old <> Json.tryPath path definition then
            Causes.immutable
                (String.concat "." path)
                (Json.tryPath path definition |> Option.defaultValue Json.Null |> Causes.printed)
]

/// The strategy of the definitions themselves.
let definitions: Strategy = {
    Strategies.plain with
        Defaults = defaults
        Causes = causes
        ChangeCauses = fun old definition -> causes definition @ changes old definition
        Unconditional = false
        HasGeneration = true
}
