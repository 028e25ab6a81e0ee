/// What `kubectl logs` is given.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.Logs

open System
open System.Globalization
open Tikv.Core
open Tikv.Simulator.Kubernetes

/// The container that is meant, or why it cannot be known.
let container (request: LogRequest) (pod: Json) : Result<string, Response> =
    let named path = Json.itemsAt path pod |> List.choose (Json.stringAt [ "name" ])
    let containers = named [ "spec"; "containers" ]
    let all = containers @ named [ "spec"; "initContainers" ]

    match request.Container, containers with
    | "", [ only ] -> Ok only
    | "", _ ->
        let choices = String.concat " " containers

        Error(
            Errors.badRequest
                $"a container name must be specified for pod %s{request.Pod}, choose one of: [%s{choices}]"
        )
    | name, _ when List.contains name all -> Ok name
    | name, _ -> Error(Errors.badRequest $"container %s{name} is not valid for pod %s{request.Pod}")

/// The lines that were asked for, of all that there are.
let wanted (request: LogRequest) (now: DateTimeOffset) (lines: LogLine list) =
    let recent =
        match request.SinceSeconds with
        | Some seconds ->
            lines
            |> List.filter (fun line -> now - line.At <= TimeSpan.FromSeconds(float seconds))
        | None -> lines

    match request.TailLines with
    | Some count -> recent |> List.skip (max 0 (List.length recent - max 0 count))
    | None -> recent

let print (request: LogRequest) (line: LogLine) =
    if request.Timestamps then
        line.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z' ", CultureInfo.InvariantCulture)
        + line.Text
        + "\n"
    else
        line.Text + "\n"
