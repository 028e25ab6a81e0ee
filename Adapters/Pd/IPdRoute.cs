using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Pd;

/// <summary>A way to one member of PD.</summary>
internal interface IPdRoute : IDisposable
{
    /// <summary>
    /// <c>Done</c> is PD's own answer; <c>Refused</c> is one of the API server on the way; <c>Unknown</c> is none.
    /// </summary>
    Task<Outcome<PdReply>> Ask(PdEndpoint endpoint, PdRequest request, CancellationToken ct);

    /// <summary>The endpoint as this way names it, for messages.</summary>
    string Describe(PdEndpoint endpoint);
}
