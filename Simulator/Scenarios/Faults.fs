/// The API server, caches, the operator's own process, and people who meddle: verification D5, and what of D2 is like it.
module Tikv.Simulator.Scenarios.Faults

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private given = { Given.ordinary with Regions = 40 }
let private tikv = "TiKVGroup/basic-tikv"
let private pd = "PDGroup/basic-pd"

let private labelled target name (value: string) =
    patch
        target
        (Json.object [
            "metadata",
            Json.object [
                "labels", Json.object [ name, Json.String value ]
                "annotations", Json.object [ name, Json.String value ]
            ]
        ])

let private hasLabel target name (value: string) =
    field target [ "metadata"; "labels"; name ] (Json.String value)

let private rolled = [ finally' settled; finally' noEvictions; finally' (storesUp 4); finally' (members 3) ]

let stories = [
    scenario
        "T74"
        "A create whose answer is lost is not repeated under another name"
        [ "L F22"; "V T74"; "T S45"; "T 6.4.44"; "scylla#2492" ]
        given [
            at 0L (Misfortune.HoldBack(Some Kind.TiKV, 2, seconds 30))
            at (seconds 5) (scale tikv 5)
            atWriteTo Kind.TiKV 1 replyLost
        ] [ exactly 1 (creates Kind.TiKV); finally' settled; finally' (storesUp 5) ]

    scenario
        "T85"
        "An operator that dies every thirty seconds still finishes a roll, and each Pod is restarted once"
        [ "T S49"; "V T85"; "V I70" ]
        given
        (at (seconds 5) (restart tikv "once")
         :: each (seconds 30) (seconds 30) (minutes 8) crash)
        [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "S25"
        "Leaders that an administrator's own eviction keeps away stay away: the roll goes on, and the operator does not end it"
        [ "T S24"; "T S25"; "V I30" ]
        Given.ordinary [
            at (seconds 5) (pdEvictLeaders "basic-tikv-2")
            at (seconds 20) (restart tikv "once")
        ] [
            eventually (minutes 30) (evicting "basic-tikv-2")
            finally' (evicting "basic-tikv-2")
            finally' settled
        ]

    scenario
        "T25"
        "A Pod that somebody deletes while its leaders are being evicted comes back, and the eviction ends"
        [ "L F12"; "V T25"; "T 6.4.22"; "TO#3722"; "TO#3724"; "T 7.1.27" ]
        given
        [ at (seconds 5) (restart tikv "once"); once (evicting "basic-tikv-3") (delete "Pod/basic-tikv-3") ]
        rolled

    scenario
        "T27"
        "An eviction that PD has lost is made again before the Pod is restarted"
        [ "L F13"; "V T27"; "T 6.4.18"; "TO#5613"; "TO#5614"; "T 7.1.12" ]
        given [
            at (seconds 5) (restart tikv "once")
            once (evicting "basic-tikv-3") (pdStopEvicting "basic-tikv-3")
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T79"
        "Labels and annotations that others put on the operator's objects stay, and restart nothing"
        [ "L B27"; "V T79"; "TO#6113"; "V K14" ]
        given [
            at (seconds 5) (labelled "Pod/basic-tikv-1" "team" "blue")
            at (seconds 5) (labelled "TiKV/basic-tikv-1" "team" "blue")
            at (seconds 5) (labelled "PersistentVolumeClaim/data-basic-tikv-1" "team" "blue")
            at (minutes 1) (set tikv [ "minReadySeconds" ] (Json.int 7))
        ] [
            never (deletes Kind.Pod)
            finally' (hasLabel "Pod/basic-tikv-1" "team" "blue")
            finally' (hasLabel "TiKV/basic-tikv-1" "team" "blue")
            finally' (hasLabel "PersistentVolumeClaim/data-basic-tikv-1" "team" "blue")
            finally' settled
        ]

    scenario
        "T40"
        "While the node of another store is down no further store is restarted; the roll goes on when it is back"
        [ "T S2"; "V T40"; "V K43" ]
        given
        [
            at (seconds 5) (restart tikv "once")
            once (terminating "Pod/basic-tikv-3") (powerOffNodeOf "basic-tikv-0")
            after (minutes 4) (terminating "Pod/basic-tikv-3") powerOnEverywhere
        ]
        rolled

    scenario
        "T34"
        "A new template and another count at once restart each old Pod once, and the new one not at all"
        [ "T 6.4.39"; "V T34"; "TO#6053"; "V I66" ]
        given [ at (seconds 5) (restart tikv "once"); at (seconds 5) (scale tikv 5) ] [
            exactly 4 (deletes Kind.Pod)
            exactly 5 (creates Kind.Pod)
            finally' settled
            finally' (storesUp 5)
        ]

    scenario
        "T58"
        "Two operators at once break nothing, and what one of them began the other finishes"
        [ "T S50"; "V I58" ]
        { given with Operators = 2 } [
            at (seconds 5) (restart tikv "once")
            once (terminating "Pod/basic-tikv-2") crash
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T58b"
        "Two operators without a lease, each with its own view of PD, do not overwrite each other's words without end"
        [ "V I72" ]
        given [
            at (seconds 135) (power "node-c1" false)
            at (seconds 151) (startOperator 1)
            at (minutes 8) (power "node-c1" true)
            at (minutes 8) (stopOperator 1)
        ] [ finally' settled; finally' noEvictions; finally' (storesUp 4); finally' (members 3) ]

    scenario
        "T32"
        "A setting that no process reads restarts none"
        [ "T 6.4.25"; "V T32"; "T S41"; "V I37"; "TO#6030"; "T 7.1.22" ]
        given [
            at (seconds 5) (set tikv [ "minReadySeconds" ] (Json.int 9))
            at (seconds 30) (set pd [ "minReadySeconds" ] (Json.int 9))
            at (minutes 1) (set tikv [ "volumeReclaimPolicy" ] (Json.String "Delete"))
        ] [ never (deletes Kind.Pod); never pdCalls; finally' settled ]

    scenario
        "C26"
        "A Pod that does not say any more what it was started with is not restarted for that, and is for the next change"
        [ "T 6.4.26" ]
        given [
            for name in [ "tikv.org/process-revision"; "tikv.org/process-base"; "tikv.org/config-in-effect" ] do
                at
                    (seconds 5)
                    (patch
                        "Pod/basic-tikv-1"
                        (Json.setPath [ "metadata"; "annotations"; name ] (Some Json.Null) Json.empty))
            at (minutes 10) (restart tikv "once")
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "C45b"
        "A template that is taken back at once restarts at most the Pod that was being restarted"
        [ "T 6.4.45"; "V I60" ]
        given [
            at (seconds 5) (config tikv "[storage]\nreserve-space = \"1MB\"\n")
            once (terminating "Pod/basic-tikv-3") (config tikv "[storage]\nreserve-space = \"0MB\"\n")
        ] [ atMost 2 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T29"
        "A bad image takes one store down at most, and a revert heals it at once"
        [ "L F38"; "T S27"; "T 6.4.20"; "V T29"; "TO#4946"; "CNPG#3541"; "acto#202"; "T 7.1.31"; "T 7.1.6" ]
        given [
            at 0L (Misfortune.BadImage("pingcap/tikv:v8.5.99", true))
            at (seconds 5) (image tikv "pingcap/tikv:v8.5.99")
            at
                (minutes 15) // PD lists the peers of the store as down by then
                (unset tikv [ "template"; "spec"; "image" ])
        ] [ atMost 2 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T71"
        "A server that refuses with 429, 500 and 409 is tried again, and the same comes out"
        [ "V K19"; "V I71" ]
        given [
            at (seconds 5) (restart tikv "once")
            for number in 3..4..60 do
                atWrite number tooMany
                atWrite (number + 1) serverError
                atWrite (number + 2) conflict
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "C13"
        "A configuration that is not TOML, or sets what is the operator's, disrupts nothing, is told of, and the correction heals it"
        [ "T 6.4.13"; "V I51" ]
        given [
            at (seconds 5) (config tikv "[storage")
            at (seconds 5) (config pd "name = \"other\"\n")
            at (minutes 10) (config tikv "[storage]\nreserve-space = \"0MB\"\n")
            at (minutes 10) (unset pd [ "template"; "spec"; "config" ])
        ] [
            never (deletes Kind.Pod)
            eventually (minutes 5) (reason tikv "InvalidSpec")
            eventually (minutes 5) (reason pd "InvalidSpec")
            finally' settled
        ]
]
