/// Upgrades and restarts: verification D2.
module Tikv.Simulator.Scenarios.Rolling

open Tikv.Core
open Tikv.Core.Kubernetes

let private ordinary = Given.ordinary

let private saysReady target = called $"%s{target} says Ready" (saysStill target "Ready" "True")

let stories = [
    scenario
        "T23"
        "An operator that dies after it has deleted a Pod does not restart it a second time"
        [ "V T23"; "TO#4739" ]
        ordinary [
            at (seconds 10) (restart "TiKVGroup/basic-tikv" "once")
            once (terminating "Pod/basic-tikv-3") crash
        ] [ exactly 4 (deletes Kind.Pod); finally' settled; finally' noEvictions ]

    scenario
        "T75"
        "Watches that end with 410 in the middle of a roll are replaced by lists, and each Pod is restarted once"
        [ "V T75"; "T S45"; "V K25"; "V A2" ]
        ordinary [
            at (seconds 10) (restart "TiKVGroup/basic-tikv" "once")
            once (terminating "Pod/basic-tikv-2") (Tikv.Simulator.Run.Misfortune.CutWatches(None, true))
        ] [ exactly 4 (deletes Kind.Pod); finally' settled; finally' noEvictions ]

    scenario "R1" "Cluster and groups stay Ready throughout a roll of TiKV" [ "U 6.1" ] ordinary [
        at (seconds 10) (restart "TiKVGroup/basic-tikv" "once")
    ] [
        exactly 4 (deletes Kind.Pod)
        always (saysReady "Cluster/basic")
        always (saysReady "PDGroup/basic-pd")
        always (saysReady "TiKVGroup/basic-tikv")
        finally' settled
        finally' noEvictions
    ]
]
