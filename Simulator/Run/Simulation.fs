namespace Tikv.Simulator.Run

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// A watch that an operator has open.
type Watcher = {
    Request: RequestId
    Kind: Kind
    /// Where the API server keeps objects of that kind.
    Shelf: string
    Namespace: string option
    /// The revision up to which changes were delivered.
    Position: int64
    /// A delivery is under way.
    Pending: bool
    /// How many were delivered: the counter of its delays.
    Deliveries: int64
}

/// One operator: its process if it lives, and the connections of that process.
type OperatorProcess = {
    Number: int
    /// Grows with each start; what was meant for a former life is dropped.
    Life: int
    Program: Program voption
    /// By the number of the request.
    Watches: Map<int64, Watcher>
    WakeAt: int64
    /// Its process stands still until then.
    PausedUntil: int64
    /// Milliseconds by which its wall clock is ahead.
    ClockAhead: int64
    Inputs: int
    Writes: int
    Reads: int
    WritesTo: Map<Kind, int>
}

/// A request on its way from an operator.
[<RequireQualifiedAccess>]
type Sending =
    | List of RequestId * Kind * Namespace: string option * Version: string option * Page: string option
    | Watch of RequestId * Kind * Namespace: string option * From: ResourceVersion * Milliseconds: int64
    | Read of RequestId * ObjectRef
    | Write of RequestId * Write
    | Pd of RequestId * PdEndpoint list * PdCall

/// What the engine is to do at some time, beside the world's own clockwork.
[<RequireQualifiedAccess>]
type Coming =
    | Starts of Operator: int
    /// An input reaches an operator.
    | Arrives of Operator: int * Life: int * Happening
    /// A request reaches the API server or PD. `Answer` is how many milliseconds longer than usual the answer takes; without
    /// it nobody hears what became of the request.
    | Lands of Operator: int * Life: int * Sending * Answer: int64 voption
    /// The same, after a slow API server has kept it waiting.
    | LandsLate of Operator: int * Life: int * Sending * Answer: int64 voption
    /// A watch tells of what it has not told yet.
    | Delivers of Operator: int * Life: int * RequestId
    | Expires of Operator: int * Life: int * RequestId
    | Bookmarks of Operator: int * Life: int * RequestId
    | Wakes of Operator: int * Life: int
    | User of Request
    | Strikes of Misfortune

/// The API server troubles requests about a kind until a time, each by a chance.
type Weather = { About: Kind option; Trouble: ApiTrouble; Percent: int; Until: int64 }

/// A cache that is being held back.
type HeldBack = { Kind: Kind option; Versions: int; Hold: int64 }

/// What a line of the transcript tells of.
[<RequireQualifiedAccess>]
type Told =
    /// A write of an operator was answered by the API server.
    | Written of Code: int
    /// A call of an operator that changes something was answered by PD.
    | AskedPd of Code: int
    /// An operator says something.
    | Log
    /// Anything else that happened.
    | Event

/// A line of the transcript.
type Line = {
    At: int64
    /// `operatorN`, `user`, `fault`, `moment` or `cluster`.
    Who: string
    Told: Told
    Text: string
}

/// A run in progress. A value: it may be kept, and gone on with twice.
type Simulation = {
    Scenario: Scenario
    World: World
    Coming: Agenda<Coming>
    Operators: Map<int, OperatorProcess>
    /// Faults whose trigger has not come.
    Faults: Fault list
    HeldBack: HeldBack list
    Weather: Weather list
    Judge: Judge
    /// The last former states of the API server, newest first.
    Past: ApiServer list
    PastDepth: int
    /// 64-bit FNV-1a of every event of the run.
    Fingerprint: uint64
    /// Latest first.
    Lines: Line list
    /// Revision of the API server that watches were last told of.
    Told: int64
    /// The time of the last change of an object, or write of an operator (leases and events apart).
    ChangedAt: int64
    /// The processes of PD and TiKV, as they were judged last.
    Judged: World
    /// When the last act or fault came, or will: a request that is held up lands then.
    StruckAt: int64
    Counters: Map<string, int>
    /// Entries of the agendas that were carried out, of the operators and their network; and with those of the world.
    Performed: int
    Events: int
}

[<RequireQualifiedAccess>]
module Simulation =
    /// `00:01:02.345`.
    let clock (milliseconds: int64) =
        System.TimeSpan.FromMilliseconds(float milliseconds).ToString @"hh\:mm\:ss\.fff"

    /// A line as people read it.
    let print (line: Line) = clock line.At + "  " + line.Who.PadRight 9 + " " + line.Text

    /// One line of the transcript, which also goes into the fingerprint.
    let tell (told: Told) (who: string) (text: string) (run: Simulation) =
        let hash = (run.Fingerprint ^^^ uint64 run.World.Now) * 0x100000001B3UL
        let hash = Chance.text (Chance.text hash who) text

        if run.Scenario.Transcript then
            {
                run with
                    Fingerprint = hash
                    Lines = { At = run.World.Now; Who = who; Told = told; Text = text } :: run.Lines
            }
        else
            { run with Fingerprint = hash }

    let line who text run = tell Told.Event who text run

    let private places = Array.init 8 (fun number -> "operator" + string number)

    /// Where an operator is, in the network.
    let place (number: int) = if number < places.Length then places[number] else "operator" + string number

    let private streams =
        Array.init 4 (fun number -> Array.init 32 (fun life -> string number + "." + string life))

    /// The life of an operator, as the source of its chances.
    let stream (number: int) (life: int) =
        if number < streams.Length && life < streams[0].Length then
            streams[number][life]
        else
            string number + "." + string life

    let count name (run: Simulation) = {
        run with
            Counters =
                Map.add name (1 + (Map.tryFind name run.Counters |> Option.defaultValue 0)) run.Counters
    }

    let enter (at: int64) coming (run: Simulation) = { run with Coming = Agenda.add at coming run.Coming }

    let see sight (run: Simulation) =
        let judge = Judge.see run.World sight run.Judge
        if LanguagePrimitives.PhysicalEquality judge run.Judge then run else { run with Judge = judge }

    let operator number (run: Simulation) = Map.tryFind number run.Operators

    /// The operator of that number, if it still lives the life that something was meant for.
    let living number life (run: Simulation) =
        match Map.tryFind number run.Operators with
        | Some({ Program = ValueSome _ } as operator) when operator.Life = life -> ValueSome operator
        | _ -> ValueNone

    /// Renewals and reports, which a settled cluster goes on with.
    let isRoutine kind = Counting.isRoutine kind

    let put (operator: OperatorProcess) (run: Simulation) = {
        run with
            Operators = Map.add operator.Number operator run.Operators
    }
