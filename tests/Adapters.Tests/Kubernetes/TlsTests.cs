using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;

namespace Tikv.Adapters.Tests.Kubernetes;

public sealed class TlsTests
{
    private Authority authority = null!;
    private TempFolder folder = null!;

    [SetUp]
    public void SetUp()
    {
        authority = new Authority();
        folder = new TempFolder();
    }

    [TearDown]
    public void TearDown()
    {
        authority.Dispose();
        folder.Dispose();
    }

    [Test]
    public async Task A_server_of_the_given_authority_is_trusted_over_HTTP_2()
    {
        await using var server = await Serve("127.0.0.1");

        Assert.That(await Problem(server), Is.Null);
        Assert.That(server.Requests.Single().Protocol, Is.EqualTo("HTTP/2"));
    }

    [Test]
    public async Task A_certificate_for_another_host_is_refused_though_the_authority_is_right()
    {
        await using var server = await Serve("other.example");

        Assert.That(await Problem(server), Does.Contain("RemoteCertificateNameMismatch"));
        Assert.That(server.Requests, Is.Empty);
    }

    [Test]
    public async Task A_server_of_another_authority_is_refused()
    {
        using var other = new Authority("another authority");
        await using var server = await Serve("127.0.0.1");

        Assert.That(await Problem(server, authorityPem: other.Pem), Does.Contain("certificate"));
        Assert.That(server.Requests, Is.Empty);
    }

    [Test]
    public async Task With_a_server_name_the_certificate_must_be_for_that_name()
    {
        await using var server = await Serve("api.example");

        Assert.That(await Problem(server, serverName: "api.example"), Is.Null);
        Assert.That(server.Requests.Single().Header("Host"), Is.EqualTo(server.Url.Authority));
        Assert.That(await Problem(server, serverName: "wrong.example"), Does.Contain("RemoteCertificateNameMismatch"));
        Assert.That(server.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task With_a_server_name_another_authority_is_still_refused()
    {
        using var other = new Authority("another authority");
        await using var server = await Serve("api.example");

        Assert.That(await Problem(server, authorityPem: other.Pem, serverName: "api.example"), Is.Not.Null);
        Assert.That(server.Requests, Is.Empty);
    }

    [Test]
    public async Task Nothing_is_checked_when_the_user_asks_for_that()
    {
        await using var server = await Serve("other.example");
        using var client = new KubernetesClient(new KubernetesConnection
        {
            Server = server.Url,
            Origin = "a test",
            InsecureSkipTlsVerify = true,
        });

        _ = (await client.Read(Given.ConfigMap("a"), default)).Answer();
    }

    [Test]
    public async Task A_client_certificate_is_shown([Values] bool rsa, [Values] bool serverName)
    {
        await using var server = await Serve("127.0.0.1", "api.example");
        var (certificate, key) = authority.Client("jane", rsa);

        Assert.That(await Problem(server, serverName: serverName ? "api.example" : null, client: (certificate, key)), Is.Null);
        Assert.That(server.Requests.Single().Client, Is.EqualTo("CN=jane"));
    }

    [Test]
    public async Task A_key_of_another_certificate_is_told_and_nothing_is_sent()
    {
        await using var server = await Serve("127.0.0.1");
        var (certificate, _) = authority.Client("jane", rsa: false);
        var (_, key) = authority.Client("joe", rsa: false);

        Assert.That(await Problem(server, client: (certificate, key)), Does.Contain("cannot be used"));
        Assert.That(server.Requests, Is.Empty);
    }

    [Test]
    public async Task A_replaced_authority_file_is_read_after_five_minutes_and_the_old_connections_go()
    {
        using var other = new Authority("another authority");
        await using var server = await Serve("127.0.0.1");
        var path = folder.Write("ca.crt", other.Pem);
        var time = new ManualTime();
        using var client = new KubernetesClient(
            new KubernetesConnection
            {
                Server = server.Url,
                Origin = "a test",
                CertificateAuthority = Pem.InFile(path, "a test"),
            },
            null,
            time);

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsUnknown, Is.True);
        folder.Write("ca.crt", authority.Pem);
        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsUnknown, Is.True);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsDone, Is.True);
        Assert.That(client.Transports.LiveTransports, Is.EqualTo(1));
    }

    [Test]
    public async Task A_replaced_authority_file_that_cannot_be_used_changes_nothing()
    {
        await using var server = await Serve("127.0.0.1");
        var path = folder.Write("ca.crt", authority.Pem);
        var time = new ManualTime();
        using var client = new KubernetesClient(
            new KubernetesConnection
            {
                Server = server.Url,
                Origin = "a test",
                CertificateAuthority = Pem.InFile(path, "a test"),
            },
            null,
            time);

        await client.Read(Given.ConfigMap("a"), default);
        folder.Write("ca.crt", "half a fi");
        time.Advance(TimeSpan.FromMinutes(5));

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsDone, Is.True);
    }

    [Test]
    public async Task A_watch_keeps_its_connection_when_the_transport_changes()
    {
        await using var server = await FakeServer.Start(
            async (context, seen) =>
            {
                if (seen.Query.Length > 0)
                {
                    await FakeServer.Hang(context);
                }
            },
            authority.Server("127.0.0.1"));
        var path = folder.Write("ca.crt", authority.Pem);
        var time = new ManualTime();
        using var client = new KubernetesClient(
            new KubernetesConnection
            {
                Server = server.Url,
                Origin = "a test",
                CertificateAuthority = Pem.InFile(path, "a test"),
            },
            null,
            time);
        using var cancel = new CancellationTokenSource();

        var watch = client.Watch(
            Core.Kubernetes.Kind.Pod, null, Given.Version("1"), TimeSpan.FromMinutes(5), _ => { }, cancel.Token);
        folder.Write("ca.crt", authority.Pem + "\n" + authority.Pem);
        time.Advance(TimeSpan.FromMinutes(5));
        await client.Read(Given.ConfigMap("a"), default);

        Assert.That(watch.IsCompleted, Is.False);
        Assert.That(client.Transports.LiveTransports, Is.EqualTo(2));
        await cancel.CancelAsync();
        Assert.That(async () => await watch, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(client.Transports.LiveTransports, Is.EqualTo(1));
    }

    private async Task<FakeServer> Serve(params string[] names) =>
        await FakeServer.Start((context, _) => FakeServer.Answer(context, 200, "{}"), authority.Server(names));

    /// <summary>Nothing when the server answered.</summary>
    private async Task<string?> Problem(
        FakeServer server, string? authorityPem = null, string? serverName = null, (string Certificate, string Key)? client = null)
    {
        using var api = new KubernetesClient(new KubernetesConnection
        {
            Server = server.Url,
            Origin = "a test",
            TlsServerName = serverName,
            CertificateAuthority = Pem.Inline(authorityPem ?? authority.Pem, "a test"),
            ClientCertificate = client is { } shown ? Pem.Inline(shown.Certificate, "a test") : null,
            ClientKey = client is { } secret ? Pem.Inline(secret.Key, "a test") : null,
        });

        var outcome = await api.Read(Given.ConfigMap("a"), default);
        return outcome.IsDone ? null : outcome.Problem();
    }
}
