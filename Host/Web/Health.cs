using System.Text;

namespace Tikv.Host.Web;

/// <summary>One named check and how it went.</summary>
internal sealed record HealthCheck(string Name, bool Passed, string Why = "");

/// <summary>The checks of one endpoint.</summary>
internal sealed record HealthReport(string Endpoint, IReadOnlyList<HealthCheck> Checks)
{
    public bool Passed => Checks.All(check => check.Passed);

    /// <summary>As the API server's own endpoints word it: "ok", or a line for each check when asked or when one fails.</summary>
    public string Text(bool verbose)
    {
        if (Passed && !verbose)
        {
            return "ok";
        }

        var text = new StringBuilder();

        foreach (var check in Checks)
        {
            text.Append(check.Passed ? "[+]" : "[-]").Append(check.Name).Append(check.Passed ? " ok" : " failed");
            text.Append(check.Why.Length == 0 ? "" : ": ").Append(check.Why).Append('\n');
        }

        return text.Append(Endpoint).Append(" check ").Append(Passed ? "passed" : "failed").Append('\n').ToString();
    }
}

/// <summary>What the probes of a Pod are told.</summary>
/// <param name="caches">Each kind that is cached, and whether its cache has been filled.</param>
/// <param name="isRunning">Whether the state machine still takes inputs.</param>
internal sealed class Health(Func<IEnumerable<(string Kind, bool Synced)>> caches, Func<bool> isRunning)
{
    private volatile bool stopping;

    /// <summary>From now on not ready: nothing new should be sent here.</summary>
    public void Stop() => stopping = true;

    /// <summary>Restarting the process would help when this fails.</summary>
    public HealthReport Live() =>
        new("livez", [new HealthCheck("loop", isRunning() || stopping, isRunning() || stopping ? "" : "the state machine has ended")]);

    /// <summary>Whoever does not lead is ready as well: it is ready to take over.</summary>
    public HealthReport Ready() =>
        new("readyz",
        [
            new HealthCheck("loop", isRunning(), isRunning() ? "" : "the state machine is not running"),
            .. caches().Select(cache => new HealthCheck(
                $"cache/{cache.Kind}", cache.Synced, cache.Synced ? "" : "has not been listed yet")),
            new HealthCheck("shutdown", !stopping, stopping ? "the operator was asked to stop" : ""),
        ]);
}
