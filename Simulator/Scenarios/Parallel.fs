/// Rolls of several stores of one failure domain at a time (maxUnavailable).
module Tikv.Simulator.Scenarios.Parallel

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private tikv = "TiKVGroup/basic-tikv"

/// Two stores in each of three zones, of which two may be down at a time.
let private zoned = {
    Groups.zoned with
        Manifests =
            Groups.zoned.Manifests
            @ [ tikv, Json.object [ "spec", Json.object [ "maxUnavailable", Json.int 2 ] ] ]
}

/// PD is told of zones, and moves replicas apart; half an hour later the roll begins.
let isolated = [
    at (seconds 1) (PdActs.locationLabels [ "zone" ])
    at (minutes 2) (PdActs.isolationLevel "zone")
]

let private roll = at (minutes 30) (restart tikv "once")

let private twoAreDown = called "two stores are down at a time" (Fact.StoresDown 2)
let private oneIsDown = called "no more than one store is down" (not' (Fact.StoresDown 2))
let private everyRegionServes = Fact.EveryRegionServes

let private rolled = restarted "TiKVGroup/basic-tikv" "once"

/// What three rounds take at the most, and six do not.
let private threeRounds = minutes 36

let stories = [
    scenario
        "ZR1"
        "With maxUnavailable 2 and an isolation level the stores of a zone are rolled together, zone by zone, and every region serves all the time"
        [ "TO#6768"; "V I16"; "T 7.1.5" ]
        zoned
        (isolated @ [ roll ])
        [
            exactly 6 (deletes Kind.Pod)
            always everyRegionServes
            eventually threeRounds twoAreDown
            eventually threeRounds rolled
            finally' settled
            finally' noEvictions
        ]

    scenario
        "ZR2"
        "Without an isolation level stores are rolled one at a time, whatever maxUnavailable says, and the group says why"
        [ "TO#6768"; "V I15" ]
        zoned [ roll ] [
            exactly 6 (deletes Kind.Pod)
            always everyRegionServes
            always oneIsDown
            eventually threeRounds (mentions tikv "Synced" "one at a time, not maxUnavailable")
            finally' settled
            finally' noEvictions
        ]

    scenario
        "ZR3"
        "When a node of another zone fails while a zone is rolled, no other store is taken down until it is back"
        [ "TO#6768"; "V I17" ]
        zoned
        (isolated
         @ [ roll; once twoAreDown (Misfortune.NodeReboot("node-a1", minutes 10)) ])
        [ exactly 6 (deletes Kind.Pod); finally' settled; finally' noEvictions ]

    scenario
        "ZR4"
        "A node of another zone that fails before the first of a zone is down stops the roll"
        [ "TO#6768"; "V I17" ]
        zoned
        (isolated
         @ [ roll; once (evicting "basic-tikv-5") (Misfortune.NodeReboot("node-b1", minutes 10)) ])
        [ exactly 6 (deletes Kind.Pod); finally' settled; finally' noEvictions ]

    scenario
        "E-zone"
        "A roll zone by zone, with every single misfortune"
        [ "V E5"; "TO#6768" ]
        { zoned with Regions = 20 }
        (isolated @ [ roll ])
        [ finally' settled; finally' (storesUp 6); finally' noEvictions ]
]
