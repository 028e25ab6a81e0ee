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

/// Most bytes of a message that are taken from the end of a log.
let private tail = 2048

let private terminated (world: World) (container: Container) id (exit: Exit) =
    // the message file is empty: the log speaks only where the Pod asks for it, and only of failures
    let message = if container.TellsWhy && exit.Code <> 0 then exit.Message else ""
    let message = if message.Length > tail then message.Substring(message.Length - tail) else message

    Json.object [
        "terminated",
        Json.present [
            "exitCode", Some(Json.int exit.Code)
            "reason", Some(Json.String exit.Reason)
            "message", (if message = "" then None else Some(Json.String message))
            "startedAt", Some(time world exit.StartedAt)
            "finishedAt", Some(time world exit.FinishedAt)
            "containerID", Some id
        ]
    ]

/// The kubelet's reason for a container whose environment cannot be made.
let configError = "CreateContainerConfigError"

let private waiting (reason: string) (message: string) =
    Json.object [
        "waiting",
        Json.present [
            "reason", Some(Json.String reason)
            "message", (if message = "" then None else Some(Json.String message))
        ]
    ]

let private state (world: World) (run: Run) (container: Container) id =
    let terminated = terminated world container

    match run.Life with
    | Life.Waiting(reason, problem) when reason = configError -> waiting reason problem
    | Life.Waiting(reason, _) -> waiting reason "" // what is missing is told in events only
    | Life.Pulling _ -> waiting "ContainerCreating" ""
    | Life.PullBackOff(_, wait) when Set.contains container.Image world.Troubles.BadImages ->
        // the first failure shows for a moment only
        waiting
            "ImagePullBackOff"
            $"Back-off pulling image \"%s{container.Image}\": ErrImagePull: failed to pull and unpack image \"%s{container.Image}\": not found (back-off %d{wait / 1000L}s)"
    | Life.PullBackOff _ -> waiting "ContainerCreating" ""
    | Life.Starting _ ->
        match run.Exit with
        | ValueSome exit -> terminated id exit
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
        | ValueSome exit -> terminated id exit
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
        "state", Some(state world run container id)
        "lastState",
        (match run.Exit, run.Life with
         | ValueSome _, (Life.Ended | Life.Starting _) -> Some Json.empty
         | ValueSome exit, _ -> Some(terminated world container id exit)
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
        "reason", (if run.Evicted = "" then None else Some(Json.String "Evicted"))
        "message", (if run.Evicted = "" then None else Some(Json.String run.Evicted))
        "conditions",
        Some(
            Json.array [
                condition world before "Initialized" true ""
                condition world before "Ready" run.Ready notReady
                condition world before "ContainersReady" run.Ready notReady
                condition world before "PodScheduled" true ""
            ]
        )
        "hostIP",
        Map.tryFind run.Node world.Machines
        |> Option.map (fun machine -> Json.String machine.Ip)
        "podIP", (if run.Ip = "" then None else Some(Json.String run.Ip))
        "podIPs",
        (if run.Ip = "" then None else Some(Json.array [ Json.object [ "ip", Json.String run.Ip ] ]))
        "startTime", Some(time world run.AdmittedAt)
        "containerStatuses", Some(Json.Array(run.Pod.Spec.Containers |> List.map (container world run)))
        "qosClass", Some(Json.String run.Pod.Spec.Qos)
    ]
