using System.Text;
using Microsoft.FSharp.Core;
using Tikv.Core;

namespace Tikv.Adapters.Kubernetes.Config;

/// <summary>Turns one context of a kubeconfig into a connection, checking every field that it uses.</summary>
internal static class KubeConfigConnection
{
    /// <summary>Plugins that took the place of the providers once built into client-go.</summary>
    private static readonly Dictionary<string, string> Replacements = new(StringComparer.Ordinal)
    {
        ["gcp"] = "gke-gcloud-auth-plugin",
        ["azure"] = "kubelogin (Azure)",
        ["oidc"] = "kubectl oidc-login",
        ["openstack"] = "client-keystone-auth",
    };

    public static KubernetesConnection Of(KubeConfig config, string? context)
    {
        var (name, entry, cluster, user) = config.Select(context);
        var authority = PemOf(cluster, "certificate-authority");
        var insecure = cluster.Flag("insecure-skip-tls-verify");

        if (insecure && authority is not null)
        {
            throw cluster.Wrong("insecure-skip-tls-verify", "cannot be true when a certificate-authority is given");
        }

        var certificate = user is null ? null : PemOf(user, "client-certificate");
        var key = user is null ? null : PemOf(user, "client-key");

        if (certificate is null != key is null)
        {
            throw user!.Wrong(
                certificate is null ? "client-certificate" : "client-key",
                "is missing: a client certificate and its key go together");
        }

        if (user?.Child("auth-provider") is { } provider)
        {
            throw Removed(user, provider.Text("name") ?? "");
        }

        var tokenFile = user?.PathOf("tokenFile");
        var password = user?.Text("username") is { } login ? (login, user.Text("password") ?? "") : ((string, string)?)null;

        return new KubernetesConnection
        {
            Server = ServerOf(cluster, encrypted: authority is not null || insecure || certificate is not null),
            Origin = $"context \"{name}\" of {entry.File}",
            Namespace = entry.Text("namespace") ?? "default",
            TlsServerName = cluster.Text("tls-server-name"),
            InsecureSkipTlsVerify = insecure,
            DisableCompression = cluster.Flag("disable-compression"),
            Proxy = ProxyOf(cluster),
            CertificateAuthority = authority,
            ClientCertificate = certificate,
            ClientKey = key,
            TokenFile = tokenFile,
            Token = tokenFile is null ? user?.Text("token") : null,
            Basic = tokenFile is null && user?.Text("token") is null ? password : null,
            Exec = user?.Child("exec") is { } exec ? ExecOf(exec, cluster) : null,
            Impersonation = user is null ? null : ImpersonationOf(user),
        };
    }

    private static Uri ServerOf(Stanza cluster, bool encrypted)
    {
        var text = cluster.Required("server");
        var full = text.Contains("://", StringComparison.Ordinal) ? text : $"{(encrypted ? "https" : "http")}://{text}";

        if (!Uri.TryCreate(full.TrimEnd('/') + "/", UriKind.Absolute, out var server)
            || (server.Scheme != Uri.UriSchemeHttp && server.Scheme != Uri.UriSchemeHttps)
            || server.Query.Length > 0 || server.UserInfo.Length > 0)
        {
            throw cluster.Wrong("server", $"is \"{text}\"; must be an http or https URL without query and user");
        }

        return server;
    }

    private static Uri? ProxyOf(Stanza cluster) => cluster.Text("proxy-url") switch
    {
        null => null,
        { } text when Uri.TryCreate(text, UriKind.Absolute, out var proxy)
            && proxy.Scheme is "http" or "https" or "socks5" => proxy,
        _ => throw cluster.Wrong("proxy-url", "must be a URL with the scheme http, https or socks5"),
    };

