/// How the times of a site differ from the usual ones.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Pacing

open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Run

let private part percent (usual: int64) = max 1L (usual * int64 percent / 100L)

let private delay percent (usual: Delay) = Delay.between (part percent usual.Least) (part percent usual.Most)

let private ofMachines (pace: Pace) (usual: Timings) : Timings =
    let delay, part = delay pace.Takes, part pace.Takes

    match pace.Of with
    | Tempo.Notice -> { usual with Schedule = delay usual.Schedule; Notice = delay usual.Notice }
    | Tempo.Images -> { usual with PullImage = delay usual.PullImage }
    | Tempo.Containers -> { usual with StartContainer = delay usual.StartContainer }
    | Tempo.Volumes -> { usual with Provision = delay usual.Provision; Expand = delay usual.Expand }
    | Tempo.NodeGrace -> { usual with NodeGrace = part usual.NodeGrace }
    | Tempo.CrashBackOff -> {
        usual with
            CrashBackOff = part usual.CrashBackOff
            CrashBackOffMost = part usual.CrashBackOffMost
      }
    | _ -> usual

let private ofPd (pace: Pace) (usual: PdTimings) : PdTimings =
    let part = part pace.Takes
    let fewer (count: int) = max 1 (count * 100 / max 1 pace.Takes)

    match pace.Of with
    | Tempo.PdProcesses -> {
        usual with
            PdStart = part usual.PdStart
            PdRestart = part usual.PdRestart
            PdJoin = part usual.PdJoin
            PdStop = part usual.PdStop
      }
    | Tempo.PdLeaders -> {
        usual with
            LeaderAfterJoinToOne = part usual.LeaderAfterJoinToOne
            LeaderTransfer = part usual.LeaderTransfer
            LeaderTransferGap = part usual.LeaderTransferGap
            LeaderAfterStop = part usual.LeaderAfterStop
            LeaderAfterCrash = part usual.LeaderAfterCrash
            LeaderAfterRemoval = part usual.LeaderAfterRemoval
            LeaderAfterQuorum = part usual.LeaderAfterQuorum
      }
    | Tempo.StoreStarts -> {
        usual with
            TikvStart = part usual.TikvStart
            FirstHeartbeat = part usual.FirstHeartbeat
      }
    | Tempo.CatchUp -> { usual with CatchUp = part usual.CatchUp; CatchUpMost = part usual.CatchUpMost }
    | Tempo.Elections -> { usual with RegionElection = part usual.RegionElection }
    | Tempo.LeaderMoves -> { usual with LeadersPerTick = fewer usual.LeadersPerTick }
    | Tempo.PeerMoves -> { usual with StoreLimit = fewer usual.StoreLimit }
    | _ -> usual

let private ofNetwork (pace: Pace) (usual: Network) : Network =
    match pace.Of with
    | Tempo.Requests -> {
        usual with
            Request = delay pace.Takes usual.Request
            Reply = delay pace.Takes usual.Reply
      }
    | Tempo.Watches -> { usual with WatchLag = delay pace.Takes usual.WatchLag }
    | Tempo.OperatorStarts -> { usual with Restart = part pace.Takes usual.Restart }
    | _ -> usual

/// The run goes on at that pace.
let set (paces: Pace list) (run: Simulation) : Simulation =
    let apply change usual = (usual, paces) ||> List.fold (fun usual pace -> change pace usual)
    let world = run.World
    let timings = apply ofPd world.Pd.Timings

    // a cluster of PD has its limit as a setting of its own
    let groups =
        world.Pd.Groups
        |> Map.map (fun _ group -> {
            group with
                Cluster = { group.Cluster with StoreLimit = timings.StoreLimit }
        })

    let pd = { world.Pd with Timings = timings; Groups = groups }

    {
        run with
            World = { world with Timings = apply ofMachines world.Timings; Pd = pd }
            Scenario = { run.Scenario with Network = apply ofNetwork run.Scenario.Network }
    }
