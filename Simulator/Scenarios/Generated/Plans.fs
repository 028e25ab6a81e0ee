/// Plans drawn from seeds.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Plans

/// So many draws, of which each may say that it would not go with those before it.
let private several count draw goes =
    ([], [ 1..count ])
    ||> List.fold (fun drawn _ ->
        let name, item = draw ()
        if goes drawn name then drawn @ [ name, item ] else drawn)

let make (seed: uint64) : Plan =
    let dice = Dice seed
    let name, given = dice.Weighed Givens.all
    let has holds drawn = drawn |> List.exists (fst >> holds)

    let changes =
        several (1 + dice.Next 3) (fun () -> Changes.draw given dice) (fun drawn name ->
            not (Changes.movesVersions name && has Changes.movesVersions drawn))

    let stores, members = has Changes.movesStores changes, has Changes.movesMembers changes

    let mishaps =
        several (dice.Next 4) (fun () -> Mishaps.draw given stores members dice) (fun drawn name ->
            not (Mishaps.isLoss name && has Mishaps.isLoss drawn))

    let settings =
        Givens.settings given
        |> List.map (fun what -> Item.ofSteps [ at (seconds 1) what ])

    {
        Seed = seed
        Begins = name
        Given = given
        Items = settings @ List.map snd changes @ List.map snd mishaps
    }

/// Changes alone, of the ordinary cluster, whose order does not matter.
let calm (seed: uint64) : Plan =
    let dice = Dice seed

    {
        Seed = seed
        Begins = "ordinary"
        Given = Givens.ordinary
        Items = List.init (1 + dice.Next 3) (fun _ -> Changes.drawPlain Givens.ordinary dice)
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
        Seed = seed
        Begins = "ordinary"
        Given = Givens.ordinary
        Items = less :: List.init 3 (fun _ -> snd (Mishaps.draw Givens.ordinary true true dice))
    }

/// By which a spell that was missed ends too.
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
