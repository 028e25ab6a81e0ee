using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Tikv.Host.Tests.EndToEnd;

/// <summary>The scripts in examples/demos, each on an embedded cluster of its own, with a real kubectl.</summary>
[TestFixture]
public sealed class StoryTests
{
    /// <summary>Times as fast as the clock: slow enough for kubectl to see each step.</summary>
    private const string Speed = "10";

    private static readonly TimeSpan Start = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan End = TimeSpan.FromSeconds(400);

    private const string Columns = @"STORE +STATE +LEADERS +REGIONS +READY +SYNCED +REASON";

    [Test]
    public async Task Stores_come_and_go_and_a_store_that_leaves_is_drained_first()
    {
        var told = await Tell("scale");

        Assert.Multiple(() =>
        {
            Assert.That(told, Does.Match(Columns));
            Assert.That(told, Does.Match(@"basic-tikv-4 .* Serving "), "the fifth store serves");
            Assert.That(told, Does.Match(@"basic-tikv-4 .* Removing +0 .*RegionsDrained"), "its leaders go first, then its regions");
            Assert.That(told, Does.Match(@"basic-tikv-3 .* Removing "), "the fourth goes, too");
            Assert.That(Regex.Match(told, @"basic-tikv-3 .* Removing ").Index, Is.GreaterThan(Regex.Match(told, @"basic-tikv-4 .* Removing ").Index), "after the fifth");
            Assert.That(told, Does.Match(@"DeleteInstance .*instance basic-tikv-4 is removed"));
            Assert.That(told, Does.Match(@"data-basic-tikv-4 +Bound"), "its volume stays");
        });
    }

    [Test]
    public async Task A_rolling_upgrade_restarts_PD_first_and_each_Pod_once()
    {
        var told = await Tell("upgrade");
        var pods = Regex.Matches(told, @"(?m)^(basic-\S+) +(\S{36}) +pingcap/\w+:(v\S+)$");

        Assert.Multiple(() =>
        {
            Assert.That(told, Does.Match(@"basic-tikv .* VersionPath"), "TiKV waits for PD");
            Assert.That(told, Does.Match(@"tikv-\d .* LeadersEvicted"), "leaders move away before a store is restarted");
            Assert.That(pods.Count(pod => pod.Groups[3].Value == "v8.5.2"), Is.EqualTo(6));
            Assert.That(pods.Count(pod => pod.Groups[3].Value == "v8.5.3"), Is.EqualTo(6));
            Assert.That(pods.Select(pod => pod.Groups[2].Value).Distinct().Count(), Is.EqualTo(12), "every Pod is another one");
        });
    }

    [Test]
    public async Task A_store_whose_machine_is_gone_starts_on_another_with_its_disk_and_id()
    {
        var told = await Tell("node-loss");

        Assert.Multiple(() =>
        {
            Assert.That(told, Does.Match(@"(?m)^node-\S+ +NotReady"));
            Assert.That(told, Does.Match(@"Message: +.*(PD says that this store is|the node \S+|its node \S+)"), "what the operator knows of it");
            Assert.That(told, Does.Contain("basic-tikv-1 runs on another machine, and all is settled."));
        });
    }

    [Test]
    public async Task A_store_whose_disk_is_lost_is_told_of_and_replaced_once_its_instance_is_deleted()
    {
        var told = await Tell("disk-loss");

        Assert.Multiple(() =>
        {
            Assert.That(told, Does.Match(@"basic-tikv-2 .* DuplicateStore"));
            Assert.That(told, Does.Contain("duplicated store address"), "the log of TiKV");
            Assert.That(told, Does.Contain("another store has taken its place."));
        });
    }

    /// <summary>Runs a script to its end, and gives all that it said.</summary>
    private static async Task<string> Tell(string name)
    {
        Kubectl.IsNeeded();
        var folder = Directory.CreateTempSubdirectory("tikv-story-").FullName;

        try
        {
            var kubeConfig = Path.Combine(folder, "kubeconfig");
            using var demo = ChildProcess.Start(
                ChildProcess.Operator, "demo", "--speed", Speed, "--kubeconfig-out", kubeConfig, "--manifests", Repository.Path("examples/basic"));
            await Until.Holds(
                () => Task.FromResult(demo.Output.Contains("stays up until Ctrl-C", StringComparison.Ordinal) || demo.HasEnded ? null : demo.Output),
                Start);
            Assert.That(demo.HasEnded, Is.False, () => demo.Output);

            using var story = ChildProcess.Start("bash", [("KUBECONFIG", kubeConfig), ("LIMIT", "180")], Repository.Path($"examples/demos/{name}.sh"));
            var code = await story.End(End);
            Assert.That(code, Is.Zero, () => story.Output);
            return story.Output;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
