using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Tikv.Adapters.Web;
using Tikv.Host.Web;

namespace Tikv.Host.Tests.Web;

[TestFixture]
public sealed class HealthTests
{
    private readonly HttpClient client = new();
    private bool synced;
    private bool running;
    private Health health = null!;
    private WebEndpoints web = null!;

    [SetUp]
    public async Task SetUp()
    {
        (synced, running) = (true, true);
        health = new Health(() => [("Cluster", true), ("Pod", synced)], () => running);
        web = await WebEndpoints.Start("127.0.0.1:0", "localhost:0", health, Metrics, NullLoggerFactory.Instance);
    }

    [TearDown]
    public async Task TearDown() => await web.DisposeAsync();

    [OneTimeTearDown]
    public void Dispose() => client.Dispose();

    [Test]
    public async Task All_is_well_in_one_word()
    {
        foreach (var path in new[] { "/healthz", "/livez", "/readyz" })
        {
            Assert.That(await Get(0, path), Is.EqualTo((HttpStatusCode.OK, "ok")));
        }
    }

    [Test]
    public async Task Verbose_names_each_check() =>
        Assert.That((await Get(0, "/readyz?verbose")).Text, Is.EqualTo(
            "[+]loop ok\n[+]cache/Cluster ok\n[+]cache/Pod ok\n[+]shutdown ok\nreadyz check passed\n"));

    [Test]
    public async Task A_cache_that_is_not_filled_keeps_it_from_being_ready_and_not_from_living()
    {
        synced = false;
        var (status, text) = await Get(0, "/readyz");

        Assert.That(status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(text, Does.Contain("[-]cache/Pod failed").And.Contain("[+]cache/Cluster ok"));
        Assert.That((await Get(0, "/livez")).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Once_asked_to_stop_it_is_not_ready_and_lives_on()
    {
        health.Stop();

        Assert.That((await Get(0, "/readyz")).Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That((await Get(0, "/livez")).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_loop_that_has_ended_is_not_alive()
    {
        running = false;
        Assert.That((await Get(0, "/livez")).Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    [Test]
    public async Task Metrics_are_served_at_their_own_address_only()
    {
        Assert.That((await Get(1, "/metrics")).Text, Does.Contain("# TYPE things_total counter\nthings_total 3\n"));
        Assert.That((await Get(0, "/metrics")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That((await Get(1, "/readyz")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Nothing_can_be_written_there()
    {
        using var answer = await client.PostAsync(new Uri(web.Urls[0] + "/healthz"), null);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
    }

    private static IEnumerable<Metric> Metrics() => [new Metric("things_total", "Things.", MetricType.Counter, [new Sample([], 3)])];

    private async Task<(HttpStatusCode Status, string Text)> Get(int address, string path)
    {
        using var answer = await client.GetAsync(new Uri(web.Urls[address] + path));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
