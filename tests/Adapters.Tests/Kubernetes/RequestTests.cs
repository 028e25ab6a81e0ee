using System.IO.Compression;
using System.Text;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using static Tikv.Adapters.Tests.Kubernetes.FakeServer;

namespace Tikv.Adapters.Tests.Kubernetes;

public sealed class RequestTests
{
    private static readonly Json Body = Given.Json("""{"metadata":{"name":"a"}}""");

    [Test]
    public async Task A_list_is_read_page_by_page()
    {
        await using var server = await Start((context, seen) => Answer(context, 200, seen.Query.Contains("continue=next%2Fpage")
            ? """{"metadata":{"resourceVersion":"7","continue":""},"items":[{"n":3}]}"""
            : """{"metadata":{"resourceVersion":"7","continue":"next/page"},"items":[{"n":1},{"n":2}]}"""));
        using var client = Given.Client(server);

        var first = (await client.ListPage(Kind.TiKVGroup, null, "0", null, default)).Answer();
        var second = (await client.ListPage(Kind.TiKVGroup, null, "0", first.Continue!.Value, default)).Answer();

        Assert.That(first.Items, Has.Length.EqualTo(2));
        Assert.That(first.ResourceVersion, Is.EqualTo(Given.Version("7")));
        Assert.That(second.Items, Has.Length.EqualTo(1));
        Assert.That(second.Continue, Is.Null);
        Assert.That(server.Requests.Select(seen => seen.Target), Is.EqualTo(new[]
        {
            "/apis/core.tikv.org/v1alpha1/tikvgroups?limit=500&resourceVersion=0",
            "/apis/core.tikv.org/v1alpha1/tikvgroups?limit=500&continue=next%2Fpage",
        }));
    }

    [Test]
    public async Task A_page_that_has_expired_is_refused_with_410()
    {
        await using var server = await Start(410, Status(410, "Expired", "The provided continue parameter is too old"));
        using var client = Given.Client(server);

        Assert.That((await client.ListPage(Kind.Pod, "shop", null, "old", default)).Error().Code, Is.EqualTo(410));
    }

    [Test]
    public async Task An_answer_that_is_no_list_is_unknown()
    {
        await using var server = await Start(200, "<html>please log in</html>");
        using var client = Given.Client(server);

        Assert.That(
            (await client.ListPage(Kind.Pod, "shop", null, null, default)).Problem(), Does.Contain("it begins: <html>please"));
    }

    [Test]
    public async Task Reads_name_the_object_and_ask_for_no_cached_version()
    {
        await using var server = await Start(200, """{"kind":"ConfigMap"}""");
        using var client = Given.Client(server);

        var read = (await client.Read(Given.ConfigMap("a"), default)).Answer();

        Assert.That(read.Text("kind"), Is.EqualTo("ConfigMap"));
        Assert.That(server.Requests.Single().Target, Is.EqualTo("/api/v1/namespaces/shop/configmaps/a"));
        Assert.That(server.Requests.Single().Header("User-Agent"), Does.StartWith("tikv-operator/"));
    }

    [Test]
    public async Task A_create_posts_the_object_to_its_collection()
    {
        await using var server = await Start(201, """{"made":true}""");
        using var client = Given.Client(server);

        await client.Write(Write.NewCreate(Given.ConfigMap("a"), Body), default);

        var seen = server.Requests.Single();
        Assert.That($"{seen.Method} {seen.Target}", Is.EqualTo("POST /api/v1/namespaces/shop/configmaps?fieldManager=tikv-operator"));
        Assert.That(seen.Header("Content-Type"), Is.EqualTo("application/json"));
        Assert.That(seen.Json, Is.EqualTo(Body));
    }

    [TestCase(false, "/api/v1/namespaces/shop/configmaps/a?fieldManager=tikv-operator")]
    [TestCase(true, "/api/v1/namespaces/shop/configmaps/a/status?fieldManager=tikv-operator")]
    public async Task A_patch_is_a_merge_patch_of_the_object_or_its_status(bool status, string target)
    {
        await using var server = await Start(200, "{}");
        using var client = Given.Client(server);

        await client.Write(Write.NewPatch(Given.ConfigMap("a"), status, Body), default);

        var seen = server.Requests.Single();
        Assert.That($"{seen.Method} {seen.Target}", Is.EqualTo("PATCH " + target));
        Assert.That(seen.Header("Content-Type"), Is.EqualTo("application/merge-patch+json"));
    }

