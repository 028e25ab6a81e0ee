using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace Tikv.Conformance.Tests;

/// <summary>Each case is asked of each server, and must be answered as the golden file has it from Kubernetes 1.20.2.</summary>
[TestFixtureSource(typeof(Servers), nameof(Servers.All))]
public sealed class ApiTests(string serverName)
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly TimeSpan DefinitionLimit = TimeSpan.FromSeconds(30);
    private readonly JsonObject recorded = [];
    private readonly string run = Guid.NewGuid().ToString("n")[..6];
    private EmbeddedCluster? embedded;
    private HttpClient? client;
    private JsonObject golden = [];

    private static IEnumerable<TestCaseData> Named =>
        AllCases.All.Select((@case, index) => new TestCaseData(@case, index).SetArgDisplayNames(@case.Name));

    private HttpClient Server => client ?? throw new InvalidOperationException("the server has not been started");

    [OneTimeSetUp]
    public async Task Start()
    {
        var kubeconfig = serverName == Servers.Embedded ? Servers.EmbeddedKubeconfig : Servers.RealKubeconfig;
        if (serverName == Servers.Embedded && kubeconfig is null)
        {
            embedded = new EmbeddedCluster();
            await embedded.Ready();
            kubeconfig = embedded.KubeconfigFile;
        }

        client = Kubeconfig.Open(kubeconfig ?? throw new InvalidOperationException("CONFORMANCE_REAL_KUBECONFIG names no kubeconfig"));
        if (Servers.RecordTo is null)
        {
            golden = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "golden", "1.20.json")))!.AsObject();
        }

        await Post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Widgets.Definition);
        var limit = Stopwatch.StartNew();
        // the new resource is served some time after it is said to be established
        while (!await IsServed("default") && limit.Elapsed < DefinitionLimit)
        {
            await Task.Delay(100);
        }
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (client is not null)
        {
            client.Dispose();
        }

        embedded?.Dispose();
        if (Servers.RecordTo is { } file)
        {
            var ordered = new JsonObject(AllCases.All.Where(@case => recorded.ContainsKey(@case.Name))
                .Select(@case => KeyValuePair.Create(@case.Name, recorded[@case.Name]?.DeepClone())));
            await File.WriteAllTextAsync(file, ordered.ToJsonString(Indented) + "\n");
        }
    }

    [TestCaseSource(nameof(Named))]
    public async Task Answers(ApiCase @case, int index)
    {
        ArgumentNullException.ThrowIfNull(@case);
        var name = $"case-{index + 1}-{run}";
        await Post("/api/v1/namespaces", $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{name}}}"}}""");
        var answers = Normal.Answers(@case, await Conversation.Hold(Server, @case, name), name);
        (await Server.DeleteAsync(new Uri($"/api/v1/namespaces/{name}", UriKind.Relative))).Dispose();

        if (Servers.RecordTo is not null)
        {
            recorded[@case.Name] = answers;
            return;
        }

        var differences = @case.Requests
            .SelectMany((request, i) => Difference.Between(golden[@case.Name]?[i], answers[i])
                .Select(line => $"  request {i + 1}, {request.Method} {request.Path}\n    {line}"))
            .ToList();
        Assert.That(differences, Has.Count.Zero, () => $"{serverName} answers otherwise than Kubernetes 1.20.2:\n{string.Join('\n', differences)}\n");
    }

    private async Task Post(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Server.PostAsync(new Uri(path, UriKind.Relative), content);
        if (!response.IsSuccessStatusCode && response.StatusCode != System.Net.HttpStatusCode.Conflict)
        {
            throw new InvalidOperationException($"POST {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }

    private async Task<bool> IsServed(string @namespace)
    {
        using var response = await Server.GetAsync(new Uri($"{Widgets.ApiPath}/namespaces/{@namespace}/widgets", UriKind.Relative));
        return response.IsSuccessStatusCode;
    }
}
