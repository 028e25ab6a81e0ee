/// Failures that generated runs have found, shrunk (`tikv-sim search`).
module Tikv.Simulator.Scenarios.Found

let stories = [
    scenario
        "G74"
        "A version for both groups and a store less, one after another, take down no store that a region needs"
        [ "search, seed 74"; "V I15" ]
        Search.given [
            at (seconds 62) (version "PDGroup/basic-pd" "v8.5.3")
            at (seconds 190) (version "TiKVGroup/basic-tikv" "v8.5.3")
            at (seconds 200) (scale "TiKVGroup/basic-tikv" 3)
        ] [ finally' settled; finally' noEvictions ]
    |> pending "a store is restarted while regions have no other majority"

    scenario
        "G09"
        "Two operators without a lease, and a member of PD less: Ready is said of nothing that does not serve"
        [ "search, seed 9"; "V I49" ]
        Search.given [
            at (seconds 76) (scale "PDGroup/basic-pd" 1)
            at (seconds 135) (power "node-c1" false)
            at (seconds 151) (startOperator 1)
            at (seconds 400) (power "node-c1" true)
            at (seconds 400) (stopOperator 1)
        ] [ finally' settled; finally' noEvictions ]
    |> pending "an instance says Ready for some seconds more than half a minute"
]
