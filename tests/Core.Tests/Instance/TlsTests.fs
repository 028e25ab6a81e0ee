module Tikv.Core.Tests.Instance.TlsTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance
open Tikv.Core.Tests.Words
open Tikv.Core.Tests.Instance.Given

let private secretName = "basic-tikv-tikv-cluster-secret"
let private days (count: float) = clock.AddDays count

let private certificate notBefore notAfter names : CertificateView = {
    NotBefore = notBefore
    NotAfter = notAfter
    Names = names
}

let private authority = { Digest = "a"; Certificates = [ certificate (days -100) (days 3000) [] ] }

let private leaf notAfter names = { Digest = "b"; Certificates = [ certificate (days -100) notAfter names ] }

let private key = { Digest = "c"; Certificates = [] }

let private values =
    Map [ "ca.crt", authority; "tls.crt", leaf (days 200) [ "*.basic-tikv-peer.default" ]; "tls.key", key ]

let private secret values : Sighting<SecretView> =
    Sighting.Known { Meta = meta secretName "secret-uid"; Values = values }

let private withSecret sighting (observed: Observed) = {
    observed with
        Secrets = Map [ secretName, sighting ]
}

let private secured (observed: Observed) =
    observed
    |> withClusterSpec (fun spec -> { spec with TlsCluster = Some { Enabled = true } })

let private bare =
    let observed = secured (bareTikv 2)
    { observed with Claims = (built observed).Claims; Config = Some(configOf observed) }

let private running = built (secured (bareTikv 2))
let private wrong problem = wait [ CertificateWrong problem ]

let private valid observed =
    let _, status = Report.status observed (decide observed)

    status
    |> Json.itemsAt [ "conditions" ]
    |> List.tryFind (fun one -> Json.stringAt [ "type" ] one = Some "CertificatesValid")
    |> Option.map (fun one ->
        Json.stringAt [ "status" ] one |> Option.defaultValue "",
        Json.stringAt [ "reason" ] one |> Option.defaultValue "")

[<Test>]
let ``with all its certificates a process is started`` () =
    let observed = bare |> withSecret (secret values)
    decide observed |> shouldBe (act [ CreatePod(ok (Rules.podBody observed)) ])

let private reasonsNotToStart: (string * Sighting<SecretView> * CertificateProblem) list = [
    "no Secret", Sighting.Absent, CertificateProblem.SecretMissing secretName
    "a Secret that was not read", Sighting.Unknown, CertificateProblem.NotRead secretName
    "no authority", secret (values.Remove "ca.crt"), CertificateProblem.KeyMissing(secretName, "ca.crt")
    "no certificate", secret (values.Remove "tls.crt"), CertificateProblem.KeyMissing(secretName, "tls.crt")
    "no key", secret (values.Remove "tls.key"), CertificateProblem.KeyMissing(secretName, "tls.key")
    "a certificate that is none",
    secret (values.Add("tls.crt", key)),
    CertificateProblem.Unreadable(secretName, "tls.crt")
    "an expired certificate",
    secret (values.Add("tls.crt", leaf (days -1) [ "*.basic-tikv-peer.default" ])),
    CertificateProblem.Expired(secretName, "tls.crt", days -1)
    "a certificate of tomorrow",
    secret (
        values.Add(
            "tls.crt",
            {
                Digest = "b"
                Certificates = [ certificate (days 1) (days 400) [ "*.basic-tikv-peer.default" ] ]
            }
        )
    ),
    CertificateProblem.NotYetValid(secretName, "tls.crt", days 1)
]

[<Test>]
let ``no process is started without the certificates that TLS needs`` () =
    for name, sighting, problem in reasonsNotToStart do
        Assert.That(decide (bare |> withSecret sighting), Is.EqualTo(wrong problem), name)

[<Test>]
let ``a process that runs is left alone when its Secret vanishes, and that is told`` () =
    let observed = running |> withSecret Sighting.Absent

    decide observed
    |> shouldBe (wrong (CertificateProblem.SecretMissing secretName))

    valid observed |> shouldBe (Some("False", "CertificateSecretMissing"))

[<Test>]
let ``no process is taken down that could not be started again`` () =
    let observed = running |> withSecret Sighting.Absent |> outdated |> holding

    decide observed
    |> shouldBe (wrong (CertificateProblem.SecretMissing secretName))

[<Test>]
let ``an eviction of leaders ends and the disruption is given back, whatever the certificates`` () =
    let observed =
        running
        |> withSecret Sighting.Absent
        |> marked 60
        |> withMark (fun mark -> { mark with Ended = Some(ago 1) })

    (decide observed).Actions |> shouldBe [ UnmarkEviction ]
    let observed = running |> withSecret Sighting.Absent |> holding

    (decide observed).Actions
    |> shouldBe [ ReleaseDisruption(clusterMeta observed) ]

