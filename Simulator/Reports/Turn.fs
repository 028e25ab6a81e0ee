/// One step of a run: from how all was before it to how all is after it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.Turn

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run
open Tikv.Simulator.World

/// What it was, if it was not one of the world.
let performed (before: Simulation) (after: Simulation) : Coming voption =
    match Agenda.first before.Coming with
    | ValueSome(struct (_, coming)) when after.Performed > before.Performed -> ValueSome coming
    | _ -> ValueNone

let private writes (run: Simulation) =
    (0, run.Operators) ||> Map.fold (fun sum _ operator -> sum + operator.Writes)

/// Goes through all that is under way, if operators have sent anything that changes something.
let sent note (before: Simulation) (after: Simulation) state =
    if writes before = writes after then
        state
    else
        (state, Agenda.entries after.Coming) ||> List.fold (note after)

/// The time of the run at which an object was changed, in milliseconds.
let at (world: World) (time: DateTimeOffset) = int64 (time - world.Epoch).TotalMilliseconds

/// What a watch of an operator has told in it: of which kind, and the changes, oldest first.
let told
    number
    life
    (RequestId request)
    (before: Simulation)
    (after: Simulation)
    : (Kind * Change list) option =
    let watcher (run: Simulation) =
        match Simulation.living number life run with
        | ValueSome operator -> Map.tryFind request operator.Watches
        | ValueNone -> None

    match watcher before, watcher after with
    | Some former, Some now when now.Position > former.Position ->
        let server = before.World.Server

        match ApiServer.changesAfter (Answers.key former.Kind) former.Namespace former.Position server with
        | Ok changes -> Some(former.Kind, changes |> List.filter (fun one -> one.Revision <= now.Position))
        | Error() -> None
    | _ -> None