    /// <summary>Data beats a file, as for kubectl.</summary>
    private static Pem? PemOf(Stanza stanza, string field) =>
        stanza.Base64($"{field}-data") is { } data
            ? Pem.Inline(Encoding.UTF8.GetString(data), $"{stanza.File}: {stanza.Place}.{field}-data")
        : stanza.PathOf(field) is { } path ? Pem.InFile(path, $"{stanza.File}: {stanza.Place}.{field}")
        : null;

    private static KubeConfigException Removed(Stanza user, string provider)
    {
        var plugin = Replacements.TryGetValue(provider, out var found)
            ? $"use the exec plugin {found}" : "use an exec plugin";

        return user.Wrong("auth-provider", $"\"{provider}\" is no longer supported by Kubernetes clients; {plugin} instead");
    }

    private static Impersonation? ImpersonationOf(Stanza user)
    {
        var name = user.Text("as");
        var uid = user.Text("as-uid");
        var groups = user.Texts("as-groups");
        var extra = user.Lists("as-user-extra");

        return name is not null ? new Impersonation(name, uid, groups, extra)
            : uid is null && groups.Count == 0 && extra.Count == 0 ? null
            : throw user.Wrong("as", "is missing: as-uid, as-groups and as-user-extra need it");
    }

    private static ExecPlugin ExecOf(Stanza exec, Stanza cluster)
    {
        var version = exec.OneOf(
            "apiVersion", "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
            ?? throw exec.Wrong("apiVersion", "is missing; allowed are client.authentication.k8s.io/v1 and /v1beta1");

        var mode = exec.OneOf("interactiveMode", "Never", "IfAvailable", "Always");

        if (mode is null && version.EndsWith("/v1", StringComparison.Ordinal))
        {
            throw exec.Wrong("interactiveMode", "is missing; v1 needs Never, IfAvailable or Always");
        }

        var command = exec.Required("command");

        return new ExecPlugin
        {
            // Relative to the kubeconfig when it has a slash; a bare name is looked up in PATH.
            Command = command.Contains('/') && !Path.IsPathRooted(command) ? exec.FromHere(command) : command,
            Origin = $"{exec.File}: {exec.Place}",
            ApiVersion = version,
            Arguments = exec.Texts("args"),
            Environment = [.. exec.Children("env").Select(entry =>
                KeyValuePair.Create(entry.Required("name"), entry.Text("value") ?? ""))],
            InstallHint = exec.Text("installHint"),
            Interactive = mode is null ? InteractiveMode.IfAvailable : Enum.Parse<InteractiveMode>(mode),
            Cluster = exec.Flag("provideClusterInfo") ? ClusterInfo(cluster) : null,
        };
    }

    /// <summary>The cluster as <c>ExecCredential.spec.cluster</c> has it; <c>config</c> is the plugin's own extension.</summary>
    private static Json ClusterInfo(Stanza cluster)
    {
        static FSharpOption<Json>? Text(string? value) => value is null ? null : FSharpOption<Json>.Some(Json.NewString(value));
        static FSharpOption<Json>? Flag(bool value) => value ? FSharpOption<Json>.Some(Json.NewBool(true)) : null;

        var authority = PemOf(cluster, "certificate-authority")?.Read();
        var extension = cluster.Children("extensions")
            .FirstOrDefault(entry => entry.Text("name") == "client.authentication.k8s.io/exec")?.Tree("extension");

        return JsonModule.present(
        [
            Tuple.Create("server", Text(cluster.Required("server"))),
            Tuple.Create("tls-server-name", Text(cluster.Text("tls-server-name"))),
            Tuple.Create("insecure-skip-tls-verify", Flag(cluster.Flag("insecure-skip-tls-verify"))),
            Tuple.Create(
                "certificate-authority-data",
                Text(authority is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(authority)))),
            Tuple.Create("proxy-url", Text(cluster.Text("proxy-url"))),
            Tuple.Create("disable-compression", Flag(cluster.Flag("disable-compression"))),
            Tuple.Create("config", extension is null ? null : FSharpOption<Json>.Some(extension)),
        ]);
    }
}
