namespace Tikv.Bench

open System
open BenchmarkDotNet.Attributes
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Simulator.Run
open Tikv.Simulator.World

/// What one input and one decision cost in a settled cluster of 1,000 stores.
[<MemoryDiagnoser>]
type OperatorBenchmarks() =
    let world = Obedient 1000
    let state = world.State
    let sight = world.Sight

    let object kind name =
        Tikv.Simulator.Kubernetes.ApiServer.tryGet (Answers.key kind) (Some "default") name world.Api
        |> Option.defaultWith (fun () -> failwith $"%s{name} was not made")

    let changed version json =
        json
        |> Json.setPath [ "metadata"; "resourceVersion" ] (Some(Json.string version))

    let podEvent =
        world.Input(
            Watched(world.WatchOf Kind.Pod, Modified(object Kind.Pod "basic-tikv-500" |> changed "900001"))
        )

    let instanceEvent =
        world.Input(
            Watched(world.WatchOf Kind.TiKV, Modified(object Kind.TiKV "basic-tikv-500" |> changed "900002"))
        )

    let bookmark = world.Input(Watched(world.WatchOf Kind.Pod, Bookmark(ResourceVersion "900003")))

    let tikv =
        match state.Cache.Tikvs[Cache.key "default" "basic-tikv-500"].Held.Object with
        | Ok object -> Looks.tikv sight object
        | Error problems -> failwith $"%A{problems}"

    let group =
        match state.Cache.TikvGroups[Cache.key "default" "basic-tikv"].Object with
        | Ok object -> GroupLooks.tikvGroup sight object
        | Error problems -> failwith $"%A{problems}"

    [<GlobalSetup>]
    member _.Settled() =
        if not state.Waiting.IsEmpty then
            failwith $"the cluster is not settled: %A{state.Waiting}"

    /// A Pod has changed: it is read into the cache, and its instance is looked at and decided.
    [<Benchmark>]
    member _.StepPodEvent() = Operator.step state podEvent

    /// An instance has changed: the same, and its group is put in the queue.
    [<Benchmark>]
    member _.StepInstanceEvent() = Operator.step state instanceEvent

    [<Benchmark>]
    member _.StepBookmark() = Operator.step state bookmark

    [<Benchmark>]
    member _.DecideInstance() = Instance.Reconciler.decide tikv

    /// One group decision at 1,000 instances.
    [<Benchmark>]
    member _.DecideGroup() = Group.Reconciler.decide group

/// A cluster of three PD and three TiKV comes up in the simulator, with every property checked.
[<MemoryDiagnoser>]
type BootstrapBenchmarks() =
    let scenario = Bootstrap.scenario Programs.alone Tikv.Simulator.World.Setup.ordinary Network.realistic

    [<Benchmark>]
    member _.Bootstrap() =
        let result = Run.run scenario

        match result.Verdict with
        | Verdict.Reached -> result.Fingerprint
        | verdict -> failwith $"%A{verdict}"
