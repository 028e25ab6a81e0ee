using System.Reflection;
using System.Runtime.InteropServices;

namespace Tikv.Adapters.Kubernetes;

/// <summary>How the client behaves, whichever server it talks to.</summary>
public sealed record KubernetesOptions
{
    /// <summary>Longest time for a read, a write or the opening of a watch.</summary>
    public TimeSpan RequestDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time for one page of a list.</summary>
    public TimeSpan ListDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A watch that sends nothing for so long is given up: three times the interval of bookmarks.</summary>
    public TimeSpan WatchSilence { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How much longer than asked a watch may last.</summary>
    public TimeSpan WatchGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time for an exec plugin: a user may have to log in.</summary>
    public TimeSpan ExecDeadline { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Objects in one page of a list; client-go's number.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Named in <c>managedFields</c> of what we write.</summary>
    public string FieldManager { get; init; } = "tikv-operator";

    public string UserAgent { get; init; } = DefaultUserAgent;

    /// <summary>Told of every warning of the API server, such as of a deprecated field.</summary>
    public Action<string>? Warning { get; init; }

    private static string DefaultUserAgent { get; } =
        $"tikv-operator/{typeof(KubernetesOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0"} "
        + $"({OperatingSystemName}/{RuntimeInformation.ProcessArchitecture})".ToLowerInvariant();

    private static string OperatingSystemName =>
        OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
}
