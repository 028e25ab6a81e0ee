/// Reading of request bodies: what is refused before any rule of the kind is asked.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Bodies

open Tikv.Core

let private text field json = Json.stringAt [ field ] json |> Option.defaultValue ""

let private unlike (served: Served) (kind: string) (why: string) =
    Errors.badRequest
        $"%s{kind} in version \"%s{served.Type.Key.Version}\" cannot be handled as a %s{served.Type.Kind}: %s{why}"

let private unreadable (served: Served) why = unlike served served.Type.Kind why

/// The kind and version that the body names must be those of the URL; built-in kinds may leave them out.
let private typed (served: Served) (body: Json) : Result<Json, Response> =
    let wanted = Meta.apiVersion served.Type.Key

    match body, text "kind" body, text "apiVersion" body with
    | Json.Object _, "", _ when served.Type.Custom ->
        Error(unreadable served $"Object 'Kind' is missing in '%s{Json.print body}'")
    | Json.Object _, _, version when version <> "" && version <> wanted ->
        Error(
            Errors.badRequest
                $"the API version in the data (%s{version}) does not match the expected API version (%s{wanted})"
        )
    | Json.Object _, kind, _ when kind <> "" && kind <> served.Type.Kind && not served.Type.Custom ->
        Error(
            unlike
                served
                kind
                $"converting (%s{served.Type.Key.Version}.%s{kind}) to (core.%s{served.Type.Kind}): unknown conversion"
        )
    | Json.Object _, kind, _ when kind <> "" && kind <> served.Type.Kind ->
        Error(
            Errors.invalid served.Type.Key.Group kind (Meta.name body) [
                Causes.invalidText "kind" kind $"must be %s{served.Type.Kind}"
            ]
        )
    | Json.Object members, _, _ ->
        let rest = members |> List.filter (fun (key, _) -> key <> "apiVersion" && key <> "kind")

        Ok(
            Json.Object(
                ("apiVersion", Json.String wanted)
                :: ("kind", Json.String served.Type.Kind)
                :: rest
            )
        )
    | _ -> Error(unreadable served "json: cannot unmarshal into Go value of type map[string]interface {}")

/// Without unknown fields and with defaults; the paths of what was left out.
let private mended (strategy: Strategy) body : struct (Json * string list) =
    let struct (pruned, unknown) = strategy.Prune body
    struct (strategy.Defaults pruned, unknown)

/// The same of a new version of an object: the members that are the very values that they were are so already.
let private mendedSince (old: Json) (strategy: Strategy) body : struct (Json * string list) =
    match body with
    | Json.Object members when strategy.ByMember ->
        let isOld (key, value) = SchemaValidation.isSame old key value
        let struct (mended, unknown) = mended strategy (Json.Object(List.filter (isOld >> not) members))

        let given =
            members
            |> List.choose (fun (key, value) ->
                if isOld (key, value) then
                    Some(key, value)
                else
                    Json.tryField key mended |> Option.map (fun value -> key, value))

        let added =
            Json.asMembers mended
            |> Option.defaultValue []
            |> List.filter (fun (key, _) -> (Json.tryField key body).IsNone)

        struct (Json.Object(given @ added), unknown)
    | body -> mended strategy body

/// The object without unknown fields, with defaults, and the warnings about what was left out.
let read
    (served: Served)
    (request: Request)
    (old: Json option)
    (body: Json)
    : Result<struct (Json * string list), Response> =
    match typed served body with
    | Error refusal -> Error refusal
    | Ok body ->
        match served.Strategy.Undecodable body with
        | Some why -> Error(unreadable served why)
        | None ->
            let struct (mended, unknown) =
                match old with
                | Some old -> mendedSince old served.Strategy body
                | None -> mended served.Strategy body

            let complaints = unknown |> List.map (fun path -> $"unknown field \"%s{path}\"")

            match request.FieldValidation, complaints with
            | _, []
            | ("Ignore" | ""), _ -> Ok(struct (mended, []))
            | "Strict", _ ->
                let why = "strict decoding error: " + String.concat ", " complaints

                match request.Verb with
                | Verb.Patch _ ->
                    Error(
                        Errors.invalid "" "" "" [ Causes.invalidText "patch" (Json.print request.Body) why ]
                    )
                | _ -> Error(unreadable served why)
            | _ -> Ok(struct (mended, complaints))

let warn warnings (response: Response) : Response =
    if List.isEmpty warnings then
        response
    else
        { response with Warnings = response.Warnings @ warnings }
