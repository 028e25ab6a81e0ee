/// A change played many times, a fault striking it at a moment that is drawn from the seed.
[<RequireQualifiedAccess>]
module Tikv.Simulator.WhatIf.Trials

open System
open Tikv.Core
open Tikv.Simulator.Invariants
open Tikv.Simulator.World
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// What is asked.
type Question = {
    /// The cluster.
    Story: Story
    Change: Step list
    Fault: Misfortune list
    /// Change and fault as they were asked for, for people.
    Says: string
    /// Those of the part.
    Seeds: uint64 list
    Part: Shard
    /// Milliseconds that a change may take longer than without the fault, until it is taken to wait for a person.
    Patience: int64
}

/// For how long something was so: since when it is, and the longest time; milliseconds.
[<Struct>]
type Spell = { Since: int64 voption; Longest: int64 }

/// What was seen of a run.
[<Struct>]
type Seen = { NoMajority: Spell; NoLeader: Spell }

/// The change without the fault.
type Twin = { Given: Given; IsGood: bool; Words: string; Took: int64; Seen: Seen }

type Trial = {
    Seed: uint64
    Story: Story
    /// Milliseconds from the change until the fault.
    Struck: int64
    Verdict: Verdict
    /// The verdict as a person would say it.
    Words: string
    Fingerprint: uint64
    /// Milliseconds from the change until the last write that it needed.
    Took: int64
    Seen: Seen
    /// Every instance that is Ready at the end has been changed.
    Done: bool
    /// The objects that are not Ready at the end, each with the code of what the operator says of it, and its words.
    Shown: (string * string) list
}

/// Settled clusters that trials share: to make one takes as long as several trials.
let clusters = 4UL

/// When the change is made: so long after the cluster has settled.
let changeAt = 10_000L

let private quiet: Spell = { Since = ValueNone; Longest = 0L }
let nothing = { NoMajority = quiet; NoLeader = quiet }

let private within now isSo (spell: Spell) : Spell =
    match spell.Since, isSo with
    | ValueNone, false -> spell
    | ValueNone, true -> { spell with Since = ValueSome now }
    | ValueSome since, true -> { spell with Longest = max spell.Longest (now - since) }
    | ValueSome since, false -> { Since = ValueNone; Longest = max spell.Longest (now - since) }

let private lacksMajority (world: World) =
    Ground.clusters world
    |> Seq.exists (fun group ->
        let live = Ground.live world group

        group.Cluster.Regions.Keys
        |> Seq.exists (fun region ->
            let left = region.Voters |> List.filter (fun voter -> Set.contains voter live)
            left.Length < Ground.quorum region.Voters.Length))

let private lacksLeader (world: World) = Ground.clusters world |> Seq.forall (Ground.leader >> Option.isNone)

/// Looks again only where PD or a store has changed.
let onlook (before: Simulation) (after: Simulation) (seen: Seen) : Seen =
    let world = after.World

    if obj.ReferenceEquals(before.World.Pd, world.Pd) then
        seen
    else
        {
            NoMajority = within world.Now (lacksMajority world) seen.NoMajority
            NoLeader = within world.Now (lacksLeader world) seen.NoLeader
        }

/// Spells that go on when a run ends, end then.
let ended (world: World) (seen: Seen) : Seen = {
    NoMajority = within world.Now seen.NoMajority.Since.IsSome seen.NoMajority
    NoLeader = within world.Now seen.NoLeader.Since.IsSome seen.NoLeader
}

/// Milliseconds without a write after which nothing is waited for any more.
let private stillness (question: Question) = max 3_600_000L (question.Patience / 3L)

let private chunk = 1_800_000L

