namespace Tikv.Simulator.Serve

open Tikv.Core

/// What a field of a built-in kind holds.
type Shape =
    | Text
    | Texts
    | Integer
    | Flag
    | Time
    | Quantity
    | IntOrText
    /// A map of strings, such as labels.
    | Words
    /// A map of quantities by resource name.
    | Quantities
    /// Anything, not described further.
    | Free
    | One of Definition: string
    | Many of Definition: string

/// A described object: its own description, and its main fields. Fields that are not listed are allowed.
type Definition = { Name: string; Description: string; Fields: (string * Shape * string) list }

/// The OpenAPI form of definitions.
[<RequireQualifiedAccess>]
module KindSchemas =

    let private prefix = "io.k8s."
    let componentName (name: string) = prefix + name
    let reference (name: string) = Json.object [ "$ref", Json.String("#/components/schemas/" + name) ]

    let private typed (name: string) = [ "type", Json.String name ]

    let private shape shape =
        let toComponent name = reference (componentName name)

        match shape with
        | Text -> typed "string"
        | Texts -> typed "array" @ [ "items", Json.object (typed "string") ]
        | Integer -> typed "integer"
        | Flag -> typed "boolean"
        | Time -> typed "string" @ [ "format", Json.String "date-time" ]
        | Quantity -> typed "string"
        | IntOrText -> typed "string" @ [ "format", Json.String "int-or-string" ]
        | Words
        | Quantities -> typed "object" @ [ "additionalProperties", Json.object (typed "string") ]
        | Free -> typed "object" @ [ "x-kubernetes-preserve-unknown-fields", Json.Bool true ]
        | One name -> [ "allOf", Json.Array [ toComponent name ] ]
        | Many name ->
            typed "array"
            @ [ "items", Json.object [ "allOf", Json.Array [ toComponent name ]; "default", Json.empty ] ]

    let field (name, kind, description: string) =
        name, Json.object (("description", Json.String description) :: shape kind)

    /// The fields that every object begins with.
    let heads = [
        "apiVersion", Text, "Group and version of this kind, such as core.tikv.org/v1alpha1."
        "kind", Text, "The kind of this object, in CamelCase."
        "metadata", One "ObjectMeta", "Name, namespace, labels and what the server keeps about the object."
    ]

    let ofDefinition (definition: Definition) =
        Json.object [
            "description", Json.String definition.Description
            "type", Json.String "object"
            "properties", Json.object (definition.Fields |> List.map field)
            "x-kubernetes-preserve-unknown-fields", Json.Bool true
        ]

    /// The definitions that a definition leads to, itself included.
    let reachable (definitions: Map<string, Definition>) (names: string list) =
        let rec gather found names =
            match names with
            | [] -> found
            | name :: rest when Map.containsKey name found -> gather found rest
            | name :: rest ->
                match Map.tryFind name definitions with
                | None -> gather found rest
                | Some definition ->
                    let next =
                        definition.Fields
                        |> List.choose (fun (_, shape, _) ->
                            match shape with
                            | One name
                            | Many name -> Some name
                            | _ -> None)

                    gather (Map.add name definition found) (next @ rest)

        gather Map.empty names

/// The words that descriptions of kinds are made of.
[<AutoOpen>]
module internal DefinitionWords =

    let part name description fields : Definition = {
        Name = name
        Description = description
        Fields = fields
    }

    let kind name description fields = part name description (KindSchemas.heads @ fields)

    /// A kind of the usual two halves.
    let specified name description =
        kind name description [
            "spec", One(name + "Spec"), "What is wanted."
            "status", One(name + "Status"), "What is the case, as controllers saw it last."
        ]

    let conditions = "conditions", Many "Condition", "Observations, at most one of a type."
    let observed = "observedGeneration", Integer, "The generation that this status tells about."
