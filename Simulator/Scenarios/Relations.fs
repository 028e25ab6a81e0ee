/// Relations between runs in which the same is asked for (verification C6): whatever befalls the operator all the time, it
/// does no harm, ends as a run in which nothing befalls it, and then is still for a day.
module Tikv.Simulator.Scenarios.Relations

open System
open System.Collections.Concurrent
open Tikv.Core
open Tikv.Simulator.Run

/// What people do in a run.
type Deeds = { Name: string; Given: Given; Steps: Step list }

/// What befalls the operator all the time.
type Relation = {
    Name: string
    /// Of the verification reference.
    Source: string
    Faults: Step list
    /// Stories in which more changes within a moment than anybody could know of under it.
    Except: string list
}

/// What a run came to.
type Ending = {
    Final: Map<string, Json>
    /// How many Pods operators deleted.
    Restarts: int
    /// Of all that happened.
    Fingerprint: uint64
}

/// Longer than any run.
let private never = hours 1_000

/// All caches are told of nothing for ten seconds, and then list: each half minute.
let private blind = [
    for time in seconds 3 .. seconds 30 .. minutes 40 do
        at time (Misfortune.HoldBack(None, Int32.MaxValue, never))
        at (time + seconds 10) (Misfortune.CutWatches(None, true))
        at (time + seconds 10 + 1L) Misfortune.EndHoldBack
]

let private relation name source faults = { Name = name; Source = source; Faults = faults; Except = [] }

let all = [
    relation "a crash before each third write" "I55" [ atEachWrite 3 crashBefore ]
    relation "a crash after each second write" "I55" [ atEachWrite 2 crashAfter ]
    relation "a crash after each seventh write" "I55" [ atEachWrite 7 crashAfter ]
    relation "a crash each half minute" "I70" (each (seconds 2) (seconds 30) (minutes 40) crash)
    relation "every cache one version behind" "I56" [ at 0L (Misfortune.HoldBack(None, 1, seconds 10)) ]
    relation "every cache two versions behind" "I56" [ at 0L (Misfortune.HoldBack(None, 2, seconds 10)) ]
    {
        relation "each third answer is old" "I56" [
            atEachRead 3 (Misfortune.ToRead(ReadFate.Old(seconds 9)))
        ] with
            // the lead of PD moves each 7 s there
            Except = [ "S06" ]
    }
    // not for ever: what is asked for once more may be lost too, and then PD is said not to answer
    relation "each seventh question of two hundred polls has no answer" "I48" [
        for number in 7..7..1400 do
            { When = Trigger.AtRead(0, number); What = Misfortune.ToRead ReadFate.Unanswered }
    ]
    relation "the reply to each third write is lost" "I48" [ atEachWrite 3 replyLost ]
    relation "each fifth write comes 45 s late" "I48" [ atEachWrite 5 (late (seconds 45)) ]
    relation "each second write is refused by a conflict" "I71" [ atEachWrite 2 conflict ]
    relation "each fifth write is a zombie of 60 s" "I57" [ atEachWrite 5 (zombie (seconds 60)) ]
    relation "each ninth write is a zombie of 10 min" "I57" [ atEachWrite 9 (zombie (minutes 10)) ]
    relation "two leaders" "I58" [ at 0L (startOperator 1) ]
    relation "two leaders, with caches one version behind" "I58" [
        at 0L (startOperator 1)
        at 0L (Misfortune.HoldBack(None, 1, seconds 10))
    ]
    relation "missed events" "I61" blind
]

/// What people do in a generated run, without its faults.
let generated (seed: uint64) : Deeds = {
    Name = $"seed %d{seed}"
    Given = Givens.ordinary
    Steps = (Plans.calm seed).Items |> List.collect _.Steps
}

/// The named stories in which people ask for something, and nothing goes wrong by itself.
let told () : Deeds list =
    All.stories
    |> List.filter (fun story ->
        story.Pending.IsNone
        && story.Rest > 0L
        && story.Given.Operators = 1
        && story.Expect |> List.exists (fun check -> check = Check.Finally settled)
        && story.Steps |> List.forall (fun step -> step.When.IsAtTime && step.What.IsActs))
    |> List.map (fun story -> { Name = story.Id; Given = story.Given; Steps = story.Steps })

/// No story asks for more seconds of being ready (F35: two minutes): Ready all that time, a group still has to say Synced.
let private longerThanSoaking = seconds 150

