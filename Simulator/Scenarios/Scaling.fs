/// More and fewer instances: verification D1.
module Tikv.Simulator.Scenarios.Scaling

open Tikv.Core
open Tikv.Core.Kubernetes

let private three = { Given.ordinary with Tikv = 3 }

let stories = [
    scenario
        "T01"
        "Scale-in under max-replicas is refused before any call, and a revert is quiet"
        [ "L F10"; "T S16"; "V T01"; "TO#3182"; "TO#3367"; "TO#4737" ]
        three [
            at (seconds 10) (scale "TiKVGroup/basic-tikv" 2)
            at (minutes 20) (scale "TiKVGroup/basic-tikv" 3)
        ] [
            never removesStore
            never (deletes Kind.Pod)
            eventually (minutes 5) (reason "TiKVGroup/basic-tikv" "MinReplicasAfter")
            always (pods "basic-tikv" 3)
            finally' settled
        ]

    scenario
        "T11"
        "Scaling out makes exactly the missing instances while the caches of Pods and claims lag by ten seconds"
        [ "L F22"; "V T11"; "T 6.4.44"; "T S45"; "L F21"; "TO#6287"; "TO#2699"; "TO#2709"; "T 7.1.23" ]
        three [
            at 0L (Tikv.Simulator.Run.Misfortune.HoldBack(Some Kind.Pod, 2, seconds 10))
            at 0L (Tikv.Simulator.Run.Misfortune.HoldBack(Some Kind.PersistentVolumeClaim, 2, seconds 10))
            at (seconds 10) (scale "TiKVGroup/basic-tikv" 5)
        ] [
            exactly 2 (creates Kind.TiKV)
            exactly 2 (creates Kind.Pod)
            exactly 2 (creates Kind.PersistentVolumeClaim)
            finally' settled
            finally' (storesUp 5)
        ]

    scenario
        "T04"
        "A store whose removal is cancelled halfway returns, also across a crash of the operator"
        [ "T 6.4.31"; "L B21"; "V T04"; "TO#6396"; "TO#6487" ]
        Given.ordinary [
            at (seconds 10) (scale "TiKVGroup/basic-tikv" 3)
            after (seconds 30) (removing "basic-tikv-3") (scale "TiKVGroup/basic-tikv" 4)
            after (seconds 31) (removing "basic-tikv-3") crash
        ] [
            exactly 1 removesStore
            atLeast 1 restoresStore
            never (deletes Kind.PersistentVolumeClaim)
            never (deletes Kind.Pod)
            finally' settled
            finally' (keepsStore "basic-tikv-3")
            finally' noEvictions
        ]

    scenario
        "T17c"
        "An index whose store has left, and its data with it, is that of a new store"
        [ "T S13"; "properties of Core" ]
        Given.ordinary [
            at (seconds 5) (set "TiKVGroup/basic-tikv" [ "volumeReclaimPolicy" ] (Json.String "Delete"))
            at (seconds 10) (scale "TiKVGroup/basic-tikv" 3)
            at (minutes 20) (scale "TiKVGroup/basic-tikv" 4)
        ] [
            exactly 1 removesStore
            exactly 1 (deletes Kind.Pod)
            exactly 1 (creates Kind.TiKV)
            finally' settled
            finally' (storesUp 4)
            finally' (tombstones 1)
        ]
]
