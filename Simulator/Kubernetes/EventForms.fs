/// The two forms of Events: core/v1, as they are kept, and events.k8s.io/v1.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.EventForms

open Tikv.Core

let key = Builtins.key "events.k8s.io" "v1" "events"

/// Names in core/v1 and in events.k8s.io/v1, where they differ.
let private names = [
    "involvedObject", "regarding"
    "message", "note"
    "source", "deprecatedSource"
    "firstTimestamp", "deprecatedFirstTimestamp"
    "lastTimestamp", "deprecatedLastTimestamp"
    "count", "deprecatedCount"
    "reportingComponent", "reportingController"
]

let private renamed rename version json =
    match json with
    | Json.Object members ->
        Json.Object(
            members
            |> List.map (fun (name, value) ->
                match name with
                | "apiVersion" -> name, Json.String version
                | _ -> rename name, value)
        )
    | json -> json

let private find pick give (name: string) =
    names
    |> List.tryFind (fun pair -> pick pair = name)
    |> Option.map give
    |> Option.defaultValue name

let toCore (json: Json) : Json = renamed (find snd fst) "v1" json
let ofCore (json: Json) : Json = renamed (find fst snd) "events.k8s.io/v1" json

/// An answer about core events as the other group gives it.
let answer (response: Response) : Response =
    let body = response.Body

    let body =
        match Json.stringAt [ "kind" ] body with
        | Some "Event" -> ofCore body
        | Some "EventList" ->
            let items = Json.itemsAt [ "items" ] body |> List.map ofCore

            body
            |> Json.withField "apiVersion" (Json.String "events.k8s.io/v1")
            |> Json.withField "items" (Json.Array items)
        | _ -> body

    { response with Body = body }
