using Tikv.Adapters.Kubernetes.Config;

namespace Tikv.Adapters.Tests.Kubernetes;

public sealed class KubeConfigTests
{
    private TempFolder folder = null!;

    [SetUp]
    public void SetUp() => folder = new TempFolder();

    [TearDown]
    public void TearDown() => folder.Dispose();

    [Test]
    public void The_first_file_of_KUBECONFIG_wins_entry_by_entry_and_missing_files_are_skipped()
    {
        var one = folder.Write("one", Config("https://one.example", "token-one", current: ""));
        var two = folder.Write("two", Config("https://two.example", "token-two", current: "c", space: "late"));

        var found = Find(Environment(("KUBECONFIG", $"{folder.Path}/none:{one}:{two}")));

        Assert.That(found.Server, Is.EqualTo(new Uri("https://one.example/")));
        Assert.That(found.Token, Is.EqualTo("token-one"));
        Assert.That(found.Namespace, Is.EqualTo("default"));
    }

    [Test]
    public void A_relative_path_is_meant_from_the_file_that_its_stanza_came_from()
    {
        var one = folder.Write("a/one", "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]");
        var two = folder.Write("b/two", """
            clusters: [{name: k, cluster: {server: "https://x", certificate-authority: pki/ca.crt}}]
            users: [{name: u, user: {tokenFile: ../token}}]
            """);

        var found = Find(Environment(("KUBECONFIG", $"{one}:{two}")));

        Assert.That(found.CertificateAuthority!.Path, Is.EqualTo(Path.Combine(folder.Path, "b/pki/ca.crt")));
        Assert.That(found.TokenFile, Is.EqualTo(Path.Combine(folder.Path, "token")));
    }

    [Test]
    public void Without_KUBECONFIG_the_file_in_the_home_folder_is_read()
    {
        folder.Write(".kube/config", Config("https://home.example", "t"));

        Assert.That(Find(Environment()).Server.Host, Is.EqualTo("home.example"));
    }

    [Test]
    public void A_kubeconfig_that_is_named_must_exist_and_stands_above_the_environment()
    {
        var named = folder.Write("named", Config("https://named.example", "t"));
        var other = folder.Write("other", Config("https://other.example", "t"));
        var surroundings = Environment(("KUBECONFIG", other));

        Assert.That(Find(surroundings, new KubernetesChoice { KubeConfig = named }).Server.Host, Is.EqualTo("named.example"));
        Assert.That(
            Failure(surroundings, new KubernetesChoice { KubeConfig = folder.Path + "/none" }),
            Does.StartWith(folder.Path + "/none: cannot be read"));
    }

    [Test]
    public void A_context_that_does_not_exist_is_told_with_those_that_do()
    {
        var file = folder.Write("f", Config("https://x", "t"));

        Assert.That(
            Failure(Environment(), new KubernetesChoice { KubeConfig = file, Context = "C" }),
            Is.EqualTo($"{file}: there is no context \"C\"; contexts are: c"));
    }

    [Test]
    public void Names_are_compared_exactly()
    {
        var file = folder.Write("f", """
            current-context: c
            contexts: [{name: c, context: {cluster: Kind}}]
            clusters: [{name: kind, cluster: {server: "https://x"}}]
            """);

        Assert.That(
            Failure(Environment(), new KubernetesChoice { KubeConfig = file }),
            Does.Contain("there is no cluster \"Kind\"; clusters are: kind"));
    }

    [Test]
    public void An_empty_current_context_is_told()
    {
        var file = folder.Write("f", Config("https://x", "t", current: ""));

        Assert.That(
            Failure(Environment(), new KubernetesChoice { KubeConfig = file }),
            Is.EqualTo($"{file}: current-context: is not set; contexts are: c"));
    }

    [Test]
    public void Nothing_at_all_is_told_with_the_places_that_were_looked_at() =>
        Assert.That(Failure(Environment(), new()), Does.Contain($"nothing in {folder.Path}/.kube/config"));

    [Test]
    public void An_empty_file_counts_as_nothing()
    {
        var file = folder.Write("empty", "# nothing\n");

        Assert.That(Failure(Environment(("KUBECONFIG", file)), new()), Does.Contain($"nothing in {file}"));
    }

