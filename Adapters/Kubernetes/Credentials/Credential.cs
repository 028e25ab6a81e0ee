using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace Tikv.Adapters.Kubernetes.Credentials;

/// <summary>What a request shows to the API server. Never prints itself.</summary>
internal sealed class Credential(AuthenticationHeaderValue? authorization = null, ClientIdentity? identity = null)
{
    public static Credential None { get; } = new();

    public AuthenticationHeaderValue? Authorization => authorization;

    /// <summary>A client certificate, when one is to be shown; another one needs another connection.</summary>
    public ClientIdentity? Identity => identity;

    /// <summary>The same secrets, also when one of the two was completed with a certificate from elsewhere.</summary>
    public bool CameFrom(Credential source) =>
        ReferenceEquals(authorization, source.Authorization)
        && (source.Identity is null || ReferenceEquals(identity, source.Identity));

    public bool HoldsSameAs(Credential other) =>
        Equals(authorization, other.Authorization) && identity == other.Identity;

    public override string ToString() => nameof(Credential);
}

/// <summary>A client certificate with its key, and the certificates that lead to its root.</summary>
internal sealed record ClientIdentity(string CertificatePem, string KeyPem)
{
    /// <summary>The client certificate first. The caller owns them all.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Not PEM, or the key is of another certificate.</exception>
    public X509Certificate2Collection Load()
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(CertificatePem);
        chain[0].Dispose();
        chain[0] = X509Certificate2.CreateFromPem(CertificatePem, KeyPem);

        if (OperatingSystem.IsWindows())
        {
            // SChannel cannot use a key that lives in memory only.
            using var inMemory = chain[0];
            chain[0] = X509CertificateLoader.LoadPkcs12(inMemory.Export(X509ContentType.Pkcs12), null);
        }

        return chain;
    }

    public override string ToString() => nameof(ClientIdentity);
}

/// <summary>Gives the credential of the moment.</summary>
internal interface ICredentialSource
{
    /// <summary>The credential for a request that is about to be sent.</summary>
    /// <exception cref="CredentialException">None can be had.</exception>
    ValueTask<Credential> Current(CancellationToken ct);

    /// <summary>
    /// The server answered 401 to that credential. False: asking again would only give the same one.
    /// </summary>
    bool Refused(Credential credential);
}

/// <summary>No credential can be had: a file that is gone, a plugin that fails. The request was not sent.</summary>
internal sealed class CredentialException(string message, Exception? inner = null) : Exception(message, inner);
