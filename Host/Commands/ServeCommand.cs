using Tikv.Host.Embedded;
using Tikv.Host.Running;
using Tikv.Host.Start;

namespace Tikv.Host.Commands;

/// <summary><c>tikv-operator serve</c>: the embedded cluster alone.</summary>
internal static class ServeCommand
{
    public static Task<int> Run(EmbeddedOptions options) => Ends.Told("serve", Console.Error, async () =>
    {
        using var stop = new StopSignal();
        await using var cluster = await EmbeddedCluster.Start(options, stop.Token);
        Console.Out.WriteLine($"The embedded cluster is served at {cluster.Url}. Ctrl-C ends it. In another terminal:");
        Console.Out.WriteLine($"  export KUBECONFIG={cluster.KubeConfig}");
        Console.Out.WriteLine("  kubectl get all --all-namespaces");
        await Task.WhenAny(cluster.Time, Task.Delay(Timeout.Infinite, stop.Token));

        if (cluster.Time.IsFaulted)
        {
            await cluster.Time;
        }

        return ExitCode.Clean;
    });
}
