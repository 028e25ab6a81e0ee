/// Rolls that something comes in between, or that wait for something: verification D2, tidb-operator-v2 7.2.
module Tikv.Simulator.Scenarios.Disturbed

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private tikv = "TiKVGroup/basic-tikv"
let private pd = "PDGroup/basic-pd"
let private given = { Given.ordinary with Regions = 40 }
let private rolled = [ finally' settled; finally' noEvictions; finally' (storesUp 4); finally' (members 3) ]

let private asks name value (given: Given) = {
    given with
        Manifests =
            given.Manifests
            @ [ tikv, Json.setPath [ "spec"; name ] (Some value) Json.empty ]
}

/// The group calls its revision reached only when each instance has been ready with it for so long.
let private doneOnlyAfter span =
    called
        $"no roll is called done before every instance was ready for %O{span}"
        (implies
            (Fact.RevisionReached tikv)
            (all [ for index in 0..3 -> Fact.ReadyFor($"TiKV/basic-tikv-%d{index}", seconds span) ]))

/// Leaders come back only to a store that was ready for so long.
let private leadersWait span =
    called
        $"leaders come back only to a store that was ready for %d{span} s"
        (all [
            for index in 0..3 do
                let pod = $"basic-tikv-%d{index}"

                implies
                    (all [ exists ("Pod/" + pod); Fact.New("Pod/" + pod) ])
                    (any [ Fact.ReadyFor("Pod/" + pod, seconds span); evicting pod ])
        ])

/// It has been restarted and serves, and its leaders are kept away still.
let private backWithoutLeaders pod =
    called
        $"%s{pod} is back, and leads nothing"
        (all [ Fact.New("Pod/" + pod); saysStill ("Pod/" + pod) "Ready" "True"; evicting pod ])

/// While a store is silent for as long as anybody may know, no leaders are moved away from another.
let private quietWhileSilent =
    called
        "no leaders are moved away while another store is silent"
        (implies (Fact.NodeSilent(seconds 50)) noEvictions)

/// No store is restarted while another one leads less than two thirds of the 300 regions that it led before.
let private noneWhileFew: Check list = [
    for index in 0..3 do
        let others = [
            for other in 0..3 do
                if other <> index then
                    not' (Fact.LeadsRegions($"basic-tikv-%d{other}", 200))
        ]

        deletesOf Kind.Pod $"basic-tikv-%d{index}"
        |> neverWhile (called "leaders of another store are not back" (any others))
]

/// What a person changes by hand is no part of the template.
let private meddled target path value = patch target (Json.setPath path (Some value) Json.empty)

