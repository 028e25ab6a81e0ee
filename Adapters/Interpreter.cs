using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Pd;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;

namespace Tikv.Adapters;

/// <summary>How a run ended: the exit code for the process, and why.</summary>
public sealed record Ending(int Code, string Why);

/// <summary>
/// Runs the operator's state machine: hands it everything that happens, one input after another, and carries out what it
/// asks for. It holds no rule: each effect is one call, and each answer goes back as it came.
/// </summary>
/// <param name="initial">The state to begin with.</param>
/// <param name="step">The state machine.</param>
/// <param name="kubernetes">Carries out lists, watches, reads and writes.</param>
/// <param name="pd">Carries out calls of PD.</param>
/// <param name="logger">Gets the state machine's log lines.</param>
/// <param name="time">Both clocks.</param>
/// <param name="recorder">Is shown every input before the step, for replay.</param>
public sealed class Interpreter<TState>(
    TState initial,
    Func<TState, Input, Tuple<TState, FSharpList<Effect>>> step,
    IKubernetesApi kubernetes,
    IPdApi pd,
    ILogger logger,
    TimeProvider time,
    Action<Input>? recorder = null)
    where TState : class
{
    /// <summary>How long the state machine may take to stop after it was asked to.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly Channel<Happening> mailbox = Channel.CreateUnbounded<Happening>();

    private readonly Dictionary<RequestId, CancellationTokenSource> watches = [];
    private readonly long start = time.GetTimestamp();
    private volatile TState state = initial;
    private volatile Exception? fault;
    private ITimer? alarm;
    private CancellationToken over;
    private Instant? wakeAt;

    /// <summary>The state after the last input. Immutable, so that any thread may look at it.</summary>
    public TState State => state;

    /// <summary>Watches that are open.</summary>
    internal int OpenWatches => watches.Count;

    /// <summary>Runs until the state machine exits. Can be called once.</summary>
    /// <param name="stop">Tells the state machine to stop.</param>
    /// <exception cref="Exception">A fault of ours, which nothing may go on after.</exception>
    public async Task<Ending> Run(CancellationToken stop)
    {
        using var end = new CancellationTokenSource();
        over = end.Token;
        alarm = time.CreateTimer(_ => Post(Happening.Woke), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using var patience = time.CreateTimer(
            _ => mailbox.Writer.TryComplete(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        Post(Happening.Started);
        await using var stopping = stop.Register(() =>
        {
            Post(Happening.StopRequested);
            patience.Change(Patience, Timeout.InfiniteTimeSpan);
        });

        try
        {
            while (await mailbox.Reader.WaitToReadAsync(CancellationToken.None))
            {
                foreach (var effect in Steps())
                {
                    if (Carry(effect) is { } ending)
                    {
                        return ending;
                    }
                }
            }

            return fault is { } problem ? throw Rethrown(problem)
                : new Ending(1, $"did not stop within {Patience.TotalSeconds} s of being asked to");
        }
        finally
        {
            mailbox.Writer.TryComplete();
            await end.CancelAsync();

            foreach (var watch in watches.Values)
            {
                await watch.CancelAsync();
            }

            await alarm.DisposeAsync();
        }
    }

    /// <summary>One step for each input that is there by now, then all their effects in order.</summary>
    private List<Effect> Steps()
    {
        var effects = new List<Effect>();

        for (var count = mailbox.Reader.Count; count > 0 && mailbox.Reader.TryRead(out var happening); count--)
        {
            if (fault is { } problem)
            {
                throw Rethrown(problem);
            }

            if (happening.IsWoke && !MayWake())
            {
                continue;
            }

            if (happening is Happening.WatchEnded ended)
            {
                watches.Remove(ended.Request);
            }

            var input = new Input(Now(), time.GetUtcNow(), happening);
            recorder?.Invoke(input);
            var started = time.GetTimestamp();
            var (next, wanted) = step(state, input);
            state = next;
            OperatorMetrics.Stepped(time.GetElapsedTime(started), mailbox.Reader.Count);
            effects.AddRange(wanted);
        }

        return effects;
    }

    private Ending? Carry(Effect effect) => effect.Match<Ending?>(
        list: (request, kind, space, version, page) => Answer(async ct => Happening.NewListed(
            request, await kubernetes.ListPage(kind, space?.Value, version?.Value, page?.Value, ct))),
        watch: (request, kind, space, from, timeout) =>
        {
            var open = new CancellationTokenSource();
            watches.Add(request, open);
            return Answer(async _ => Happening.NewWatchEnded(request, await kubernetes.Watch(
                kind,
                space?.Value,
                from,
                timeout,
                told => Post(Happening.NewWatched(request, told)),
                open.Token)));
        },
        closeWatch: request =>
        {
            if (watches.Remove(request, out var open))
            {
                open.Cancel();
            }

            return null;
        },
        read: (request, name) => Answer(async ct => Happening.NewHasRead(
            request, Secret.Redacted(name, await kubernetes.Read(name, ct)))),
        write: (request, write) => Answer(async ct => Happening.NewWrote(request, await kubernetes.Write(write, ct))),
        callPd: (request, endpoints, call) => Answer(async ct => Happening.NewPdAnswered(
            request, await pd.Ask(endpoints, call, ct))),
        wakeAt: at =>
        {
            wakeAt = at;
            SetAlarm();
            return null;
        },
        log: line =>
        {
            LogLines.Write(logger, line);
            return null;
        },
        exit: (code, why) => new Ending(code, why));

    /// <summary>Carries out an effect beside the loop; its answer comes back as an input.</summary>
    private Ending? Answer(Func<CancellationToken, Task<Happening>> effect)
    {
        _ = Task.Run(async () =>
        {
            try
            {
                Post(await effect(over));
            }
            catch (OperationCanceledException)
            {
                // The watch was closed, or the run is over: nobody waits for the answer.
            }
            catch (Exception problem)
            {
                fault = problem;
                mailbox.Writer.TryComplete();
            }
        });

        return null;
    }

    private void Post(Happening happening) => mailbox.Writer.TryWrite(happening);

    private Instant Now() => Instant.NewInstant((long)time.GetElapsedTime(start).TotalMilliseconds);

    /// <summary>False for an alarm that was meant for an earlier wish, or that came a little early.</summary>
    private bool MayWake()
    {
        if (wakeAt is not { } at)
        {
            return false;
        }

        if (Now().Milliseconds < at.Milliseconds)
        {
            SetAlarm();
            return false;
        }

        wakeAt = null;
        return true;
    }

    /// <summary>Timers cannot wait longer than 49 days; after a day the alarm is set anew.</summary>
    private void SetAlarm()
    {
        var wait = Math.Clamp(wakeAt!.Value.Milliseconds - Now().Milliseconds, 0, 86_400_000);
        alarm!.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
    }

    private static Exception Rethrown(Exception problem)
    {
        ExceptionDispatchInfo.Throw(problem);
        return problem;
    }
}
