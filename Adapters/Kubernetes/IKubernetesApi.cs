using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;

namespace Tikv.Adapters.Kubernetes;

/// <summary>
/// Everything that the operator asks of a Kubernetes API server. No answer is an exception: see <see cref="Outcome{T}"/>.
/// Only cancellation by the caller throws.
/// </summary>
public interface IKubernetesApi
{
    /// <summary>One page of a list.</summary>
    /// <param name="kind">What to list.</param>
    /// <param name="space">The namespace; none means all of them.</param>
    /// <param name="resourceVersion">"0" allows the server's cache; none asks for the newest. Not sent with <paramref name="page"/>.</param>
    /// <param name="page">The <c>continue</c> token of the page before.</param>
    /// <param name="ct">Gives the request up.</param>
    Task<Outcome<ListPage>> ListPage(Kind kind, string? space, string? resourceVersion, string? page, CancellationToken ct);

    /// <summary>Tells of every event from a version on, until the watch ends. An error in the stream is told as an event.</summary>
    Task<WatchEnd> Watch(
        Kind kind, string? space, ResourceVersion from, TimeSpan timeout, Action<WatchEvent> told, CancellationToken ct);

    /// <summary>A quorum read of one object.</summary>
    Task<Outcome<Json>> Read(ObjectRef name, CancellationToken ct);

    /// <summary>
    /// A write, tried once. <c>Refused</c> only when it certainly changed nothing: an answer of 500 or above is
    /// <c>Unknown</c>, since the server may have given up on a write that etcd still carries out.
    /// </summary>
    Task<Outcome<Json>> Write(Write write, CancellationToken ct);

    /// <summary>Any other request, tried once: discovery, version, access reviews, the proxy subresource.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="path">Path and query relative to the server's URL, without a slash in front.</param>
    /// <param name="body">JSON to send.</param>
    /// <param name="deadline">Longest time for the whole exchange.</param>
    /// <param name="ct">Gives the request up.</param>
    /// <returns>Whatever was answered, with any status; or that no answer came.</returns>
    Task<Outcome<RawAnswer>> Raw(HttpMethod method, string path, Json? body, TimeSpan deadline, CancellationToken ct);
}
