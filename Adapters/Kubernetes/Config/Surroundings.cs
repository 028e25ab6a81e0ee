using System.Collections;

namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>What the search for a configuration reads of the process and the machine.</summary>
public sealed record Surroundings
{
    public required IReadOnlyDictionary<string, string> Environment { get; init; }
    public required string Home { get; init; }

    /// <summary>Where Kubernetes puts token, ca.crt and namespace of a Pod's service account.</summary>
    public string ServiceAccount { get; init; } = "/var/run/secrets/kubernetes.io/serviceaccount";

    public static Surroundings OfThisProcess() => new()
    {
        Environment = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal),
        Home = System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile),
    };

    internal string? Variable(string name) =>
        Environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
