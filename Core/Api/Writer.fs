namespace Tikv.Core.Api

open Tikv.Core

/// Writes records as JSON by their shape. What is absent or empty is left out, so that there is one text for one value.
[<RequireQualifiedAccess>]
module Writer =

    /// The value, and whether it is as good as absent.
    let rec private writer (shape: Shape) : objnull -> struct (Json * bool) =
        match shape with
        | Shape.Anything -> fun value -> struct (unbox<Json> value, false)
        | Shape.Scalar scalar ->
            fun value ->
                let json = scalar.Write value

                let absent =
                    scalar.OmitsAbsent
                    && (match json with
                        | Json.String ""
                        | Json.Bool false -> true
                        | _ -> false)

                struct (json, absent)
        | Shape.Texts ->
            fun value ->
                let map = unbox<Map<string, string>> value
                struct (Json.ofMap map, Map.isEmpty map)
        | Shape.List(item, wrapping) ->
            let write = writer item

            fun value ->
                let items = wrapping.Unwrap value

                let written =
                    items
                    |> List.map (fun item ->
                        let struct (json, _) = write item
                        json)

                struct (Json.Array written, List.isEmpty items)
        | Shape.Record shape ->
            let write = members shape

            fun value ->
                let members = write value []
                struct (Json.Object members, List.isEmpty members)

    /// The members of a record, before those that follow them.
    and private members (shape: RecordShape) : objnull -> (string * Json) list -> (string * Json) list =
        let writers = shape.Fields |> List.map field |> Array.ofList

        fun value following ->
            let parts = shape.Parts value

            let rec go index following =
                if index < 0 then following else go (index - 1) (writers[index] parts[index] following)

            go (writers.Length - 1) following

    and private field (field: Field) : objnull -> (string * Json) list -> (string * Json) list =
        match field.Option, field.Shape with
        | None, Shape.Record inner when field.Inline -> members inner
        | Some wrapping, shape ->
            let write = writer shape

            fun value following ->
                match wrapping.Unwrap value with
                | [] -> following
                | value :: _ ->
                    let struct (json, _) = write value
                    (field.Name, json) :: following
        | None, shape ->
            let write = writer shape
            let always = field.Rules.Required || Option.isSome field.Rules.Default

            fun value following ->
                let struct (json, absent) = write value
                if absent && not always then following else (field.Name, json) :: following

    /// Compiles the writer of a record type.
    let compile (shape: RecordShape) : objnull -> Json =
        let write = members shape
        fun value -> Json.Object(write value [])
