namespace Tikv.Core.Kubernetes

open System
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open Tikv.Core

/// What the operator reads of an X.509 certificate.
type CertificateView = {
    NotBefore: DateTimeOffset
    NotAfter: DateTimeOffset
    /// The DNS names and IP addresses that it stands for (subject alternative names); a name may begin with `*.`.
    Names: string list
}

/// One value of a Secret: not the value itself.
type SecretValue = {
    /// SHA-256, in hexadecimal.
    Digest: string
    /// The certificates in it, the leaf first; empty when there are none, or when they cannot be read.
    Certificates: CertificateView list
}

/// What the operator reads of a Secret: which keys it has, and what its certificates say.
type SecretView = { Meta: Meta; Values: Map<string, SecretValue> }

/// Secrets are redacted where they come in, so that neither a state, nor a recorded input, nor a log line can hold one
/// (V I50).
[<RequireQualifiedAccess>]
module Secret =
    let private instant (at: DateTimeOffset) = Timestamp.print at |> Json.string

    let private names (certificate: X509Certificate2) =
        certificate.Extensions
        |> Seq.collect (fun extension ->
            match extension with
            | :? X509SubjectAlternativeNameExtension as alternatives -> alternatives.EnumerateDnsNames()
            | _ -> Seq.empty)
        |> List.ofSeq

    let private certificate (one: X509Certificate2) =
        Json.object [
            "notBefore", instant (DateTimeOffset(one.NotBefore))
            "notAfter", instant (DateTimeOffset(one.NotAfter))
            "names", Json.strings (names one)
        ]

    /// The certificates of a PEM text; none when it is not one.
    let private certificates (bytes: byte array) =
        let found = X509Certificate2Collection()

        try
            try
                found.ImportFromPem((Text.Encoding.UTF8.GetString bytes).AsSpan())
                found |> Seq.map certificate |> List.ofSeq
            with :? CryptographicException -> []
        finally
            found |> Seq.iter _.Dispose()

    let private value (json: Json) =
        match json with
        | Json.String text ->
            let room = Array.zeroCreate<byte>(text.Length)

            match Convert.TryFromBase64String(text, Span<byte> room) with
            | true, length ->
                let bytes = Array.truncate length room

                Json.present [
                    "digest", Some(Json.string (Convert.ToHexStringLower(SHA256.HashData bytes)))
                    "certificates",
                    (match certificates bytes with
                     | [] -> None
                     | found -> Some(Json.array found))
                ]
            | false, _ -> Json.object [ "digest", Json.string "" ]
        | redacted -> redacted

    /// The Secret without its values, and without annotations: `kubectl apply` keeps a copy of the values in one.
    let redact (secret: Json) : Json =
        let meta: Meta = Meta.decode secret

        let kept: Meta = {
            Meta.empty with
                Name = meta.Name
                Namespace = meta.Namespace
                Uid = meta.Uid
                ResourceVersion = meta.ResourceVersion
                DeletionTimestamp = meta.DeletionTimestamp
        }

        Json.object [
            "apiVersion", Json.string "v1"
            "kind", Json.string "Secret"
            "metadata", Meta.encode kept
            "data",
            secret
            |> Json.membersAt [ "data" ]
            |> List.map (fun (key, data) -> key, value data)
            |> Json.object
        ]

    /// The answer to a quorum read as the state machine may see it: that of a Secret is redacted.
    [<CompiledName "Redacted">]
    let redacted (object: ObjectRef) (outcome: Outcome<Json>) : Outcome<Json> =
        match outcome with
        | Done secret when object.Kind = Kind.Secret -> Done(redact secret)
        | other -> other

    let private time path json = json |> Json.stringAt path |> Option.bind Timestamp.tryParse

    let private certificateView json =
        match time [ "notBefore" ] json, time [ "notAfter" ] json with
        | Some notBefore, Some notAfter ->
            Some {
                NotBefore = notBefore
                NotAfter = notAfter
                Names = json |> Json.itemsAt [ "names" ] |> List.choose Json.asString
            }
        | _ -> None

    /// What a redacted Secret says.
    let view (redacted: Json) : SecretView = {
        Meta = Meta.decode redacted
        Values =
            redacted
            |> Json.membersAt [ "data" ]
            |> List.map (fun (key, value) ->
                key,
                {
                    Digest = value |> Json.stringAt [ "digest" ] |> Option.defaultValue ""
                    Certificates = value |> Json.itemsAt [ "certificates" ] |> List.choose certificateView
                })
            |> Map.ofList
    }
