/// The status of a Pod, as its kubelet reports it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.PodStatus

open System
open Tikv.Core
open Tikv.Simulator.Kubernetes

let private time (world: World) (at: int64) = Json.String(Meta.time (world.Epoch.AddMilliseconds(float at)))

let private condition (world: World) (before: Json list) kind (holds: bool) reason =
    let status = if holds then "True" else "False"

    let since =
        before
        |> List.tryFind (fun condition ->
            Json.stringAt [ "type" ] condition = Some kind
            && Json.stringAt [ "status" ] condition = Some status)
        |> Option.bind (Json.tryField "lastTransitionTime")
        |> Option.defaultWith (fun () -> time world world.Now)

    Json.present [
        "type", Some(Json.String kind)
        "status", Some(Json.String status)
        "reason", (if holds || reason = "" then None else Some(Json.String reason))
        "lastProbeTime", Some Json.Null
        "lastTransitionTime", Some since
    ]

let private containerId (run: Run) (container: Container) =
    let hash = Chance.text (Chance.text Chance.offset run.Pod.Uid) $"%s{container.Name}/%d{run.Restarts}"
    Json.String("simulated://" + hash.ToString("x16"))

let private terminated (world: World) id (exit: Exit) =
    Json.object [
        "terminated",
        Json.present [
            "exitCode", Some(Json.int exit.Code)
            "reason", Some(Json.String exit.Reason)
            "message", (if exit.Message = "" then None else Some(Json.String exit.Message))
            "startedAt", Some(time world exit.StartedAt)
            "finishedAt", Some(time world exit.FinishedAt)
            "containerID", Some id
        ]
    ]

let private waiting (reason: string) (message: string) =
    Json.object [
        "waiting",
        Json.present [
            "reason", Some(Json.String reason)
            "message", (if message = "" then None else Some(Json.String message))
        ]
    ]

let private state (world: World) (run: Run) id =
    match run.Life with
    | Life.Waiting(reason, message) -> waiting reason message
    | Life.Pulling _ -> waiting "ContainerCreating" ""
    | Life.Starting _ ->
        match run.Exit with
        | ValueSome exit -> terminated world id exit
        | ValueNone -> waiting "ContainerCreating" ""
    | Life.BackingOff _ ->
        waiting
            "CrashLoopBackOff"
            $"back-off %d{run.BackOff / 1000L}s restarting failed container=%s{run.Pod.Spec.Containers.Head.Name} pod=%s{run.Pod.Name}_%s{run.Pod.Namespace}(%s{run.Pod.Uid})"
    | Life.Running since -> Json.object [ "running", Json.object [ "startedAt", time world since ] ]
    | Life.Stopping _ ->
        match run.Process with
        | Process.Ended -> waiting "ContainerCreating" ""
        | _ -> Json.object [ "running", Json.object [ "startedAt", time world run.AdmittedAt ] ]
    | Life.Ended ->
        match run.Exit with
        | ValueSome exit -> terminated world id exit
        | ValueNone -> waiting "ContainerCreating" ""

let private container (world: World) (run: Run) (container: Container) =
    let id = containerId run container

    Json.present [
        "name", Some(Json.String container.Name)
        "image", Some(Json.String container.Image)
        "imageID", Some(Json.String container.Image)
        "containerID", Some id
        "ready", Some(Json.Bool run.Ready)
        "started",
        Some(
            Json.Bool(
                run.Started
                && match run.Life with
                   | Life.Running _ -> true
                   | _ -> false
            )
        )
        "restartCount", Some(Json.int run.Restarts)
        "state", Some(state world run id)
        "lastState",
        (match run.Exit, run.Life with
         | ValueSome _, (Life.Ended | Life.Starting _) -> Some Json.empty
         | ValueSome exit, _ -> Some(terminated world id exit)
         | ValueNone, _ -> Some Json.empty)
    ]

let private phase (run: Run) =
    match run.Life, run.Exit with
    | Life.Ended, ValueSome exit when exit.Code = 0 -> "Succeeded"
    | Life.Ended, _ -> "Failed"
    | Life.Running _, _
    | Life.BackingOff _, _ -> "Running"
    | Life.Stopping _, _ when run.Process <> Process.Ended -> "Running"
    | _, ValueSome _ -> "Running"
    | _, ValueNone -> "Pending"

/// The whole status, in the order in which it is always written.
let ofRun (world: World) (run: Run) : Json =
    let before = Json.itemsAt [ "conditions" ] run.Pod.Status
    let notReady = if run.Life = Life.Ended then "PodCompleted" else "ContainersNotReady"

    Json.present [
        "phase", Some(Json.String(phase run))
        "conditions",
        Some(
            Json.array [
                condition world before "Initialized" true ""
                condition world before "Ready" run.Ready notReady
                condition world before "ContainersReady" run.Ready notReady
                condition world before "PodScheduled" true ""
            ]
        )
        "hostIP", Some(Json.String "10.0.0.1")
        "podIP", (if run.Ip = "" then None else Some(Json.String run.Ip))
        "podIPs",
        (if run.Ip = "" then None else Some(Json.array [ Json.object [ "ip", Json.String run.Ip ] ]))
        "startTime", Some(time world run.AdmittedAt)
        "containerStatuses", Some(Json.Array(run.Pod.Spec.Containers |> List.map (container world run)))
        "qosClass",
        Some(
            Json.String(
                if run.Pod.Spec.Cpu = 0L && run.Pod.Spec.Memory = 0L then "BestEffort" else "Burstable"
            )
        )
    ]
