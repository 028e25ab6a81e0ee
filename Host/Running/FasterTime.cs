namespace Tikv.Host.Running;

/// <summary>
/// Clocks that run faster than those of the machine, so that the operator keeps step with an accelerated embedded
/// cluster: its waits are seconds of that world.
/// </summary>
/// <param name="speed">Seconds per second.</param>
/// <param name="origin">What the wall clock shows now.</param>
internal sealed class FasterTime(double speed, DateTimeOffset origin) : TimeProvider
{
    private readonly long start = System.GetTimestamp();

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => (long)((System.GetTimestamp() - start) * speed);

    public override DateTimeOffset GetUtcNow() => origin + System.GetElapsedTime(start) * speed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(System.CreateTimer(callback, state, Scaled(dueTime), Scaled(period)), this);

    private TimeSpan Scaled(TimeSpan time) =>
        time == Timeout.InfiniteTimeSpan ? time : TimeSpan.FromMilliseconds(Math.Ceiling((time / speed).TotalMilliseconds));

    private sealed class Timer(ITimer inner, FasterTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(time.Scaled(dueTime), time.Scaled(period));

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
