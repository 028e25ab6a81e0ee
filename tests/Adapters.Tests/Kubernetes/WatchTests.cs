using Microsoft.AspNetCore.Http;
using Tikv.Adapters.Kubernetes;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;
using static Tikv.Adapters.Tests.Kubernetes.FakeServer;

namespace Tikv.Adapters.Tests.Kubernetes;

public sealed class WatchTests
{
    private const string Added = """{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"5"}}}""" + "\n";
    private const string Bookmark = """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}""" + "\n";

    private readonly List<WatchEvent> told = [];

    [SetUp]
    public void SetUp() => told.Clear();

    [Test]
    public async Task A_watch_tells_of_each_line_and_ends_in_the_ordinary_way()
    {
        var lines = Added + Added.Replace("ADDED", "MODIFIED") + Added.Replace("ADDED", "DELETED") + Bookmark;
        await using var server = await Start((context, _) => FakeServer.Stream(context, lines));

        var end = await Watch(server);

        Assert.That(end, Is.EqualTo(WatchEnd.Closed));
        Assert.That(told.Select(told => told.Tag), Is.EqualTo(new[]
        {
            WatchEvent.Tags.Added, WatchEvent.Tags.Modified, WatchEvent.Tags.Deleted, WatchEvent.Tags.Bookmark,
        }));
        Assert.That(((WatchEvent.Added)told[0]).Object.Text("metadata", "name"), Is.EqualTo("a"));
        Assert.That(told[3], Is.EqualTo(WatchEvent.NewBookmark(Given.Version("9"))));
    }

    [Test]
    public async Task A_watch_asks_for_bookmarks_from_a_version_on_with_a_timeout_over_HTTP_1()
    {
        await using var server = await Start(200, "");

        await Watch(server);

        Assert.That(
            server.Requests.Single().Target,
            Is.EqualTo("/api/v1/namespaces/shop/configmaps?watch=true&allowWatchBookmarks=true&labelSelector=app.kubernetes.io%2Fmanaged-by%3Dtikv-operator&resourceVersion=4&timeoutSeconds=300"));
        Assert.That(server.Requests.Single().Protocol, Is.EqualTo("HTTP/1.1"));
        Assert.That(server.Requests.Single().Header("Accept-Encoding"), Is.Null);
    }

