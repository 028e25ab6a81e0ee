using System.Runtime.InteropServices;

namespace Tikv.Host.Running;

/// <summary>SIGTERM and SIGINT (Ctrl-C) as a token. A second SIGINT ends the process at once.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly List<PosixSignalRegistration> registrations = [];

    public StopSignal()
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT })
        {
            registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        }
    }

    public CancellationToken Token => stop.Token;

    public void Dispose()
    {
        registrations.ForEach(registration => registration.Dispose());
        stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        var impatient = context.Signal == PosixSignal.SIGINT && stop.IsCancellationRequested;
        context.Cancel = !impatient;

        if (!impatient)
        {
            _ = stop.CancelAsync();
        }
    }
}
