using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Credentials;
using Tikv.Adapters.Kubernetes.Transport;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Pd;

/// <summary>To PD by its DNS names.</summary>
internal sealed class DirectRoute : IPdRoute
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly TimeSpan deadline;
    private readonly X509Certificate2Collection owned = [];
    private readonly HttpMessageInvoker http;

    /// <exception cref="System.Security.Cryptography.CryptographicException">The certificates cannot be used.</exception>
    public DirectRoute(PdTls? tls, TimeSpan deadline)
    {
        this.deadline = deadline;
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = true, // a double slash is answered by 307
            UseCookies = false,
            UseProxy = false, // PD is in the cluster network, HTTPS_PROXY leads out of it
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // a name may mean another Pod by then
            SslOptions = Options(tls),
        });
    }

    public async Task<Outcome<PdReply>> Ask(PdEndpoint endpoint, PdRequest request, CancellationToken ct)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(deadline);
        var url = new Uri($"{(endpoint.Tls ? "https" : "http")}://{Describe(endpoint)}{request.Path}");
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), url);

        if (request.Body is { Value: var body })
        {
            message.Content = new ByteArrayContent(JsonModule.toBytes(body));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        try
        {
            using var response = await http.SendAsync(message, limited.Token);
            var bytes = await response.Content.ReadAsByteArrayAsync(limited.Token);
            return Outcome<PdReply>.NewDone(new PdReply((int)response.StatusCode, PdBodyModule.parse(bytes)));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Outcome<PdReply>.NewUnknown(
                $"no answer within {deadline.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s");
        }
        catch (Exception problem) when (Problem.IsOfTransport(problem))
        {
            ct.ThrowIfCancellationRequested();
            return Outcome<PdReply>.NewUnknown(Problem.Text(problem));
        }
    }

    public string Describe(PdEndpoint endpoint) =>
        string.Create(CultureInfo.InvariantCulture, $"{endpoint.Host}:{endpoint.Port}");

    public void Dispose()
    {
        http.Dispose();

        foreach (var certificate in owned)
        {
            certificate.Dispose();
        }
    }

    private SslClientAuthenticationOptions Options(PdTls? tls)
    {
        var options = new SslClientAuthenticationOptions();

        if (tls is null)
        {
            return options;
        }

        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(tls.AuthorityPem);
        owned.AddRange(roots);
        options.CertificateChainPolicy = TlsRules.TrustOnly(roots);

        if (tls is { CertificatePem: { } certificate, KeyPem: { } key })
        {
            var chain = new ClientIdentity(certificate, key).Load();
            owned.AddRange(chain);
            options.ClientCertificateContext = SslStreamCertificateContext.Create(chain[0], chain, offline: true);
        }

        return options;
    }
}
