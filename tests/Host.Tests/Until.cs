using System.Diagnostics;
using NUnit.Framework;

namespace Tikv.Host.Tests;

/// <summary>Waits for what other threads and processes bring about. The limit only ends a test that has failed.</summary>
internal static class Until
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task Holds(Func<bool> condition, TimeSpan? limit = null) =>
        Holds(() => Task.FromResult(condition() ? null : "it does not hold"), limit);

    /// <param name="complaint">What is still wrong; none when all is well.</param>
    /// <param name="limit">When to give up.</param>
    public static async Task Holds(Func<Task<string?>> complaint, TimeSpan? limit = null)
    {
        var waited = Stopwatch.StartNew();

        while (await complaint() is { } last)
        {
            if (waited.Elapsed > (limit ?? Limit))
            {
                Assert.Fail($"after {waited.Elapsed.TotalSeconds:0} s: {last}");
            }

            await Task.Delay(100);
        }
    }
}
