/// The certificates of one run of the server: an authority that is made at the start and forgotten at the end.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.Certificates

open System
open System.Net
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates

type Issued = {
    /// What clients trust, as PEM.
    Authority: string
    /// With its private key.
    Server: X509Certificate2
}

let private validity (now: DateTimeOffset) = now.AddDays -1.0, now.AddYears 1

let private key () = ECDsa.Create ECCurve.NamedCurves.nistP256

let private authority now (key: ECDsa) =
    let request = CertificateRequest("CN=tikv-sim-ca", key, HashAlgorithmName.SHA256)
    request.CertificateExtensions.Add(X509BasicConstraintsExtension(true, true, 0, true))

    request.CertificateExtensions.Add(
        X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign ||| X509KeyUsageFlags.CrlSign, true)
    )

    request.CertificateExtensions.Add(X509SubjectKeyIdentifierExtension(request.PublicKey, false))
    request.CreateSelfSigned(validity now)

let private server now (authority: X509Certificate2) (key: ECDsa) =
    let request = CertificateRequest("CN=tikv-sim", key, HashAlgorithmName.SHA256)
    request.CertificateExtensions.Add(X509BasicConstraintsExtension(false, false, 0, true))
    request.CertificateExtensions.Add(X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true))

    let serverAuthentication = OidCollection()
    serverAuthentication.Add(Oid "1.3.6.1.5.5.7.3.1") |> ignore
    request.CertificateExtensions.Add(X509EnhancedKeyUsageExtension(serverAuthentication, false))

    let names = SubjectAlternativeNameBuilder()
    names.AddDnsName "localhost"
    names.AddIpAddress IPAddress.Loopback
    request.CertificateExtensions.Add(names.Build())

    // Positive and unique to the authority: 16 bytes, the first bit clear.
    let serial = RandomNumberGenerator.GetBytes 16
    serial[0] <- serial[0] &&& 0x7Fuy ||| 0x01uy

    // Issued certificates must not outlive their authority.
    let start, _ = validity now
    request.Create(authority, start, authority.NotAfter |> DateTimeOffset, serial)

/// Issues certificates for 127.0.0.1 and localhost.
let issue (now: DateTimeOffset) : Issued =
    use authorityKey = key ()
    use authority = authority now authorityKey
    use serverKey = key ()
    use server = server now authority serverKey

    { Authority = authority.ExportCertificatePem(); Server = server.CopyWithPrivateKey serverKey }

/// A bearer token: 32 random bytes in hexadecimal.
let newToken () = RandomNumberGenerator.GetBytes 32 |> Convert.ToHexStringLower
