/// The columns of `kubectl get pods`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.PodColumns

open System
open Tikv.Core

let private containers pod = Json.itemsAt [ "status"; "containerStatuses" ] pod
let private initContainers pod = Json.itemsAt [ "status"; "initContainerStatuses" ] pod
let private isReady container = Json.boolAt [ "ready" ] container = Some true
let private isRunning container = (Json.tryPath [ "state"; "running" ] container).IsSome

let private restarts container = Json.intAt [ "restartCount" ] container |> Option.defaultValue 0

/// Why a container that ended did so.
let private terminated container =
    match
        Json.stringAt [ "state"; "terminated"; "reason" ] container,
        Json.intAt [ "state"; "terminated"; "signal" ] container,
        Json.intAt [ "state"; "terminated"; "exitCode" ] container
    with
    | Some reason, _, _ when reason <> "" -> Some reason
    | _, Some signal, _ when signal <> 0 -> Some $"Signal:%d{signal}"
    | _, _, Some code -> Some $"ExitCode:%d{code}"
    | _ -> None

let private waiting container =
    Json.stringAt [ "state"; "waiting"; "reason" ] container
    |> Option.filter (fun reason -> reason <> "")

/// The first init container that has not done its work, as `Init:...`.
let private initializing pod =
    let all = initContainers pod

    let total = max (Json.itemsAt [ "spec"; "initContainers" ] pod |> List.length) (List.length all)

    all
    |> List.indexed
    |> List.tryPick (fun (index, container) ->
        match
            Json.intAt [ "state"; "terminated"; "exitCode" ] container,
            terminated container,
            waiting container
        with
        | Some 0, _, _ -> None
        | Some _, Some reason, _ -> Some $"Init:%s{reason}"
        | _, _, Some reason when reason <> "PodInitializing" -> Some $"Init:%s{reason}"
        | _ -> Some $"Init:%d{index}/%d{total}")

let private ofContainers pod phase =
    let reasons =
        containers pod
        |> List.rev
        |> List.choose (fun container -> waiting container |> Option.orElse (terminated container))

    match List.tryLast reasons with
    | Some "Completed" when containers pod |> List.exists (fun one -> isRunning one && isReady one) ->
        "Running"
    | Some reason -> reason
    | None -> phase

/// The word of the STATUS column: what keeps the Pod, or its phase.
let status pod =
    let phase = Column.orElse "Unknown" [ "status"; "phase" ] pod
    let reason = Json.stringAt [ "status"; "reason" ] pod

    let word =
        match reason, initializing pod with
        | Some reason, _ when reason <> "" -> reason
        | _, Some word -> word
        | _ -> ofContainers pod phase

    match Json.stringAt [ "metadata"; "deletionTimestamp" ] pod, reason with
    | Some _, Some "NodeLost" -> "Unknown"
    | Some _, _ when phase <> "Succeeded" && phase <> "Failed" -> "Terminating"
    | _ -> word

let private ready pod =
    let total =
        max (Json.itemsAt [ "spec"; "containers" ] pod |> List.length) (containers pod |> List.length)

    $"%d{containers pod |> List.filter isReady |> List.length}/%d{total}"

/// The count, and how long ago the last one was.
let private restartText (now: DateTimeOffset) pod =
    let all = containers pod
    let count = all |> List.sumBy restarts

    let last =
        all
        |> List.choose (fun container ->
            Json.stringAt [ "lastState"; "terminated"; "finishedAt" ] container
            |> Option.bind Ages.tryParse)

    match last with
    | _ :: _ when count > 0 -> $"%d{count} (%s{Ages.ofSpan (now - List.max last)} ago)"
    | _ -> string count

let private gates pod =
    match Json.itemsAt [ "spec"; "readinessGates" ] pod with
    | [] -> Column.none
    | gates ->
        let isTrue gate =
            Json.itemsAt [ "status"; "conditions" ] pod
            |> List.exists (fun condition ->
                Json.stringAt [ "type" ] condition = Json.stringAt [ "conditionType" ] gate
                && Json.stringAt [ "status" ] condition = Some "True")

        $"%d{gates |> List.filter isTrue |> List.length}/%d{List.length gates}"

let all = [
    Column.name
    Column.text "Ready" "Containers that are ready, of all." ready
    Column.text "Status" "What the pod is doing, or what keeps it." status
    Column.timed "Restarts" "How often its containers were started again." restartText
    Column.age
    Column.text "IP" "Address of the pod." (Column.at [ "status"; "podIP" ])
    |> Column.wide
    Column.text "Node" "Node that the pod was bound to." (Column.at [ "spec"; "nodeName" ])
    |> Column.wide
    Column.text
        "Nominated Node"
        "Node on which room is being made for it."
        (Column.at [ "status"; "nominatedNodeName" ])
    |> Column.wide
    Column.text "Readiness Gates" "Readiness gates that are true, of all." gates
    |> Column.wide
]
