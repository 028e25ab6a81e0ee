namespace Tikv.Core.Api

open System
open Tikv.Core

/// Reads JSON into records by their shape. Reflection is over before the first object is read.
[<RequireQualifiedAccess>]
module Reader =

    type private Read = Path -> Json -> Result<objnull, Problem list>

    let private refused path json allowed = Error [ Problem.make (Path.text path) (Json.print json) allowed ]

    /// All values, or all problems.
    let private all (results: Result<objnull, Problem list> list) : Result<objnull list, Problem list> =
        List.foldBack
            (fun result rest ->
                match result, rest with
                | Ok value, Ok values -> Ok(value :: values)
                | Error problems, Ok _ -> Error problems
                | Ok _, Error more -> Error more
                | Error problems, Error more -> Error(problems @ more))
            results
            (Ok [])

    let private texts: Read =
        fun path json ->
            match json with
            | Json.Object members ->
                members
                |> List.map (fun (key, value) ->
                    match value with
                    | Json.String text -> Ok(box (key, text))
                    | other -> refused (Path.key key path) other "be a text")
                |> all
                |> Result.map (List.map unbox<string * string> >> Map.ofList >> box)
            | other -> refused path other "be a map of texts"

    let rec private reader (shape: Shape) : Read =
        match shape with
        | Shape.Anything -> fun _ json -> Ok(box json)
        | Shape.Texts -> texts
        | Shape.Scalar scalar ->
            fun path json ->
                match scalar.Read json with
                | Some value -> Ok value
                | None -> refused path json scalar.Allowed
        | Shape.List(item, wrapping) ->
            let read = reader item

            fun path json ->
                match json with
                | Json.Array items ->
                    items
                    |> List.mapi (fun index item -> read (Path.item index path) item)
                    |> all
                    |> Result.map wrapping.Wrap
                | other -> refused path other "be a list"
        | Shape.Record shape -> record shape

    and private record (shape: RecordShape) : Read =
        let readers = shape.Fields |> List.map member' |> Array.ofList

        fun path json ->
            match json with
            | Json.Object _ ->
                let values = readers |> Array.map (fun read -> read path json)

                if values |> Array.forall Result.isOk then
                    values
                    |> Array.map (function
                        | Ok value -> value
                        | Error _ -> null)
                    |> shape.Make
                    |> Ok
                else
                    values
                    |> Seq.collect (function
                        | Ok _ -> []
                        | Error problems -> problems)
                    |> List.ofSeq
                    |> Error
            | other -> refused path other "be an object"

    /// Reads one field from the object that holds it.
    and private member' (field: Field) : Read =
        if field.Inline then
            reader field.Shape
        else
            let read = reader field.Shape
            let absent = absence field

            let wrap =
                match field.Option with
                | Some wrapping -> fun value -> wrapping.Wrap [ value ]
                | None -> id

            fun path json ->
                match Json.tryField field.Name json with
                | None
                | Some Json.Null -> absent (field.Name :: path)
                | Some value ->
                    match read (field.Name :: path) value with
                    | Ok value -> Ok(wrap value)
                    | problems -> problems

    /// What a field that is not there reads as.
    and private absence (field: Field) : Path -> Result<objnull, Problem list> =
        let missing allowed = fun path -> Error [ Problem.missing (Path.text path) allowed ]
        let always value = fun _ -> Ok value

        match field.Option, field.Shape, field.Rules.Default with
        | Some wrapping, _, _ -> always (wrapping.Wrap [])
        | None, Shape.Scalar scalar, Some value ->
            match scalar.Read value with
            | Some value -> always value
            | None -> invalidOp $"the default of %s{field.Name} is not one of its values"
        | None, Shape.Scalar scalar, None ->
            match scalar.Absent with
            | Some value when not field.Rules.Required -> always value
            | _ -> missing scalar.Allowed
        | None, Shape.List(_, wrapping), _ when not field.Rules.Required -> always (wrapping.Wrap [])
        | None, Shape.Texts, _ when not field.Rules.Required -> always (box Map.empty<string, string>)
        | None, Shape.Record _, _ when not field.Rules.Required ->
            match reader field.Shape [] Json.empty with
            | Ok value -> always value
            | Error _ -> missing "be given"
        | None, _, _ -> missing "be given"

    /// Compiles the reader of a record type.
    let compile (shape: RecordShape) : Path -> Json -> Result<objnull, Problem list> = record shape

    /// The members that no field is named after, at any depth; API servers drop them in silence.
    let rec unknown (shape: Shape) (path: Path) (json: Json) : Problem list =
        match shape, json with
        | Shape.Record record, Json.Object members ->
            let fields = Shape.fields record

            members
            |> List.collect (fun (name, value) ->
                match fields |> List.tryFind (fun field -> String.Equals(field.Name, name)) with
                | Some field -> unknown field.Shape (name :: path) value
                | None -> [
                    Problem.make
                        (Path.text (name :: path))
                        "an unknown field"
                        ("be one of " + String.Join(", ", fields |> List.map _.Name |> List.sort))
                  ])
        | Shape.List(item, _), Json.Array items ->
            items
            |> List.mapi (fun index value -> unknown item (Path.item index path) value)
            |> List.concat
        | (Shape.Scalar _ | Shape.Anything | Shape.Texts | Shape.List _ | Shape.Record _), _ -> []
