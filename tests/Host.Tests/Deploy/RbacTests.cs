using NUnit.Framework;
using Tikv.Core;
using Tikv.Core.Operator;
using Tikv.Host.Demo;

namespace Tikv.Host.Tests.Deploy;

/// <summary>The roles in deploy/ against what the operator says that it needs.</summary>
[TestFixture]
public sealed class RbacTests
{
    private static readonly IReadOnlyList<Json> Objects = YamlDocuments.Read(File.ReadAllText(Repository.Path("deploy/operator.yaml")));

    [Test]
    public void The_cluster_role_grants_what_is_needed_where_it_watches_and_nothing_more() =>
        Assert.That(Granted("ClusterRole").Except(["authorization.k8s.io selfsubjectaccessreviews create"]), Is.EquivalentTo(Needed([.. Permissions.watched, .. Permissions.clusterWide])));

    [Test]
    public void The_role_grants_what_leader_election_needs_and_nothing_more() =>
        Assert.That(Granted("Role"), Is.EquivalentTo(Needed(Permissions.election)));

    [Test]
    public void Everything_that_is_watched_may_be_listed_read_and_watched()
    {
        var granted = Granted("ClusterRole").ToHashSet();

        Assert.Multiple(() =>
        {
            foreach (var kind in Core.Kubernetes.KindModule.watched)
            {
                var resource = Core.Kubernetes.KindModule.resource(kind);

                foreach (var verb in new[] { "get", "list", "watch" })
                {
                    Assert.That(granted, Does.Contain($"{resource.Group} {resource.Plural} {verb}"));
                }
            }
        });
    }

    [Test]
    public void The_container_passes_the_restricted_standard_and_knows_its_namespace()
    {
        var deployment = Objects.Single(one => Text(one, "kind") == "Deployment");
        var container = Items(deployment, "spec", "template", "spec", "containers").Single();
        var pod = At(deployment, "spec", "template", "spec")!;

        Assert.Multiple(() =>
        {
            Assert.That(At(pod, "securityContext", "runAsNonRoot"), Is.EqualTo(Json.NewBool(true)));
            Assert.That(Text(pod, "securityContext", "seccompProfile", "type"), Is.EqualTo("RuntimeDefault"));
            Assert.That(At(container, "securityContext", "allowPrivilegeEscalation"), Is.EqualTo(Json.NewBool(false)));
            Assert.That(At(container, "securityContext", "readOnlyRootFilesystem"), Is.EqualTo(Json.NewBool(true)));
            Assert.That(Items(container, "securityContext", "capabilities", "drop").ToArray(), Is.EqualTo(new[] { Json.NewString("ALL") }));
            Assert.That(Items(container, "env").Select(one => Text(one, "name")), Does.Contain("POD_NAMESPACE"));
        });
    }

    [Test]
    public void The_arguments_of_the_Deployment_are_understood()
    {
        var deployment = Objects.Single(one => Text(one, "kind") == "Deployment");
        var container = Items(deployment, "spec", "template", "spec", "containers").Single();
        var arguments = Items(container, "args").Select(one => ((Json.String)one).Value).ToArray();
        Assert.That(CommandLine.parse(false, arguments), Is.InstanceOf<Command.Run>());
    }

    private static IEnumerable<string> Needed(IEnumerable<Permission> permissions) =>
        permissions.SelectMany(one => one.Verbs.Select(verb => $"{one.ApiGroup} {one.Resource} {verb}"));

    private static List<string> Granted(string kind) =>
    [
        .. from role in Objects
           where Text(role, "kind") == kind
           from rule in Items(role, "rules")
           from apiGroup in Items(rule, "apiGroups")
           from resource in Items(rule, "resources")
           from verb in Items(rule, "verbs")
           select $"{((Json.String)apiGroup).Value} {((Json.String)resource).Value} {((Json.String)verb).Value}",
    ];

    private static string? Text(Json json, params string[] path) => JsonModule.stringAt(List(path), json)?.Value;

    private static Json? At(Json json, params string[] path) => JsonModule.tryPath(List(path), json)?.Value;

    private static IEnumerable<Json> Items(Json json, params string[] path) => JsonModule.itemsAt(List(path), json);

    private static Microsoft.FSharp.Collections.FSharpList<string> List(string[] path) =>
        Microsoft.FSharp.Collections.ListModule.OfArray(path);
}
