using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace Tikv.Host.Tests.Start;

[TestFixture]
public sealed class StopTests
{
    private readonly HttpClient client = new();

    [OneTimeTearDown]
    public void Dispose() => client.Dispose();

    [Test]
    public async Task The_operator_gets_ready_and_ends_with_0_when_it_is_asked_to_stop()
    {
        await using var server = await FakeApiServer.Start();
        await using var run = HostRun.Start(
            CancellationToken.None, "--kubeconfig", server.KubeConfig, "--leader-elect=false",
            "--health-probe-bind-address=127.0.0.1:0", "--metrics-bind-address=127.0.0.1:0");

        await Until.Holds(() => Urls(run).Count == 2 || run.Code.IsCompleted);
        Assert.That(run.Code.IsCompleted, Is.False, () => run.Errors);
        var (probes, metrics) = (Urls(run)[0], Urls(run)[1]);

        await Until.Holds(async () =>
        {
            var (status, text) = await Get($"{probes}/readyz");
            return status == HttpStatusCode.OK ? null : text;
        });
        Assert.That((await Get($"{probes}/readyz?verbose")).Text, Does.Contain("[+]cache/TiKVGroup ok"));
        Assert.That((await Get($"{metrics}/metrics")).Text, Does
            .Contain("tikv_operator_cache_objects{kind=\"Pod\"} 0")
            .And.Contain("rest_client_requests_total{")
            .And.Contain("process_resident_memory_bytes ")
            .And.Contain("workqueue_depth{"));

        run.Stop();
        Assert.That(await run.Code.WaitAsync(Until.Limit), Is.Zero, () => run.Errors);
        Assert.That(async () => await Get($"{probes}/readyz"), Throws.InstanceOf<HttpRequestException>(), "nobody listens any more");
    }

    [Test]
    public async Task A_stop_before_the_API_server_answered_ends_with_0()
    {
        await using var server = await FakeApiServer.Start();
        await using var run = HostRun.Start(
            CancellationToken.None, "--start-timeout=60", "--kubeconfig", server.Write("http://127.0.0.1:1"));

        await Until.Holds(() => run.Log.Any(line => line.Contains("asking again", StringComparison.Ordinal)));
        run.Stop();
        Assert.That(await run.Code.WaitAsync(Until.Limit), Is.Zero);
    }

    [Test]
    public async Task The_log_is_JSON_and_never_shows_the_token()
    {
        await using var server = await FakeApiServer.Start();
        await using var run = HostRun.Start(CancellationToken.None, "--kubeconfig", server.KubeConfig, "--log-level=trace", "--leader-elect=false");

        await Until.Holds(() => server.Requests.Any(request => request.EndsWith("/tikvgroups", StringComparison.Ordinal)) || run.Code.IsCompleted);
        run.Stop();
        _ = await run.Code.WaitAsync(Until.Limit);

        Assert.That(run.Log, Is.Not.Empty);
        Assert.Multiple(() =>
        {
            foreach (var line in run.Log)
            {
                Assert.That(JsonNode.Parse(line)!.AsObject().Select(field => field.Key), Is.SupersetOf(new[] { "ts", "level", "logger", "msg" }));
                Assert.That(line, Does.Not.Contain("very-secret"));
            }
        });
    }

    private static List<string> Urls(HostRun run) =>
        [.. run.Log.Select(line => JsonNode.Parse(line)!["url"]?.ToString()).Where(url => url is not null).Select(url => url!)];

    private async Task<(HttpStatusCode Status, string Text)> Get(string url)
    {
        using var answer = await client.GetAsync(new Uri(url));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
