namespace Tikv.Simulator.Campaigns

open System
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

/// How the runs of a campaign are drawn.
[<RequireQualifiedAccess>]
type Mode =
    /// Any change, any mishap, at any time.
    | Plain
    /// Some sorts of them, more of each, on a site of its own pace.
    | Swarm
    /// Mishaps strike where it hurts.
    | Phases
    /// Plans that have led somewhere new lead on.
    | Guided

[<RequireQualifiedAccess>]
module Mode =
    let all = [ "plain", Mode.Plain; "swarm", Mode.Swarm; "phases", Mode.Phases; "guided", Mode.Guided ]

    let name mode = all |> List.find (fun (_, one) -> one = mode) |> fst

    let tryParse (text: string) : Result<Mode, string> =
        match List.tryFind (fun (name, _) -> name = text) all with
        | Some(_, mode) -> Ok mode
        | None ->
            let allowed = String.Join(", ", List.map fst all)
            Error $"--mode is `%s{text}`; allowed: %s{allowed}"

/// What a campaign is: two that agree in it make the same runs.
type Charter = {
    Mode: Mode
    /// The first seed; each run has the next one.
    Seed: uint64
    /// None: as many as time allows.
    Runs: int option
    Shard: Shard
    /// The operator with a fault that is searched for, instead of the one in earnest.
    Mutant: string option
    /// Of PD and TiKV.
    Fidelity: Level
    /// Names the program, the core included.
    Build: string
}

[<RequireQualifiedAccess>]
module Charter =

    let private idOf (type': Type) = type'.Module.ModuleVersionId.ToString("N").Substring(0, 8)

    /// Another program makes other runs.
    let build: string = idOf typeof<Charter> + "-" + idOf typeof<Tikv.Core.Json>

    /// The seeds of the runs that are this part's, in their order.
    let seeds (charter: Charter) : uint64 seq =
        let first, step = uint64 (charter.Shard.Number - 1), uint64 charter.Shard.Count
        let all = Seq.initInfinite (fun index -> first + step * uint64 index)

        match charter.Runs with
        | Some runs -> all |> Seq.takeWhile (fun index -> index < uint64 runs)
        | None -> all
        |> Seq.map (fun index -> charter.Seed + index)

    /// How many runs are this part's.
    let count (charter: Charter) : int option =
        charter.Runs
        |> Option.map (fun runs -> (runs + charter.Shard.Count - charter.Shard.Number) / charter.Shard.Count)

    /// Its name tells how a plan is made again.
    let nameOf (charter: Charter) (seed: uint64) : string =
        match charter.Mode with
        | Mode.Plain -> $"seed-%d{seed}"
        | Mode.Swarm -> $"swarm-%d{seed}"
        | Mode.Phases -> $"phases-%d{seed}"
        | Mode.Guided -> $"guided-%d{seed}"

    /// The plan of that name, at that level.
    let tryPlan (level: Level) (name: string) : Plan option =
        let seedAfter (prefix: string) =
            if name.StartsWith(prefix, StringComparison.Ordinal) then
                match
                    UInt64.TryParse(name.Substring prefix.Length, Globalization.NumberStyles.None, null)
                with
                | true, seed -> Some seed
                | false, _ -> None
            else
                None

        match seedAfter "seed-", seedAfter "swarm-", seedAfter "phases-" with
        | Some seed, _, _ -> Some(Plans.make seed)
        | _, Some seed, _ -> Some(Swarm.make seed)
        | _, _, Some seed -> Some(Targeted.make seed)
        | None, None, None -> Mutation.tryNamed name
        |> Option.map (fun plan -> { plan with Given = { plan.Given with Fidelity = level } })