    [Test]
    public async Task A_delete_carries_its_preconditions_and_lets_dependants_go_in_the_background()
    {
        await using var server = await Start(200, "{}");
        using var client = Given.Client(server);

        await client.Write(
            Write.NewDelete(Given.ConfigMap("a"), Given.Precondition("u-1", "12"), Given.Some(30)), default);
        await client.Write(Write.NewDelete(Given.ConfigMap("a"), Given.Precondition("u-1", null), null), default);

        Assert.That(server.Requests[0].Method, Is.EqualTo("DELETE"));
        Assert.That(server.Requests[0].Json, Is.EqualTo(Given.Json("""
            {"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background","gracePeriodSeconds":30,
             "preconditions":{"uid":"u-1","resourceVersion":"12"}}
            """)));
        Assert.That(server.Requests[1].Json, Is.EqualTo(Given.Json("""
            {"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background","preconditions":{"uid":"u-1"}}
            """)));
    }

    [Test]
    public async Task A_refusal_tells_reason_message_causes_and_when_to_come_again()
    {
        await using var server = await Start((context, _) => Answer(context, 422, """
            {"kind":"Status","apiVersion":"v1","code":422,"reason":"Invalid","message":"bad",
             "details":{"retryAfterSeconds":3,"causes":[{"reason":"FieldValueInvalid","message":"must be 1","field":"spec.replicas"}]}}
            """));
        using var client = Given.Client(server);

        var error = (await client.Write(Write.NewCreate(Given.ConfigMap("a"), Body), default)).Error();

        Assert.That((error.Code, error.Reason, error.Message), Is.EqualTo((422, "Invalid", "bad")));
        Assert.That(error.Causes.ToArray(), Is.EqualTo(new[] { Tuple.Create("spec.replicas", "must be 1") }));
        Assert.That(error.RetryAfter!.Value, Is.EqualTo(3));
    }

    [Test]
    public async Task A_refusal_without_a_status_gets_its_reason_from_the_code()
    {
        await using var server = await Start(404, "404 page not found");
        using var client = Given.Client(server);

        var error = (await client.Read(Given.ConfigMap("a"), default)).Error();

        Assert.That((error.Code, error.Reason, error.Message), Is.EqualTo((404, "NotFound", "404 page not found")));
    }

