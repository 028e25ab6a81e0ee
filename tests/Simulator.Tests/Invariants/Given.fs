/// A settled cluster, and what may be done to it by hand, so that a property breaks.
module Tikv.Simulator.Tests.Invariants.Given

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Simulator.Invariants
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios
open Tikv.Simulator.World

/// 3 PD and 4 TiKV with some regions, and all of them well.
let settled = lazy ((Settled.from { Given.ordinary with Regions = 12 }).World)

/// What happens, in order: the world afterwards, and the sight of it.
type Story = (World * Sight) list

let later milliseconds (world: World) = { world with Now = world.Now + milliseconds }

// ---- objects

let private key kind = Answers.key kind

let object kind name (world: World) =
    match ApiServer.tryGet (key kind) (Some "default") name world.Server with
    | Some object -> object
    | None -> invalidOp $"there is no %A{kind} %s{name}"

/// The same world with an object changed by hand.
let altered kind name (change: Json -> Json) (world: World) =
    let before = object kind name world

    let struct (server, _) =
        State.replace (key kind) (World.clock world) (change before) before world.Server

    Observer.observe { world with Server = server }

let without kind name (world: World) =
    let struct (server, _) =
        State.remove (key kind) (World.clock world) (object kind name world) world.Server

    Observer.observe { world with Server = server }

let added kind (body: Json) (world: World) =
    let struct (server, _) = State.add (key kind) (World.clock world) body world.Server
    Observer.observe { world with Server = server }

let set path value = Json.setPath path (Some value)
let deleting = set [ "metadata"; "deletionTimestamp" ] (Json.String "2026-01-01T00:10:00Z")

/// A change of an object as watches tell of it.
let changed how kind name (before: Json option) (world: World) : World * Sight =
    world,
    Sight.Changed {
        Revision = world.Server.Revision
        At = World.clock world
        Resource = key kind
        Type = how
        Object = object kind name world
        Previous = before
    }

let modified kind name change world =
    let after = altered kind name change world
    changed ChangeType.Modified kind name (Some(object kind name world)) after

// ---- writes and calls

let private reference kind name : ObjectRef = { Kind = kind; Namespace = "default"; Name = name }

let private landed write before after : World * Sight = after, Sight.Landed(0, write, 200, before)

let delete kind name (world: World) =
    let precondition = { Uid = Uid "some"; ResourceVersion = None }
    landed (Delete(reference kind name, precondition, None)) world world

let deleteWith precondition grace kind name (world: World) =
    landed (Delete(reference kind name, precondition, grace)) world world

let patch kind name (body: Json) (world: World) = landed (Patch(reference kind name, false, body)) world world

let patched kind name body after world = landed (Patch(reference kind name, false, body)) world after
let create kind name (body: Json) (world: World) = landed (Create(reference kind name, body)) world world
let call (call: PdCall) (world: World) : World * Sight = world, Sight.AskedPd(0, call, 200, world)
let called (call: PdCall) before after : World * Sight = after, Sight.AskedPd(0, call, 200, before)

let patchStatus kind name (body: Json) (world: World) =
    landed (Patch(reference kind name, true, Json.object [ "status", body ])) world world

let sent request what (world: World) : World * Sight = world, Sight.Sent(0, 0, request, what)
let heard request isKnown (world: World) : World * Sight = world, Sight.Heard(0, 0, request, isKnown)
let creationOf kind name body = Sent.Write(Create(reference kind name, body))
let creation kind name = creationOf kind name Json.empty

let deletion kind name =
    Sent.Write(Delete(reference kind name, { Uid = Uid "some"; ResourceVersion = None }, None))

let processes (world: World) : World * Sight = world, Sight.Processes
let settles (world: World) : World * Sight = world, Sight.Settled

// ---- PD and TiKV

let cluster change (world: World) = {
    world with
        Pd = {
            world.Pd with
                Groups =
                    world.Pd.Groups
                    |> Map.map (fun _ (group: PdGroup) -> { group with Cluster = change group.Cluster })
        }
}

let storeOf pod (world: World) =
    match Ground.storeOfPod ("default/" + pod) world with
    | Some store -> store.Id
    | None -> invalidOp $"%s{pod} has no store"

let memberOf name (world: World) =
    Ground.clusters world
    |> Seq.collect _.Members.Values
    |> Seq.find (fun one -> one.Name = name)
    |> _.Id

let storeState pod state world =
    let id = storeOf pod world

    cluster
        (fun cluster -> {
            cluster with
                Stores =
                    cluster.Stores
                    |> Map.change id (Option.map (fun store -> { store with NodeState = state }))
        })
        world

let evicting pod world =
    let id = storeOf pod world
    cluster (fun cluster -> { cluster with Evicting = Set.add id cluster.Evicting }) world

/// Every region has these voters, the first of which leads.
let regionsOn pods world =
    let voters = pods |> List.map (fun pod -> storeOf pod world)

    cluster
        (fun cluster -> {
            cluster with
                Regions = Map [ { Voters = List.sort voters; Leader = ValueSome voters.Head }, 12 ]
        })
        world

let private kill name (world: World) =
    match
        world.Pd.Tikvs.Keys |> Seq.tryFind (fun key -> key.Contains(name: string)),
        world.Pd.Members.Keys |> Seq.tryFind (fun key -> key.Contains name)
    with
    | Some key, _ -> { world with Pd = PdWorld.stopStore world.Now PdStop.Kill key world.Pd }
    | None, Some key -> { world with Pd = PdWorld.stopMember world.Now PdStop.Kill key world.Pd }
    | None, None -> invalidOp $"no process of %s{name}"

/// The processes of these Pods die.
let dead (pods: string list) (world: World) =
    (world, pods)
    ||> List.fold (fun world pod ->
        match World.tryPod ("default/" + pod) world with
        | ValueSome found ->
            match Map.tryFind found.Uid world.Runs with
            | Some { Process = (Process.Tikv name | Process.Pd name) } -> kill name world
            | _ -> invalidOp $"%s{pod} does not run"
        | ValueNone -> invalidOp $"there is no %s{pod}")

let leaderOf (world: World) =
    Ground.clusters world
    |> Seq.pick (fun group -> Ground.leader group |> Option.bind (fun id -> Map.tryFind id group.Members))
    |> _.Name

/// The ids of the properties that break over a story, of one property alone.
let broken (id: string) (story: Story) =
    let invariants = All.invariants |> List.filter (fun one -> one.Property.Id = id)

    let judge =
        (Judge.start invariants, story)
        ||> List.fold (fun judge (world, sight) -> Judge.see world sight judge)

    judge.Violations |> List.map _.Property.Id |> List.distinct
