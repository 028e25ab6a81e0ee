using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Kubernetes.Credentials;

namespace Tikv.Adapters.Kubernetes.Transport;

/// <summary>
/// The connections that share one set of trusted roots and one client certificate. Watches have HTTP/1.1 connections of
/// their own: a silent HTTP/2 connection may go unnoticed (dotnet/runtime 120179), and would take every stream with it.
/// </summary>
internal sealed class Transport : IDisposable
{
    /// <summary>After that a connection is replaced, so that load spreads over API servers that came later.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly X509Certificate2Collection owned = [];
    private readonly KubernetesConnection connection;
    private readonly SslClientAuthenticationOptions tls;

    /// <param name="connection">What to reach.</param>
    /// <param name="authorities">PEM of the trusted roots; none means those of the system.</param>
    /// <param name="identity">The client certificate to show.</param>
    /// <exception cref="CredentialException">The certificates cannot be used.</exception>
    public Transport(KubernetesConnection connection, string? authorities, ClientIdentity? identity)
    {
        this.connection = connection;
        Authorities = authorities;
        Identity = identity;
        tls = Tls();
        Requests = new HttpMessageInvoker(Handler(
            connection.DisableCompression ? DecompressionMethods.None : DecompressionMethods.GZip));
        Watches = new HttpMessageInvoker(Handler(DecompressionMethods.None));
    }

    public string? Authorities { get; }
    public ClientIdentity? Identity { get; }
    public HttpMessageInvoker Requests { get; }
    public HttpMessageInvoker Watches { get; }

    public void Dispose()
    {
        Requests.Dispose();
        Watches.Dispose();

        foreach (var certificate in owned)
        {
            certificate.Dispose();
        }
    }

    private SslClientAuthenticationOptions Tls()
    {
        var options = new SslClientAuthenticationOptions();

        try
        {
            if (Authorities is not null)
            {
                var roots = new X509Certificate2Collection();
                roots.ImportFromPem(Authorities);

                if (roots.Count == 0)
                {
                    throw new CredentialException($"{connection.CertificateAuthority?.Origin}: holds no certificate in PEM");
                }

                owned.AddRange(roots);
                options.CertificateChainPolicy = TlsRules.TrustOnly(roots);
            }

            if (Identity is not null)
            {
                var chain = Identity.Load();
                owned.AddRange(chain);
                options.ClientCertificateContext = SslStreamCertificateContext.Create(chain[0], chain, offline: true);
            }
        }
        catch (CryptographicException problem)
        {
            throw new CredentialException(
                $"{connection.Origin}: the certificates for {connection.Server} cannot be used: {problem.Message}", problem);
        }

        options.RemoteCertificateValidationCallback =
            connection.InsecureSkipTlsVerify ? TlsRules.Anything
            : connection.TlsServerName is { } name ? TlsRules.NamedInstead(name)
            : null;

        return options;
    }

    private SocketsHttpHandler Handler(DecompressionMethods compression)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // would send our token elsewhere
            UseCookies = false,
            AutomaticDecompression = compression,
            PooledConnectionLifetime = ConnectionLifetime,
            ConnectTimeout = ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30), // as client-go has it
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            ConnectCallback = new Dialer(connection, tls).Connect,
            SslOptions = tls,
        };

        if (connection.Proxy is { } proxy)
        {
            handler.Proxy = new WebProxy(proxy) { Credentials = CredentialsOf(proxy) };
        }
        else if (connection.Server.IsLoopback)
        {
            handler.UseProxy = false; // as kubectl: HTTPS_PROXY is not meant for this machine
        }

        return handler;
    }

    private static NetworkCredential? CredentialsOf(Uri proxy) =>
        proxy.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var rest]
            ? new NetworkCredential(Uri.UnescapeDataString(user), Uri.UnescapeDataString(rest.FirstOrDefault() ?? ""))
            : null;
}
