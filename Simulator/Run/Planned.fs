/// What of a state is told, and how (docs/simulator.md, "Many misfortunes").
[<RequireQualifiedAccess>]
module internal Tikv.Simulator.Run.Planned

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

let private nothing declaring names = names |> List.map (fun name -> declaring, name, FieldRule.Nothing)

let private times declaring names = names |> List.map (fun name -> declaring, name, FieldRule.Times)

let private keys declaring names = names |> List.map (fun name -> declaring, name, FieldRule.Keys)

let private coarse declaring names = names |> List.map (fun name -> declaring, name, FieldRule.Coarse)

/// The machines' views of the API server's objects follow from these, as they are brought up to date with each change.
let private machines =
    nothing typeof<World> [
        "Seed"
        "Timings"
        "Epoch"
        "Now"
        "Agenda" // `Due` says the same
        "Server" // told apart
        "Seen"
        "Pods"
        "PodKeys"
        "Claims"
        "Volumes"
        "Services"
        "Classes"
        "Stands"
        "Probed"
        "Deaths"
        "Notes"
        "NextIp"
    ]
    @ times typeof<World> [ "Due" ]
    @ times typeof<Node> [ "TaintedSince" ]
    @ nothing typeof<Node> [ "Allocatable" ]
    @ times typeof<Machine> [ "SilentSince" ]
    @ nothing typeof<Run> [ "Pod"; "AdmittedAt"; "NextProbe"; "ProbedAt"; "Log" ]
    @ times typeof<Run> [ "GoneSince" ]
    @ times typeof<Life> [ "Until"; "Since" ]
    @ nothing typeof<Exit> [ "StartedAt"; "FinishedAt" ]

let private pd =
    nothing typeof<PdWorld> [ "Timings"; "Seed"; "Epoch"; "Violations"; "Next" ]
    @ times typeof<PdProcess> [ "Since"; "NextAt"; "LiveSince" ]
    @ times typeof<TikvProcess> [ "Since"; "NextAt" ]
    @ nothing typeof<TikvProcess> [ "StartedAt" ]
    @ times typeof<Leadership> [ "Since"; "At"; "LeaseEnd"; "ElectionAt" ]
    @ nothing typeof<PdGroup> [ "Terms" ]
    @ nothing typeof<StoreRecord> [ "StartTimestamp"; "BeatPhase" ]
    @ times typeof<StoreRecord> [ "RegisteredAt"; "LastBeat"; "BeatsFrom"; "DownAt"; "JobAt"; "CaughtUpAt" ]
    @ nothing typeof<PdCluster> [ "LeadersAt"; "PeersAt" ] // how soon the next one moves
    @ times typeof<PdCluster> [ "BootstrappedAt"; "ElectionAt"; "ColdUntil"; "ReportedAt" ]
    @ coarse typeof<PdCluster> [ "Regions"; "Remembered" ]
    @ coarse typeof<Store> [ "Leaders"; "Regions"; "PendingPeers" ]
    // what a store says of itself to those who ask
    @ nothing typeof<Store> [ "LastHeartbeat"; "StartTimestamp"; "Available"; "RegionSize" ]

/// What an operator remembers. What it works out from its caches is left out, as are its counts.
let private memory =
    nothing typeof<OperatorState> [
        "Settings"
        "NextRequest"
        "OfReflector"
        "OfRound"
        "OfPoll"
        "OfSecrets"
        "PolledAt" // the queue of polls says when the next one is
        "Streaks" // told apart, when they are long
        "Told" // what it said last holds it back for ten seconds, when somebody else has changed that
        "Wake"
        "Totals"
    ]
    @ keys typeof<OperatorState> [ "Waiting" ]
    @ nothing typeof<Cache> [ "GroupPrints"; "InstancePrints"; "Instances"; "Peers"; "Passed"; "Buried" ]
    @ keys typeof<Cache> [ "Expected" ]
    @ coarse typeof<TiKVStatus> [ "Leaders"; "Regions"; "CapacityUsed" ]
    @ coarse typeof<Group.InstanceView> [ "Waits" ]
    @ nothing typeof<Queue> [ "Order"; "Arrivals" ]
    @ times typeof<Turn> [ "At" ]
    @ nothing typeof<Turn> [ "Arrival" ]
    @ nothing typeof<ReflectorPhase> [ "Opened" ]
    @ nothing typeof<PdFacts> [ "AskedAt" ]
    @ nothing typeof<SecretsKnown> [ "Clock" ]
    @ nothing typeof<LeaseSeen> [ "Acquired"; "Transitions" ]

let private judges = nothing typeof<Ledger> [ "Looked" ] @ times typeof<Weather> [ "Until" ]

let planner =
    Planner(
        machines @ pd @ memory @ judges,
        [
            typeof<RequestId>
            typeof<ResourceVersion>
            typeof<DateTimeOffset>
            typedefof<Derived<_>>
            typeof<PdTimings>
        ],
        // what a property remembers as a whole number of 64 bits is a time
        fun value -> value.Namespace = "Tikv.Simulator.Invariants"
    )

let world = planner.Find<World> Within.Nothing
let memories = planner.Find<OperatorState> Within.Nothing
let objects = planner.Find<Map<string, Map<string, Json>>> Within.Nothing
let ledger = planner.Find<Ledger> Within.Times
let faults = planner.Find<Misfortune> Within.Nothing
let triggers = planner.Find<Trigger> Within.Nothing
let held = planner.Find<HeldBack list> Within.Nothing
let weather = planner.Find<Weather list> Within.Nothing
let requests = planner.Find<Request> Within.Nothing
let happenings = planner.Find<Happening> Within.Nothing
let writes = planner.Find<Write> Within.Nothing
let calls = planner.Find<PdCall> Within.Nothing
let refs = planner.Find<ObjectRef> Within.Nothing
