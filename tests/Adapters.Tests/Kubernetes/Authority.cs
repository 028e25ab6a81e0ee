using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tikv.Adapters.Tests.Kubernetes;

/// <summary>A certificate authority for one test.</summary>
internal sealed class Authority : IDisposable
{
    private static readonly DateTimeOffset From = DateTimeOffset.UtcNow.AddDays(-1);
    private static readonly DateTimeOffset Until = DateTimeOffset.UtcNow.AddDays(10);

    private readonly X509Certificate2 certificate;

    public Authority(string name = "test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        certificate = request.CreateSelfSigned(From, Until);
    }

    public string Pem => certificate.ExportCertificatePem();

    /// <summary>A server certificate for these host names and addresses.</summary>
    public X509Certificate2 Server(params string[] names)
    {
        var alternatives = new SubjectAlternativeNameBuilder();

        foreach (var name in names)
        {
            if (System.Net.IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(alternatives.Build());
        using var signed = Sign(request);
        using var withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>A client certificate and its key in PEM; an EC key stands in the form of its own (SEC 1).</summary>
    public (string Certificate, string Key) Client(string name, bool rsa)
    {
        if (rsa)
        {
            using var key = RSA.Create(2048);
            using var signed = Sign(new CertificateRequest(
                $"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
            return (signed.ExportCertificatePem(), key.ExportRSAPrivateKeyPem());
        }
        else
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var signed = Sign(new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256));
            return (signed.ExportCertificatePem(), key.ExportECPrivateKeyPem());
        }
    }

    public void Dispose() => certificate.Dispose();

    private X509Certificate2 Sign(CertificateRequest request)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return request.Create(
            certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), From, Until, RandomNumberGenerator.GetBytes(8));
    }
}
