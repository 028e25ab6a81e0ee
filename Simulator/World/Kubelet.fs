/// The kubelets: they give the Pods of their node volumes, images and processes, probe and restart them, report their
/// status, and confirm their end.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Kubelet

open Tikv.Core
open Tikv.Simulator.Kubernetes

let private manager = "kubelet"
let private creating = "ContainerCreating"

let private put uid run (world: World) = { world with Runs = Map.add uid run world.Runs }

let private connected (run: Run) (world: World) =
    match Map.tryFind run.Node world.Machines with
    | Some machine -> machine.Up && machine.Connected && machine.Kubelet
    | None -> false

/// Writes down who ended a process of PD or TiKV.
let died (by: Culprit) (why: string) (run: Run) (world: World) =
    match run.Process with
    | Process.Pd _
    | Process.Tikv _ ->
        let death = {
            At = world.Now
            Pod = View.key run.Pod.Namespace run.Pod.Name
            Uid = run.Pod.Uid
            Process = run.Process
            By = by
            Why = why
        }

        { world with Deaths = death :: world.Deaths }
    | Process.Other
    | Process.Ended -> world

/// Who wanted the Pod to go.
let private blamed (run: Run) (world: World) =
    match Map.tryFind run.Pod.Uid world.Blamed with
    | Some manager -> Culprit.Client manager
    | None -> Culprit.Cluster

/// Another Pod on another node that holds the same volume: it cannot be attached here (ReadWriteOnce).
let private attachedElsewhere (run: Run) (claim: string) (world: World) =
    world.Runs.Values
    |> Seq.exists (fun other ->
        other.Pod.Uid <> run.Pod.Uid
        && other.Node <> run.Node
        && other.Pod.Namespace = run.Pod.Namespace
        && other.Life <> Life.Ended
        && not other.Detached
        && other.Pod.Spec.Volumes.Values
           |> Seq.exists (fun source -> source = VolumeSource.Claim claim))

/// What of the Pod's volumes is not at hand.
let private missing (run: Run) (world: World) =
    let ``namespace`` = run.Pod.Namespace
    let exists resource name = (ApiServer.tryGet resource (Some ``namespace``) name world.Server).IsSome

    run.Pod.Spec.Volumes
    |> Seq.tryPick (fun (KeyValue(volume, source)) ->
        let problem what = Some $"MountVolume.SetUp failed for volume \"%s{volume}\" : %s{what}"

        match source with
        | VolumeSource.Claim name ->
            match Map.tryFind (View.key ``namespace`` name) world.Claims with
            | Some claim when claim.Phase = "Bound" && Map.containsKey claim.Volume world.Volumes ->
                if Set.contains (View.key ``namespace`` name) world.Troubles.StuckAttach then
                    Some
                        $"AttachVolume.Attach failed for volume \"%s{claim.Volume}\" : timed out waiting for external-attacher"
                elif attachedElsewhere run name world then
                    Some
                        $"Multi-Attach error for volume \"%s{claim.Volume}\" Volume is already used by other pods"
                else
                    None
            | Some _ -> problem $"persistentvolumeclaim \"%s{name}\" is not bound"
            | None -> problem $"persistentvolumeclaim \"%s{name}\" not found"
        | VolumeSource.ConfigMap(name, _, optional) ->
            if optional || exists Builtins.configMaps name then
                None
            else
                problem $"configmap \"%s{name}\" not found"
        | VolumeSource.Secret(name, optional) ->
            if optional || exists (Builtins.key "" "v1" "secrets") name then
                None
            else
                problem $"secret \"%s{name}\" not found"
        | VolumeSource.Secrets sources ->
            sources
            |> List.tryPick (fun (name, keys) ->
                match
                    ApiServer.tryGet (Builtins.key "" "v1" "secrets") (Some ``namespace``) name world.Server
                with
                | None -> problem $"secret \"%s{name}\" not found"
                | Some secret ->
                    keys
                    |> List.tryFind (fun key -> (Json.tryPath [ "data"; key ] secret).IsNone)
                    |> Option.bind (fun key -> problem $"references non-existent secret key: %s{key}"))
        | VolumeSource.Other -> None)

