/// Upgrades and restarts: verification D2.
module Tikv.Simulator.Scenarios.Rolling

open Tikv.Core.Kubernetes

let private ordinary = Given.ordinary

let private upgrade time = [
    at time (version "PDGroup/basic-pd" "v8.5.3")
    at time (version "TiKVGroup/basic-tikv" "v8.5.3")
]

let private upgraded = [
    finally' (allAt "basic-pd" "v8.5.3")
    finally' (allAt "basic-tikv" "v8.5.3")
    finally' settled
    finally' noEvictions
    finally' (storesUp 4)
    finally' (members 3)
]

let stories = [
    scenario
        "T21"
        "A new version reaches PD first and then TiKV, one at a time, and restarts each Pod once"
        [ "V D2"; "T 6.4.9"; "L B19" ]
        ordinary
        (upgrade (seconds 10))
        [
            exactly 7 (deletes Kind.Pod)
            exactly 7 (creates Kind.Pod)
            never removesStore
            never removesMember
            never (deletes Kind.PersistentVolumeClaim)
            yield! upgraded
        ]

    scenario
        "T23"
        "An operator that dies after it has deleted a Pod does not restart it a second time"
        [ "TO#4739" ]
        ordinary [
            at (seconds 10) (version "TiKVGroup/basic-tikv" "v8.5.2")
            at (seconds 10) (restart "TiKVGroup/basic-tikv" "once")
            once (when' (terminating "Pod/basic-tikv-3")) crash
        ] [ exactly 4 (deletes Kind.Pod); finally' settled; finally' noEvictions ]

    scenario
        "T75"
        "Watches that end with 410 in the middle of a roll are replaced by lists, and each Pod is restarted once"
        [ "V K25"; "V A2" ]
        ordinary [
            at (seconds 10) (restart "TiKVGroup/basic-tikv" "once")
            once
                (when' (terminating "Pod/basic-tikv-2"))
                (Tikv.Simulator.Run.Misfortune.CutWatches(None, true))
        ] [ exactly 4 (deletes Kind.Pod); finally' settled; finally' noEvictions ]
]
