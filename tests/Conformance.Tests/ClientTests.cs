using System.Collections.Concurrent;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using NUnit.Framework;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Pd;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;
using Tikv.Core.Pd;

namespace Tikv.Conformance.Tests;

/// <summary>The operator's own client, by its own reading of the kubeconfig, against each server.</summary>
[TestFixtureSource(typeof(Servers), nameof(Servers.All))]
public sealed class ClientTests(string serverName)
{
    private readonly string run = Guid.NewGuid().ToString("n")[..6];
    private EmbeddedCluster? embedded;
    private KubernetesClient? client;

    private KubernetesClient Client => client ?? throw new InvalidOperationException("the server has not been started");

    [OneTimeSetUp]
    public async Task Start()
    {
        if (serverName == Servers.Embedded)
        {
            embedded = new EmbeddedCluster();
            await embedded.Ready();
        }

        var choice = new KubernetesChoice { KubeConfig = embedded?.KubeconfigFile ?? Servers.RealKubeconfig };
        var connection = KubernetesConfiguration.Find(choice, Surroundings.OfThisProcess());
        client = new KubernetesClient(connection, new KubernetesOptions { PageSize = 2 });
    }

    [OneTimeTearDown]
    public void Stop()
    {
        client?.Dispose();
        embedded?.Dispose();
    }

    [Test]
    public async Task A_name_can_be_taken_once()
    {
        var name = await Created("taken");

        Assert.That(Refusal(await Client.Write(Write.NewCreate(name, Body(name)), default)), Is.EqualTo((409, "AlreadyExists")));
    }

    [Test]
    public async Task A_patch_on_an_old_version_or_another_life_is_a_conflict()
    {
        var name = await Created("patched");
        var (uid, version) = await Identity(name);

        Assert.That(TextAt(Answer(await Client.Write(Patch(name, uid, version), default)), "data", "key"), Is.EqualTo("new"));
        Assert.That(Refusal(await Client.Write(Patch(name, uid, version), default)), Is.EqualTo((409, "Conflict")));
        Assert.That(
            Refusal(await Client.Write(Patch(name, "00000000-0000-0000-0000-000000000000", (await Identity(name)).Version), default)).Code,
            Is.EqualTo(409).Or.EqualTo(422));
    }

    [Test]
    public async Task A_delete_is_for_one_life_and_one_version_only()
    {
        var name = await Created("deleted");
        var (uid, version) = await Identity(name);

        Assert.That(Refusal(await Delete(name, "00000000-0000-0000-0000-000000000000", version)), Is.EqualTo((409, "Conflict")));
        Assert.That(Refusal(await Delete(name, uid, "1")), Is.EqualTo((409, "Conflict")));
        Assert.That((await Delete(name, uid, version)).IsDone, Is.True);
        Assert.That(Refusal(await Client.Read(name, default)), Is.EqualTo((404, "NotFound")));
    }

    [Test]
    public async Task An_invalid_object_is_refused_with_the_field_at_fault()
    {
        var name = new ObjectRef(Kind.ConfigMap, "default", "NOT-A-NAME");
        var outcome = await Client.Write(Write.NewCreate(name, Body(name)), default);

        Assert.That(Refusal(outcome), Is.EqualTo((422, "Invalid")));
        Assert.That(((Outcome<Json>.Refused)outcome).Error.Causes.Head.Item1, Is.EqualTo("metadata.name"));
    }

    [Test]
    public async Task A_list_is_whole_over_all_its_pages()
    {
        var names = new[] { await Created("page-0"), await Created("page-1"), await Created("page-2") };

        var (_, items) = await ListAll();

        Assert.That(names.Select(name => name.Name), Is.SubsetOf(items.Select(item => TextAt(item, "metadata", "name"))));
    }

    [Test]
    public async Task A_watch_tells_what_came_after_the_list_and_ends_by_itself()
    {
        var (version, _) = await ListAll();
        var events = new ConcurrentQueue<WatchEvent>();
        var watch = Client.Watch(Kind.ConfigMap, "default", version, TimeSpan.FromSeconds(4), events.Enqueue, default);

        var name = await Created("watched");
        var (uid, first) = await Identity(name);
        await Client.Write(Patch(name, uid, first), default);
        await Delete(name, uid, (await Identity(name)).Version);

        Assert.That(await watch, Is.EqualTo(WatchEnd.Closed));
        Assert.That(
            events.Where(told => !told.IsBookmark && NameIn(told) == name.Name).Select(told => told.Tag),
            Is.EqualTo(new[] { WatchEvent.Tags.Added, WatchEvent.Tags.Modified, WatchEvent.Tags.Deleted }));
    }

