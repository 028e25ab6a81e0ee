/// TLS, configuration and labels.
module Tikv.Simulator.Scenarios.Security

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.World

let private tls = {
    Given.ordinary with
        Tikv = 3
        Manifests = [
            "Cluster/basic",
            Json.object [ "spec", Json.object [ "tlsCluster", Json.object [ "enabled", Json.Bool true ] ] ]
        ]
        Secrets = Credentials.all
}

let private make (secret: Json) =
    act ("create Secret/" + Meta.name secret) (fun world ->
        let request = Requests.create (Builtins.key "" "v1" "secrets") (Some Target.space) secret
        let struct (world, response) = Machines.handle "user" request world
        struct (world, string response.Code))

let private renew (secret: Json) =
    patch
        ("Secret/" + Meta.name secret)
        (Json.object [ "data", secret |> Json.tryField "data" |> Option.defaultValue Json.empty ])

let private cluster = "Cluster/basic"
let private valid target = condition target "CertificatesValid" "True" "Valid"

/// The simulated world begins in 2026.
let private soon = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)

let stories = [
    scenario
        "T73"
        "No process starts without its certificates: a Pod whose Secret has vanished waits for it, those that run stay"
        [ "mongodb-578"; "mongodb-579"; "V I50" ]
        tls [
            at (seconds 10) (delete $"Secret/%s{Credentials.tikv}")
            at (minutes 2) (delete "Pod/basic-tikv-1")
            at
                (minutes 10)
                (make (Credentials.tikvPair 1 (DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero))))
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
        "S-TLS-1"
        "New certificates restart nothing: PD and TiKV read their files again, and the operator its Secret"
        [ "T 3.14"; "L 5.9"; "T 7.1.34" ]
        tls [
            for index, secret in List.indexed Credentials.renewed do
                at (seconds (10 + 5 * index)) (renew secret)
        ] [ never (deletes Kind.Pod); never (creates Kind.Pod); finally' settled; finally' (valid cluster) ]

    scenario
        "S-TLS-2"
        "Without its own certificate the operator does not know PD, takes nothing down, and says why"
        [ "T 3.14"; "V I50" ]
        tls [
            at (seconds 10) (delete $"Secret/%s{Credentials.client}")
            at (minutes 2) (version "TiKVGroup/basic-tikv" "v8.5.3")
            at
                (minutes 10)
                (make (Credentials.clientPair 2 (DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero))))
        ] [
            eventually (minutes 3) (condition cluster "CertificatesValid" "False" "CertificateSecretMissing")
            finally' (allAt "basic-tikv" "v8.5.3")
            finally' settled
            finally' (valid cluster)
        ]
]
