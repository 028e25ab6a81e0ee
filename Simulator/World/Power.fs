/// What befalls machines: power, the kubelet, its way to the API server, and the end of the machine itself.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Power

open Tikv.Core
open Tikv.Simulator.Kubernetes

/// Everything on the machine is looked at anew.
let private wake (name: string) (world: World) =
    let world = World.at world.Now (Work.Node name) world

    let world =
        (world, world.Runs)
        ||> Map.fold (fun world uid run ->
            if run.Node = name then World.at world.Now (Work.Kubelet uid) world else world)

    (world, world.Pods.Values)
    ||> Seq.fold (fun world pod ->
        if pod.Node = name then World.at world.Now (Work.Kubelet pod.Uid) world else world)

let private put (machine: Machine) (world: World) =
    let heard = machine.Up && machine.Connected && machine.Kubelet

    let machine = {
        machine with
            SilentSince =
                if heard then ValueNone else machine.SilentSince |> ValueOption.orElse (ValueSome world.Now)
    }

    { world with Machines = Map.add machine.Name machine world.Machines }
    |> wake machine.Name

/// A kubelet that starts registers its node, if the object is not there (any more).
let private register (machine: Machine) (world: World) =
    if
        not (machine.Up && machine.Connected && machine.Kubelet)
        || Map.containsKey machine.Name world.Nodes
    then
        world
    else
        let at = Meta.time (World.clock world)

        (world, NodeForms.register "kubelet" (NodeForms.manifest machine.Shape machine.Ip at))
        ||> List.fold (fun world request -> World.send "kubelet" request world)

let private change (name: string) what (alter: Machine -> Machine) (world: World) =
    match Map.tryFind name world.Machines with
    | None -> world
    | Some before ->
        let machine = alter before
        let world = world |> put machine |> World.note $"machine %s{name}: %s{what}"
        // a kubelet begins with its process, and its process with the machine
        if machine.Up && machine.Kubelet && not (before.Up && before.Kubelet) then
            register machine world
        else
            world

/// Power, and the kubelet's way to the API server.
let set (up: bool) (connected: bool) (name: string) (world: World) : World =
    change
        name
        $"up %b{up}, connected %b{connected}"
        (fun machine -> { machine with Up = up && not machine.Lost; Connected = connected })
        world

let power (up: bool) (name: string) (world: World) : World =
    let connected = Map.tryFind name world.Machines |> Option.forall _.Connected
    set up connected name world

let link (connected: bool) (name: string) (world: World) : World =
    let up = Map.tryFind name world.Machines |> Option.forall _.Up
    set up connected name world

/// The kubelet's process ends or starts; containers go on.
let kubelet (runs: bool) (name: string) (world: World) : World =
    change name $"kubelet %b{runs}" (fun machine -> { machine with Kubelet = runs }) world

/// How many files a container may open on this machine, from its next start on.
let limitFiles (files: int) (name: string) (world: World) : World =
    change name $"RLIMIT_NOFILE %d{files}" (fun machine -> { machine with FileLimit = files }) world

/// What stood on the machine's own disks is gone.
let private wipe (name: string) (world: World) =
    let isHere (volume: Volume) =
        volume.NodeTerms
        |> List.exists (
            List.exists (fun requirement ->
                match requirement with
                | In("kubernetes.io/hostname", names) -> names = [ name ]
                | _ -> false)
        )

    (world, world.Volumes.Values |> Seq.filter isHere |> List.ofSeq)
    ||> List.fold (fun world volume -> Strikes.loseDisk volume.Uid world)

/// The machine is gone for good, with its local disks; the objects that stand for it stay.
let lose (name: string) (world: World) : World =
    world
    |> change name "lost for good" (fun machine -> { machine with Up = false; Lost = true })
    |> wipe name

let private deleteNode (name: string) (world: World) =
    World.send "cloud-controller" (Requests.delete Requests.deleteOptions Builtins.nodes None name) world

/// Another machine takes the name and address of this one, with empty disks; its node is a new object (V K44).
let replace (name: string) (world: World) : World =
    match Map.tryFind name world.Machines with
    | None -> world
    | Some machine ->
        let world = world |> lose name

        let world =
            (world, world.Runs)
            ||> Map.fold (fun world uid run -> if run.Node = name then Strikes.vanish uid world else world)
            |> deleteNode name

        let fresh = {
            machine with
                Up = true
                Connected = true
                Kubelet = true
                Lost = false
                Images = Set.empty
        }

        { world with Nodes = Map.remove name world.Nodes }
        |> put fresh
        |> register fresh
        |> World.note $"machine %s{name}: replaced"
