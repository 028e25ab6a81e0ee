using System.Diagnostics;
using System.Text;

namespace Tikv.Host.Tests.EndToEnd;

/// <summary>A child process with its output kept.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder output = new();

    private ChildProcess(string program, IEnumerable<string> arguments, IEnumerable<(string Name, string Value)> variables)
    {
        process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };

        foreach (var (name, value) in variables)
        {
            process.StartInfo.Environment[name] = value;
        }

        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    /// <summary>The operator as it was built.</summary>
    public static string Operator => Path.Combine(AppContext.BaseDirectory, "tikv-operator");

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    public static ChildProcess Start(string program, params string[] arguments) => Start(program, [], arguments);

    public static ChildProcess Start(string program, IEnumerable<(string Name, string Value)> variables, params string[] arguments)
    {
        var child = new ChildProcess(program, arguments, variables);
        child.process.Start();
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    public async Task<int> End(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    /// <summary>SIGTERM, then the exit code.</summary>
    public async Task<int> Terminate(TimeSpan limit)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        return await End(limit);
    }

    /// <summary>SIGKILL: it has no moment to tidy up.</summary>
    public async Task Kill()
    {
        process.Kill();
        await process.WaitForExitAsync();
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
            lock (output)
            {
                output.AppendLine(line);
            }
        }
    }
}
