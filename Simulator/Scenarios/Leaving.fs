/// Stores on their way out, and what comes in between: verification D1, tidb-operator-v2 6.4 #27-36 and 7.2.
module Tikv.Simulator.Scenarios.Leaving

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private tikv = "TiKVGroup/basic-tikv"
let private last = "TiKV/basic-tikv-3"
let private lastClaim = "PersistentVolumeClaim/data-basic-tikv-3"
let private given = { Given.ordinary with Regions = 40 }

/// Claims go with the instance.
let private deleting = {
    given with
        Manifests = [
            tikv, Json.setPath [ "spec"; "volumeReclaimPolicy" ] (Some(Json.String "Delete")) Json.empty
        ]
}

let private leaveOut (indexes: int list) =
    set tikv [ "offlineIndexes" ] (Json.array (indexes |> List.map Json.int))

let private keepsClaims = never (deletes Kind.PersistentVolumeClaim)

/// While a store serves, its instance is there, and nobody has asked for its end.
let private instanceOutlastsStore =
    called
        "an instance is deleted only when PD has let its store go"
        (any [ all [ exists last; not' (terminating last) ]; tombstone "basic-tikv-3" ])

let private storesInEachZone = called "each zone has a store" (Fact.StoresInZones [ "a"; "b"; "c" ])

/// The store that is to leave leads a region still.
let private leads = Fact.LeadsRegions("basic-tikv-3", 1)

let private calledBackUnnoticed =
    called
        "PD has the store back, and the instance does not say so yet"
        (all [ Fact.StoreUp "basic-tikv-3"; field last [ "status"; "state" ] (Json.String "Removing") ])

let stories = [
    scenario
        "T04b"
        "An operator that dies between the return of a store and the word of it loses neither"
        [ "V T04"; "TO#6396"; "TO#6487" ]
        Given.ordinary [
            at (seconds 10) (scale tikv 3)
            after (seconds 30) (removing "basic-tikv-3") (scale tikv 4)
            once calledBackUnnoticed crash
        ] [
            exactly 1 removesStore
            keepsClaims
            never (deletes Kind.Pod)
            finally' settled
            finally' (keepsStore "basic-tikv-3")
        ]

    scenario
        "T06"
        "An instance that never became a store goes when it is not wanted any more, without a word to PD, and its claim with it"
        [ "V T06"; "T S33"; "L F24"; "TO#4644"; "TO#6531"; "T 7.1.15"; "T 7.1.28" ]
        deleting [
            at 0L (Misfortune.BadImage("pingcap/tikv:v8.5.2", true))
            at (seconds 5) (scale tikv 5)
            after (minutes 5) (exists "Pod/basic-tikv-4") (scale tikv 4)
        ] [
            eventually (minutes 4) (reason "TiKV/basic-tikv-4" "ImagePullFailed")
            never pdCalls
            exactly 1 (deletesOf Kind.PersistentVolumeClaim "data-basic-tikv-4")
            exactly 1 (deletes Kind.PersistentVolumeClaim)
            finally' (absent "TiKV/basic-tikv-4")
            finally' settled
            finally' (storesUp 4)
        ]

    {
        scenario
            "T12"
            "Two stores of many regions leave one after the other for hours, though the operator starts anew every ten minutes"
            [ "V T12"; "T S17"; "V I06" ]
            { Given.ordinary with Tikv = 6; Regions = 3_000 }
            (at (seconds 10) (scale tikv 4) :: each (minutes 10) (minutes 10) (hours 4) crash)
            [
                always oneStoreLeaves
                eventually (minutes 15) (reason tikv "ScalingIn")
                exactly 2 removesStore
                keepsClaims
                finally' settled
                finally' (storesUp 4)
                finally' (tombstones 2)
            ] with
            Limit = hours 12
    }

    scenario
        "T13"
        "The only store of a zone stays while replicas need the zone, and its group says so"
        [ "V T13"; "V P32" ]
        { Groups.zoned with Tikv = 4 }
        (Parallel.isolated
         @ [
             at (minutes 20) (set tikv [ "replicas" ] (Json.int 3))
             at (minutes 20) (leaveOut [ 2 ])
             at (minutes 50) (leaveOut [])
             at (minutes 50) (scale tikv 4)
         ])
        [
            eventually (minutes 40) (reason tikv "TopologySpreadAfter")
            never removesStore
            never (deletes Kind.Pod)
            finally' settled
            finally' noEvictions
            finally' (storesUp 4)
        ]

    scenario
        "T14"
        "With one replica of each region a store is restarted, and leaves, without an endless wait"
        [ "V T14"; "T S23"; "TO#4747"; "T 7.1.26" ]
        { given with Tikv = 2; MaxReplicas = 1 } [
            at (seconds 10) (restart tikv "once")
            at (minutes 25) (scale tikv 1)
        ] [
            eventually (minutes 20) (restarted "TiKVGroup/basic-tikv" "once")
            exactly 3 (deletes Kind.Pod)
            finally' settled
            finally' (storesUp 1)
            finally' noEvictions
        ]

    scenario
        "T16"
        "A store that PD has forgotten is neither counted as served nor taken for gone: its claim stays, and people decide"
        [ "V T16"; "T S11"; "T S38"; "V P10"; "pd#4941" ]
        deleting [
            at (seconds 10) (scale tikv 3)
            once (tombstone "basic-tikv-3") PdActs.removeTombstones
            after (minutes 20) (tombstone "basic-tikv-3") (annotate last Annotations.abandon "true")
            after (minutes 20) (tombstone "basic-tikv-3") (delete last)
        ] [
            eventually (minutes 25) (reason last "StoreNotRegistered")
            keepsClaims
            finally' (absent last)
            finally' (exists lastClaim)
            finally' settled
            finally' (storesUp 3)
        ]

    scenario
        "T17b"
        "A store that is wanted again while the claim of the former one goes does not wait for ever, and starts on another claim"
        [ "V T17"; "T 6.4.33"; "V K52" ]
        deleting [ at (seconds 10) (scale tikv 3); once (terminating lastClaim) (scale tikv 4) ] [
            exactly 1 removesStore
            exactly 1 (creates Kind.TiKV)
            exactly 1 (deletes Kind.PersistentVolumeClaim)
            finally' settled
            finally' (storesUp 4)
            finally' (tombstones 1)
        ]

    scenario
        "P05"
        "A store does not leave while people keep leaders away from the others, where PD could put no replica; then it does"
        [ "V P05"; "V I05" ]
        Given.ordinary [
            at (seconds 5) (pdEvictLeaders "basic-tikv-0")
            at (seconds 5) (pdEvictLeaders "basic-tikv-1")
            at (seconds 5) (pdEvictLeaders "basic-tikv-2")
            at (seconds 20) (scale tikv 3)
            at (minutes 20) (pdStopEvicting "basic-tikv-0")
            at (minutes 20) (pdStopEvicting "basic-tikv-1")
            at (minutes 20) (pdStopEvicting "basic-tikv-2")
        ] [
            eventually (minutes 10) (reason tikv "MinReplicasAfter")
            exactly 1 removesStore
            finally' settled
            finally' (storesUp 3)
            finally' noEvictions
        ]

    scenario
        "C29"
        "A Pod that somebody deletes while its store leaves comes back, since the regions have still to move"
        [ "T 6.4.29" ]
        given [ at (seconds 10) (scale tikv 3); once (removing "basic-tikv-3") (delete "Pod/basic-tikv-3") ] [
            exactly 1 removesStore
            exactly 1 (creates Kind.Pod)
            finally' (absent last)
            finally' settled
            finally' (storesUp 3)
            finally' (tombstones 1)
        ]

    scenario
        "C30"
        "A store leaves PD first, says that it has, and then goes with its Pod; its claim stays"
        [ "T 6.4.27"; "T 6.4.30"; "T 7.1.8"; "T 7.1.14" ]
        given [ at (seconds 10) (scale tikv 3) ] [
            always instanceOutlastsStore
            removesStore |> neverWhile leads
            eventually (hours 1) (condition last "Offlined" "True" "Completed")
            exactly 1 removesStore
            exactly 1 (deletes Kind.Pod)
            keepsClaims
            finally' (absent last)
            finally' (absent "ConfigMap/basic-tikv-3")
            finally' (exists lastClaim)
            finally' noEvictions
            finally' settled
        ]

    scenario
        "C34"
        "Of those that are not wanted any more one that waits for a node goes before those that serve"
        [ "T 6.4.34"; "T S20"; "T S33"; "V T07" ]
        given [
            yield! cordonAll (seconds 10) true
            at (seconds 11) (deleteNow "Pod/basic-tikv-1")
            at (seconds 20) (scale tikv 5)
            at (minutes 5) (scale tikv 3)
            yield! cordonAll (minutes 60) false
        ] [
            eventually (minutes 5) (reason "TiKV/basic-tikv-4" "NodesCordoned")
            eventually (minutes 10) (absent "TiKV/basic-tikv-4")
            exactly 1 removesStore
            finally' (absent "TiKV/basic-tikv-1")
            finally' (keepsStore "basic-tikv-3")
            finally' settled
            finally' (storesUp 3)
        ]

    scenario
        "C35"
        "While a zone is down, stores go so that zones stay as even as possible, and the zone keeps one"
        [ "T 6.4.35" ]
        Groups.zoned [
            at (seconds 10) (Misfortune.SitePower(Some "c", hours 2))
            at (minutes 5) (scale tikv 4)
        ] [ exactly 2 removesStore; always storesInEachZone; finally' settled; finally' (storesUp 4) ]

    scenario
        "C47"
        "Another spread moves no store; one that is in no topology of it goes first"
        [ "T 6.4.47" ]
        Groups.zoned [
            at (seconds 10) (set tikv [ "schedulePolicies" ] (Groups.evenly [ "a"; "b" ]))
            at (minutes 20) (scale tikv 5)
        ] [
            exactly 1 (deletes Kind.Pod)
            finally' (absent "TiKV/basic-tikv-5")
            finally' (keepsStore "basic-tikv-2")
            finally' (keepsStore "basic-tikv-4")
            finally' settled
            finally' (storesUp 5)
        ]

    scenario
        "S12"
        "An instance that is given up as its store registers leaves no store behind"
        [ "T S12" ]
        given [
            at (seconds 10) (scale tikv 5)
            once (field "Pod/basic-tikv-4" [ "status"; "phase" ] (Json.String "Running")) (scale tikv 4)
        ] [ finally' (absent "TiKV/basic-tikv-4"); finally' settled; finally' (storesUp 4) ]

    scenario
        "S19"
        "A store whose instance is deleted by hand while another one leaves waits for its turn"
        [ "T S19"; "V I06" ]
        { given with Tikv = 5 } [
            at (seconds 10) (scale tikv 4)
            once (removing "basic-tikv-4") (delete "TiKV/basic-tikv-1")
        ] [
            always oneStoreLeaves
            exactly 2 removesStore
            finally' (absent "TiKV/basic-tikv-1")
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "S32"
        "A store whose regions have nowhere to go says how many remain, and leaves when there is room again"
        [ "T S32" ]
        given [
            at (seconds 10) (scale tikv 3)
            once (removing "basic-tikv-3") (powerOffNodeOf "basic-tikv-0")
            after (minutes 50) (removing "basic-tikv-3") (powerOnNodeOf "TiKV/basic-tikv-0")
        ] [
            eventually (minutes 10) (reason last "RegionsDrained")
            exactly 1 removesStore
            finally' (absent last)
            finally' settled
            finally' (storesUp 3)
        ]

    scenario
        "S46"
        "A store that is wanted again at the moment at which PD lets it go is replaced by a new one"
        [ "T S46"; "T S47"; "T 6.4.33"; "L F04" ]
        given [ at (seconds 10) (scale tikv 3); once (tombstone "basic-tikv-3") (scale tikv 4) ] [
            exactly 1 removesStore
            exactly 1 (creates Kind.TiKV)
            keepsClaims
            finally' settled
            finally' (storesUp 4)
            finally' (tombstones 1)
        ]

    scenario
        "T87"
        "No store starts on the claim of one that has left, also when PD has forgotten its tombstone"
        [ "V T87"; "T S38"; "V P10"; "V I39" ]
        given [
            at (seconds 10) (scale tikv 3)
            after (minutes 1) (absent last) PdActs.removeTombstones
            after (minutes 2) (absent last) (scale tikv 4)
            after (minutes 10) (absent last) (leaveOut [ 4 ])
        ] [
            keepsClaims
            finally' (exists lastClaim)
            finally' (absent last)
            finally' (absent "TiKV/basic-tikv-4")
            finally' (exists "TiKV/basic-tikv-5")
            finally' settled
            finally' (storesUp 4)
        ]
]
