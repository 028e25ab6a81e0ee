using System.Globalization;
using Tikv.Adapters.Kubernetes;
using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Pd;

/// <summary>To PD through the proxy subresource of a Service or Pod.</summary>
internal sealed class ProxiedRoute(IKubernetesApi api, TimeSpan deadline) : IPdRoute
{
    public async Task<Outcome<PdReply>> Ask(PdEndpoint endpoint, PdRequest request, CancellationToken ct)
    {
        var path = Urls.Proxy(endpoint.Namespace, endpoint.IsPod, endpoint.Name, endpoint.Port, endpoint.Tls is not null, request.Path);
        var outcome = await api.Raw(new HttpMethod(request.Method), path, request.Body?.Value, deadline, ct);

        return outcome switch
        {
            Outcome<RawAnswer>.Done { Answer: var answer } => Read(answer),
            Outcome<RawAnswer>.Refused { Error: var error } => Outcome<PdReply>.NewRefused(error),
            _ => Outcome<PdReply>.NewUnknown(((Outcome<RawAnswer>.Unknown)outcome).Problem),
        };
    }

    public string Describe(PdEndpoint endpoint) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(endpoint.IsPod ? "pod" : "service")} {endpoint.Namespace}/{endpoint.Name}:{endpoint.Port}");

    /// <summary>Nothing to do: the API client belongs to whoever made it.</summary>
    public void Dispose()
    {
    }

    /// <summary>PD never sends a Kubernetes Status: the API server could not, or would not, reach it.</summary>
    private static Outcome<PdReply> Read(RawAnswer answer)
    {
        var body = PdBodyModule.parse(answer.Body);

        return body is PdBody.Json { Value: var json } && StatusDecoder.IsStatus(json)
            ? Outcome<PdReply>.NewRefused(answer.Error())
            : Outcome<PdReply>.NewDone(new PdReply(answer.Status, body));
    }
}
