/// What becomes of an operator's requests where they land: at the API server, or at PD.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Server

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants

/// Between bookmarks of a watch: about a minute (V K27).
let private bookmarkEach = 60_000L

let private replyLater late number life (RequestId request) happening (run: Simulation) =
    let delay =
        World.draw run.World "reply" (Simulation.stream number life) request run.Scenario.Network.Reply

    Simulation.enter (run.World.Now + delay + late) (Coming.Arrives(number, life, happening)) run

let private reply number life request happening run = replyLater 0L number life request happening run

let private ask (request: Request) (run: Simulation) : struct (Simulation * Response) =
    let struct (world, response) = Machines.handle request.FieldManager request run.World
    struct ({ run with World = world }, response)

/// The state that a list is served from: `"0"` allows an old one.
let private served version (run: Simulation) =
    match version with
    | Some "0" when run.Scenario.Network.ListsBehind > 0 ->
        run.Past
        |> List.tryItem (run.Scenario.Network.ListsBehind - 1)
        |> Option.orElse (List.tryLast run.Past)
        |> Option.defaultValue run.World.Server
    | _ -> run.World.Server

/// A watch has something to tell: it will, after its lag.
let private deliver number life (watcher: Watcher) (run: Simulation) =
    let (RequestId request) = watcher.Request

    let lag =
        World.draw
            run.World
            "watch"
            (Simulation.stream number life + "." + string request)
            watcher.Deliveries
            run.Scenario.Network.WatchLag

    Simulation.enter (run.World.Now + lag) (Coming.Delivers(number, life, watcher.Request)) run

