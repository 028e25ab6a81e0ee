/// What the operator cannot reach, does not hear of, or is lied to about: verification D5, tidb-operator-v2 7.2.
module Tikv.Simulator.Scenarios.Outages

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private tikv = "TiKVGroup/basic-tikv"
let private given = { Given.ordinary with Regions = 40 }
let private rolled = [ finally' settled; finally' noEvictions; finally' (storesUp 4); finally' (members 3) ]

/// The way of the operator to every member of PD.
let private wayToPd cut = [
    for index in 0..2 -> Misfortune.Partition("operator0", $"basic-pd-%d{index}", cut)
]

let private instances = [
    for index in 0..2 do
        $"PD/basic-pd-%d{index}"
    for index in 0..3 do
        $"TiKV/basic-tikv-%d{index}"
]

let private noneFails =
    called
        "no instance is said to fail"
        (all [ for one in instances -> not' (saysStill one "Ready" "False") ])

let private allReady =
    called "every instance says Ready" (all [ for one in instances -> saysStill one "Ready" "True" ])

let private restartNote = [ "spec"; "template"; "metadata"; "annotations"; "example.com/restarted-at" ]

/// The group says that its present generation is reached only when each instance has its template.
let private syncedHonestly =
    called
        "what is said of a generation is said of its template"
        (implies (all [ says tikv "Synced" "True"; Fact.HasField(tikv, restartNote) ]) (restarted tikv "once"))

let private everyThreeMinutes what = each (seconds 10) (minutes 3) (hours 1) what

/// The Pod of a store does not serve.
let private disruption = called "a store is restarted" (not' (Fact.PodsServe "basic-tikv"))

/// The Cluster loses its finalizers, and goes before anything that belongs to it.
let private clusterVanishes = act (Act.DeleteForced "Cluster/basic")

let stories = [
    scenario "R2" "A PD that is silent for a few seconds makes no instance unready" [ "T S51"; "V I49" ] given [
        for time in [ seconds 17; minutes 3; minutes 7 ] do
            for cut in wayToPd true do
                at time cut

            for mended in wayToPd false do
                at (time + seconds 12) mended
    ] [ always allReady; never (deletes Kind.Pod); finally' settled ]

    scenario
        "R3"
        "A roll of PD, in which each change of leader leaves it silent for a moment, makes no store unready"
        [ "T S51"; "V I49" ]
        given [ at (seconds 10) (restart "PDGroup/basic-pd" "once") ] [
            exactly 3 (deletes Kind.Pod)
            always (
                called
                    "every store says Ready"
                    (all [ for index in 0..3 -> saysStill $"TiKV/basic-tikv-%d{index}" "Ready" "True" ])
            )
            yield! rolled
        ]

    scenario
        "R4"
        "A store that was away for long catches up with its peers before the next one is restarted"
        [ "V I19"; "V P27" ]
        given [
            at (seconds 10) (restart tikv "once")
            for zone in [ "a"; "b"; "c" ] do
                for number in 1..2 do
                    let node = $"node-%s{zone}%d{number}"
                    once (terminating "Pod/basic-tikv-3") (Misfortune.NodeCordon(node, true))

                    after (minutes 20) (terminating "Pod/basic-tikv-3") (Misfortune.NodeCordon(node, false))
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T57"
        "An operator that does not reach PD for an hour takes nothing down, and says that it does not know"
        [ "V T57"; "T S14"; "V P57"; "V I24" ]
        given [
            for cut in wayToPd true do
                at (seconds 10) cut
            for group in [ tikv; "PDGroup/basic-pd" ] do
                at (minutes 5) (restart group "once")
                at (minutes 50) (unset group [ "template"; "metadata"; "annotations" ])
            for mended in wayToPd false do
                at (hours 1) mended
        ] [
            eventually (minutes 4) (says "TiKV/basic-tikv-0" "Ready" "Unknown")
            always noneFails
            never (deletes Kind.Pod)
            never pdCalls
            finally' settled
        ]

    scenario
        "T76"
        "A Pod whose end the operator never saw leaves no claim behind when its store goes"
        [ "V T76"; "instaclustr-398"; "T 7.1.9" ]
        {
            given with
                Manifests = [
                    tikv,
                    Json.setPath [ "spec"; "volumeReclaimPolicy" ] (Some(Json.String "Delete")) Json.empty
                ]
        } [
            at (seconds 5) (scale tikv 3)
            once (removing "basic-tikv-3") (Misfortune.HoldBack(Some Kind.Pod, 3, seconds 60))
            after (seconds 1) (removing "basic-tikv-3") (deleteNow "Pod/basic-tikv-3")
        ] [
            exactly 1 removesStore
            finally' (absent "TiKV/basic-tikv-3")
            finally' (absent "PersistentVolumeClaim/data-basic-tikv-3")
            finally' settled
            finally' (storesUp 3)
        ]

    scenario
        "T77"
        "A roll ends, each Pod restarted once, though half of all requests fail for an hour"
        [ "V T77"; "L F01"; "V K19"; "V I71" ]
        given [
            at (seconds 5) (Misfortune.Api(None, ApiTrouble.Fails, 50, hours 1))
            at (seconds 10) (restart tikv "once")
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T78"
        "A field of ours that somebody else sets every three minutes is put right each time, without haste and without a restart"
        [ "V T78"; "T S36"; "V K60" ]
        given
        (everyThreeMinutes (
            patch
                "Service/basic-tikv-peer"
                (Json.setPath [ "spec"; "publishNotReadyAddresses" ] (Some(Json.Bool false)) Json.empty)
        ))
        [
            atLeast 15 writes
            atMost 40 writes
            never (deletes Kind.Pod)
            finally' (field "Service/basic-tikv-peer" [ "spec"; "publishNotReadyAddresses" ] (Json.Bool true))
            finally' settled
        ]

    scenario
        "T80"
        "A clock that jumps ten minutes ahead, and back, replaces no store before its time"
        [ "V T80"; "T S60"; "L F40"; "V K64"; "V I65" ]
        { Repair.replacing with Regions = 40 } [
            at (seconds 10) (powerOffNodeOf "basic-tikv-3")
            at (minutes 22) (Misfortune.ClockJump(0, minutes 10))
            at (minutes 26) (Misfortune.ClockJump(0, -(minutes 10)))
            at (minutes 28) (powerOnNodeOf "TiKV/basic-tikv-3")
        ] [
            never (creates Kind.TiKV)
            never removesStore
            finally' settled
            finally' (keepsStore "basic-tikv-3")
        ]

    scenario
        "T80b"
        "An eviction of leaders is given its time by the operator's clock as it runs, not as it jumps"
        [ "V T80"; "T S60"; "L F40" ]
        Given.ordinary [
            at (seconds 10) (restart tikv "once")
            once (evicting "basic-tikv-3") (Misfortune.ClockJump(0, minutes 10))
            once (evicting "basic-tikv-1") (Misfortune.ClockJump(0, -(minutes 10)))
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T82"
        "A label that leaves the template leaves the instances, and what others put there stays"
        [ "V T82"; "T S40"; "TO#4942" ]
        given [
            at
                (seconds 5)
                (set tikv [ "template"; "metadata"; "labels"; "example.com/team" ] (Json.String "blue"))
            at
                (seconds 6)
                (patch
                    "TiKV/basic-tikv-1"
                    (Json.setPath [ "metadata"; "labels"; "theirs" ] (Some(Json.String "kept")) Json.empty))
            after
                (minutes 1)
                (field "TiKV/basic-tikv-0" [ "metadata"; "labels"; "example.com/team" ] (Json.String "blue"))
                (unset tikv [ "template"; "metadata"; "labels"; "example.com/team" ])
        ] [
            for index in 0..3 do
                finally' (
                    called
                        $"basic-tikv-%d{index} has not the label any more"
                        (not' (
                            Fact.HasField(
                                $"TiKV/basic-tikv-%d{index}",
                                [ "metadata"; "labels"; "example.com/team" ]
                            )
                        ))
                )
            finally' (field "TiKV/basic-tikv-1" [ "metadata"; "labels"; "theirs" ] (Json.String "kept"))
            yield! rolled
        ]

    scenario
        "T83"
        "A group says nothing of a new generation before it has seen it"
        [ "V T83"; "T 6.4.46"; "TO#6132" ]
        given [
            at 0L (Misfortune.HoldBack(Some Kind.TiKVGroup, 2, seconds 60))
            at (seconds 5) (restart tikv "once")
        ] [ always syncedHonestly; exactly 4 (deletes Kind.Pod); yield! rolled ]

    {
        scenario
            "S31"
            "While PD is dead a missing Pod is made all the same, and every status is written"
            [ "T S31"; "T S14"; "V I63" ]
            given [
                for index in 0..2 do
                    at
                        (seconds 10)
                        (Misfortune.CrashLoop($"default/basic-pd-%d{index}", 100_000, "its disk is gone"))
                at (minutes 5) (delete "Pod/basic-tikv-1")
            ] [
                exactly 1 (creates Kind.Pod)
                finally' (pods "basic-tikv" 4)
                finally' (says "TiKV/basic-tikv-2" "Ready" "Unknown")
                finally' (reason "Cluster/basic" "PDUnreachable")
            ] with
            Rest = 0L
    }

    scenario
        "S55"
        "Groups and instances whose Cluster has vanished are left alone, and can be deleted without it"
        [ "T S55" ]
        given [
            at (seconds 10) clusterVanishes
            at (minutes 10) (delete tikv)
            at (minutes 10) (delete "PDGroup/basic-pd")
        ] [
            eventually (minutes 20) (absent tikv)
            eventually (minutes 20) (absent "PDGroup/basic-pd")
            finally' (pods "basic-tikv" 0)
            finally' (pods "basic-pd" 0)
            never (deletes Kind.PersistentVolumeClaim)
        ]

    scenario "S11" "Another form of names in DNS moves no store and removes none" [ "T S11"; "L F14" ] given [
        at (seconds 10) (set "Cluster/basic" [ "dns"; "mode" ] (Json.String "FQDN"))
        at (seconds 20) (restart tikv "once")
    ] [
        never removesStore
        never (deletes Kind.PersistentVolumeClaim)
        for index in 0..3 do
            finally' (keepsStore $"basic-tikv-%d{index}")
        yield! rolled
    ]

    scenario
        "C23"
        "A Pod that somebody deletes loses its leaders in good order while it stops, and comes back with its disk"
        [ "T 6.4.23"; "T 6.4.22"; "L F23" ]
        Given.ordinary [ at (seconds 10) (delete "Pod/basic-tikv-1") ] [
            eventually (minutes 2) (evicting "basic-tikv-1")
            exactly 1 (creates Kind.Pod)
            finally' (keepsStore "basic-tikv-1")
            yield! rolled
        ]

    scenario
        "W1"
        "A store that is to leave waits while a store of another group is restarted"
        [ "T S19"; "V I15" ]
        given [
            at (seconds 10) (Groups.moreTikv 3)
            after (minutes 2) (storesUp 7) (restart tikv "once")
            once (terminating "Pod/basic-tikv-3") (scale "TiKVGroup/more-tikv" 2)
        ] [
            removesStore |> neverWhile disruption
            exactly 1 removesStore
            finally' settled
            finally' noEvictions
            finally' (storesUp 6)
        ]

    scenario
        "W2"
        "A store that is to leave does not while its cluster is suspended, and does when it is resumed"
        [ "V T18"; "V I38" ]
        Given.ordinary [
            at (seconds 10) (scale tikv 3)
            once (evicting "basic-tikv-3") (suspend true)
            at (minutes 30) (suspend false)
        ] [
            removesStore |> neverWhile disruption
            exactly 1 removesStore
            finally' settled
            finally' noEvictions
            finally' (storesUp 3)
        ]
]
