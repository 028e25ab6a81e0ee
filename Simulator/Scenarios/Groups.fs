/// Which instances a group has, which go first, and what they are brought to.
module Tikv.Simulator.Scenarios.Groups

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private tikv = "TiKVGroup/basic-tikv"
let private pd = "PDGroup/basic-pd"
let private three = { Given.ordinary with Tikv = 3 }
let private five = { Given.ordinary with Tikv = 5 }

/// The manifest of a group with volumes of 1Gi.
let manifest cluster replicas (version: string) =
    Json.object [
        "spec",
        Json.object [
            "cluster", Json.object [ "name", Json.String cluster ]
            "replicas", Json.int replicas
            "template",
            Json.object [
                "spec",
                Json.object [
                    "version", Json.String version
                    "volumes",
                    Json.array [ Json.object [ "name", Json.String "data"; "storage", Json.String "1Gi" ] ]
                ]
            ]
        ]
    ]

/// Another group of TiKV of the same cluster.
let moreTikv replicas = create "TiKVGroup" "more-tikv" (manifest "basic" replicas "v8.5.2")

/// One share of the instances for each zone.
let evenly zones =
    Json.array [
        Json.object [
            "type", Json.String "EvenlySpread"
            "evenlySpread",
            Json.object [
                "topologies",
                Json.array [
                    for zone in zones ->
                        Json.object [
                            "topology", Json.object [ "topology.kubernetes.io/zone", Json.String zone ]
                        ]
                ]
            ]
        ]
    ]

/// Six stores, two in each of three zones.
let zoned = {
    Given.ordinary with
        Tikv = 6
        Manifests = [
            tikv, Json.object [ "spec", Json.object [ "schedulePolicies", evenly [ "a"; "b"; "c" ] ] ]
        ]
}

