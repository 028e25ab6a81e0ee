using Tikv.Adapters.Kubernetes;

namespace Tikv.Adapters.Pd;

/// <summary>Makes clients of PD.</summary>
public static class PdApi
{
    /// <summary>PD itself gives up on its etcd after 10 s (P 4).</summary>
    public static TimeSpan DefaultDeadline { get; } = TimeSpan.FromSeconds(10);

    /// <param name="access">How to reach PD.</param>
    /// <param name="api">
    /// The API server: for <see cref="PdAccess.ApiServerProxy"/>, and to read the Secrets of client certificates. A proxying
    /// API server shows no client certificate, so that a PD with mutual TLS refuses it.
    /// </param>
    /// <param name="deadline">Longest time for one endpoint.</param>
    public static IPdApi Create(PdAccess access, IKubernetesApi api, TimeSpan? deadline = null) =>
        new PdClient(access switch
        {
            PdAccess.Direct => new DirectRoute(api, deadline ?? DefaultDeadline),
            PdAccess.ApiServerProxy => new ProxiedRoute(api, deadline ?? DefaultDeadline),
            _ => throw new ArgumentOutOfRangeException(nameof(access), access, "must be Direct or ApiServerProxy"),
        });
}
