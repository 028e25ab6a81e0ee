namespace Tikv.Simulator.Serve

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// What each row of a table carries beside its cells (`includeObject`).
[<RequireQualifiedAccess>]
type IncludeObject =
    | Nothing
    | Metadata
    | Object

/// Answers in other forms than plain objects: tables (Kubernetes docs, "Receiving resources as Tables") and metadata.
[<RequireQualifiedAccess>]
module Tables =

    let private metaVersion = "apiVersion", Json.String "meta.k8s.io/v1"

    /// `includeObject` of a query string; metadata where it is not given.
    let includeObject (query: string) =
        if query.Contains("includeObject=Object", StringComparison.Ordinal) then IncludeObject.Object
        elif query.Contains("includeObject=None", StringComparison.Ordinal) then IncludeObject.Nothing
        else IncludeObject.Metadata

    /// An object without anything but its metadata.
    let metadataOf object =
        Json.object [
            "kind", Json.String "PartialObjectMetadata"
            metaVersion
            "metadata", Meta.metadata object
        ]

    let private row now included (columns: Column list) object =
        Json.present [
            "cells", Some(Json.Array(columns |> List.map (fun column -> column.Cell now object)))
            "object",
            (match included with
             | IncludeObject.Nothing -> None
             | IncludeObject.Metadata -> Some(metadataOf object)
             | IncludeObject.Object -> Some object)
        ]

    let private definition (column: Column) =
        Json.object [
            "name", Json.String column.Name
            "type", Json.String column.Type
            "format", Json.String(if column.Name = "Name" then "name" else "")
            "description", Json.String column.Description
            "priority", Json.int column.Priority
        ]

    let private table now included columns listMetadata objects =
        Json.object [
            "kind", Json.String "Table"
            metaVersion
            "metadata", listMetadata
            "columnDefinitions", Json.Array(columns |> List.map definition)
            "rows", Json.Array(objects |> List.map (row now included columns))
        ]

    let private versionOf object = Json.object [ "resourceVersion", Json.String(Meta.resourceVersion object) ]

    /// The rows for one object, as an answer and as an event of a watch.
    let ofObject now included columns object = table now included columns (versionOf object) [ object ]

    let private isList body =
        (Json.tryField "items" body).IsSome
        && (Json.stringAt [ "kind" ] body
            |> Option.exists (fun kind -> kind.EndsWith("List", StringComparison.Ordinal)))

    /// The table of an answer: a list, or one object.
    let ofAnswer now included columns body =
        if isList body then
            table now included columns (Meta.metadata body) (Json.itemsAt [ "items" ] body)
        else
            ofObject now included columns body

    /// The metadata alone of an answer: of a list, or of one object.
    let metadataOfAnswer body =
        if isList body then
            Json.object [
                "kind", Json.String "PartialObjectMetadataList"
                metaVersion
                "metadata", Meta.metadata body
                "items", Json.Array(Json.itemsAt [ "items" ] body |> List.map metadataOf)
            ]
        else
            metadataOf body
