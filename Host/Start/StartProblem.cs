namespace Tikv.Host.Start;

/// <summary>The process ends with one of these (U 4.3).</summary>
internal static class ExitCode
{
    public const int Clean = 0;

    /// <summary>A fault: of ours, of the API server, or of what it holds.</summary>
    public const int Fault = 1;

    /// <summary>Flags or configuration that cannot be used: starting again will not help.</summary>
    public const int Misconfigured = 2;

    public const int LostLease = 3;
}

/// <summary>Why the operator cannot start, for people: what was tried, what happened, and what to check.</summary>
internal sealed class StartProblem(int code, string message, Exception? inner = null) : Exception(message, inner)
{
    public int Code => code;
}
