/// Failing nodes, disks and processes, and what takes their place: verification D3, and of the legacy operator's reports
/// those about failover.
module Tikv.Simulator.Scenarios.Repair

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Run

let private tikv = "TiKVGroup/basic-tikv"
let private pd = "PDGroup/basic-pd"

let failover removeFailed =
    Json.object [
        "spec",
        Json.object [
            "failover", Json.object [ "enabled", Json.Bool true; "removeFailed", Json.Bool removeFailed ]
        ]
    ]

/// No two stores on one machine: the loss of one is no outage.
let private apart =
    Json.parse
        """{"spec": {"template": {"spec": {"overlay": {"pod": {"spec": {"affinity": {"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": {"tikv.org/group": "basic-tikv"}}}]}}}}}}}}}"""
    |> Result.defaultValue Json.empty

let replacing = { Given.ordinary with Manifests = [ tikv, failover false ] }
let removing' = { Given.ordinary with Manifests = [ tikv, failover true ] }

let onLocalDisks (given: Given) = {
    given with
        StorageClass = "local"
        Manifests =
            match given.Manifests with
            | [] -> [ tikv, apart ]
            | manifests ->
                manifests
                |> List.map (fun (target, body) -> target, MergePatch.apply apart body)
}

let private lost pod = act (Act.LoseNodeOf pod)
let private replaced pod = act (Act.ReplaceNodeOf pod)

/// The Node that an instance says it was on last.
let private deleteNodeOfInstance target = act (Act.DeleteLastNodeOf target)

let private claim pod = $"%s{Target.space}/data-%s{pod}"
let private keepsData = never (deletes Kind.PersistentVolumeClaim)

