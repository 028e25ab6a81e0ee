/// The processes of containers: PD and TiKV are those of the model of PD, and keep their data on the Pod's volumes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Processes

open System
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd

let isModelled (container: Container) = Launch.program container <> Launch.Program.Other

/// What the process of a container is called in the model of PD: one name a life of the Pod.
let private nameOf (pod: Pod) = pod.Name + "@" + pod.Uid

// ---- disks

let private diskNow (name: string) (world: World) =
    match PdWorld.memberDisk name world.Pd, PdWorld.storeDisk name world.Pd with
    | Some disk, _ -> Some(Disk.Pd disk)
    | None, Some disk -> Some(Disk.Tikv disk)
    | None, None -> None

/// Keeps what a process has written.
let private keepDisk (name: string) (world: World) =
    match Map.tryFind name world.Mounted, diskNow name world with
    | Some volume, Some disk -> { world with Disks = Map.add volume disk world.Disks }
    | _ -> world

/// What a new process finds on a volume: also what another one, still running, has written.
let private find (volume: string) (world: World) =
    let world =
        (world, world.Mounted)
        ||> Map.fold (fun world name mounted -> if mounted = volume then keepDisk name world else world)

    struct (world, Map.tryFind volume world.Disks)

/// The volume is destroyed, with all that it held.
let destroyDisk (volume: string) (world: World) = { world with Disks = Map.remove volume world.Disks }

// ---- PD and TiKV

/// Those of some URLs whose host resolves; one that leads nowhere when none does.
let private resolvable (pod: Pod) (urls: string list) (world: World) =
    let host (url: string) = (Network.authority url).Split(':')[0]

    match
        urls
        |> List.filter (fun url -> not (List.isEmpty (Dns.resolve pod.Namespace (host url) world)))
    with
    | [] -> [ "http://unresolved.invalid:2379" ]
    | urls -> urls

let private first (candidates: string list) =
    candidates |> List.tryFind (fun text -> text <> "") |> Option.defaultValue ""

let private initialCluster name peerUrl (text: string) =
    match
        Launch.list text
        |> List.choose (fun entry ->
            match entry.IndexOf '=' with
            | -1 -> None
            | at -> Some(entry.Substring(0, at), entry.Substring(at + 1)))
    with
    | [] -> [ name, peerUrl ]
    | members -> members

/// A Pod that was deleted by force has gone while its process still runs, and the next one may come to the same machine: there
/// the lock of the data keeps it from starting. From machine to machine nothing does, but that a volume is attached once.
let private isLocked (pod: Pod) (volume: string) (world: World) =
    world.Runs.Values
    |> Seq.exists (fun run ->
        run.Pod.Node = pod.Node
        && run.Pod.Uid <> pod.Uid
        && (match run.Process with
            | Process.Pd name
            | Process.Tikv name -> Map.tryFind name world.Mounted = Some volume
            | Process.Other
            | Process.Ended -> false))

/// What a volume does to a process that starts on it.
let private sickness (pod: Pod) (volume: string) directory (world: World) =
    match Map.tryFind volume world.Troubles.SickDisks with
    | Some(Sickness.Full capacity) when
        world.Volumes.Values
        |> Seq.exists (fun one -> one.Uid = volume && one.Capacity > capacity)
        ->
        None
    | Some(Sickness.Full _) -> Some(LastWords.noSpace directory)
    | Some Sickness.Broken -> Some(LastWords.inputOutput directory)
    | None when isLocked pod volume world -> Some(LastWords.lockHeld directory)
    | None -> None

