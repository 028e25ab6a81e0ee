namespace Tikv.Core

/// JSON merge patch (RFC 7386): members are merged, arrays and scalars replaced, null removes. The patch comes first, so
/// that documents can be piped through.
[<RequireQualifiedAccess>]
module MergePatch =

    let rec apply (patch: Json) (target: Json) : Json =
        match patch with
        | Json.Object changes ->
            let start =
                match target with
                | Json.Object _ -> target
                | _ -> Json.empty

            changes
            |> List.fold
                (fun merged (key, change) ->
                    match change with
                    | Json.Null -> Json.withoutField key merged
                    | change ->
                        let old = Json.tryField key merged |> Option.defaultValue Json.Null
                        Json.withField key (apply change old) merged)
                start
        | patch -> patch

    let rec private changes (before: Json) (after: Json) : Json option =
        match before, after with
        | Json.Object olds, Json.Object news ->
            let changed =
                news
                |> List.choose (fun (key, value) ->
                    match Json.tryField key before, value with
                    | None, Json.Null -> None
                    | None, value -> Some(key, value)
                    | Some old, value -> changes old value |> Option.map (fun change -> key, change))

            let removed =
                olds
                |> List.filter (fun (key, _) -> Option.isNone (Json.tryField key after))
                |> List.map (fun (key, _) -> key, Json.Null)

            match changed @ removed with
            | [] -> None
            | members -> Some(Json.Object members)
        | before, after when before = after -> None
        | _ -> Some after

    /// The least patch that makes the one into the other; none when they are equal. A null member cannot be said by a
    /// merge patch: in `after` it means that there is no such member.
    let diff (before: Json) (after: Json) : Json option = changes before after
