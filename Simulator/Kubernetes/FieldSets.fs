namespace Tikv.Simulator.Kubernetes

open System
open Tikv.Core

/// A set of field paths, as `fieldsV1` of managedFields has it. Keys are path elements: `f:name`, `k:{"name":"x"}`,
/// `v:"x"`.
type FieldSet = {
    /// Whether the path itself is in the set (`"."`).
    Self: bool
    Inner: Map<string, FieldSet>
}

[<RequireQualifiedAccess>]
module FieldSets =

    let empty = { Self = false; Inner = Map.empty }
    let self = { Self = true; Inner = Map.empty }
    let isEmpty set = not set.Self && Map.isEmpty set.Inner

    let private pack self (inner: (string * FieldSet) seq) = {
        Self = self
        Inner = inner |> Seq.filter (fun (_, set) -> not (isEmpty set)) |> Map.ofSeq
    }

    let rec toJson (set: FieldSet) : Json =
        Json.Object [
            if set.Self && not (Map.isEmpty set.Inner) then
                ".", Json.empty

            for KeyValue(key, inner) in set.Inner do
                key, toJson inner
        ]

    let rec ofJson (json: Json) : FieldSet =
        match json with
        | Json.Object [] -> self
        | Json.Object members -> {
            Self = members |> List.exists (fun (key, _) -> key = ".")
            Inner =
                members
                |> List.filter (fun (key, _) -> key <> ".")
                |> List.map (fun (key, inner) -> key, ofJson inner)
                |> Map.ofList
          }
        | _ -> empty

    /// The top of a document: nothing in it means the empty set.
    let ofDocument json =
        match json with
        | Json.Object [] -> empty
        | json -> ofJson json

    let rec union one other =
        if isEmpty one then
            other
        elif isEmpty other then
            one
        else
            {
                Self = one.Self || other.Self
                Inner =
                    (one.Inner, other.Inner)
                    ||> Map.fold (fun found key set ->
                        match Map.tryFind key found with
                        | Some existing -> Map.add key (union existing set) found
                        | None -> Map.add key set found)
            }

    let rec private combine keepSelf (keepInner: FieldSet -> FieldSet option -> FieldSet) one other =
        pack
            (keepSelf one.Self other.Self)
            (one.Inner
             |> Map.toSeq
             |> Seq.map (fun (key, set) -> key, keepInner set (Map.tryFind key other.Inner)))

    let rec intersect one other =
        combine
            (&&)
            (fun set other ->
                match other with
                | Some other -> intersect set other
                | None -> empty)
            one
            other

    let rec difference one other =
        combine
            (fun a b -> a && not b)
            (fun set other ->
                match other with
                | Some other -> difference set other
                | None -> set)
            one
            other

    /// The paths in the set, as error messages print them: `.spec.size`, `.spec.tags[k="x"].v`.
    let paths (set: FieldSet) : string list =
        let element (key: string) =
            let rest = key.Substring 2

            match key[0], Json.parse rest with
            | 'f', _ -> "." + rest
            | 'k', Ok(Json.Object members) ->
                members
                |> List.map (fun (name, value) -> name + "=" + Causes.printed value)
                |> String.concat ","
                |> sprintf "[%s]"
            | 'v', _ -> "[=" + rest + "]"
            | _ -> "[" + rest + "]"

        let rec go (path: string) (set: FieldSet) : string list = [
            if set.Self then
                path

            for KeyValue(key, inner) in set.Inner do
                yield! go (path + element key) inner
        ]

        go "" set

    let fieldKey (name: string) = "f:" + name

    /// The key of an item of a map list. Absent key fields are left out, but `protocol`, whose default is TCP.
    let itemKey (keys: string list) item =
        let members =
            keys
            |> List.sort
            |> List.choose (fun key ->
                match Json.tryField key item with
                | Some value -> Some(key, value)
                | None when key = "protocol" -> Some(key, Json.String "TCP")
                | None -> None)

        "k:" + Json.print (Json.Object members)

    let valueKey item = "v:" + Json.print item

    let private isEmptyObject json =
        match json with
        | Json.Null
        | Json.Object [] -> true
        | _ -> false

    /// The fields that a value sets, for the manager that applied it.
    let rec ofValue (shape: Shape) (json: Json) : FieldSet =
        match shape, json with
        | (Fields _ | Free), Json.Object members ->
            pack
                false
                (members
                 |> Seq.map (fun (name, value) ->
                     let inner = ofValue (Shapes.inside shape name) value
                     fieldKey name, (if isEmptyObject value then { inner with Self = true } else inner)))
        | KeyedList(keys, item), Json.Array items ->
            pack
                false
                (items
                 |> Seq.map (fun value -> itemKey keys value, { ofValue item value with Self = true }))
        | SetList, Json.Array items -> pack false (items |> Seq.map (fun item -> valueKey item, self))
        | _ -> self

    /// The fields in which two values differ: what was added or modified, and what was removed.
    let compare (shape: Shape) (before: Json option) (after: Json option) : struct (FieldSet * FieldSet) =
        let rec go shape (before: Json option) (after: Json option) : struct (FieldSet * FieldSet) =
            match before, after with
            | Some one, Some other when Object.ReferenceEquals(one, other) || one = other ->
                struct (empty, empty)
            | None, None -> struct (empty, empty)
            | _ ->
                let children =
                    match shape, before, after with
                    | (Fields _ | Free), (None | Some(Json.Object _)), (None | Some(Json.Object _)) ->
                        let one = before |> Option.bind Json.asMembers |> Option.defaultValue []
                        let other = after |> Option.bind Json.asMembers |> Option.defaultValue []
                        let names = (one @ other) |> List.map fst |> List.distinct

                        let value members name =
                            members |> List.tryFind (fun (key, _) -> key = name) |> Option.map snd

                        Some [
                            for name in names do
                                fieldKey name, Shapes.inside shape name, value one name, value other name
                        ]
                    | KeyedList(keys, item), (None | Some(Json.Array _)), (None | Some(Json.Array _)) ->
                        let index json =
                            json
                            |> Option.bind Json.asItems
                            |> Option.defaultValue []
                            |> List.map (fun value -> itemKey keys value, value)

                        let one, other = index before, index after
                        let names = (one @ other) |> List.map fst |> List.distinct

                        let value items name =
                            items |> List.tryFind (fun (key, _) -> key = name) |> Option.map snd

                        Some [ for name in names -> name, item, value one name, value other name ]
                    | SetList, (None | Some(Json.Array _)), (None | Some(Json.Array _)) ->
                        let one = before |> Option.bind Json.asItems |> Option.defaultValue []
                        let other = after |> Option.bind Json.asItems |> Option.defaultValue []
                        let has items item = if List.contains item items then Some item else None

                        Some [
                            for item in List.distinct (one @ other) do
                                valueKey item, Leaf, has one item, has other item
                        ]
                    | _ -> None

                match children with
                | None -> if after.IsSome then struct (self, empty) else struct (empty, self)
                | Some children ->
                    let compared =
                        children
                        |> List.map (fun (key, shape, one, other) ->
                            let struct (changed, removed) = go shape one other
                            key, changed, removed)

                    let changed =
                        pack before.IsNone (compared |> Seq.map (fun (key, changed, _) -> key, changed))

                    let removed =
                        pack after.IsNone (compared |> Seq.map (fun (key, _, removed) -> key, removed))

                    struct (changed, removed)

        go shape before after