let private watch
    number
    life
    request
    kind
    ``namespace``
    (ResourceVersion from)
    milliseconds
    (run: Simulation)
    =
    match Simulation.living number life run with
    | ValueNone -> run
    | ValueSome operator ->
        let position =
            match Int64.TryParse from with
            | true, position when position > 0L -> position
            | _ -> run.World.Server.Revision

        match ApiServer.changesAfter (Answers.key kind) ``namespace`` position run.World.Server with
        | Error() -> reply number life request (WatchEnded(request, WatchEnd.Refused Answers.expired)) run
        | Ok changes ->
            let (RequestId number') = request

            let watcher = {
                Request = request
                Kind = kind
                Shelf = State.shelf (Answers.key kind)
                Namespace = ``namespace``
                Position = position
                Pending = not (List.isEmpty changes)
                Deliveries = 0L
            }

            run
            |> Simulation.put { operator with Watches = Map.add number' watcher operator.Watches }
            |> Simulation.enter (run.World.Now + milliseconds) (Coming.Expires(number, life, request))
            |> Simulation.enter (run.World.Now + bookmarkEach) (Coming.Bookmarks(number, life, request))
            |> if watcher.Pending then deliver number life watcher else id

/// How often objects were made and taken away, for comparison with a run without faults.
let private countChildren write code (run: Simulation) =
    match write with
    | Create(object, _) when code < 300 -> Simulation.count ("create " + Kind.name object.Kind) run
    | Delete(object, _, _) when code < 300 -> Simulation.count ("delete " + Kind.name object.Kind) run
    | Create _
    | Delete _
    | Patch _ -> run

let private landed number write (response: Response) before (run: Simulation) =
    let kind = (Write.object write).Kind

    let run =
        if Simulation.isRoutine kind then
            run
        else
            { run with ChangedAt = run.World.Now }
            |> Simulation.tell
                (Told.Written response.Code)
                ("operator" + string number)
                (Words.write write
                 + " -> "
                 + Words.code response.Code (Answers.error response).Reason)
            |> Simulation.count "writes"
            |> countChildren write response.Code

    Simulation.see (Sight.Landed(number, write, response.Code, before)) run

/// PD is asked at each endpoint in turn until one answers.
let private pd number life request endpoints call answer (run: Simulation) =
    let struct (world, outcome, spent) = Endpoint.ask (Simulation.place number) endpoints call run.World
    let before = run.World
    let run = { run with World = world }

    let run =
        match outcome with
        | Done reply when Words.changes call ->
            { run with ChangedAt = run.World.Now }
            |> Simulation.tell
                (Told.AskedPd reply.Status)
                ("operator" + string number)
                ("pd " + Words.call call + " -> " + string reply.Status)
            |> Simulation.see (Sight.AskedPd(number, call, reply.Status, before))
        | _ -> run

    match answer with
    | ValueNone -> run
    | ValueSome late ->
        Simulation.enter
            (run.World.Now + spent + 1L + late)
            (Coming.Arrives(number, life, PdAnswered(request, outcome)))
            run

/// A request lands, and is answered if anybody is to hear of it.
let private execute number life sending answer (run: Simulation) : Simulation =
    match sending with
    | Sending.List(request, kind, ``namespace``, version, page) ->
        let wanted = Answers.ofList kind ``namespace`` version page
        let struct (_, response) = ApiServer.handle (World.clock run.World) wanted (served version run)
        reply number life request (Listed(request, Answers.page response)) run
    | Sending.Watch(request, kind, ``namespace``, from, milliseconds) ->
        watch number life request kind ``namespace`` from milliseconds run
    | Sending.Read(request, object) ->
        let struct (run, response) = ask (Answers.ofRead object) run
        let read = HasRead(request, Secret.redacted object (Answers.outcome response))

        match answer with
        | ValueSome late -> replyLater late number life request read run
        | ValueNone -> run
    | Sending.Write(request, write) ->
        let before = run.World
        let struct (run, response) = ask (Answers.ofWrite write) run
        let run = landed number write response before run

        match answer with
        | ValueSome late -> replyLater late number life request (Wrote(request, Answers.outcome response)) run
        | ValueNone -> run
    | Sending.Pd(request, endpoints, call) -> pd number life request endpoints call answer run

// ---- troubles of the API server, and of the way to it

let private api = "api"

/// Whether an operator and the API server can talk.
let reaches number (run: Simulation) = Network.meet (Simulation.place number) api run.World.Pd

let private gaveUp = "no answer within the time-out"

/// What a request is about, and what its client is told.
let private unanswered sending : struct (Kind option * bool * (Outcome<Json> -> Happening)) voption =
    match sending with
    | Sending.List(request, kind, _, _, _) ->
        ValueSome(
            struct (Some kind,
                    false,
                    fun outcome ->
                        match outcome with
                        | Refused error -> Listed(request, Refused error)
                        | Unknown problem -> Listed(request, Unknown problem)
                        | Done _ -> Listed(request, Unknown gaveUp))
        )
    | Sending.Watch(request, kind, _, _, _) ->
        ValueSome(
            struct (Some kind,
                    false,
                    fun outcome ->
                        match outcome with
                        | Refused error -> WatchEnded(request, WatchEnd.Refused error)
                        | Unknown problem -> WatchEnded(request, WatchEnd.Broken problem)
                        | Done _ -> WatchEnded(request, WatchEnd.Broken gaveUp))
        )
    | Sending.Read(request, object) ->
        ValueSome(struct (Some object.Kind, false, (fun outcome -> HasRead(request, outcome))))
    | Sending.Write(request, write) ->
        ValueSome(struct (Some (Write.object write).Kind, true, (fun outcome -> Wrote(request, outcome))))
    | Sending.Pd _ -> ValueNone

let private refusal code reason message retry : Outcome<Json> =
    Refused { Code = code; Reason = reason; Message = message; Causes = []; RetryAfter = retry }

let private isDelete sending =
    match sending with
    | Sending.Write(_, Delete _) -> true
    | _ -> false

/// The number of a request: its chance.
let private chanceOf sending =
    match sending with
    | Sending.List(RequestId number, _, _, _, _)
    | Sending.Watch(RequestId number, _, _, _, _)
    | Sending.Read(RequestId number, _)
    | Sending.Write(RequestId number, _)
    | Sending.Pd(RequestId number, _, _) -> number

/// The trouble that befalls this request, if one does: each by its chance.
let private troubled number sending about (run: Simulation) =
    let now = run.World.Now

    run.Weather
    |> List.indexed
    |> List.tryFind (fun (index, weather) ->
        weather.Until > now
        && (weather.About.IsNone || weather.About = about)
        && (let key = $"%d{number}.%d{index}.%A{about}"
            Chance.between run.World.Seed "weather" key (chanceOf sending) 0L 99L < int64 weather.Percent))
    |> Option.map (fun (_, weather) -> weather.Trouble)

/// A request lands, unless the way to the API server or the server itself is in trouble.
let receive number life sending answer (run: Simulation) : Simulation =
    let tell after happening (run: Simulation) =
        match answer with
        | ValueSome late ->
            Simulation.enter (run.World.Now + after + late) (Coming.Arrives(number, life, happening)) run
        | ValueNone -> run

    match unanswered sending with
    | ValueNone -> execute number life sending answer run
    | ValueSome(struct (about, writes, answered)) ->
        let place = Simulation.place number
        let timeout = run.Scenario.Network.Timeout
        let run = Simulation.count "requests" run

        if not (Network.passes place api run.World.Pd) then
            tell timeout (answered (Unknown gaveUp)) run
        elif not (Network.passes api place run.World.Pd) then
            let run = if writes then execute number life sending ValueNone run else run
            tell timeout (answered (Unknown gaveUp)) run
        else
            match troubled number sending about run with
            | None -> execute number life sending answer run
            | Some ApiTrouble.Down -> tell 2L (answered (Unknown "connection refused")) run
            | Some ApiTrouble.Throttles ->
                let outcome =
                    refusal 429 "TooManyRequests" "too many requests, please try again later" (Some 1)

                tell 2L (answered outcome) run
            | Some ApiTrouble.Fails ->
                let run =
                    if writes && run.World.Now % 2L = 0L then
                        execute number life sending ValueNone run
                    else
                        run

                tell 2L (answered (refusal 500 "InternalError" "etcdserver: request timed out" None)) run
            | Some(ApiTrouble.Slow span) when span < timeout ->
                Simulation.enter (run.World.Now + span) (Coming.LandsLate(number, life, sending, answer)) run
            | Some(ApiTrouble.Slow span) ->
                run
                |> Simulation.enter
                    (run.World.Now + span)
                    (Coming.LandsLate(number, life, sending, ValueNone))
                |> tell timeout (answered (Unknown gaveUp))
            | Some(ApiTrouble.Denies message) when writes && not (isDelete sending) ->
                let words = $"admission webhook \"policy.example.com\" denied the request: %s{message}"
                tell 2L (answered (refusal 403 "Forbidden" words None)) run
            | Some ApiTrouble.WebhookDown when writes && not (isDelete sending) ->
                let words =
                    "Internal error occurred: failed calling webhook \"policy.example.com\": connection refused"

                tell 2L (answered (refusal 500 "InternalError" words None)) run
            | Some(ApiTrouble.Denies _)
            | Some ApiTrouble.WebhookDown -> execute number life sending answer run

/// A request lands that a slow API server has kept waiting.
let receiveLate number life sending answer (run: Simulation) : Simulation =
    execute number life sending answer run

// ---- watches

let private watcher number life (RequestId request) (run: Simulation) =
    match Simulation.living number life run with
    | ValueSome operator ->
        match Map.tryFind request operator.Watches with
        | Some watcher -> ValueSome(struct (operator, watcher))
        | None -> ValueNone
    | ValueNone -> ValueNone

let private put (operator: OperatorProcess) (watcher: Watcher) =
    let (RequestId request) = watcher.Request
    Simulation.put { operator with Watches = Map.add request watcher operator.Watches }

let private without (RequestId request) (operator: OperatorProcess) = {
    operator with
        Watches = Map.remove request operator.Watches
}

let private milliseconds (run: Simulation) (at: DateTimeOffset) =
    int64 (at - run.World.Epoch).TotalMilliseconds

/// The changes that a held-back cache is told of, and when the next of the others is due.
let private split kind (changes: Change list) (run: Simulation) =
    match
        run.HeldBack
        |> List.tryFind (fun held -> held.Kind.IsNone || held.Kind = Some kind)
    with
    | None -> struct (changes, ValueNone)
    | Some held ->
        let count = List.length changes

        let isDue index (change: Change) =
            index < count - held.Versions
            || run.World.Now - milliseconds run change.At >= held.Hold

        let due =
            changes
            |> List.indexed
            |> List.takeWhile (fun (index, change) -> isDue index change)
            |> List.map snd

        match changes |> List.skip (List.length due) with
        | next :: _ -> struct (due, ValueSome(milliseconds run next.At + held.Hold))
        | [] -> struct (due, ValueNone)

/// A watch tells what it has not told yet.
let tell number life request (run: Simulation) : Simulation =
    match watcher number life request run with
    | ValueNone -> run
    | ValueSome(struct (operator, watcher)) ->
        match
            ApiServer.changesAfter
                (Answers.key watcher.Kind)
                watcher.Namespace
                watcher.Position
                run.World.Server
        with
        | Error() ->
            run
            |> Simulation.put (without request operator)
            |> Interpreter.feed number life (WatchEnded(request, WatchEnd.Refused Answers.expired))
        | Ok changes ->
            let struct (due, later) = split watcher.Kind changes run

            let told = {
                watcher with
                    Position =
                        match List.tryLast due with
                        | Some change -> change.Revision
                        | None -> watcher.Position
                    Pending = false
                    Deliveries = watcher.Deliveries + 1L
            }

            let run = put operator told run

            let run =
                match later with
                | ValueSome time ->
                    Simulation.enter
                        (max time (run.World.Now + 1L))
                        (Coming.Delivers(number, life, request))
                        run
                | ValueNone -> run

            (run, due)
            ||> List.fold (fun run change ->
                match Answers.watchEvent watcher.Kind change with
                | Some event -> Interpreter.feed number life (Watched(request, event)) run
                | None -> run)

/// The watch has lasted as long as it was asked to.
let expire number life request (run: Simulation) : Simulation =
    match watcher number life request run with
    | ValueNone -> run
    | ValueSome(struct (operator, _)) ->
        run
        |> Simulation.put (without request operator)
        |> Interpreter.feed number life (WatchEnded(request, WatchEnd.Closed))

/// A watch that has told all says how far that was.
let bookmark number life request (run: Simulation) : Simulation =
    match watcher number life request run with
    | ValueNone -> run
    | ValueSome(struct (operator, watcher)) ->
        let run =
            Simulation.enter (run.World.Now + bookmarkEach) (Coming.Bookmarks(number, life, request)) run

        if
            watcher.Pending
            || ApiServer.latestOn watcher.Shelf run.World.Server > watcher.Position
        then
            run
        else
            let revision = run.World.Server.Revision

            run
            |> put operator { watcher with Position = revision }
            |> Interpreter.feed number life (Watched(request, Bookmark(ResourceVersion(string revision))))

let private endWatches isMeant after kind ending (run: Simulation) : Simulation =
    (run,
     run.Operators.Values
     |> Seq.filter (fun operator -> isMeant operator.Number)
     |> List.ofSeq)
    ||> List.fold (fun run operator ->
        let cut =
            operator.Watches.Values
            |> Seq.filter (fun watcher -> kind = None || kind = Some watcher.Kind)
            |> List.ofSeq

        let left = (operator, cut) ||> List.fold (fun left watcher -> without watcher.Request left)

        (Simulation.put left run, cut)
        ||> List.fold (fun run watcher ->
            Simulation.enter
                (run.World.Now + after)
                (Coming.Arrives(operator.Number, operator.Life, WatchEnded(watcher.Request, ending)))
                run))

/// Cuts the watches of a kind, or of all.
let cut kind gone (run: Simulation) : Simulation =
    let ending =
        if gone then WatchEnd.Refused Answers.expired else WatchEnd.Broken "connection reset by peer"

    endWatches (fun _ -> true) 0L kind ending run

/// The watches of operators that no longer reach the API server: silent, and found broken a while later.
let breaks (isMeant: int -> bool) (run: Simulation) : Simulation =
    endWatches isMeant run.Scenario.Network.Timeout None (WatchEnd.Broken "silent for too long") run

/// Every watch that has something to tell is told to tell it.
let wake (run: Simulation) : Simulation =
    if run.World.Server.Revision = run.Told then
        run
    else
        (run, run.Operators)
        ||> Map.fold (fun run _ operator ->
            (run, operator.Watches)
            ||> Map.fold (fun run _ watcher ->
                if
                    watcher.Pending
                    || ApiServer.latestOn watcher.Shelf run.World.Server <= watcher.Position
                then
                    run
                else
                    match Simulation.operator operator.Number run with
                    | Some current ->
                        run
                        |> put current { watcher with Pending = true }
                        |> deliver operator.Number operator.Life watcher
                    | None -> run))