    [TestCase(500)]
    [TestCase(503)]
    [TestCase(504)]
    public async Task A_write_that_the_server_failed_at_has_its_words_and_is_not_tried_again(int code)
    {
        await using var server = await Start(code, Status(code, "InternalError", "etcdserver: request timed out"));
        using var client = Given.Client(server);

        var error = (await client.Write(Write.NewCreate(Given.ConfigMap("a"), Body), default)).Error();

        Assert.That((error.Code, error.Message), Is.EqualTo((code, "etcdserver: request timed out")));
        Assert.That(ApiErrorModule.leavesDoubt(error), Is.True);
        Assert.That(server.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_write_without_an_answer_is_unknown_and_not_tried_again([Values] bool reset)
    {
        await using var server = await Start(async (context, _) =>
        {
            if (reset)
            {
                context.Abort();
            }
            else
            {
                await Hang(context);
            }
        });
        using var client = Given.Client(server, new KubernetesOptions { RequestDeadline = TimeSpan.FromMilliseconds(300) });

        var problem = (await client.Write(Write.NewCreate(Given.ConfigMap("a"), Body), default)).Problem();

        Assert.That(problem, Does.Contain(reset ? "cannot talk to" : "within 0.3 s"));
        Assert.That(server.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_server_that_is_not_there_is_unknown()
    {
        FakeServer gone;

        await using (gone = await Start(200, "{}"))
        {
        }

        using var client = Given.Client(gone);

        Assert.That(
            (await client.Read(Given.ConfigMap("a"), default)).Problem(),
            Does.StartWith($"cannot talk to {gone.Url}: Connection refused"));
    }

    [TestCase(429)]
    [TestCase(503)]
    public async Task A_read_waits_as_long_as_a_busy_server_asks(int code)
    {
        var answers = 0;
        await using var server = await Start(async (context, _) =>
        {
            context.Response.Headers.RetryAfter = "0";
            await Answer(context, answers++ < 2 ? code : 200, "{}");
        });
        using var client = Given.Client(server);

        _ = (await client.Read(Given.ConfigMap("a"), default)).Answer();
        Assert.That(server.Requests, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task A_read_does_not_wait_beyond_its_deadline_nor_for_a_server_that_names_no_time()
    {
        await using var server = await Start(async (context, seen) =>
        {
            if (seen.Path.EndsWith("/later", StringComparison.Ordinal))
            {
                context.Response.Headers.RetryAfter = "3600";
            }

            await Answer(context, 429, Status(429, "TooManyRequests", "busy"));
        });
        using var client = Given.Client(server);

        Assert.That((await client.Read(Given.ConfigMap("later"), default)).Error().RetryAfter!.Value, Is.EqualTo(3600));
        Assert.That((await client.Read(Given.ConfigMap("never"), default)).Error().Code, Is.EqualTo(429));
        Assert.That(server.Requests, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_write_to_a_busy_server_is_refused_and_not_tried_again()
    {
        await using var server = await Start(async (context, _) =>
        {
            context.Response.Headers.RetryAfter = "0";
            await Answer(context, 429, Status(429, "TooManyRequests", "busy"));
        });
        using var client = Given.Client(server);

        Assert.That(
            (await client.Write(Write.NewCreate(Given.ConfigMap("a"), Body), default)).Error().RetryAfter!.Value, Is.Zero);
        Assert.That(server.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task The_path_of_the_server_stands_before_every_path()
    {
        await using var server = await Start(200, """{"metadata":{"resourceVersion":"1"},"items":[]}""");
        using var client = new KubernetesClient(Given.Connection(new Uri(server.Url, "k8s/clusters/c-1/")));

        await client.ListPage(Kind.Pod, null, null, null, default);
        await client.Raw(HttpMethod.Get, "version", null, TimeSpan.FromSeconds(30), default);

        Assert.That(
            server.Requests.Select(seen => seen.Path), Is.EqualTo(new[] { "/k8s/clusters/c-1/api/v1/pods", "/k8s/clusters/c-1/version" }));
    }

    [Test]
    public async Task Compressed_answers_are_asked_for_unless_they_are_disabled([Values] bool disabled)
    {
        await using var server = await Start(async (context, seen) =>
        {
            if (seen.Header("Accept-Encoding") != "gzip")
            {
                await Answer(context, 200, """{"plain":"yes"}""");
                return;
            }

            context.Response.Headers.ContentEncoding = "gzip";
            await using var zip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            await zip.WriteAsync(Encoding.UTF8.GetBytes("""{"plain":"no"}"""));
        });
        using var client = new KubernetesClient(new KubernetesConnection
        {
            Server = server.Url,
            Origin = "a test",
            DisableCompression = disabled,
        });

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).Answer().Text("plain"), Is.EqualTo(disabled ? "yes" : "no"));
    }

    [Test]
    public async Task Warnings_of_the_server_are_handed_on()
    {
        await using var server = await Start(async (context, _) =>
        {
            context.Response.Headers.Warning = new[] { "299 - \"v1beta1 is deprecated\"", "199 - \"something else\"" };
            await Answer(context, 200, "{}");
        });
        var warnings = new List<string>();
        using var client = Given.Client(server, new KubernetesOptions { Warning = warnings.Add });

        await client.Read(Given.ConfigMap("a"), default);

        Assert.That(warnings, Is.EqualTo(new[] { "v1beta1 is deprecated" }));
    }

    [Test]
    public async Task Another_user_may_be_acted_for()
    {
        await using var server = await Start(200, "{}");
        using var client = new KubernetesClient(new KubernetesConnection
        {
            Server = server.Url,
            Origin = "a test",
            Impersonation = new Impersonation(
                "jane", "u-7", ["dev", "ops"], new Dictionary<string, IReadOnlyList<string>> { ["acme.com/team"] = ["x"] }),
        });

        await client.Read(Given.ConfigMap("a"), default);

        var seen = server.Requests.Single();
        Assert.That(seen.Header("Impersonate-User"), Is.EqualTo("jane"));
        Assert.That(seen.Header("Impersonate-Uid"), Is.EqualTo("u-7"));
        Assert.That(seen.Header("Impersonate-Group"), Is.EqualTo("dev,ops").Or.EqualTo("dev, ops"));
        Assert.That(seen.Header("Impersonate-Extra-acme.com%2Fteam"), Is.EqualTo("x"));
    }

    [Test]
    public async Task A_redirect_is_refused_so_that_no_token_goes_elsewhere()
    {
        await using var server = await Start((context, _) =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        });
        using var client = Given.Client(server);

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).Error().Code, Is.EqualTo(302));
        Assert.That(server.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Any_answer_to_a_raw_request_is_an_answer()
    {
        await using var server = await Start(500, "\"[PD:server:ErrLeaderNil]leader is nil\"");
        using var client = Given.Client(server);

        var answer = (await client.Raw(HttpMethod.Get, "api/v1/x", null, TimeSpan.FromSeconds(30), default)).Answer();

        Assert.That(answer.Status, Is.EqualTo(500));
        Assert.That(Encoding.UTF8.GetString(answer.Body.Span), Does.Contain("ErrLeaderNil"));
    }

    [Test]
    public async Task A_proxy_is_asked_instead_of_the_server()
    {
        await using var proxy = await FakeServer.Start(200, "{}");
        using var client = new KubernetesClient(new KubernetesConnection
        {
            Server = new Uri("http://api.example/"),
            Origin = "a test",
            Proxy = proxy.Url,
        });

        Assert.That((await client.Read(Given.ConfigMap("a"), default)).IsDone, Is.True);
        Assert.That(proxy.Requests.Single().Header("Host"), Is.EqualTo("api.example"));
    }
}