    [Test]
    public void Numbers_anchors_merge_keys_and_carriage_returns_are_understood()
    {
        var file = folder.Write("f", """
            defaults: &defaults {server: "https://anchored.example"}
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: 7}}]
            clusters: [{name: k, cluster: {<<: *defaults, tls-server-name: other}}]
            users: [{name: 7, user: {token: 0123}}]
            """.ReplaceLineEndings("\r\n"));

        var found = Find(Environment(("KUBECONFIG", file)));

        Assert.That(found.Server.Host, Is.EqualTo("anchored.example"));
        Assert.That(found.TlsServerName, Is.EqualTo("other"));
        Assert.That(found.Token, Is.EqualTo("0123"));
    }

    [TestCase("server: 'https://x/k8s/clusters/c-1'", "https://x/k8s/clusters/c-1/")]
    [TestCase("server: 'https://x/k8s/'", "https://x/k8s/")]
    [TestCase("server: 'localhost:8080'", "http://localhost:8080/")]
    [TestCase("server: 'https://[::1]:6443'", "https://[::1]:6443/")]
    public void The_path_of_a_server_is_kept_and_ends_with_a_slash(string cluster, string expected) =>
        Assert.That(FindCluster(cluster).Server, Is.EqualTo(new Uri(expected)));

    [TestCase("insecure-skip-tls-verify: 'yes', server: 'https://x'", "insecure-skip-tls-verify: is \"yes\"; allowed are true and false")]
    [TestCase("insecure-skip-tls-verify: true, certificate-authority: ca, server: 'https://x'", "insecure-skip-tls-verify: cannot be true when a certificate-authority is given")]
    [TestCase("server: 'ftp://x'", "server: is \"ftp://x\"; must be an http or https URL")]
    [TestCase("proxy-url: 'gopher://x', server: 'https://x'", "proxy-url: must be a URL with the scheme http, https or socks5")]
    [TestCase("certificate-authority-data: '!', server: 'https://x'", "certificate-authority-data: is not base64")]
    [TestCase("tls-server-name: x", "server: is missing")]
    public void A_wrong_field_of_a_cluster_is_told_with_its_place(string cluster, string problem) =>
        Assert.That(
            () => FindCluster(cluster),
            Throws.InstanceOf<KubeConfigException>().With.Message.Contains($"clusters[\"k\"].cluster.{problem}"));

    [TestCase("client-certificate: c", "client-key: is missing")]
    [TestCase("auth-provider: {name: gcp}", "auth-provider: \"gcp\" is no longer supported by Kubernetes clients; use the exec plugin gke-gcloud-auth-plugin")]
    [TestCase("as-groups: [g]", "as: is missing")]
    [TestCase("exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}", "exec.apiVersion: is \"client.authentication.k8s.io/v1alpha1\"; allowed are client.authentication.k8s.io/v1")]
    [TestCase("exec: {command: x, apiVersion: client.authentication.k8s.io/v1}", "exec.interactiveMode: is missing")]
    [TestCase("exec: {apiVersion: client.authentication.k8s.io/v1beta1}", "exec.command: is missing")]
    [TestCase("token: [a]", "token: must be a text")]
    public void A_wrong_field_of_a_user_is_told_with_its_place(string user, string problem) =>
        Assert.That(
            () => FindUser(user),
            Throws.InstanceOf<KubeConfigException>().With.Message.Contains($"users[\"u\"].user.{problem}"));

    [Test]
    public void A_name_that_stands_twice_is_told()
    {
        var file = folder.Write("f", "users: [{name: u, user: {}}, {name: u, user: {}}]");

        Assert.That(
            Failure(Environment(), new KubernetesChoice { KubeConfig = file }),
            Is.EqualTo($"{file}: users: the name \"u\" stands there twice"));
    }

    [Test]
    public void What_is_not_YAML_is_told_with_line_and_column()
    {
        var file = folder.Write("f", "clusters: [\n  {name: ]");

        Assert.That(
            Failure(Environment(), new KubernetesChoice { KubeConfig = file }),
            Does.StartWith($"{file}: not YAML at line 2, column"));
    }

    [Test]
    public void No_message_holds_a_secret() =>
        Assert.That(
            () => FindUser("token: SECRET, password: SECRET, username: me, as-uid: x"),
            Throws.InstanceOf<KubeConfigException>().With.Message.Not.Contains("SECRET"));

