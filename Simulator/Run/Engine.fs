/// The engine: takes what is next, of the world or of the operators, until what is expected is reached, or time is up.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Engine

open System
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// Changes since the last look, in the order of their revisions.
let private changes (told: int64) (server: ApiServer) : Change list =
    let rec gather (history: Change list) found =
        match history with
        | change :: older when change.Revision > told -> gather older (change :: found)
        | _ -> found

    match server.Latest with
    | ValueSome change when change.Revision = told + 1L && change.Revision = server.Revision -> [ change ]
    | _ ->
        match
            ([], server.Collections)
            ||> Map.fold (fun found _ collection -> gather collection.History found)
        with
        | []
        | [ _ ] as few -> few
        | many -> many |> List.sortBy _.Revision

let private routine (change: Change) =
    match change.Resource.Plural with
    | "leases"
    | "events" -> true
    | _ -> false

let private verb (change: Change) =
    match change.Type with
    | ChangeType.Added -> '+'
    | ChangeType.Modified -> '~'
    | ChangeType.Deleted -> '-'

let private judgeChange (run: Simulation) (change: Change) =
    let hash =
        (run.Fingerprint ^^^ uint64 change.Revision ^^^ (uint64 (verb change) <<< 48))
        * 0x100000001B3UL

    {
        run with
            Fingerprint = Chance.text (Chance.text hash change.Resource.Plural) (Meta.name change.Object)
            ChangedAt = if routine change then run.ChangedAt else run.World.Now
    }
    |> Simulation.see (Sight.Changed change)

/// How many former states of the API server are kept, at least: lists may be so far behind.
let private kept = 20

/// Twice as many are kept before the oldest are dropped, so that few are copied.
let private remember (before: ApiServer) (run: Simulation) =
    let depth = run.PastDepth + 1

    if depth > 2 * kept then
        { run with Past = before :: List.truncate kept run.Past; PastDepth = kept + 1 }
    else
        { run with Past = before :: run.Past; PastDepth = depth }

/// Acts and faults that wait for a state of the world: those whose time has come.
let private watchFor (run: Simulation) =
    let isNow (fault: Fault) =
        match fault.When with
        | Trigger.AtMoment(fact, _) -> Facts.holds run.Scenario.World fact run.World
        | _ -> false

    match run.Faults |> List.partition isNow with
    | [], _ -> run
    | now, later ->
        ({ run with Faults = later }, now)
        ||> List.fold (fun run fault ->
            match fault.When with
            | Trigger.AtMoment(fact, after) ->
                run
                |> Simulation.line "moment" (Facts.says fact)
                |> Simulation.enter (run.World.Now + after) (Coming.Strikes fault.What)
            | _ -> run)

/// After each event: notes become lines, changes are shown to the judge, watches are woken.
let private afterwards (before: World) (run: Simulation) : Simulation =
    let run =
        match run.World.Notes with
        | [] -> run
        | notes ->
            ({ run with World = { run.World with Notes = [] } }, List.rev notes)
            ||> List.fold (fun run note -> Simulation.line "cluster" note run)

    let run =
        if LanguagePrimitives.PhysicalEquality run.World.Pd run.Judged.Pd then
            run
        else
            { run with Judged = run.World } |> Simulation.see Sight.Processes

    let run =
        if run.World.Server.Revision = run.Told then
            run
        else
            let run = remember before.Server run
            let run = (run, changes run.Told run.World.Server) ||> List.fold judgeChange
            let run = Server.wake run
            { run with Told = run.World.Server.Revision }

    if List.isEmpty run.Faults then run else watchFor run

let private troubled (trouble: ApiTrouble) =
    match trouble with
    | ApiTrouble.Down -> "is down"
    | ApiTrouble.Slow milliseconds -> $"takes %s{Words.span milliseconds} more"
    | ApiTrouble.Throttles -> "throttles"
    | ApiTrouble.Fails -> "fails"
    | ApiTrouble.Denies message -> $"denies what is created or changed: %s{message}"
    | ApiTrouble.WebhookDown -> "cannot reach its webhook"

