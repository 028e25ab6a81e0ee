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
        [ "scylla#2492"; "L F22" ]
        given [
            at 0L (Misfortune.HoldBack(Some Kind.TiKV, 2, seconds 30))
            at (seconds 5) (scale tikv 5)
            atWriteTo Kind.TiKV 1 replyLost
        ] [ exactly 1 (creates Kind.TiKV); finally' settled; finally' (storesUp 5) ]

    scenario
        "T85"
        "An operator that dies every thirty seconds still finishes a roll, and each Pod is restarted once"
        [ "V I70"; "T S49" ]
        given
        (at (seconds 5) (restart tikv "once")
         :: each (seconds 30) (seconds 30) (minutes 8) crash)
        [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T41"
        "Leaders that an administrator's own eviction keeps away stay away: the operator does not end it"
        [ "T S25"; "V I30" ]
        given [ at (seconds 5) (pdEvictLeaders "basic-tikv-2"); at (seconds 20) (restart tikv "once") ] [
            eventually (minutes 30) (evicting "basic-tikv-2")
            finally' (evicting "basic-tikv-2")
            finally' settled
        ]

    scenario
        "T25"
        "A Pod that somebody deletes while its leaders are being evicted comes back, and the eviction ends"
        [ "TO#3722"; "TO#3724"; "L F12" ]
        given
        [
            at (seconds 5) (restart tikv "once")
            once (when' (evicting "basic-tikv-3")) (delete "Pod/basic-tikv-3")
        ]
        rolled

    scenario
        "T27"
        "An eviction that PD has lost is made again before the Pod is restarted"
        [ "TO#5613"; "TO#5614"; "L F13" ]
        given [
            at (seconds 5) (restart tikv "once")
            once (when' (evicting "basic-tikv-3")) (pdStopEvicting "basic-tikv-3")
        ] [ exactly 4 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T79"
        "Labels and annotations that others put on the operator's objects stay, and restart nothing"
        [ "TO#6113"; "V K14"; "L B27" ]
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
        [ "V K43"; "T S2" ]
        given
        [
            at (seconds 5) (restart tikv "once")
            once (when' (terminating "Pod/basic-tikv-3")) (powerOffNodeOf "basic-tikv-0")
            after
                (minutes 4)
                (when' (terminating "Pod/basic-tikv-3"))
                (act "power everywhere" (fun world ->
                    struct ((world, [ "a1"; "a2"; "b1"; "b2"; "c1"; "c2" ])
                            ||> List.fold (fun world node ->
                                Tikv.Simulator.World.Power.power true ("node-" + node) world),
                            "on")))
        ]
        rolled

    scenario
        "T34"
        "A new template and another count at once restart each old Pod once, and the new one not at all"
        [ "TO#6053"; "V I66"; "T 6.4.39" ]
        given [ at (seconds 5) (restart tikv "once"); at (seconds 5) (scale tikv 5) ] [
            exactly 4 (deletes Kind.Pod)
            exactly 5 (creates Kind.Pod)
            finally' settled
            finally' (storesUp 5)
        ]

    scenario
        "T58"
        "Two operators at once break nothing, and what one of them began the other finishes"
        [ "V I58"; "T S50" ]
        { given with Operators = 2 } [
            at (seconds 5) (restart tikv "once")
            once (when' (terminating "Pod/basic-tikv-2")) crash
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

    scenario "T32" "A setting that no process reads restarts none" [ "V I37"; "TO#6030"; "T 6.4.25" ] given [
        at (seconds 5) (set tikv [ "minReadySeconds" ] (Json.int 9))
        at (seconds 30) (set pd [ "minReadySeconds" ] (Json.int 9))
        at (minutes 1) (set tikv [ "volumeReclaimPolicy" ] (Json.String "Delete"))
    ] [ never (deletes Kind.Pod); never pdCalls; finally' settled ]

    scenario
        "C45b"
        "A template that is taken back at once restarts at most the Pod that was being restarted"
        [ "T 6.4.45"; "V I60" ]
        given [
            at (seconds 5) (config tikv "[storage]\nreserve-space = \"1MB\"\n")
            once (when' (terminating "Pod/basic-tikv-3")) (config tikv "[storage]\nreserve-space = \"0MB\"\n")
        ] [ atMost 2 (deletes Kind.Pod); yield! rolled ]

    scenario
        "T29"
        "A bad image takes one store down at most, and a revert heals it at once"
        [ "TO#4946"; "CNPG#3541"; "acto#202"; "L F38"; "T S27" ]
        given [
            at 0L (Misfortune.BadImage("pingcap/tikv:v8.5.99", true))
            at (seconds 5) (image tikv "pingcap/tikv:v8.5.99")
            at
                (minutes 5)
                (patch tikv (Json.setPath [ "spec"; "template"; "spec"; "image" ] (Some Json.Null) Json.empty))
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
        "A configuration that is not TOML disrupts nothing, is told of, and the correction heals it"
        [ "T 6.4.13"; "V I51" ]
        given [
            at (seconds 5) (config tikv "[storage")
            at (minutes 10) (config tikv "[storage]\nreserve-space = \"0MB\"\n")
        ] [ never (deletes Kind.Pod); eventually (minutes 5) (reason tikv "InvalidSpec"); finally' settled ]
]
