/// What of a state its fingerprint tells, and what not.
module Tikv.Simulator.Tests.Scenarios.FingerprintTests

open System.Diagnostics
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// The states after each call of a store's removal.
let private states: Lazy<Simulation list> =
    lazy
        (let start = Catalogue.tryStart "E-in" 1UL |> Option.get
         (Twin.ofRun start).BeforeWrite.Values |> Seq.map Engine.step |> List.ofSeq)

/// In the middle of it: the store is being drained.
let private state = lazy (states.Value |> List.item 30)

let private print (run: Simulation) = Fingerprints().Of run

// ---- changes of one thing

let private world change (run: Simulation) = { run with World = change run.World }
let private pd change = world (fun world -> { world with Pd = change world.Pd })

let private group change =
    pd (fun pd -> { pd with Groups = pd.Groups |> Map.map (fun _ group -> change group) })

let private cluster change = group (fun group -> { group with Cluster = change group.Cluster })

let private object shelf name change =
    world (fun world ->
        let collection = world.Server.Collections[shelf]

        let objects =
            collection.Objects
            |> Map.map (fun _ objects ->
                objects
                |> Map.map (fun its object -> if its = name then change object else object))

        {
            world with
                Server = {
                    world.Server with
                        Collections =
                            world.Server.Collections |> Map.add shelf { collection with Objects = objects }
                }
        })

let private merged (patch: string) (object: Json) =
    match Json.parse patch with
    | Ok patch -> MergePatch.apply patch object
    | Error problem -> invalidOp $"%A{problem}"

let private believing change (run: Simulation) =
    let operator = run.Operators[0]

    match operator.Program |> ValueOption.bind _.Believes with
    | ValueSome state ->
        Simulation.put { operator with Program = ValueSome(Program.ofOperator (change state)) } run
    | ValueNone -> invalidOp "it does not live"

let private pod = { Kind = Kind.Pod; Namespace = "default"; Name = "basic-tikv-3" }

let private firstRun change =
    world (fun world ->
        let uid, run = world.Runs |> Map.toSeq |> Seq.head
        { world with Runs = Map.add uid (change run) world.Runs })

let private deletion =
    Sending.Write(RequestId 7L, Delete(pod, { Uid = Uid "none"; ResourceVersion = None }, None))

