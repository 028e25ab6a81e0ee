/// Failures that generated runs have found, shrunk (`tikv-sim search`).
module Tikv.Simulator.Scenarios.Found

open Tikv.Simulator.Run

let private pd, tikv = "PDGroup/basic-pd", "TiKVGroup/basic-tikv"

let private comesRight = [ finally' settled; finally' noEvictions; finally' pdAtRest ]

let stories = [
    scenario
        "G74"
        "A store that is to leave right after its restart is waited for like one that stays, before the next is restarted"
        [ "search"; "V I15" ]
        Givens.ordinary
        [
            at (seconds 62) (version pd "v8.5.3")
            at (seconds 190) (version tikv "v8.5.3")
            at (seconds 200) (scale tikv 3)
        ]
        comesRight

    scenario
        "G09"
        "Of two operators without a lease, the one that asked PD earlier does not say that a silent store serves"
        [ "search"; "V I49" ]
        Givens.ordinary
        [
            at (seconds 76) (scale pd 1)
            at (seconds 135) (power "node-c1" false)
            at (seconds 151) (startOperator 1)
            at (seconds 400) (power "node-c1" true)
            at (seconds 400) (stopOperator 1)
        ]
        comesRight

    scenario
        "G155"
        "A store that is heard does not leave while another one is silent"
        [ "search"; "V I06" ]
        Givens.ordinary
        [
            at (seconds 5) (restart tikv "1")
            at (seconds 129) (delete "TiKV/basic-tikv-0")
            at (seconds 200) (power "node-c2" false)
            at (seconds 480) (power "node-c2" true)
        ]
        comesRight

    scenario
        "G362"
        "Once PD has ended moving regions, the operator writes no more"
        [ "search"; "V I54" ]
        Givens.ordinary
        [
            at (seconds 154) (suspend true)
            at (seconds 212) (scale tikv 4)
            at (seconds 480) (suspend false)
        ]
        comesRight

    scenario
        "G487"
        "A Cluster that is paused while a member of PD is restarted is not Ready until that member serves"
        [ "search"; "V I49" ]
        Givens.ordinary
        [
            at (seconds 76) (restart pd "once")
            once (terminating "Pod/basic-pd-1") (pause true)
            after (minutes 3) (terminating "Pod/basic-pd-1") (pause false)
        ]
        comesRight

    scenario
        "G33"
        "A store that a bad image has taken down gets the old template back while the new version waits for PD, which waits for it"
        [ "search"; "V I36" ]
        Givens.ordinary
        [
            at (seconds 30) (Misfortune.BadImage("pingcap/tikv:v8.5.99", true))
            at (seconds 31) (image tikv "pingcap/tikv:v8.5.99")
            at (seconds 97) (version pd "v8.5.3")
            at (seconds 97) (version tikv "v8.5.3")
            at (seconds 104) (set tikv [ "template"; "spec"; "image" ] Tikv.Core.Json.Null)
        ]
        (comesRight
         @ [ finally' (allAt "basic-pd" "v8.5.3"); finally' (allAt "basic-tikv" "v8.5.3") ])

    scenario
        "G128"
        "A store that somebody has PD remove during a roll is taken back before it is restarted"
        [ "search"; "V I07" ]
        Givens.ordinary
        [ at (seconds 152) (restart tikv "0"); at (seconds 195) (pdRemoveStore "basic-tikv-2") ]
        (comesRight
         @ [ exactly 4 (deletes Tikv.Core.Kubernetes.Kind.Pod); finally' (storesUp 4) ])

    scenario
        "G133"
        "The only member of PD that is deleted by hand leaves once its successor has joined"
        [ "search"; "V I20" ]
        Givens.onePd
        [ at (seconds 190) (delete "PD/basic-pd-0") ]
        (comesRight @ [ finally' (members 1); finally' (absent "PD/basic-pd-0") ])

    scenario
        "G11"
        "A store whose heartbeats are slow is kept from leading before its restart"
        [ "search"; "V I18" ]
        Givens.onePd
        [
            at (seconds 7) (config tikv "[storage]\nreserve-space = \"2MB\"\n")
            at (seconds 219) (version pd "v8.5.3")
            at (seconds 219) (version tikv "v8.5.3")
            at (seconds 238) (Misfortune.SlowDisk("basic-tikv-2", true))
            at (seconds 373) (Misfortune.SlowDisk("basic-tikv-2", false))
        ]
        comesRight

    scenario
        "G113"
        "A member of PD that serves again after its restart is not said to be down"
        [ "search"; "L 5.1" ]
        Givens.failingOver
        [ at (seconds 1) (PdActs.maxStoreDownTime "2m"); at (seconds 38) (restart pd "once") ]
        (comesRight
         @ [
             finally' (
                 called
                     "the group of PD is not degraded"
                     (not' (Fact.Condition(pd, "Degraded", None, None, None, true)))
             )
         ])

    scenario
        "G133b"
        "The Pod of the only member of PD, lost while that is being deleted, is made again: without it nobody could let it go"
        [ "search"; "V I47" ]
        Givens.onePd
        [ at (seconds 152) (delete "Pod/basic-pd-0"); at (seconds 190) (delete "PD/basic-pd-0") ]
        (comesRight @ [ finally' (members 1); finally' (absent "PD/basic-pd-0") ])

    scenario
        "G564"
        "The only member that is left may be restarted while the Pod of one that has left hangs on a lost node"
        [ "search"; "V I26" ]
        Givens.ordinary
        [
            at (seconds 117) (version pd "v8.5.3")
            at (seconds 117) (version tikv "v8.5.3")
            at (seconds 178) (version pd "v8.5.2")
            at (seconds 178) (version tikv "v8.5.2")
            at (seconds 129) (scale pd 1)
            at (seconds 49) (power "node-a1" false)
            at (seconds 231) (power "node-a1" true)
        ]
        comesRight

    {
        scenario
            "G2265"
            "A clock that was 40 minutes ahead, and is set back, makes nobody wait for them"
            [ "search"; "V I65" ]
            Givens.small
            [
                at (seconds 174) (Misfortune.ClockJump(0, 2_400_000L))
                at (seconds 217) (config pd "[log]\nlevel = \"debug\"\n")
                at (seconds 384) (Misfortune.ClockJump(0, -2_400_000L))
            ]
            (comesRight @ [ finally' (says "Cluster/basic" "Synced" "True") ]) with
            Limit = minutes 30
    }
]
