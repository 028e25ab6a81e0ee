namespace Tikv.Core

open System
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// What is the matter with the certificates that a process, or the operator, is to use.
[<RequireQualifiedAccess>]
type CertificateProblem =
    | NotRead of Secret: string
    | SecretMissing of Secret: string
    | KeyMissing of Secret: string * Key: string
    | Unreadable of Secret: string * Key: string
    | NotYetValid of Secret: string * Key: string * From: DateTimeOffset
    | Expired of Secret: string * Key: string * At: DateTimeOffset
    /// The server could not prove that it is who it says.
    | NameMissing of Secret: string * Host: string
    | ExpiresSoon of Secret: string * Key: string * At: DateTimeOffset

/// The Secrets of TLS: which are needed, and whether they will do.
[<RequireQualifiedAccess>]
module Certificates =
    let private authorityKey = "ca.crt"
    let private certificateKey = "tls.crt"
    let private privateKey = "tls.key"

    /// How long before its end a certificate is said to expire soon: 30 days, or a quarter of its life when that is
    /// shorter. cert-manager renews when a third is left, so that a certificate which it looks after never gets here.
    let soon (certificate: CertificateView) =
        min (TimeSpan.FromDays 30.0) ((certificate.NotAfter - certificate.NotBefore) / 4.0)

    let private covers (host: string) (name: string) =
        if name.StartsWith("*.", StringComparison.Ordinal) then
            match host.IndexOf('.', StringComparison.Ordinal) with
            | -1 -> false
            | dot -> String.Equals(host.Substring dot, name.Substring 1, StringComparison.OrdinalIgnoreCase)
        else
            String.Equals(host, name, StringComparison.OrdinalIgnoreCase)

    let private validity (clock: DateTimeOffset) secret key (certificate: CertificateView) =
        if clock < certificate.NotBefore then
            [ CertificateProblem.NotYetValid(secret, key, certificate.NotBefore) ]
        elif clock >= certificate.NotAfter then
            [ CertificateProblem.Expired(secret, key, certificate.NotAfter) ]
        elif certificate.NotAfter - clock < soon certificate then
            [ CertificateProblem.ExpiresSoon(secret, key, certificate.NotAfter) ]
        else
            []

    let private value secret key (secrets: Map<string, Sighting<SecretView>>) =
        match Map.tryFind secret secrets |> Option.defaultValue Sighting.Unknown with
        | Sighting.Unknown -> Error(CertificateProblem.NotRead secret)
        | Sighting.Absent -> Error(CertificateProblem.SecretMissing secret)
        | Sighting.Known view ->
            match Map.tryFind key view.Values with
            | Some value -> Ok value
            | None -> Error(CertificateProblem.KeyMissing(secret, key))

    /// Of a bundle of authorities it is the one that lasts longest that counts: during a rotation the old one is there too.
    let private authority clock secret secrets =
        match value secret authorityKey secrets with
        | Error problem -> [ problem ]
        | Ok value when value.Certificates.IsEmpty -> [ CertificateProblem.Unreadable(secret, authorityKey) ]
        | Ok value ->
            value.Certificates
            |> List.maxBy _.NotAfter
            |> validity clock secret authorityKey

    let private pair clock secret hosts secrets = [
        match value secret certificateKey secrets with
        | Error problem -> problem
        | Ok { Certificates = [] } -> CertificateProblem.Unreadable(secret, certificateKey)
        | Ok { Certificates = leaf :: _ } ->
            yield! validity clock secret certificateKey leaf

            match
                hosts
                |> List.tryFind (fun host -> not (leaf.Names |> List.exists (covers host)))
            with
            | Some host -> CertificateProblem.NameMissing(secret, host)
            | None -> ()

        match value secret privateKey secrets with
        | Error problem -> problem
        | Ok _ -> ()
    ]

    /// What is wrong with the Secret of the authority and that of the pair, for a server of these names. Everything, each
    /// once.
    let problems clock (secrets: Map<string, Sighting<SecretView>>) (ca, own) (hosts: string list) =
        authority clock ca secrets @ pair clock own hosts secrets |> List.distinct

    /// Whether a process must not be started with such certificates (V T73): it would serve nobody, or without TLS.
    let blocks problem =
        match problem with
        | CertificateProblem.NotRead _
        | CertificateProblem.SecretMissing _
        | CertificateProblem.KeyMissing _
        | CertificateProblem.Unreadable _
        | CertificateProblem.NotYetValid _
        | CertificateProblem.Expired _ -> true
        | CertificateProblem.NameMissing _
        | CertificateProblem.ExpiresSoon _ -> false

    /// For people.
    let text problem =
        match problem with
        | CertificateProblem.NotRead secret -> $"the Secret %s{secret} could not be read yet"
        | CertificateProblem.SecretMissing secret -> $"the Secret %s{secret} does not exist"
        | CertificateProblem.KeyMissing(secret, key) -> $"the Secret %s{secret} has no %s{key}"
        | CertificateProblem.Unreadable(secret, key) ->
            $"%s{key} of the Secret %s{secret} is not a certificate in PEM"
        | CertificateProblem.NotYetValid(secret, key, from) ->
            $"%s{key} of the Secret %s{secret} is not valid before %s{Timestamp.print from}"
        | CertificateProblem.Expired(secret, key, at) ->
            $"%s{key} of the Secret %s{secret} expired at %s{Timestamp.print at}"
        | CertificateProblem.NameMissing(secret, host) ->
            $"tls.crt of the Secret %s{secret} is not for the name %s{host}"
        | CertificateProblem.ExpiresSoon(secret, key, at) ->
            $"%s{key} of the Secret %s{secret} expires at %s{Timestamp.print at}"

    /// The reason of the Kubernetes condition: stable, part of the API.
    let code problem =
        match problem with
        | CertificateProblem.NotRead _ -> "CertificatesNotRead"
        | CertificateProblem.SecretMissing _ -> "CertificateSecretMissing"
        | CertificateProblem.KeyMissing _ -> "CertificateKeyMissing"
        | CertificateProblem.Unreadable _ -> "CertificateUnreadable"
        | CertificateProblem.NotYetValid _ -> "CertificateNotYetValid"
        | CertificateProblem.Expired _ -> "CertificateExpired"
        | CertificateProblem.NameMissing _ -> "CertificateNameMissing"
        | CertificateProblem.ExpiresSoon _ -> "CertificateExpiresSoon"

    let private status problems =
        let isUnread problem =
            match problem with
            | CertificateProblem.NotRead _ -> true
            | _ -> false

        let isWarning problem =
            match problem with
            | CertificateProblem.ExpiresSoon _ -> true
            | _ -> false

        match problems |> List.filter (isWarning >> not), problems with
        | [], [] -> ConditionStatus.True, ConditionReason.Valid, "all certificates are there and valid"
        | [], warning :: _ -> ConditionStatus.True, code warning, text warning
        | wrong, _ ->
            let first = wrong |> List.tryFind (isUnread >> not) |> Option.defaultValue (List.head wrong)

            let status = if List.forall isUnread wrong then ConditionStatus.Unknown else ConditionStatus.False

            status, code first, String.Join("; ", wrong |> List.map text)

    /// Keeps the condition CertificatesValid; there is none without TLS.
    let condition clock generation (problems: CertificateProblem list option) conditions =
        match problems with
        | None -> conditions |> Condition.remove ConditionType.CertificatesValid
        | Some problems ->
            let status, reason, message = status problems

            conditions
            |> Condition.set clock generation ConditionType.CertificatesValid status reason message