let stories = [
    scenario
        "F03"
        "A store whose local disk went with its node says so, and keeps its claim until people decide"
        [ "T S21"; "L F03"; "TO#402"; "TO#408" ]
        (onLocalDisks Given.ordinary) [
            at (seconds 10) (lost "basic-tikv-2")
            at (minutes 15) (deleteNodeOfInstance "TiKV/basic-tikv-2")
        ] [
            eventually (minutes 5) (reason "TiKV/basic-tikv-2" "NodeNotReady")
            eventually (minutes 20) (reason "TiKV/basic-tikv-2" "VolumeLost")
            eventually (minutes 40) (reason tikv "InstanceDown")
            never removesStore
            keepsData
            finally' (pods "basic-tikv" 4)
        ]

    scenario
        "T45"
        "A store that is lost with its node gets a replacement after half an hour, and leaves once that serves"
        [ "T S21"; "V T45"; "L 5.1" ]
        (onLocalDisks removing') [
            at (seconds 10) (lost "basic-tikv-2")
            at (minutes 60) (deleteNodeOfInstance "TiKV/basic-tikv-2")
        ] [
            eventually (minutes 45) (exists "TiKV/basic-tikv-4")
            exactly 1 (creates Kind.TiKV)
            exactly 1 removesStore
            keepsData
            finally' settled
            finally' (storesUp 4)
            finally' (absent "TiKV/basic-tikv-2")
        ]

    scenario
        "S22"
        "A store that comes back after it was replaced keeps its identity, and one of the two leaves"
        [ "L F06"; "T S22" ]
        replacing [
            at (seconds 10) (powerOffNodeOf "basic-tikv-3")
            at (minutes 50) (powerOnNodeOf "TiKV/basic-tikv-3")
        ] [
            eventually (minutes 45) (exists "TiKV/basic-tikv-4")
            exactly 1 (creates Kind.TiKV)
            atMost 1 removesStore
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "F32"
        "On a network disk a Pod is made again only after its node is gone for certain, and once"
        [ "L F32"; "L 5.1"; "V I09"; "V K40" ]
        Given.ordinary [
            at (seconds 10) (powerOffNodeOf "basic-tikv-3")
            at (minutes 20) (deleteNodeOfInstance "TiKV/basic-tikv-3")
        ] [
            eventually (minutes 5) (reason "TiKV/basic-tikv-3" "NodeNotReady")
            exactly 1 (creates Kind.Pod)
            never removesStore
            keepsData
            finally' settled
            finally' (keepsStore "basic-tikv-3")
        ]

    scenario
        "F15"
        "A store that starts with an empty directory says so; nothing is removed without evidence, and a deleted instance heals it"
        [ "L F15"; "TO#2292"; "TO#385"; "TO#4782"; "tikv#1542"; "V P20"; "T 7.1.29" ]
        Given.ordinary [
            at (seconds 10) (Misfortune.DiskLost(claim "basic-tikv-2"))
            at (minutes 20) (delete "TiKV/basic-tikv-2")
        ] [
            eventually (minutes 10) (reason "TiKV/basic-tikv-2" "DuplicateStore")
            exactly 1 removesStore
            keepsData
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "T49"
        "A store whose disk was replaced leaves PD, and starts anew under its name"
        [ "V T49"; "T S13"; "L F14"; "TO#385"; "TO#4782"; "tikv#1542"; "T 7.1.29" ]
        Given.ordinary [
            at (seconds 10) (delete "PersistentVolumeClaim/data-basic-tikv-2")
            at (seconds 11) (deleteNow "Pod/basic-tikv-2")
        ] [
            exactly 1 removesStore
            never (creates Kind.TiKV)
            keepsData
            finally' settled
            finally' (storesUp 4)
            finally' (tombstones 1)
        ]

    scenario
        "T52"
        "A store on a machine that was replaced under its name is replaced by another one"
        [ "V T52"; "V K44" ]
        (onLocalDisks removing') [ at (seconds 10) (replaced "basic-tikv-2") ] [
            eventually (minutes 10) (reason "TiKV/basic-tikv-2" "DuplicateStore")
            exactly 1 (creates Kind.TiKV)
            exactly 1 removesStore
            keepsData
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "T51"
        "After a power cut of the whole site everything comes back by itself, and nothing was replaced"
        [ "V T51"; "V P59" ]
        removing' [ at (seconds 10) (Misfortune.SitePower(None, minutes 50)) ] [
            never (creates Kind.TiKV)
            never (creates Kind.PD)
            never removesStore
            never removesMember
            keepsData
            finally' settled
            finally' (storesUp 4)
        ]

    {
        scenario
            "T54"
            "With two of four stores gone for good nothing is taken away, and the group says that people must act"
            [ "V T54"; "V P25"; "tikv#5797"; "pd#1297" ]
            removing' [ at (seconds 10) (lost "basic-tikv-2"); at (seconds 10) (lost "basic-tikv-3") ] [
                never removesStore
                never (creates Kind.TiKV)
                keepsData
                eventually (minutes 45) (mentions tikv "Ready" "unsafe recovery")
                finally' (condition "Cluster/basic" "Available" "False" "RegionsWithoutQuorum")
            ] with
            Quiet = minutes 40
            Why = Some "PD calls a store Down after half an hour."
    }

    scenario
        "T55"
        "A store with a full disk says so, loses nothing, and comes back when there is room"
        [ "V T55"; "V K58" ]
        replacing [
            at (seconds 10) (Misfortune.DiskFull(claim "basic-tikv-2", true))
            at (minutes 20) (Misfortune.DiskFull(claim "basic-tikv-2", false))
        ] [
            eventually (minutes 10) (reason "TiKV/basic-tikv-2" "DiskFull")
            never (creates Kind.TiKV)
            never removesStore
            keepsData
            finally' settled
            finally' (keepsStore "basic-tikv-2")
        ]

    scenario
        "T55b"
        "A store with a full disk comes back when its volume is made larger"
        [ "V T55"; "V K58" ]
        replacing [
            at (seconds 10) (Misfortune.DiskFull(claim "basic-tikv-2", true))
            at (minutes 20) (storage tikv "2Gi")
        ] [
            eventually (minutes 10) (reason "TiKV/basic-tikv-2" "DiskFull")
            never removesStore
            keepsData
            finally' settled
            finally' (keepsStore "basic-tikv-2")
        ]

    scenario
        "T56"
        "A store that comes and goes is not replaced"
        [ "V T56"; "V P58" ]
        replacing
        (each (seconds 10) (minutes 3) (minutes 60) (Misfortune.ContainerKill("default/basic-tikv-2", 1, "")))
        [ never (creates Kind.TiKV); never removesStore; finally' settled; finally' (storesUp 4) ]

    scenario
        "F28"
        "A Pod for which there is no room gets no replacement, for which there would be none either"
        [ "L F28"; "TO#2155" ]
        replacing [
            yield! cordonAll (seconds 10) true
            yield! cordonAll (minutes 80) false
            at (seconds 11) (deleteNow "Pod/basic-tikv-2")
        ] [
            eventually (minutes 5) (reason "TiKV/basic-tikv-2" "NodesCordoned")
            eventually (minutes 45) (reason tikv "InstanceDown")
            never (creates Kind.TiKV)
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "F39"
        "A store whose claim somebody deletes keeps running, and is not restarted for a change"
        [ "L F39"; "V K52" ]
        Given.ordinary [
            at (seconds 10) (delete "PersistentVolumeClaim/data-basic-tikv-3")
            at (seconds 20) (restart tikv "once")
        ] [
            eventually (minutes 2) (reason "TiKV/basic-tikv-3" "VolumeDeleting")
            never (deletesOf Kind.Pod "basic-tikv-3")
            finally' (storesUp 4)
        ]

    scenario
        "L5.14"
        "A store that may not open enough files says so, and serves when it may"
        [ "L 5.14" ]
        Given.ordinary [
            at (seconds 10) (act (Act.LimitFilesOf("basic-tikv-2", 1024)))
            at (seconds 11) (Misfortune.ContainerKill("default/basic-tikv-2", 1, ""))
            at (minutes 10) (act (Act.LimitFilesOf("basic-tikv-2", 1_048_576)))
        ] [
            eventually (minutes 5) (reason "TiKV/basic-tikv-2" "FileDescriptorLimit")
            never removesStore
            finally' settled
        ]

    scenario
        "K39"
        "A process that is killed for lack of memory starts again in its Pod"
        [ "V K39" ]
        Given.ordinary [
            for minute in 0..4 do
                at (seconds 10 + minutes minute) (Misfortune.OutOfMemory "default/basic-tikv-2")
        ] [
            eventually (minutes 10) (reason "TiKV/basic-tikv-2" "OutOfMemory")
            never (deletes Kind.Pod)
            finally' settled
        ]

    scenario
        "L2.4"
        "A member of PD that is lost with its node leaves PD, and another joins, while its Pod is stuck still"
        [ "L 2.4"; "V P41"; "V P42" ]
        { Given.ordinary with Manifests = [ pd, failover false ] } [
            at (seconds 10) (lost "basic-pd-2")
            at (minutes 90) (deleteNodeOfInstance "PD/basic-pd-2")
        ] [
            eventually (minutes 70) (ready "PD/basic-pd-3")
            exactly 1 removesMember
            exactly 1 (creates Kind.PD)
            keepsData
            finally' settled
            finally' (members 3)
        ]

    scenario
        "T48"
        "A store that PD does not hear for 40 minutes while its Pod says Ready is not replaced: Kubernetes disagrees"
        [ "V T48"; "V K42" ]
        replacing [
            at (seconds 10) (Misfortune.Partition("basic-tikv-3", "*", true))
            at (minutes 40) (Misfortune.Partition("basic-tikv-3", "*", false))
        ] [
            never (creates Kind.TiKV)
            never removesStore
            keepsData
            finally' settled
            finally' (keepsStore "basic-tikv-3")
        ]

    scenario
        "T48b"
        "One that PD does not hear for longer is replaced after twice the time, and when it is heard again one of the two leaves"
        [ "V T48"; "V K42" ]
        replacing [
            at (seconds 10) (Misfortune.Partition("basic-tikv-3", "*", true))
            at (minutes 100) (Misfortune.Partition("basic-tikv-3", "*", false))
        ] [
            eventually (minutes 90) (exists "TiKV/basic-tikv-4")
            exactly 1 (creates Kind.TiKV)
            atMost 1 removesStore
            keepsData
            finally' settled
            finally' (storesUp 4)
        ]

    scenario
        "F05"
        "A replacement for which there is no room goes first when fewer stores are wanted, without a word to PD"
        [ "L F05"; "V T07"; "TO#725"; "TO#726" ]
        replacing [
            at (seconds 10) (powerOffNodeOf "basic-tikv-3")
            yield! cordonAll (minutes 20) true
            yield! cordonAll (minutes 90) false
            at (minutes 60) (scale tikv 3)
            at (minutes 95) (powerOnNodeOf "TiKV/basic-tikv-3")
        ] [
            eventually (minutes 45) (exists "TiKV/basic-tikv-4")
            eventually (minutes 65) (absent "TiKV/basic-tikv-4")
            exactly 1 (creates Kind.TiKV)
            atMost 1 removesStore
            finally' settled
            finally' (storesUp 3)
        ]

    scenario
        "F06"
        "A member of PD that was replaced while its node had no power leaves as an instance too, and the extra one stays"
        [ "L F06"; "TO#2161"; "L 2.4" ]
        { Given.ordinary with Manifests = [ pd, failover false ] } [
            at (seconds 10) (powerOffNodeOf "basic-pd-2")
            at (minutes 90) (powerOnNodeOf "PD/basic-pd-2")
        ] [
            eventually (minutes 120) (ready "PD/basic-pd-3")
            exactly 1 removesMember
            exactly 1 (creates Kind.PD)
            keepsData
            finally' settled
            finally' (members 3)
            finally' (absent "PD/basic-pd-2")
        ]

    scenario
        "T67c"
        "A store that is deleted by hand while PD is dead leaves when PD is back, and another one takes its place"
        [ "V I47"; "V I73" ]
        Given.ordinary [
            for index in 0..2 do
                at (seconds 10) (Misfortune.CrashLoop($"default/basic-pd-%d{index}", 6, "its disk is slow"))
            at (seconds 30) (delete "TiKV/basic-tikv-2")
        ] [
            exactly 1 removesStore
            exactly 1 (creates Kind.TiKV)
            keepsData
            finally' settled
            finally' (storesUp 4)
        ]
]
