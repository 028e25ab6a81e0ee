using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Core;
using Tikv.Core.Api;
using Tikv.Core.Kubernetes;
using Tikv.Host.Start;
using Tikv.Simulator.Serve;

namespace Tikv.Host.Embedded;

/// <summary>A cluster in this process that is served on 127.0.0.1, with our definitions installed and a kubeconfig written.</summary>
internal sealed class EmbeddedCluster : IAsyncDisposable
{
    private readonly RunningServer server;

    private EmbeddedCluster(RunningServer server, string kubeConfig)
    {
        this.server = server;
        KubeConfig = kubeConfig;
    }

    /// <summary>The whole path of the file that leads to it.</summary>
    public string KubeConfig { get; }

    public string Url => server.Url;

    /// <summary>The time in it.</summary>
    public DateTimeOffset Now => server.Attendant.Snapshot.Now;

    /// <summary>Ends, failed, when the embedded world cannot go on.</summary>
    public Task Time => server.Time;

    /// <exception cref="StartProblem">The port or the file cannot be had.</exception>
    public static async Task<EmbeddedCluster> Start(EmbeddedOptions options, CancellationToken ct)
    {
        var path = Path.GetFullPath(options.KubeConfigOut);

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);

            if (Kubeconfig.refusal(path) is { Value: var refusal })
            {
                throw new StartProblem(ExitCode.Misconfigured, $"--kubeconfig-out: {refusal}");
            }

            var started = await Server.start(options.Port, options.Speed, NewWorld(options, path));

            if (started.IsError)
            {
                throw new StartProblem(ExitCode.Misconfigured, started.ErrorValue);
            }

            Kubeconfig.write(path, started.ResultValue.Kubeconfig);
            var cluster = new EmbeddedCluster(started.ResultValue, path);
            await cluster.InstallDefinitions(ct);
            return cluster;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new StartProblem(ExitCode.Misconfigured, $"--kubeconfig-out={options.KubeConfigOut}: {problem.Message}", problem);
        }
    }

    /// <summary>How clients reach it: over HTTP, as they would any other.</summary>
    public KubernetesConnection Connect() =>
        KubernetesConfiguration.Find(new KubernetesChoice { KubeConfig = KubeConfig }, Surroundings.OfThisProcess());

    public ValueTask DisposeAsync() => ((IAsyncDisposable)server).DisposeAsync();

    private static ServedWorld NewWorld(EmbeddedOptions options, string kubeConfig) =>
        LiveWorldModule.start(new ServeOptions(options.Port, kubeConfig, options.Speed, options.Seed));

    private async Task InstallDefinitions(CancellationToken ct)
    {
        using var client = new KubernetesClient(Connect());

        foreach (var (file, definition) in Crd.all)
        {
            var outcome = await client.Raw(
                HttpMethod.Post, "apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition, TimeSpan.FromSeconds(30), ct);

            if (outcome is not Outcome<RawAnswer>.Done { Answer.Status: 201 })
            {
                throw new InvalidOperationException($"the embedded cluster refused {file}: {outcome}");
            }
        }
    }
}
