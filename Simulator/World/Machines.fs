/// The world's clockwork: what is due next, and what becomes of the world by it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Machines

open Tikv.Simulator.Kubernetes

let private perform (work: Work) (world: World) : World =
    match work with
    | Work.Schedule pod -> Scheduler.schedule pod world
    | Work.Kubelet uid -> Kubelet.sync uid world
    | Work.Claim key -> Storage.claim key world
    | Work.Volume name -> Storage.volume name world
    | Work.Endpoints service -> Endpoints.sync service world
    | Work.Node name -> Nodes.sync name world
    | Work.Orphans name -> Nodes.orphans name world
    | Work.Namespace name -> Namespaces.sync name world
    | Work.Drain node -> Drains.sync node world
    | Work.Garbage -> { world with Server = Controllers.step (World.clock world) world.Server }

let private isDue (time: int64) work (world: World) =
    match world.Due.TryGetValue work with
    | true, due -> due = time
    | _ -> false

/// Drops entries of the agenda that were superseded by an earlier one.
let rec private tidy (world: World) =
    match Agenda.first world.Agenda with
    | ValueSome(struct (time, work)) when not (isDue time work world) ->
        tidy { world with Agenda = Agenda.rest world.Agenda }
    | _ -> world

/// The time of the next thing that the world does by itself; none when all is still.
let next (world: World) : int64 voption =
    match Agenda.next world.Agenda, Processes.next world with
    | ValueSome work, ValueSome processes -> ValueSome(min work processes)
    | ValueSome time, ValueNone
    | ValueNone, ValueSome time -> ValueSome time
    | ValueNone, ValueNone -> ValueNone

/// Lets the processes run on to a time, and tells the kubelets of those that changed or ended.
let private run (time: int64) (world: World) =
    let world = Processes.advance time { world with Now = max world.Now time }

    if LanguagePrimitives.PhysicalEquality world.Pd world.Probed then
        world
    elif
        LanguagePrimitives.PhysicalEquality world.Pd.Members world.Probed.Members
        && LanguagePrimitives.PhysicalEquality world.Pd.Tikvs world.Probed.Tikvs
    then
        { world with Probed = world.Pd }
    else
        let world =
            (world, world.Runs)
            ||> Map.fold (fun world uid run ->
                if not (Processes.hasChanged run.Process world) then
                    world
                elif Processes.hasExited run.Process world then
                    World.after world.Timings.Notice "exit" uid (Work.Kubelet uid) world
                else
                    Kubelet.stir uid run world)

        { world with Probed = world.Pd }

/// Takes note of what changed, and tells the processes when that concerns names.
let private observe (before: World) (world: World) =
    let world = Observer.observe world

    if
        LanguagePrimitives.PhysicalEquality before.Pods world.Pods
        && LanguagePrimitives.PhysicalEquality before.Services world.Services
    then
        world
    else
        Processes.resolveServices world

/// The one thing that is due next, if it is due by that time. The agenda begins with a valid entry afterwards.
let private tryStep (until: int64) (world: World) : World voption =
    match next world with
    | ValueSome time when time <= until ->
        match Agenda.first world.Agenda with
        | ValueSome(struct (due, work)) when due = time ->
            let world = { world with Agenda = Agenda.rest world.Agenda }

            if isDue due work world then
                { world with Due = Map.remove work world.Due }
                |> run time
                |> perform work
                |> observe world
                |> tidy
                |> ValueSome
            else
                ValueSome(tidy world)
        | _ -> world |> run time |> observe world |> ValueSome
    | _ -> ValueNone

/// The one thing that the world does next by itself.
let step (world: World) : World = tryStep System.Int64.MaxValue world |> ValueOption.defaultValue world

/// Everything up to a time, in order; the clock stands at that time afterwards.
let rec advance (until: int64) (world: World) : World =
    match tryStep until world with
    | ValueSome world -> advance until world
    | ValueNone -> run until world

/// Remembers who asked first for the end of a Pod.
let private blame manager (request: Request) (world: World) =
    match request.Verb, request.Subresource, request.Name with
    | Verb.Delete _, None, Some name
    | Verb.Create, Some "eviction", Some name when request.Resource = Builtins.pods && not request.DryRun ->
        match World.tryPod (View.key (defaultArg request.Namespace "default") name) world with
        | ValueSome pod when not (Map.containsKey pod.Uid world.Blamed) -> {
            world with
                Blamed = Map.add pod.Uid manager world.Blamed
          }
        | _ -> world
    | _ -> world

/// A request from outside, at the present time; the controllers take note of what it changed.
let handle (manager: string) (request: Request) (world: World) : struct (World * Response) =
    let struct (after, response) = World.request manager request world
    let after = if response.Code < 300 then blame manager request after else after
    struct (observe world after, response)