/// What the environment of a container is to be taken from, and does not exist.
let private unresolved (run: Run) (world: World) =
    run.Pod.Spec.Containers
    |> List.collect _.Sources
    |> List.tryFind (fun (kind, name) ->
        let resource = if kind = "secret" then Builtins.key "" "v1" "secrets" else Builtins.configMaps

        (ApiServer.tryGet resource (Some run.Pod.Namespace) name world.Server).IsNone)
    |> Option.map (fun (kind, name) -> $"%s{kind} \"%s{name}\" not found")

let private isStopping (run: Run) =
    match run.Life with
    | Life.Stopping _ -> true
    | _ -> false

/// Writes the status when it differs from the one that stands.
let private report (run: Run) (world: World) =
    match World.tryPod (View.key run.Pod.Namespace run.Pod.Name) world with
    | ValueSome pod when pod.Uid = run.Pod.Uid && connected run world && not (isStopping run) ->
        let status = PodStatus.ofRun world { run with Pod = pod }

        if status = pod.Status then
            world
        else
            World.send
                manager
                (Requests.patch
                    MergePatch
                    Builtins.pods
                    (Some pod.Namespace)
                    pod.Name
                    (Json.object [ "metadata", Json.object [ "uid", Json.String pod.Uid ]; "status", status ])
                 |> Requests.onStatus)
                world
    | _ -> world

let private confirmEnd (run: Run) (world: World) =
    World.send
        manager
        (Requests.delete
            { Requests.deleteOptions with Uid = Some run.Pod.Uid; GraceSeconds = Some 0 }
            Builtins.pods
            (Some run.Pod.Namespace)
            run.Pod.Name)
        world

let private draw (world: World) what (run: Run) delay =
    World.draw world what run.Pod.Uid (int64 run.Restarts) delay

let private admit (pod: Pod) (world: World) : Run = {
    Pod = pod
    Node = pod.Node
    Ip = ""
    AdmittedAt = world.Now
    Life = Life.Waiting(creating, "")
    Process = Process.Ended
    Restarts = 0
    BackOff = 0L
    Exit = ValueNone
    Ready = false
    Started = false
    Probes = 0
    Sick = 0
    NextProbe = 0L
    ProbedAt = 0L
    GoneSince = ValueNone
    Detached = false
    Evicted = ""
    Log = []
}

/// The container has ended by itself, or was killed by its kubelet. The first restart comes at once, the next after the
/// first back-off (kubelet's back-off manager counts from the second).
let ended code reason message since (run: Run) (world: World) =
    let exit = { Code = code; Reason = reason; Message = message; StartedAt = since; FinishedAt = world.Now }

    let wait =
        if run.Exit.IsNone || world.Now - since > world.Timings.CrashForgotten then 0L
        elif run.BackOff = 0L then world.Timings.CrashBackOff
        else min world.Timings.CrashBackOffMost (run.BackOff * 2L)

    let again =
        run.Pod.Spec.RestartPolicy = "Always"
        || run.Pod.Spec.RestartPolicy = "OnFailure" && code <> 0

    let run = {
        run with
            Process = Process.Ended
            Exit = ValueSome exit
            Ready = false
            Started = false
            Probes = 0
            Sick = 0
            BackOff = wait
            Life = if again then Life.BackingOff(world.Now + wait) else Life.Ended
            Log = (if message = "" then run.Log else (world.Now, message) :: run.Log)
    }

    struct (run,
            world
            |> World.note $"kubelet %s{run.Pod.Name}: container ended with %d{code} %s{message}")

let private probed (probe: Probe option) (run: Run) world =
    match probe with
    | Some probe -> Processes.answers run.Process probe.Kind world
    | None -> true

let private period (container: Container) =
    [ container.Readiness; container.Startup; container.Liveness ]
    |> List.choose id
    |> List.map (fun (probe: Probe) -> probe.Period)
    |> List.fold min 10_000L

let private hasProbes (container: Container) =
    container.Readiness.IsSome
    || container.Startup.IsSome
    || container.Liveness.IsSome

