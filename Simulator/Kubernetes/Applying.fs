/// Merging of what is applied (server-side apply) into what is there.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Applying

open Tikv.Core

/// Merges a configuration into the live value: objects by field, lists by their shape.
let rec merge (shape: Shape) (live: Json) (config: Json) : Json =
    match shape, live, config with
    | (Fields _ | Free), Json.Object _, Json.Object members ->
        (live, members)
        ||> List.fold (fun json (name, value) ->
            match Json.tryField name json with
            | Some old -> Json.withField name (merge (Shapes.inside shape name) old value) json
            | None -> Json.withField name value json)
    | KeyedList(keys, item), Json.Array olds, Json.Array news ->
        let identity = FieldSets.itemKey keys
        let index = news |> List.map (fun value -> identity value, value)
        let known = olds |> List.map identity

        let kept =
            olds
            |> List.map (fun old ->
                match index |> List.tryFind (fun (key, _) -> key = identity old) with
                | Some(_, value) -> merge item old value
                | None -> old)

        let added =
            index
            |> List.filter (fun (key, _) -> not (List.contains key known))
            |> List.map snd

        Json.Array(kept @ added)
    | SetList, Json.Array olds, Json.Array news ->
        Json.Array(olds @ (news |> List.filter (fun item -> not (List.contains item olds))))
    | _ -> config

/// Takes away what the manager applied last time and nobody owns any more.
let rec prune (shape: Shape) (last: FieldSet) (owned: FieldSet) (json: Json) : Json =
    let keep key inner value =
        match Map.tryFind key last.Inner, Map.tryFind key owned.Inner with
        | None, _ -> Some value
        | Some _, None -> None
        | Some last, Some owned -> Some(prune inner last owned value)

    match shape, json with
    | (Fields _ | Free), Json.Object members ->
        Json.Object(
            members
            |> List.choose (fun (name, value) ->
                keep (FieldSets.fieldKey name) (Shapes.inside shape name) value
                |> Option.map (fun value -> name, value))
        )
    | KeyedList(keys, item), Json.Array items ->
        Json.Array(
            items
            |> List.choose (fun value -> keep (FieldSets.itemKey keys value) item value)
        )
    | SetList, Json.Array items ->
        Json.Array(items |> List.choose (fun value -> keep (FieldSets.valueKey value) Leaf value))
    | _ -> json

/// Items of map lists must have their keys, and no two the same: the complaint of the server, if any.
let rec complaint (path: string) (shape: Shape) (json: Json) : string option =
    match shape, json with
    | (Fields _ | Free), Json.Object members ->
        members
        |> List.tryPick (fun (name, value) -> complaint (path + "." + name) (Shapes.inside shape name) value)
    | KeyedList(keys, item), Json.Array items ->
        let missing =
            items
            |> List.indexed
            |> List.tryPick (fun (index, value) ->
                keys
                |> List.tryFind (fun key -> key <> "protocol" && (Json.tryField key value).IsNone)
                |> Option.map (fun key ->
                    $"%s{path}: element %d{index}: associative list with keys has an element that omits key field \"%s{key}\" (and doesn't have default value)"))

        let identities = items |> List.map (FieldSets.itemKey keys)

        let doubled =
            identities
            |> List.countBy id
            |> List.tryFind (fun (_, count) -> count > 1)
            |> Option.map (fun (key, _) ->
                let key =
                    FieldSets.paths { Self = false; Inner = Map.ofList [ key, FieldSets.self ] }
                    |> List.head

                $"%s{path}: duplicate entries for key %s{key}")

        missing
        |> Option.orElse doubled
        |> Option.orElse (items |> List.tryPick (complaint path item))
    | _ -> None
