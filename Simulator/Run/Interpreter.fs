/// What an operator asks for, carried out in virtual time: requests go out, and may meet their fate.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Interpreter

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

let private who (operator: OperatorProcess) = Simulation.place operator.Number

let private draw what (operator: OperatorProcess) (RequestId request) delay (run: Simulation) =
    World.draw run.World what (Simulation.stream operator.Number operator.Life) request delay

/// The process is gone with all that it knew; its requests under way are not.
let die (number: int) (why: string) (run: Simulation) =
    match Simulation.operator number run with
    | Some({ Program = ValueSome _ } as operator) ->
        run
        |> Simulation.put { operator with Program = ValueNone; Life = operator.Life + 1; Watches = Map.empty }
        |> Simulation.line (who operator) why
        |> Simulation.count "operator deaths"
    | _ -> run

/// ... and another process takes its place a little later.
let crash (number: int) (why: string) (run: Simulation) =
    run
    |> die number why
    |> Simulation.enter (run.World.Now + run.Scenario.Network.Restart) (Coming.Starts number)

/// The answer takes its usual way.
let private heard = ValueSome 0L

/// Nobody hears the answer.
let private unheard = ValueNone

let private arrive delay (operator: OperatorProcess) happening (run: Simulation) =
    Simulation.enter (run.World.Now + delay) (Coming.Arrives(operator.Number, operator.Life, happening)) run

let private land' delay (operator: OperatorProcess) answer sending (run: Simulation) =
    Simulation.enter
        (run.World.Now + delay)
        (Coming.Lands(operator.Number, operator.Life, sending, answer))
        run

let private send (operator: OperatorProcess) request sending (run: Simulation) =
    land' (draw "request" operator request run.Scenario.Network.Request run) operator heard sending run

/// The process stands still for a while; what comes to it waits.
let pause (number: int) (span: int64) (run: Simulation) =
    match Simulation.operator number run with
    | Some operator ->
        Simulation.put { operator with PausedUntil = max operator.PausedUntil (run.World.Now + span) } run
        |> Simulation.count "pauses"
    | None -> run

/// Of those that come again and again one in eight is spared: whoever strikes the same write in each round for ever lets
/// nobody get anywhere, and proves nothing.
let private recurs multiple count = count % multiple = 0 && count / multiple % 8 <> 0

/// It comes again and again.
let private isLasting (fault: Fault) = fault.When.IsAtEachWrite || fault.When.IsAtEachRead

/// What has been struck may change something yet for so long: the run is not over.
let private until span (run: Simulation) = { run with StruckAt = max run.StruckAt (run.World.Now + span) }

/// How a refusal of that code says why.
let private refusal code : ApiError = {
    Code = code
    Reason =
        match code with
        | 403 -> "Forbidden"
        | 404 -> "NotFound"
        | 409 -> "Conflict"
        | 422 -> "Invalid"
        | 429 -> "TooManyRequests"
        | 503 -> "ServiceUnavailable"
        | 504 -> "Timeout"
        | _ -> "InternalError"
    Message = "refused by a fault of the simulator"
    Causes = []
    RetryAfter = if code = 429 then Some 1 else None
}

/// What was waiting for this write: what befalls it, if anything; whatever else comes at the same time, comes now.
let private fateOf (operator: OperatorProcess) (kind: Kind option) sending (run: Simulation) =
    let run, called = Calls.count operator.Number (Calls.ofSending sending) run

    let isNow (fault: Fault) =
        match fault.When, kind with
        | Trigger.AtCall _, _ -> called fault
        | Trigger.AtWrite(number, count), _ -> number = operator.Number && count = operator.Writes
        | Trigger.AtEachWrite(number, multiple), _ ->
            number = operator.Number && recurs multiple operator.Writes
        | Trigger.AtWriteTo(number, wanted, count), Some kind ->
            number = operator.Number
            && wanted = kind
            && count = (Map.tryFind kind operator.WritesTo |> Option.defaultValue 0)
        | _ -> false

    match run.Faults |> List.partition isNow with
    | [], _ -> struct (run, ValueNone)
    | now, later ->
        ((struct ({ run with Faults = List.filter isLasting now @ later }, ValueNone)), now)
        ||> List.fold (fun (struct (run, fate)) fault ->
            match fault.What with
            | Misfortune.ToWrite fate -> struct (run, ValueSome fate)
            | other -> struct (Simulation.enter run.World.Now (Coming.Strikes other) run, fate))

let private gaveUp = "no answer within the time-out"

let private tellSent (operator: OperatorProcess) (RequestId request) what =
    Simulation.see (Sight.Sent(operator.Number, operator.Life, request, what))

/// What an operator hears of its reads and changes.
let private tellHeard (operator: OperatorProcess) happening run =
    let tell (RequestId request) isKnown =
        Simulation.see (Sight.Heard(operator.Number, operator.Life, request, isKnown)) run

    match happening with
    | Wrote(request, Refused error)
    | PdAnswered(request, Refused error) when error.Code >= 500 -> tell request false
    | Wrote(request, Unknown _)
    | HasRead(request, Unknown _)
    | PdAnswered(request, Unknown _) -> tell request false
    | Wrote(request, _)
    | HasRead(request, _)
    | PdAnswered(request, _) -> tell request true
    | _ -> run