    [Test]
    public void A_token_file_beats_a_token_and_a_token_beats_a_password()
    {
        Assert.That(FindUser("tokenFile: f, token: t").Token, Is.Null);
        Assert.That(FindUser("token: t, username: me, password: p").Basic, Is.Null);
        Assert.That(FindUser("username: me, password: p").Basic, Is.EqualTo(("me", "p")));
    }

    [Test]
    public void Every_field_of_a_plugin_is_read()
    {
        var plugin = FindUser(
            "exec: {command: ./bin/login, args: [a, 'b c'], env: [{name: E, value: 1}], installHint: get it, "
            + "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, provideClusterInfo: true}").Exec!;

        Assert.That(plugin.Command, Is.EqualTo(Path.Combine(folder.Path, "bin/login")));
        Assert.That(plugin.Arguments, Is.EqualTo(new[] { "a", "b c" }));
        Assert.That(plugin.Environment, Is.EqualTo(new[] { KeyValuePair.Create("E", "1") }));
        Assert.That(plugin.InstallHint, Is.EqualTo("get it"));
        Assert.That(plugin.Interactive, Is.EqualTo(InteractiveMode.Never));
        Assert.That(plugin.Cluster!.Text("server"), Is.EqualTo("https://x"));
    }

    [Test]
    public void An_operator_looks_into_its_Pod_first_and_a_tool_into_the_kubeconfig()
    {
        var file = folder.Write("f", Config("https://file.example", "t"));
        var pod = Pod(("KUBECONFIG", file));

        Assert.That(Find(pod, new KubernetesChoice { PreferInCluster = true }).InCluster, Is.True);
        Assert.That(Find(pod, new KubernetesChoice { PreferInCluster = false }).Server.Host, Is.EqualTo("file.example"));
        Assert.That(Find(pod, new KubernetesChoice { Context = "c" }).Server.Host, Is.EqualTo("file.example"));
    }

    [Test]
    public void A_Pod_gives_address_token_authority_and_namespace()
    {
        var found = Find(Pod());

        Assert.That(found.Server, Is.EqualTo(new Uri("https://[fd00::1]:443/")));
        Assert.That(found.Namespace, Is.EqualTo("shop"));
        Assert.That(found.TokenFile, Is.EqualTo(Path.Combine(folder.Path, "sa/token")));
        Assert.That(found.CertificateAuthority!.Read(), Is.EqualTo("CA"));
    }

    private KubernetesConnection FindCluster(string cluster) => FindBoth(cluster, "{}");

    private KubernetesConnection FindUser(string user) => FindBoth("server: 'https://x'", $"{{{user}}}");

    private KubernetesConnection FindBoth(string cluster, string user) =>
        Find(Environment(), new KubernetesChoice
        {
            KubeConfig = folder.Write("both", $$"""
                current-context: c
                contexts: [{name: c, context: {cluster: k, user: u} }]
                clusters: [{name: k, cluster: { {{cluster}} } }]
                users: [{name: u, user: {{user}} }]
                """),
        });

    private Surroundings Pod(params (string, string)[] variables)
    {
        folder.Write("sa/token", "t");
        folder.Write("sa/ca.crt", "CA");
        folder.Write("sa/namespace", "shop\n");
        return Environment([
            .. variables, ("KUBERNETES_SERVICE_HOST", "fd00::1"), ("KUBERNETES_SERVICE_PORT", "443")]);
    }

    private Surroundings Environment(params (string Name, string Value)[] variables) => new()
    {
        Environment = variables.ToDictionary(variable => variable.Name, variable => variable.Value),
        Home = folder.Path,
        ServiceAccount = Path.Combine(folder.Path, "sa"),
    };

    private static KubernetesConnection Find(Surroundings surroundings, KubernetesChoice? choice = null) =>
        KubernetesConfiguration.Find(choice ?? new KubernetesChoice(), surroundings);

    private static string Failure(Surroundings surroundings, KubernetesChoice choice) =>
        Assert.Throws<KubeConfigException>(() => Find(surroundings, choice))!.Message;

    private static string Config(string server, string token, string current = "c", string space = "") => $$"""
        apiVersion: v1
        kind: Config
        current-context: "{{current}}"
        contexts: [{name: c, context: {cluster: k, user: u, namespace: "{{space}}"} }]
        clusters: [{name: k, cluster: {server: "{{server}}"} }]
        users: [{name: u, user: {token: {{token}} } }]
        """;
}
