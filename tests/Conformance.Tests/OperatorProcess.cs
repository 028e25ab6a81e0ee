using System.Diagnostics;

namespace Tikv.Conformance.Tests;

/// <summary>A program with its output kept, ended by signal as Kubernetes would end it.</summary>
internal sealed class OperatorProcess : IDisposable
{
    private readonly Process process;
    private readonly List<string> lines = [];

    private OperatorProcess(string program, string[] arguments)
    {
        process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    public bool HasEnded => process.HasExited;

    public static OperatorProcess Start(string program, params string[] arguments)
    {
        var started = new OperatorProcess(program, arguments);
        started.process.Start();
        started.process.BeginOutputReadLine();
        started.process.BeginErrorReadLine();
        return started;
    }

    /// <summary>Runs a program to its end and gives its output; throws, with that output, unless it ended with 0.</summary>
    public static async Task<string> Run(string program, params string[] arguments)
    {
        using var run = Start(program, arguments);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await run.process.WaitForExitAsync(limit.Token);
        return run.process.ExitCode == 0
            ? run.LastLines(1000)
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {run.process.ExitCode}:\n{run.LastLines(50)}");
    }

    /// <summary>Asks the process to end, and gives its exit code.</summary>
    public async Task<int> Terminate(TimeSpan limit)
    {
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(null, null)]);
        using var patience = new CancellationTokenSource(limit);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    public string LastLines(int count)
    {
        lock (lines)
        {
            return string.Join('\n', lines.TakeLast(count));
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
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }
    }
}
