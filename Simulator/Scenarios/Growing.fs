/// Instances that are to be, and what keeps them from it: verification D1, tidb-operator-v2 6.4 and 7.2.
module Tikv.Simulator.Scenarios.Growing

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private tikv = "TiKVGroup/basic-tikv"
let private pd = "PDGroup/basic-pd"
let private given = { Given.ordinary with Regions = 40 }

let private hard (pods: int) =
    Json.setPath [ "spec"; "hard"; "pods" ] (Some(Json.string (string pods))) Json.empty

let private limitPods pods =
    hard pods
    |> Json.withField "apiVersion" (Json.String "v1")
    |> Json.withField "kind" (Json.String "ResourceQuota")
    |> Json.withField
        "metadata"
        (Json.object [ "name", Json.String "pods"; "namespace", Json.String Target.space ])
    |> Act.Create
    |> act

let private raiseLimit pods = patch "ResourceQuota/pods" (hard pods)

/// A store of TiFlash registers with PD, and is heard of once.
let private tiflash = act (Act.RegisterStore("tiflash", "tiflash"))

let private ofImage (image: string) manifest =
    Json.setPath [ "spec"; "template"; "spec"; "image" ] (Some(Json.String image)) manifest

/// While the Pod of the replacement waits, those that serve are not stopped.
let private keepsItsPlace =
    called
        "no store is stopped while the replacement waits for room"
        (implies
            (field "Pod/basic-tikv-4" [ "status"; "phase" ] (Json.String "Pending"))
            (all [ for index in 0..2 -> not' (terminating $"Pod/basic-tikv-%d{index}") ]))

let private haveBeenRestarted indexes =
    called
        "the stores that serve have been restarted"
        (all [
            for index: int in indexes ->
                field
                    $"TiKV/basic-tikv-%d{index}"
                    [ "metadata"; "annotations"; "example.com/restarted-at" ]
                    (Json.String "once")
        ])

let stories = [
    scenario
        "T07"
        "While a replacement waits for room no other store is restarted, whose place it would take; when it serves the roll goes on beside the store that failed"
        [ "V T07"; "TO#725"; "TO#865" ]
        { Repair.onLocalDisks Repair.replacing with Regions = 40 } [
            at (seconds 5) (act (Act.ReserveNodesWithout("basic-tikv", true)))
            at (seconds 10) (powerOffNodeOf "basic-tikv-3")
            at (minutes 60) (restart tikv "once")
            at (minutes 100) (act (Act.ReserveNodesWithout("basic-tikv", false)))
            at (minutes 160) powerOnEverywhere
        ] [
            eventually (minutes 50) (exists "TiKV/basic-tikv-4")
            always keepsItsPlace
            eventually (minutes 150) (haveBeenRestarted [ 0; 1; 2 ])
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "T20"
        "A quota that leaves no room for one of two stores is told, and the store is made when the quota grows"
        [ "V T20"; "V K17" ]
        { given with Tikv = 3 } [
            at (seconds 5) (limitPods 7)
            at (seconds 10) (scale tikv 5)
            at (hours 1) (raiseLimit 20)
        ] [
            eventually (minutes 10) (storesUp 4)
            eventually (minutes 10) (reason "TiKV/basic-tikv-4" "QuotaExceeded")
            exactly 2 (creates Kind.Pod)
            finally' settled
            finally' (storesUp 5)
        ]

    scenario
        "T35"
        "The first Pods of a group are not taken for a roll, however late the operator hears of what it made"
        [ "V T35"; "L F20"; "TO PR#5551"; "TO#830" ]
        given [
            at 0L (Misfortune.HoldBack(Some Kind.TiKVGroup, 2, seconds 20))
            at 0L (Misfortune.HoldBack(Some Kind.ControllerRevision, 2, seconds 30))
            at (seconds 5) (Groups.moreTikv 3)
        ] [
            never (deletes Kind.Pod)
            never evictsLeaders
            exactly 3 (creates Kind.Pod)
            finally' settled
            finally' (storesUp 7)
        ]

    {
        scenario
            "T36"
            "A store that PD is still filling holds no roll up"
            [ "V T36"; "TO#6148"; "T 7.1.2" ]
            { Given.ordinary with Regions = 3_000 } [
                at (seconds 10) (scale tikv 5)
                after (seconds 30) (preparing "basic-tikv-4") (restart tikv "once")
            ] [
                eventually (hours 1) (restarted "TiKVGroup/basic-tikv" "once")
                exactly 5 (deletes Kind.Pod)
                finally' settled
                finally' (storesUp 5)
            ] with
            Rest = 0L
            Why = Some "It is not left alone afterwards: PD moves regions to the new store for hours."
    }

    scenario
        "T50"
        "A store of another engine is neither replaced when it is down, nor counted where replicas are, nor in the way of a roll"
        [ "V T50"; "L F34"; "L F07"; "TO#1582" ]
        { Repair.replacing with Regions = 40 } [
            at (seconds 5) tiflash
            at (minutes 40) (restart tikv "once")
            at (minutes 70) (scale tikv 3)
            at (minutes 110) (scale tikv 2)
            at (minutes 150) (scale tikv 3)
        ] [
            never (creates Kind.TiKV)
            eventually (minutes 65) (restarted "TiKVGroup/basic-tikv" "once")
            exactly 1 removesStore
            exactly 5 (deletes Kind.Pod)
            eventually (minutes 130) (reason tikv "MinReplicasAfter")
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "C40"
        "When none of a group's stores runs, the template that heals them reaches all at once"
        [ "T 6.4.40"; "T 7.1.2"; "T 7.1.31" ]
        given [
            at 0L (Misfortune.BadImage("pingcap/tikv:broken", true))
            at
                (seconds 5)
                (create
                    "TiKVGroup"
                    "more-tikv"
                    (Groups.manifest "basic" 3 "v8.5.2" |> ofImage "pingcap/tikv:broken"))
            at (minutes 10) (unset "TiKVGroup/more-tikv" [ "template"; "spec"; "image" ])
        ] [
            eventually (minutes 9) (reason "TiKV/more-tikv-0" "ImagePullFailed")
            eventually (minutes 12) (storesUp 7)
            exactly 3 (deletes Kind.Pod)
            finally' settled
        ]

    scenario
        "S28"
        "A version that must wait for PD holds up neither a new store nor anything else"
        [ "T S28"; "T 6.4.41" ]
        given [
            at (seconds 5) (version tikv "v8.5.3")
            at (minutes 1) (scale tikv 5)
            at (minutes 20) (version tikv "v8.5.2")
        ] [
            eventually (minutes 1) (reason tikv "VersionPath")
            eventually (minutes 5) (storesUp 5)
            always (allAt "basic-tikv" "v8.5.2")
            never (deletes Kind.Pod)
            finally' settled
        ]

    scenario
        "S59"
        "A group whose names are another's takes nothing over, says so, and can be deleted again"
        [ "T S59"; "V I44" ]
        given [
            at (seconds 5) (create "PDGroup" "basic-tikv-peer" (Groups.manifest "basic" 1 "v8.5.2"))
            at (minutes 10) (delete "PDGroup/basic-tikv-peer")
        ] [
            eventually (minutes 5) (reason "PDGroup/basic-tikv-peer" "ConflictingOwner")
            never (deletesOf Kind.Service "basic-tikv-peer")
            never (deletes Kind.Pod)
            finally' (absent "PDGroup/basic-tikv-peer")
            finally' settled
        ]

    scenario
        "F17"
        "A cluster whose first stores could not start, and which PD therefore does not know, heals when the image does"
        [ "L F17"; "TO#3694"; "TO#3612" ]
        given [
            at 0L (Misfortune.BadImage("pingcap/tikv:broken", true))
            at (seconds 5) (create "Cluster" "other" (Json.object [ "spec", Json.empty ]))
            at (seconds 5) (create "PDGroup" "other-pd" (Groups.manifest "other" 1 "v8.5.2"))
            at
                (seconds 5)
                (create
                    "TiKVGroup"
                    "other-tikv"
                    (Groups.manifest "other" 3 "v8.5.2" |> ofImage "pingcap/tikv:broken"))
            at (minutes 10) (unset "TiKVGroup/other-tikv" [ "template"; "spec"; "image" ])
        ] [
            eventually (minutes 9) (reason "TiKV/other-tikv-0" "ImagePullFailed")
            eventually (minutes 14) (ready "TiKVGroup/other-tikv")
            never removesStore
            finally' settled
            finally' (storesUp 7)
        ]

    scenario
        "F30"
        "The replacement of a store that is lost takes its place in its zone"
        [ "L F30"; "TO#1594" ]
        (Repair.onLocalDisks {
            Groups.zoned with
                Regions = 40
                NodesPerZone = 3
                Manifests = (tikv, Repair.failover true) :: Groups.zoned.Manifests
        }) [ at (seconds 10) (deleteNodeOf "basic-tikv-2") ] [
            eventually
                (hours 1)
                (field
                    "TiKV/basic-tikv-6"
                    [ "spec"; "topology"; "topology.kubernetes.io/zone" ]
                    (Json.String "c"))
            exactly 1 (creates Kind.TiKV)
            finally' (absent "TiKV/basic-tikv-2")
            finally' settled
            finally' (storesUp 6)
        ]
]