    [Test]
    public async Task The_server_tells_its_version_and_does_not_serve_what_it_does_not_know()
    {
        var limit = TimeSpan.FromSeconds(30);
        var version = ((Outcome<RawAnswer>.Done)await Client.Raw(HttpMethod.Get, "version", null, limit, default)).Answer;
        var unknown = ((Outcome<RawAnswer>.Done)await Client.Raw(HttpMethod.Get, "apis/none.example/v1", null, limit, default)).Answer;

        Assert.That(TextAt(Answer(version.AsJson()), "gitVersion"), Does.StartWith("v1."));
        Assert.That(unknown.Status, Is.EqualTo(404));
    }

    [Test]
    public async Task A_service_that_does_not_exist_is_told_as_a_PD_that_cannot_be_reached()
    {
        using var pd = PdApi.Create(PdAccess.ApiServerProxy, Client);
        var endpoint = new PdEndpoint("default", false, "basic-pd", "unused", 2379, null);

        var outcome = await pd.Ask(ListModule.OfArray([endpoint]), PdCall.GetMembers, default);

        Assert.That(((Outcome<PdReply>.Unknown)outcome).Problem, Does.StartWith(
            "service default/basic-pd:2379: the API server refused: "));
    }

    private async Task<ObjectRef> Created(string name)
    {
        var reference = new ObjectRef(Kind.ConfigMap, "default", $"client-{run}-{name}");
        _ = Answer(await Client.Write(Write.NewCreate(reference, Body(reference)), default));
        return reference;
    }

    private async Task<(string Uid, string Version)> Identity(ObjectRef name)
    {
        var found = Answer(await Client.Read(name, default));
        return (TextAt(found, "metadata", "uid"), TextAt(found, "metadata", "resourceVersion"));
    }

    private Task<Outcome<Json>> Delete(ObjectRef name, string uid, string version) => Client.Write(
        Write.NewDelete(name, new Precondition(Uid.NewUid(uid), ResourceVersion.NewResourceVersion(version)), null), default);

    private async Task<(ResourceVersion Version, List<Json> Items)> ListAll()
    {
        var items = new List<Json>();
        string? token = null;

        while (true)
        {
            var page = Answer(await Client.ListPage(Kind.ConfigMap, "default", null, token, default));
            items.AddRange(page.Items);

            if (page.Continue is not { } next)
            {
                return (page.ResourceVersion, items);
            }

            token = next.Value;
        }
    }

    private static Write Patch(ObjectRef name, string uid, string version) => Write.NewPatch(name, false, Parsed(
        $$$"""{"metadata":{"uid":"{{{uid}}}","resourceVersion":"{{{version}}}"},"data":{"key":"new"}}"""));

    private static Json Body(ObjectRef name) => Parsed(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name.Name}}}","namespace":"default","labels":{"app.kubernetes.io/managed-by":"tikv-operator"}},"data":{"key":"old"}}""");

    private static Json Parsed(string text) => JsonModule.parse(text).ResultValue;

    private static string TextAt(Json json, params string[] path) =>
        JsonModule.stringAt(ListModule.OfArray(path), json)?.Value ?? "";

    private static string NameIn(WatchEvent told) => told switch
    {
        WatchEvent.Added added => TextAt(added.Object, "metadata", "name"),
        WatchEvent.Modified modified => TextAt(modified.Object, "metadata", "name"),
        WatchEvent.Deleted deleted => TextAt(deleted.Object, "metadata", "name"),
        _ => "",
    };

    private static T Answer<T>(Outcome<T> outcome) =>
        outcome is Outcome<T>.Done done ? done.Answer : throw new AssertionException($"not done: {outcome}");

    private static (int Code, string Reason) Refusal(Outcome<Json> outcome) =>
        outcome is Outcome<Json>.Refused { Error: var error }
            ? (error.Code, error.Reason)
            : throw new AssertionException($"not refused: {outcome}");
}
