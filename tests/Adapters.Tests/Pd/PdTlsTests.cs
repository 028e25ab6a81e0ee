using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Pd;
using Tikv.Adapters.Tests.Kubernetes;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Tests.Pd;

/// <summary>Mutual TLS with PD, by the Secrets that the endpoint names.</summary>
public sealed class PdTlsTests
{
    private const string Name = "basic-cluster-client-secret";

    private Authority authority = null!;
    private Secrets secrets = null!;
    private IPdApi pd = null!;

    [SetUp]
    public void SetUp()
    {
        authority = new Authority();
        secrets = new Secrets();
        pd = PdApi.Create(PdAccess.Direct, secrets);
    }

    [TearDown]
    public void TearDown()
    {
        pd.Dispose();
        authority.Dispose();
    }

    [Test]
    public async Task The_client_certificate_of_the_Secret_is_shown_and_the_server_is_checked_against_its_authority()
    {
        await using var server = await Server("127.0.0.1");
        secrets.Put(Name, authority, "operator");

        var reply = await Ask(server, "1");

        Assert.That(reply.IsDone, Is.True, reply.ToString());
        Assert.That(server.Requests.Single().Client, Is.EqualTo("CN=operator"));
    }

    [Test]
    public async Task A_server_of_another_authority_is_not_believed()
    {
        using var other = new Authority("another authority");
        await using var server = await Server("127.0.0.1");
        secrets.Put(Name, other, "operator");

        Assert.That((await Ask(server, "1")).IsUnknown, Is.True);
        Assert.That(server.Requests, Is.Empty);
    }

    [Test]
    public async Task A_server_with_the_certificate_of_another_name_is_not_believed_unless_nothing_is_to_be_checked()
    {
        await using var server = await Server("basic-pd-1.basic-pd-peer.default");
        secrets.Put(Name, authority, "operator");

        Assert.That((await Ask(server, "1")).IsUnknown, Is.True);
        Assert.That((await Ask(server, "1", skipVerify: true)).IsDone, Is.True);
    }

    [Test]
    public async Task Without_its_Secret_PD_is_not_asked_at_all()
    {
        await using var server = await Server("127.0.0.1");

        var problem = (await Ask(server, "")).Problem();

        Assert.That(problem, Does.EndWith($"the Secret {Name} does not exist"));
        Assert.That(server.Requests, Is.Empty);
    }

    [TestCase("ca.crt")]
    [TestCase("tls.crt")]
    [TestCase("tls.key")]
    public async Task A_Secret_that_lacks_a_key_is_told(string key)
    {
        await using var server = await Server("127.0.0.1");
        secrets.Put(Name, authority, "operator", without: key);

        Assert.That((await Ask(server, "1")).Problem(), Does.EndWith($"the Secret {Name} has no {key}"));
    }

    [Test]
    public async Task Values_that_are_no_certificates_are_told_without_being_shown()
    {
        await using var server = await Server("127.0.0.1");
        secrets.Put(Name, ("ca.crt", "hunter2"), ("tls.crt", "hunter2"), ("tls.key", "hunter2"));

        var problem = (await Ask(server, "1")).Problem();

        Assert.That(problem, Does.Contain("cannot be used"));
        Assert.That(problem, Does.Not.Contain("hunter2"));
    }

    [Test]
    public async Task The_Secrets_are_read_once_for_a_version_and_again_for_the_next()
    {
        await using var server = await Server("127.0.0.1");
        secrets.Put(Name, authority, "operator");
        _ = (await Ask(server, "1")).Answer();
        _ = (await Ask(server, "1")).Answer();
        Assert.That(secrets.Reads, Is.EqualTo(1));

        secrets.Put(Name, authority, "operator renewed");
        _ = (await Ask(server, "2")).Answer();

        Assert.That(secrets.Reads, Is.EqualTo(2));
        Assert.That(
            server.Requests.Select(request => request.Client),
            Is.EqualTo(new[] { "CN=operator", "CN=operator", "CN=operator renewed" }));
    }

    [Test]
    public async Task A_new_authority_reaches_the_client_with_its_Secret()
    {
        using var next = new Authority("the next authority");
        await using var before = await Server("127.0.0.1");
        await using var after = await FakeServer.Start(
            (context, _) => FakeServer.Answer(context, 200, "{}"), next.Server("127.0.0.1"), _ => true);
        secrets.Put(Name, authority, "operator");
        Assert.That((await Ask(after, "1")).IsUnknown, Is.True);

        secrets.Put(Name, next, "operator");

        Assert.That((await Ask(after, "2")).IsDone, Is.True);
        Assert.That((await Ask(before, "2")).IsUnknown, Is.True);
    }

