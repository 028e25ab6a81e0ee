using NUnit.Framework;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Host.Demo;
using Tikv.Host.Start;

namespace Tikv.Host.Tests.Demo;

[TestFixture]
public sealed class ManifestTests
{
    private string folder = "";

    [SetUp]
    public void SetUp() => folder = Directory.CreateTempSubdirectory("tikv-manifests-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(folder, recursive: true);

    [Test]
    public void Without_a_folder_the_basic_example_is_taken() =>
        Assert.That(Bodies(Manifests.Read(null)), Is.EqualTo(Bodies(Manifests.Read(Repository.Path("examples/basic")))));

    [Test]
    public void The_basic_example_is_a_cluster_of_two_groups() =>
        Assert.That(Manifests.Read(null).Select(manifest => manifest.Object), Is.EqualTo(new[]
        {
            new ObjectRef(Kind.Cluster, "default", "basic"),
            new ObjectRef(Kind.PDGroup, "default", "basic-pd"),
            new ObjectRef(Kind.TiKVGroup, "default", "basic-tikv"),
        }));

    [TestCase("a: [1", "is not YAML")]
    [TestCase("apiVersion: v1\nkind: Pod\nmetadata: {name: one}", "one is of kind Pod of v1; here can only be Cluster, PDGroup")]
    [TestCase("apiVersion: core.tikv.org/v1alpha1\nkind: Cluster", "has no metadata.name")]
    public void A_file_that_is_none_of_ours_is_named_with_what_is_wrong(string text, string says)
    {
        File.WriteAllText(Path.Combine(folder, "bad.yaml"), text);
        Assert.That(() => Manifests.Read(folder), Throws.InstanceOf<StartProblem>().With.Message.Contains("bad.yaml").And.Message.Contains(says));
    }

    [Test]
    public void A_folder_without_a_Cluster_is_refused() =>
        Assert.That(() => Manifests.Read(folder), Throws.InstanceOf<StartProblem>().With.Message.Contains("no object of kind Cluster"));

    [TestCase("v: 1", """{"v":1}""")]
    [TestCase("v: \"1\"", """{"v":"1"}""")]
    [TestCase("v: 1.5", """{"v":1.5}""")]
    [TestCase("v: true", """{"v":true}""")]
    [TestCase("v: ~", """{"v":null}""")]
    [TestCase("v: v8.5.2", """{"v":"v8.5.2"}""")]
    [TestCase("v: |\n  [a]\n  b = 1\n", """{"v":"[a]\nb = 1\n"}""")]
    [TestCase("v: [a, {b: c}]", """{"v":["a",{"b":"c"}]}""")]
    public void YAML_is_read_as_kubectl_reads_it(string yaml, string json) =>
        Assert.That(JsonModule.print(YamlDocuments.Read(yaml).Single()), Is.EqualTo(json));

    private static IEnumerable<Json> Bodies(IEnumerable<Manifest> manifests) => manifests.Select(manifest => manifest.Body);
}
