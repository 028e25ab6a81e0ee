using NUnit.Framework;

namespace Tikv.Host.Tests.Options;

[TestFixture]
public sealed class CommandLineTests
{
    private static Command Parse(params string[] arguments) => CommandLine.parse(false, arguments);

    private static RunOptions Run(params string[] arguments) => Parse(["run", .. arguments]).Match(
        run: options => options,
        crds: _ => throw new AssertionException("crds"),
        demo: _ => throw new AssertionException("demo"),
        serve: _ => throw new AssertionException("serve"),
        snapshot: _ => throw new AssertionException("snapshot"),
        version: () => throw new AssertionException("version"),
        help: text => throw new AssertionException(text),
        misunderstood: message => throw new AssertionException(message));

    private static string Misunderstood(params string[] arguments) =>
        Parse(arguments) is Command.Misunderstood { Message: var message } ? message : throw new AssertionException("it was understood");

    [Test]
    public void Without_flags_the_operator_serves_nothing_watches_everything_and_wants_the_lease()
    {
        var options = Run();

        Assert.Multiple(() =>
        {
            Assert.That(options.KubeConfig, Is.Null);
            Assert.That(options.WatchNamespaces, Is.Empty);
            Assert.That(options.LeaderElect, Is.True);
            Assert.That(options.LeaderElectionId, Is.EqualTo("tikv-operator"));
            Assert.That(options.MetricsAddress, Is.Null);
            Assert.That(options.HealthAddress, Is.Null);
            Assert.That(options.PdRoute, Is.EqualTo(PdRoute.Auto));
            Assert.That(options.Log.Format, Is.EqualTo(LogFormat.Json));
            Assert.That(options.Log.Level, Is.EqualTo(LogLevel.Info));
            Assert.That(options.Embedded, Is.Null);
        });
    }

    [Test]
    public void The_flags_of_controller_runtime_are_understood_with_an_equals_sign_and_with_a_blank()
    {
        var options = Run(
            "--kubeconfig", "some.kubeconfig", "--context=prod", "--watch-namespaces=a,b", "--watch-namespaces", "c",
            "--metrics-bind-address=:8080", "--health-probe-bind-address", "127.0.0.1:8081", "--max-concurrent-reconciles=3",
            "--log-format=text", "--log-level=debug", "--pd-access=api-server-proxy", "--leader-election-namespace=ops",
            "--leader-election-id=other");

        Assert.Multiple(() =>
        {
            Assert.That(options.KubeConfig, Is.EqualTo("some.kubeconfig"));
            Assert.That(options.Context, Is.EqualTo("prod"));
            Assert.That(options.WatchNamespaces.ToArray(), Is.EqualTo(new[] { "a", "b", "c" }));
            Assert.That(options.MetricsAddress, Is.EqualTo(":8080"));
            Assert.That(options.HealthAddress, Is.EqualTo("127.0.0.1:8081"));
            Assert.That(options.MaxConcurrentReconciles, Is.EqualTo(3));
            Assert.That(options.Log.Format, Is.EqualTo(LogFormat.Text));
            Assert.That(options.Log.Level, Is.EqualTo(LogLevel.Debug));
            Assert.That(options.PdRoute, Is.EqualTo(PdRoute.ApiServerProxy));
            Assert.That(options.LeaderElectionNamespace, Is.EqualTo("ops"));
            Assert.That(options.LeaderElectionId, Is.EqualTo("other"));
        });
    }

    [TestCase("--leader-elect", true)]
    [TestCase("--leader-elect=true", true)]
    [TestCase("--leader-elect=false", false)]
    public void Leader_election_is_a_flag_with_or_without_a_value(string flag, bool wanted) =>
        Assert.That(Run(flag).LeaderElect, Is.EqualTo(wanted));

    [Test]
    public void An_address_of_0_means_nowhere() =>
        Assert.That(Run("--metrics-bind-address=0", "--health-probe-bind-address=0"), Has.Property("MetricsAddress").Null.And.Property("HealthAddress").Null);

    [Test]
    public void An_embedded_cluster_needs_no_lease() =>
        Assert.That(Run("--embedded", "--speed=20").LeaderElect, Is.False);

    [TestCase("--no-such-flag", "--no-such-flag")]
    [TestCase("--metrics-bind-address=8080", "--metrics-bind-address is \"8080\"; must be HOST:PORT, :PORT, or 0")]
    [TestCase("--health-probe-bind-address=:99999", "--health-probe-bind-address")]
    [TestCase("--max-concurrent-reconciles=0", "--max-concurrent-reconciles is \"0\"; must be from 1 to 1000")]
    [TestCase("--log-level=loud", "--log-level")]
    [TestCase("--watch-namespaces=Prod", "--watch-namespaces is \"Prod\"")]
    [TestCase("--speed=2", "--speed needs --embedded")]
    public void What_is_not_understood_is_named_with_what_is_allowed(string flag, string says) =>
        Assert.That(Misunderstood("run", flag), Does.Contain(says));

    [Test]
    public void An_unknown_flag_is_answered_with_the_flags_that_there_are() =>
        Assert.That(Misunderstood("run", "--no-such-flag"), Does.Contain("--kubeconfig").And.Contain("--leader-elect"));

    [Test]
    public void An_unknown_level_is_answered_with_the_levels_that_there_are() =>
        Assert.That(Misunderstood("run", "--log-level=loud"), Does.Contain("trace").And.Contain("error"));

    [Test]
    public void A_kubeconfig_and_an_embedded_cluster_exclude_each_other() =>
        Assert.That(Misunderstood("run", "--embedded", "--kubeconfig=x"), Does.Contain("--kubeconfig and --embedded exclude each other"));

    [Test]
    public void An_unknown_command_is_answered_with_the_commands_that_there_are() =>
        Assert.That(Misunderstood("fly"), Does.Contain("fly").And.Contain("run").And.Contain("demo").And.Contain("crds"));

    [Test]
    public void No_command_is_answered_with_the_commands_that_there_are() =>
        Assert.That(Misunderstood(), Does.Contain("run").And.Contain("demo"));

    [TestCase("--help")]
    [TestCase("run", "--help")]
    public void Help_is_no_mistake(params string[] arguments) =>
        Assert.That(Parse(arguments), Is.InstanceOf<Command.Help>());

    [TestCase("version")]
    [TestCase("--version")]
    public void The_version_can_be_asked_both_ways(string argument) =>
        Assert.That(Parse(argument).IsVersion, Is.True);

    [Test]
    public void A_demo_has_defaults_for_everything()
    {
        var options = Parse("demo") is Command.Demo { Options: var demo } ? demo : throw new AssertionException("no demo");

        Assert.Multiple(() =>
        {
            Assert.That(options.ExitWhenReady, Is.False);
            Assert.That(options.Cluster.KubeConfigOut, Is.EqualTo("out/demo/kubeconfig"));
            Assert.That(options.Cluster.Port, Is.Zero);
            Assert.That(options.Timeout, Is.EqualTo(TimeSpan.FromMinutes(5)));
        });
    }
}
