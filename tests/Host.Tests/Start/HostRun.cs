using Tikv.Host.Commands;

namespace Tikv.Host.Tests.Start;

/// <summary><c>tikv-operator run</c> in this process, stopped by a token instead of a signal.</summary>
internal sealed class HostRun : IAsyncDisposable
{
    private readonly CancellationTokenSource stop;
    private readonly CapturedLog output = new();
    private readonly StringWriter errors = new();

    private HostRun(CancellationToken outer) => stop = CancellationTokenSource.CreateLinkedTokenSource(outer);

    public Task<int> Code { get; private set; } = Task.FromResult(-1);

    public string Errors => errors.ToString();

    /// <summary>The log so far.</summary>
    public IReadOnlyList<string> Log => output.Lines;

    public static HostRun Start(CancellationToken outer, params string[] arguments)
    {
        var options = CommandLine.parse(false, ["run", .. arguments]) is Command.Run { Options: var run }
            ? run
            : throw new InvalidOperationException(string.Join(' ', arguments));
        var host = new HostRun(outer);
        host.Code = Task.Run(() => Ends.Told("run", host.errors, () => RunCommand.Run(options, host.output, host.stop.Token)));
        return host;
    }

    public void Stop() => stop.Cancel();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAny(Code);
        stop.Dispose();
        await output.DisposeAsync();
        await errors.DisposeAsync();
    }
}
