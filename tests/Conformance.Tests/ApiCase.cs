namespace Tikv.Conformance.Tests;

/// <summary>A sentence about the API, and the requests that show it. Each case has a fresh namespace to itself.</summary>
/// <param name="ShowManagedFields">Compare who owns which field, too; else managedFields is left out of the answers.</param>
public sealed record ApiCase(string Name, Request[] Requests, bool ShowManagedFields = false)
{
    public override string ToString() => Name;
}

/// <summary>
/// One request. A path that does not begin with a slash is one below the case's namespace: <c>configmaps/a</c> or
/// <c>widgets/a</c>. In path and body, <c>{2:metadata.uid}</c> stands for that field of the second answer, and
/// <c>{namespace}</c> for the case's namespace.
/// </summary>
public sealed record Request(string Method, string Path, string? Body = null, string ContentType = "application/json")
{
    /// <summary>For a watch: end after so many events. The answer is then the list of events.</summary>
    public int? Events { get; init; }

    public static Request Get(string path) => new("GET", path);
    public static Request Post(string path, string body) => new("POST", path, body);
    public static Request Put(string path, string body) => new("PUT", path, body);
    public static Request Delete(string path, string? options = null) => new("DELETE", path, options);
    public static Request Merge(string path, string body) => new("PATCH", path, body, "application/merge-patch+json");
    public static Request JsonPatch(string path, string body) => new("PATCH", path, body, "application/json-patch+json");
    public static Request Strategic(string path, string body) => new("PATCH", path, body, "application/strategic-merge-patch+json");

    public static Request Apply(string path, string manager, string body, bool force = false) =>
        new("PATCH", $"{path}?fieldManager={manager}&force={(force ? "true" : "false")}", body, "application/apply-patch+yaml");

    public static Request Watch(string path, int events) => new("GET", path) { Events = events };
}
