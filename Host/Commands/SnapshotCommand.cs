using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Pd;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;
using Tikv.Core.Pd;
using Tikv.Host.Running;
using Tikv.Host.Start;
using Tikv.Host.Web;

namespace Tikv.Host.Commands;

/// <summary><c>tikv-operator snapshot</c>: reads what the operator reads of one cluster, and writes nothing but a file.</summary>
internal static class SnapshotCommand
{
    public static Task<int> Run(SnapshotOptions options) => Ends.Told("snapshot", Console.Error, async () =>
    {
        using var stop = new StopSignal();
        return await Run(options, Console.Out, Console.Error, stop.Token);
    });

    /// <exception cref="StartProblem">The cluster cannot be read, or the file not be written.</exception>
    /// <exception cref="KubeConfigException">The API server cannot be told from the configuration.</exception>
    internal static async Task<int> Run(SnapshotOptions options, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        var choice = new KubernetesChoice { KubeConfig = options.KubeConfig, Context = options.Context };
        var connection = KubernetesConfiguration.Find(choice, Surroundings.OfThisProcess());
        using var kubernetes = new KubernetesClient(connection);
        using var pd = PdApi.Create(OperatorSettings.Access(options.PdRoute, connection), kubernetes);
        var space = options.Namespace ?? connection.Namespace;

        var (seen, missing) = await Seen(kubernetes, space, stop);
        var cluster = Chosen(options.Cluster, space, seen);
        var objects = Snapshot.Of(space, cluster, seen);
        var endpoints = Snapshot.Endpoints(space, cluster, objects);
        var answers = new List<ValueTuple<PdCall, Outcome<PdReply>>>();

        foreach (var question in Snapshot.Questions)
        {
            var answer = await pd.Ask(endpoints, question, stop);
            answers.Add((question, answer));

            if (answer is Outcome<PdReply>.Unknown { Problem: var problem })
            {
                missing.Add($"PD did not answer {PdCodec.request(question).Path}: {problem}");
            }
        }

        var document = Snapshot.Document(
            space, cluster, TimeProvider.System.GetUtcNow(), ProcessMetrics.Version, objects, answers, missing);
        var text = JsonModule.printIndented(document) + "\n";

        foreach (var one in missing)
        {
            errors.WriteLine($"tikv-operator snapshot: {one}");
        }

        if (options.Output is not { } file)
        {
            output.Write(text);
            return ExitCode.Clean;
        }

        try
        {
            await File.WriteAllTextAsync(file, text, stop);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new StartProblem(ExitCode.Misconfigured, $"--output={file}: {problem.Message}", problem);
        }

        output.WriteLine($"Cluster {space}/{cluster}: {objects.Length} objects and {answers.Count} answers of PD are in {file}.");
        return ExitCode.Clean;
    }

    /// <summary>Everything that the operator would have in its caches, and what it was not allowed to see.</summary>
    private static async Task<(List<ValueTuple<Kind, Json>> Seen, List<string> Missing)> Seen(
        KubernetesClient api, string space, CancellationToken ct)
    {
        var seen = new List<ValueTuple<Kind, Json>>();
        var missing = new List<string>();

        foreach (var kind in KindModule.watched)
        {
            // Pods of others take room on the nodes, too.
            var all = kind.IsPod;
            string? page = null;
            bool more;

            do
            {
                var outcome = all
                    ? await api.ListAllPage(kind, page, ct)
                    : await api.ListPage(kind, KindModule.isClusterWide(kind) ? null : space, null, page, ct);
                (page, more) = (null, false);

                switch (outcome)
                {
                    case Outcome<ListPage>.Done { Answer: var list }:
                        seen.AddRange(list.Items.Select(item => (kind, item)));
                        page = list.Continue?.Value;
                        more = page is not null;
                        break;
                    case Outcome<ListPage>.Refused { Error: var error } when all:
                        missing.Add($"Pods of others: {error.Message}");
                        (all, more) = (false, true);
                        break;
                    case Outcome<ListPage>.Refused { Error: var error } when KindModule.isOptional(kind):
                        missing.Add($"{KindModule.name(kind)}: {error.Message}");
                        break;
                    case Outcome<ListPage>.Refused { Error: var error }:
                        throw new StartProblem(ExitCode.Fault, $"cannot list {KindModule.name(kind)} in {space}: {error.Message}");
                    case Outcome<ListPage>.Unknown { Problem: var problem }:
                        throw new StartProblem(ExitCode.Fault, $"cannot list {KindModule.name(kind)} in {space}: {problem}");
                }
            }
            while (more);
        }

        return (seen, missing);
    }

    private static string Chosen(string? named, string space, IEnumerable<ValueTuple<Kind, Json>> seen)
    {
        List<string> found = [.. Snapshot.Clusters(space, seen)];
        var all = found.Count == 0 ? "there is none" : $"there are {string.Join(", ", found)}";

        return named is null
            ? found.Count == 1 ? found[0]
                : throw new StartProblem(ExitCode.Misconfigured, $"which Cluster in the namespace {space} is meant must be said: {all}")
            : found.Contains(named) ? named
                : throw new StartProblem(ExitCode.Misconfigured, $"there is no Cluster {named} in the namespace {space}: {all}");
    }
}
