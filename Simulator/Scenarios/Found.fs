/// Failures that generated runs have found, shrunk (`tikv-sim search`).
module Tikv.Simulator.Scenarios.Found

open Tikv.Simulator.Run

let private pd, tikv = "PDGroup/basic-pd", "TiKVGroup/basic-tikv"

let private comesRight = [ finally' settled; finally' noEvictions; finally' pdAtRest ]

let stories = [
    scenario
        "G74"
        "A store that is to leave right after its restart is waited for like one that stays, before the next is restarted"
        [ "search"; "V I15" ]
        Givens.ordinary
        [
            at (seconds 62) (version pd "v8.5.3")
            at (seconds 190) (version tikv "v8.5.3")
            at (seconds 200) (scale tikv 3)
        ]
        comesRight

    scenario
        "G09"
        "Of two operators without a lease, the one that asked PD earlier does not say that a silent store serves"
        [ "search"; "V I49" ]
        Givens.ordinary
        [
            at (seconds 76) (scale pd 1)
            at (seconds 135) (power "node-c1" false)
            at (seconds 151) (startOperator 1)
            at (seconds 400) (power "node-c1" true)
            at (seconds 400) (stopOperator 1)
        ]
        comesRight

    scenario
        "G155"
        "A store that is heard does not leave while another one is silent"
        [ "search"; "V I06" ]
        Givens.ordinary
        [
            at (seconds 5) (restart tikv "1")
            at (seconds 129) (delete "TiKV/basic-tikv-0")
            at (seconds 200) (power "node-c2" false)
            at (seconds 480) (power "node-c2" true)
        ]
        comesRight

    scenario
        "G362"
        "Once PD has ended moving regions, the operator writes no more"
        [ "search"; "V I54" ]
        Givens.ordinary
        [
            at (seconds 154) (suspend true)
            at (seconds 212) (scale tikv 4)
            at (seconds 480) (suspend false)
        ]
        comesRight

    scenario
        "G487"
        "A Cluster that is paused while a member of PD is restarted is not Ready until that member serves"
        [ "search"; "V I49" ]
        Givens.ordinary
        [
            at (seconds 76) (restart pd "once")
            once (when' (terminating "Pod/basic-pd-1")) (pause true)
            after (minutes 3) (when' (terminating "Pod/basic-pd-1")) (pause false)
        ]
        comesRight
]
