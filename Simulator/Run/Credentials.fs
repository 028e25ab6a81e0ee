/// Secrets with certificates for scenarios: of the right form, always the same bytes, and signed by nobody.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Credentials

open System
open System.Globalization
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Text
open Tikv.Core

/// A point on the curve P-256: its generator.
let private publicKey =
    let point =
        Convert.FromHexString
            "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"

    PublicKey(
        Oid "1.2.840.10045.2.1",
        AsnEncodedData(Convert.FromHexString "06082A8648CE3D030107"),
        AsnEncodedData point
    )

/// ECDSA with SHA-256, and a signature that nobody made.
type private Unsigned() =
    inherit X509SignatureGenerator()
    override _.GetSignatureAlgorithmIdentifier _ = Convert.FromHexString "300A06082A8648CE3D040302"
    override _.SignData(_, _) = Convert.FromHexString "3006020101020101"
    override _.BuildPublicKey() = publicKey

/// A certificate in PEM for these DNS names.
let certificate (names: string list) (notBefore: DateTimeOffset) (notAfter: DateTimeOffset) : string =
    let subject = X500DistinguishedName "CN=scenario"
    let request = CertificateRequest(subject, publicKey, HashAlgorithmName.SHA256)

    if not names.IsEmpty then
        let builder = SubjectAlternativeNameBuilder()
        names |> List.iter builder.AddDnsName
        request.CertificateExtensions.Add(builder.Build())

    use made = request.Create(subject, Unsigned(), notBefore, notAfter, [| 1uy |])
    made.ExportCertificatePem()

/// From when certificates are valid, and until when, unless a scenario says otherwise: before and after any of them.
let start = "2020-01-01"

let never = "2099-01-01"

let private day (text: string) =
    DateTimeOffset(DateTime.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture), TimeSpan.Zero)

/// One that is valid in every scenario.
let lasting secret hosts round : Certificate = {
    Secret = secret
    Hosts = hosts
    Round = round
    ValidFrom = start
    ValidUntil = never
}

/// The Secret of a component or of the operator. `Round` makes another key of the same authority.
let secret (wanted: Certificate) : Json =
    let values = [
        "ca.crt", certificate [] (day start) (day never)
        "tls.crt", certificate wanted.Hosts (day wanted.ValidFrom) (day wanted.ValidUntil)
        "tls.key", $"a private key, number %d{wanted.Round}"
    ]

    Json.object [
        "apiVersion", Json.String "v1"
        "kind", Json.String "Secret"
        "metadata", Json.object [ "name", Json.String wanted.Secret; "namespace", Json.String "default" ]
        "data",
        values
        |> List.map (fun (key, text) -> key, Json.String(Convert.ToBase64String(Encoding.UTF8.GetBytes text)))
        |> Json.object
    ]

let private names group = [ $"*.%s{group}-peer.default"; $"%s{group}.default" ]

let pd round = lasting "basic-pd-pd-cluster-secret" (names "basic-pd") round

let tikv round = lasting "basic-tikv-tikv-cluster-secret" (names "basic-tikv") round

let client round = lasting "basic-cluster-client-secret" [] round

/// All that a cluster with TLS needs, of one life of the certificates.
let all round = [ pd round; tikv round; client round ]
