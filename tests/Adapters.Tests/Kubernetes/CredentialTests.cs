using System.Text.Json;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;

namespace Tikv.Adapters.Tests.Kubernetes;

public sealed class CredentialTests
{
    private const string Version = "client.authentication.k8s.io/v1";

    private TempFolder folder = null!;
    private ManualTime time = null!;

    [SetUp]
    public void SetUp()
    {
        folder = new TempFolder();
        time = new ManualTime();
    }

    [TearDown]
    public void TearDown() => folder.Dispose();

    [Test]
    public async Task Tokens_and_passwords_are_sent()
    {
        await using var server = await Accepting(_ => true);

        await Read(server, connection => new() { Server = connection, Origin = "a test", Token = "abc" });
        await Read(server, connection => new() { Server = connection, Origin = "a test", Basic = ("me", "secret") });

        Assert.That(Sent(server), Is.EqualTo(new[] { "Bearer abc", "Basic bWU6c2VjcmV0" }));
    }

    [Test]
    public async Task A_token_file_is_read_again_every_minute()
    {
        await using var server = await Accepting(_ => true);
        using var client = Client(server, file: folder.Write("token", "one\n"));

        await client.Read(Given.ConfigMap("a"), default);
        folder.Write("token", "two\n");
        await client.Read(Given.ConfigMap("a"), default);
        time.Advance(TimeSpan.FromMinutes(1));
        await client.Read(Given.ConfigMap("a"), default);

        Assert.That(Sent(server), Is.EqualTo(new[] { "Bearer one", "Bearer one", "Bearer two" }));
    }