/// An administrator's own eviction is left alone.
let private evicts (step: Step) =
    match step.What with
    | Misfortune.Acts(Act.PdEvictLeaders _) -> true
    | _ -> false

/// Deeds under faults as a scenario: all is to be as asked, and the cluster is left alone for so long.
let storyOf (rest: int64) (deeds: Deeds) (faults: Step list) : Story =
    let story =
        scenario deeds.Name "It comes right" [] deeds.Given (deeds.Steps @ faults) [
            finally' settled
            if not (List.exists evicts deeds.Steps) then
                finally' noEvictions
            finally' pdAtRest
        ]

    {
        story with
            Quiet = longerThanSoaking
            Limit = hours 4
            Rest = rest
            MustStrike = false
            Calm = true
    }

/// Deeds that do not end under a relation as without it, as a scenario to keep: run again it fails alike.
let kept (rest: int64) (relation: Relation) (deeds: Deeds) (problem: string) : Story = {
    storyOf rest deeds relation.Faults with
        Id = $"%s{deeds.Name} with %s{relation.Name}"
        Why = Some("Found by a relation: " + problem)
        EndsLike = Some deeds.Steps
}

/// Runs deeds under faults until all is as asked, and leaves the cluster alone for so long.
let run (rest: int64) (deeds: Deeds) (faults: Step list) : Result<Ending, string> =
    let result = Play.run (storyOf rest deeds faults)

    if Run.isGood result then
        Ok {
            Final = Ranks.ofWorld result.Final.World
            Restarts = result.Counters |> Map.tryFind "delete Pod" |> Option.defaultValue 0
            Fingerprint = result.Fingerprint
        }
    else
        Error(Run.words result)

let private calm = ConcurrentDictionary<string, Lazy<Result<Ending, string>>>()

/// The same without faults; run once.
let twin (deeds: Deeds) : Result<Ending, string> =
    calm.GetOrAdd(deeds.Name, fun _ -> lazy run 0L deeds []).Force()

/// What is wrong with deeds under a relation; nothing when they end as without it.
let tryProblem (rest: int64) (relation: Relation) (deeds: Deeds) : string option =
    match twin deeds with
    | _ when List.contains deeds.Name relation.Except -> None
    | Error words -> Some $"%s{deeds.Name} without faults: %s{words}"
    | Ok calm ->
        match run rest deeds relation.Faults with
        | Error words -> Some $"%s{deeds.Name}: %s{words}"
        | Ok ending ->
            FinalState.tryDifference calm.Final ending.Final
            |> Option.map (fun difference -> $"%s{deeds.Name} ends otherwise: %s{difference}")

/// What is asked for in the end, by name.
let private wishes (seed: uint64) = Plans.finallyAsked (Plans.calm seed) |> List.map _.What

/// Time for a change of any kind to end before the next.
let private apart = 25

/// The same wishes at once, one after another, and the other way round end alike (I59); at once they restart no more than
/// one after another (I66).
let tryPathProblem (seed: uint64) : string option =
    let wishes = wishes seed

    let deeds name (steps: Step list) : Deeds = {
        Name = $"seed %d{seed} %s{name}"
        Given = Givens.ordinary
        Steps = steps
    }

    let oneByOne (wishes: Misfortune list) =
        wishes
        |> List.mapi (fun index what -> at (minutes (apart * index) + seconds 5) what)

    let once = run 0L (deeds "at once" (wishes |> List.map (at (seconds 5)))) []

    match once, wishes with
    | Error words, _ -> Some $"seed %d{seed} at once: %s{words}"
    | Ok _, [] -> None
    | Ok once, wishes ->
        [ "one by one", wishes; "the other way round", List.rev wishes ]
        |> List.tryPick (fun (name, wishes) ->
            match run 0L (deeds name (oneByOne wishes)) [] with
            | Error words -> Some $"seed %d{seed} %s{name}: %s{words}"
            | Ok ending when once.Restarts > ending.Restarts ->
                Some $"seed %d{seed} restarts %d{once.Restarts} at once and %d{ending.Restarts} %s{name}"
            | Ok ending ->
                FinalState.tryDifference once.Final ending.Final
                |> Option.map (fun difference -> $"seed %d{seed} %s{name} ends otherwise: %s{difference}"))
