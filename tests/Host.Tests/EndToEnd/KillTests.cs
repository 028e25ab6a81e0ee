using NUnit.Framework;

namespace Tikv.Host.Tests.EndToEnd;

/// <summary>The built operator as a process that is killed while it builds a cluster.</summary>
[TestFixture]
public sealed class KillTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(110);

    [Test]
    public async Task An_operator_that_is_killed_again_and_again_ends_in_the_same_cluster()
    {
        Kubectl.IsNeeded();
        var folder = Directory.CreateTempSubdirectory("tikv-kill-").FullName;

        try
        {
            var kubeConfig = Path.Combine(folder, "kubeconfig");
            using var server = ChildProcess.Start(ChildProcess.Operator, "serve", "--speed=20", "--kubeconfig-out", kubeConfig);
            await Until.Holds(() => server.Output.Contains("kubectl get", StringComparison.Ordinal) || server.HasEnded);
            Assert.That(server.HasEnded, Is.False, () => server.Output);
            var kubectl = new Kubectl(kubeConfig);
            await kubectl.Run("apply", "-f", Repository.Path("examples/basic"));

            // Each life ends when that many of the twelve things of a bootstrap are there.
            foreach (var things in new[] { 1, 3, 5, 8, 11 })
            {
                using var life = Operator(kubeConfig);
                await Until.Holds(async () => life.HasEnded ? life.Output : await Things(kubectl) >= things ? null : "too little is there", Patience);
                await life.Kill();
            }

            using var last = Operator(kubeConfig);
            await kubectl.Run("wait", "--for=condition=Ready", "clusters.core.tikv.org/basic", "--timeout=100s");

            var pods = await kubectl.List("pods");
            var tikvs = await kubectl.List("tikvs");
            var pds = await kubectl.List("pds");
            Assert.Multiple(() =>
            {
                Assert.That(
                    pods.Select(pod => $"{pod["metadata"]!["name"]}").Order(StringComparer.Ordinal),
                    Is.EqualTo(new[] { "basic-pd-0", "basic-pd-1", "basic-pd-2", "basic-tikv-0", "basic-tikv-1", "basic-tikv-2" }));
                Assert.That(pds.Select(pd => $"{pd["status"]!["id"]}").Distinct().Count(), Is.EqualTo(3), "members of PD");
                Assert.That(pds.Count(pd => $"{pd["status"]!["role"]}" == "Leader"), Is.EqualTo(1), "leaders of PD");
                Assert.That(tikvs.Select(tikv => $"{tikv["status"]!["id"]}").Distinct().Count(), Is.EqualTo(3), "stores");
                Assert.That(tikvs.Select(tikv => $"{tikv["status"]!["state"]}"), Is.All.AnyOf("Preparing", "Serving"));
            });
            Assert.That($"{(await kubectl.Get("clusters.core.tikv.org", "basic"))["status"]!["id"]}", Does.Match(@"^\d+$"), "one cluster id");
            Assert.That(await last.Terminate(TimeSpan.FromSeconds(30)), Is.Zero, () => last.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ChildProcess Operator(string kubeConfig) =>
        ChildProcess.Start(ChildProcess.Operator, "run", "--kubeconfig", kubeConfig, "--leader-elect=false");

    /// <summary>How far the bootstrap is: claims and Pods.</summary>
    private static async Task<int> Things(Kubectl kubectl) =>
        (await kubectl.List("pvc,pods")).Count;
}
