using Microsoft.Extensions.Logging;
using Microsoft.FSharp.Collections;
using Tikv.Adapters;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Pd;
using Tikv.Core.Operator;
using Tikv.Host.Web;

namespace Tikv.Host.Running;

/// <summary>What the operator serves to probes and to Prometheus, and where.</summary>
internal sealed record WebSettings(string? HealthAddress, string? MetricsAddress);

/// <summary>One life of the operator: the state machine, its interpreter, and the web endpoints beside them.</summary>
/// <param name="settings">Of the state machine.</param>
/// <param name="kubernetes">The API server.</param>
/// <param name="pd">The way to PD.</param>
/// <param name="web">The web endpoints.</param>
/// <param name="logs">Where log lines go.</param>
/// <param name="time">The clocks of the state machine.</param>
internal sealed class OperatorRun(
    Settings settings, IKubernetesApi kubernetes, IPdApi pd, WebSettings web, ILoggerFactory logs, TimeProvider time)
{
    private readonly ILogger logger = logs.CreateLogger("tikv-operator");

    /// <summary>Runs until it is stopped, loses its lease or fails.</summary>
    /// <param name="stop">Asks for an ordered stop: not ready, no new work, work in hand to its end, lease given back.</param>
    public async Task<Ending> Run(CancellationToken stop)
    {
        using var metrics = new MetricsCollection();
        var interpreter = new Interpreter<OperatorState>(
            Operator.start(settings), Step, kubernetes, pd, logs.CreateLogger("operator"), time);

        var running = true;
        var health = new Health(
            () => Operator.synced(interpreter.State).Select(cache => (cache.Item1, cache.Item2)),
            () => Volatile.Read(ref running));

        await using var endpoints = await WebEndpoints.Start(
            web.HealthAddress, web.MetricsAddress, health, () => metrics.Collect(interpreter.State), logs);

        foreach (var url in endpoints.Urls)
        {
            logger.LogInformation("Serving probes or metrics. {url}", url);
        }

        await using var unready = stop.Register(() =>
        {
            health.Stop();
            logger.LogInformation("Asked to stop; finishing what is in hand.");
        });

        try
        {
            return await interpreter.Run(stop);
        }
        catch (Exception problem)
        {
            logger.LogError(problem, "The state machine failed.");
            throw;
        }
        finally
        {
            Volatile.Write(ref running, false);
        }
    }

    private static Tuple<OperatorState, FSharpList<Effect>> Step(OperatorState state, Input input)
    {
        var (next, effects) = Operator.Step(state, input);
        return Tuple.Create(next, effects);
    }
}