    [Test]
    public async Task Lines_may_arrive_in_any_pieces([Values(1, 2, 7, 64)] int size)
    {
        var pieces = (Added + Added + Bookmark).Chunk(size).Select(piece => new string(piece));
        await using var server = await Start((context, _) => FakeServer.Stream(context, pieces));

        var end = await Watch(server);

        Assert.That(end, Is.EqualTo(WatchEnd.Closed));
        Assert.That(told, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task An_object_may_be_larger_than_a_mebibyte()
    {
        var big = new string('x', 3 << 20);
        await using var server = await Start((context, _) => FakeServer.Stream(context, Added.Replace("\"a\"", $"\"{big}\"") + Bookmark));

        await Watch(server);

        Assert.That(((WatchEvent.Added)told[0]).Object.Text("metadata", "name"), Has.Length.EqualTo(big.Length));
        Assert.That(told, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task The_last_line_may_lack_its_end()
    {
        await using var server = await Start((context, _) => FakeServer.Stream(context, Added.TrimEnd()));

        Assert.That(await Watch(server), Is.EqualTo(WatchEnd.Closed));
        Assert.That(told, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task An_error_in_the_stream_is_told_and_ends_the_watch()
    {
        var error = $$"""{"type":"ERROR","object":{{Status(410, "Expired", "too old resource version")}}}""" + "\n";
        await using var server = await Start((context, _) => FakeServer.Stream(context, error + Added));

        var end = await Watch(server);

        Assert.That(end, Is.EqualTo(WatchEnd.Closed));
        Assert.That(told, Has.Count.EqualTo(1));
        Assert.That(((WatchEvent.Failed)told[0]).Error.Code, Is.EqualTo(410));
        Assert.That(((WatchEvent.Failed)told[0]).Error.Reason, Is.EqualTo("Expired"));
    }

    [TestCase(410, "Expired")]
    [TestCase(403, "Forbidden")]
    [TestCase(429, "TooManyRequests")]
    public async Task A_watch_that_is_refused_ends_with_the_error(int code, string reason)
    {
        await using var server = await Start(code, Status(code, reason, "no"));

        var end = await Watch(server);

        Assert.That(((WatchEnd.Refused)end).Error.Code, Is.EqualTo(code));
        Assert.That(((WatchEnd.Refused)end).Error.Reason, Is.EqualTo(reason));
    }

    [Test]
    public async Task A_silent_watch_is_broken_off()
    {
        await using var server = await Start(async (context, _) =>
        {
            await FakeServer.Stream(context, Added);
            await Hang(context);
        });

        var end = await Watch(server, new KubernetesOptions { WatchSilence = TimeSpan.FromMilliseconds(200) });

        Assert.That(end, Is.EqualTo(WatchEnd.NewBroken("the server was silent for too long")));
        Assert.That(told, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_watch_whose_server_never_answers_is_broken_off()
    {
        await using var server = await Start((context, _) => Hang(context));

        var end = await Watch(server, new KubernetesOptions { RequestDeadline = TimeSpan.FromMilliseconds(200) });

        Assert.That(end.IsBroken, Is.True);
    }

    [Test]
    public async Task A_watch_that_outlives_its_timeout_is_broken_off()
    {
        await using var server = await Start(async (context, _) =>
        {
            await FakeServer.Stream(context);

            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(Bookmark);
                await Task.Delay(20, CancellationToken.None);
            }
        });

        using var client = Given.Client(server, new KubernetesOptions { WatchGrace = TimeSpan.FromMilliseconds(200) });
        var end = await client.Watch(
            Kind.ConfigMap, "shop", Given.Version("4"), TimeSpan.Zero, told.Add, CancellationToken.None);

        Assert.That(end, Is.EqualTo(WatchEnd.NewBroken("the server did not end it in time")));
    }

    [Test]
    public async Task A_connection_that_breaks_ends_the_watch_as_broken()
    {
        var received = new TaskCompletionSource();
        await using var server = await Start(async (context, _) =>
        {
            await FakeServer.Stream(context, Added);
            await received.Task.WaitAsync(TimeSpan.FromSeconds(10));
            context.Abort();
        });
        using var client = Given.Client(server);

        var end = await client.Watch(
            Kind.ConfigMap, "shop", Given.Version("4"), TimeSpan.FromMinutes(5), _ => received.SetResult(), default);

        Assert.That(end.IsBroken, Is.True);
    }

    [TestCase("{\"type\":\"ADD", "not JSON")]
    [TestCase("<html>login</html>\n", "not JSON")]
    [TestCase("{\"type\":\"NEW\"}\n", "unknown type \"NEW\"")]
    public async Task What_is_no_event_ends_the_watch_as_broken(string line, string problem)
    {
        await using var server = await Start((context, _) => FakeServer.Stream(context, line));

        Assert.That(((WatchEnd.Broken)await Watch(server)).Problem, Does.Contain(problem));
    }

    [Test]
    public async Task Only_cancellation_throws()
    {
        await using var server = await Start((context, _) => Hang(context));
        using var client = Given.Client(server);
        using var cancel = new CancellationTokenSource();

        var watch = client.Watch(
            Kind.ConfigMap, null, Given.Version("4"), TimeSpan.FromMinutes(5), told.Add, cancel.Token);
        await cancel.CancelAsync();

        Assert.That(async () => await watch, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(client.Transports.LiveLeases, Is.Zero);
    }

    [Test]
    public async Task A_thousand_watches_leave_nothing_behind()
    {
        await using var server = await Start((context, _) => FakeServer.Stream(context, Added));
        using var client = Given.Client(server);

        for (var count = 0; count < 1000; count++)
        {
            await client.Watch(
                Kind.ConfigMap, null, Given.Version("4"), TimeSpan.FromMinutes(5), told.Add, CancellationToken.None);
        }

        Assert.That(told, Has.Count.EqualTo(1000));
        Assert.That(client.Transports.LiveTransports, Is.EqualTo(1));
        Assert.That(client.Transports.LiveLeases, Is.Zero);
    }

    private async Task<WatchEnd> Watch(FakeServer server, KubernetesOptions? options = null)
    {
        using var client = Given.Client(server, options);

        return await client.Watch(
            Kind.ConfigMap, "shop", Given.Version("4"), TimeSpan.FromMinutes(5), told.Add, CancellationToken.None);
    }
}
