using System.Runtime.CompilerServices;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Spectre.Console;
using Tikv.Adapters;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Pd;
using Tikv.Core.Operator;
using Tikv.Host.Demo;
using Tikv.Host.Embedded;
using Tikv.Host.Logging;
using Tikv.Host.Running;
using Tikv.Host.Start;

namespace Tikv.Host.Commands;

/// <summary>
/// <c>tikv-operator demo</c>: the embedded cluster and the operator in one process. They talk over HTTP, as they would on
/// two machines.
/// </summary>
internal static class DemoCommand
{
    private static readonly TimeSpan LookEach = TimeSpan.FromMilliseconds(200);

    public static Task<int> Run(DemoOptions options) => Ends.Told("demo", Console.Error, async () =>
    {
        using var stop = new StopSignal();
        var live = AnsiConsole.Profile.Capabilities is { Interactive: true, Ansi: true } && !Console.IsOutputRedirected;
        var console = live ? AnsiConsole.Console : PlainConsole(Console.Out);
        return await Run(options, new DemoScreen(console, live), stop.Token);
    });

    internal static async Task<int> Run(DemoOptions options, DemoScreen screen, CancellationToken stop)
    {
        var manifests = Manifests.Read(options.Manifests);
        await using var cluster = await EmbeddedCluster.Start(options.Cluster, stop);
        var logFile = Path.Combine(Path.GetDirectoryName(cluster.KubeConfig)!, "operator.log");
        await using var log = new StreamWriter(logFile);
        using var logs = Logs.To(log, options.Log);
        screen.Say($"The embedded Kubernetes cluster is served at {cluster.Url}; the operator logs to {logFile}.");

        using var kubernetes = new KubernetesClient(cluster.Connect());
        using var pd = PdApi.Create(PdAccess.ApiServerProxy, kubernetes);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var settings = new Settings(FSharpList<string>.Empty, election: FSharpOption<ElectionSettings>.None, maxConcurrent: 8);
        var web = new WebSettings(options.HealthAddress, options.MetricsAddress);
        var running = new OperatorRun(settings, kubernetes, pd, web, logs, new FasterTime(options.Cluster.Speed, cluster.Now)).Run(end.Token);
        int code;

        try
        {
            await Manifests.Apply(manifests, kubernetes, stop);
            screen.Say($"Applied {string.Join(", ", manifests.Select(manifest => $"{Core.Kubernetes.KindModule.name(manifest.Object.Kind)} {manifest.Object.Name}"))}.");
            code = await UntilReady(options, manifests, kubernetes, screen, running, logFile, stop);

            if (code == ExitCode.Clean && !options.ExitWhenReady)
            {
                HowToGoOn(screen, cluster.KubeConfig);
                await Task.WhenAny(running, cluster.Time, Task.Delay(Timeout.Infinite, stop));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            code = ExitCode.Clean;
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAny(running);
        }

        var ending = await running;
        return code != ExitCode.Clean ? code : ending.Code;
    }

    /// <summary>A console without colours, as wide as it must be: for pipes and tests.</summary>
    internal static IAnsiConsole PlainConsole(TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = 200;
        return console;
    }

    private static async Task<int> UntilReady(
        DemoOptions options,
        IReadOnlyList<Manifest> manifests,
        IKubernetesApi kubernetes,
        DemoScreen screen,
        Task<Ending> running,
        string logFile,
        CancellationToken stop)
    {
        var space = manifests[0].Object.Namespace;
        var last = new ClusterSight([]);
        using var limit = new CancellationTokenSource(options.Timeout);
        await screen.Show(Looks(stop));

        if (last.IsReady(manifests))
        {
            screen.Say("The TiKV cluster is ready.");
            screen.Tables(last);
            return ExitCode.Clean;
        }

        stop.ThrowIfCancellationRequested();

        if (running.IsCompleted)
        {
            var why = running.IsFaulted ? running.Exception.GetBaseException().Message : (await running).Why;
            throw new StartProblem(ExitCode.Fault, $"the operator ended: {why}; its log is {logFile}");
        }

        throw new StartProblem(ExitCode.Fault,
            $"""
            not ready after {options.Timeout.TotalSeconds} s (--timeout):
              {string.Join("\n  ", last.Complaints)}
              the operator's log is {logFile}
            """);

        async IAsyncEnumerable<ClusterSight> Looks([EnumeratorCancellation] CancellationToken ct)
        {
            while (!last.IsReady(manifests) && !running.IsCompleted && !limit.IsCancellationRequested && !ct.IsCancellationRequested)
            {
                yield return last = await ClusterSight.Look(kubernetes, space, ct);
                await Task.WhenAny(running, Task.Delay(LookEach, ct));
            }
        }
    }

    private static void HowToGoOn(DemoScreen screen, string kubeConfig)
    {
        screen.Say("");
        screen.Say("It stays up until Ctrl-C. In another terminal:");
        screen.Say($"  export KUBECONFIG={kubeConfig}");
        screen.Say("  kubectl get tikv-all,pods,pvc");
        screen.Say("  kubectl describe tikv basic-tikv-0");
        screen.Say("  kubectl delete pod basic-tikv-0 --wait=false && kubectl get pods -w");
        screen.Say("  kubectl scale tikvgroup basic-tikv --replicas=4");
        screen.Say("  kubectl delete cluster basic");
    }
}
