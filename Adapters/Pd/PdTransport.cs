using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tikv.Adapters.Kubernetes.Credentials;
using Tikv.Adapters.Kubernetes.Transport;

namespace Tikv.Adapters.Pd;

/// <summary>Connections to PD and TiKV, all made with the same certificates, or without any.</summary>
internal sealed class PdTransport : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly X509Certificate2Collection owned = [];

    private PdTransport(Action<SslClientAuthenticationOptions, X509Certificate2Collection> tls)
    {
        var options = new SslClientAuthenticationOptions();
        tls(options, owned);
        Http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = true, // a double slash is answered by 307
            UseCookies = false,
            UseProxy = false, // PD is in the cluster network, HTTPS_PROXY leads out of it
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // a name may mean another Pod by then
            SslOptions = options,
        });
    }

    public HttpMessageInvoker Http { get; }

    /// <summary>For endpoints without TLS.</summary>
    public static PdTransport Plain() => new((_, _) => { });

    /// <summary>Shows a client certificate, and trusts servers of that authority only, for their own names only.</summary>
    /// <exception cref="CryptographicException">The certificates cannot be used.</exception>
    public static PdTransport Mutual(string authorityPem, ClientIdentity identity, bool skipVerify) =>
        new((options, owned) =>
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPem(authorityPem);
            owned.AddRange(roots);

            if (roots.Count == 0)
            {
                throw new CryptographicException("the authority holds no certificate in PEM");
            }

            options.CertificateChainPolicy = TlsRules.TrustOnly(roots);

            if (skipVerify)
            {
                options.RemoteCertificateValidationCallback = TlsRules.Anything;
            }

            var chain = identity.Load();
            owned.AddRange(chain);
            options.ClientCertificateContext = SslStreamCertificateContext.Create(chain[0], chain, offline: true);
        });

    public void Dispose()
    {
        Http.Dispose();

        foreach (var certificate in owned)
        {
            certificate.Dispose();
        }
    }
}
