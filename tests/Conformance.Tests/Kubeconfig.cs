using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using YamlDotNet.Serialization;

namespace Tikv.Conformance.Tests;

/// <summary>
/// Opens a plain HttpClient by a kubeconfig's first cluster and user. Written apart from the operator's own client, so
/// that a mistake there cannot hide here.
/// </summary>
internal static class Kubeconfig
{
    public static HttpClient Open(string path)
    {
        var root = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(File.ReadAllText(path));
        var cluster = First(root, "clusters", "cluster");
        var user = First(root, "users", "user");
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) };

        if (Bytes(cluster, "certificate-authority") is { } authority)
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPem(System.Text.Encoding.UTF8.GetString(authority));
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        if (Bytes(user, "client-certificate") is { } certificate && Bytes(user, "client-key") is { } key)
        {
            using var pair = X509Certificate2.CreateFromPem(
                System.Text.Encoding.UTF8.GetString(certificate), System.Text.Encoding.UTF8.GetString(key));
            handler.SslOptions.ClientCertificates = [X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null)];
        }

        var client = new HttpClient(handler)
        {
            BaseAddress = new Uri((string)cluster["server"]),
            Timeout = TimeSpan.FromSeconds(30),
        };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("conformance/1");
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        if (user.TryGetValue("token", out var token))
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string)token);
        }

        return client;
    }

    private static Dictionary<object, object> First(Dictionary<string, object> root, string list, string entry)
    {
        var first = (Dictionary<object, object>)((List<object>)root[list])[0];
        return first.TryGetValue(entry, out var value) && value is Dictionary<object, object> found ? found : [];
    }

    /// <summary>A key's value, given in place (base64) or as the name of a file.</summary>
    private static byte[]? Bytes(Dictionary<object, object> owner, string key) =>
        owner.TryGetValue(key + "-data", out var data) ? Convert.FromBase64String((string)data)
        : owner.TryGetValue(key, out var file) ? File.ReadAllBytes((string)file)
        : null;
}
