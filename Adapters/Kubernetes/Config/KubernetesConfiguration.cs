namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>What a user asked for on the command line.</summary>
public sealed record KubernetesChoice
{
    /// <summary>A kubeconfig that must exist; stands above everything else.</summary>
    public string? KubeConfig { get; init; }

    public string? Context { get; init; }

    /// <summary>An operator looks at its own cluster first, a command-line tool at the kubeconfig (U 3.1 item 1).</summary>
    public bool PreferInCluster { get; init; } = true;
}

/// <summary>Finds how to reach the API server.</summary>
public static class KubernetesConfiguration
{
    /// <exception cref="KubeConfigException">Nothing was found, or what was found cannot be used.</exception>
    public static KubernetesConnection Find(KubernetesChoice choice, Surroundings surroundings)
    {
        if (choice.KubeConfig is { } path)
        {
            return KubeConfigConnection.Of(KubeConfig.ReadOne(path), choice.Context);
        }

        // A context can only be meant of a kubeconfig.
        var inCluster = choice.Context is null ? InCluster.Find(surroundings) : null;

        if (choice.PreferInCluster && inCluster is not null)
        {
            return inCluster;
        }

        var paths = Paths(surroundings);
        var merged = KubeConfig.ReadExisting(paths);

        return !merged.IsEmpty ? KubeConfigConnection.Of(merged, choice.Context)
            : inCluster ?? throw new KubeConfigException(
                "no Kubernetes configuration", "",
                $"not running in a Pod with a service account, and nothing in {string.Join(", ", paths)}; "
                + "name a kubeconfig with --kubeconfig or KUBECONFIG");
    }

    private static IReadOnlyList<string> Paths(Surroundings surroundings) =>
        surroundings.Variable("KUBECONFIG") is { } list
            ? [.. list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)]
            : [Path.Combine(surroundings.Home, ".kube", "config")];
}
