namespace Tikv.Simulator.Scenarios

open System
open System.Text.RegularExpressions
open System.Threading
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.World
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run

/// One thing that happens in a generated run, with the words of a scenario for it.
type Item = {
    Words: string
    Step: Step
    /// What it asks for in the end; the last one of a name counts. None of a fault.
    Asks: (string * Misfortune) option
}

/// A generated run: changes that are asked for, and faults, over which all is healed and must come right.
type Plan = { Seed: uint64; Items: Item list }

/// What became of a generated run.
[<RequireQualifiedAccess>]
type Outcome =
    | Good
    /// Which property or expectation failed, and how.
    | Bad of Kind: string * Words: string

/// Numbers drawn one after another from a seed.
type private Dice(seed: uint64) =
    let mutable count = 0L

    member _.Next(most: int) =
        count <- count + 1L
        int (Chance.value seed "search" "" count % uint64 most)

    member dice.Of(items: 'Item list) = List.item (dice.Next items.Length) items

    /// One of several by weight.
    member dice.Weighed(items: (int * 'Item) list) =
        let rec pick left items =
            match items with
            | [ (_, item) ] -> item
            | (weight, item) :: _ when left < weight -> item
            | (weight, _) :: rest -> pick (left - weight) rest
            | [] -> invalidOp "nothing to choose from"

        pick (dice.Next(items |> List.sumBy fst)) items

/// Random changes and random faults, then none: everything must come right, and be quiet (verification E4, E5.4).
[<RequireQualifiedAccess>]
module Search =

    /// Few regions, so that a run is short.
    let given = { Given.ordinary with Tikv = 4; Regions = 40 }

    let private pd, tikv = "PDGroup/basic-pd", "TiKVGroup/basic-tikv"

    /// Milliseconds within which changes and faults begin; by the second time all is healed.
    let private changesUntil, healedAt = 240, minutes 8

    let private spoken (time: int64) words = $"at (milliseconds %d{time}) (%s{words})"

    let private asked (dice: Dice) (name, words, what) =
        let time = 1_000L * int64 (5 + dice.Next changesUntil)

        [ { Words = spoken time words; Step = at time what; Asks = Some(name, what) } ]

    let private done' (dice: Dice) words what =
        let time = 1_000L * int64 (5 + dice.Next changesUntil)
        [ { Words = spoken time words; Step = at time what; Asks = None } ]

    /// For a while, and then not.
    let private spell (dice: Dice) most (words, what) (endWords, end') =
        let time = 1_000L * int64 (5 + dice.Next changesUntil)
        let until = time + 1_000L * int64 (5 + dice.Next most)

        [
            { Words = spoken time words; Step = at time what; Asks = None }
            { Words = spoken until endWords; Step = at until end'; Asks = None }
        ]

    let private change (dice: Dice) : Item list =
        match
            dice.Weighed [
                6, "scale tikv"
                2, "scale pd"
                3, "upgrade"
                2, "config"
                3, "restart"
                1, "restart pd"
                1, "pause"
                1, "suspend"
                2, "delete instance"
                1, "delete member"
                2, "delete pod"
            ]
        with
        | "scale tikv" ->
            let count = 3 + dice.Next 3
            asked dice ("tikv", $"scale \"%s{tikv}\" %d{count}", scale tikv count)
        | "scale pd" ->
            let count = dice.Of [ 1; 2; 3; 3; 4; 5 ]
            asked dice ("pd", $"scale \"%s{pd}\" %d{count}", scale pd count)
        | "upgrade" ->
            asked dice ("pd version", $"version \"%s{pd}\" \"v8.5.3\"", version pd "v8.5.3")
            @ asked dice ("tikv version", $"version \"%s{tikv}\" \"v8.5.3\"", version tikv "v8.5.3")
        | "config" ->
            let text = $"[storage]\nreserve-space = \"%d{dice.Next 3}MB\"\n"
            asked dice ("tikv config", $"config \"%s{tikv}\" %A{text}", config tikv text)
        | "restart" ->
            let note = string (dice.Next 3)
            asked dice ("tikv restart", $"restart \"%s{tikv}\" \"%s{note}\"", restart tikv note)
        | "restart pd" -> asked dice ("pd restart", $"restart \"%s{pd}\" \"once\"", restart pd "once")
        | "pause" -> spell dice 300 ("pause true", pause true) ("pause false", pause false)
        | "suspend" -> spell dice 300 ("suspend true", suspend true) ("suspend false", suspend false)
        | "delete instance" ->
            let target = $"TiKV/basic-tikv-%d{dice.Next 4}"
            done' dice $"delete \"%s{target}\"" (delete target)
        | "delete member" ->
            let target = $"PD/basic-pd-%d{dice.Next 3}"
            done' dice $"delete \"%s{target}\"" (delete target)
        | _ ->
            let target = dice.Of [ "Pod/basic-tikv-0"; "Pod/basic-tikv-2"; "Pod/basic-pd-1" ]
            done' dice $"delete \"%s{target}\"" (delete target)

    let private fates = [
        3, ("crashBefore", crashBefore)
        4, ("crashAfter", crashAfter)
        4, ("replyLost", replyLost)
        2, ("late (seconds 45)", late (seconds 45))
        2, ("late (seconds 5)", late (seconds 5))
        2, ("zombie (seconds 10)", zombie (seconds 10))
        1, ("zombie (seconds 60)", zombie (seconds 60))
        2, ("tooMany", tooMany)
        2, ("serverError", serverError)
        2, ("conflict", conflict)
    ]

    let private atSomeWrite (dice: Dice) : Item list =
        let number = 1 + dice.Next 120
        let words, what = dice.Weighed fates

        [ { Words = $"atWrite %d{number} (%s{words})"; Step = atWrite number what; Asks = None } ]

    let private nodes = [ "node-a1"; "node-a2"; "node-b1"; "node-b2"; "node-c1"; "node-c2" ]

    let private fault (dice: Dice) : Item list =
        match
            dice.Weighed [
                10, "write"
                3, "crash"
                2, "stale"
                1, "cut"
                1, "gone"
                1, "second"
                2, "node"
                1, "kubelet"
                1, "leader"
            ]
        with
        | "write" -> atSomeWrite dice
        | "crash" -> done' dice "crash" crash
        | "stale" ->
            let kind = dice.Of(None :: List.map Some Kind.watched)
            let versions = 1 + dice.Next 2

            let words =
                match kind with
                | Some kind -> $"Misfortune.HoldBack(Some Kind.%s{Kind.name kind}, %d{versions}, seconds 10)"
                | None -> $"Misfortune.HoldBack(None, %d{versions}, seconds 10)"

            spell
                dice
                60
                (words, Misfortune.HoldBack(kind, versions, seconds 10))
                ("Misfortune.EndHoldBack", Misfortune.EndHoldBack)
        | "cut" -> done' dice "Misfortune.CutWatches(None, false)" (Misfortune.CutWatches(None, false))
        | "gone" -> done' dice "Misfortune.CutWatches(None, true)" (Misfortune.CutWatches(None, true))
        | "second" -> spell dice 120 ("startOperator 1", startOperator 1) ("stopOperator 1", stopOperator 1)
        | "node" ->
            let node = dice.Of nodes

            spell
                dice
                240
                ($"power \"%s{node}\" false", power node false)
                ($"power \"%s{node}\" true", power node true)
        | "kubelet" ->
            let node = dice.Of nodes

            spell
                dice
                120
                ($"Misfortune.KubeletLink(\"%s{node}\", false)", Misfortune.KubeletLink(node, false))
                ($"Misfortune.KubeletLink(\"%s{node}\", true)", Misfortune.KubeletLink(node, true))
        | _ ->
            let name = $"basic-pd-%d{dice.Next 3}"
            done' dice $"pdTransferLeader \"%s{name}\"" (pdTransferLeader name)

    let plan (seed: uint64) : Plan =
        let dice = Dice seed
        let changes = List.init (1 + dice.Next 3) (fun _ -> change dice) |> List.concat
        let faults = List.init (dice.Next 4) (fun _ -> fault dice) |> List.concat
        { Seed = seed; Items = changes @ faults }

    /// A store less, with three faults: the run that `tikv-sim bench` measures.
    let scaleIn (seed: uint64) : Plan =
        let dice = Dice seed
        let faults = List.init 3 (fun _ -> fault dice) |> List.concat
        { Seed = seed; Items = asked dice ("tikv", $"scale \"%s{tikv}\" 3", scale tikv 3) @ faults }

    let private heal: Step list = [
        for node in nodes do
            at healedAt (power node true)
            at healedAt (Misfortune.KubeletLink(node, true))
        at healedAt Misfortune.EndHoldBack
        at healedAt (stopOperator 1)
        at healedAt (startOperator 0)
        at healedAt (pause false)
        at healedAt (suspend false)
    ]

    let private time (step: Step) =
        match step.When with
        | Trigger.AtTime time -> time
        | _ -> Int64.MaxValue

    /// An instance that was deleted may come back under the next index, since its volume is kept (V I39): instances are
    /// compared by their rank in the group (V I55: modulo names).
    let private ranked (state: Map<string, Json>) =
        let names =
            state.Keys
            |> Seq.filter (fun key ->
                key.StartsWith("pds ", StringComparison.Ordinal)
                || key.StartsWith("tikvs ", StringComparison.Ordinal))
            |> Seq.map (fun key -> key.Substring(key.IndexOf '/' + 1))
            |> Seq.groupBy (fun name -> name.Substring(0, name.LastIndexOf '-'))
            |> Seq.collect (fun (group, names) ->
                names
                |> Seq.sortBy (fun name -> int (name.Substring(name.LastIndexOf '-' + 1)))
                |> Seq.mapi (fun rank name -> name, group + "-" + string rank))
            |> Map.ofSeq

        let rename (text: string) =
            Regex.Replace(
                text,
                @"basic-(pd|tikv)-\d+",
                fun (found: Match) -> names |> Map.tryFind found.Value |> Option.defaultValue found.Value
            )

        let inTree json =
            Json.setPath [ "spec"; "index" ] None json
            // A member that takes the place of another joins by the members' list, not by the first cluster's.
            |> Json.setPath [ "spec"; "initialCluster" ] None
            |> Json.print
            |> rename
            |> Json.parse
            |> Result.defaultValue json

        state
        |> Map.toSeq
        |> Seq.map (fun (key, json) -> rename key, inTree json)
        |> Map.ofSeq

    /// The last that was asked for under each name, in the order of the names.
    let private finallyAsked (plan: Plan) =
        (Map.empty, plan.Items |> List.sortBy (fun item -> time item.Step))
        ||> List.fold (fun asked item ->
            match item.Asks with
            | Some(name, what) -> Map.add name (item.Words, what) asked
            | None -> asked)

    let private story (plan: Plan) healing : Story =
        let story =
            scenario
                $"seed-%d{plan.Seed}"
                "A generated run comes right"
                []
                given
                ((plan.Items |> List.map _.Step) @ healing)
                [ finally' settled; finally' noEvictions ]

        { story with Quiet = seconds 90; Limit = hours 1; Rest = 0L }

    let private scenarioOf plan healing = { Play.scenario (story plan healing) with MustStrike = false }

    /// What a run leaves, but for claims that no Pod uses: of those that are kept for their data, there are as many as the
    /// path had instances.
    let private final (result: Result) =
        let world = result.Final.World

        let used =
            world.Pods.Values
            |> Seq.collect (fun pod ->
                pod.Spec.Volumes.Values
                |> Seq.choose (fun source ->
                    match source with
                    | VolumeSource.Claim name ->
                        Some("persistentvolumeclaims " + View.key pod.Namespace name)
                    | _ -> None))
            |> Set.ofSeq

        FinalState.ofWorld world
        |> Map.filter (fun key _ ->
            not (key.StartsWith("persistentvolumeclaims ", StringComparison.Ordinal))
            || Set.contains key used)
        |> ranked

    let private twins = Collections.Concurrent.ConcurrentDictionary<string, Lazy<Map<string, Json>>>()

    /// What a cluster becomes that is asked for the same at once, without faults (verification C6, I59).
    let private twin (plan: Plan) =
        let asked = finallyAsked plan

        let key =
            String.Join(
                "\n",
                asked
                |> Map.toList
                |> List.map (fun (_, (words, _)) -> words.Substring(words.IndexOf ") (" + 2))
            )

        let make () =
            let items =
                asked
                |> Map.toList
                |> List.map (fun (_, (words, what)) -> {
                    Words = words
                    Step = at (seconds 5) what
                    Asks = None
                })

            // what healing leaves in the specs, without having been so
            let healed = [ at (seconds 4) (pause false); at (seconds 4) (suspend false) ]
            final (Run.from (Settled.from given) (scenarioOf { plan with Items = items } healed))

        twins.GetOrAdd(key, fun _ -> lazy make ()).Force()

    let private verdict (result: Result) =
        match result.Verdict with
        | Verdict.Reached -> Outcome.Good
        | Verdict.Broke(first :: _) -> Outcome.Bad(first.Property.Id, Run.words result)
        | Verdict.Broke [] -> Outcome.Bad("broke", Run.words result)
        | Verdict.Stuck _ -> Outcome.Bad("stuck", Run.words result)

    let private simulate transcript (plan: Plan) : Result =
        let result = Run.from (Settled.from given) { scenarioOf plan heal with Transcript = transcript }

        if Run.isGood result then Run.rest (minutes 10) result else result

    /// Runs a plan: with faults until all is healed, then until all is as asked, then left alone.
    let run (plan: Plan) : Outcome =
        let result = simulate false plan

        match verdict result with
        | Outcome.Good ->
            match FinalState.tryDifference (twin plan) (final result) with
            | None -> Outcome.Good
            | Some difference -> Outcome.Bad("otherwise", "it ends otherwise: " + difference)
        | bad -> bad

    /// Runs a plan, healing included, and leaves the cluster alone until so many milliseconds have passed since it began.
    let lasting (span: int64) (plan: Plan) : Result =
        let from = Settled.from given
        let result = Run.from from (scenarioOf plan heal)

        if Run.isGood result then
            Run.rest (from.World.Now + span - result.Final.World.Now) result
        else
            result

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

    /// A plan as the words of a scenario.
    let words (plan: Plan) : string list = [
        $"scenario \"seed-%d{plan.Seed}\" \"...\" [] Search.given ["
        for item in plan.Items do
            "    " + item.Words
        "] [ finally' settled; finally' noEvictions ]"
    ]

    /// Runs as many plans as asked for, from a seed on, on all processors; the failures are in the order of their seeds.
    /// `progress` is told how many are done.
    let many (progress: int -> unit) (runs: int) (seed: uint64) : (Plan * string * string) list =
        Settled.from given |> ignore
        let finished = ref 0

        Array.init runs (fun index -> seed + uint64 index)
        |> Array.Parallel.map (fun seed ->
            let plan = plan seed
            let outcome = run plan
            progress (Interlocked.Increment finished)

            match outcome with
            | Outcome.Good -> None
            | Outcome.Bad(kind, words) -> Some(plan, kind, words))
        |> Array.choose id
        |> List.ofArray
