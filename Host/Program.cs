using Tikv.Host;
using Tikv.Host.Commands;
using Tikv.Host.Start;

return await CommandLine.parse(!Console.IsOutputRedirected, args).Match(
    run: options => RunCommand.Run(options),
    crds: options => Task.FromResult(CrdsCommand.Run(options, Console.Out, Console.Error)),
    demo: options => DemoCommand.Run(options),
    serve: options => ServeCommand.Run(options),
    snapshot: options => SnapshotCommand.Run(options),
    version: () => Print($"tikv-operator {Tikv.Host.Web.ProcessMetrics.Version}"),
    help: text => Print(text),
    misunderstood: message =>
    {
        Console.Error.WriteLine($"tikv-operator: {message}");
        return Task.FromResult(ExitCode.Misconfigured);
    });

static Task<int> Print(string text)
{
    Console.Out.WriteLine(text);
    return Task.FromResult(ExitCode.Clean);
}
