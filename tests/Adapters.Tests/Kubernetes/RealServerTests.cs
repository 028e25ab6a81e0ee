using System.Collections.Concurrent;
using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Pd;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Tests.Kubernetes;

/// <summary>Run by name against a real API server: <c>TIKV_OPERATOR_TEST_KUBECONFIG=... dotnet test --filter RealServer</c>.</summary>
[Explicit("needs a real API server")]
public sealed class RealServerTests
{
    private KubernetesClient client = null!;

    [SetUp]
    public void SetUp()
    {
        var connection = KubernetesConfiguration.Find(
            new KubernetesChoice { KubeConfig = Environment.GetEnvironmentVariable("TIKV_OPERATOR_TEST_KUBECONFIG")! },
            Surroundings.OfThisProcess());
        client = new KubernetesClient(connection, new KubernetesOptions { PageSize = 2 });
    }

    [TearDown]
    public void TearDown() => client.Dispose();

    [Test]
    public async Task A_config_map_is_created_listed_watched_patched_and_deleted()
    {
        var suffix = Guid.NewGuid().ToString("N")[..8];
        var names = Enumerable.Range(0, 3).Select(index => new ObjectRef(Kind.ConfigMap, "default", $"trial-{suffix}-{index}")).ToArray();

        foreach (var name in names)
        {
            _ = (await client.Write(Write.NewCreate(name, Body(name)), default)).Answer();
        }

        var taken = (await client.Write(Write.NewCreate(names[0], Body(names[0])), default)).Error();
        Assert.That((taken.Code, taken.Reason), Is.EqualTo((409, "AlreadyExists")));

        var (version, listed) = await ListAll();
        Assert.That(names.Select(name => name.Name), Is.SubsetOf(listed.Select(item => item.Text("metadata", "name"))));

        var events = new ConcurrentQueue<WatchEvent>();
        var watch = client.Watch(Kind.ConfigMap, "default", version, TimeSpan.FromSeconds(6), events.Enqueue, default);
        var read = (await client.Read(names[0], default)).Answer();
        var (uid, first) = (read.Text("metadata", "uid"), read.Text("metadata", "resourceVersion"));
        var patched = (await client.Write(Write.NewPatch(names[0], false, Patch(uid, first)), default)).Answer();
        Assert.That(patched.Text("data", "key"), Is.EqualTo("new"));

        var stale = (await client.Write(Write.NewPatch(names[0], false, Patch(uid, first)), default)).Error();
        Assert.That((stale.Code, stale.Reason), Is.EqualTo((409, "Conflict")));
        var other = (await client.Write(
            Write.NewDelete(names[0], Given.Precondition("00000000-0000-0000-0000-000000000000", null), null), default)).Error();
        Assert.That((other.Code, other.Reason), Is.EqualTo((409, "Conflict")));
        var invalid = (await client.Write(
            Write.NewCreate(new ObjectRef(Kind.ConfigMap, "default", "NO"), Body(new(Kind.ConfigMap, "default", "NO"))), default)).Error();
        Assert.That((invalid.Code, invalid.Reason, invalid.Causes.Head.Item1), Is.EqualTo((422, "Invalid", "metadata.name")));

        foreach (var name in names)
        {
            var found = (await client.Read(name, default)).Answer();
            var precondition = Given.Precondition(found.Text("metadata", "uid"), found.Text("metadata", "resourceVersion"));
            _ = (await client.Write(Write.NewDelete(name, precondition, null), default)).Answer();
        }

        Assert.That((await client.Read(names[0], default)).Error().Reason, Is.EqualTo("NotFound"));
        Assert.That((await watch).IsClosed, Is.True);
        Assert.That(events.Count(told => told.IsModified), Is.EqualTo(1));
        Assert.That(events.Count(told => told.IsDeleted), Is.EqualTo(3));
        Assert.That(events.Last().IsBookmark, Is.True);
    }

    [Test]
    public async Task The_server_tells_its_version_and_what_it_does_not_serve()
    {
        var version = (await client.Raw(HttpMethod.Get, "version", null, TimeSpan.FromSeconds(30), default)).Answer();
        var none = (await client.Raw(HttpMethod.Get, "apis/none.example/v1", null, TimeSpan.FromSeconds(30), default)).Answer();
        var unserved = await client.ListPage(new Kind(), "default", null, null, default);

        await TestContext.Out.WriteLineAsync(JsonModule.print(version.AsJson().Answer()));
        await TestContext.Out.WriteLineAsync(unserved.ToString());
        Assert.That(version.AsJson().Answer().Text("gitVersion"), Does.StartWith("v1."));
        Assert.That(none.AsJson().Error().Code, Is.EqualTo(404));
    }

    [Test]
    public async Task A_service_that_does_not_exist_is_told_as_a_PD_that_cannot_be_reached()
    {
        using var pd = PdApi.Create(PdAccess.ApiServerProxy, client);
        var endpoint = new PdEndpoint("default", false, "basic-pd", "unused", 2379, false);

        var problem = (await pd.Ask(ListModule.OfArray([endpoint]), PdCall.GetMembers, default)).Problem();

        Assert.That(problem, Is.EqualTo(
            "service default/basic-pd:2379: the API server refused: services \"basic-pd\" not found"));
    }

    private async Task<(ResourceVersion, List<Json>)> ListAll()
    {
        var items = new List<Json>();
        string? token = null;

        while (true)
        {
            var page = (await client.ListPage(Kind.ConfigMap, "default", null, token, default)).Answer();
            items.AddRange(page.Items);

            if (page.Continue is not { } next)
            {
                return (page.ResourceVersion, items);
            }

            token = next.Value;
        }
    }

    private static Json Body(ObjectRef name) => Given.Json(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name.Name}}}","namespace":"default"},"data":{"key":"old"}}""");

    private static Json Patch(string uid, string version) => Given.Json(
        $$$"""{"metadata":{"uid":"{{{uid}}}","resourceVersion":"{{{version}}}"},"data":{"key":"new"}}""");
}