/// Sends a write, unless a fault has other plans for it.
let private sendWrite number kind request sending name refused unknown (run: Simulation) =
    match Simulation.operator number run with
    | None -> run
    | Some operator ->
        let operator = {
            operator with
                Writes = operator.Writes + 1
                WritesTo =
                    match kind with
                    | Some kind ->
                        Map.add
                            kind
                            (1 + (Map.tryFind kind operator.WritesTo |> Option.defaultValue 0))
                            operator.WritesTo
                    | None -> operator.WritesTo
        }

        let run =
            match sending with
            | Sending.Write(request, write) -> tellSent operator request (Sent.Write write) run
            | Sending.Pd(request, _, call) -> tellSent operator request (Sent.Change call) run
            | Sending.List _
            | Sending.Watch _
            | Sending.Read _ -> run

        let struct (run, fate) = run |> Simulation.put operator |> fateOf operator kind sending
        let network = run.Scenario.Network
        let delay = draw "request" operator request network.Request run

        let tell what run =
            { run with ChangedAt = run.World.Now }
            |> Simulation.line (who operator) ("fault: " + what + " of " + name)

        match fate with
        | ValueNone -> land' delay operator heard sending run
        | ValueSome(WriteFate.Refused code) ->
            run
            |> tell ("refusal " + string code)
            |> arrive (2L * delay) operator (refused (refusal code))
        | ValueSome(WriteFate.ErrorAfter code) ->
            run
            |> tell $"error %d{code} after"
            |> land' delay operator unheard sending
            |> arrive (2L * delay) operator (refused (refusal code))
        | ValueSome WriteFate.ReplyLost ->
            run
            |> tell "loss of the reply"
            |> land' delay operator unheard sending
            |> arrive network.Timeout operator (unknown gaveUp)
        | ValueSome(WriteFate.Late late) ->
            let run =
                run
                |> tell $"delay by %d{late} ms"
                |> until late
                |> land' late operator (if late < network.Timeout then heard else unheard) sending

            if late < network.Timeout then run else arrive network.Timeout operator (unknown gaveUp) run
        | ValueSome WriteFate.CrashBefore -> crash operator.Number ("crashes before " + name) run
        | ValueSome WriteFate.CrashAfter ->
            run
            |> land' delay operator unheard sending
            |> crash operator.Number ("crashes after " + name)
        | ValueSome(WriteFate.Zombie late) ->
            run
            |> until late
            |> land' late operator unheard sending
            |> crash operator.Number ("crashes with a zombie " + name)
        | ValueSome(WriteFate.Paused span) ->
            run
            |> tell $"pause of %d{span} ms before"
            |> pause operator.Number span
            |> until span
            |> land' (span + delay) operator heard sending

