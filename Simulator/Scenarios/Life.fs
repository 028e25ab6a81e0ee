/// Pause, sleep, drains and the end of a cluster.
module Tikv.Simulator.Scenarios.Life

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run

let private cluster = "Cluster/basic"
let private pd = "PDGroup/basic-pd"
let private tikv = "TiKVGroup/basic-tikv"
let private ordinary = Given.ordinary

let private pdOutlivesTikv =
    called
        "no member of PD stops while a store runs"
        (not' (all [ Fact.PodStops "basic-pd"; Fact.PodStands "basic-tikv" ]))

let private empty node = Fact.NodeEmpty node

let private nothingLost = [
    never removesStore
    never removesMember
    never (deletes Kind.PersistentVolumeClaim)
]

let private sameStores = [ for index in 0..3 -> finally' (keepsStore $"basic-tikv-%d{index}") ]

let private asleep = condition cluster "Suspended" "True" "UserRequested"

/// The user takes the volumes of the Cluster over for which the claim was made.
let private adopt claim = act (Act.AdoptVolumes claim)

let private annotateTrue target key = annotate target key "true"

let private pdDies time = [
    for index in 0..2 ->
        at time (Misfortune.CrashLoop($"default/basic-pd-%d{index}", 100_000, "its disk is gone"))
]

let private again =
    Bootstrap.manifests 3 4
    |> List.map (fun request ->
        let kind = Json.stringAt [ "kind" ] request.Body |> Option.defaultValue ""
        create kind (Meta.name request.Body) request.Body)

let private restless (story: Story) = {
    story with
        Rest = 0L
        Why = Some "It is not settled, and PD and the stores tell new things of themselves."
}

let stories = [
    scenario
        "B23"
        "A paused cluster is written to in status only, and deletions wait with it"
        [ "L B23"; "T 6.4.42"; "T 2.7" ]
        ordinary [
            at (seconds 10) (pause true)
            at (seconds 20) (scale tikv 5)
            at (seconds 30) (delete "TiKV/basic-tikv-3")
            at (minutes 5) (deleteNow "Pod/basic-tikv-0")
        ] [
            never writes
            never pdCalls
            finally' (says cluster "Paused" "True")
            finally' (reason tikv "Paused")
        ]
    |> restless

    scenario "C42" "A cluster that was paused goes on where it was" [ "T 6.4.42" ] ordinary [
        at (seconds 10) (pause true)
        at (seconds 20) (scale tikv 5)
        at (minutes 10) (pause false)
    ] [ exactly 1 (creates Kind.TiKV); never (deletes Kind.Pod); finally' settled; finally' (storesUp 5) ]

    scenario
        "B24"
        "Suspension stops TiKV before PD, and the resumption starts PD before TiKV, with the stores and disks that there were"
        [ "L B24"; "T 6.4.43"; "T S52"; "T 2.7"; "TO#7023"; "V I38"; "T 7.1.25" ]
        ordinary [ at (seconds 10) (suspend true); after (minutes 10) asleep (suspend false) ] [
            always pdOutlivesTikv
            eventually (minutes 10) asleep
            exactly 7 (deletes Kind.Pod)
            exactly 7 (creates Kind.Pod)
            yield! nothingLost
            yield! sameStores
            finally' settled
            finally' noEvictions
            finally' (members 3)
        ]

    scenario
        "B24b"
        "A suspension that is taken back halfway leaves a cluster that runs"
        [ "L B24"; "V I38" ]
        ordinary [ at (seconds 10) (suspend true); at (seconds 12) (suspend false) ] [
            yield! nothingLost
            yield! sameStores
            finally' settled
            finally' (members 3)
        ]

    scenario
        "T18"
        "Suspension wins over a scale-in, and the resumption completes it"
        [ "V T18"; "T S48"; "TO#4679" ]
        ordinary [
            at (seconds 10) (scale tikv 3)
            after (seconds 5) (removing "basic-tikv-3") (suspend true)
            after (minutes 5) asleep (suspend false)
        ] [
            always pdOutlivesTikv
            eventually (hours 1) asleep
            exactly 1 removesStore
            never (deletes Kind.PersistentVolumeClaim)
            finally' settled
            finally' (storesUp 3)
            finally' noEvictions
        ]

    scenario
        "T18b"
        "Suspension in the middle of a roll leaves neither a claim nor an eviction behind"
        [ "V T18"; "T S37"; "T 7.1.20" ]
        ordinary [
            at (seconds 10) (restart tikv "now")
            once (evicting "basic-tikv-3") (suspend true)
            after (minutes 5) asleep (suspend false)
        ] [
            eventually (hours 1) asleep
            yield! nothingLost
            yield! sameStores
            finally' settled
            finally' noEvictions
        ]

    scenario
        "T38"
        "kubectl drain of two nodes at once moves one Pod at a time, and ends"
        [ "V T38"; "L F23"; "V K48"; "TO#6938"; "T 7.1.18"; "T 7.1.19" ]
        ordinary [
            at (seconds 10) (Misfortune.NodeDrain("node-a1", true))
            at (seconds 10) (Misfortune.NodeDrain("node-b1", true))
            at (hours 2) (Misfortune.NodeCordon("node-a1", false))
            at (hours 2) (Misfortune.NodeCordon("node-b1", false))
        ] [
            always onePodStops
            eventually (hours 1) (empty "node-a1")
            eventually (hours 1) (empty "node-b1")
            yield! nothingLost
            yield! sameStores
            finally' settled
            finally' noEvictions
        ]

    scenario
        "T38b"
        "Where a group says Hold, a cordoned node keeps its Pods"
        [ "V K48" ]
        {
            ordinary with
                Manifests = [
                    pd, Json.setPath [ "spec"; "drain" ] (Some(Json.String "Hold")) Json.empty
                    tikv, Json.setPath [ "spec"; "drain" ] (Some(Json.String "Hold")) Json.empty
                ]
        } [
            at (seconds 10) (Misfortune.NodeCordon("node-a1", true))
            at (minutes 30) (Misfortune.NodeCordon("node-a1", false))
        ] [ never (deletes Kind.Pod); finally' settled ]

    scenario
        "C48"
        "A Cluster that is deleted takes all that is its own along, without draining, and leaves the volumes"
        [ "T 6.4.48"; "T S18"; "V I73" ]
        ordinary [ at (seconds 10) (delete cluster) ] [
            yield! nothingLost
            never evictsLeaders
            eventually (minutes 10) (absent cluster)
            finally' (absent pd)
            finally' (absent tikv)
            finally' (pods "basic-tikv" 0)
            finally' (pods "basic-pd" 0)
            finally' (exists "PersistentVolumeClaim/data-basic-tikv-0")
        ]

    scenario
        "C48b"
        "The volumes go with the Cluster where its deletion policy says so"
        [ "T 6.4.48"; "T S18" ]
        {
            ordinary with
                Manifests = [
                    cluster, Json.setPath [ "spec"; "deletionPolicy" ] (Some(Json.String "Delete")) Json.empty
                ]
        } [ at (seconds 10) (delete cluster) ] [
            eventually (minutes 10) (absent cluster)
            exactly 7 (deletes Kind.PersistentVolumeClaim)
            finally' (absent "PersistentVolumeClaim/data-basic-tikv-0")
        ]

    scenario
        "T67"
        "A Cluster whose PD is gone for good is deleted all the same, and its volumes stay"
        [ "V T67"; "TO#6548"; "V I73" ]
        ordinary [ yield! pdDies (seconds 10); at (minutes 5) (delete cluster) ] [
            eventually (minutes 20) (absent cluster)
            yield! nothingLost
            finally' (pods "basic-tikv" 0)
            finally' (pods "basic-pd" 0)
        ]

    scenario
        "T84"
        "A namespace that is deleted while PD is dead empties itself"
        [ "V T84"; "T S53"; "V K36" ]
        ordinary [ yield! pdDies (seconds 10); at (minutes 5) (act Act.DeleteNamespaced) ] [
            eventually (minutes 20) (absent cluster)
            finally' (absent pd)
            finally' (absent tikv)
            finally' (pods "basic-tikv" 0)
            finally' (pods "basic-pd" 0)
        ]

    scenario
        "T67b"
        "A store is given up without PD on the word of its user only, and its volume stays"
        [ "TO#6548"; "V I73" ]
        ordinary [
            yield! pdDies (seconds 10)
            at (minutes 5) (scale tikv 3)
            at (minutes 6) (delete "TiKV/basic-tikv-3")
            at (minutes 30) (annotateTrue "TiKV/basic-tikv-3" Annotations.abandon)
        ] [
            eventually (minutes 10) (mentions "TiKV/basic-tikv-3" "Ready" Annotations.abandon)
            exactly 1 (deletesOf Kind.Pod "basic-tikv-3")
            yield! nothingLost
            eventually (minutes 40) (exists "PersistentVolumeClaim/data-basic-tikv-3")
        ]

    scenario
        "T69"
        "A new Cluster of the same name does not touch the volumes of the former one until its user says so"
        [ "V T69"; "V T81"; "casskop#316"; "V I14" ]
        ordinary [
            at (seconds 10) (delete cluster)
            for request in again do
                after (minutes 5) (absent cluster) request
            after (minutes 30) (absent cluster) (adopt "data-basic-pd-0")
        ] [
            eventually (minutes 30) (reason "PD/basic-pd-0" "ConflictingOwner")
            yield! nothingLost
            yield! sameStores
            finally' settled
            finally' (members 3)
        ]
]