/// One round of probes of the container that runs.
let private probe (container: Container) since (run: Run) (world: World) =
    let next = { run with NextProbe = world.Now + period container; ProbedAt = world.Now }
    let count good = if good then max 1 (run.Probes + 1) else min -1 (run.Probes - 1)

    if not run.Started then
        match container.Startup with
        | Some(startup: Probe) ->
            let probes = count (probed container.Startup run world)

            if probes >= startup.Successes then
                struct ({ next with Started = true; Probes = 0 }, world)
            elif -probes >= startup.Failures then
                let world = died Culprit.Cluster "startup probe" run world |> Processes.kill run.Process
                ended 137 "Error" "Startup probe failed" since run world
            else
                struct ({ next with Probes = probes }, world)
        | None -> struct ({ next with Started = true }, world)
    else
        let sick = if probed container.Liveness run world then 0 else run.Sick + 1

        match container.Liveness with
        | Some(liveness: Probe) when sick >= liveness.Failures ->
            let world = died Culprit.Cluster "liveness probe" run world |> Processes.kill run.Process
            ended 137 "Error" "Liveness probe failed" since run world
        | _ ->
            match container.Readiness with
            | None -> struct ({ next with Ready = true; Sick = sick }, world)
            | Some(readiness: Probe) ->
                let probes = count (probed container.Readiness run world)

                let ready =
                    if probes >= readiness.Successes then true
                    elif -probes >= readiness.Failures then false
                    else run.Ready

                struct ({ next with Ready = ready; Probes = probes; Sick = sick }, world)

/// Whether asking again would say the same until its process changes. What PD says over HTTP depends on the others too.
let private isSteady (container: Container) (run: Run) =
    let tells (probe: Probe option) =
        match run.Process, probe with
        | Process.Pd _, Some { Kind = ProbeKind.Http _ } -> false
        | _ -> true

    run.Ready
    && run.Started
    && run.Sick = 0
    && run.Probes > 0
    && tells container.Readiness
    && tells container.Liveness

/// The container whose process the world models; the others only run beside it.
let private main (run: Run) =
    run.Pod.Spec.Containers
    |> List.tryFind Processes.isModelled
    |> Option.defaultWith (fun () -> run.Pod.Spec.Containers.Head)

let private start (run: Run) (world: World) =
    let run = { run with Restarts = (if run.Exit.IsSome then run.Restarts + 1 else 0) }
    let container = main run
    let key = View.key run.Pod.Namespace run.Pod.Name

    match Map.tryFind key world.Troubles.Ailing with
    | Some ailment when ailment.Times > 0 ->
        world
        |> World.troubled (fun troubles -> {
            troubles with
                Ailing = Map.add key { ailment with Times = ailment.Times - 1 } troubles.Ailing
        })
        |> ended ailment.Code ailment.Reason ailment.Message world.Now run
    | _ ->

        let struct (world, started) = Processes.start run container world

        match started with
        | Ok proc ->
            let delay =
                match container.Startup |> Option.orElse container.Readiness with
                | Some probe -> probe.InitialDelay
                | None -> 0L

            struct ({
                        run with
                            Process = proc
                            Life = Life.Running world.Now
                            Started = container.Startup.IsNone
                            Ready = not (hasProbes container)
                            NextProbe = world.Now + delay
                            Log = (world.Now, $"%s{container.Name} started") :: run.Log
                    },
                    world |> World.note $"kubelet %s{run.Pod.Name}: started %s{container.Name}")
        | Error problem -> ended 1 "Error" problem world.Now run world

/// How long a process may take to end: PD and TiKV end by themselves, others after a little while.
let private stopTime (grace: int64) (run: Run) (world: World) =
    match run.Process with
    | Process.Pd _
    | Process.Tikv _ -> grace
    | Process.Other -> min grace (draw world "stop" run world.Timings.StopProcess)
    | Process.Ended -> 0L

let private nextAddress (world: World) =
    let number = world.NextIp

    struct ({ world with NextIp = number + 1 },
            $"10.%d{64 + number / 65536}.%d{number / 256 % 256}.%d{number % 256}")

/// No registry gives out an image that the node does not have.
let private pullFails (run: Run) (world: World) =
    not (Set.isEmpty world.Troubles.BadImages)
    && run.Pod.Spec.Containers
       |> List.exists (fun container ->
           Set.contains container.Image world.Troubles.BadImages
           && not (
               Map.tryFind run.Node world.Machines
               |> Option.exists (fun machine -> Set.contains container.Image machine.Images)
           ))