let stories = [
    scenario
        "T03"
        "Scaling out while a store leaves calls that store back, and makes only what is missing then"
        [ "T 6.4.31"; "L F04"; "L B21"; "V T03"; "TO#720"; "T 7.1.28" ]
        Given.ordinary [
            at (seconds 10) (scale tikv 3)
            after (seconds 20) (removing "basic-tikv-3") (scale tikv 5)
        ] [
            exactly 1 removesStore
            exactly 1 (creates Kind.TiKV)
            never (deletes Kind.Pod)
            finally' settled
            finally' (keepsStore "basic-tikv-3")
            finally' (storesUp 5)
        ]

    scenario
        "T08"
        "A new instance does not start on the kept disk of a store that has left"
        [ "T 6.4.33"; "V T08"; "TO#4886"; "TO#647" ]
        Given.ordinary [
            at (seconds 10) (scale tikv 3)
            after (seconds 60) (absent "TiKV/basic-tikv-3") (scale tikv 4)
        ] [
            exactly 1 (creates Kind.TiKV)
            never (deletes Kind.PersistentVolumeClaim)
            finally' (exists "PersistentVolumeClaim/data-basic-tikv-3")
            finally' (exists "TiKV/basic-tikv-4")
            finally' settled
            finally' (storesUp 4)
            finally' (tombstones 1)
        ]

    scenario
        "T17"
        "Scaling in and out again within seconds leaves everything as it was"
        [ "V T17" ]
        Given.ordinary [ at (seconds 10) (scale tikv 3); at (seconds 12) (scale tikv 4) ] [
            never (deletes Kind.Pod)
            never (creates Kind.TiKV)
            finally' settled
            finally' (keepsStore "basic-tikv-3")
            finally' noEvictions
        ]

    scenario
        "T19"
        "The stores of a group that is deleted leave before their Pods go, and the other groups live on"
        [ "V T19"; "TO#6692"; "T 7.1.7" ]
        Given.ordinary [
            at (seconds 10) (moreTikv 2)
            after (minutes 1) (storesUp 6) (delete "TiKVGroup/more-tikv")
        ] [
            exactly 2 removesStore
            exactly 2 (deletes Kind.Pod)
            finally' (absent "TiKVGroup/more-tikv")
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "T19b"
        "A group whose stores are needed is not drained, and says why"
        [ "L F10"; "TO#6692" ]
        three [ at (seconds 10) (delete tikv) ] [
            never removesStore
            never (deletes Kind.Pod)
            eventually (minutes 5) (reason tikv "MinReplicasAfter")
            finally' (storesUp 3)
        ]

    scenario
        "T19c"
        "Stores of two groups leave one after another, not both at once"
        [ "T S17"; "T S19"; "V I06" ]
        Given.ordinary [
            at (seconds 10) (moreTikv 3)
            after (minutes 1) (storesUp 7) (scale "TiKVGroup/more-tikv" 2)
            after (minutes 1) (storesUp 7) (scale tikv 3)
        ] [
            exactly 2 removesStore
            eventually (minutes 30) (reason "TiKVGroup/more-tikv" "OneAtATime")
            finally' settled
            finally' (storesUp 5)
        ]

    scenario
        "T21"
        "A new version reaches PD first and then TiKV, one Pod at a time and each once"
        [ "T 6.4.9"; "L B19"; "V T21"; "T 6.4.41"; "T 6.4.46"; "V I33"; "V I34" ]
        Given.ordinary [ at (seconds 10) (version tikv "v8.5.3"); at (minutes 10) (version pd "v8.5.3") ] [
            eventually (minutes 5) (reason tikv "VersionPath")
            exactly 7 (deletes Kind.Pod)
            exactly 1 transfersLeader
            always (notBefore "basic-tikv" "basic-pd" "v8.5.3")
            finally' (allAt "basic-pd" "v8.5.3")
            finally' (allAt "basic-tikv" "v8.5.3")
            finally' (field tikv [ "status"; "version" ] (Json.String "v8.5.3"))
            finally' settled
            finally' noEvictions
        ]

    scenario
        "T21b"
        "A version beneath that of the cluster is refused, with a reason and without any disruption"
        [ "V I35" ]
        Given.ordinary [
            at (seconds 10) (version tikv "v7.5.0")
            at (seconds 10) (version pd "v7.5.0")
            at (minutes 10) (version tikv "v8.5.2")
            at (minutes 10) (version pd "v8.5.2")
        ] [
            eventually (minutes 5) (reason tikv "VersionPath")
            eventually (minutes 5) (reason pd "VersionPath")
            never (deletes Kind.Pod)
            never pdCalls
            finally' settled
        ]

    scenario
        "C36"
        "The instance that people gave priority goes, wherever its index stands"
        [ "T 6.4.36"; "L F33" ]
        Given.ordinary [
            at (seconds 5) (annotate "TiKV/basic-tikv-1" "tikv.org/priority" "0")
            at (seconds 10) (scale tikv 3)
        ] [
            exactly 1 removesStore
            finally' (absent "TiKV/basic-tikv-1")
            finally' (exists "TiKV/basic-tikv-3")
            finally' settled
            finally' (storesUp 3)
        ]

    scenario
        "C37"
        "An instance that is deleted by hand leaves in order, and another one takes its place first"
        [ "T 6.4.37"; "L B22"; "L F24"; "TO#6195" ]
        three [ at (seconds 10) (delete "TiKV/basic-tikv-1") ] [
            exactly 1 removesStore
            exactly 1 (creates Kind.TiKV)
            never (deletes Kind.PersistentVolumeClaim)
            finally' (absent "TiKV/basic-tikv-1")
            finally' settled
            finally' (storesUp 3)
        ]

    scenario
        "C38"
        "Fewer stores and another template at once: the surplus goes after all that stay have been restarted"
        [ "T 6.4.38"; "TO#6394"; "T 7.1.3" ]
        five [ at (seconds 10) (scale tikv 3); at (seconds 10) (restart tikv "now") ] [
            exactly 5 (deletes Kind.Pod)
            exactly 2 removesStore
            eventually (minutes 5) (reason tikv "DeletionDeferred")
            finally' settled
            finally' (storesUp 3)
        ]

    scenario "C38b" "A deferred deletion can be called back" [ "TO#6487"; "T 7.1.13" ] five [
        at (seconds 10) (scale tikv 3)
        at (seconds 10) (restart tikv "now")
        after (seconds 5) (reason tikv "DeletionDeferred") (scale tikv 5)
    ] [ exactly 5 (deletes Kind.Pod); never removesStore; finally' settled; finally' (storesUp 5) ]

    scenario
        "C39"
        "More stores and another template at once: new ones first, and each old one is restarted once"
        [ "T 6.4.39"; "TO#6053" ]
        three [ at (seconds 10) (scale tikv 5); at (seconds 10) (restart tikv "now") ] [
            exactly 2 (creates Kind.TiKV)
            exactly 3 (deletes Kind.Pod)
            finally' settled
            finally' (storesUp 5)
        ]

    scenario "C25" "Labels of stores restart nothing" [ "T 6.4.25"; "V I37" ] Given.ordinary [
        at
            (seconds 10)
            (set tikv [ "template"; "spec"; "server"; "labels" ] (Json.object [ "disk", Json.String "ssd" ]))
    ] [
        never (deletes Kind.Pod)
        eventually
            (minutes 1)
            (field "TiKV/basic-tikv-0" [ "spec"; "server"; "labels"; "disk" ] (Json.String "ssd"))
        finally' settled
    ]

    scenario
        "C45"
        "The template goes back to the revision before when that is asked for, and the number of that revision grows"
        [ "T 6.4.45" ]
        three [
            at (seconds 10) (config tikv "[storage]\nreserve-space = \"1MB\"\n")
            at (minutes 20) (annotate tikv "tikv.org/rollback-to" "previous")
        ] [
            exactly 1 (creates Kind.ControllerRevision)
            exactly 6 (deletes Kind.Pod)
            finally' (
                field
                    tikv
                    [ "spec"; "template"; "spec"; "config" ]
                    (Json.String "[storage]\nreserve-space = \"0MB\"\n")
            )
            finally' settled
        ]

    scenario "B28" "Scaling in keeps zones as even as possible" [ "L B28"; "TO#6538"; "T 7.1.21" ] zoned [
        at (seconds 10) (scale tikv 4)
    ] [
        exactly 2 removesStore
        finally' (absent "TiKV/basic-tikv-5")
        finally' (absent "TiKV/basic-tikv-4")
        finally' (says tikv "TopologySafe" "True")
        finally' settled
    ]

    scenario
        "C08"
        "Members of PD join and leave one by one, and the leader is not the one that leaves"
        [ "T 6.4.6"; "T S4"; "V I21"; "T 7.1.10"; "T 7.1.11" ]
        Given.ordinary [ at (seconds 10) (scale pd 5); after (minutes 1) (members 5) (scale pd 3) ] [
            exactly 2 (creates Kind.PD)
            exactly 2 removesMember
            never transfersLeader
            always hasPdLeader
            finally' settled
            finally' (members 3)
        ]

    scenario
        "S10"
        "A second PD group takes over from the first, which can then be deleted"
        [ "T S7"; "T S10"; "L F27" ]
        Given.ordinary [
            at (seconds 10) (create "PDGroup" "more-pd" (manifest "basic" 3 "v8.5.2"))
            after (minutes 2) (members 6) (delete pd)
        ] [
            exactly 3 removesMember
            finally' (absent pd)
            finally' (members 3)
            finally' hasPdLeader
            finally' settled
        ]

    scenario
        "S07"
        "The last PD group of a cluster is not taken down though it is deleted"
        [ "T S7" ]
        Given.ordinary [ at (seconds 10) (delete pd) ] [
            never removesMember
            never (deletes Kind.Pod)
            eventually (minutes 5) (reason pd "LastPDGroup")
            finally' (members 3)
        ]
]
