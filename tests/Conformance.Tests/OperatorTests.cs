using System.Diagnostics;
using System.Text.Json.Nodes;
using NUnit.Framework;

namespace Tikv.Conformance.Tests;

/// <summary>
/// The published operator on a real control plane whose kubelet runs nothing: every Pod becomes Ready, and PD never
/// answers. One story, told in order.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class OperatorTests
{
    private const string Kinds = "/apis/core.tikv.org/v1alpha1/namespaces/default/";
    private const string BuiltIn = "/api/v1/namespaces/default/";

    private static readonly TimeSpan CreationLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly string repository = RepositoryRoot();
    private OperatorProcess? operatorProcess;
    private HttpClient? client;

    private HttpClient Server => client ?? throw new InvalidOperationException("there is no API server");

    private OperatorProcess Operator => operatorProcess ?? throw new InvalidOperationException("there is no operator");

    [OneTimeSetUp]
    public async Task Start()
    {
        if (Servers.RealKubeconfig is not { } kubeconfig || Environment.GetEnvironmentVariable("CONFORMANCE_OPERATOR") is not { } program)
        {
            Assert.Ignore("needs a real control plane: dotnet fsi build.fsx conformance");
            return;
        }

        client = Kubeconfig.Open(kubeconfig);
        // 1.20 does not know the CEL rules in the definitions: kubectl would refuse them, the API server drops them
        await Kubectl("apply", "--validate=false", "-f", Path.Combine(repository, "deploy", "crds"));
        await Kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", Path.Combine(repository, "deploy", "crds"));
        operatorProcess = OperatorProcess.Start(program, "run", "--kubeconfig", kubeconfig);
        await Kubectl("apply", "--validate=false", "-f", Path.Combine(repository, "examples", "basic"));

        Task<string> Kubectl(params string[] arguments) =>
            OperatorProcess.Run("kubectl", ["--kubeconfig", kubeconfig, .. arguments]);
    }

    [OneTimeTearDown]
    public void Stop()
    {
        operatorProcess?.Dispose();
        client?.Dispose();
    }

    [Test, Order(1)]
    public async Task The_objects_of_three_PD_and_three_TiKV_are_created()
    {
        string[] objects =
        [
            Kinds + "clusters/basic",
            Kinds + "pdgroups/basic-pd",
            Kinds + "tikvgroups/basic-tikv",
            BuiltIn + "services/basic-pd",
            BuiltIn + "services/basic-pd-peer",
            BuiltIn + "services/basic-tikv-peer",
            .. Each(3, i => Kinds + $"pds/basic-pd-{i}"),
            .. Each(3, i => Kinds + $"tikvs/basic-tikv-{i}"),
            .. Each(3, i => BuiltIn + $"configmaps/basic-pd-{i}"),
            .. Each(3, i => BuiltIn + $"persistentvolumeclaims/data-basic-pd-{i}"),
            .. Each(3, i => BuiltIn + $"pods/basic-pd-{i}"),
        ];

        await Until("all objects exist", async () =>
        {
            var missing = new List<string>();
            foreach (var path in objects)
            {
                if (await Read(path) is null)
                {
                    missing.Add(path);
                }
            }

            return missing.Count == 0 ? null : "missing are " + string.Join(", ", missing);
        });
    }

    [Test, Order(2)]
    public async Task Every_instance_belongs_to_its_group_and_every_Pod_to_its_instance()
    {
        for (var i = 0; i < 3; i++)
        {
            var instance = await Read(Kinds + $"pds/basic-pd-{i}");
            var group = await Read(Kinds + "pdgroups/basic-pd");
            var pod = await Read(BuiltIn + $"pods/basic-pd-{i}");
            Assert.That(Controller(instance), Is.EqualTo(Uid(group)), $"the owner of basic-pd-{i}");
            Assert.That(Controller(pod), Is.EqualTo(Uid(instance)), $"the owner of the Pod basic-pd-{i}");
        }
    }

    [Test, Order(3)]
    public async Task With_PD_unreachable_the_Cluster_is_not_ready_and_says_that_it_is_for_PD() =>
        await Until("the Cluster's conditions name PD", async () =>
        {
            var cluster = await Read(Kinds + "clusters/basic");
            var conditions = cluster?["status"]?["conditions"] as JsonArray ?? [];
            var ready = conditions.FirstOrDefault(condition => condition?["type"]?.ToString() == "Ready");
            var current = ready?["observedGeneration"]?.ToString() == cluster?["metadata"]?["generation"]?.ToString();
            return current && ready?["status"]?.ToString() == "False" && ready["message"]?.ToString().Contains("PD", StringComparison.Ordinal) == true
                ? null
                : "the conditions are " + conditions.ToJsonString();
        });

    [Test, Order(4)]
    public async Task A_deleted_Pod_of_PD_comes_back_though_PD_does_not_answer()
    {
        const string Path = BuiltIn + "pods/basic-pd-1";
        var before = Uid(await Read(Path));
        (await Server.DeleteAsync(new Uri(Path, UriKind.Relative))).Dispose();
        await Until("another Pod stands in its place", async () =>
            await Read(Path) is { } pod && Uid(pod) != before ? null : "the Pod is still gone, or still the old one");
    }

    [Test, Order(5)]
    public async Task The_operator_holds_a_lease_and_ends_with_0_on_SIGTERM()
    {
        Assert.That(await Holders(), Is.Not.Empty, "somebody leads");
        Assert.That(Operator.HasEnded, Is.False, () => Operator.LastLines(30));
        Assert.That(await Operator.Terminate(StopLimit), Is.Zero, () => Operator.LastLines(30));
        Assert.That(await Holders(), Is.Empty, "nobody leads any more: the lease was given back");
    }

    /// <summary>Holders of leases named for us, in whatever namespace the operator keeps its own.</summary>
    private async Task<List<string>> Holders() =>
    [
        .. ((await Read("/apis/coordination.k8s.io/v1/leases"))?["items"] as JsonArray ?? [])
            .Where(lease => lease?["metadata"]?["name"]?.ToString().Contains("tikv", StringComparison.Ordinal) == true)
            .Select(lease => lease?["spec"]?["holderIdentity"]?.ToString() ?? "")
            .Where(holder => holder.Length > 0),
    ];

    /// <summary>Looks until the question has no complaint left; fails with the last complaint and the operator's last words.</summary>
    private async Task Until(string what, Func<Task<string?>> complaint)
    {
        var limit = Stopwatch.StartNew();
        while (await complaint() is { } last)
        {
            if (Operator.HasEnded || limit.Elapsed > CreationLimit)
            {
                var cause = Operator.HasEnded ? "the operator ended" : $"waited {CreationLimit}";
                Assert.Fail($"{what}: {cause}; {last}\nthe operator's last words:\n{Operator.LastLines(30)}");
            }

            await Task.Delay(250);
        }
    }

    private async Task<JsonNode?> Read(string path)
    {
        using var response = await Server.GetAsync(new Uri(path, UriKind.Relative));
        return response.IsSuccessStatusCode ? JsonNode.Parse(await response.Content.ReadAsStringAsync()) : null;
    }

    private static IEnumerable<string> Each(int count, Func<int, string> name) => Enumerable.Range(0, count).Select(name);

    private static string? Uid(JsonNode? node) => node?["metadata"]?["uid"]?.ToString();

    private static string? Controller(JsonNode? node) =>
        (node?["metadata"]?["ownerReferences"] as JsonArray ?? [])
            .FirstOrDefault(owner => owner?["controller"]?.GetValue<bool>() == true)?["uid"]?.ToString();

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "tikv-operator.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("no folder above the tests holds tikv-operator.slnx");
        }

        return folder.FullName;
    }
}
