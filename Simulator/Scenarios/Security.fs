/// TLS, configuration and labels.
module Tikv.Simulator.Scenarios.Security

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Run

let private tls = {
    Given.ordinary with
        Tikv = 3
        Manifests = [
            "Cluster/basic",
            Json.object [ "spec", Json.object [ "tlsCluster", Json.object [ "enabled", Json.Bool true ] ] ]
        ]
        Certificates = Credentials.all 1
}

let private issue certificate = act (Act.IssueCertificate certificate)
let private renew certificate = act (Act.RenewCertificate certificate)
let private cluster = "Cluster/basic"
let private valid target = condition target "CertificatesValid" "True" "Valid"

let private hot group =
    group,
    Json.object [
        "spec",
        Json.object [
            "template",
            Json.object [
                "spec", Json.object [ "updateStrategy", Json.object [ "config", Json.String "HotReload" ] ]
            ]
        ]
    ]

let private reloaded = {
    Given.ordinary with
        Manifests = [ hot "PDGroup/basic-pd"; hot "TiKVGroup/basic-tikv" ]
}

let private labels = Counted.SetsLabels
let private reloads = Counted.SetsSettings

let stories = [
    scenario
        "T73"
        "No process starts without its certificates: a Pod whose Secret has vanished waits for it, those that run stay"
        [ "V T73"; "mongodb-578"; "mongodb-579"; "V I50"; "T 7.1.34" ]
        tls [
            at (seconds 10) (delete "Secret/basic-tikv-tikv-cluster-secret")
            at (minutes 2) (delete "Pod/basic-tikv-1")
            at (minutes 10) (issue (Credentials.tikv 1))
        ] [
            exactly 1 (creates Kind.Pod)
            eventually
                (minutes 1)
                (condition "TiKVGroup/basic-tikv" "CertificatesValid" "False" "CertificateSecretMissing")
            eventually (minutes 4) (reason "TiKV/basic-tikv-1" "CertificateSecretMissing")
            eventually (minutes 4) (says cluster "CertificatesValid" "False")
            finally' settled
            finally' (valid cluster)
        ]

    scenario
        "TLS1"
        "New certificates restart nothing: PD and TiKV read their files again, and the operator its Secret"
        [ "T S43"; "T 3.14"; "L 5.9"; "T 7.1.34" ]
        tls [
            for index, secret in List.indexed (Credentials.all 2) do
                at (seconds (10 + 5 * index)) (renew secret)
        ] [ never (deletes Kind.Pod); never (creates Kind.Pod); finally' settled; finally' (valid cluster) ]

    scenario
        "TLS2"
        "Without its own certificate the operator does not know PD, takes nothing down, and says why"
        [ "T 3.14"; "V I50" ]
        tls [
            at (seconds 10) (delete "Secret/basic-cluster-client-secret")
            at (minutes 2) (version "PDGroup/basic-pd" "v8.5.3")
            at (minutes 2) (version "TiKVGroup/basic-tikv" "v8.5.3")
            at (minutes 10) (issue (Credentials.client 2))
        ] [
            eventually (minutes 3) (condition cluster "CertificatesValid" "False" "CertificateSecretMissing")
            finally' (allAt "basic-pd" "v8.5.3")
            finally' (allAt "basic-tikv" "v8.5.3")
            finally' settled
            finally' (valid cluster)
        ]

    scenario
        "C24"
        "With HotReload a change of the configuration reaches PD and TiKV without a restart"
        [ "T 6.4.24"; "L B26" ]
        reloaded [
            at (seconds 10) (config "PDGroup/basic-pd" "[replication]\nlocation-labels = [\"zone\"]\n")
            at
                (seconds 10)
                (config
                    "TiKVGroup/basic-tikv"
                    "[storage]\nreserve-space = \"0MB\"\n[raftstore]\nsync-log = false\n")
        ] [
            never (deletes Kind.Pod)
            atLeast 7 reloads
            finally' settled
            finally' (Fact.StoresLabelled "zone")
        ]

    scenario
        "C24B"
        "What TiKV refuses to change while it runs comes into effect by a restart of each store, one after another"
        [ "T 6.4.24"; "T S42"; "T 3.9" ]
        reloaded [
            at
                (seconds 10)
                (config
                    "TiKVGroup/basic-tikv"
                    "[storage]\nreserve-space = \"0MB\"\n[server]\ngrpc-concurrency = 8\n")
        ] [ exactly 4 (deletes Kind.Pod); never reloads; finally' settled; finally' noEvictions ]

    scenario
        "F29"
        "With Restart a change of the configuration reaches running stores one after another, and each once"
        [ "T 6.4.24"; "L F29"; "L B26"; "tidb-operator#4248" ]
        Given.ordinary [
            at
                (seconds 10)
                (config "TiKVGroup/basic-tikv" "[storage]\nreserve-space = \"0MB\"\n[log]\nlevel = \"warn\"\n")
        ] [ exactly 4 (deletes Kind.Pod); never reloads; finally' settled; finally' noEvictions ]

    scenario
        "C25b"
        "New labels of the server reach PD and restart nothing"
        [ "T 6.4.25"; "T 3.13" ]
        Given.ordinary [
            at
                (seconds 10)
                (set
                    "TiKVGroup/basic-tikv"
                    [ "template"; "spec"; "server"; "labels" ]
                    (Json.object [ "disk", Json.String "ssd" ]))
        ] [ never (deletes Kind.Pod); exactly 4 labels; finally' settled ]
]
