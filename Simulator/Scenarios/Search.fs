namespace Tikv.Simulator.Scenarios

open System
open Tikv.Core
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run
open Tikv.Simulator.Files

/// What became of a generated run.
[<RequireQualifiedAccess>]
type Outcome =
    | Good
    /// Which property or expectation failed, and how.
    | Bad of Kind: string * Words: string

/// Random changes and random faults, then none: everything must come right, and be quiet (verification E4, E5.4).
[<RequireQualifiedAccess>]
module Search =

    let private story (plan: Plan) steps : Story =
        let story =
            scenario $"seed-%d{plan.Seed}" "A generated run comes right" [] plan.Given steps [
                finally' settled
                finally' noEvictions
                finally' pdAtRest
            ]

        {
            story with
                Quiet = seconds 90
                Limit = hours 1
                Rest = minutes 10
                MustStrike = false
                Calm = true
        }

    /// A plan as a scenario: its steps, and what heals it.
    let storyOf (plan: Plan) : Story = story plan ((plan.Items |> List.collect _.Steps) @ Plans.heal)

    let private scenarioOf plan steps = Play.scenario (story plan steps)
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

    /// What is asked for in the end, at once; and what healing leaves in the specs, without having been so.
    let private atOnce (plan: Plan) = [
        at (seconds 4) (pause false)
        at (seconds 4) (suspend false)
        for ask in Plans.finallyAsked plan do
            at (seconds 5) ask.What
    ]

    let private twins = Collections.Concurrent.ConcurrentDictionary<string, Lazy<Map<string, Json>>>()

    /// What a cluster becomes that is asked for the same at once, without faults (verification C6, I59).
    let private twin (plan: Plan) =
        let asked = Plans.finallyAsked plan

        let key =
            String.Join("\n", plan.Begins :: [ for ask in asked -> Json.print (Writer.toTree ask.What) ])

        let make () = final plan (Run.from (Settled.from plan.Given) (scenarioOf plan (atOnce plan)))

        twins.GetOrAdd(key, fun _ -> lazy make ()).Force()

    let private verdict (result: Result) =
        match result.Verdict with
        | Verdict.Reached -> Outcome.Good
        | Verdict.Broke(first :: _) -> Outcome.Bad(first.Property.Id, Run.words result)
        | Verdict.Broke [] -> Outcome.Bad("broke", Run.words result)
        | Verdict.Stuck _ -> Outcome.Bad("stuck", Run.words result)

    let private simulate transcript (plan: Plan) : Result = Play.run' transcript (storyOf plan)

    /// Runs a plan: with faults until all is healed, then until all is as asked, then left alone.
    let run (plan: Plan) : Outcome =
        let result = simulate false plan

        match verdict result with
        | Outcome.Good ->
            match FinalState.tryDifference (twin plan) (final plan result) with
            | None -> Outcome.Good
            | Some difference -> Outcome.Bad("otherwise", "it ends otherwise: " + difference)
        | bad -> bad

    /// Runs a plan, healing included, and leaves the cluster alone until so many milliseconds have passed since it began.
    let lasting (span: int64) (plan: Plan) : Result =
        let from = Settled.from plan.Given
        let result = Run.from from (healed plan)

        result |> Run.thenRest (from.World.Now + span - result.Final.World.Now)

    let transcript (plan: Plan) : string list = (simulate true plan).Transcript

    let private isSame outcome kind =
        match outcome with
        | Outcome.Bad(found, _) -> found = kind
        | Outcome.Good -> false

    /// Leaves out what is not needed for the same failure, larger parts first (delta debugging).
    let shrink (kind: string) (plan: Plan) : Plan =
        let rec without size (plan: Plan) =
            if size = 0 then
                plan
            else
                let rec tryFrom start (plan: Plan) =
                    if start >= plan.Items.Length then
                        plan
                    else
                        let fewer = {
                            plan with
                                Items =
                                    List.take start plan.Items
                                    @ List.skip (min plan.Items.Length (start + size)) plan.Items
                        }

                        if fewer.Items.Length < plan.Items.Length && isSame (run fewer) kind then
                            tryFrom start fewer
                        else
                            tryFrom (start + size) plan

                let smaller = tryFrom 0 plan
                without (if smaller.Items.Length < plan.Items.Length then size else size / 2) smaller

        without (max 1 (plan.Items.Length / 2)) plan

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
