/// What is explored with every single misfortune at every point (verification E5.2).
module Tikv.Simulator.Scenarios.Explorations

open Tikv.Core
open Tikv.Simulator.Run

/// Few regions, so that a run is short.
let private given = { Given.ordinary with Regions = 20 }

let private failingOver = {
    given with
        StorageClass = "local"
        Manifests = [
            "TiKVGroup/basic-tikv",
            Json.object [
                "spec",
                Json.object [
                    "failover", Json.object [ "enabled", Json.Bool true; "removeFailed", Json.Bool true ]
                ]
            ]
        ]
}

/// The cluster comes up from nothing.
let creation (seed: uint64) : Scenario =
    let scenario = Settled.bootstrap { given with Seed = seed }

    {
        scenario with
            Name = "E-create"
            Shows = "A cluster of three PD and four TiKV comes up from nothing, with every single misfortune"
            Expect =
                scenario.Expect
                @ [ finally' settled; finally' (storesUp 4); finally' noEvictions ]
            Limit = hours 1
    }

let stories = [
    scenario "E-out" "One store more, with every single misfortune" [ "T S45"; "T S49"; "V E5" ] given [
        at (seconds 5) (scale "TiKVGroup/basic-tikv" 5)
    ] [ finally' settled; finally' (storesUp 5); finally' noEvictions ]

    scenario "E-in" "One store less, with every single misfortune" [ "T S45"; "T S49"; "V E5" ] given [
        at (seconds 5) (scale "TiKVGroup/basic-tikv" 3)
    ] [ finally' settled; finally' (storesUp 3); finally' noEvictions ]

    scenario
        "E-roll"
        "Each store restarted once, with every single misfortune"
        [ "T S45"; "T S49"; "V E5" ]
        given [ at (seconds 5) (restart "TiKVGroup/basic-tikv" "once") ] [
            finally' settled
            finally' (storesUp 4)
            finally' noEvictions
        ]

    scenario
        "E-over"
        "A store that is lost with its node is replaced, with every single misfortune"
        [ "T S49"; "V E5" ]
        failingOver [ at (seconds 5) (deleteNodeOf "basic-tikv-3") ] [
            finally' settled
            finally' (storesUp 4)
            finally' noEvictions
        ]

    scenario
        "E-dark"
        "A zone has no power for four minutes, with every single misfortune"
        [ "V E5"; "V P59" ]
        given [ at (seconds 5) (Misfortune.SitePower(Some "a", minutes 4)) ] [
            finally' settled
            finally' (storesUp 4)
            finally' (members 3)
            finally' noEvictions
        ]
]
