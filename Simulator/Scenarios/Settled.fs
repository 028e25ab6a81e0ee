/// Clusters that have come up and are settled, each made once a process: a run is a value, and is gone on with from there
/// as often as one likes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Settled

open System.Collections.Concurrent
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Run

let private merged (given: Given) kind name manifest =
    (manifest, given.Manifests |> List.filter (fun (target, _) -> target = kind + "/" + name))
    ||> List.fold (fun manifest (_, patch) -> MergePatch.apply patch manifest)

let private withClass (given: Given) manifest =
    if given.StorageClass = "standard" then
        manifest
    else
        let volumes =
            Json.itemsAt [ "spec"; "template"; "spec"; "volumes" ] manifest
            |> List.map (Json.withField "storageClassName" (Json.String given.StorageClass))

        match volumes with
        | [] -> manifest
        | volumes ->
            Json.setPath [ "spec"; "template"; "spec"; "volumes" ] (Some(Json.array volumes)) manifest

let private manifests (given: Given) =
    Bootstrap.manifests given.Pd given.Tikv
    |> List.map (fun request ->
        let kind = Json.stringAt [ "kind" ] request.Body |> Option.defaultValue ""

        {
            request with
                Body = request.Body |> withClass given |> merged given kind (Meta.name request.Body)
        })

let private secrets (given: Given) =
    given.Certificates
    |> List.map (
        Credentials.secret
        >> Requests.create (Builtins.key "" "v1" "secrets") (Some "default")
    )

let private shape (given: Given) : Setup.Shape = {
    Setup.ordinary with
        Seed = given.Seed
        NodesPerZone = given.NodesPerZone
        VolumeAttributes = given.VolumeAttributes
}

let private program (given: Given) = if given.Operators > 1 then Programs.elected else Programs.alone

/// Comes up from nothing.
let bootstrap (given: Given) : Scenario =
    let scenario = Bootstrap.scenario (program given) (shape given) Network.realistic

    {
        scenario with
            Operators = given.Operators
            Steps =
                secrets given @ manifests given
                |> List.mapi (fun index request -> 2_000L + 200L * int64 index, request)
            Expect = Bootstrap.expected given.Pd given.Tikv
    }

let private cluster change (world: World) = {
    world with
        Pd = {
            world.Pd with
                Groups =
                    world.Pd.Groups
                    |> Map.map (fun _ group -> { group with Cluster = change group.Cluster })
        }
}

let private regions (given: Given) (world: World) =
    let world =
        cluster
            (fun cluster -> {
                cluster with
                    Replication = { cluster.Replication with MaxReplicas = given.MaxReplicas }
            })
            world

    match PdWorld.clusterIds world.Pd with
    | [ id ] when given.Regions > PdWorld.regionCount id world.Pd ->
        let more = given.Regions - PdWorld.regionCount id world.Pd
        { world with Pd = PdWorld.split world.Now id more world.Pd }
    | _ -> world

let private failed (given: Given) what (result: Result) =
    if not (Run.isGood result) then
        invalidOp $"%A{given} does not %s{what}: %s{Run.words result}"

let private make (given: Given) : Simulation =
    let scenario = bootstrap given
    let result = Run.run scenario
    failed given "come up" result
    let filled = { result.Final with World = regions given result.Final.World }

    // PD spreads the regions over the stores; it has done so when the operator has nothing more to tell of them
    let spread =
        Run.from filled { scenario with Steps = []; Quiet = 300_000L; Limit = filled.World.Now + 36_000_000L }

    failed given "settle" spread
    spread.Final

let private made = ConcurrentDictionary<Given, Lazy<Simulation>>()

/// The run of that cluster at the time when it has settled. Its pace is that of the site from then on: clusters that differ
/// in it alone come up once.
let from (given: Given) : Simulation =
    let settled = made.GetOrAdd({ given with Pace = [] }, fun given -> lazy make given).Force()
    if given.Pace.IsEmpty then settled else Pacing.set given.Pace settled
