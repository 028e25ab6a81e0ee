/// Members of PD that come, go, fail and are restarted: verification D4, tidb-operator-v2 6.4 #6-11 and 7.2.
module Tikv.Simulator.Scenarios.Members

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private pd = "PDGroup/basic-pd"
let private given = { Given.ordinary with Regions = 40 }
let private one = { given with Pd = 1 }
let private claim index = $"PersistentVolumeClaim/data-basic-pd-%d{index}"

let private whole = [ finally' settled; finally' (members 3); finally' hasPdLeader; always onePdCluster ]

/// Another member has still to be restarted, or is not back.
let private othersToCome =
    not' (
        all [
            for index in 1..2 do
                ready $"PD/basic-pd-%d{index}"

                field
                    $"PD/basic-pd-%d{index}"
                    [ "metadata"; "annotations"; "example.com/restarted-at" ]
                    (Json.String "once")
        ]
    )
    |> called "another member has still to be restarted, or is not back"

let stories = [
    scenario
        "T59"
        "A member that starts with an empty directory says so, and is made anew when its instance is deleted"
        [ "V T59"; "V P45"; "TO#126" ]
        given [
            at (seconds 10) (Misfortune.DiskLost "default/data-basic-pd-2")
            at (minutes 20) (delete "PD/basic-pd-2")
        ] [
            eventually (minutes 10) (reason "PD/basic-pd-2" "DuplicateMember")
            exactly 1 removesMember
            never (deletes Kind.PersistentVolumeClaim)
            yield! whole
        ]

    scenario
        "T59b"
        "A member whose disk was replaced leaves PD, and joins anew under its name"
        [ "V T59"; "L F02"; "V P45" ]
        given [ at (seconds 10) (delete (claim 2)); at (seconds 11) (deleteNow "Pod/basic-pd-2") ] [
            exactly 1 removesMember
            never (creates Kind.PD)
            yield! whole
        ]

    scenario
        "T63"
        "Where the first member leads PD, the others are restarted before it, and it only once another leads"
        [ "V T63"; "T 6.4.9"; "TO#1112"; "TO#5764"; "V I22" ]
        given [ at (seconds 5) (pdTransferLeader "basic-pd-0"); at (seconds 30) (restart pd "once") ] [
            exactly 3 (deletes Kind.Pod)
            exactly 1 transfersLeader
            deletesOf Kind.Pod "basic-pd-0" |> neverWhile othersToCome
            yield! whole
        ]

    scenario
        "T64"
        "Of three members, one of them dead, two leave: the dead one first, and the last one leads with the data"
        [ "V T64"; "T S4"; "V P42" ]
        given [
            at (seconds 5) (pdTransferLeader "basic-pd-0")
            at (seconds 20) (powerOffNodeOf "basic-pd-2")
            at (minutes 3) (scale pd 1)
            at (minutes 20) powerOnEverywhere
        ] [
            exactly 2 removesMember
            eventually (minutes 12) (members 1)
            finally' (exists "PD/basic-pd-0")
            finally' (members 1)
            finally' hasPdLeader
            finally' settled
            always onePdCluster
        ]

    scenario
        "T65"
        "An operator that dies after each removal of a member neither repeats nor replaces it"
        [ "V T65"; "T S49"; "V P46"; "V P53" ]
        { given with Pd = 5 } [ at (seconds 10) (scale pd 3); once (members 4) crash; once (members 3) crash ] [
            exactly 2 removesMember
            exactly 2 (deletes Kind.Pod)
            never (creates Kind.PD)
            finally' (absent "PD/basic-pd-3")
            finally' (absent "PD/basic-pd-4")
            yield! whole
        ]

    scenario
        "T66"
        "Nothing is taken down on the word of a PD leader that a partition has cut off together with the operator"
        [ "V T66"; "V P50"; "V I24" ]
        given [
            at (seconds 5) (pdTransferLeader "basic-pd-0")
            at (seconds 30) (restart "TiKVGroup/basic-tikv" "once")
            for there in [ "basic-pd-1"; "basic-pd-2" ] do
                for here in [ "basic-pd-0"; "operator0" ] do
                    at (seconds 40) (Misfortune.Partition(here, there, true))
                    at (minutes 4) (Misfortune.Partition(here, there, false))
        ] [ exactly 4 (deletes Kind.Pod); finally' noEvictions; yield! whole ]

    scenario
        "T86"
        "A member that dies between its admission and its first start goes on with it under the same name"
        [ "V T86"; "V B9" ]
        one [
            at (seconds 10) (scale pd 3)
            once (members 2) (Misfortune.CrashLoop("default/basic-pd-1", 1, "killed"))
        ] [
            exactly 2 (creates Kind.PD)
            never (deletes Kind.Pod)
            never (deletes Kind.PersistentVolumeClaim)
            never removesMember
            yield! whole
        ]

    scenario
        "S03"
        "While one of three members is down no other one is restarted; when it is back, all are"
        [ "T S3"; "T 6.4.10"; "L F16" ]
        given [
            at (seconds 5) (pdTransferLeader "basic-pd-0")
            at (seconds 20) (powerOffNodeOf "basic-pd-2")
            at (minutes 2) (restart pd "once")
            at (minutes 4) (powerOnNodeOf "PD/basic-pd-2")
        ] [ always hasPdLeader; eventually (minutes 30) (restarted "PDGroup/basic-pd" "once"); yield! whole ]

    scenario
        "S05"
        "A member that leads PD and is to be left out hands over before it leaves, and after another has joined"
        [ "T S5"; "L B08" ]
        given [
            at (seconds 5) (pdTransferLeader "basic-pd-2")
            at (seconds 20) (set pd [ "offlineIndexes" ] (Json.array [ Json.int 2 ]))
        ] [
            exactly 1 transfersLeader
            exactly 1 removesMember
            exactly 1 (creates Kind.PD)
            finally' (absent "PD/basic-pd-2")
            yield! whole
        ]

    scenario
        "S06"
        "However often PD's leader moves by itself, each member is restarted once, and none while it leads"
        [ "T S6"; "V I22" ]
        given [
            at (seconds 10) (restart pd "once")
            for number in 0..20 do
                at (seconds (12 + 7 * number)) (pdTransferLeader $"basic-pd-%d{number % 3}")
        ] [ exactly 3 (deletes Kind.Pod); yield! whole ]

    scenario
        "S08"
        "A member that was admitted and never starts is removed by its id when its instance is deleted, and another joins"
        [ "T S8"; "T 7.1.10"; "T 7.1.30" ]
        given [
            at (seconds 10) (scale pd 5)
            once (members 4) (Misfortune.CrashLoop("default/basic-pd-3", 1_000, "it does not start"))
            at (minutes 10) (delete "PD/basic-pd-3")
        ] [
            exactly 1 removesMember
            finally' (absent "PD/basic-pd-3")
            finally' settled
            finally' (members 5)
            always onePdCluster
        ]

    scenario
        "S09"
        "When all members stop and one has lost its disk, no second PD cluster is made"
        [ "T S9"; "L B18"; "L F02"; "L F18"; "TO#3349"; "V I02"; "T 7.1.30" ]
        given [
            at (seconds 9) (unset pd [ "bootstrapped" ])
            at (seconds 10) (delete (claim 2))
            for index in 0..2 do
                at (seconds 11) (deleteNow $"Pod/basic-pd-%d{index}")
        ] [ exactly 1 removesMember; never (creates Kind.PD); yield! whole ]

    scenario
        "S27"
        "A bad image takes one member of PD down at most, and a revert heals it"
        [ "T S27"; "TO#6536"; "T 7.1.16" ]
        given [
            at 0L (Misfortune.BadImage("pingcap/pd:v8.5.99", true))
            at (seconds 5) (image pd "pingcap/pd:v8.5.99")
            at (minutes 15) (unset pd [ "template"; "spec"; "image" ])
        ] [
            eventually (minutes 10) (reason "PD/basic-pd-2" "ImagePullFailed")
            atMost 2 (deletes Kind.Pod)
            yield! whole
        ]

    scenario "C08b" "The member that leads PD is not the one that leaves" [ "T 6.4.8" ] given [
        at (seconds 5) (pdTransferLeader "basic-pd-2")
        at (seconds 20) (scale pd 2)
    ] [
        exactly 1 removesMember
        never transfersLeader
        finally' (exists "PD/basic-pd-2")
        finally' (members 2)
        finally' settled
    ]

    scenario "C11" "A single member is restarted without asking another to lead" [ "T 6.4.11" ] one [
        at (seconds 10) (restart pd "once")
    ] [ exactly 1 (deletes Kind.Pod); never transfersLeader; finally' settled; finally' (members 1) ]

    scenario
        "F37"
        "A member that is deleted by hand leaves PD by its id, and another one takes its place"
        [ "L F37"; "TO#6141"; "TO#6143" ]
        given [ at (seconds 10) (delete "PD/basic-pd-1") ] [
            exactly 1 removesMember
            exactly 1 (creates Kind.PD)
            finally' (absent "PD/basic-pd-1")
            yield! whole
        ]
]
