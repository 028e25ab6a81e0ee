/// What befalls containers and disks.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Strikes

open Tikv.Core

/// The process ends now; its kubelet goes on from there (V K39: the Pod stays).
let private dies code reason message (uid: string) (world: World) =
    match Map.tryFind uid world.Runs with
    | Some({ Life = Life.Running since } as run) ->
        let world =
            Kubelet.died Culprit.Fault (reason + " " + message) run world
            |> Processes.kill run.Process

        let struct (run, world) = Kubelet.ended code reason message since run world

        { world with Runs = Map.add uid run world.Runs }
        |> World.at world.Now (Work.Kubelet uid)
    | _ -> world

let private uidOf (key: string) (world: World) =
    World.tryPod key world |> ValueOption.map _.Uid |> ValueOption.defaultValue ""

/// The container of a Pod (`namespace/name`) ends with a code; 137 and `OOMKilled` when its memory did not suffice.
let kill code reason message (pod: string) (world: World) : World =
    dies code reason message (uidOf pod world) world

let outOfMemory (pod: string) (world: World) : World = kill 137 "OOMKilled" "" pod world

/// The next so many starts of the container fail at once.
let ail (pod: string) (ailment: Ailment) (world: World) : World =
    world
    |> World.troubled (fun troubles -> { troubles with Ailing = Map.add pod ailment troubles.Ailing })
    |> kill ailment.Code ailment.Reason ailment.Message pod

/// The kubelet evicts a Pod for want of a resource: it has failed, and stays so until it is deleted (V K39).
let evict (why: string) (pod: string) (world: World) : World =
    let uid = uidOf pod world

    match Map.tryFind uid world.Runs with
    | Some run when run.Life <> Life.Ended ->
        let exit = {
            Code = 137
            Reason = "Error"
            Message = ""
            StartedAt = run.AdmittedAt
            FinishedAt = world.Now
        }

        let world =
            Kubelet.died Culprit.Fault ("evicted: " + why) run world
            |> Processes.kill run.Process

        let run = {
            run with
                Life = Life.Ended
                Process = Process.Ended
                Exit = ValueSome exit
                Ready = false
                Evicted = $"The node was low on resource: %s{why}."
        }

        { world with Runs = Map.add uid run world.Runs }
        |> World.at world.Now (Work.Kubelet uid)
        |> World.note $"kubelet evicts %s{run.Pod.Name}: %s{why}"
    | _ -> world

/// A run is gone with its machine.
let vanish (uid: string) (world: World) : World =
    match Map.tryFind uid world.Runs with
    | Some run ->
        let world =
            Kubelet.died Culprit.Fault "its machine is gone" run world
            |> Processes.kill run.Process

        { world with Runs = Map.remove uid world.Runs }
    | None -> world

/// The network volumes of a run are taken from its node: what still runs can write no more.
let detach (uid: string) (world: World) : World =
    match Map.tryFind uid world.Runs with
    | Some run ->
        let world = { world with Runs = Map.add uid { run with Detached = true } world.Runs }
        dies 1 "Error" (LastWords.inputOutput "data") uid world
    | None -> world

// ---- disks

/// Runs whose process writes to a volume, by its uid.
let private writers (volume: string) (world: World) =
    world.Runs
    |> Map.toList
    |> List.filter (fun (_, run) ->
        match run.Process with
        | Process.Pd name
        | Process.Tikv name -> Map.tryFind name world.Mounted = Some volume
        | Process.Other
        | Process.Ended -> false)
    |> List.map fst

let private failing message volume (world: World) =
    (world, writers volume world)
    ||> List.fold (fun world uid -> dies 1 "Error" message uid world)

/// What stands on a volume is gone; the volume is there, and empty. What writes to it dies.
let loseDisk (volume: string) (world: World) : World =
    let world = failing (LastWords.inputOutput "data") volume world

    Processes.destroyDisk volume world
    |> World.note $"disk %s{volume}: all data is lost"

/// The volume of a claim (`namespace/name`).
let private volumeOf (claim: string) (world: World) =
    Map.tryFind claim world.Claims
    |> Option.bind (fun claim -> Map.tryFind claim.Volume world.Volumes)

/// The disk behind a claim is wiped, or replaced by an empty one.
let loseClaim (claim: string) (world: World) : World =
    match volumeOf claim world with
    | Some volume -> loseDisk volume.Uid world
    | None -> world

/// The disk behind a claim takes no writes (or does again): full until it is larger, or broken.
let sicken (claim: string) (sickness: Sickness voption) (world: World) : World =
    match volumeOf claim world, sickness with
    | Some volume, ValueSome sickness ->
        let sickness, message =
            match sickness with
            | Sickness.Full _ -> Sickness.Full volume.Capacity, LastWords.noSpace "data"
            | Sickness.Broken -> Sickness.Broken, LastWords.inputOutput "data"

        world
        |> World.troubled (fun troubles -> {
            troubles with
                SickDisks = Map.add volume.Uid sickness troubles.SickDisks
        })
        |> failing message volume.Uid
    | Some volume, ValueNone ->
        world
        |> World.troubled (fun troubles -> {
            troubles with
                SickDisks = Map.remove volume.Uid troubles.SickDisks
        })
    | None, _ -> world