let stories = [
    scenario
        "T24"
        "The only store of a cluster is restarted without moving leaders that have nowhere to go"
        [ "V T24"; "L B20"; "T S23"; "TO#4335"; "pd#3690"; "T 7.1.26" ]
        { given with Tikv = 1 } [ at (seconds 10) (restart tikv "once") ] [
            exactly 1 (deletes Kind.Pod)
            never evictsLeaders
            finally' settled
            finally' (storesUp 1)
        ]

    scenario
        "T24b"
        "With two of three stores down the third is not restarted, and says why; the roll goes on when they are back"
        [ "V T24"; "V I25" ]
        { given with Tikv = 3 } [
            at (seconds 5) (powerOffNodeOf "basic-tikv-0")
            at (seconds 6) (powerOffNodeOf "basic-tikv-1")
            at (minutes 1) (restart tikv "once")
            at (minutes 4) powerOnEverywhere
        ] [
            eventually (minutes 3) (mentions tikv "Synced" "basic-tikv-0")
            always quietWhileSilent
            finally' settled
            finally' noEvictions
            finally' (storesUp 3)
        ]

    scenario
        "T28"
        "A PD that has just restarted, and counts no leaders yet, is not believed that a store leads none"
        [ "V T28"; "T S15"; "TO#3781"; "pd#3406"; "V I18"; "T 7.1.32" ]
        Given.ordinary [
            at (seconds 5) (restart tikv "once")
            once (evicting "basic-tikv-3") (act Act.KillPdLeader)
            once (evicting "basic-tikv-1") (act Act.KillPdLeader)
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T30"
        "A wish that no node can meet costs one store at most, and taking it back heals it"
        [ "V T30"; "T S27"; "TO#4960"; "V I36" ]
        given [
            at
                (seconds 5)
                (set
                    tikv
                    [ "template"; "spec"; "overlay"; "pod"; "spec"; "nodeSelector"; "disk" ]
                    (Json.String "none"))
            at (minutes 10) (unset tikv [ "template"; "spec"; "overlay" ])
        ] [
            eventually (minutes 8) (reason "TiKV/basic-tikv-3" "NodeSelectorMismatch")
            atMost 2 (deletes Kind.Pod)
            yield! rolled
        ]

    scenario
        "T39"
        "The next store waits until most leaders of the one before are back, and not for ever"
        [ "V T39"; "L F36"; "TO#6229"; "T 7.1.20" ]
        { Given.ordinary with Regions = 1_200 } [ at (seconds 10) (restart tikv "once") ] [
            yield! noneWhileFew
            eventually (hours 1) (restarted "TiKVGroup/basic-tikv" "once")
            exactly 4 (deletes Kind.Pod)
            yield! rolled
        ]

    scenario
        "T41"
        "A store that is restarted twice in a row is asked twice for its leaders: a count from before counts no more"
        [ "V T41"; "TO#6311"; "V I18" ]
        Given.ordinary [
            at (seconds 5) (restart tikv "once")
            once (backWithoutLeaders "basic-tikv-3") (restart tikv "twice")
        ] [ atMost 8 (deletes Kind.Pod); yield! rolled ]

    {
        scenario
            "T42"
            "A roll of 39 stores restarts each once, and ends"
            [ "V T42"; "TO#6419"; "T 7.1.4" ]
            { given with Tikv = 39; NodesPerZone = 7; Regions = 100 } [
                at (seconds 10) (config tikv "[storage]\nreserve-space = \"1MB\"\n")
            ] [
                exactly 39 (deletes Kind.Pod)
                always onePodStops
                finally' settled
                finally' noEvictions
                finally' (storesUp 39)
            ] with
            Limit = hours 6
    }

    scenario
        "T43"
        "What somebody edits by hand in an instance, a ConfigMap or a Service in the middle of a roll is put right"
        [ "V T43"; "TO#863" ]
        given [
            at (seconds 5) (restart tikv "once")
            once
                (terminating "Pod/basic-tikv-3")
                (meddled "TiKV/basic-tikv-1" [ "spec"; "version" ] (Json.String "v8.5.3"))
            once
                (terminating "Pod/basic-tikv-3")
                (meddled
                    "ConfigMap/basic-tikv-0"
                    [ "data"; "config.toml" ]
                    (Json.String "[log]\nlevel = \"debug\"\n"))
            once
                (terminating "Pod/basic-tikv-3")
                (meddled "Service/basic-tikv-peer" [ "spec"; "publishNotReadyAddresses" ] (Json.Bool false))
        ] [
            exactly 4 (deletes Kind.Pod)
            finally' (allAt "basic-tikv" "v8.5.2")
            finally' (field "Service/basic-tikv-peer" [ "spec"; "publishNotReadyAddresses" ] (Json.Bool true))
            yield! rolled
        ]

    scenario
        "T56b"
        "A store whose heartbeats come late for hours is not replaced, and a roll ends when they are in time again"
        [ "V T56"; "V P58"; "V I72" ]
        { Repair.replacing with Regions = 40 } [
            at (seconds 10) (Misfortune.SlowDisk("basic-tikv-2", true))
            at (hours 1) (restart tikv "once")
            at (hours 2) (Misfortune.SlowDisk("basic-tikv-2", false))
        ] [
            never (creates Kind.TiKV)
            never removesStore
            eventually (hours 3) (restarted "TiKVGroup/basic-tikv" "once")
            yield! rolled
        ]

    scenario
        "S01"
        "Two groups that are rolled at the same time take turns: no two stores are down at once"
        [ "T S1"; "T 7.1.2"; "V I15" ]
        given [
            at (seconds 10) (Groups.moreTikv 3)
            after (minutes 2) (storesUp 7) (restart tikv "once")
            after (minutes 2) (storesUp 7) (restart "TiKVGroup/more-tikv" "once")
        ] [
            exactly 7 (deletes Kind.Pod)
            always onePodStops
            finally' settled
            finally' noEvictions
            finally' (storesUp 7)
        ]

    scenario
        "S26"
        "No leaders are moved away for a restart that another store's silence forbids"
        [ "T S26"; "T 6.4.19"; "T 7.1.17"; "TO#6877"; "V I17"; "T 7.1.32" ]
        given [
            at (seconds 5) (powerOffNodeOf "basic-tikv-0")
            at (minutes 1) (restart tikv "once")
            at (minutes 4) powerOnEverywhere
        ] [ always quietWhileSilent; exactly 4 (deletes Kind.Pod); yield! rolled ]

    (let given = given |> asks "minReadyForLeaderSeconds" (Json.int 60)

     scenario
         "S44"
         "Leaders come back to a store only when it has served for as long as they are to wait"
         [ "T S44"; "L F11"; "V I19"; "T 7.1.1" ]
         given [ at (seconds 10) (restart tikv "once") ] [
             always (leadersWait 58)
             exactly 4 (deletes Kind.Pod)
             yield! rolled
         ])

    scenario
        "S48"
        "A roll that is paused in the middle of a restart goes on where it was"
        [ "T S48"; "T 6.4.42" ]
        given [
            at (seconds 5) (restart tikv "once")
            once (evicting "basic-tikv-3") (pause true)
            after (minutes 10) (evicting "basic-tikv-3") (pause false)
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "S48b"
        "A scale-in that is paused while the store leaves goes on where it was"
        [ "T S48"; "T 6.4.42" ]
        given [
            at (seconds 5) (scale tikv 3)
            once (removing "basic-tikv-3") (pause true)
            after (minutes 20) (removing "basic-tikv-3") (pause false)
        ] [
            exactly 1 removesStore
            finally' (absent "TiKV/basic-tikv-3")
            finally' settled
            finally' (storesUp 3)
            finally' noEvictions
        ]

    scenario
        "S48c"
        "A scale-out of PD that is paused between two members goes on where it was"
        [ "T S48" ]
        given [
            at (seconds 5) (scale pd 5)
            once (members 4) (pause true)
            after (minutes 10) (members 4) (pause false)
        ] [ exactly 2 (creates Kind.PD); never removesMember; finally' settled; finally' (members 5) ]

    scenario
        "F35"
        "A roll is done only when the last store, too, has been ready for minReadySeconds"
        [ "L F35"; "T 6.4.17"; "T S30"; "L B19"; "TO#5544" ]
        (given |> asks "minReadySeconds" (Json.int 120)) [ at (seconds 10) (restart tikv "once") ] [
            always (doneOnlyAfter 119)
            exactly 4 (deletes Kind.Pod)
            yield! rolled
        ]
]