/// Runs a scenario until it has come to its end, or stands still with something missing; shows each step to an onlooker.
let watched (question: Question) (start: Simulation) onlook (seen: 'Seen) : Result * 'Seen =
    let last = start.Scenario.Limit

    let rec go limit (run: Simulation) seen =
        let result, seen = Run.watched { run with Scenario = { run.Scenario with Limit = limit } } onlook seen
        let still = limit - max result.Final.ChangedAt result.Final.StruckAt

        match result.Verdict with
        | Verdict.Stuck _ when limit < last && still < stillness question ->
            go (min last (limit + chunk)) result.Final seen
        | _ -> result, seen

    go (min last (start.World.Now + changeAt + stillness question)) start seen

let private watch (question: Question) (story: Story) : Result * Seen =
    let result, seen = watched question (Catalogue.start story) onlook nothing
    result, ended result.Final.World seen

/// The cluster with the change as the first thing that happens to it, and with what is expected of any change.
let changed (question: Question) (seed: uint64) : Story =
    let story = question.Story

    {
        story with
            Given = { story.Given with Seed = story.Given.Seed + (seed - 1UL) % clusters }
            Steps = question.Change
            Expect = [
                Check.Finally Fact.Settled
                for target in Phrases.groups story do
                    Check.Finally(Fact.RevisionReached target)
                Check.Finally Fact.NoEvictions
            ]
            Quiet = minutes 3
            Limit = hours 48
            Rest = 0L
            MustStrike = true
            Calm = false
            EndsLike = None
            Pending = None
    }

let took (story: Story) (result: Result) =
    result.ReachedAt - (Settled.from story.Given).World.Now - changeAt |> max 0L

/// The change alone, on each of the clusters.
let twins (question: Question) : Twin list =
    question.Seeds
    |> List.map (fun seed -> changed question seed)
    |> List.distinctBy _.Given
    |> Array.ofList
    |> Array.Parallel.map (fun story ->
        let result, seen = watch question story

        {
            Given = story.Given
            IsGood = Run.isGood result
            Words = Run.words result
            Took = took story result
            Seen = seen
        })
    |> List.ofArray

let private ours plural world = Ground.objects plural Target.space world
let private text path object = Json.stringAt path object |> Option.defaultValue ""

/// Every instance that is Ready has what its group wants.
let private isDone (world: World) : bool =
    let revision = [ "metadata"; "labels"; Tikv.Core.Labels.revision ]

    let isChanged group =
        let name = Tikv.Simulator.Kubernetes.Meta.name group

        ours "pds" world @ ours "tikvs" world
        |> List.filter (fun instance ->
            text [ "metadata"; "labels"; Tikv.Core.Labels.group ] instance = name
            && Ground.isTrue "Ready" instance)
        |> List.forall (fun instance ->
            text revision instance = text [ "status"; "updateRevision" ] group
            && not (Ground.isTrue "Reconciling" instance))

    ours "pdgroups" world @ ours "tikvgroups" world |> List.forall isChanged

/// What the operator says of what is not Ready.
let reasons (world: World) : (string * string) list =
    [ "clusters"; "pdgroups"; "tikvgroups"; "pds"; "tikvs" ]
    |> List.collect (fun plural -> ours plural world)
    |> List.filter (Ground.isTrue "Ready" >> not)
    |> List.map (fun object ->
        let condition kind =
            Json.itemsAt [ "status"; "conditions" ] object
            |> List.tryFind (fun one -> Json.stringAt [ "type" ] one = Some kind)

        let said =
            [ "Reconciling"; "Stalled"; "Ready" ]
            |> List.tryPick (fun kind ->
                condition kind
                |> Option.filter (fun one ->
                    (Json.stringAt [ "status" ] one = Some "True") <> (kind = "Ready"))
                |> Option.map (fun one -> text [ "reason" ] one, text [ "message" ] one))

        let reason, message = said |> Option.defaultValue ("", "it says nothing yet")
        let code = $"""%s{text [ "kind" ] object} %s{text [ "metadata"; "name" ] object} %s{reason}"""
        code, $"%s{code}: %s{message}")

/// The scenario of one seed, with the moment at which the fault strikes: anywhere in the time that the change takes
/// without it.
let story (question: Question) (twins: Twin list) (seed: uint64) : Story * int64 =
    let changed = changed question seed
    let twin = twins |> List.find (fun twin -> twin.Given = changed.Given)
    let struck = Chance.between seed "what-if" "moment" 0L 0L (max 1L twin.Took)
    let at = Trigger.AtTime(changeAt + struck)

    {
        changed with
            Id = $"%s{question.Story.Id}-what-if-%d{seed}"
            Shows = $"%s{question.Story.Shows}; %s{question.Says} %s{Simulation.clock struck} later"
            Steps = changed.Steps @ [ for fault in question.Fault -> { When = at; What = fault } ]
            Limit = changeAt + twin.Took + question.Patience
    },
    struck

let private trial (question: Question) (twins: Twin list) (seed: uint64) : Trial =
    let story, struck = story question twins seed
    let result, seen = watch question story

    {
        Seed = seed
        Story = story
        Struck = struck
        Verdict = result.Verdict
        Words = Run.words result
        Fingerprint = result.Fingerprint
        Took = took story result
        Seen = seen
        Done = isDone result.Final.World
        Shown = if Run.isGood result then [] else reasons result.Final.World
    }

/// Plays every seed, on as many cores as there are; tells of each as it ends.
let play (progress: int -> unit) (question: Question) (twins: Twin list) : Trial list =
    let finished = ref 0

    question.Seeds
    |> Array.ofList
    |> Array.Parallel.map (fun seed ->
        let trial = trial question twins seed
        progress (Threading.Interlocked.Increment finished)
        trial)
    |> List.ofArray