    [Test]
    public async Task The_state_machine_gets_no_value_of_a_Secret_not_even_of_an_annotation()
    {
        secrets.Put(Name, authority, "operator");
        var read = await secrets.Read(new ObjectRef(Kind.Secret, "shop", Name), default);
        var raw = Text(read.Answer(), "data", "tls.key");

        var redacted = JsonModule.print(Secret.Redacted(new ObjectRef(Kind.Secret, "shop", Name), read).Answer());
        var view = Secret.view(Secret.Redacted(new ObjectRef(Kind.Secret, "shop", Name), read).Answer());

        Assert.That(redacted, Does.Not.Contain(raw));
        Assert.That(redacted, Does.Not.Contain("last-applied"));
        Assert.That(view.Values.Keys, Is.EquivalentTo(new[] { "ca.crt", "tls.crt", "tls.key" }));
        Assert.That(view.Values["tls.crt"].Certificates.Single().NotAfter, Is.GreaterThan(DateTimeOffset.UtcNow));
        Assert.That(view.Values["tls.key"].Digest, Has.Length.EqualTo(64));
    }

    private static string Text(Json json, params string[] path) => JsonModule.stringAt(ListModule.OfArray(path), json)!.Value;

    private Task<FakeServer> Server(string name)
    {
        var trusted = authority.Pem;
        return FakeServer.Start(
            (context, _) => FakeServer.Answer(context, 200, "{}"), authority.Server(name), shown => IsOf(trusted, shown));
    }

    private static bool IsOf(string authorityPem, X509Certificate2 shown)
    {
        using var root = X509Certificate2.CreateFromPem(authorityPem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        return chain.Build(shown);
    }

    private Task<Outcome<PdReply>> Ask(FakeServer server, string version, bool skipVerify = false) => pd.Ask(
        ListModule.OfArray(
        [
            new PdEndpoint(
                "shop",
                true,
                "basic-pd-0",
                "127.0.0.1",
                server.Url.Port,
                Given.Some(new EndpointTls(Name, Name, version, skipVerify))),
        ]),
        PdCall.GetStores,
        default);

    /// <summary>An API server that has nothing but Secrets.</summary>
    private sealed class Secrets : IKubernetesApi
    {
        private readonly ConcurrentDictionary<string, Json> values = new();

        public int Reads { get; private set; }

        public void Put(string name, Authority authority, string client, string? without = null)
        {
            var (certificate, key) = authority.Client(client, rsa: false);
            Put(name, [.. new[] { ("ca.crt", authority.Pem), ("tls.crt", certificate), ("tls.key", key) }.Where(one => one.Item1 != without)]);
        }

        public void Put(string name, params (string Key, string Value)[] data)
        {
            var encoded = data.Select(one =>
                $"\"{one.Key}\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(one.Value))}\"");
            var copy = "\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"all of it\"}";
            values[name] = Given.Json(
                $"{{\"metadata\":{{\"name\":\"{name}\",\"namespace\":\"shop\",{copy}}},\"data\":{{{string.Join(",", encoded)}}}}}");
        }

        public Task<Outcome<Json>> Read(ObjectRef name, CancellationToken ct)
        {
            Reads++;
            return Task.FromResult(values.TryGetValue(name.Name, out var found)
                ? Outcome<Json>.NewDone(found)
                : Outcome<Json>.NewRefused(new ApiError(404, "NotFound", "not found", [], null)));
        }

        public Task<Outcome<ListPage>> ListPage(
            Kind kind, string? space, string? resourceVersion, string? page, CancellationToken ct) =>
            throw new NotSupportedException();

        public Task<WatchEnd> Watch(
            Kind kind, string? space, ResourceVersion from, TimeSpan timeout, Action<WatchEvent> told, CancellationToken ct) =>
            throw new NotSupportedException();

        public Task<Outcome<Json>> Write(Write write, CancellationToken ct) => throw new NotSupportedException();

        public Task<Outcome<RawAnswer>> Raw(
            HttpMethod method, string path, Json? body, TimeSpan deadline, CancellationToken ct) =>
            throw new NotSupportedException();
    }
}
