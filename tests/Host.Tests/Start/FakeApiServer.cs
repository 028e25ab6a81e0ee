using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Tikv.Core.Kubernetes;

namespace Tikv.Host.Tests.Start;

/// <summary>
/// A server on 127.0.0.1 that answers as an API server without objects would: lists are empty, and watches stay silent.
/// A test may change single answers.
/// </summary>
internal sealed class FakeApiServer : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly string folder = Directory.CreateTempSubdirectory("tikv-host-").FullName;
    private readonly CancellationTokenSource ending = new();

    private FakeApiServer(WebApplication application) => this.application = application;

    /// <summary>Status and body for a path; what is not here is answered as by a server that is as it should be.</summary>
    public Dictionary<string, (int Status, string Body)> Answers { get; } = [];

    /// <summary>Verb and resource (<c>delete pods</c>) that access reviews answer with no.</summary>
    public HashSet<string> Forbidden { get; } = [];

    public ConcurrentQueue<string> Requests { get; } = [];

    public string Url => application.Urls.First();

    public string KubeConfig => Write(Url);

    public static async Task<FakeApiServer> Start()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(System.Net.IPAddress.Loopback, 0));
        var server = new FakeApiServer(builder.Build());
        server.application.Run(server.Answer);
        await server.application.StartAsync();
        return server;
    }

    /// <summary>A kubeconfig that leads to some server.</summary>
    public string Write(string server)
    {
        var file = Path.Combine(folder, "kubeconfig");
        File.WriteAllText(
            file,
            $$$"""
            apiVersion: v1
            kind: Config
            current-context: fake
            clusters: [{name: fake, cluster: {server: "{{{server}}}"}}]
            users: [{name: fake, user: {token: very-secret}}]
            contexts: [{name: fake, context: {cluster: fake, user: fake}}]
            """);
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await application.StopAsync();
        await application.DisposeAsync();
        ending.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue($"{context.Request.Method} {path}");
        context.Response.ContentType = "application/json";

        if (Answers.TryGetValue(path, out var answer))
        {
            context.Response.StatusCode = answer.Status;
            await context.Response.WriteAsync(answer.Body);
        }
        else if (path == "/version")
        {
            await context.Response.WriteAsync("""{"gitVersion":"v1.30.0"}""");
        }
        else if (path == "/apis/core.tikv.org/v1alpha1")
        {
            await context.Response.WriteAsync(Resources(KindModule.ours.Select(kind => KindModule.resource(kind).Plural)));
        }
        else if (path.EndsWith("/selfsubjectaccessreviews", StringComparison.Ordinal))
        {
            await Review(context);
        }
        else if (context.Request.Query.ContainsKey("watch"))
        {
            await context.Response.StartAsync();
            await Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, ending.Token).Token)
                .ContinueWith(_ => { }, TaskScheduler.Default);
        }
        else
        {
            await context.Response.WriteAsync("""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}""");
        }
    }

    public static string Resources(IEnumerable<string> names) =>
        $$$"""{"kind":"APIResourceList","resources":[{{{string.Join(',', names.Select(name => $$$"""{"name":"{{{name}}}"}"""))}}}]}""";

    private async Task Review(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var asked = System.Text.Json.Nodes.JsonNode.Parse(await reader.ReadToEndAsync())!["spec"]!["resourceAttributes"]!;
        var allowed = !Forbidden.Contains($"{asked["verb"]} {asked["resource"]}{(asked["subresource"] is { } part ? $"/{part}" : "")}");
        context.Response.StatusCode = StatusCodes.Status201Created;
        await context.Response.WriteAsync($$$"""{"status":{"allowed":{{{(allowed ? "true" : "false")}}}}}""");
    }
}
