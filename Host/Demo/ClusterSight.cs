using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Core;
using Tikv.Core.Kubernetes;

namespace Tikv.Host.Demo;

/// <summary>One object of ours, as a demo shows it.</summary>
internal sealed record ObjectSight(Kind Kind, string Name, bool Ready, string Why, Json Body)
{
    public string Status(params string[] path) =>
        JsonModule.tryPath(ListModule.OfArray(["status", .. path]), Body)?.Value switch
        {
            Json.String { Value: var text } => text,
            Json.Number { Text: var text } => text,
            _ => "-",
        };

    public static ObjectSight Of(Kind kind, Json body)
    {
        var ready = JsonModule.itemsAt(ListModule.OfArray(["status", "conditions"]), body)
            .FirstOrDefault(condition => Text(condition, "type") == "Ready");

        // A condition of an older generation says nothing of what is wanted now.
        var current = ready is not null && Number(ready, "observedGeneration") == Number(body, "metadata", "generation");

        return new ObjectSight(
            kind,
            Text(body, "metadata", "name"),
            current && Text(ready!, "status") == "True",
            !current ? "the operator has not looked at it yet" : Text(ready!, "message"),
            body);
    }

    private static string Text(Json json, params string[] path) => JsonModule.stringAt(ListModule.OfArray(path), json)?.Value ?? "";

    private static long? Number(Json json, params string[] path) => JsonModule.int64At(ListModule.OfArray(path), json)?.Value;
}

/// <summary>One look at all our objects of a cluster, over the API.</summary>
internal sealed record ClusterSight(IReadOnlyList<ObjectSight> Objects)
{
    public IEnumerable<ObjectSight> Of(Kind kind) => Objects.Where(sight => sight.Kind.Equals(kind));

    /// <summary>Whether every Cluster and group that was asked for is ready.</summary>
    public bool IsReady(IReadOnlyList<Manifest> asked) =>
        asked.All(manifest => Objects.Any(sight =>
            sight.Kind.Equals(manifest.Object.Kind) && sight.Name == manifest.Object.Name && sight.Ready));

    /// <summary>Everything that is not ready, the top layer first, with why.</summary>
    public IEnumerable<string> Complaints =>
        Objects.Where(sight => !sight.Ready).Select(sight => $"{KindModule.name(sight.Kind)} {sight.Name}: {sight.Why}");

    /// <summary>Such as <c>PD 2/3 ready, TiKV 0/3, waiting: TiKV waits until PD is ready</c>.</summary>
    public string Line
    {
        get
        {
            var waiting = Of(Kind.Cluster).Where(sight => !sight.Ready).Select(sight => sight.Why).FirstOrDefault();
            return $"PD {Count(Kind.PDGroup, Kind.PD)} ready, TiKV {Count(Kind.TiKVGroup, Kind.TiKV)}"
                + (waiting is null ? "" : $", waiting: {waiting}");
        }
    }

    public static async Task<ClusterSight> Look(IKubernetesApi api, string space, CancellationToken ct)
    {
        var objects = new List<ObjectSight>();

        foreach (var kind in KindModule.ours)
        {
            if (await api.ListPage(kind, space, null, null, ct) is Outcome<ListPage>.Done { Answer: var page })
            {
                objects.AddRange(page.Items.Select(item => ObjectSight.Of(kind, item)).OrderBy(sight => sight.Name, StringComparer.Ordinal));
            }
        }

        return new ClusterSight(objects);
    }

    private string Count(Kind group, Kind instance)
    {
        var wanted = Of(group).Sum(sight => JsonModule.intAt(ListModule.OfArray(["spec", "replicas"]), sight.Body)?.Value ?? 0);
        return $"{Of(instance).Count(sight => sight.Ready)}/{wanted}";
    }
}
