using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Pd;
using Tikv.Core.Operator;

namespace Tikv.Host.Running;

/// <summary>From flags to what the state machine and the adapters take.</summary>
internal static class OperatorSettings
{
    public static Settings Of(RunOptions options, KubernetesConnection connection) => new(
        namespaces: options.WatchNamespaces,
        election: options.LeaderElect ? FSharpOption<ElectionSettings>.Some(Election(options, connection)) : FSharpOption<ElectionSettings>.None,
        maxConcurrent: options.MaxConcurrentReconciles);

    /// <summary>All permissions that these settings need, and where; none stands for all namespaces.</summary>
    public static IReadOnlyList<(string? Namespace, Permission Permission)> Needed(Settings settings, PdAccess access)
    {
        IEnumerable<Permission> watched = access == PdAccess.ApiServerProxy
            ? [.. Permissions.watched, .. Permissions.proxy]
            : Permissions.watched;
        IEnumerable<string?> spaces = settings.Namespaces.IsEmpty ? new string?[] { null } : settings.Namespaces;

        return
        [
            .. spaces.SelectMany(space => watched.Select(permission => (space, permission))),
            .. settings.Election is { Value: var election }
                ? Permissions.election.Select(permission => ((string?)election.Namespace, permission))
                : [],
        ];
    }

    public static PdAccess Access(PdRoute route, KubernetesConnection connection) => route switch
    {
        PdRoute.Direct => PdAccess.Direct,
        PdRoute.ApiServerProxy => PdAccess.ApiServerProxy,
        _ => connection.InCluster ? PdAccess.Direct : PdAccess.ApiServerProxy,
    };

    private static ElectionSettings Election(RunOptions options, KubernetesConnection connection) => new(
        @namespace: options.LeaderElectionNamespace
            ?? (Environment.GetEnvironmentVariable("POD_NAMESPACE") is { Length: > 0 } space ? space : connection.Namespace),
        name: options.LeaderElectionId,
        identity: $"{Environment.MachineName}_{Guid.NewGuid():N}",
        leaseDuration: TimeSpan.FromSeconds(15),
        renewDeadline: TimeSpan.FromSeconds(10),
        retryPeriod: TimeSpan.FromSeconds(2));
}
