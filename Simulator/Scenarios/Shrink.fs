/// Makes a failing plan as small as it can be and still fail alike: mishaps and changes, steps of them, healing, the
/// cluster, its pace, and times, again and again until nothing more can be taken away (verification E6).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Shrink

open System.Collections.Concurrent
open Tikv.Core
open Tikv.Simulator.Run
open Tikv.Simulator.Files

/// One that fails alike, of several that are tried beside one another: the first of them in order.
let private tryFirst (fails: Plan -> bool) (candidates: Plan list) : Plan option =
    let width = max 1 System.Environment.ProcessorCount

    candidates
    |> List.chunkBySize width
    |> List.tryPick (fun some ->
        some
        |> Array.ofList
        |> Array.Parallel.map (fun plan -> if fails plan then Some plan else None)
        |> Array.tryPick id)

/// A list without parts of it, larger parts first (delta debugging).
let private lessOf (get: Plan -> 'Part list) (set: 'Part list -> Plan -> Plan) fails (plan: Plan) : Plan =
    let rec go size start (plan: Plan) =
        let parts = get plan

        if size = 0 then
            plan
        elif start >= parts.Length then
            go (if size = 1 then 0 else size / 2) 0 plan
        else
            // the parts that follow are tried at the same time
            let at =
                [ start..size .. parts.Length - 1 ]
                |> List.truncate (max 1 System.Environment.ProcessorCount)

            let without start =
                set (List.take start parts @ List.skip (min parts.Length (start + size)) parts) plan

            match tryFirst fails (at |> List.map without) with
            | Some fewer -> go (min size (max 1 (get fewer).Length)) (if size = 1 then start else 0) fewer
            | None -> go size (start + size * at.Length) plan

    match get plan with
    | [] -> plan
    | [ _ ] -> tryFirst fails [ set [] plan ] |> Option.defaultValue plan
    | parts -> go (parts.Length / 2) 0 plan

let private items = lessOf _.Items (fun items plan -> { plan with Items = items })

/// What heals what: a step that undoes what nothing in the plan does is not needed.
let private heals' (plan: Plan) (heal: Step) =
    let happens = plan.Items |> List.collect _.Steps |> List.map _.What
    let any holds = List.exists holds happens

    match heal.What with
    | Misfortune.NodePower(node, _) ->
        any (fun one ->
            match one with
            | Misfortune.NodePower(other, false) -> other = node
            | Misfortune.NodeReboot(other, _) -> other = node
            | Misfortune.SitePower _ -> true
            | _ -> false)
    | Misfortune.KubeletLink(node, _) ->
        any (fun one ->
            match one with
            | Misfortune.KubeletLink(other, false) -> other = node
            | _ -> false)
    | Misfortune.EndHoldBack -> any _.IsHoldBack
    | Misfortune.StopOperator _ -> any _.IsStartOperator
    | Misfortune.StartOperator _ -> any _.IsStopOperator
    | Misfortune.Acts act ->
        // it takes back what a patch of the same field has asked for
        any (fun one ->
            match act, one with
            | Act.Patch(target, body), Misfortune.Acts(Act.Patch(other, asked)) ->
                target = other
                && (Json.tryPath [ "spec"; "paused" ] body).IsSome =
                    (Json.tryPath [ "spec"; "paused" ] asked).IsSome
            | _ -> false)
    | _ -> true

let private heals fails (plan: Plan) : Plan =
    lessOf _.Heals (fun heals plan -> { plan with Heals = heals }) fails plan

