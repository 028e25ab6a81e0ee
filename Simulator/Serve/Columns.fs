namespace Tikv.Simulator.Serve

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// One column of a table: its heading, and how its cell is made of an object at a moment.
type Column = {
    Name: string
    /// `string`, `integer`, `boolean`, `number` or `date`.
    Type: string
    Description: string
    /// 0: always shown; 1: with `-o wide`.
    Priority: int
    Cell: DateTimeOffset -> Json -> Json
}

/// What the columns of several kinds are made of.
[<RequireQualifiedAccess>]
module Column =

    let none = "<none>"

    let text name description (cell: Json -> string) : Column = {
        Name = name
        Type = "string"
        Description = description
        Priority = 0
        Cell = fun _ object -> Json.String(cell object)
    }

    let integer name description (cell: Json -> int) : Column = {
        Name = name
        Type = "integer"
        Description = description
        Priority = 0
        Cell = fun _ object -> Json.int (cell object)
    }

    let timed name description (cell: DateTimeOffset -> Json -> string) : Column = {
        Name = name
        Type = "string"
        Description = description
        Priority = 0
        Cell = fun now object -> Json.String(cell now object)
    }

    let wide (column: Column) = { column with Priority = 1 }

    /// The text at a path, or `otherwise`.
    let orElse otherwise path object =
        Json.stringAt path object
        |> Option.filter (fun text -> text <> "")
        |> Option.defaultValue otherwise

    let at path = orElse none path

    let joined (texts: string list) =
        match texts with
        | [] -> none
        | texts -> String.concat "," texts

    let name = text "Name" "Name of the object, unique in its namespace." (at [ "metadata"; "name" ])

    let age =
        timed "Age" "Time since the object was made." (fun now object ->
            Ages.since now (Json.stringAt [ "metadata"; "creationTimestamp" ] object))

    let createdAt = {
        text "Created At" "When the object was made." (orElse "" [ "metadata"; "creationTimestamp" ]) with
            Type = "date"
    }

    let labelSelector path object =
        Json.mapAt path object
        |> Map.toList
        |> List.map (fun (key, value) -> $"%s{key}=%s{value}")
        |> joined

    /// `ReadWriteOnce` and its like in short.
    let accessModes path object =
        Json.itemsAt path object
        |> List.choose Json.asString
        |> List.map (fun mode ->
            match mode with
            | "ReadWriteOnce" -> "RWO"
            | "ReadOnlyMany" -> "ROX"
            | "ReadWriteMany" -> "RWX"
            | "ReadWriteOncePod" -> "RWOP"
            | mode -> mode)
        |> String.concat ","

    /// Quantities may be numbers in JSON.
    let quantity path object =
        match Json.tryPath path object with
        | Some(Json.String text)
        | Some(Json.Number text) -> text
        | _ -> ""

    let private cell kind values =
        match kind, values with
        | _, [] -> fun _ -> Json.Null
        | "date", Json.String text :: _ -> fun now -> Json.String(Ages.since now (Some text))
        | "date", _ -> fun _ -> Json.String "<unknown>"
        | "integer", (Json.Number _ as number) :: _
        | "number", (Json.Number _ as number) :: _ -> fun _ -> number
        | "boolean", (Json.Bool _ as value) :: _ -> fun _ -> value
        | ("integer" | "number" | "boolean"), _ -> fun _ -> Json.Null
        | _, values ->
            let print value =
                match value with
                | Json.String text -> text
                | value -> Json.print value

            fun _ -> values |> List.map print |> String.concat " " |> Json.String

    /// A column that a CustomResourceDefinition declares. Its path is understood once, not for every row.
    let declared (column: PrinterColumn) : Column =
        let steps = JsonPath.parse column.JsonPath

        {
            Name = column.Name
            Type = column.Type
            Description = column.Description
            Priority = column.Priority
            Cell =
                fun now object ->
                    match steps with
                    | Some steps -> cell column.Type (JsonPath.find steps object) now
                    | None -> Json.Null
        }
