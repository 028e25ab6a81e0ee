/// Misfortunes of machines, containers and disks, and what each makes of the world.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Calamity

open Tikv.Core
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World

let private within (zone: string option) (node: Node) =
    match zone with
    | Some zone -> Map.tryFind "topology.kubernetes.io/zone" node.Labels = Some zone
    | None -> true

let private site zone up (world: World) =
    (world, world.Nodes.Values |> Seq.filter (within zone) |> List.ofSeq)
    ||> List.fold (fun world node -> Power.power up node.Name world)

let private deleteNode name =
    World.send "user" (Requests.delete Requests.deleteOptions Builtins.nodes None name)

let private taint (node: string) key effect on (world: World) =
    match ApiServer.tryGet Builtins.nodes None node world.Server with
    | None -> world
    | Some object ->
        let others =
            Json.itemsAt [ "spec"; "taints" ] object
            |> List.filter (fun taint ->
                Json.stringAt [ "key" ] taint <> Some key
                || Json.stringAt [ "effect" ] taint <> Some effect)

        let fresh =
            Json.object [
                "key", Json.String key
                "value", Json.String "nodeshutdown"
                "effect", Json.String effect
            ]

        let taints = if on then others @ [ fresh ] else others

        World.send
            "user"
            (Requests.patch
                MergePatch
                Builtins.nodes
                None
                node
                (Json.object [ "spec", Json.object [ "taints", Json.Array taints ] ]))
            world

let private toggled on (what: string) (set: Set<string>) =
    if on then Set.add what set else Set.remove what set

let private cut from into on (world: World) =
    let cuts =
        if on then
            Set.add (struct (from, into)) world.Pd.Cuts
        else
            Set.remove (struct (from, into)) world.Pd.Cuts

    { world with Pd = PdWorld.setCuts world.Now cuts world.Pd }

/// Through the first member that answers.
let private askPd verb path body (world: World) =
    let answering =
        world.Runs.Values
        |> Seq.tryFind (fun run ->
            match run.Process with
            | Process.Pd name -> PdWorld.memberState name world.Pd = Some ProcessState.Running
            | _ -> false)

    match answering with
    | None -> World.note $"user: no PD answers %s{verb} %s{path}" world
    | Some run ->
        let struct (world, answer) = Processes.askPd run.Pod verb path body world

        let said =
            match answer with
            | PdAnswer.Replied(reply, _) -> string reply.Status
            | PdAnswer.Silent
            | PdAnswer.Refused -> "nothing"

        World.note $"user: pd %s{verb} %s{path} %s{body} -> %s{said}" world

/// What the misfortune makes of the world now. Those of operators and requests are the engine's.
let strike (misfortune: Misfortune) (world: World) : World =
    match misfortune with
    | Misfortune.NodePower(node, on) -> Power.power on node world
    | Misfortune.KubeletLink(node, on) -> Power.link on node world
    | Misfortune.NodeReboot(node, _) -> Power.power false node world
    | Misfortune.SitePower(zone, 0L) -> site zone true world
    | Misfortune.SitePower(zone, _) -> site zone false world
    | Misfortune.NodeLost node -> Power.lose node world
    | Misfortune.NodeDeleted node -> deleteNode node world
    | Misfortune.NodeReplaced node -> Power.replace node world
    | Misfortune.NodeCordon(node, on) -> Drains.cordon on node world
    | Misfortune.NodeDrain(node, true) -> Drains.start node world
    | Misfortune.NodeDrain(node, false) -> Drains.stop node world
    | Misfortune.NodeTaint(node, key, effect, on) -> taint node key effect on world
    | Misfortune.KubeletStops node -> Power.kubelet false node world
    | Misfortune.KubeletStarts node -> Power.kubelet true node world
    | Misfortune.FileLimit(node, files) -> Power.limitFiles files node world
    | Misfortune.ContainerKill(pod, code, message) -> Strikes.kill code "Error" message pod world
    | Misfortune.OutOfMemory pod -> Strikes.outOfMemory pod world
    | Misfortune.CrashLoop(pod, times, message) ->
        Strikes.ail pod { Times = times; Code = 1; Reason = "Error"; Message = message } world
    | Misfortune.PodEvicted(pod, resource) -> Strikes.evict resource pod world
    | Misfortune.BadImage(image, on) ->
        World.troubled
            (fun troubles -> { troubles with BadImages = toggled on image troubles.BadImages })
            world
    | Misfortune.DiskLost claim -> Strikes.loseClaim claim world
    | Misfortune.DiskFull(claim, on) ->
        Strikes.sicken claim (if on then ValueSome(Sickness.Full 0L) else ValueNone) world
    | Misfortune.DiskBroken(claim, on) ->
        Strikes.sicken claim (if on then ValueSome Sickness.Broken else ValueNone) world
    | Misfortune.AttachStuck(claim, on) ->
        World.troubled
            (fun troubles -> { troubles with StuckAttach = toggled on claim troubles.StuckAttach })
            world
    | Misfortune.ProvisionerDown(storage, on) ->
        World.troubled
            (fun troubles -> {
                troubles with
                    BrokenProvisioners = toggled on storage troubles.BrokenProvisioners
            })
            world
        |> Storage.lookAgain
    | Misfortune.ResizeFails(claim, on) ->
        World.troubled
            (fun troubles -> { troubles with BrokenResize = toggled on claim troubles.BrokenResize })
            world
        |> Storage.lookAgain
    | Misfortune.Partition(one, other, on) -> world |> cut one other on |> cut other one on
    | Misfortune.OneWay(from, into, on) -> cut from into on world
    | Misfortune.SlowDisk(pod, on) -> { world with Pd = PdWorld.setSlow world.Now pod on world.Pd }
    | Misfortune.PdClockJump(pod, span) -> { world with Pd = PdWorld.jumpClock world.Now pod span world.Pd }
    | Misfortune.PdAct(verb, path, body) -> askPd verb path body world
    | Misfortune.ToWrite _
    | Misfortune.ToRead _
    | Misfortune.Crash _
    | Misfortune.StartOperator _
    | Misfortune.StopOperator _
    | Misfortune.CutWatches _
    | Misfortune.HoldBack _
    | Misfortune.EndHoldBack
    | Misfortune.Api _
    | Misfortune.Compacted
    | Misfortune.ClockJump _
    | Misfortune.OperatorPause _
    | Misfortune.Acts _ -> world

/// What follows a misfortune by itself: after so many milliseconds.
let sequel (misfortune: Misfortune) : (int64 * Misfortune) list =
    match misfortune with
    | Misfortune.NodeReboot(node, span) -> [ span, Misfortune.NodePower(node, true) ]
    | Misfortune.SitePower(zone, span) when span > 0L -> [ span, Misfortune.SitePower(zone, 0L) ]
    | _ -> []
