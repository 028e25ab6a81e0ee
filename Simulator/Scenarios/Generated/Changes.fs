/// What people ask for in generated runs.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Changes

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private pd, tikv = "PDGroup/basic-pd", "TiKVGroup/basic-tikv"

let private upgraded = "v8.5.3"

/// The version of the example: patches may go back.
let private former = "v8.5.2"

/// One change, by its name.
let private make (given: Given) (dice: Dice) name : Item =
    match name with
    | "scale tikv" ->
        let fewest = max 3 (given.Tikv - 1)
        Item.ask dice "tikv" (scale tikv (fewest + dice.Next 3))
    | "scale pd" ->
        let counts = if given.Pd = 1 then [ 1; 2; 3; 3 ] else [ 1; 2; 3; 3; 4; 5 ]
        Item.ask dice "pd" (scale pd (dice.Of counts))
    | "leave out" ->
        let indexes = dice.Of [ []; [ 0 ]; [ 1 ]; [ 2 ]; [ given.Tikv - 1 ] ]
        let value = Json.array (indexes |> List.map Json.int)
        Item.ask dice "left out" (set tikv [ "offlineIndexes" ] value)
    | "upgrade" ->
        Item.asking dice [
            0L, Some "pd version", version pd upgraded
            0L, Some "tikv version", version tikv upgraded
        ]
    | "upgrade apart" ->
        Item.asking dice [
            0L, Some "pd version", version pd upgraded
            seconds (dice.Next 240), Some "tikv version", version tikv upgraded
        ]
    | "upgrade and back" ->
        let back = seconds (1 + dice.Next 180)

        Item.asking dice [
            0L, Some "pd version", version pd upgraded
            0L, Some "tikv version", version tikv upgraded
            back, Some "pd version", version pd former
            back, Some "tikv version", version tikv former
        ]
    | "config" ->
        Item.ask dice "tikv config" (config tikv $"[storage]\nreserve-space = \"%d{dice.Next 3}MB\"\n")
    | "config and back" ->
        Item.asking dice [
            0L, Some "tikv config", config tikv "[storage]\nreserve-space = \"7MB\"\n"
            seconds (1 + dice.Next 90), Some "tikv config", config tikv "[storage]\nreserve-space = \"0MB\"\n"
        ]
    | "no config" ->
        Item.asking dice [
            0L, Some "tikv config", config tikv "[storage"
            seconds (5 + dice.Next 60), Some "tikv config", config tikv "[storage]\nreserve-space = \"1MB\"\n"
        ]
    | "pd config" -> Item.ask dice "pd config" (config pd "[log]\nlevel = \"debug\"\n")
    | "restart" -> Item.ask dice "tikv restart" (restart tikv (string (dice.Next 3)))
    | "restart pd" -> Item.ask dice "pd restart" (restart pd "once")
    | "restart and pause" ->
        let pausing = seconds (2 + dice.Next 30)

        Item.asking dice [
            0L, Some "tikv restart", restart tikv "paused"
            pausing, None, pause true
            pausing + seconds (1 + dice.Next 120), None, pause false
        ]
    | "bad image" ->
        let bad = "pingcap/tikv:v8.5.99"

        Item.asking dice [
            0L, None, Misfortune.BadImage(bad, true)
            1L, Some "image", image tikv bad
            seconds (5 + dice.Next 120), Some "image", set tikv [ "template"; "spec"; "image" ] Json.Null
        ]
    | "grow" -> Item.ask dice "tikv storage" (storage tikv "2Gi")
    | "grow pd" -> Item.ask dice "pd storage" (storage pd "2Gi")
    | "hot reload" ->
        Item.ask
            dice
            "reload"
            (set tikv [ "template"; "spec"; "updateStrategy"; "config" ] (Json.String "HotReload"))
    | "reclaim" -> Item.ask dice "reclaim" (set tikv [ "volumeReclaimPolicy" ] (Json.String "Delete"))
    | "reclaim pd" -> Item.ask dice "pd reclaim" (set pd [ "volumeReclaimPolicy" ] (Json.String "Delete"))
    | "soak" -> Item.ask dice "soak" (set tikv [ "minReadySeconds" ] (Json.int 20))
    | "short eviction" -> Item.ask dice "eviction" (set tikv [ "evictLeaderTimeout" ] (Json.String "5s"))
    | "two at a time" -> Item.ask dice "unavailable" (set tikv [ "maxUnavailable" ] (Json.int 2))
    | "pause" -> Item.spell dice 300 (pause true) (pause false)
    | "suspend" -> Item.spell dice 300 (suspend true) (suspend false)
    | "delete instance" ->
        let target = $"TiKV/basic-tikv-%d{dice.Next given.Tikv}"
        Item.once dice (delete target)
    | "delete member" ->
        let target = $"PD/basic-pd-%d{dice.Next given.Pd}"
        Item.once dice (delete target)
    | _ ->
        let target = dice.Of [ "Pod/basic-tikv-0"; "Pod/basic-tikv-2"; "Pod/basic-pd-0" ]
        Item.once dice (delete target)

/// Changes by which stores come or go.
let private ofStores = [ 6, "scale tikv"; 2, "leave out"; 2, "delete instance" ]

/// Changes by which members of PD come or go.
let private ofMembers = [ 2, "scale pd"; 1, "delete member" ]

let private others = [
    3, "upgrade"
    1, "upgrade apart"
    1, "upgrade and back"
    2, "config"
    1, "config and back"
    1, "no config"
    1, "pd config"
    3, "restart"
    1, "restart pd"
    1, "restart and pause"
    1, "bad image"
    1, "hot reload"
    2, "reclaim"
    1, "reclaim pd"
    1, "soak"
    1, "short eviction"
    1, "two at a time"
    1, "pause"
    1, "suspend"
    2, "delete pod"
]

/// Only network volumes grow.
let private growth (given: Given) =
    if given.StorageClass = "standard" then [ 2, "grow"; 1, "grow pd" ] else []

/// Changes that come to the same in whatever order they are asked for.
let private plain = [
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

/// Whether a change of that name may make stores, or members of PD, come or go.
let movesStores name = ofStores |> List.exists (fun (_, one) -> one = name)

let movesMembers name = ofMembers |> List.exists (fun (_, one) -> one = name)

/// Whether a change of that name sets versions: of those that go to and fro at once, nobody could say where they end.
let movesVersions (name: string) = name.StartsWith("upgrade", System.StringComparison.Ordinal)

let private weighed given = ofStores @ ofMembers @ others @ growth given

/// The sorts of change that there are for a cluster.
let kinds (given: Given) : string list = weighed given |> List.map snd

/// A change of one of these sorts.
let drawOf (given: Given) (isIn: string -> bool) (dice: Dice) : string * Item =
    let name = dice.Weighed(weighed given |> List.filter (snd >> isIn))
    name, make given dice name

/// A change, with its name.
let draw (given: Given) (dice: Dice) : string * Item =
    let name = dice.Weighed(weighed given)
    name, make given dice name

/// One of those whose order does not matter.
let drawPlain (given: Given) (dice: Dice) : Item = make given dice (dice.Weighed plain)
