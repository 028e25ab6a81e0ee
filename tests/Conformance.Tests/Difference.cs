using System.Text.Json.Nodes;

namespace Tikv.Conformance.Tests;

/// <summary>Where two normalised answers differ, one line a place.</summary>
internal static class Difference
{
    /// <summary>Refusals whose message reaches people through kubectl unchanged, and is the same in all versions.</summary>
    private static readonly string[] FixedWording = ["NotFound", "AlreadyExists", "Conflict"];

    /// <summary>Words of refusals that come from the store beneath the API server.</summary>
    private static readonly string[] Internals = ["StorageError", "precondition"];

    public static IReadOnlyList<string> Between(JsonNode? expected, JsonNode? actual) =>
        [.. Compare("", expected, actual, compareMessage: true)];

    private static IEnumerable<string> Compare(string path, JsonNode? expected, JsonNode? actual, bool compareMessage)
    {
        switch (expected, actual)
        {
            case (JsonObject left, JsonObject right):
                var wording = IsFailure(left) ? HasFixedWording(left) : compareMessage;
                return left.Select(member => member.Key).Union(right.Select(member => member.Key))
                    .Where(key => key != "message" || wording)
                    .SelectMany(key => Compare($"{path}.{key}", left[key], right[key], wording));
            case (JsonArray left, JsonArray right):
                return Enumerable.Range(0, Math.Max(left.Count, right.Count))
                    .SelectMany(i => Compare($"{path}[{i}]", left.ElementAtOrDefault(i), right.ElementAtOrDefault(i), compareMessage));
            default:
                return JsonNode.DeepEquals(expected, actual) ? [] : [$"{path}: expected {Show(expected)}, was {Show(actual)}"];
        }
    }

    private static bool HasFixedWording(JsonObject failure) =>
        FixedWording.Contains(failure["reason"]?.ToString())
        && failure["details"]?["causes"] is null
        && !Internals.Any(word => failure["message"]?.ToString().Contains(word, StringComparison.Ordinal) ?? false);

    private static bool IsFailure(JsonObject node) =>
        node["kind"]?.ToString() == "Status" && node["status"]?.ToString() == "Failure";

    private static string Show(JsonNode? node) => node?.ToJsonString() ?? "nothing";
}