/// Of a plan that never comes right only what heals nothing may go: without the rest it would not come right for another
/// reason.
let private uselessHeals fails (plan: Plan) : Plan =
    match plan.Heals |> List.filter (heals' plan) with
    | needed when needed.Length < plan.Heals.Length ->
        let plan' = { plan with Heals = needed }
        if fails plan' then plan' else plan
    | _ -> plan

let private paces =
    lessOf _.Given.Pace (fun pace plan -> { plan with Given = { plan.Given with Pace = pace } })

let private changed (index: int) (change: Item -> Item) (plan: Plan) : Plan = {
    plan with
        Items =
            plan.Items
            |> List.mapi (fun one item -> if one = index then change item else item)
}

/// Each thing without some of its steps; what a step asked for is not asked for then.
let private steps fails (plan: Plan) : Plan =
    (plan, [ 0 .. plan.Items.Length - 1 ])
    ||> List.fold (fun plan index ->
        if plan.Items[index].Steps.Length < 2 then
            plan
        else
            plan
            |> lessOf
                _.Items[index].Steps
                (fun steps ->
                    changed index (fun item -> {
                        item with
                            Steps = steps
                            Asks =
                                item.Asks
                                |> List.filter (fun ask ->
                                    steps |> List.exists (fun step -> step.What = ask.What))
                    }))
                fails)

let private givens (given: Given) : Given list =
    [
        { given with Manifests = []; StorageClass = "standard" }
        { given with Operators = 1 }
        { given with Tikv = 3; Pd = 1 }
        { given with Tikv = given.Tikv - 1 }
        { given with Pd = 1 }
        { given with Regions = 3 }
        { given with Regions = given.Regions / 2 }
    ]
    |> List.filter (fun other ->
        other <> given
        && other.Tikv >= min 3 given.Tikv
        && other.Pd >= 1
        && other.Regions >= 3)

/// Some mishaps want as many stores and members as there are.
let private isHeavy (plan: Plan) =
    plan.Items
    |> List.exists (fun item -> Mishaps.isLoss item.Kind || item.Kind = "their removal")

let rec private cluster isSafety fails (plan: Plan) : Plan =
    let mayBeFewer (given: Given) =
        isSafety
        || not (isHeavy plan)
        || given.Tikv = plan.Given.Tikv && given.Pd = plan.Given.Pd

    let smaller =
        givens plan.Given
        |> List.filter mayBeFewer
        |> List.map (fun given -> { plan with Given = given })

    match tryFirst fails smaller with
    | Some plan -> cluster isSafety fails plan
    | None -> plan

// ---- times

let private timesOf (item: Item) =
    item.Steps
    |> List.choose (fun step ->
        match step.When with
        | Trigger.AtTime time
        | Trigger.AtMoment(_, time) -> Some time
        | _ -> None)

let private retimed (change: int64 -> int64) (item: Item) : Item = {
    item with
        Steps =
            item.Steps
            |> List.map (fun step ->
                match step.When with
                | Trigger.AtTime time -> { step with When = Trigger.AtTime(change time) }
                | Trigger.AtMoment(fact, after) -> { step with When = Trigger.AtMoment(fact, change after) }
                | _ -> step)
        Asks = item.Asks |> List.map (fun ask -> { ask with Time = change ask.Time })
}

let private rounded (unit': int64) (time: int64) = (time + unit' / 2L) / unit' * unit'

/// Nearer, shorter, rounder: the best first.
let private timings (item: Item) : Item list =
    match timesOf item with
    | [] -> []
    | times ->
        let first, last = List.min times, List.max times
        let span = last - first

        let shorter part =
            retimed (fun time -> if time = first then time else first + max 1_000L ((time - first) / part))

        [
            if first > seconds 10 then
                retimed (fun time -> time - first + seconds 10)
                retimed (fun time -> time - first / 2L)
            if span > seconds 2 then
                shorter 8L
                shorter 2L
            retimed (rounded (minutes 1))
            retimed (rounded (seconds 10))
            retimed (rounded (seconds 1))
        ]
        |> List.map (fun change -> change item)
        |> List.filter (fun other ->
            other <> item
            && timesOf other |> List.forall (fun time -> time >= 0L)
            && List.max (timesOf other) <= last + seconds 30)

/// The write that a mishap befalls is its own; times are brought nearer while it fails alike.
let private times fails (plan: Plan) : Plan =
    let rec settle index left (plan: Plan) =
        if left = 0 then
            plan
        else
            match
                timings plan.Items[index]
                |> List.map (fun item -> changed index (fun _ -> item) plan)
                |> tryFirst fails
            with
            | Some plan -> settle index (left - 1) plan
            | None -> plan

    (plan, [ 0 .. plan.Items.Length - 1 ])
    ||> List.fold (fun plan index -> settle index 6 plan)

let private print (plan: Plan) =
    Json.print (Writer.toTree plan.Given)
    + String.concat "\n" [
        for step in (plan.Items |> List.collect _.Steps) @ plan.Heals -> Json.print (Writer.toTree step)
    ]

/// The failing plan, no larger than it need be. `fails` says whether another one fails alike. `isSafety`: what fails must hold
/// whatever happens, so that anything may be left out; otherwise what goes wrong must still be undone.
let plan (isSafety: bool) (fails: Plan -> bool) (failing: Plan) : Plan =
    let known = ConcurrentDictionary<string, bool>()
    let fails plan = known.GetOrAdd(print plan, fun _ -> fails plan)
    let parts = if isSafety then steps fails >> heals fails else uselessHeals fails

    let rec go rounds (plan: Plan) =
        let smaller =
            plan
            |> items fails
            |> parts
            |> paces fails
            |> cluster isSafety fails
            |> times fails

        if smaller = plan || rounds = 0 then smaller else go (rounds - 1) smaller

    go 4 failing

/// A run that has broken a property is known to, soon after the time at which the first one did.
let private grace = minutes 5

let private isLate kind = kind = "stuck" || kind = "slow"

/// Whether what fails is that something came out wrong in the end.
let private isOfTheEnd kind = isLate kind || kind = "otherwise"

/// Whether a plan fails in that way. One that never comes right is not gone on with, to tell how late it would.
let private failsBy (setting: Setting) (kind: string) (first: Trial) (plan: Plan) : bool =
    let until =
        if isLate kind then Some plan.Within
        elif kind = "otherwise" || first.Rested then None
        else Some(first.Ended + grace)

    let outcome =
        try
            (Search.trial { setting with Until = until } plan).Outcome
        with problem ->
            Outcome.Bad("exception", problem.Message)

    match outcome with
    | Outcome.Bad(found, _) -> found = kind || isLate kind && isLate found
    | Outcome.Good -> false

/// The same, of a plan that fails under a setting in a way that is known.
let ofTrial (setting: Setting) (kind: string) (first: Trial) (failing: Plan) : Plan =
    plan (not (isOfTheEnd kind)) (failsBy setting kind first) failing
