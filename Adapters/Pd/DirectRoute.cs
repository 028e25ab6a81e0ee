using System.Globalization;
using System.Net.Http.Headers;
using Tikv.Adapters.Kubernetes;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Pd;

/// <summary>To PD by its DNS names.</summary>
internal sealed class DirectRoute(IKubernetesApi api, TimeSpan deadline) : IPdRoute
{
    private readonly PdTransports transports = new(api);

    public async Task<Outcome<PdReply>> Ask(PdEndpoint endpoint, PdRequest request, CancellationToken ct)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(deadline);
        var url = new Uri($"{(endpoint.Tls is null ? "http" : "https")}://{Describe(endpoint)}{request.Path}");
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), url);

        if (request.Body is { Value: var body })
        {
            message.Content = new ByteArrayContent(JsonModule.toBytes(body));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        try
        {
            var transport = await transports.Of(endpoint, limited.Token);
            using var response = await transport.Http.SendAsync(message, limited.Token);
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

    public void Dispose() => transports.Dispose();
}
