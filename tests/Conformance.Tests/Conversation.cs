using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tikv.Conformance.Tests;

/// <summary>What a server said: its code, and the body as JSON (or as a string where it is none).</summary>
public sealed record Answer(int Code, JsonNode? Body);

/// <summary>Asks a server the steps of one case, one after another, in a namespace made for it.</summary>
internal sealed partial class Conversation(HttpClient server, string @namespace)
{
    /// <summary>A watch that has not told the expected number of events by then has failed.</summary>
    private static readonly TimeSpan WatchLimit = TimeSpan.FromSeconds(20);

    private readonly List<Answer> answers = [];

    public static async Task<List<Answer>> Hold(HttpClient server, ApiCase @case, string @namespace)
    {
        var conversation = new Conversation(server, @namespace);
        foreach (var step in @case.Requests)
        {
            conversation.answers.Add(await conversation.Ask(step));
        }

        return conversation.answers;
    }

    private async Task<Answer> Ask(Request step)
    {
        using var request = new HttpRequestMessage(new HttpMethod(step.Method), Address(FillIn(step.Path)));
        if (step.Body is { } body)
        {
            request.Content = new StringContent(FillIn(body.Trim()), Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(step.ContentType);
        }

        if (step.Events is { } events)
        {
            return await Watch(request, events);
        }

        using var response = await server.SendAsync(request);
        return new Answer((int)response.StatusCode, Parse(await response.Content.ReadAsStringAsync()));
    }

    private async Task<Answer> Watch(HttpRequestMessage request, int expected)
    {
        using var limit = new CancellationTokenSource(WatchLimit);
        using var response = await server.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
        var events = new JsonArray();
        try
        {
            while (events.Count < expected && await lines.ReadLineAsync(limit.Token) is { } line)
            {
                events.Add(Parse(line));
            }
        }
        catch (OperationCanceledException)
        {
            events.Add(JsonValue.Create($"no more events, {expected} expected"));
        }

        return new Answer((int)response.StatusCode, events);
    }

    private string Address(string path) =>
        path.StartsWith('/') ? path
        : path.StartsWith("widgets", StringComparison.Ordinal) ? $"{Widgets.ApiPath}/namespaces/{@namespace}/{path}"
        : $"/api/v1/namespaces/{@namespace}/{path}";

    private string FillIn(string text) => Reference().Replace(text, found => found.Groups["step"] switch
    {
        { Success: false } => @namespace,
        var step => Field(answers[int.Parse(step.Value, null) - 1].Body, found.Groups["path"].Value),
    });

    private static string Field(JsonNode? body, string path)
    {
        var node = path.Split('.').Aggregate(body, (at, name) => at is JsonObject ? at[name] : null);
        return Uri.EscapeDataString(node?.ToString() ?? $"no {path}");
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return JsonValue.Create(text.Trim());
        }
    }

    [GeneratedRegex(@"\{(namespace|(?<step>\d+):(?<path>[\w.]+))\}")]
    private static partial Regex Reference();
}
