using System.Net;
using System.Net.Http.Headers;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Kubernetes.Credentials;
using Tikv.Adapters.Kubernetes.Transport;
using Tikv.Core;

namespace Tikv.Adapters.Kubernetes;

/// <summary>A request before it knows its server and credentials. It can be sent more than once.</summary>
internal sealed record ApiRequest(HttpMethod Method, string Path, Json? Body = null, string ContentType = "application/json")
{
    public bool IsWatch { get; init; }
}

/// <summary>An answer whose body is still to be read, with what it keeps alive.</summary>
internal sealed class Exchange(HttpResponseMessage response, Action release) : IDisposable
{
    public HttpResponseMessage Response => response;
    public int Status => (int)response.StatusCode;

    public void Dispose()
    {
        response.Dispose();
        release();
    }
}

/// <summary>Sends requests with the credential of the moment, once more when the server answers 401 and a new one may be had.</summary>
internal sealed class Sender(
    KubernetesConnection connection, ICredentialSource credentials, TransportPool transports, KubernetesOptions options, TimeProvider time)
{
    public async Task<Exchange> Send(ApiRequest request, CancellationToken ct)
    {
        var credential = await credentials.Current(ct);
        var exchange = await Send(request, credential, ct);

        if (exchange.Response.StatusCode == HttpStatusCode.Unauthorized && credentials.Refused(credential))
        {
            exchange = await SendAgain(request, credential, exchange, ct);
        }

        foreach (var warning in exchange.Response.Headers.Warning.Where(warning => warning.Code == 299))
        {
            options.Warning?.Invoke(warning.Text.Trim('"'));
        }

        return exchange;
    }

    /// <summary>Once more with another credential, if there is one; what was answered by 401 was not carried out.</summary>
    private async Task<Exchange> SendAgain(ApiRequest request, Credential refused, Exchange exchange, CancellationToken ct)
    {
        Credential renewed;

        try
        {
            renewed = await credentials.Current(ct);
        }
        catch
        {
            exchange.Dispose();
            throw;
        }

        if (renewed.HoldsSameAs(refused))
        {
            return exchange;
        }

        exchange.Dispose();
        return await Send(request, renewed, ct);
    }

    private async Task<Exchange> Send(ApiRequest request, Credential credential, CancellationToken ct)
    {
        var transport = transports.Acquire(credential.Identity);
        var started = time.GetTimestamp();
        int? status = null;

        try
        {
            using var message = Message(request, credential);
            var invoker = request.IsWatch ? transport.Watches : transport.Requests;
            var response = await invoker.SendAsync(message, ct);
            status = (int)response.StatusCode;
            return new Exchange(response, () => transports.Release(transport));
        }
        catch
        {
            transports.Release(transport);
            throw;
        }
        finally
        {
            RequestMetrics.Record(request.Method, connection.Server, status, time.GetElapsedTime(started));
        }
    }

    private HttpRequestMessage Message(ApiRequest request, Credential credential)
    {
        var message = new HttpRequestMessage(request.Method, new Uri(connection.Server, request.Path))
        {
            Version = request.IsWatch ? HttpVersion.Version11 : HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };

        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(JsonModule.toBytes(body));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType);
        }

        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        message.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
        message.Headers.Authorization = credential.Authorization;

        if (connection.Impersonation is { } impersonation)
        {
            Impersonate(message.Headers, impersonation);
        }

        return message;
    }

    private static void Impersonate(HttpRequestHeaders headers, Impersonation impersonation)
    {
        headers.Add("Impersonate-User", impersonation.User);

        if (impersonation.Uid is { } uid)
        {
            headers.Add("Impersonate-Uid", uid);
        }

        foreach (var group in impersonation.Groups)
        {
            headers.Add("Impersonate-Group", group);
        }

        foreach (var (key, values) in impersonation.Extra)
        {
            headers.Add($"Impersonate-Extra-{Uri.EscapeDataString(key)}", values);
        }
    }
}
