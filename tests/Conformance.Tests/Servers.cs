using System.Diagnostics;

namespace Tikv.Conformance.Tests;

/// <summary>The API servers to ask. A real one is asked only where the conformance target has started it.</summary>
internal static class Servers
{
    public const string Embedded = "the embedded API server";
    public const string Real = "a real API server";

    public static string? RealKubeconfig => Environment.GetEnvironmentVariable("CONFORMANCE_REAL_KUBECONFIG");

    /// <summary>An embedded cluster that is served already; without it one is started.</summary>
    public static string? EmbeddedKubeconfig => Environment.GetEnvironmentVariable("CONFORMANCE_EMBEDDED_KUBECONFIG");

    /// <summary>Where to write the real server's answers to, as the new golden ones.</summary>
    public static string? RecordTo => Environment.GetEnvironmentVariable("CONFORMANCE_RECORD");

    public static IEnumerable<string> All => RecordTo is not null ? [Real] : RealKubeconfig is not null ? [Embedded, Real] : [Embedded];
}

/// <summary>The embedded cluster as its own process, ended with this object.</summary>
internal sealed class EmbeddedCluster : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("conformance");
    private readonly Process process;

    public EmbeddedCluster()
    {
        KubeconfigFile = Path.Combine(folder.FullName, "kubeconfig");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } dotnet && dotnet.EndsWith("dotnet", StringComparison.Ordinal) ? dotnet : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "tikv-sim.dll"), "serve", "--port", "0", "--kubeconfig", KubeconfigFile])
        {
            start.ArgumentList.Add(argument);
        }

        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Output.Enqueue(line.Data);
        process.ErrorDataReceived += (_, line) => Output.Enqueue(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string KubeconfigFile { get; }

    private System.Collections.Concurrent.ConcurrentQueue<string?> Output { get; } = [];

    public async Task Ready()
    {
        var limit = Stopwatch.StartNew();
        while (!File.Exists(KubeconfigFile) || new FileInfo(KubeconfigFile).Length == 0)
        {
            if (process.HasExited || limit.Elapsed > StartLimit)
            {
                throw new InvalidOperationException(
                    $"tikv-sim serve wrote no kubeconfig{(process.HasExited ? $" and ended with {process.ExitCode}" : "")}: {string.Join('\n', Output)}");
            }

            await Task.Delay(50);
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        process.Dispose();
        folder.Delete(recursive: true);
    }
}