let private single: (string * (Simulation -> Simulation)) list = [
    "a label", object "pods" "basic-tikv-3" (merged """{"metadata":{"labels":{"more":"x"}}}""")
    "a field of a spec", object "tikvgroups.core.tikv.org" "basic-tikv" (merged """{"spec":{"replicas":7}}""")
    "a field of a status", object "pods" "basic-tikv-3" (merged """{"status":{"phase":"Failed"}}""")
    "an owner", object "pods" "basic-tikv-3" (merged """{"metadata":{"ownerReferences":null}}""")
    "another life of an object", object "pods" "basic-tikv-3" (merged """{"metadata":{"uid":"no other's"}}""")
    "a message of another kind",
    object "pods" "basic-tikv-3" (merged """{"status":{"message":"something else"}}""")
    "an object the less",
    world (fun world ->
        let collection = world.Server.Collections["configmaps"]

        let objects =
            collection.Objects
            |> Map.map (fun _ objects -> Map.remove "basic-tikv-3" objects)

        {
            world with
                Server = {
                    world.Server with
                        Collections =
                            world.Server.Collections
                            |> Map.add "configmaps" { collection with Objects = objects }
                }
        })
    "an event that a cache has not heard",
    believing (fun state -> {
        state with
            Cache = { state.Cache with Pods = Map.remove "default/basic-tikv-3" state.Cache.Pods }
    })
    "an object that a cache knows as it was",
    believing (fun state -> {
        state with
            Cache = {
                state.Cache with
                    Pods = state.Cache.Pods |> Map.map (fun _ view -> { view with Ready = not view.Ready })
            }
    })
    "what PD was heard to say", believing (fun state -> { state with Pds = Map.empty })
    "a doubt", believing (fun state -> { state with Doubts = Map.add pod pod state.Doubts })
    "a back-off",
    believing (fun state -> {
        state with
            Queue = { state.Queue with Failures = Map.add (Work.Reconcile pod) 5 state.Queue.Failures }
    })
    "work in hand",
    believing (fun state -> {
        state with
            Queue = { state.Queue with InHand = Set.add (Work.Reconcile pod) state.Queue.InHand }
    })
    "an operator that is dead", fun run -> Simulation.put { run.Operators[0] with Program = ValueNone } run
    "an operator that stands still",
    fun run -> Simulation.put { run.Operators[0] with PausedUntil = run.World.Now + 30_000L } run
    "a call that has not landed",
    fun run -> Simulation.enter (run.World.Now + 60_000L) (Coming.Lands(0, 0, deletion, ValueNone)) run
    "an act to come",
    fun run ->
        Simulation.enter
            (run.World.Now + 60_000L)
            (Coming.Strikes(Misfortune.Acts(Act.Delete "Pod/basic-tikv-1")))
            run
    "a misfortune that waits",
    fun run -> {
        run with
            Faults = [ { When = Trigger.AtWrite(0, 500); What = Misfortune.ToWrite WriteFate.ReplyLost } ]
    }
    "caches that lag", fun run -> { run with HeldBack = [ { Kind = None; Versions = 1; Hold = 10_000L } ] }
    "an API server in trouble",
    fun run -> {
        run with
            Weather = [
                { About = None; Trouble = ApiTrouble.Fails; Percent = 50; Until = run.World.Now + 60_000L }
            ]
    }
    "a process that has ended", firstRun (fun run -> { run with Process = Process.Ended })
    "a Pod that is not ready", firstRun (fun run -> { run with Ready = not run.Ready })
    "one more restart", firstRun (fun run -> { run with Restarts = run.Restarts + 1 })
    "a machine without power",
    world (fun world -> {
        world with
            Machines = world.Machines |> Map.map (fun _ machine -> { machine with Up = false })
    })
    "which volume a process writes to", world (fun world -> { world with Mounted = Map.empty })
    "a scheduler", cluster (fun cluster -> { cluster with Evicting = Set.empty })
    "a store's state",
    cluster (fun cluster -> {
        cluster with
            Stores =
                cluster.Stores
                |> Map.map (fun _ store -> { store with NodeState = NodeState.Preparing })
    })
    "a store that is silent",
    cluster (fun cluster -> {
        cluster with
            Stores =
                cluster.Stores
                |> Map.map (fun _ store -> { store with BeatsFrom = System.Int64.MaxValue })
    })
    "where regions are",
    cluster (fun cluster ->
        let first = cluster.Regions |> Map.toSeq |> Seq.head |> fst
        { cluster with Regions = Map.remove first cluster.Regions })
    "PD's leader",
    group (fun group -> { group with Leadership = Leadership.Vacant(false, System.Int64.MaxValue) })
    "a member", group (fun group -> { group with Members = Map.empty })
    "a process of PD",
    pd (fun pd -> {
        pd with
            Members = pd.Members |> Map.map (fun _ one -> { one with State = ProcessState.Hanging })
    })
    "a way that is cut", pd (fun pd -> { pd with Cuts = Set.singleton (struct ("api", "*")) })
    "how many Pods were made", fun run -> Simulation.count "create Pod" run
    "what a property remembers",
    fun run -> {
        run with
            Judge = {
                run.Judge with
                    Ledger = { run.Judge.Ledger with AskedToStop = Set.singleton (Uid "some Pod") }
            }
    }
]

let private names = single |> List.map fst

[<TestCaseSource(nameof names)>]
let ``one thing that differs makes another state`` (name: string) =
    let change = single |> List.find (fun (its, _) -> its = name) |> snd
    let state = state.Value
    Assert.That(print (change state), Is.Not.EqualTo(print state))

// ---- what is no difference

let rec private backwards (json: Json) =
    match json with
    | Json.Object members ->
        members
        |> List.rev
        |> List.map (fun (name, value) -> name, backwards value)
        |> Json.Object
    | Json.Array items -> items |> List.map backwards |> Json.Array
    | other -> other

let private same: (string * (Simulation -> Simulation)) list = [
    "the order of an object's fields", object "pods" "basic-tikv-3" backwards
    "an object's version", object "pods" "basic-tikv-3" (merged """{"metadata":{"resourceVersion":"1"}}""")
    "the time alone", world (fun world -> { world with Now = world.Now + 1L })
    "how many events there were", fun run -> { run with Events = run.Events + 1000; Performed = 7 }
    "which life of an operator it is, and the numbers of its calls",
    fun run ->
        let operator = run.Operators[0]
        Simulation.put { operator with Inputs = 1; Writes = 1; Reads = 1; WritesTo = Map.empty } run
    "the order in which it was entered what is to come",
    fun run ->
        let entries = Agenda.entries run.Coming |> List.sortBy (fun (struct (at, _)) -> -at)

        {
            run with
                Coming =
                    (Agenda.empty, entries)
                    ||> List.fold (fun agenda (struct (at, coming)) -> Agenda.add at coming agenda)
        }
    "what is told for people", fun run -> Simulation.line "user" "says something" run
    "what was meant for a former life",
    fun run -> Simulation.enter (run.World.Now + 5L) (Coming.Arrives(0, -1, Woke)) run
]

