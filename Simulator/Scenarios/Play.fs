/// Runs named scenarios.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Play

open Tikv.Core
open Tikv.Simulator.Run

/// Single regions come to rest later than classes: a story that is left alone afterwards waits for that.
let private isPatient (story: Story) = story.Given.Fidelity = Level.L2 && story.Rest > 0L

/// Whether the last of what PD does by itself is waited for.
let calms (story: Story) = story.Calm || isPatient story

/// As the engine takes it: every time counted from where the settled cluster stands.
let scenario (story: Story) : Scenario =
    let from = Settled.from story.Given
    let start = from.World.Now

    let fault (step: Step) : Fault = {
        When =
            match step.When with
            | Trigger.AtTime time -> Trigger.AtTime(start + time)
            | other -> other
        What = step.What
    }

    {
        from.Scenario with
            Name = story.Id
            Shows = story.Shows
            World = from.World
            Steps = []
            Faults = story.Steps |> List.map fault
            Expect = if isPatient story then story.Expect @ [ Check.Finally Fact.PdAtRest ] else story.Expect
            MustStrike = story.MustStrike
            Quiet = story.Quiet
            Limit = start + story.Limit
            Transcript = false
    }

/// PD moves regions long after all is Ready; once it has ended with that (`pdAtRest`), the operator hears of the last of it
/// within so long.
let private lastNews = seconds 90

/// A run that has reached what it expects, PD at rest included, as it is gone on with until nothing need be written any more.
let calming (result: Result) : Simulation =
    let run = { result.Final with StruckAt = result.Final.World.Now }
    { run with Scenario = { run.Scenario with Quiet = lastNews } }

let calm (result: Result) : Result = if Run.isGood result then Run.continue' (calming result) else result

/// Runs a scenario until what it expects is reached.
let reach (transcript: bool) (story: Story) : Result =
    let result = Run.from (Settled.from story.Given) { scenario story with Transcript = transcript }
    if calms story then calm result else result

/// Processes that take settings while they run were started with others.
let private reloads (story: Story) =
    let isReload (step: Step) =
        match step.What with
        | Misfortune.Acts(Act.Patch(_, body)) ->
            Json.stringAt [ "spec"; "template"; "spec"; "updateStrategy"; "config" ] body = Some "HotReload"
        | _ -> false

    story.Steps |> List.exists isReload

let private final (story: Story) (result: Result) =
    let plain json =
        if reloads story then
            Json.setPath [ "metadata"; "annotations"; "tikv.org/process-revision" ] None json
        else
            json

    Ranks.ofWorldWith plain result.Final.World

/// In what a good run ends otherwise than one with the steps that it is to end like.
let private tryOther (story: Story) (result: Result) : string option =
    match story.EndsLike with
    | Some steps when Run.isGood result ->
        let twin = reach false { story with Steps = steps; EndsLike = None }

        if Run.isGood twin then
            FinalState.tryDifference (final story twin) (final story result)
        else
            Some("the other run: " + Run.words twin)
    | _ -> None

/// A run that ends otherwise than it is to has failed.
let compared (story: Story) (result: Result) : Result =
    match tryOther story result with
    | Some difference -> { result with Verdict = Verdict.Stuck [ "it ends otherwise: " + difference ] }
    | None -> result

/// Runs a scenario, and leaves the cluster alone afterwards.
let run' (transcript: bool) (story: Story) : Result =
    let result = reach transcript story
    let result = if story.Rest > 0L then Run.thenRest story.Rest result else result
    compared story result

let run (story: Story) : Result = run' false story
