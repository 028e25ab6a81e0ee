using Tikv.Adapters.Kubernetes;

namespace Tikv.Adapters.Pd;

/// <summary>Makes clients of PD.</summary>
public static class PdApi
{
    /// <summary>PD itself gives up on its etcd after 10 s (P 4).</summary>
    public static TimeSpan DefaultDeadline { get; } = TimeSpan.FromSeconds(10);

    /// <param name="access">How to reach PD.</param>
    /// <param name="api">The API server, for <see cref="PdAccess.ApiServerProxy"/>.</param>
    /// <param name="tls">For endpoints that need TLS; through the proxy the API server does that.</param>
    /// <param name="deadline">Longest time for one endpoint.</param>
    public static IPdApi Create(PdAccess access, IKubernetesApi api, PdTls? tls = null, TimeSpan? deadline = null) =>
        new PdClient(access switch
        {
            PdAccess.Direct => new DirectRoute(tls, deadline ?? DefaultDeadline),
            PdAccess.ApiServerProxy => new ProxiedRoute(api, deadline ?? DefaultDeadline),
            _ => throw new ArgumentOutOfRangeException(nameof(access), access, "must be Direct or ApiServerProxy"),
        });
}