    [Test]
    public async Task A_token_file_is_read_again_at_once_after_a_401_and_the_request_is_sent_once_more()
    {
        await using var server = await Accepting(token => token == "Bearer two");
        using var client = Client(server, file: folder.Write("token", "one"));

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).Error().Code, Is.EqualTo(401));
        folder.Write("token", "two");
        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsDone, Is.True);

        Assert.That(Sent(server), Is.EqualTo(new[] { "Bearer one", "Bearer one", "Bearer two" }));
    }

    [Test]
    public async Task A_watch_too_renews_its_token_after_a_401()
    {
        await using var server = await Accepting(token => token == "Bearer two");
        using var client = Client(server, file: folder.Write("token", "one"));
        await client.Read(Given.ConfigMap("a"), default);
        folder.Write("token", "two");

        var end = await client.Watch(
            Core.Kubernetes.Kind.Pod, null, Given.Version("1"), TimeSpan.FromMinutes(5), _ => { }, default);

        Assert.That(end.IsRefused, Is.False);
    }

    [Test]
    public async Task The_last_token_stands_while_its_file_cannot_be_read()
    {
        await using var server = await Accepting(_ => true);
        var path = folder.Write("token", "one");
        using var client = Client(server, file: path);

        await client.Read(Given.ConfigMap("a"), default);
        File.Delete(path);
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsDone, Is.True);
    }

    [Test]
    public async Task A_token_file_that_never_was_is_told_and_nothing_is_sent()
    {
        await using var server = await Accepting(_ => true);
        using var client = Client(server, file: folder.Path + "/none");

        Assert.That(
            (await client.Read(Given.ConfigMap("a"), default)).Problem(), Does.Contain($"cannot read the token file {folder.Path}/none"));
        Assert.That(server.Requests, Is.Empty);
    }

    [Test]
    public async Task A_plugin_gets_its_arguments_apart_and_its_environment_and_what_it_is_for()
    {
        await using var server = await Accepting(_ => true);
        var script = folder.Script("login", $$"""
            printf '%s|' "$@" "$GREETING" > {{folder.Path}}/arguments
            printf '%s' "$KUBERNETES_EXEC_INFO" > {{folder.Path}}/info
            {{Print("abc")}}
            """);
        using var client = Client(server, new ExecPlugin
        {
            Command = script,
            Origin = "a test",
            ApiVersion = Version,
            Arguments = ["a b", "", "\"c\""],
            Environment = [new("GREETING", "hello you")],
            Interactive = InteractiveMode.Never,
            Cluster = Given.Json("""{"server":"https://x"}"""),
        });

        await client.Read(Given.ConfigMap("a"), default);

        Assert.That(Sent(server), Is.EqualTo(new[] { "Bearer abc" }));
        Assert.That(File.ReadAllText(folder.Path + "/arguments"), Is.EqualTo("a b||\"c\"|hello you|"));
        Assert.That(Given.Json(File.ReadAllText(folder.Path + "/info")), Is.EqualTo(Given.Json(
            $$$"""{"kind":"ExecCredential","apiVersion":"{{{Version}}}","spec":{"interactive":false,"cluster":{"server":"https://x"} } }""")));
    }

    [Test]
    public async Task A_plugin_runs_once_for_many_requests()
    {
        await using var server = await Accepting(_ => true);
        using var client = Client(server, Plugin($"echo run >> {folder.Path}/runs; sleep 0.2; {Print("abc")}"));

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.Read(Given.ConfigMap("a"), default)));

        Assert.That(File.ReadAllLines(folder.Path + "/runs"), Has.Length.EqualTo(1));
        Assert.That(Sent(server), Has.Exactly(10).EqualTo("Bearer abc"));
    }

    [Test]
    public async Task A_plugin_runs_again_shortly_before_its_token_expires()
    {
        await using var server = await Accepting(_ => true);
        var expires = time.GetUtcNow().AddMinutes(10).ToString("yyyy-MM-ddTHH:mm:ssZ");
        using var client = Client(server, Plugin($"echo run >> {folder.Path}/runs; {Print("abc", expires)}"));

        await client.Read(Given.ConfigMap("a"), default);
        time.Advance(TimeSpan.FromMinutes(9));
        await client.Read(Given.ConfigMap("a"), default);
        Assert.That(File.ReadAllLines(folder.Path + "/runs"), Has.Length.EqualTo(1));

        time.Advance(TimeSpan.FromSeconds(45));
        await client.Read(Given.ConfigMap("a"), default);
        Assert.That(File.ReadAllLines(folder.Path + "/runs"), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task A_plugin_runs_again_after_a_401()
    {
        await using var server = await Accepting(token => token == "Bearer second");
        using var client = Client(server, Plugin(
            $"if [ -f {folder.Path}/ran ]; then {Print("second")}; else touch {folder.Path}/ran; {Print("first")}; fi"));

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsDone, Is.True);
        Assert.That(Sent(server), Is.EqualTo(new[] { "Bearer first", "Bearer second" }));
    }

    [Test]
    public async Task A_plugin_may_give_a_client_certificate_and_another_one_makes_another_connection()
    {
        using var authority = new Authority();
        await using var server = await FakeServer.Start(
            (context, seen) => FakeServer.Answer(context, seen.Client == "CN=second" ? 200 : 401, "{}"),
            authority.Server("127.0.0.1"));
        WriteAnswer("first", authority.Client("first", rsa: false));
        WriteAnswer("second", authority.Client("second", rsa: true));
        using var client = new KubernetesClient(new KubernetesConnection
        {
            Server = server.Url,
            Origin = "a test",
            CertificateAuthority = Pem.Inline(authority.Pem, "a test"),
            Exec = Plugin(
                $"if [ -f {folder.Path}/ran ]; then cat {folder.Path}/second; else touch {folder.Path}/ran; cat {folder.Path}/first; fi"),
        });

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsDone, Is.True);
        Assert.That(server.Requests.Select(seen => seen.Client), Is.EqualTo(new[] { "CN=first", "CN=second" }));
        Assert.That(client.Transports.LiveTransports, Is.EqualTo(1));
    }

    [TestCase("exit 3", "ended with exit code 3")]
    [TestCase("echo hello", "printed no JSON")]
    [TestCase("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v2\"}'", "printed kind \"ExecCredential\" of \"v2\"")]
    [TestCase("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'", "printed neither a token nor")]
    public async Task A_plugin_that_fails_is_told_and_nothing_is_sent(string script, string problem)
    {
        await using var server = await Accepting(_ => true);
        using var client = Client(server, Plugin(script));

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).Problem(), Does.Contain(problem));
        Assert.That(server.Requests, Is.Empty);
    }

    [Test]
    public async Task A_plugin_that_is_not_installed_is_told_with_its_hint()
    {
        await using var server = await Accepting(_ => true);
        using var client = Client(server, new ExecPlugin
        {
            Command = "no-such-login-plugin",
            Origin = "f: users[\"u\"]",
            ApiVersion = Version,
            InstallHint = "run: get it",
        });

        Assert.That(
            (await client.Read(Given.ConfigMap("a"), default)).Problem(),
            Does.EndWith("f: users[\"u\"]: no-such-login-plugin was not found.\nrun: get it"));
    }

    [Test]
    public async Task A_plugin_that_takes_too_long_is_killed_with_its_children()
    {
        await using var server = await Accepting(_ => true);
        var plugin = Plugin($"sleep 1000 & echo $! > {folder.Path}/child; wait");
        using var client = new KubernetesClient(
            new KubernetesConnection { Server = server.Url, Origin = "a test", Exec = plugin },
            new KubernetesOptions { ExecDeadline = TimeSpan.FromSeconds(1) });

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).Problem(), Does.Contain("within 1 s and was killed"));
        var child = File.ReadAllText(folder.Path + "/child").Trim();
        Assert.That(() => IsRunning(child), Is.False.After(5000, 50));
    }

    [Test]
    public void Nothing_that_holds_a_secret_prints_it()
    {
        var connection = new KubernetesConnection
        {
            Server = new Uri("https://x/"),
            Origin = "a test",
            Token = "SECRET",
            Basic = ("me", "SECRET"),
        };

        Assert.That(connection.ToString(), Does.Not.Contain("SECRET"));
        Assert.That(
            new Adapters.Kubernetes.Credentials.Credential(new("Bearer", "SECRET"), new("SECRET", "SECRET")).ToString(),
            Does.Not.Contain("SECRET"));
        Assert.That(
            new Adapters.Kubernetes.Credentials.ClientIdentity("SECRET", "SECRET").ToString(), Does.Not.Contain("SECRET"));
    }

    /// <summary>A zombie that nobody has waited for yet does not run.</summary>
    private static bool IsRunning(string process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z");
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Print(string token, string? expires = null) =>
        $"echo '{JsonSerializer.Serialize(new
        {
            kind = "ExecCredential",
            apiVersion = Version,
            status = new { token, expirationTimestamp = expires },
        })}'";

    private void WriteAnswer(string name, (string Certificate, string Key) client) =>
        folder.Write(name, JsonSerializer.Serialize(new
        {
            kind = "ExecCredential",
            apiVersion = Version,
            status = new { clientCertificateData = client.Certificate, clientKeyData = client.Key },
        }));

    private ExecPlugin Plugin(string script) => new()
    {
        Command = folder.Script("plugin", script),
        Origin = "a test",
        ApiVersion = Version,
        Interactive = InteractiveMode.Never,
    };

    private static Task<FakeServer> Accepting(Func<string?, bool> token) => FakeServer.Start((context, seen) =>
        token(seen.Header("Authorization"))
            ? FakeServer.Answer(context, 200, seen.Query.Length > 0 ? "" : "{}")
            : FakeServer.Answer(context, 401, FakeServer.Status(401, "Unauthorized", "Unauthorized")));

    private static IEnumerable<string?> Sent(FakeServer server) =>
        server.Requests.Select(seen => seen.Header("Authorization"));

    private static async Task Read(FakeServer server, Func<Uri, KubernetesConnection> connection)
    {
        using var client = new KubernetesClient(connection(server.Url));
        await client.Read(Given.ConfigMap("a"), default);
    }

    private KubernetesClient Client(FakeServer server, ExecPlugin plugin) =>
        new(new KubernetesConnection { Server = server.Url, Origin = "a test", Exec = plugin }, null, time);

    private KubernetesClient Client(FakeServer server, string file) =>
        new(new KubernetesConnection { Server = server.Url, Origin = "a test", TokenFile = file }, null, time);
}
