/// Plans made from other plans by one change: what led somewhere new may lead on (verification E5.5).
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Mutation

open Tikv.Simulator.Run

/// The same, some time sooner or later.
let private shifted (by: int64) (item: Item) : Item =
    let move time = if time > Item.healedAt then time else max (seconds 1) (min Item.healedAt (time + by))

    {
        item with
            Steps =
                item.Steps
                |> List.map (fun step ->
                    match step.When with
                    | Trigger.AtTime time -> { step with When = Trigger.AtTime(move time) }
                    | Trigger.AtWrite(number, nth) -> {
                        step with
                            When = Trigger.AtWrite(number, max 1 (nth + int (by / seconds 2)))
                      }
                    | _ -> step)
            Asks = item.Asks |> List.map (fun ask -> { ask with Time = move ask.Time })
    }

let private named (items: Item list) = items |> List.map (fun item -> item.Kind, item)

/// The plan with one thing more, less, or at another time. Drawn from the seed and nothing else.
let mutate (seed: uint64) (parent: Plan) : Plan =
    let dice = Dice(seed, "mutation")
    let settings, items = parent.Items |> List.partition (fun item -> item.Kind = "")
    let kinds = items |> List.map _.Kind

    let without index =
        items
        |> List.indexed
        |> List.filter (fun (one, _) -> one <> index)
        |> List.map snd

    let withMishap () =
        let name, item = Mishaps.drawOf parent.Given (fun _ -> true) (Dice(seed, "mishap"))

        if Swarm.mishapGoes kinds (named items) name then items @ [ { item with Kind = name } ] else items

    let withChange () =
        let name, item = Changes.drawOf parent.Given (fun _ -> true) (Dice(seed, "change"))
        let lost = kinds |> List.exists Mishaps.isLoss

        if
            Plans.changeGoes (named items) name
            && not (lost && (Changes.movesStores name || Changes.movesMembers name))
        then
            items @ [ { item with Kind = name } ]
        else
            items

    let moved index =
        let by = seconds (dice.Next 121 - 60)

        items
        |> List.mapi (fun one item -> if one = index then shifted by item else item)

    let items =
        match dice.Next 8, items with
        | (0 | 1 | 2), _
        | _, [] -> withMishap ()
        | 3, _ -> withChange ()
        | 4, items when items.Length > 2 -> without (dice.Next items.Length)
        | _, items -> moved (dice.Next items.Length)

    let items = settings @ items

    {
        parent with
            Name = $"%s{parent.Name}.%d{seed}"
            Items = items
            Within = Bounds.within parent.Given items
    }

/// A plan by its line of descent: `guided-17.203` is the swarm's plan of 17, mutated by 203.
let tryNamed (name: string) : Plan option =
    let tryNumber (text: string) =
        match System.UInt64.TryParse(text, System.Globalization.NumberStyles.None, null) with
        | true, number -> Some number
        | false, _ -> None

    let line =
        (if name.StartsWith("guided-", System.StringComparison.Ordinal) then name.Substring 7 else "").Split
            '.'

    match line |> Array.map tryNumber |> List.ofArray with
    | Some first :: others when List.forall Option.isSome others ->
        let begins = { Swarm.make first with Name = $"guided-%d{first}" }

        (begins, List.choose id others)
        ||> List.fold (fun plan seed -> mutate seed plan)
        |> Some
    | _ -> None

/// The mishaps of a plan that are under way some time from its beginning, by their sorts.
let underWay (plan: Plan) : int64 -> int -> string list =
    let spans = [
        for item in plan.Items do
            if item.Kind <> "" && item.Asks.IsEmpty then
                let times =
                    item.Steps
                    |> List.choose (fun step ->
                        match step.When with
                        | Trigger.AtTime time when time <= Item.healedAt -> Some time
                        | _ -> None)

                let writes =
                    item.Steps
                    |> List.choose (fun step ->
                        match step.When with
                        | Trigger.AtWrite(_, number) -> Some number
                        | _ -> None)

                item.Kind, times, writes
    ]

    fun time writes -> [
        for kind, times, numbers in spans do
            let isNow =
                match times, numbers with
                | [], [] -> false
                | [], numbers ->
                    numbers |> List.exists (fun number -> writes >= number && writes <= number + 5)
                | times, _ -> time >= List.min times && time <= List.max times + seconds 30

            if isNow then
                kind
    ]