let private strike misfortune (run: Simulation) : Simulation =
    let run = { run with StruckAt = max run.StruckAt run.World.Now }

    match misfortune with
    | Misfortune.ToWrite _
    | Misfortune.ToRead _ -> run
    | Misfortune.Crash number -> Interpreter.crash number "crashes" run
    | Misfortune.StopOperator number -> Interpreter.die number "stops for good" run
    | Misfortune.StartOperator number -> Interpreter.start number run
    | Misfortune.CutWatches(kind, gone) ->
        run
        |> Simulation.line "fault" (if gone then "watches end with 410" else "watches are cut")
        |> Server.cut kind gone
    | Misfortune.HoldBack(kind, versions, hold) ->
        let what =
            kind
            |> Option.map Tikv.Core.Kubernetes.Kind.name
            |> Option.defaultValue "all kinds"

        { run with HeldBack = { Kind = kind; Versions = versions; Hold = hold } :: run.HeldBack }
        |> Simulation.line
            "fault"
            $"caches of %s{what} lag by %d{versions} versions, each for %s{Words.span hold}"
    | Misfortune.EndHoldBack -> { run with HeldBack = [] } |> Simulation.line "fault" "no cache lags any more"
    | Misfortune.Api(about, trouble, percent, span) ->
        let weather = { About = about; Trouble = trouble; Percent = percent; Until = run.World.Now + span }

        let lasting = run.Weather |> List.filter (fun other -> other.Until > run.World.Now)

        { run with Weather = lasting @ [ weather ] }
        |> Simulation.line "fault" $"the API server %s{troubled trouble} for %s{Words.span span}"
        |> if trouble = ApiTrouble.Down then Server.cut None false else id
    | Misfortune.Compacted ->
        let server = ApiServer.compact run.World.Server.Revision run.World.Server

        { run with World = { run.World with Server = server } }
        |> Simulation.line "fault" "history is compacted"
        |> Server.cut None false
    | Misfortune.ClockJump(number, span) ->
        match Simulation.operator number run with
        | Some operator ->
            Simulation.put { operator with ClockAhead = operator.ClockAhead + span } run
            |> Simulation.line "fault" $"the clock of operator%d{number} jumps by %d{span} ms"
        | None -> run
    | Misfortune.OperatorPause(number, span) ->
        Interpreter.pause number span run
        |> Simulation.line "fault" $"operator%d{number} stands still for %d{span} ms"
    | Misfortune.Acts act ->
        let struct (after, told) = Deeds.perform act run.World
        let says = Deeds.says act
        let words = if told = "" then says else says + " -> " + told
        Simulation.line "user" words { run with World = Observer.observe after }
    | misfortune ->
        let run = { run with World = Calamity.strike misfortune run.World |> Observer.observe }

        let run =
            match misfortune with
            | Misfortune.Partition(_, _, true)
            | Misfortune.OneWay(_, _, true) ->
                Server.breaks (fun number -> not (Server.reaches number run)) run
            | _ -> run

        (run, Calamity.sequel misfortune)
        ||> List.fold (fun run (after, next) ->
            Simulation.enter (run.World.Now + after) (Coming.Strikes next) run)

let private word verb =
    match verb with
    | Verb.Get -> "get"
    | Verb.List _ -> "list"
    | Verb.Create -> "create"
    | Verb.Update -> "update"
    | Verb.Patch _ -> "patch"
    | Verb.Delete _ -> "delete"
    | Verb.DeleteCollection _ -> "deletecollection"

let private user (request: Request) (run: Simulation) : Simulation =
    let struct (world, response) = Machines.handle "user" request run.World
    let name = request.Name |> Option.defaultWith (fun () -> Meta.name request.Body)

    { run with World = world }
    |> Simulation.line
        "user"
        $"%s{word request.Verb} %s{request.Resource.Plural}/%s{name} -> %d{response.Code}"

/// When a process that stands still now goes on, for what would come to it.
let private waits (coming: Coming) (run: Simulation) : int64 voption =
    let until number =
        match Simulation.operator number run with
        | Some { Program = ValueSome _; PausedUntil = until } when until > run.World.Now -> ValueSome until
        | _ -> ValueNone

    match coming with
    | Coming.Arrives(number, _, _)
    | Coming.Delivers(number, _, _)
    | Coming.Expires(number, _, _)
    | Coming.Bookmarks(number, _, _)
    | Coming.Wakes(number, _) -> until number
    | Coming.Starts _
    | Coming.Lands _
    | Coming.LandsLate _
    | Coming.User _
    | Coming.Strikes _ -> ValueNone

