namespace Tikv.Simulator.Scenarios

open System
open Tikv.Core
open Tikv.Simulator.World
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run
open Tikv.Simulator.Files

/// What became of a generated run.
[<RequireQualifiedAccess>]
type Outcome =
    | Good
    /// Which property or expectation failed, and how. `stuck` does not come right, `slow` does, but much later than it
    /// should; `otherwise` ends otherwise than the run without mishaps; `exception` is a fault of the program.
    | Bad of Kind: string * Words: string

/// A generated run, and what was seen of it.
type Trial = {
    Outcome: Outcome
    Marks: Set<string>
    /// Of every event.
    Fingerprint: uint64
    /// When it ended, in milliseconds from its beginning.
    Ended: int64
    /// When the last change was that led to what was asked for, in milliseconds from its beginning.
    ReachedAt: int64
    /// It came as far as being left alone.
    Rested: bool
}

/// How a generated run is made, beside its plan.
type Setting = {
    /// What is done to it at its beginning: a fault may be put on the operator.
    Begin: Simulation -> Simulation
    Transcript: bool
    /// Marks are told together with the world and the mishaps that they came in.
    Cells: bool
    /// It is given up after so many milliseconds.
    Until: int64 option
}

/// Random changes and random faults, then none: everything must come right, and be quiet (verification E4, E5.4).
[<RequireQualifiedAccess>]
module Search =

    let ordinary: Setting = { Begin = id; Transcript = false; Cells = false; Until = None }

    /// Nothing need be written for so long; what still waits for a moment that has come strikes before that is over.
    let private quiet (steps: Step list) =
        (seconds 90, steps)
        ||> List.fold (fun longest step ->
            match step.When with
            | Trigger.AtMoment(_, after) -> max longest (after + seconds 30)
            | _ -> longest)

    let private story (plan: Plan) steps : Story =
        let story =
            scenario plan.Name "A generated run comes right" [] plan.Given steps [
                finally' settled
                finally' noEvictions
                finally' pdAtRest
            ]

        {
            story with
                Quiet = quiet steps
                Limit = plan.Within
                Rest = minutes 10
                MustStrike = false
                Calm = true
        }

    /// A plan as a scenario: its steps, and what heals it.
    let storyOf (plan: Plan) : Story = story plan ((plan.Items |> List.collect _.Steps) @ plan.Heals)

    let private healed (plan: Plan) = Play.scenario (storyOf plan)

    let private final (plan: Plan) (result: Result) =
        // A process that takes settings while it runs was started with others.
        let reloads = plan.Items |> List.collect _.Asks |> List.exists (fun ask -> ask.Of = "reload")

        let started json =
            if reloads then
                Json.setPath [ "metadata"; "annotations"; "tikv.org/process-revision" ] None json
            else
                json

        Ranks.ofWorldWith started result.Final.World

    /// What healing leaves in the specs without its having been asked for, where it heals that.
    let private healedTo (plan: Plan) : Misfortune list =
        [ pause false; suspend false ]
        |> List.filter (fun deed -> plan.Heals |> List.exists (fun step -> step.What = deed))

    /// What is asked for in the end, at once; and what healing leaves in the specs.
    let private atOnce (plan: Plan) = [
        for deed in healedTo plan do
            at (seconds 4) deed
        for ask in Plans.finallyAsked plan do
            at (seconds 5) ask.What
    ]

    let private twins = Collections.Concurrent.ConcurrentDictionary<string, Lazy<Map<string, Json>>>()

    /// What a cluster becomes that is asked for the same at once, without faults (verification C6, I59). How fast its site is
    /// makes no difference to that.
    let private twin (plan: Plan) =
        let plan = { plan with Given = { plan.Given with Pace = [] } }
        let asked = Plans.finallyAsked plan

        let key =
            String.Join(
                "\n",
                Json.print (Writer.toTree plan.Given)
                :: [ for ask in asked -> Json.print (Writer.toTree ask.What) ]
                @ [ for deed in healedTo plan -> Json.print (Writer.toTree deed) ]
            )

        let make () =
            Run.from (Settled.from plan.Given) (Play.scenario (story plan (atOnce plan)))
            |> final plan

        twins.GetOrAdd(key, fun _ -> lazy make ()).Force()

    /// How much longer a run is gone on with that has not come right in time, to tell slow from stuck (verification E10).
    let private patience = 10L

    let private isOverdue (result: Result) =
        match result.Verdict, Engine.next result.Final with
        | Verdict.Stuck _, ValueSome next -> next > result.Final.Scenario.Limit
        | Verdict.Stuck _, ValueNone
        | Verdict.Broke _, _
        | Verdict.Reached, _ -> false

    let private lateness (story: Story) (result: Result) : Outcome =
        let begin' = result.Final.Scenario.World.Now
        let limit = begin' + patience * story.Limit
        let longer = { result.Final with Scenario = { result.Final.Scenario with Limit = limit } }
        let bound = Simulation.clock story.Limit

        match Run.continue' longer with
        | { Verdict = Verdict.Reached } as later ->
            let took = Simulation.clock (later.ReachedAt - begin')

            Outcome.Bad(
                "slow",
                $"slow: it comes right %s{took} after its beginning, and not within %s{bound}"
            )
        | { Verdict = Verdict.Broke(first :: _) } as later -> Outcome.Bad(first.Property.Id, Run.words later)
        | _ -> Outcome.Bad("stuck", $"%s{Run.words result}; and still in %d{patience} times as long")

    let private verdict (story: Story) (result: Result) : Outcome =
        match result.Verdict with
        | Verdict.Reached -> Outcome.Good
        | Verdict.Broke(first :: _) -> Outcome.Bad(first.Property.Id, Run.words result)
        | Verdict.Broke [] -> Outcome.Bad("broke", Run.words result)
        | Verdict.Stuck _ when isOverdue result -> lateness story result
        | Verdict.Stuck _ -> Outcome.Bad("stuck", Run.words result)

    let private begins (setting: Setting) (story: Story) : Simulation =
        let scenario = { Play.scenario story with Transcript = setting.Transcript }
        let start = Engine.resume scenario (Settled.from story.Given) |> setting.Begin
        { start with Judge = Judge.anew [ Goals.watch ] start.Judge }

    /// Runs a story to its end, the rest after it included, shown to an onlooker.
    let private watched
        (setting: Setting)
        (story: Story)
        (onlook: int64 -> Simulation -> Simulation -> _ -> _)
        marks
        =
        let start = begins setting story
        let onlook = onlook start.World.Now
        let result, marks = Run.watched start onlook marks

        let result, marks =
            if story.Calm && Run.isGood result then
                Run.watched (Play.calming result) onlook marks
            else
                result, marks

        if story.Rest > 0L && Run.isGood result then
            let result, marks = Run.watchedRest story.Rest onlook marks result
            result, marks, true
        else
            result, marks, false

    let private around (setting: Setting) (plan: Plan) (start: int64) : Marks.Around =
        if setting.Cells then
            let underWay = Mutation.underWay plan

            Some(fun run ->
                let writes =
                    match Simulation.operator 0 run with
                    | Some operator -> operator.Writes
                    | None -> 0

                underWay (run.World.Now - start) writes)
        else
            None

    let private judged (plan: Plan) (story: Story) (result: Result) : Outcome =
        match verdict story result with
        | Outcome.Good ->
            match FinalState.tryDifference (twin plan) (final plan result) with
            | None -> Outcome.Good
            | Some difference -> Outcome.Bad("otherwise", "it ends otherwise: " + difference)
        | bad -> bad

    /// Runs a plan: with faults until all is healed, then until all is as asked, then left alone.
    let trial (setting: Setting) (plan: Plan) : Trial =
        let whole = storyOf plan

        let story =
            match setting.Until with
            | Some until when until < whole.Limit -> { whole with Limit = until; Calm = false; Rest = 0L }
            | _ -> whole

        let look start = Marks.look (around setting plan start)
        let result, marks, rested = watched setting story look Set.empty
        let begin' = result.Final.Scenario.World.Now

        {
            Outcome =
                match result.Verdict with
                | Verdict.Stuck _ when setting.Until.IsSome -> Outcome.Bad("stuck", Run.words result)
                | _ -> judged plan story result
            Marks = Marks.ofResult result marks
            Fingerprint = result.Fingerprint
            Ended = result.Ended - begin'
            ReachedAt = result.ReachedAt - begin'
            Rested = rested
        }

    let run (plan: Plan) : Outcome = (trial ordinary plan).Outcome

    /// What a named scenario goes through.
    let marksOf (story: Story) : Set<string> =
        let look (_: int64) = Marks.look None
        let result, marks, _ = watched ordinary story look Set.empty
        Marks.ofResult result marks

    /// Runs a plan, healing included, and leaves the cluster alone until so many milliseconds have passed since it began.
    let lasting (span: int64) (plan: Plan) : Result =
        let from = Settled.from plan.Given
        let result = Run.from from (healed plan)

        result |> Run.thenRest (from.World.Now + span - result.Final.World.Now)

    /// One line an event.
    let transcriptOf (setting: Setting) (plan: Plan) : string list =
        let nobody _ _ _ () = ()
        let result, (), _ = watched { setting with Transcript = true } (storyOf plan) nobody ()
        result.Transcript

    let transcript (plan: Plan) : string list = transcriptOf ordinary plan

    /// A failing plan as a scenario to keep: run again it fails alike.
    let kept (plan: Plan) (words: string) : Story = {
        storyOf plan with
            Why = Some("Found by a search: " + words)
            EndsLike = Some(atOnce plan)
    }

    /// A failing plan as the lines of its file.
    let lines (plan: Plan) (words: string) : string list =
        (StoryFile.print (kept plan words)).TrimEnd('\n').Split '\n' |> List.ofArray

    /// Runs the plans of these seeds on all processors; the failures are in the order of the seeds. `ended` is told of each,
    /// on whatever thread it ran.
    let many (ended: Plan -> Outcome -> unit) (seeds: uint64 list) : (Plan * string * string) list =
        for _, (_, given) in Givens.all do
            Settled.from given |> ignore

        Array.ofList seeds
        |> Array.Parallel.map (fun seed ->
            let plan = Plans.make seed
            let outcome = run plan
            ended plan outcome

            match outcome with
            | Outcome.Good -> None
            | Outcome.Bad(kind, words) -> Some(plan, kind, words))
        |> Array.choose id
        |> List.ofArray
