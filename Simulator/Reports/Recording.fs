/// Shows each step of a run to an onlooker, with all that `tikv-sim run` makes of it: what is waited for, and the rest.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.Recording

open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// How a run is gone on with when it has come so far.
type Course = {
    Start: Simulation
    Calms: bool
    /// Milliseconds for which it is left alone afterwards; 0 for not at all.
    Rest: int64
}

/// From the beginning to the end; the rest is shown only where something happens in it that should not.
let private watched (course: Course) onlook (seen: 'Seen) : Result * 'Seen =
    let result, seen = Run.watched course.Start onlook seen

    let result, seen =
        if course.Calms && Run.isGood result then
            Run.watched (Play.calming result) onlook seen
        else
            result, seen

    if course.Rest = 0L || not (Run.isGood result) then
        result, seen
    else
        let rested = Run.rest course.Rest result

        if Run.isGood rested then rested, seen else Run.watchedRest course.Rest onlook seen result

let account (replay: string) (course: Course) : Account * Film =
    let result, film = watched course Film.step (Film.start course.Start)
    let account = { Result = result; Replay = replay; Why = None }
    { account with Why = Explaining.tryMake account film }, film
