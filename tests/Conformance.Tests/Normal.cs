using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tikv.Conformance.Tests;

/// <summary>
/// Makes the answers of two servers comparable. Uids and resourceVersions become numbers in the order of their first
/// appearance within the case, so that "the same as before" and "another than before" still show.
/// </summary>
internal sealed partial class Normal(string @namespace, bool showManagedFields)
{
    private readonly Dictionary<string, string> uids = [];
    private readonly Dictionary<string, string> versions = [];

    public static JsonArray Answers(ApiCase @case, IEnumerable<Answer> answers, string @namespace)
    {
        var normal = new Normal(@namespace, @case.ShowManagedFields);
        return [.. answers.Select(answer => (JsonNode)new JsonObject { ["code"] = answer.Code, ["body"] = normal.Value(answer.Body) })];
    }

    private JsonNode? Value(JsonNode? node) => node switch
    {
        JsonObject members => Object(members),
        JsonArray items => new JsonArray([.. items.Select(Value)]),
        JsonValue value when value.TryGetValue<string>(out var text) => Text(text),
        _ => node?.DeepClone(),
    };

    /// <summary>Keys in ordinal order: their order says nothing. resourceVersion first numbers what messages then mention.</summary>
    private JsonObject Object(JsonObject members)
    {
        var result = new JsonObject();
        foreach (var (key, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
        {
            switch (key)
            {
                case "managedFields" when !showManagedFields:
                    break;
                case "managedFields" when value is JsonArray owners:
                    result[key] = new JsonArray([.. owners.Select(Value).OrderBy(owner => owner?.ToJsonString(), StringComparer.Ordinal)]);
                    break;
                case "resourceVersion" when value is not null:
                    // a list's version is that of the whole store, where others write too
                    result[key] = members.ContainsKey("uid") ? Number(versions, "version", value.ToString()) : "<version>";
                    break;
                case "continue":
                    // an empty one says no more than none
                    if (value?.ToString().Length > 0)
                    {
                        result[key] = "<continue>";
                    }

                    break;
                case "details" when value is JsonObject { Count: 0 }:
                case "ipFamilies" or "ipFamilyPolicy" or "internalTrafficPolicy":
                    // the latter are fields of Services since 1.21 and later
                    break;
                case "time" or "creationTimestamp" or "deletionTimestamp" or "lastTransitionTime" when value is not null:
                    result[key] = "<time>";
                    break;
                case "causes" when value is JsonArray causes:
                    result[key] = new JsonArray([.. causes.Select(Value)
                        .DistinctBy(cause => (cause?["field"]?.ToString(), cause?["reason"]?.ToString()))
                        .OrderBy(cause => cause?.ToJsonString(), StringComparer.Ordinal)]);
                    break;
                default:
                    result[key] = Value(value);
                    break;
            }
        }

        return result;
    }

    private string Text(string text)
    {
        var known = Uuid().Replace(text.Replace(@namespace, "<namespace>", StringComparison.Ordinal), uid => Number(uids, "uid", uid.Value));
        known = ServerVersion().Replace(known, "(<version>)");
        return Digits().Replace(known, number => versions.GetValueOrDefault(number.Value, number.Value));
    }

    private static string Number(Dictionary<string, string> seen, string kind, string value)
    {
        if (!seen.TryGetValue(value, out var name))
        {
            seen[value] = name = $"<{kind} {seen.Count + 1}>";
        }

        return name;
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"(?<=resource version: \d+ )\(\d+\)")]
    private static partial Regex ServerVersion();

    /// <summary>Shorter runs are sizes and limits, not versions.</summary>
    [GeneratedRegex(@"\b\d{3,}\b")]
    private static partial Regex Digits();
}
