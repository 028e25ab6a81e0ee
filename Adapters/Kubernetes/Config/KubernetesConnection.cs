using Tikv.Core;

namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>How to reach one API server, and as whom. Holds secrets, so it never prints itself.</summary>
public sealed class KubernetesConnection
{
    /// <summary>Ends with a slash, so that a path prefix stays when a relative path is added (U 3.1 item 5).</summary>
    public required Uri Server { get; init; }

    /// <summary>Where this was found, for people: a context and its file, or the cluster that we run in.</summary>
    public required string Origin { get; init; }

    /// <summary>The namespace to use when none is named.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>We run as a Pod of that cluster.</summary>
    public bool InCluster { get; init; }

    public string? TlsServerName { get; init; }
    public bool InsecureSkipTlsVerify { get; init; }
    public bool DisableCompression { get; init; }

    /// <summary>http, https or socks5; none leaves it to HTTPS_PROXY and NO_PROXY.</summary>
    public Uri? Proxy { get; init; }

    internal Pem? CertificateAuthority { get; init; }
    internal Pem? ClientCertificate { get; init; }
    internal Pem? ClientKey { get; init; }
    internal string? Token { get; init; }
    internal string? TokenFile { get; init; }
    internal (string User, string Password)? Basic { get; init; }
    internal ExecPlugin? Exec { get; init; }
    internal Impersonation? Impersonation { get; init; }

    public override string ToString() => $"{Server} ({Origin})";
}

/// <summary>The user to act as; the API server checks that we may.</summary>
internal sealed record Impersonation(
    string User, string? Uid, IReadOnlyList<string> Groups, IReadOnlyDictionary<string, IReadOnlyList<string>> Extra);

/// <summary>A command that gives credentials (client.authentication.k8s.io).</summary>
internal sealed class ExecPlugin
{
    public required string Command { get; init; }

    /// <summary>The stanza of the kubeconfig, for messages.</summary>
    public required string Origin { get; init; }

    public required string ApiVersion { get; init; }
    public IReadOnlyList<string> Arguments { get; init; } = [];
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];
    public string? InstallHint { get; init; }
    public InteractiveMode Interactive { get; init; } = InteractiveMode.IfAvailable;

    /// <summary>The cluster, when the plugin asked to be told.</summary>
    public Json? Cluster { get; init; }
}

internal enum InteractiveMode
{
    Never,
    IfAvailable,
    Always,
}
