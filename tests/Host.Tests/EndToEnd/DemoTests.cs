using System.Text.Json.Nodes;
using NUnit.Framework;
using Tikv.Simulator.WhatIf;

namespace Tikv.Host.Tests.EndToEnd;

/// <summary>The demo as a user runs it, and a real kubectl beside it. One story, told in order.</summary>
[TestFixture, FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class DemoTests
{
    private const string Speed = "20";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string folder = Directory.CreateTempSubdirectory("tikv-demo-").FullName;
    private ChildProcess demo = null!;
    private Kubectl kubectl = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        Kubectl.IsNeeded();
        var kubeConfig = Path.Combine(folder, "kubeconfig");
        demo = ChildProcess.Start(
            ChildProcess.Operator, "demo", "--speed", Speed, "--kubeconfig-out", kubeConfig, "--manifests", Repository.Path("examples/basic"));
        kubectl = new Kubectl(kubeConfig);
        await Until.Holds(
            () => Task.FromResult(demo.Output.Contains("stays up until Ctrl-C", StringComparison.Ordinal) || demo.HasEnded ? null : demo.Output),
            Patience);
        Assert.That(demo.HasEnded, Is.False, () => demo.Output);
    }

    [OneTimeTearDown]
    public void Stop()
    {
        demo?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Test, Order(1)]
    public void Progress_is_told_and_the_ready_cluster_is_shown() =>
        Assert.That(demo.Output, Does
            .Contain("PD 3/3 ready, TiKV 3/3")
            .And.Match(@"basic-pd-0 +\d+ +(Leader|Follower) +True")
            .And.Match(@"basic-tikv-2 +\d+ +(Preparing|Serving) +\d+ +\d+ +True")
            .And.Contain("export KUBECONFIG="));

    [Test, Order(2)]
    public async Task Get_shows_our_columns()
    {
        Assert.That(await kubectl.Run("get", "clusters.core.tikv.org"), Does.Match(@"basic +v8\.5\.2 +3/3 +3/3 +True +Healthy"));
        Assert.That(await kubectl.Run("get", "tikv-all"), Does.Contain("basic-pd").And.Contain("basic-tikv-0"));
        Assert.That(await kubectl.Run("get", "pods", "-o", "wide"), Does.Match(@"basic-tikv-0 +1/1 +Running"));
    }

    [Test, Order(3)]
    public async Task Describe_shows_conditions_and_events() =>
        Assert.That(await kubectl.Run("describe", "tikvgroup", "basic-tikv"), Does
            .Contain("Conditions:").And.Match("Type: +Ready").And.Contain("Events:").And.Contain("CreateInstance"));

    [Test, Order(4)]
    public async Task Explain_knows_our_fields() =>
        Assert.That(await kubectl.Run("explain", "tikvgroup.spec.replicas"), Does.Contain("FIELD: replicas <integer>"));

    [Test, Order(5)]
    public async Task Wait_ends_at_once_for_a_condition_that_holds() =>
        await kubectl.Run("wait", "--for=condition=Ready", "cluster.core.tikv.org/basic", "--timeout=30s");

    [Test, Order(5)]
    public async Task A_snapshot_holds_the_cluster_and_the_answers_of_PD_without_a_Secret_and_a_scenario_is_made_of_it()
    {
        var file = Path.Combine(folder, "snapshot.json");
        await kubectl.Run("run", "guest", "--image=web", "-n", "kube-system",
            "--overrides", """{"spec":{"nodeName":"node-a1","containers":[{"name":"guest","image":"web","resources":{"requests":{"cpu":"2"}}}]}}""");
        using var snapshot = ChildProcess.Start(
            ChildProcess.Operator, "snapshot", "basic", "-n", "default", "--kubeconfig", Path.Combine(folder, "kubeconfig"), "--output", file);
        Assert.That(await snapshot.End(Patience), Is.Zero, () => snapshot.Output);
        Assert.That(snapshot.Output, Does.Match(@"Cluster default/basic: \d+ objects and 7 answers of PD are in "));

        var dump = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        var kinds = dump["items"]!.AsArray().Select(item => $"{item!["kind"]}").ToHashSet();
        var given = Import.ofDump(null, DumpModule.read(file).ResultValue).ResultValue.Story.Given;

        Assert.Multiple(() =>
        {
            Assert.That($"{dump["apiVersion"]} {dump["kind"]}", Is.EqualTo("snapshot.tikv.org/v1 Snapshot"));
            Assert.That(kinds, Is.SupersetOf(new[] { "Cluster", "PDGroup", "TiKVGroup", "PD", "TiKV", "Pod", "PersistentVolumeClaim", "PersistentVolume", "Node", "StorageClass" }));
            Assert.That(kinds, Does.Not.Contain("Secret"));
            Assert.That(dump["items"]!.AsArray().Any(item => item!["metadata"]!["managedFields"] is not null), Is.False);
            Assert.That((int)dump["pd"]!["/pd/api/v1/stores"]!["body"]!["count"]!, Is.EqualTo(3));
            Assert.That((given.Pd, given.Tikv, given.Nodes.Sum(node => node.Runs.Length)), Is.EqualTo((3, 3, 6)));
            Assert.That(given.Nodes.Single(node => node.Name == "node-a1").Cpu, Is.EqualTo("14000m"), "a Pod of somebody else takes 2");
        });
    }

    [Test, Order(6)]
    public async Task A_deleted_Pod_comes_back_with_the_same_identity_and_another_uid_and_a_watch_sees_it()
    {
        using var watch = kubectl.Start("get", "pods", "--watch", "--output-watch-events");
        var store = $"{(await kubectl.Get("tikv", "basic-tikv-1"))["status"]!["id"]}";
        var claim = (await kubectl.Uids("pvc"))["data-basic-tikv-1"];
        var before = (await kubectl.Uids("pods"))["basic-tikv-1"];

        // kubectl looks each 0.1 s whether the name is gone, not the uid: where 2 s pass in that time it can miss the gap
        await kubectl.Run("delete", "pod", "basic-tikv-1", "--wait=false");
        await Ready("Pod basic-tikv-1 is another one", async () =>
            await kubectl.Find("pod", "basic-tikv-1") is { } pod && $"{pod["metadata"]!["uid"]}" != before);

        Assert.That($"{(await kubectl.Get("tikv", "basic-tikv-1"))["status"]!["id"]}", Is.EqualTo(store), "the store is the same");
        Assert.That((await kubectl.Uids("pvc"))["data-basic-tikv-1"], Is.EqualTo(claim), "the disk is the same");
        Assert.That(watch.Output, Does.Match(@"DELETED +basic-tikv-1 ").And.Match(@"ADDED +basic-tikv-1 "));
    }

    [Test, Order(7)]
    public async Task An_edited_configuration_restarts_each_Pod_of_the_group_once_and_no_other()
    {
        using var watch = kubectl.Start("get", "pods", "--watch", "--output-watch-events");
        await Until.Holds(() => watch.Output.Contains("basic-tikv-2", StringComparison.Ordinal));
        var before = await kubectl.Uids("pods");

        await kubectl.Run(
            "patch", "tikvgroup", "basic-tikv", "--type=merge",
            "-p", """{"spec":{"template":{"spec":{"config":"[storage]\nreserve-space = \"0MB\"\n[log]\nlevel = \"warn\"\n"}}}}""");
        await Ready("every TiKV Pod is another one", async () =>
        {
            var now = await kubectl.Uids("pods");
            return Tikvs(now).Count == 3 && Tikvs(now).All(name => now[name] != before[name]);
        });

        var after = await kubectl.Uids("pods");
        Assert.Multiple(() =>
        {
            Assert.That(after.Where(pod => !pod.Key.Contains("tikv", StringComparison.Ordinal)), Is.EquivalentTo(
                before.Where(pod => !pod.Key.Contains("tikv", StringComparison.Ordinal))), "PD goes on");

            foreach (var name in Tikvs(after))
            {
                Assert.That(System.Text.RegularExpressions.Regex.Count(watch.Output, $@"(?m)^DELETED +{name} "), Is.EqualTo(1), $"{name} restarted once");
            }
        });
    }

    [Test, Order(8)]
    public async Task A_group_that_is_scaled_from_three_to_four_gets_one_store_more()
    {
        await kubectl.Run("scale", "tikvgroup", "basic-tikv", "--replicas=4");
        await Ready("the fourth is there", async () => (await kubectl.Find("tikv", "basic-tikv-3"))?["status"]?["state"]?.ToString() is "Preparing" or "Serving");
        Assert.That((await kubectl.List("tikvs")).Select(tikv => $"{tikv["status"]!["id"]}").Distinct().ToList(), Has.Count.EqualTo(4));
    }

    [Test, Order(9)]
    public async Task An_invalid_edit_is_refused_with_the_name_of_the_field()
    {
        var (code, output) = await kubectl.Try(
            "patch", "tikvgroup", "basic-tikv", "--type=merge", "-p", """{"spec":{"replicas":-1}}""");
        Assert.That(code, Is.Not.Zero);
        Assert.That(output, Does.Contain("spec.replicas"));
    }

    [Test, Order(10)]
    public async Task A_deleted_cluster_goes_with_all_its_Pods_and_leaves_the_data()
    {
        var claims = await kubectl.Uids("pvc");
        await kubectl.Run("delete", "clusters.core.tikv.org", "basic", "--timeout=100s");

        await Until.Holds(
            async () => await kubectl.Run("get", "tikv-all,pods,services,configmaps", "-o", "name") is { } left
                && left.Contains("basic", StringComparison.Ordinal) ? left : null,
            Patience);
        Assert.That(await kubectl.Uids("pvc"), Is.EquivalentTo(claims));
    }

    [Test, Order(11)]
    public async Task The_demo_ends_with_0_when_it_is_asked_to() =>
        Assert.That(await demo.Terminate(TimeSpan.FromSeconds(30)), Is.Zero, () => demo.Output);

    /// <summary>Waits for a change and for the whole cluster to be ready after it.</summary>
    private async Task Ready(string what, Func<Task<bool>> changed)
    {
        await Until.Holds(async () => await changed() ? null : $"{what}: not yet\n{await kubectl.Run("get", "tikv-all,pods")}\n{demo.Output}", Patience);
        await Until.Holds(
            async () =>
            {
                var objects = (await kubectl.List("clusters.core.tikv.org,pdgroups,tikvgroups,pds,tikvs")).ToList();
                var waiting = objects.Where(one => !IsSettled(one)).Select(one => $"{one["kind"]} {one["metadata"]!["name"]}: {one["status"]?["conditions"]?.ToJsonString()}");
                return string.Join('\n', waiting) is { Length: > 0 } left ? left : null;
            },
            Patience);
    }

    private static bool IsSettled(System.Text.Json.Nodes.JsonNode one)
    {
        var generation = $"{one["metadata"]!["generation"]}";
        var conditions = one["status"]?["conditions"]?.AsArray() ?? [];
        return new[] { "Ready", "Synced" }.All(type => conditions.Any(condition =>
            $"{condition!["type"]}" == type && $"{condition["status"]}" == "True" && $"{condition["observedGeneration"]}" == generation));
    }

    private static List<string> Tikvs(Dictionary<string, string> pods) =>
        [.. pods.Keys.Where(name => name.StartsWith("basic-tikv-", StringComparison.Ordinal))];
}