[<Test>]
let ``a certificate for other names is told, and starts all the same`` () =
    let other = secret (values.Add("tls.crt", leaf (days 200) [ "*.another-peer.default" ]))
    let observed = bare |> withSecret other

    let problem = CertificateProblem.NameMissing(secretName, "basic-tikv-2.basic-tikv-peer.default")

    decide observed
    |> shouldBe {
        Actions = [ CreatePod(ok (Rules.podBody observed)) ]
        Waiting = [ CertificateWrong problem ]
    }

[<Test>]
let ``new certificates restart nothing`` () =
    let renewed =
        values
        |> Map.map (fun _ value -> { value with Digest = value.Digest + " renewed" })
        |> secret

    running |> withSecret renewed |> decide |> shouldBe settled

[<Test>]
let ``a certificate that expires within 30 days is valid, and said to expire soon`` () =
    let names = [ "*.basic-tikv-peer.default" ]
    let at left = running |> withSecret (secret (values.Add("tls.crt", leaf (days left) names)))
    decide (at 20.0) |> shouldBe settled
    valid (at 20.0) |> shouldBe (Some("True", "CertificateExpiresSoon"))
    valid (at 34.0) |> shouldBe (Some("True", "Valid"))

[<Test>]
let ``a certificate of a short life expires soon in its last quarter`` () =
    let ofDay left = {
        Digest = "b"
        Certificates = [
            certificate (days (left - 1.0)) (days left) [ "basic-tikv-2.basic-tikv-peer.default" ]
        ]
    }

    let at left = running |> withSecret (secret (values.Add("tls.crt", ofDay left)))
    valid (at 0.5) |> shouldBe (Some("True", "Valid"))
    valid (at 0.2) |> shouldBe (Some("True", "CertificateExpiresSoon"))

[<Test>]
let ``of two authorities the one that lasts longer counts`` () =
    let both = {
        Digest = "a"
        Certificates = [ certificate (days -100) (days -1) []; certificate (days -1) (days 3000) [] ]
    }

    running
    |> withSecret (secret (values.Add("ca.crt", both)))
    |> decide
    |> shouldBe settled

[<Test>]
let ``without TLS nothing is said of certificates`` () = valid tikv |> shouldBe None

// ---- what is read of a Secret

let private pem =
    "MIIBTjCB9aADAgECAgEBMAoGCCqGSM49BAMCMBMxETAPBgNVBAMMCHNjZW5hcmlvMB4XDTIwMDEwMTAwMDAwMFoXDTk5MDEwMTAwMDAwMFow"

let private raw (data: (string * string) list) =
    Json.object [
        "metadata",
        Json.object [
            "name", Json.string "s"
            "namespace", Json.string "default"
            "resourceVersion", Json.string "7"
            "annotations",
            Json.object [ "kubectl.kubernetes.io/last-applied-configuration", Json.string "hunter2" ]
        ]
        "data",
        data
        |> List.map (fun (key, text) ->
            key, Json.string (Convert.ToBase64String(Text.Encoding.UTF8.GetBytes text)))
        |> Json.object
    ]

[<Test>]
let ``of a Secret nothing is kept but its keys, and a digest of each value`` () =
    let redacted = Secret.redact (raw [ "password", "hunter2"; "tls.crt", pem ])
    let printed = Json.print redacted
    Assert.That(printed, Does.Not.Contain "hunter2")
    Assert.That(printed, Does.Not.Contain(Convert.ToBase64String(Text.Encoding.UTF8.GetBytes "hunter2")))
    let view = Secret.view redacted
    view.Values.Keys |> List.ofSeq |> shouldBe [ "password"; "tls.crt" ]
    view.Meta.ResourceVersion |> shouldBe (ResourceVersion "7")
    view.Values["tls.crt"].Certificates |> shouldBe []
    view.Values["password"].Digest.Length |> shouldBe 64

[<Test>]
let ``what is redacted stays as it is when it is redacted again`` () =
    let once = Secret.redact (raw [ "password", "hunter2" ])
    Secret.redact once |> shouldBe once

[<Test>]
let ``equal values have equal digests, and others have others`` () =
    let digest text = (Secret.view (Secret.redact (raw [ "key", text ]))).Values["key"].Digest
    digest "one" |> shouldBe (digest "one")
    digest "one" = digest "two" |> shouldBe false

[<Test>]
let ``only Secrets are redacted`` () =
    let read kind =
        Secret.redacted { Kind = kind; Namespace = "default"; Name = "s" } (Done(raw [ "a", "hunter2" ]))

    read Kind.ConfigMap |> shouldBe (Done(raw [ "a", "hunter2" ]))
    read Kind.Secret |> shouldBe (Done(Secret.redact (raw [ "a", "hunter2" ])))
