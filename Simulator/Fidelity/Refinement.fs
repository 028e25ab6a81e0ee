/// One history on single regions (L2), held against classes (L1) at every step.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.Refinement

open Tikv.Core
open Tikv.Simulator.Pd

/// The first moment at which something is wrong.
type Failure = {
    /// How many deeds were done by then; all of them when it is about the rest.
    Deeds: int
    At: int64
    Problems: string list
}

let private livesAndMeets (world: PdWorld) =
    let group = History.group world
    Leaders.liveStores world group, world.Cuts

/// Regions without majority in L2 are so in L1, but for those under joint consensus; those that cannot be written wait for
/// peers that L1 shows as pending, or did a moment ago.
let private availability at (world: PdWorld) =
    let group = History.group world
    let singles = group.Cluster.Singles.Value
    let raft = Leaders.raft world group
    let lost = Singles.unavailable raft singles
    let lostClasses = Regions.unavailable raft group.Cluster.Regions

    let slack =
        Bounds.catchUp singles.Settings singles.Regions.Count
        + Bounds.election singles.Settings

    let isSurprising (region: SingleRegion) =
        Singles.isStalled at raft region
        && region.Peers
           |> List.forall (fun peer ->
               match Map.tryFind peer.Store group.Cluster.Stores with
               | Some store -> store.CaughtUpAt + slack < at
               | None -> true)

    [
        if lost < lostClasses || lost > lostClasses + Commuting.joint group then
            $"%d{lost} regions are without majority in L2, their classes say %d{lostClasses}"

        match singles.Regions |> Map.tryFindKey (fun _ region -> isSurprising region) with
        | Some id -> $"region %d{id} cannot be written, and L1 shows no pending peer of it"
        | None -> ()
    ]

/// What is wrong with one moment: the world before and after it.
let private moment deed at (before: PdWorld) (after: PdWorld) =
    let was, is = History.group before, History.group after

    let isCalm = livesAndMeets before = livesAndMeets after

    let isStill =
        isCalm
        && LanguagePrimitives.PhysicalEquality was.Cluster.Singles is.Cluster.Singles

    [
        yield! StoreRules.problems deed at was is

        if not isStill then
            yield!
                Moves.problems {
                    At = at
                    Before = was
                    After = is
                    RaftBefore = Leaders.raft before was
                    RaftAfter = Leaders.raft after is
                    IsCalm = isCalm
                }

            yield! availability at after
    ]

/// Lets time pass, event by event, up to the first moment at which something is wrong.
let rec private pass until at (world: PdWorld) =
    match PdWorld.nextEvent world with
    | Some next when next <= until ->
        let next = max at next
        let after = PdWorld.advance next world

        match moment None next world after with
        | [] -> pass until next after
        | problems -> Error(next, problems)
    | _ -> Ok(PdWorld.advance until world)

let private next now deed (world: PdWorld) =
    let classes = Commuting.classesOf now world
    let until = History.ends now deed

    match deed with
    | Deed.Pass _ ->
        pass until now world
        |> Result.bind (fun after ->
            let l1, _ = History.perform now deed classes

            match Commuting.ofTime until (until - now) world l1 after with
            | [] -> Ok after
            | problems -> Error(until, problems))
    | _ ->
        let after, said = History.perform now deed world

        match
            moment (Some deed) now world after
            @ Commuting.ofAct deed world (History.perform now deed classes) (after, said)
        with
        | [] -> Ok after
        | problems -> Error(now, problems)

let private step now deed (world: PdWorld) =
    // what the last deed has made due at once
    pass now now world |> Result.bind (next now deed)

let private failure deeds (at, problems) = { Deeds = deeds; At = at; Problems = problems }

/// All deeds, and then rest; nothing when L2 refines L1 throughout.
let check (settings: SingleSettings) (history: History) : Failure option =
    let rec go now done' deeds world =
        match deeds with
        | deed :: rest ->
            match step now deed world with
            | Ok after -> go (History.ends now deed) (done' + 1) rest after
            | Error problem -> Error(failure done' problem)
        | [] -> Ok(now, world)

    let rested (now, world) =
        let calm = History.calm world

        go now history.Deeds.Length calm world
        |> Result.bind (fun (now, world) ->
            match Rest.problems now world with
            | [] -> Ok()
            | problems -> Error(failure history.Deeds.Length (now, problems)))

    History.start history
    |> PdWorld.atFidelity History.begins (Some settings)
    |> go History.begins 0 history.Deeds
    |> Result.bind rested
    |> function
        | Ok() -> None
        | Error failure -> Some failure

/// The same by the words of `check`.
let words (failure: Failure) =
    $"after %d{failure.Deeds} deeds, at %d{failure.At} ms:"
    :: (failure.Problems |> List.map (fun problem -> "  " + problem))