let private startPd (pod: Pod) (container: Container) (settings: Launch.Settings) (world: World) =
    let name = first [ Launch.text "name" "name" settings; "pd" ]
    let directory = first [ Launch.text "data-dir" "data-dir" settings; "default." + name ]
    let join = Launch.text "join" "join" settings
    let initial = Launch.text "initial-cluster" "initial-cluster" settings

    let url flag standard =
        first [
            Launch.text ("advertise-" + flag) ("advertise-" + flag) settings
            Launch.text flag flag settings
            standard
        ]

    let peerUrl = url "peer-urls" "http://127.0.0.1:2380"
    let volume, _ = Launch.volume pod container directory world
    let struct (world, disk) = find volume world
    let members = initialCluster name peerUrl initial
    let sick = sickness pod volume directory world

    if sick.IsSome then
        struct (world, Error sick.Value)
    elif join <> "" && initial <> "" then
        struct (world, Error "-initial-cluster and -join can not be provided at the same time")
    elif
        join = ""
        && disk.IsNone
        && not (members |> List.exists (fun (member', _) -> member' = name))
    then
        struct (world, Error $"couldn't find local name \"%s{name}\" in the initial cluster configuration")
    else
        let start: PdMemberStart = {
            Process = nameOf pod
            Name = name
            PeerUrl = peerUrl
            ClientUrl = url "client-urls" "http://127.0.0.1:2379"
            Version = Launch.version container
            Start =
                if join <> "" then
                    PdStart.Join(resolvable pod (Launch.list join) world)
                else
                    PdStart.InitialCluster members
            Disk =
                match disk with
                | Some(Disk.Pd disk) -> Some disk
                | _ -> None
        }

        struct ({
                    world with
                        Pd = PdWorld.startMember world.Now start world.Pd
                        Mounted = Map.add start.Process volume world.Mounted
                },
                Ok(Process.Pd start.Process))

let private startTikv (pod: Pod) (container: Container) (settings: Launch.Settings) (world: World) =
    let directory = first [ Launch.text "data-dir" "storage.data-dir" settings; "./" ]

    let volume, capacity = Launch.volume pod container directory world
    let struct (world, disk) = find volume world

    let endpoints =
        first [ Launch.text "pd-endpoints" "pd.endpoints" settings; Launch.text "pd" "pd.endpoints" settings ]

    let address flag key standard =
        first [
            Launch.text ("advertise-" + flag) ("server.advertise-" + key) settings
            Launch.text flag ("server." + key) settings
            standard
        ]

    let sick = sickness pod volume directory world

    let files =
        Map.tryFind pod.Node world.Machines
        |> Option.map _.FileLimit
        |> Option.defaultValue Int32.MaxValue

    if endpoints = "" then
        struct (world, Error "invalid configuration: pd.endpoints is not set")
    elif sick.IsSome then
        struct (world, Error sick.Value)
    elif files < LastWords.filesNeeded then
        struct (world, Error(LastWords.tooManyFiles files directory))
    else
        let start: TikvStart = {
            Process = nameOf pod
            PdUrls = Launch.list endpoints
            Address = address "addr" "addr" "127.0.0.1:20160"
            StatusAddress = address "status-addr" "status-addr" "127.0.0.1:20180"
            Version = (Launch.version container).TrimStart 'v'
            Labels = Launch.table "server.labels" settings
            Capacity = capacity
            Disk =
                match disk with
                | Some(Disk.Tikv disk) -> Some disk
                | _ -> None
        }

        struct ({
                    world with
                        Pd = PdWorld.startStore world.Now start world.Pd
                        Mounted = Map.add start.Process volume world.Mounted
                },
                Ok(Process.Tikv start.Process))

/// Starts the process of a container; the error is what it said when it died at once.
let start (run: Run) (container: Container) (world: World) : struct (World * Result<Process, string>) =
    match Launch.program container with
    | Launch.Program.Other -> struct (world, Ok Process.Other)
    | program ->
        let isPd = program = Launch.Program.Pd
        let lastWords = if isPd then LastWords.pd world else LastWords.tikv world

        match Launch.settings run.Pod container world with
        | Error problem -> struct (world, Error(lastWords problem))
        | Ok settings ->
            let struct (world, started) =
                if isPd then
                    startPd run.Pod container settings world
                else
                    startTikv run.Pod container settings world

            struct (world, started |> Result.mapError lastWords)

/// SIGTERM.
let terminate (proc: Process) (world: World) : World =
    match proc with
    | Process.Pd name -> { world with Pd = PdWorld.stopMember world.Now PdStop.Graceful name world.Pd }
    | Process.Tikv name -> { world with Pd = PdWorld.stopStore world.Now PdStop.Graceful name world.Pd }
    | Process.Other
    | Process.Ended -> world

let private forget name (world: World) =
    let world = keepDisk name world
    { world with Mounted = Map.remove name world.Mounted }

/// How a process has ended by itself.
let exited (proc: Process) (world: World) : struct (int * string) voption =
    let state =
        match proc with
        | Process.Pd name -> PdWorld.memberState name world.Pd
        | Process.Tikv name -> PdWorld.storeState name world.Pd
        | Process.Other
        | Process.Ended -> None

    match state with
    | Some(ProcessState.Exited(code, "")) -> ValueSome(struct (code, ""))
    | Some(ProcessState.Exited(code, message)) ->
        let words =
            match proc with
            | Process.Pd _ -> LastWords.pd world message
            | _ -> LastWords.tikv world message

        ValueSome(struct (code, words))
    | _ -> ValueNone

let hasExited (proc: Process) (world: World) =
    match proc with
    | Process.Pd name ->
        match PdWorld.memberState name world.Pd with
        | Some(ProcessState.Exited _) -> true
        | _ -> false
    | Process.Tikv name ->
        match PdWorld.storeState name world.Pd with
        | Some(ProcessState.Exited _) -> true
        | _ -> false
    | Process.Other
    | Process.Ended -> false

/// SIGKILL, or what is left to do when it has ended: its data stays on its volume.
let kill (proc: Process) (world: World) : World =
    match proc with
    | Process.Pd name ->
        let pd =
            if hasExited proc world then world.Pd else PdWorld.stopMember world.Now PdStop.Kill name world.Pd

        let world = forget name { world with Pd = pd }
        { world with Pd = PdWorld.forgetMember world.Now name world.Pd }
    | Process.Tikv name ->
        let pd =
            if hasExited proc world then world.Pd else PdWorld.stopStore world.Now PdStop.Kill name world.Pd

        let world = forget name { world with Pd = pd }
        { world with Pd = PdWorld.forgetStore world.Now name world.Pd }
    | Process.Other
    | Process.Ended -> world

/// Asks a member of PD something over HTTP.
let private ask name verb path body (world: World) : struct (World * PdAnswer) =
    let pd, answer = PdServer.handle world.Pd world.Now name verb path body

    struct ((if LanguagePrimitives.PhysicalEquality pd world.Pd then world else { world with Pd = pd }),
            answer)

/// Longest a probe waits for an answer (timeoutSeconds, 1 by default).
let private probePatience = 1_000L

/// Whether a process is content with a probe.
let answers (proc: Process) (probe: ProbeKind) (world: World) : bool =
    match proc, probe with
    | Process.Ended, _ -> false
    | Process.Other, _ -> true
    | (Process.Pd _ | Process.Tikv _), ProbeKind.Exec -> true
    | Process.Pd name, ProbeKind.Tcp _ ->
        match PdWorld.memberState name world.Pd with
        | Some(ProcessState.Running | ProcessState.Hanging | ProcessState.Stopping) -> true
        | _ -> false
    | Process.Pd name, ProbeKind.Http(path, _) ->
        let struct (_, answer) = ask name "GET" path "" world

        match answer with
        | PdAnswer.Replied(reply, after) ->
            reply.Status >= 200 && reply.Status < 400 && after <= probePatience
        | PdAnswer.Silent
        | PdAnswer.Refused -> false
    | Process.Tikv name, (ProbeKind.Tcp _ | ProbeKind.Http _) ->
        match PdWorld.storeState name world.Pd with
        | Some(ProcessState.Running | ProcessState.Stopping) -> true
        | _ -> false

/// Settings that TiKV reads at its start only, of those that a scenario changes.
let private readOnce = [ "server.grpc-concurrency"; "raftstore.store-pool-size-max"; "storage.engine" ]

/// TiKV's status server, as far as it is asked here: `POST /config` (tikv src/server/status_server).
let private askTikv name verb (path: string) (body: string) (world: World) =
    match PdWorld.storeState name world.Pd with
    | Some(ProcessState.Running) when verb = "POST" && path.StartsWith("/config", StringComparison.Ordinal) ->
        let failed problem = { Status = 500; Body = PdBody.Text $"failed to update, error: %s{problem}" }

        let reply =
            match Json.parse body |> Result.map Json.asMembers with
            | Ok(Some members) ->
                match members |> List.tryFind (fun (key, _) -> List.contains key readOnce) with
                | Some(key, _) -> failed $"config %s{key} can not be changed"
                | None -> { Status = 200; Body = PdBody.Text "" }
            | _ -> { Status = 500; Body = PdBody.Text "failed to decode, error: expected value" }

        PdAnswer.Replied(reply, 1L)
    | Some(ProcessState.Running) ->
        PdAnswer.Replied({ Status = 404; Body = PdBody.Text "path not found" }, 1L)
    | _ -> PdAnswer.Refused

/// A request to the PD, or to the status port of the TiKV, in a Pod.
let askPd (pod: Pod) verb path (body: string) (world: World) : struct (World * PdAnswer) =
    match Map.tryFind pod.Uid world.Runs with
    | Some { Process = (Process.Pd name | Process.Tikv name) as proc; Node = node } ->
        match Map.tryFind node world.Machines, proc with
        | Some machine, Process.Pd _ when machine.Up -> ask name verb path body world
        | Some machine, _ when machine.Up -> struct (world, askTikv name verb path body world)
        | _ -> struct (world, PdAnswer.Silent)
    | _ -> struct (world, PdAnswer.Refused)

/// When something happens in PD or TiKV by itself next; now, while the kubelets have not looked at what has happened.
let next (world: World) : int64 voption =
    if LanguagePrimitives.PhysicalEquality world.Pd world.Probed then
        PdWorld.nextEvent world.Pd |> ValueOption.ofOption
    else
        ValueSome world.Now

let private same (one: 'Record option) (other: 'Record option) =
    match one, other with
    | Some one, Some other -> LanguagePrimitives.PhysicalEquality (box one) (box other)
    | None, None -> true
    | _ -> false

/// Whether a process is no longer as the kubelets saw it last.
let hasChanged (proc: Process) (world: World) =
    match proc with
    | Process.Pd name ->
        not (same (Map.tryFind name world.Probed.Members) (Map.tryFind name world.Pd.Members))
    | Process.Tikv name -> not (same (Map.tryFind name world.Probed.Tikvs) (Map.tryFind name world.Pd.Tikvs))
    | Process.Other
    | Process.Ended -> false

/// Lets PD and TiKV live on to a time.
let advance (until: int64) (world: World) : World =
    match PdWorld.nextEvent world.Pd with
    | Some time when time <= until -> { world with Pd = PdWorld.advance until world.Pd }
    | _ -> world

/// Tells the processes what the names of Services stand for now.
let resolveServices (world: World) : World =
    let pd =
        (world.Pd, world.Services.Values)
        ||> Seq.fold (fun pd service ->
            let processes =
                Endpoints.addresses service world
                |> fst
                |> List.choose (fun pod ->
                    match Map.tryFind pod.Uid world.Runs with
                    | Some { Process = Process.Pd name } -> Some name
                    | _ -> None)

            let short = service.Name + "." + service.Namespace

            (pd, [ service.Name; short; short + ".svc"; short + ".svc.cluster.local" ])
            ||> List.fold (fun pd host ->
                match Map.tryFind host pd.Hosts with
                | Some known when known = processes -> pd
                | None when List.isEmpty processes -> pd
                | _ -> PdWorld.setHost host processes pd))

    if LanguagePrimitives.PhysicalEquality pd world.Pd then world else { world with Pd = pd }
