/// Swarm testing (Groce, Zhang, Eide, Chen, Regehr: "Swarm testing", 2012): a run has only some of the sorts of change and
/// mishap, drawn anew for each, so that those do not get in each other's way that seldom go together; and more of them, on a
/// site of its own pace.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Swarm

open Tikv.Simulator.World

/// What may take longer or shorter, and between how many per cent of its usual time. A node is given up no sooner than
/// kubelets have told nothing for 40 s, as older versions of Kubernetes have it.
let private paces = [
    Tempo.Notice, 50, 400
    Tempo.Images, 25, 600
    Tempo.Containers, 50, 600
    Tempo.Volumes, 50, 600
    Tempo.NodeGrace, 80, 120
    Tempo.CrashBackOff, 50, 100
    Tempo.Requests, 50, 800
    Tempo.Watches, 50, 1000
    Tempo.OperatorStarts, 50, 1000
    Tempo.PdProcesses, 50, 400
    Tempo.PdLeaders, 50, 200
    Tempo.StoreStarts, 50, 500
    Tempo.CatchUp, 50, 500
    Tempo.Elections, 50, 150
    Tempo.LeaderMoves, 50, 400
    Tempo.PeerMoves, 50, 300
]

let private paceOf (seed: uint64) : Pace list = [
    for tempo, least, most in paces do
        let dice = Dice(seed, $"pace %O{tempo}")

        // as usual, two times in three
        if dice.Next 3 = 0 then
            { Of = tempo; Takes = least + dice.Next(most - least + 1) }
]

/// Whether a sort of thing is in play: each by a coin of its own.
let isIn (seed: uint64) (what: string) (kind: string) = Chance.value seed what kind 0L % 2UL = 0UL

/// None, one, two, three, or many.
let private budget (dice: Dice) =
    match dice.Next 5 with
    | 4 -> 4 + dice.Next 5
    | few -> few

/// What is gone for good, or leaves without being asked by its owner: one of these is as much as any cluster can heal.
let private isHeavy kind = Mishaps.isLoss kind || kind = "their removal"

/// Whether a mishap goes with what has been drawn. Where stores or members come and go nothing is lost beside.
let mishapGoes (changes: string list) (drawn: (string * Item) list) kind =
    let isGone =
        kind = "lost disk" && List.exists Changes.movesStores changes
        || kind = "lost member" && List.exists Changes.movesMembers changes

    not isGone && not (isHeavy kind && Plans.has isHeavy drawn)

/// The clusters, all as likely.
let givenOf (seed: uint64) : string * Given =
    let dice = Dice(seed, "cluster")
    let name, given = dice.Of(List.map snd Givens.all)
    name, { given with Pace = paceOf seed }

/// What people ask for.
let changesOf (seed: uint64) (given: Given) : (string * Item) list =
    let inPlay =
        match Changes.kinds given |> List.filter (isIn seed "change") with
        | [] -> fun _ -> true
        | some -> fun kind -> List.contains kind some

    Plans.several
        (1 + Dice(seed, "changes").Next 4)
        (fun number -> Changes.drawOf given inPlay (Dice(seed, $"change %d{number}")))
        Plans.changeGoes

let private mishapsOf (seed: uint64) (given: Given) changes =
    let inPlay =
        match
            "lost disk" :: "lost member" :: Mishaps.kinds
            |> List.filter (isIn seed "mishap")
        with
        | [] -> fun _ -> true
        | some -> fun kind -> List.contains kind some || kind = "write"

    Plans.several
        (budget (Dice(seed, "mishaps")))
        (fun number -> Mishaps.drawOf given inPlay (Dice(seed, $"mishap %d{number}")))
        (mishapGoes (List.map fst changes))

/// A plan of these parts, with what follows from them.
let plan name (seed: uint64) (begins, given) (items: Item list) : Plan =
    let items = Plans.settings given @ items

    {
        Name = name
        Seed = seed
        Begins = begins
        Given = given
        Items = items
        Heals = Plans.heal
        Within = Bounds.within given items
    }

let make (seed: uint64) : Plan =
    let begins, given = givenOf seed
    let changes = changesOf seed given

    List.map snd changes @ List.map snd (mishapsOf seed given changes)
    |> plan $"swarm-%d{seed}" seed (begins, given)
