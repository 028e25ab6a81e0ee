using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;

namespace Tikv.Host.Start;

/// <summary>What is looked at before the operator starts, so that a person is told in one message what is wrong.</summary>
internal sealed class Preflight(IKubernetesApi api, KubernetesConnection connection, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan RequestDeadline = TimeSpan.FromSeconds(10);

    /// <summary>An API server serves a new definition within a second or two.</summary>
    private static readonly TimeSpan DefinitionsPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the API server to answer, and gives its version.</summary>
    /// <exception cref="StartProblem">It does not answer in time, or does not know us.</exception>
    public async Task<string> Reach(TimeSpan patience, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var told = false;

        while (true)
        {
            var problem = "";

            switch (await api.Raw(HttpMethod.Get, "version", null, RequestDeadline, ct))
            {
                case Outcome<RawAnswer>.Done { Answer: { Status: 200 } answer } when answer.AsJson() is Outcome<Json>.Done { Answer: var version }:
                    return JsonModule.stringAt(ListModule.OfArray(["gitVersion"]), version)?.Value ?? "unknown";
                case Outcome<RawAnswer>.Done { Answer: { Status: 401 } answer }:
                    throw new StartProblem(ExitCode.Misconfigured,
                        $"""
                        the API server at {connection.Server} does not accept our credentials: {answer.Error().Message}
                          from: {connection.Origin}
                          check: is the token or the client certificate expired, or meant for another cluster?
                        """);
                case Outcome<RawAnswer>.Done { Answer: { Status: 403 } }:
                    return "unknown"; // somebody answers and knows us; what we may is asked later
                case Outcome<RawAnswer>.Done { Answer: var answer }:
                    problem = $"it answers GET /version with {answer.Status}: {answer.Error().Message}";
                    break;
                case Outcome<RawAnswer>.Unknown { Problem: var why }:
                    problem = why;
                    break;
            }

            if (time.GetElapsedTime(started) + Pause > patience)
            {
                throw new StartProblem(ExitCode.Fault,
                    $"""
                    no usable answer from the API server at {connection.Server}, tried for {Seconds(patience)} s
                      last: {problem}
                      from: {connection.Origin}
                      check: is the server running; is its address right; can this machine reach it (firewall, VPN, proxy)?
                             kubectl get --raw /version asks the same question
                    """);
            }

            if (!told)
            {
                logger.LogWarning(
                    "The API server does not answer yet; asking again. {server} {error} {patienceSeconds}",
                    connection.Server, problem, patience.TotalSeconds);
                told = true;
            }

            await Task.Delay(Pause, time, ct);
        }
    }

    /// <summary>Looks whether all of our kinds are served.</summary>
    /// <exception cref="StartProblem">Some are not.</exception>
    public async Task Definitions(CancellationToken ct)
    {
        var started = time.GetTimestamp();
        IReadOnlyList<string> missing;

        while ((missing = await Missing(ct)).Count > 0)
        {
            if (time.GetElapsedTime(started) + Pause > DefinitionsPatience)
            {
                throw new StartProblem(ExitCode.Fault,
                    $"""
                    the API server at {connection.Server} lacks our CustomResourceDefinitions: {string.Join(", ", missing)}
                      install them: tikv-operator crds | kubectl apply -f -
                    """);
            }

            await Task.Delay(Pause, time, ct);
        }
    }

    /// <summary>Asks whether we may do what we shall have to.</summary>
    /// <param name="wanted">Permissions, each with the namespace that it is needed in; none means all of them.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="StartProblem">Something is forbidden.</exception>
    public async Task Access(IReadOnlyList<(string? Namespace, Permission Permission)> wanted, CancellationToken ct)
    {
        var questions = wanted.SelectMany(one => one.Permission.Verbs.Select(verb => (one.Namespace, one.Permission, Verb: verb)));
        var answers = await Task.WhenAll(questions.Select(async one => (one, Why: await Refusal(one.Namespace, one.Permission, one.Verb, ct))));

        var lacking = answers
            .Where(answer => answer.Why is not null)
            .GroupBy(answer => (answer.one.Namespace, answer.one.Permission.ApiGroup, answer.one.Permission.Resource))
            .Select(group =>
                $"{string.Join(", ", group.Select(answer => answer.one.Verb))} {Name(group.Key.ApiGroup, group.Key.Resource)} "
                + (group.Key.Namespace is { } space ? $"in namespace {space}" : "in all namespaces"))
            .ToList();

        if (lacking.Count > 0)
        {
            throw new StartProblem(ExitCode.Fault,
                $"""
                the API server at {connection.Server} does not allow us all that the operator does; lacking are:
                  {string.Join("\n  ", lacking)}
                  from: {connection.Origin}
                  check: deploy/operator.yaml has the roles to grant; --watch-namespaces narrows what is needed
                """);
        }
    }

    /// <summary>Why a verb is refused; none when it is allowed, or when the server cannot tell (then the operator will see).</summary>
    private async Task<string?> Refusal(string? space, Permission permission, string verb, CancellationToken ct)
    {
        var (resource, subresource) = permission.Resource.Split('/') is [var whole, var part] ? (whole, part) : (permission.Resource, null);

        var review = JsonModule.@object(
        [
            Member("apiVersion", "authorization.k8s.io/v1"),
            Member("kind", "SelfSubjectAccessReview"),
            Tuple.Create("spec", JsonModule.@object(
            [
                Tuple.Create("resourceAttributes", JsonModule.@object(
                [
                    .. space is null ? [] : new[] { Member("namespace", space) },
                    Member("verb", verb),
                    Member("group", permission.ApiGroup),
                    Member("resource", resource),
                    .. subresource is null ? [] : new[] { Member("subresource", subresource) },
                ])),
            ])),
        ]);

        var outcome = await api.Raw(
            HttpMethod.Post, "apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, RequestDeadline, ct);

        return outcome is Outcome<RawAnswer>.Done { Answer: { Status: 200 or 201 } answer }
            && answer.AsJson() is Outcome<Json>.Done { Answer: var said }
            && JsonModule.boolAt(ListModule.OfArray(["status", "allowed"]), said) is { Value: false }
            ? JsonModule.stringAt(ListModule.OfArray(["status", "reason"]), said)?.Value ?? ""
            : null;
    }

    private async Task<IReadOnlyList<string>> Missing(CancellationToken ct)
    {
        var outcome = await api.Raw(
            HttpMethod.Get, $"apis/{KindModule.group}/{KindModule.version}", null, RequestDeadline, ct);

        IEnumerable<string> served = outcome switch
        {
            Outcome<RawAnswer>.Done { Answer: { Status: 404 } } => [],
            Outcome<RawAnswer>.Done { Answer: { Status: 200 } answer } when answer.AsJson() is Outcome<Json>.Done { Answer: var list } =>
                JsonModule.itemsAt(ListModule.OfArray(["resources"]), list)
                    .Select(item => JsonModule.stringAt(ListModule.OfArray(["name"]), item)?.Value ?? ""),
            _ => KindModule.ours.Select(kind => KindModule.resource(kind).Plural), // cannot be told now; lists will tell
        };

        return
        [
            .. KindModule.ours.Select(kind => KindModule.resource(kind).Plural).Except(served, StringComparer.Ordinal)
                .Select(plural => $"{plural}.{KindModule.group}"),
        ];
    }

    private static string Name(string group, string resource) => group.Length == 0 ? resource : $"{resource} ({group})";

    private static Tuple<string, Json> Member(string name, string value) => Tuple.Create(name, Json.NewString(value));

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
}
