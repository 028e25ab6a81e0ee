namespace Tikv.Simulator.Scenarios

open Tikv.Simulator.World
open Tikv.Simulator.Run

/// What is asked for of one thing: the last that is asked for counts.
type Ask = { Time: int64; Of: string; What: Misfortune }

/// One thing that happens in a generated run: a change, or a mishap and its end.
type Item = {
    /// What sort of change or mishap it is, as the tables name them; empty for settings.
    Kind: string
    Steps: Step list
    /// What it asks for; none of a mishap.
    Asks: Ask list
}

/// A generated run: the cluster that it begins with, changes that are asked for, and faults, over which all is healed and
/// must come right.
type Plan = {
    /// From which it can be made again, such as `seed-17` or `swarm-17`.
    Name: string
    Seed: uint64
    /// Its name among `Givens`.
    Begins: string
    Given: Given
    Items: Item list
    /// By which all is healed.
    Heals: Step list
    /// Milliseconds from its beginning within which all must be as asked.
    Within: int64
}

/// Numbers drawn one after another from a seed. Each subject has a stream of its own: what one draws does not shift what
/// the others draw.
type Dice(seed: uint64, subject: string) =
    let mutable count = 0L

    new(seed) = Dice(seed, "")

    member _.Next(most: int) =
        count <- count + 1L
        int (Chance.value seed "search" subject count % uint64 most)

    member dice.Of(items: 'Item list) = List.item (dice.Next items.Length) items

    /// One of several by weight.
    member dice.Weighed(items: (int * 'Item) list) =
        Tikv.Simulator.Pd.Hash.weighed (dice.Next(items |> List.sumBy fst)) items

[<RequireQualifiedAccess>]
module Item =

    /// Seconds within which changes and faults begin.
    let private begins = 240

    /// By then every mishap has ended.
    let healedAt = minutes 8

    /// A time to begin, in milliseconds.
    let time (dice: Dice) = seconds (5 + dice.Next begins)

    let ofSteps (steps: Step list) : Item = { Kind = ""; Steps = steps; Asks = [] }

    /// At one time.
    let once (dice: Dice) thing = ofSteps [ at (time dice) thing ]

    /// For some seconds, and then not.
    let spell (dice: Dice) most first last =
        let start = time dice
        let until = min healedAt (start + seconds (5 + dice.Next most))
        ofSteps [ at start first; at until last ]

    /// Undone once more when all is healed: while PD was suspended, nobody heard the first time.
    let undoneLater what (item: Item) = { item with Steps = item.Steps @ [ at (healedAt + minutes 5) what ] }

    /// Several at one time.
    let together (dice: Dice) things =
        let start = time dice
        ofSteps (things |> List.map (at start))

    /// Things that happen so many milliseconds after the first; under a name, what is asked for.
    let asking (dice: Dice) (things: (int64 * string option * Misfortune) list) =
        let start = time dice

        {
            ofSteps (things |> List.map (fun (after, _, thing) -> at (start + after) thing)) with
                Asks =
                    things
                    |> List.choose (fun (after, name, what) ->
                        name
                        |> Option.map (fun name -> { Time = start + after; Of = name; What = what }))
        }

    let ask dice name thing = asking dice [ 0L, Some name, thing ]