let private performNow (coming: Coming) (run: Simulation) : Simulation =
    match coming with
    | Coming.Starts number -> Interpreter.start number run
    | Coming.Arrives(number, life, happening) -> Interpreter.feed number life happening run
    | Coming.Lands(number, life, sending, answer) -> Server.receive number life sending answer run
    | Coming.LandsLate(number, life, sending, answer) -> Server.receiveLate number life sending answer run
    | Coming.Delivers(number, life, request) -> Server.tell number life request run
    | Coming.Expires(number, life, request) -> Server.expire number life request run
    | Coming.Bookmarks(number, life, request) -> Server.bookmark number life request run
    | Coming.Wakes(number, life) ->
        match Simulation.living number life run with
        | ValueSome operator when operator.WakeAt <= run.World.Now ->
            run
            |> Simulation.put { operator with WakeAt = Int64.MaxValue }
            |> Interpreter.feed number life Tikv.Core.Operator.Woke
        | _ -> run
    | Coming.User request -> user request run
    | Coming.Strikes misfortune -> strike misfortune run

let private perform (coming: Coming) (run: Simulation) : Simulation =
    match waits coming run with
    | ValueSome until -> Simulation.enter until coming run
    | ValueNone -> performNow coming run

/// The time of what is next; none when nothing is to come.
let next (run: Simulation) : int64 voption =
    match Machines.next run.World, Agenda.next run.Coming with
    | ValueSome world, ValueSome coming -> ValueSome(min world coming)
    | ValueSome time, ValueNone
    | ValueNone, ValueSome time -> ValueSome time
    | ValueNone, ValueNone -> ValueNone

/// A step of the world counts as an event unless the kubelets only find that no process has changed.
let private stepWorld (run: Simulation) : Simulation =
    let before = run.World
    let world = Machines.step before

    let isEvent =
        not (LanguagePrimitives.PhysicalEquality before.Agenda world.Agenda)
        || not (LanguagePrimitives.PhysicalEquality before.Pd world.Pd)

    { run with World = world; Events = (if isEvent then run.Events + 1 else run.Events) }
    |> afterwards before

/// Does what is next. The world goes before the operators where both are due.
let step (run: Simulation) : Simulation =
    let before = run.World

    match Machines.next run.World, Agenda.first run.Coming with
    | ValueSome world, ValueSome(struct (coming, _)) when world <= coming -> stepWorld run
    | ValueSome _, ValueNone -> stepWorld run
    | _, ValueSome(struct (time, coming)) ->
        {
            run with
                Coming = Agenda.rest run.Coming
                World = Machines.advance time run.World
                Performed = run.Performed + 1
                Events = run.Events + 1
        }
        |> perform coming
        |> afterwards before
    | ValueNone, ValueNone -> run

let private enterFault (run: Simulation) (fault: Fault) =
    match fault.When with
    | Trigger.AtTime time -> Simulation.enter time (Coming.Strikes fault.What) run
    | _ -> { run with Faults = fault :: run.Faults }

let private enterAll (scenario: Scenario) (run: Simulation) =
    let run = (run, scenario.Faults) ||> List.fold enterFault

    (run, scenario.Steps)
    ||> List.fold (fun run (time, request) -> Simulation.enter time (Coming.User request) run)

/// A run about to begin.
let prepare (scenario: Scenario) (invariants: Invariant list) : Simulation =
    let run =
        enterAll scenario {
            Scenario = scenario
            World = scenario.World
            Coming = Agenda.empty
            Operators = Map.empty
            Faults = []
            HeldBack = []
            Weather = []
            Judge = Judge.start (invariants @ Checks.invariants scenario)
            Past = []
            PastDepth = 0
            Fingerprint = Chance.offset
            Lines = []
            Told = scenario.World.Server.Revision
            ChangedAt = scenario.World.Now
            Judged = scenario.World
            StruckAt = scenario.World.Now
            Counters = Map.empty
            Performed = 0
            Events = 0
        }

    (run, [ 0 .. scenario.Operators - 1 ])
    ||> List.fold (fun run number -> Simulation.enter scenario.World.Now (Coming.Starts number) run)

/// Goes on from where another run stands, with another scenario: its steps and faults come at times of that world, and
/// writes are counted anew. What the invariants remember stays.
let resume (scenario: Scenario) (run: Simulation) : Simulation =
    enterAll scenario {
        run with
            Scenario = scenario
            Faults = []
            HeldBack = []
            Weather = []
            Judge =
                (Simulation.see Sight.Unsettled run).Judge
                |> Judge.anew (Checks.invariants scenario)
            Fingerprint = Chance.offset
            Lines = []
            ChangedAt = run.World.Now
            StruckAt = run.World.Now
            Counters = Map.empty
            Performed = 0
            Events = 0
            Operators =
                run.Operators
                |> Map.map (fun _ operator -> {
                    operator with
                        Inputs = 0
                        Writes = 0
                        Reads = 0
                        WritesTo = Map.empty
                })
    }
