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

/// The resource of a kind of group.
let private plural kind = if kind = "PDGroup" then "pdgroups" else "tikvgroups"

let private kindOf manifest = Json.stringAt [ "kind" ] manifest |> Option.defaultValue ""

let private groups (given: Given) =
    given.Groups
    |> List.map (fun manifest ->
        manifest
        |> Json.setPath [ "metadata"; "namespace" ] (Some(Json.String Target.space))
        |> Requests.create
            (Builtins.key "core.tikv.org" "v1alpha1" (plural (kindOf manifest)))
            (Some Target.space))

/// All the members of PD, or all the stores, that are to be.
let private inAll kind first (given: Given) =
    given.Groups
    |> List.filter (fun manifest -> kindOf manifest = kind)
    |> List.sumBy (fun manifest -> Json.intAt [ "spec"; "replicas" ] manifest |> Option.defaultValue 0)
    |> (+) first

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
        Nodes = [
            for node in given.Nodes ->
                {
                    Name = node.Name
                    Zone = node.Zone
                    Cpu = node.Cpu
                    Memory = node.Memory
                    Taints = [ for taint in node.Taints -> taint.Key, taint.Value, string taint.Effect ]
                }
        ]
        Stands =
            Map [
                for node in given.Nodes do
                    for pod in node.Runs -> pod, node.Name
            ]
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
                secrets given @ manifests given @ groups given
                |> List.mapi (fun index request -> 2_000L + 200L * int64 index, request)
            Expect = [
                yield!
                    Bootstrap.expected (inAll "PDGroup" given.Pd given) (inAll "TiKVGroup" given.Tikv given)

                for manifest in given.Groups do
                    let target = kindOf manifest + "/" + Meta.name manifest
                    Check.Finally(Fact.Condition(target, "Ready", Some "True", None, None, true))
            ]
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

/// What an administrator asks of PD, and when: a level of isolation once the stores bear their labels.
let private settings (given: Given) (start: int64) : Fault list =
    let asks after name (value: string) : Fault = {
        When = Trigger.AtTime(start + after)
        What =
            Misfortune.PdAct(
                "POST",
                "/pd/api/v1/config",
                Json.print (Json.object [ name, Json.String value ])
            )
    }

    [
        if not given.LocationLabels.IsEmpty then
            asks 1_000L "location-labels" (System.String.Join(",", given.LocationLabels))
        if given.IsolationLevel <> "" then
            asks 120_000L "isolation-level" given.IsolationLevel
    ]

/// The cluster that a scenario is to begin with is never settled, as it is given: what it lacks.
exception NotSettled of Words: string with
    override problem.Message = problem.Words

let private failed what (result: Result) =
    if not (Run.isGood result) then
        raise (
            NotSettled $"the cluster that the scenario begins with does not %s{what}: %s{Run.words result}"
        )

let private make (given: Given) : Simulation =
    let scenario = bootstrap given
    let result = Run.run scenario
    failed "come up" result
    let world = regions given result.Final.World
    let filled = { result.Final with World = { world with Stands = Map.empty } }

    // PD spreads the regions over the stores; it has done so when the operator has nothing more to tell of them
    let spread =
        Run.from filled {
            scenario with
                Steps = []
                Faults = settings given filled.World.Now
                Quiet = 300_000L
                Limit = filled.World.Now + 36_000_000L
        }

    failed "settle" spread
    spread.Final

let private made = ConcurrentDictionary<Given, Lazy<Simulation>>()

/// The run of that cluster at the time when it has settled. Its pace and fidelity are those of the scenario from then on:
/// clusters that differ in them alone come up once.
let from (given: Given) : Simulation =
    let plain = { given with Pace = []; Fidelity = Level.L1 }
    let settled = made.GetOrAdd(plain, fun given -> lazy make given).Force()
    let paced = if given.Pace.IsEmpty then settled else Pacing.set given.Pace settled

    match given.Fidelity with
    | Level.L1 -> paced
    | Level.L2 ->
        let world = paced.World
        let pd = PdWorld.atFidelity world.Now (Some SingleSettings.defaults) world.Pd
        { paced with World = { world with Pd = pd } }