/// Sends a question, unless a fault has other plans for its answer.
let private sendRead number request sending unknown (run: Simulation) =
    match Simulation.operator number run with
    | None -> run
    | Some operator ->
        let operator = { operator with Reads = operator.Reads + 1 }

        let run, called = Calls.count number (Calls.ofSending sending) run

        let isNow (fault: Fault) =
            match fault.When with
            | Trigger.AtCall _ -> called fault
            | Trigger.AtRead(its, count) -> its = number && count = operator.Reads
            | Trigger.AtEachRead(its, multiple) -> its = number && recurs multiple operator.Reads
            | _ -> false

        let run =
            match sending with
            | Sending.Read(request, object) -> tellSent operator request (Sent.Look object) run
            | Sending.Pd(request, _, _) -> tellSent operator request Sent.Question run
            | Sending.List _
            | Sending.Watch _
            | Sending.Write _ -> run

        let now, later = if List.isEmpty run.Faults then [], [] else List.partition isNow run.Faults

        let run =
            Simulation.put
                operator
                (if List.isEmpty now then run else { run with Faults = List.filter isLasting now @ later })

        let delay = draw "request" operator request run.Scenario.Network.Request run

        (struct (run, land' delay operator heard sending), now)
        ||> List.fold (fun (struct (run, send)) fault ->
            match fault.What with
            | Misfortune.ToRead ReadFate.Unanswered ->
                // what comes of it comes when nobody waits for the answer any more
                let run = if isLasting fault then run else until run.Scenario.Network.Timeout run

                struct (Simulation.line (who operator) "fault: a question is not answered" run,
                        arrive run.Scenario.Network.Timeout operator (unknown gaveUp))
            | Misfortune.ToRead(ReadFate.Old late) ->
                struct (Simulation.line (who operator) $"fault: an answer comes %d{late} ms late" run,
                        land' delay operator (ValueSome late) sending)
            | other -> struct (Simulation.enter run.World.Now (Coming.Strikes other) run, send))
        |> fun (struct (run, send)) -> send run

let private logged (line: LogLine) =
    let fields = line.Fields |> List.map (fun (name, value) -> name + "=" + value)
    String.Join(" ", line.Message :: fields)

let private carryOut number (run: Simulation) (effect: Effect) : Simulation =
    match Simulation.operator number run with
    | Some({ Program = ValueSome _ } as operator) ->
        match effect with
        | Effect.List(request, kind, ``namespace``, version, page) ->
            send operator request (Sending.List(request, kind, ``namespace``, version, page)) run
        | Effect.Watch(request, kind, ``namespace``, from, timeout) ->
            let milliseconds = int64 timeout.TotalMilliseconds
            send operator request (Sending.Watch(request, kind, ``namespace``, from, milliseconds)) run
        | Effect.CloseWatch(RequestId request) ->
            Simulation.put { operator with Watches = Map.remove request operator.Watches } run
        | Effect.Read(request, object) ->
            sendRead
                number
                request
                (Sending.Read(request, object))
                (fun problem -> HasRead(request, Unknown problem))
                run
        | Effect.Write(request, write) ->
            let kind = (Write.object write).Kind

            if Simulation.isRoutine kind then
                send operator request (Sending.Write(request, write)) run
            else
                sendWrite
                    number
                    (Some kind)
                    request
                    (Sending.Write(request, write))
                    (Words.write write)
                    (fun error -> Wrote(request, Refused error))
                    (fun problem -> Wrote(request, Unknown problem))
                    run
        | Effect.CallPd(request, endpoints, call) when Words.changes call ->
            sendWrite
                number
                None
                request
                (Sending.Pd(request, endpoints, call))
                (Words.call call)
                (fun error -> PdAnswered(request, Unknown error.Message))
                (fun problem -> PdAnswered(request, Unknown problem))
                run
        | Effect.CallPd(request, endpoints, call) ->
            run
            |> Simulation.count "pd questions"
            |> sendRead number request (Sending.Pd(request, endpoints, call)) (fun problem ->
                PdAnswered(request, Unknown problem))
        | Effect.WakeAt(Instant at) ->
            let at = max at run.World.Now

            run
            |> Simulation.put { operator with WakeAt = at }
            |> Simulation.enter at (Coming.Wakes(number, operator.Life))
        | Effect.Log line -> Simulation.tell Told.Log (who operator) ("log " + logged line) run
        | Effect.Exit(code, why) -> crash number $"exits with %d{code}: %s{why}" run
    | _ -> run

let private strikesNow (operator: OperatorProcess) (fault: Fault) =
    match fault.When with
    | Trigger.AtStep(number, count) -> number = operator.Number && count = operator.Inputs
    | _ -> false

/// Gives an operator an input, and carries out what it answers with.
let feed number life happening (run: Simulation) : Simulation =
    match Simulation.living number life run with
    | ValueNone -> run
    | ValueSome operator ->
        let operator = { operator with Inputs = operator.Inputs + 1 }
        let run = Simulation.put operator run

        match run.Faults |> List.filter (strikesNow operator) with
        | [] ->
            match operator.Program with
            | ValueNone -> run
            | ValueSome program ->
                let run = tellHeard operator happening run

                let struct (next, effects) =
                    program.Step {
                        At = Instant run.World.Now
                        Clock = (World.clock run.World).AddMilliseconds(float operator.ClockAhead)
                        Happening = happening
                    }

                let run = Simulation.put { operator with Program = ValueSome next } run
                (run, effects) ||> List.fold (carryOut number) |> Calls.hear operator happening
        | faults ->
            let left = run.Faults |> List.filter (fun fault -> not (List.contains fault faults))

            ({ run with Faults = left }, faults)
            ||> List.fold (fun run fault -> Simulation.enter run.World.Now (Coming.Strikes fault.What) run)
            |> Simulation.enter run.World.Now (Coming.Arrives(number, life, happening))

/// A process starts: it knows nothing.
let start number (run: Simulation) : Simulation =
    let life, former =
        match Simulation.operator number run with
        | Some operator -> operator.Life, Some operator
        | None -> 0, None

    match former with
    | Some { Program = ValueSome _ } -> run
    | _ ->
        let operator = {
            Number = number
            Life = life
            Program = ValueSome(run.Scenario.Program number life)
            Watches = Map.empty
            WakeAt = Int64.MaxValue
            PausedUntil = 0L
            ClockAhead = former |> Option.map _.ClockAhead |> Option.defaultValue 0L
            Inputs = former |> Option.map _.Inputs |> Option.defaultValue 0
            Writes = former |> Option.map _.Writes |> Option.defaultValue 0
            Reads = former |> Option.map _.Reads |> Option.defaultValue 0
            WritesTo = former |> Option.map _.WritesTo |> Option.defaultValue Map.empty
        }

        run
        |> Simulation.put operator
        |> Simulation.line (who operator) "starts"
        |> feed number life Started
