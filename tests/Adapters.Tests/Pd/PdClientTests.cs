using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Pd;
using Tikv.Adapters.Tests.Kubernetes;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Tests.Pd;

public sealed class PdClientTests
{
    private const string NoLeader = "[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader";

    private static readonly PdCall EvictLeaders = PdCall.NewEvictLeaders(StoreId.NewStoreId(4));

    [Test]
    public async Task The_first_endpoint_that_answers_is_asked_alone()
    {
        await using var one = await FakeServer.Start(200, "{\"members\":[]}");
        await using var two = await FakeServer.Start(200, "{}");
        using var pd = Direct();

        var reply = (await pd.Ask(Endpoints(one, two), PdCall.GetMembers, default)).Answer();

        Assert.That(reply, Is.EqualTo(new PdReply(200, PdBody.NewJson(Given.Json("{\"members\":[]}")))));
        Assert.That(one.Requests.Single().Target, Is.EqualTo("/pd/api/v1/members"));
        Assert.That(two.Requests, Is.Empty);
    }

    [Test]
    public async Task An_endpoint_that_is_not_there_or_hangs_is_passed_over()
    {
        await using var hangs = await FakeServer.Start((context, _) => FakeServer.Hang(context));
        await using var two = await FakeServer.Start(200, "{}");
        using var pd = Direct(TimeSpan.FromMilliseconds(300));

        var reply = await pd.Ask(Endpoints(await Gone(), hangs, two), PdCall.GetStores, default);

        Assert.That(reply.IsDone, Is.True);
    }

    [TestCase(500, "\"[PD:core:ErrStoreNotFound]store 9 not found\"")]
    [TestCase(404, "404 page not found")]
    [TestCase(406, "null")]
    [TestCase(500, "\"[PD:cluster:ErrNotBootstrapped]TiKV cluster not bootstrapped\"")]
    public async Task Any_other_answer_of_PD_is_the_answer(int status, string body)
    {
        await using var one = await FakeServer.Start(status, body);
        await using var two = await FakeServer.Start(200, "{}");
        using var pd = Direct();

        Assert.That((await pd.Ask(Endpoints(one, two), PdCall.GetStores, default)).Answer().Status, Is.EqualTo(status));
        Assert.That(two.Requests, Is.Empty);
    }

    [Test]
    public async Task A_read_goes_on_when_a_member_knows_no_leader_and_a_write_does_not()
    {
        await using var one = await FakeServer.Start(503, NoLeader);
        await using var two = await FakeServer.Start(200, "{}");
        using var pd = Direct();

        Assert.That((await pd.Ask(Endpoints(one, two), PdCall.GetStores, default)).Answer().Status, Is.EqualTo(200));
        Assert.That((await pd.Ask(Endpoints(one, two), EvictLeaders, default)).Answer().Status, Is.EqualTo(503));
    }

    [Test]
    public async Task When_no_member_knows_a_leader_that_is_the_answer()
    {
        await using var one = await FakeServer.Start(503, NoLeader);
        using var pd = Direct();

        var reply = (await pd.Ask(Endpoints(await Gone(), one, await Gone()), PdCall.GetStores, default)).Answer();

        Assert.That(PdErrorModule.ofReply(reply).IsNoLeader, Is.True);
    }

    [Test]
    public async Task When_PD_answers_nowhere_every_endpoint_is_told()
    {
        var (one, two) = (await Gone(), await Gone());
        using var pd = Direct();

        var problem = (await pd.Ask(Endpoints(one, two), PdCall.GetStores, default)).Problem();

        Assert.That(problem, Is.EqualTo(
            $"{one.Url.Authority}: Connection refused; {two.Url.Authority}: Connection refused"));
    }

    [Test]
    public async Task Without_endpoints_the_outcome_is_unknown()
    {
        using var pd = Direct();

        Assert.That((await pd.Ask(Endpoints(), PdCall.GetStores, default)).Problem(), Is.EqualTo("PD has no endpoint yet"));
    }

    [Test]
    public async Task A_write_carries_its_body()
    {
        await using var one = await FakeServer.Start(200, "\"The scheduler is created.\"");
        using var pd = Direct();

        await pd.Ask(Endpoints(one), EvictLeaders, default);

        Assert.That(one.Requests.Single().Method, Is.EqualTo("POST"));
        Assert.That(
            one.Requests.Single().Json, Is.EqualTo(Given.Json("""{"name":"evict-leader-scheduler","store_id":4}""")));
    }

    [TestCase(false, false, "services/basic-pd:2379")]
    [TestCase(true, false, "pods/basic-pd:2379")]
    [TestCase(true, true, "pods/https:basic-pd:2379")]
    public async Task Through_the_API_server_the_path_names_namespace_service_or_pod_and_port(bool pod, bool tls, string name)
    {
        await using var server = await FakeServer.Start(200, "{}");
        using var client = Given.Client(server);
        using var pd = PdApi.Create(PdAccess.ApiServerProxy, client);
        var endpoint = new PdEndpoint("shop", pod, "basic-pd", "unused", 2379, tls ? Given.Some(new EndpointTls("ca", "pair", "1", false)) : null);

        _ = (await pd.Ask(ListModule.OfArray([endpoint]), PdCall.GetStores, default)).Answer();

        Assert.That(
            server.Requests.Single().Target,
            Is.EqualTo($"/api/v1/namespaces/shop/{name}/proxy/pd/api/v1/stores?state=0&state=1&state=2"));
    }

    [Test]
    public async Task A_backend_that_the_API_server_cannot_reach_is_passed_over()
    {
        await using var server = await FakeServer.Start((context, seen) => seen.Path.Contains("basic-pd-0")
            ? FakeServer.Answer(context, 503, FakeServer.Status(503, "ServiceUnavailable", "error trying to reach service: dial tcp: i/o timeout"))
            : FakeServer.Answer(context, 503, NoLeader));
        using var client = Given.Client(server);
        using var pd = PdApi.Create(PdAccess.ApiServerProxy, client);

        var both = await pd.Ask(
            ListModule.OfArray([Pod("basic-pd-0"), Pod("basic-pd-1")]), EvictLeaders, default);
        var first = await pd.Ask(ListModule.OfArray([Pod("basic-pd-0")]), EvictLeaders, default);

        Assert.That(both.Answer().Status, Is.EqualTo(503));
        Assert.That(first.Problem(), Is.EqualTo(
            "pod shop/basic-pd-0:2379: the API server refused: error trying to reach service: dial tcp: i/o timeout"));
    }

    private static IPdApi Direct(TimeSpan? deadline = null) => PdApi.Create(PdAccess.Direct, null!, deadline);

    private static PdEndpoint Pod(string name) => new("shop", true, name, "unused", 2379, null);

    private static PdEndpoint Endpoint(FakeServer server) =>
        new("shop", true, "basic-pd-0", "127.0.0.1", server.Url.Port, null);

    private static FSharpList<PdEndpoint> Endpoints(params FakeServer[] servers) =>
        ListModule.OfSeq(servers.Select(server => Endpoint(server)));

    private static async Task<FakeServer> Gone()
    {
        var server = await FakeServer.Start(200, "{}");
        await server.DisposeAsync();
        return server;
    }
}
