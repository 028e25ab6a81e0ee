/// Faults in time, in requests without an answer, and in watches.
module internal Tikv.Simulator.Mutants.OfTime

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Simulator.Run

let private wake change =
    Warp.doing (fun memory effect ->
        match effect with
        | WakeAt at -> struct (memory, change at)
        | effect -> struct (memory, [ effect ]))

/// Writes with such an outcome are taken for done.
let private takenForDone (isTaken: Outcome<Json> -> bool) =
    Warp.hearing (fun _ happening ->
        match happening with
        | Wrote(request, outcome) when isTaken outcome -> Some(Wrote(request, Done Json.empty))
        | happening -> Some happening)

/// Every duration is measured with the clock on the wall.
let rec private byTheClock (program: Program) : Program = {
    new Program() with
        member _.Step input =
            let wall = input.Clock.ToUnixTimeMilliseconds()
            let (Instant now) = input.At

            let struct (program, effects) =
                program.Step { input with At = Instant(wall - 1_700_000_000_000L) }

            let ahead = wall - 1_700_000_000_000L - now

            let effects =
                effects
                |> List.map (fun effect ->
                    match effect with
                    | WakeAt(Instant at) -> WakeAt(Instant(at - ahead))
                    | effect -> effect)

            struct (byTheClock program, effects)
}

/// The world is seldom silent: heartbeats of nodes, bookmarks, and watches that end would wake it by chance.
let private inSilence =
    Warp.both
        (Warp.deaf (fun memory happening ->
            match happening with
            | Watched(_, Bookmark _) -> true
            | Watched(request, Modified _) -> Map.tryFind request memory.Kinds = Some Kind.Node
            | _ -> false))
        (Warp.doing (fun memory effect ->
            match effect with
            | Watch(request, kind, space, from, _) ->
                struct (memory, [ Watch(request, kind, space, from, TimeSpan.FromDays 7.0) ])
            | effect -> struct (memory, [ effect ])))

let mutants: Mutant list = [
    mutant
        "no-requeue"
        "forgets to look again at what it waits for"
        [ "I75"; "TO#6424" ]
        [ "T21" ]
        (Warp.both inSilence (wake (fun _ -> [])))

    mutant
        "late-requeue"
        "looks again after an hour"
        [ "I67"; "I75" ]
        [ "T21" ]
        (Warp.both inSilence (wake (fun (Instant at) -> [ WakeAt(Instant(at + 3_600_000L)) ])))

    mutant
        "watches-once"
        "does not open a watch again that was closed"
        [ "I61"; "TO#6427" ]
        [ "T75" ]
        (Warp.deaf (fun _ happening -> happening.IsWatchEnded))

    mutant
        "conflict-is-success"
        "takes a conflict for success"
        [ "I48" ]
        [ "T71" ]
        (takenForDone (fun outcome ->
            match outcome with
            | Refused error -> error.Code = 409
            | Done _
            | Unknown _ -> false))

    mutant
        "refused-is-success"
        "takes every refusal of the API server for success"
        [ "I71" ]
        [ "T71" ]
        (takenForDone _.IsRefused)

    mutant
        "unknown-is-success"
        "takes a request without an answer for executed"
        [ "I48"; "law 8" ]
        [ "T74"; "T71" ]
        (takenForDone _.IsUnknown)

    mutant
        "answers-unheard"
        "does not hear the answers to its writes"
        [ "I75" ]
        [ "T11" ]
        (Warp.deaf (fun _ happening -> happening.IsWrote))

    mutant
        "reads-unheard"
        "does not hear the answers to its quorum reads"
        [ "I75" ]
        [ "T21" ]
        (Warp.deaf (fun _ happening -> happening.IsHasRead))

    mutant
        "lists-unheard"
        "does not hear the answer to a list of Pods"
        [ "I75" ]
        [ "T11" ]
        (Warp.deaf (fun memory happening ->
            match happening with
            | Listed(request, _) -> Map.tryFind request memory.Kinds = Some Kind.Pod
            | _ -> false))
]
