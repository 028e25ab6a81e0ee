using Microsoft.FSharp.Collections;
using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Pd;

/// <summary>Asks PD.</summary>
public interface IPdApi : IDisposable
{
    /// <summary>
    /// Asks the endpoints in their order until PD answers. A read goes on when a member knows no leader: another may.
    /// <c>Unknown</c>, with what happened at each, when PD answered nowhere.
    /// </summary>
    Task<Outcome<PdReply>> Ask(FSharpList<PdEndpoint> endpoints, PdCall question, CancellationToken ct);
}

/// <summary>How PD is reached.</summary>
public enum PdAccess
{
    /// <summary>By its DNS names: from within the cluster network.</summary>
    Direct,

    /// <summary>Through the proxy subresource of the API server: from anywhere.</summary>
    ApiServerProxy,
}
