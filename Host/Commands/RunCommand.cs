using Microsoft.Extensions.Logging;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Adapters.Pd;
using Tikv.Host.Embedded;
using Tikv.Host.Logging;
using Tikv.Host.Running;
using Tikv.Host.Start;
using Tikv.Host.Web;

namespace Tikv.Host.Commands;

/// <summary><c>tikv-operator run</c>.</summary>
internal static class RunCommand
{
    public static Task<int> Run(RunOptions options) => Ends.Told("run", Console.Error, async () =>
    {
        using var stop = new StopSignal();
        return await Run(options, Console.Out, stop.Token);
    });

    /// <exception cref="StartProblem">It cannot be started.</exception>
    /// <exception cref="KubeConfigException">The API server cannot be told from the configuration.</exception>
    internal static async Task<int> Run(RunOptions options, TextWriter output, CancellationToken stop)
    {
        using var logs = Logs.To(output, options.Log);
        var logger = logs.CreateLogger("tikv-operator");

        if (options.Embedded is not { Value: var embedded })
        {
            var choice = new KubernetesChoice { KubeConfig = options.KubeConfig, Context = options.Context };
            return await Run(options, KubernetesConfiguration.Find(choice, Surroundings.OfThisProcess()), TimeProvider.System, logs, stop);
        }

        await using var cluster = await EmbeddedCluster.Start(embedded, stop);
        logger.LogInformation("The embedded cluster is served. {url} {kubeconfig}", cluster.Url, cluster.KubeConfig);
        return await Run(options, cluster.Connect(), new FasterTime(embedded.Speed, cluster.Now), logs, stop);
    }

    private static async Task<int> Run(
        RunOptions options, KubernetesConnection connection, TimeProvider time, ILoggerFactory logs, CancellationToken stop)
    {
        var logger = logs.CreateLogger("tikv-operator");
        var settings = OperatorSettings.Of(options, connection);
        var access = OperatorSettings.Access(options.PdRoute, connection);
        logger.LogInformation(
            "Starting. {version} {server} {origin} {namespaces} {leaderElection} {pdAccess} {maxConcurrentReconciles}",
            ProcessMetrics.Version, connection.Server, connection.Origin,
            settings.Namespaces.IsEmpty ? "all" : string.Join(',', settings.Namespaces),
            settings.Election is { Value: var election } ? $"{election.Namespace}/{election.Name} as {election.Identity}" : "off",
            access, settings.MaxConcurrent);

        using var kubernetes = new KubernetesClient(connection, new KubernetesOptions
        {
            Warning = warning => logger.LogWarning("The API server warns. {warning}", warning),
        });

        var preflight = new Preflight(kubernetes, connection, logger, TimeProvider.System);
        var version = await preflight.Reach(options.StartTimeout, stop);
        await preflight.Definitions(stop);
        await preflight.Access(OperatorSettings.Needed(settings, access), stop);
        logger.LogInformation("The API server is as it must be. {kubernetesVersion}", version);

        using var pd = PdApi.Create(access, kubernetes);
        var run = new OperatorRun(
            settings, kubernetes, pd, new WebSettings(options.HealthAddress, options.MetricsAddress), logs, time);

        var ending = await run.Run(stop);
        logger.Log(
            ending.Code == ExitCode.Clean ? Microsoft.Extensions.Logging.LogLevel.Information : Microsoft.Extensions.Logging.LogLevel.Error,
            "Ended. {exitCode} {why}", ending.Code, ending.Why);
        return ending.Code;
    }
}
