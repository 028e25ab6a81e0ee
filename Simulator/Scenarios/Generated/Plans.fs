/// Plans drawn from seeds.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Plans

/// So many draws, of which each may say that it would not go with those before it.
let several count draw goes =
    ([], [ 1..count ])
    ||> List.fold (fun drawn index ->
        let name, item = draw index
        if goes drawn name then drawn @ [ name, { item with Kind = name } ] else drawn)

/// What every node, cache and operator needs to be well again: a spell that was missed ends by it too.
let heal: Step list = [
    for node in Mishaps.nodes do
        at Item.healedAt (power node true)
        at Item.healedAt (Tikv.Simulator.Run.Misfortune.KubeletLink(node, true))
    at Item.healedAt Tikv.Simulator.Run.Misfortune.EndHoldBack
    at Item.healedAt (stopOperator 1)
    at Item.healedAt (startOperator 0)
    at Item.healedAt (pause false)
    at Item.healedAt (suspend false)
]

let settings (given: Given) : Item list =
    Givens.settings given
    |> List.map (fun what -> Item.ofSteps [ at (seconds 1) what ])

let has holds (drawn: (string * Item) list) = drawn |> List.exists (fst >> holds)

/// Whether a change goes with those before it.
let changeGoes drawn name = not (Changes.movesVersions name && has Changes.movesVersions drawn)

let make (seed: uint64) : Plan =
    let dice = Dice seed
    let name, given = dice.Weighed Givens.all
    let changes = several (1 + dice.Next 3) (fun _ -> Changes.draw given dice) changeGoes

    let stores, members = has Changes.movesStores changes, has Changes.movesMembers changes

    let mishaps =
        several (dice.Next 4) (fun _ -> Mishaps.draw given stores members dice) (fun drawn name ->
            not (Mishaps.isLoss name && has Mishaps.isLoss drawn))

    {
        Name = $"seed-%d{seed}"
        Seed = seed
        Begins = name
        Given = given
        Items = settings given @ List.map snd changes @ List.map snd mishaps
        Heals = heal
        Within = hours 1
    }

/// Changes alone, of the ordinary cluster, whose order does not matter.
let calm (seed: uint64) : Plan =
    let dice = Dice seed

    {
        Name = $"calm-%d{seed}"
        Seed = seed
        Begins = "ordinary"
        Given = Givens.ordinary
        Items = List.init (1 + dice.Next 3) (fun _ -> Changes.drawPlain Givens.ordinary dice)
        Heals = heal
        Within = hours 1
    }

/// The last that is asked for under each name, in the order of the names.
let finallyAsked (plan: Plan) : Ask list =
    (Map.empty, plan.Items |> List.collect _.Asks |> List.sortBy _.Time)
    ||> List.fold (fun asked ask -> Map.add ask.Of ask asked)
    |> Map.toList
    |> List.map snd

/// A store less, with three mishaps: the run that `tikv-sim bench` measures.
let scaleIn (seed: uint64) : Plan =
    let dice = Dice seed
    let group = "TiKVGroup/basic-tikv"
    let less = Item.ask dice "tikv" (scale group 3)

    {
        Name = $"seed-%d{seed}"
        Seed = seed
        Begins = "ordinary"
        Given = Givens.ordinary
        Heals = heal
        Within = hours 1
        Items = less :: List.init 3 (fun _ -> snd (Mishaps.draw Givens.ordinary true true dice))
    }