let private alike = same |> List.map fst

[<TestCaseSource(nameof alike)>]
let ``what means nothing makes no other state`` (name: string) =
    let change = same |> List.find (fun (its, _) -> its = name) |> snd
    let state = state.Value
    Assert.That(print (change state), Is.EqualTo(print state))

[<TestCase(0)>]
[<TestCase(3)>]
let ``what a watch is about to tell belongs to the state, in whichever life of the operator`` (life: int) =
    let run = state.Value
    let run = Simulation.put { run.Operators[0] with Life = life } run
    let request = RequestId(run.Operators[0].Watches.Keys |> Seq.head)
    let told = Simulation.enter (run.World.Now + 5L) (Coming.Delivers(0, life, request)) run
    Assert.That(print told, Is.Not.EqualTo(print run))

/// Whoever has told a thousand other states before tells a state as who has told none.
[<Test>]
let ``what was told before makes no difference`` () =
    let prints = Fingerprints()
    let once = states.Value |> List.map prints.Of
    let again = states.Value |> List.rev |> List.map print |> List.rev
    Assert.That((again = once), Is.True)

/// Not every two: while regions move away, how many are left is all that differs.
[<Test>]
let ``most calls of a run leave another state`` () =
    let states = states.Value |> List.map print
    Assert.That(List.length (List.distinct states), Is.GreaterThanOrEqualTo(states.Length * 2 / 3))

/// What was asked for a minute later goes the same way, in another order here and there.
[<Test>]
let ``a run at another time goes through the same states`` () =
    let start = Catalogue.tryStart "E-in" 1UL |> Option.get

    let later = {
        start with
            Coming =
                (Agenda.empty, Agenda.entries start.Coming)
                ||> List.fold (fun agenda (struct (at, coming)) ->
                    let delay =
                        match coming with
                        | Coming.Strikes _ -> 60_000L
                        | _ -> 0L

                    Agenda.add (at + delay) coming agenda)
    }

    let met =
        (Twin.ofRun later).BeforeWrite.Values
        |> Seq.map (Engine.step >> print)
        |> Set.ofSeq

    let again = states.Value |> List.filter (fun state -> Set.contains (print state) met)
    TestContext.Out.WriteLine $"%d{again.Length} of %d{states.Value.Length}"
    Assert.That(2 * again.Length, Is.GreaterThan states.Value.Length)

/// .NET gives every process other hashes of its strings.
[<Test>]
let ``another process tells the same state alike`` () =
    let program = typeof<Fingerprints>.Assembly.Location

    let info =
        ProcessStartInfo("dotnet", [ program; "bench"; "--states"; "1" ], RedirectStandardOutput = true)

    match Process.Start info |> Option.ofObj with
    | None -> Assert.Fail "it did not start"
    | Some other ->
        use other = other
        let told = other.StandardOutput.ReadToEnd()
        other.WaitForExit()
        Assert.That(told, Does.Contain((print (List.last states.Value)).ToString()))

// ---- the table of them

[<Test>]
let ``the table knows what was entered, and nothing else`` () =
    let table = StateTable()
    let entered = [ 1..2..200_000 ]

    for number in entered do
        Assert.That(table.Add(StateTable.Arbitrary number), Is.True)

    Assert.That(table.Count, Is.EqualTo entered.Length)

    Assert.That(
        entered
        |> List.forall (fun number -> table.Contains(StateTable.Arbitrary number)),
        Is.True
    )

    Assert.That(entered |> List.exists (fun number -> table.Add(StateTable.Arbitrary number)), Is.False)

    Assert.That(
        entered
        |> List.exists (fun number -> table.Contains(StateTable.Arbitrary(number + 1))),
        Is.False
    )
    // 16 bytes each, and at most as many places again and a third of them empty
    Assert.That(table.Bytes, Is.LessThanOrEqualTo(16L * 3L * int64 table.Count))