/// Asks a process again that was left alone because nothing could have changed: at the next time of its probes.
let stir (uid: string) (run: Run) (world: World) =
    match run.Life with
    | Life.Running _ when run.NextProbe = System.Int64.MaxValue && hasProbes (main run) ->
        let every = period (main run)
        let next = run.ProbedAt + ((world.Now - run.ProbedAt) / every + 1L) * every

        put uid { run with NextProbe = next } world |> World.at next (Work.Kubelet uid)
    | _ -> world

/// One step of a Pod's life; with the time of the next look.
let private step (grace: int64 voption) (run: Run) (world: World) : struct (Run * World * int64 voption) =
    match run.Life, grace with
    | Life.Stopping until, _ when world.Now >= until || (Processes.exited run.Process world).IsSome ->
        let exit =
            match run.Process with
            | Process.Ended -> run.Exit
            | proc ->
                let killed = struct (137, "")
                let struct (code, message) = Processes.exited proc world |> ValueOption.defaultValue killed

                ValueSome {
                    Code = (if proc = Process.Other then 0 else code)
                    Reason = (if code = 0 || proc = Process.Other then "Completed" else "Error")
                    Message = message
                    StartedAt = run.AdmittedAt
                    FinishedAt = world.Now
                }

        struct ({ run with Life = Life.Ended; Exit = exit; Ready = false; Process = Process.Ended },
                died (blamed run world) "its Pod was deleted" run world
                |> Processes.kill run.Process
                |> World.note $"kubelet %s{run.Pod.Name}: stopped",
                ValueNone)
    | Life.Stopping until, ValueSome grace when world.Now + grace < until ->
        struct ({ run with Life = Life.Stopping(world.Now + grace) }, world, ValueSome(world.Now + grace))
    | Life.Stopping until, _ -> struct (run, world, ValueSome until)
    | Life.Ended, _ -> struct (run, world, ValueNone)
    | _, ValueSome grace ->
        let until = world.Now + stopTime grace run world

        struct ({ run with Life = Life.Stopping until },
                Processes.terminate run.Process world,
                ValueSome until)
    | Life.Waiting _, _ when run.Detached -> struct (run, world, ValueNone)
    | Life.Waiting _, _ ->
        let life =
            match missing run world, unresolved run world with
            | Some problem, _ -> Some(Life.Waiting(creating, problem))
            | None, Some problem -> Some(Life.Waiting(PodStatus.configError, problem))
            | None, None -> None

        match life with
        | Some life ->
            struct ({ run with Life = life }, world, ValueSome(world.Now + world.Timings.MountAgain))
        | None ->
            let struct (world, ip) = if run.Ip = "" then nextAddress world else struct (world, run.Ip)

            let pull =
                match Map.tryFind run.Node world.Machines with
                | Some machine when
                    run.Pod.Spec.Containers
                    |> List.forall (fun container -> Set.contains container.Image machine.Images)
                    ->
                    0L
                | _ -> draw world "pull" run world.Timings.PullImage

            let until = world.Now + pull
            struct ({ run with Ip = ip; Life = Life.Pulling until }, world, ValueSome until)
    | (Life.Pulling until | Life.PullBackOff(until, _)), _ when world.Now >= until && pullFails run world ->
        let wait =
            match run.Life with
            | Life.PullBackOff(_, wait) -> min world.Timings.CrashBackOffMost (wait * 2L)
            | _ -> world.Timings.PullBackOff

        struct ({ run with Life = Life.PullBackOff(world.Now + wait, wait) },
                world,
                ValueSome(world.Now + wait))
    | (Life.Pulling until | Life.PullBackOff(until, _)), _ when world.Now >= until ->
        let machines =
            world.Machines
            |> Map.change
                run.Node
                (Option.map (fun machine -> {
                    machine with
                        Images =
                            (machine.Images, run.Pod.Spec.Containers)
                            ||> List.fold (fun images container -> Set.add container.Image images)
                }))

        let until = world.Now + draw world "start" run world.Timings.StartContainer
        struct ({ run with Life = Life.Starting until }, { world with Machines = machines }, ValueSome until)
    | (Life.Pulling until | Life.PullBackOff(until, _)), _ -> struct (run, world, ValueSome until)
    | Life.Starting until, _ when world.Now >= until ->
        let struct (run, world) = start run world
        struct (run, world, ValueSome world.Now)
    | Life.Starting until, _ -> struct (run, world, ValueSome until)
    | Life.BackingOff until, _ when world.Now >= until ->
        let until = world.Now + draw world "start" run world.Timings.StartContainer
        struct ({ run with Life = Life.Starting until }, world, ValueSome until)
    | Life.BackingOff until, _ -> struct (run, world, ValueSome until)
    | Life.Running since, _ ->
        match Processes.exited run.Process world with
        | ValueSome struct (code, message) ->
            let struct (run, world) =
                died Culprit.Itself message run world
                |> Processes.kill run.Process
                |> ended code "Error" message since run

            struct (run, world, ValueSome world.Now)
        | ValueNone when world.Now >= run.NextProbe ->
            let container = main run

            if hasProbes container then
                let struct (run, world) = probe container since run world

                if run.Process <> Process.Ended && isSteady container run then
                    struct ({ run with NextProbe = System.Int64.MaxValue }, world, ValueNone)
                else
                    struct (run, world, ValueSome run.NextProbe)
            else
                struct ({ run with Ready = true; NextProbe = System.Int64.MaxValue }, world, ValueNone)
        | ValueNone ->
            struct (run,
                    world,
                    (if run.NextProbe = System.Int64.MaxValue then ValueNone else ValueSome run.NextProbe))

