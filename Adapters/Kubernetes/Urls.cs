using System.Globalization;
using Tikv.Core;
using Tikv.Core.Kubernetes;

namespace Tikv.Adapters.Kubernetes;

/// <summary>Paths relative to the server's URL. None begins with a slash, or a path prefix of the server would be lost.</summary>
internal static class Urls
{
    public static string Collection(Kind kind, string? space)
    {
        var resource = KindModule.resource(kind);
        var root = resource.Group.Length == 0 ? $"api/{resource.Version}" : $"apis/{resource.Group}/{resource.Version}";

        return string.IsNullOrEmpty(space) ? $"{root}/{resource.Plural}" : $"{root}/namespaces/{Escape(space)}/{resource.Plural}";
    }

    public static string Object(ObjectRef name) => $"{Collection(name.Kind, name.Namespace)}/{Escape(name.Name)}";

    public static string List(Kind kind, string? space, int limit, string? resourceVersion, string? page) =>
        Collection(kind, space) + Query(
            ("labelSelector", Labels.selector(kind)?.Value),
            ("limit", limit.ToString(CultureInfo.InvariantCulture)),
            ("continue", page),
            ("resourceVersion", page is null ? resourceVersion : null)); // refused together with a continue token

    /// <summary>Whoever's they are, in every namespace.</summary>
    public static string ListAll(Kind kind, int limit, string? page) =>
        Collection(kind, null) + Query(("limit", limit.ToString(CultureInfo.InvariantCulture)), ("continue", page));

    public static string Watch(Kind kind, string? space, string from, TimeSpan timeout) =>
        Collection(kind, space) + Query(
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("labelSelector", Labels.selector(kind)?.Value),
            ("resourceVersion", from),
            ("timeoutSeconds", Math.Max(1, (long)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)));

    public static string Query(params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var query = "";

        foreach (var (name, value) in parameters)
        {
            if (value is not null)
            {
                query += $"{(query.Length == 0 ? '?' : '&')}{name}={Escape(value)}";
            }
        }

        return query;
    }

    /// <summary>A port of a Service or Pod, through the API server.</summary>
    public static string Proxy(string space, bool isPod, string name, int port, bool tls, string path) =>
        $"api/v1/namespaces/{Escape(space)}/{(isPod ? "pods" : "services")}/"
        + $"{(tls ? "https:" : "")}{Escape(name)}:{port.ToString(CultureInfo.InvariantCulture)}/proxy{path}";

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
