/// Volumes and whose data they hold.
module Tikv.Simulator.Scenarios.Volumes

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private claim index = $"PersistentVolumeClaim/data-basic-tikv-%d{index}"
let private group = "TiKVGroup/basic-tikv"
let private four = Given.ordinary
let private three = { Given.ordinary with Tikv = 3 }

let private volume target members =
    set
        target
        [ "template"; "spec"; "volumes" ]
        (Json.array [ Json.object ([ "name", Json.String "data"; "storage", Json.String "1Gi" ] @ members) ])

let private ofClass target (name: string) = volume target [ "storageClassName", Json.String name ]

let private capacity target (size: string) =
    field target [ "status"; "capacity"; "storage" ] (Json.String size)

let private changesClaims = Counted.Patches Kind.PersistentVolumeClaim

let private grown = [
    finally' settled
    for index in 0..3 do
        finally' (capacity (claim index) "2Gi")
]

let stories = [
    scenario
        "B25"
        "Volumes grow without a restart; a smaller size is refused, and nothing is disrupted"
        [ "L B25"; "T 3.11"; "T 7.1.33" ]
        four [
            at (seconds 10) (storage group "2Gi")
            at (minutes 10) (storage group "512Mi")
            at (minutes 20) (storage group "2Gi")
        ] [
            never (deletes Kind.Pod)
            never evictsLeaders
            eventually (minutes 15) (reason "TiKV/basic-tikv-0" "VolumeShrinkRefused")
            exactly 4 changesClaims
            yield! grown
        ]

    scenario
        "T72"
        "An expansion ends the same whichever of its writes the operator dies after"
        [ "V T72"; "rabbitmq-782"; "casskop-370"; "V I55" ]
        four [
            at (seconds 10) (storage group "2Gi")
            for number in 1..4 do
                atWriteTo Kind.PersistentVolumeClaim number crashAfter
        ] [ never (deletes Kind.Pod); yield! grown ]

    scenario
        "K56b"
        "Where a file system grows only when a Pod starts, each Pod is restarted once, one after another"
        [ "L F19"; "T 3.11"; "V K56" ]
        { four with StorageClass = "offline" } [ at (seconds 10) (storage group "2Gi") ] [
            exactly 4 (deletes Kind.Pod)
            exactly 4 changesClaims
            yield! grown
        ]

    scenario
        "F19"
        "A restart and an expansion that are asked for at once take turns, and neither waits for ever"
        [ "L F19"; "TO#5301" ]
        { four with StorageClass = "offline" } [
            at (seconds 10) (storage group "2Gi")
            at (seconds 11) (restart group "1")
        ] [ atMost 8 (deletes Kind.Pod); finally' noEvictions; yield! grown ]

    scenario
        "S54"
        "An expansion that the pool has no room for is told, and a lesser one goes through"
        [ "T S54"; "V K56"; "T 7.1.33" ]
        { four with StorageClass = "offline" } [
            at (seconds 10) (storage group "20Gi")
            at (minutes 10) (storage group "2Gi")
        ] [ eventually (minutes 5) (reason "TiKV/basic-tikv-0" "VolumeResizeFailed"); yield! grown ]

    scenario
        "B25B"
        "Where the class forbids expansion nothing is written, and it is said"
        [ "V K56" ]
        { three with StorageClass = "local" } [
            at (seconds 10) (storage group "2Gi")
            at (minutes 10) (storage group "1Gi")
        ] [
            eventually (minutes 5) (reason "TiKV/basic-tikv-0" "VolumeExpansionForbidden")
            never changesClaims
            never (deletes Kind.Pod)
            finally' settled
        ]

    scenario
        "F31"
        "Another storage class is reached by other instances, one at a time, each made before the old one leaves"
        [ "L F31"; "tikv-operator v2 #6512"; "T 3.11" ]
        three [ at (seconds 10) (ofClass group "local") ] [
            always (Fact.StoresUpAtLeast 3)
            exactly 3 removesStore
            never (deletes Kind.PersistentVolumeClaim)
            finally' settled
            finally' (storesUp 3)
            finally' (pods "basic-tikv" 3)
            for index in 3..5 do
                finally' (field (claim index) [ "spec"; "storageClassName" ] (Json.String "local"))
        ]

    scenario
        "F31B"
        "Members of PD come to another storage class in the same way"
        [ "tikv-operator v2 #6512" ]
        three [ at (seconds 10) (ofClass "PDGroup/basic-pd" "local") ] [
            exactly 3 removesMember
            finally' settled
            finally' (members 3)
            finally' (pods "basic-pd" 3)
        ]

    scenario
        "F31C"
        "Another storage class that is taken back before its first instance serves leaves the old instances in place"
        [ "tikv-operator v2 #6512" ]
        three [ at (seconds 10) (ofClass group "missing"); at (minutes 5) (ofClass group "standard") ] [
            atMost 1 removesStore
            finally' (keepsStore "basic-tikv-0")
            finally' (keepsStore "basic-tikv-1")
            finally' (keepsStore "basic-tikv-2")
            finally' settled
            finally' (storesUp 3)
            finally' (pods "basic-tikv" 3)
        ]

    scenario
        "F39B"
        "A Pod whose claim somebody deleted is not restarted for anything that can wait"
        [ "L F39" ]
        four [ at (seconds 10) (delete (claim 1)); at (seconds 20) (restart group "1") ] [
            never (deletesOf Kind.Pod "basic-tikv-1")
            finally' (reason "TiKV/basic-tikv-1" "VolumeDeleting")
            finally' (terminating (claim 1))
            finally' (storesUp 4)
        ]

    scenario
        "K56"
        "A VolumeAttributesClass is changed in place"
        [ "T 3.11"; "V K56" ]
        { four with VolumeAttributes = [ "gold" ] } [
            at (seconds 10) (volume group [ "volumeAttributesClassName", Json.String "gold" ])
        ] [
            never (deletes Kind.Pod)
            exactly 4 changesClaims
            finally' settled
            for index in 0..3 do
                finally' (
                    field (claim index) [ "status"; "currentVolumeAttributesClassName" ] (Json.String "gold")
                )
        ]
]