/// Power is lost: what ran is gone, and begins again when power returns.
let private lose (run: Run) (world: World) =
    match run.Process with
    | Process.Ended -> world
    | proc ->
        let exit = {
            Code = 255
            Reason = "Unknown"
            Message = ""
            StartedAt = run.AdmittedAt
            FinishedAt = world.Now
        }

        world
        |> died Culprit.Fault "the power is off" run
        |> Processes.kill proc
        |> put run.Pod.Uid {
            run with
                Process = Process.Ended
                Exit = ValueSome exit
                Ready = false
                Started = false
                Probes = 0
                Life = Life.Waiting(creating, "")
        }

let private settle uid (run: Run) gone (world: World) =
    match run.Life with
    | Life.Ended when gone -> {
        world with
            Runs = Map.remove uid world.Runs
            Blamed = Map.remove uid world.Blamed
      }
    | Life.Ended when run.Pod.Deleting.IsSome && connected run world -> {
        confirmEnd run world with
            Runs = Map.remove uid world.Runs
            Blamed = Map.remove uid world.Blamed
      }
    | _ -> put uid run world

let rec private look uid (run: Run) (world: World) : World =
    let current =
        match Map.tryFind uid world.PodKeys with
        | Some key -> World.tryPod key world
        | None -> ValueNone

    let reachable = connected run world
    let gone = reachable && current.IsNone

    let run =
        match current with
        | ValueSome pod when reachable -> { run with Pod = pod }
        | _ -> run

    let grace = if gone then ValueSome 1000L else run.Pod.Deleting
    let struct (next, world, again) = step grace run world

    if next.Life <> run.Life && again = ValueSome world.Now then
        look uid next (put uid next world)
    else
        let world = report next world |> settle uid next gone

        match again with
        | ValueSome time ->
            World.at (max time (world.Now + (if time <= world.Now then 1L else 0L))) (Work.Kubelet uid) world
        | ValueNone -> world

/// Looks at one Pod.
let sync (uid: string) (world: World) : World =
    match Map.tryFind uid world.Runs with
    | Some run ->
        match Map.tryFind run.Node world.Machines with
        | Some machine when machine.Up && machine.Kubelet -> look uid run world
        | Some machine when machine.Up -> world
        | _ -> lose run world
    | None ->
        match Map.tryFind uid world.PodKeys |> Option.map (fun key -> World.tryPod key world) with
        | Some(ValueSome pod) when pod.Node <> "" ->
            match Map.tryFind pod.Node world.Machines with
            | Some machine when machine.Up && machine.Connected && machine.Kubelet ->
                let run = admit pod world

                if pod.Deleting.IsSome then confirmEnd run world
                elif pod.Phase = "Succeeded" || pod.Phase = "Failed" then world
                else look uid run (put uid run world)
            | _ -> world
        | _ -> world
