namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>The configuration that Kubernetes gives to every Pod.</summary>
internal static class InCluster
{
    private const string Origin = "in-cluster configuration";

    /// <summary>Nothing when we do not run in a Pod that has a service account.</summary>
    public static KubernetesConnection? Find(Surroundings surroundings)
    {
        var host = surroundings.Variable("KUBERNETES_SERVICE_HOST");
        var port = surroundings.Variable("KUBERNETES_SERVICE_PORT");
        var token = Path.Combine(surroundings.ServiceAccount, "token");

        if (host is null || port is null || !File.Exists(token))
        {
            return null;
        }

        if (!ushort.TryParse(port, out var number))
        {
            throw new KubeConfigException(Origin, "KUBERNETES_SERVICE_PORT", $"is \"{port}\"; must be a port, 1 to 65535");
        }

        var authority = Path.Combine(surroundings.ServiceAccount, "ca.crt");
        var space = Path.Combine(surroundings.ServiceAccount, "namespace");

        return new KubernetesConnection
        {
            Server = new UriBuilder(Uri.UriSchemeHttps, host, number).Uri,
            Origin = Origin,
            InCluster = true,
            TokenFile = token,
            CertificateAuthority = File.Exists(authority) ? Pem.InFile(authority, Origin) : null,
            Namespace = File.Exists(space) && File.ReadAllText(space).Trim() is { Length: > 0 } name ? name : "default",
        };
    }
}
