namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>
/// Kubeconfig files merged as kubectl does it: of entries with the same name, and of the current context, the first file
/// wins. Names are compared exactly.
/// </summary>
internal sealed class KubeConfig
{
    private readonly List<string> files = [];
    private readonly Dictionary<string, Stanza> clusters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Stanza> users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Stanza> contexts = new(StringComparer.Ordinal);

    /// <summary>The files that were read, for messages.</summary>
    public string Files => string.Join(Path.PathSeparator, files);

    public string? CurrentContext { get; private set; }

    public bool IsEmpty => clusters.Count == 0 && users.Count == 0 && contexts.Count == 0 && CurrentContext is null;

    /// <summary>Reads the files that exist of a list.</summary>
    public static KubeConfig ReadExisting(IEnumerable<string> paths)
    {
        var merged = new KubeConfig();

        foreach (var path in paths.Where(File.Exists).Distinct(StringComparer.Ordinal))
        {
            merged.Add(path);
        }

        return merged;
    }

    /// <summary>Reads one file that must exist.</summary>
    public static KubeConfig ReadOne(string path)
    {
        var config = new KubeConfig();
        config.Add(path);
        return config;
    }

    /// <summary>The context of that name (the current one when none is given) with its cluster and user.</summary>
    public (string Name, Stanza Context, Stanza Cluster, Stanza? User) Select(string? name)
    {
        var wanted = name ?? CurrentContext
            ?? throw new KubeConfigException(Files, "current-context", $"is not set; contexts are: {Known(contexts)}");

        var context = contexts.GetValueOrDefault(wanted)
            ?? throw new KubeConfigException(
                Files, name is null ? "current-context" : "", $"there is no context \"{wanted}\"; contexts are: {Known(contexts)}");

        var cluster = context.Required("cluster");
        var user = context.Text("user");

        return (
            wanted,
            context,
            clusters.GetValueOrDefault(cluster)
                ?? throw context.Wrong("cluster", $"there is no cluster \"{cluster}\"; clusters are: {Known(clusters)}"),
            user is null ? null
                : users.GetValueOrDefault(user)
                ?? throw context.Wrong("user", $"there is no user \"{user}\"; users are: {Known(users)}"));
    }

    private static string Known(Dictionary<string, Stanza> entries) =>
        entries.Count == 0 ? "none" : string.Join(", ", entries.Keys.Order(StringComparer.Ordinal));

    private void Add(string path)
    {
        files.Add(path);
        string text;

        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException(path, "", $"cannot be read: {problem.Message}", problem);
        }

        if (Stanza.Parse(path, text) is not { } root)
        {
            return;
        }

        _ = root.OneOf("kind", "Config");
        _ = root.OneOf("apiVersion", "v1");
        Merge(root, "clusters", "cluster", clusters);
        Merge(root, "users", "user", users);
        Merge(root, "contexts", "context", contexts);
        CurrentContext ??= root.Text("current-context");
    }

    private static void Merge(Stanza root, string list, string field, Dictionary<string, Stanza> into)
    {
        var here = new HashSet<string>(StringComparer.Ordinal);

        foreach (var entry in root.Children(list))
        {
            var name = entry.Required("name");

            if (!here.Add(name))
            {
                throw root.Wrong(list, $"the name \"{name}\" stands there twice");
            }

            var named = entry.Named(name);
            into.TryAdd(name, named.Child(field) ?? throw named.Wrong(field, "is missing"));
        }
    }
}
