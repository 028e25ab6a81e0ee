/// What sort of world it is, in a few words: two worlds of one sort are alike to whoever looks for something new.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Situation

open Tikv.Core.Pd
open Tikv.Simulator.Pd
open Tikv.Simulator.World

let private few count = if count > 1 then "some" else string count

/// Such as `pd 0down 1leaving`.
let ofWorld (world: World) : string =
    let groups = world.Pd.Groups.Values |> List.ofSeq
    let stores = Truth.stores world

    let count holds =
        stores
        |> List.filter (fun (store: Truth.Store) -> store.State <> NodeState.Removed && holds store)
        |> List.length

    String.concat " " [
        (if groups |> List.exists Leaders.serves then "pd" else "leaderless")
        few (count (fun store -> not store.Lives)) + "down"
        few (count (fun store -> store.State = NodeState.Removing)) + "leaving"
        few (count _.Evicting) + "evicted"
    ]
