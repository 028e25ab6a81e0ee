using NUnit.Framework;

namespace Tikv.Host.Tests.Start;

/// <summary>What a person is told when the operator cannot start.</summary>
[TestFixture]
public sealed class StartTests
{
    private FakeApiServer server = null!;

    [SetUp]
    public async Task SetUp() => server = await FakeApiServer.Start();

    [TearDown]
    public async Task TearDown() => await server.DisposeAsync();

    [Test]
    public async Task An_API_server_that_cannot_be_reached_is_named_with_how_long_it_was_tried_and_what_to_check()
    {
        var (code, errors) = await Start("--start-timeout=1", "--kubeconfig", server.Write("http://127.0.0.1:1"));

        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors, Does
            .Contain("http://127.0.0.1:1/")
            .And.Contain("tried for 1 s")
            .And.Contain("context \"fake\"")
            .And.Contain("check:"));
    }

    [Test]
    public async Task An_API_server_that_comes_up_in_time_is_waited_for()
    {
        server.Answers["/version"] = (503, "not yet");
        var run = Start("--start-timeout=30", "--kubeconfig", server.KubeConfig);
        await Until.Holds(() => server.Requests.Contains("GET /version"));
        server.Answers["/version"] = (401, """{"kind":"Status","apiVersion":"v1","message":"Unauthorized","code":401}""");

        Assert.That((await run).Errors, Does.Contain("does not accept our credentials: Unauthorized"));
    }

    [Test]
    public async Task Missing_definitions_are_named_with_the_command_that_installs_them()
    {
        server.Answers["/apis/core.tikv.org/v1alpha1"] = (200, FakeApiServer.Resources(["clusters", "pds", "tikvs"]));
        var (code, errors) = await Start("--kubeconfig", server.KubeConfig);

        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors, Does
            .Contain("pdgroups.core.tikv.org, tikvgroups.core.tikv.org\n")
            .And.Contain("tikv-operator crds | kubectl apply -f -"));
    }

    [Test]
    public async Task A_token_that_is_not_accepted_is_told_without_being_shown()
    {
        server.Answers["/version"] = (401, """{"kind":"Status","apiVersion":"v1","message":"Unauthorized","code":401}""");
        var (code, errors) = await Start("--kubeconfig", server.KubeConfig);

        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("credentials").And.Contain("token").And.Not.Contain("very-secret"));
    }

    [Test]
    public async Task Every_verb_that_is_forbidden_is_listed_with_its_kind_and_where()
    {
        server.Forbidden.UnionWith(["delete pods", "create pods", "patch clusters/status", "patch leases"]);
        var (code, errors) = await Start("--kubeconfig", server.KubeConfig, "--leader-election-namespace=ops");

        Assert.That(code, Is.EqualTo(1));
        Assert.That(errors, Does
            .Contain("create, delete pods in all namespaces")
            .And.Contain("patch clusters/status (core.tikv.org) in all namespaces")
            .And.Contain("patch leases (coordination.k8s.io) in namespace ops")
            .And.Not.Contain("services"));
    }

    [Test]
    public async Task A_kubeconfig_that_is_not_there_is_named()
    {
        var (code, errors) = await Start("--kubeconfig", "no/such/file");

        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("no/such/file"));
    }

    [Test]
    public async Task An_unknown_context_is_answered_with_the_contexts_that_there_are()
    {
        var (code, errors) = await Start("--kubeconfig", server.KubeConfig, "--context=prod");

        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("\"prod\"").And.Contain("contexts are: fake"));
    }

    [Test]
    public async Task A_port_that_is_taken_is_named_with_its_flag()
    {
        var taken = new Uri(server.Url).Port;
        var (code, errors) = await Start(
            "--kubeconfig", server.KubeConfig, $"--health-probe-bind-address=127.0.0.1:{taken}");

        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain($"--health-probe-bind-address=127.0.0.1:{taken} cannot be listened on"));
    }

    private static async Task<(int Code, string Errors)> Start(params string[] arguments)
    {
        await using var run = HostRun.Start(CancellationToken.None, arguments);
        return (await run.Code.WaitAsync(TimeSpan.FromSeconds(60)), run.Errors);
    }
}
