using System.ComponentModel;
using System.Diagnostics;
using Microsoft.FSharp.Core;
using Tikv.Adapters.Kubernetes.Config;
using Tikv.Core;

namespace Tikv.Adapters.Kubernetes.Credentials;

/// <summary>One run of an exec plugin.</summary>
internal static class ExecProcess
{
    /// <summary>Runs the plugin and gives what it printed. Its standard error is ours, so that the user reads it.</summary>
    /// <param name="deadline">After that the process and all its children are killed.</param>
    /// <exception cref="CredentialException">It cannot be started, fails, or takes too long.</exception>
    public static async Task<byte[]> Run(ExecPlugin plugin, TimeSpan deadline)
    {
        var interactive = plugin.Interactive != InteractiveMode.Never && !Console.IsInputRedirected;

        if (plugin.Interactive == InteractiveMode.Always && !interactive)
        {
            throw Wrong(plugin, "needs a terminal (interactiveMode: Always), and there is none");
        }

        var start = new ProcessStartInfo(Resolve(plugin))
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = !interactive,
        };

        foreach (var argument in plugin.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in plugin.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = Info(plugin, interactive);
        using var process = Start(plugin, start);
        using var timeout = new CancellationTokenSource(deadline);

        try
        {
            if (!interactive)
            {
                process.StandardInput.Close();
            }

            using var output = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(output, timeout.Token);
            await process.WaitForExitAsync(timeout.Token);

            return process.ExitCode == 0 ? output.ToArray()
                : throw Wrong(plugin, $"ended with exit code {process.ExitCode}; what it wrote to standard error says why");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw Wrong(plugin, $"gave no credential within {deadline.TotalSeconds:0.#} s and was killed");
        }
    }

    private static Process Start(ExecPlugin plugin, ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception problem)
        {
            throw Wrong(plugin, $"cannot be started: {problem.Message}", problem);
        }
    }

    private static string Info(ExecPlugin plugin, bool interactive) => JsonModule.print(JsonModule.@object(
    [
        Tuple.Create("kind", Json.NewString("ExecCredential")),
        Tuple.Create("apiVersion", Json.NewString(plugin.ApiVersion)),
        Tuple.Create("spec", JsonModule.present(
        [
            Tuple.Create<string, FSharpOption<Json>?>("interactive", FSharpOption<Json>.Some(Json.NewBool(interactive))),
            Tuple.Create("cluster", plugin.Cluster is { } cluster ? FSharpOption<Json>.Some(cluster) : null),
        ])),
    ]));

    /// <summary>
    /// A bare name is looked up in PATH only: .NET would also try the current folder, where anybody may have put a file.
    /// </summary>
    private static string Resolve(ExecPlugin plugin)
    {
        if (Path.IsPathRooted(plugin.Command))
        {
            return File.Exists(plugin.Command) ? plugin.Command : throw Missing(plugin);
        }

        string[] endings = OperatingSystem.IsWindows() ? ["", ".exe", ".cmd", ".bat"] : [""];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);

        return folders
            .Where(Path.IsPathRooted)
            .SelectMany(folder => endings.Select(ending => Path.Combine(folder, plugin.Command + ending)))
            .FirstOrDefault(File.Exists)
            ?? throw Missing(plugin);
    }

    private static CredentialException Missing(ExecPlugin plugin) =>
        Wrong(plugin, plugin.InstallHint is { } hint ? $"was not found.\n{hint}" : "was not found");

    private static CredentialException Wrong(ExecPlugin plugin, string problem, Exception? inner = null) =>
        new($"{plugin.Origin}: {plugin.Command} {problem}", inner);
}
