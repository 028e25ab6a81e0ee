using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Pd;
using Tikv.Adapters.Tests.Kubernetes;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Tests;

/// <summary>State machines of a few lines stand for the operator's.</summary>
public sealed class InterpreterTests
{
    private static readonly RequestId One = RequestId.NewRequestId(1);
    private static readonly RequestId Two = RequestId.NewRequestId(2);
    private static readonly Effect Exit = Effect.NewExit(0, "done");

    private readonly ConcurrentQueue<Happening> inputs = new();
    private ManualTime time = null!;
    private FakeApi api = null!;

    [SetUp]
    public void SetUp()
    {
        inputs.Clear();
        time = new ManualTime();
        api = new FakeApi();
    }

    [Test]
    public async Task It_begins_with_Started_and_ends_with_the_code_of_Exit()
    {
        var ending = await Run(_ => [Effect.NewExit(3, "the lease was lost")]);

        Assert.That(ending, Is.EqualTo(new Ending(3, "the lease was lost")));
        Assert.That(inputs, Is.EqualTo(new[] { Happening.Started }));
    }

    [Test]
    public async Task Every_answer_comes_back_with_the_request_that_it_answers()
    {
        var name = Given.ConfigMap("a");
        var page = new ListPage(FSharpList<Json>.Empty, Given.Version("1"), null);
        api.Pages = Outcome<ListPage>.NewDone(page);
        api.Objects = Outcome<Json>.NewUnknown("lost");
        var wanted = new Dictionary<Effect, Happening>
        {
            [Effect.NewList(One, Kind.Pod, null, null, null)] = Happening.NewListed(One, api.Pages),
            [Effect.NewRead(Two, name)] = Happening.NewHasRead(Two, api.Objects),
            [Effect.NewWrite(RequestId.NewRequestId(3), Write.NewCreate(name, JsonModule.empty))] =
                Happening.NewWrote(RequestId.NewRequestId(3), api.Objects),
            [Effect.NewCallPd(RequestId.NewRequestId(4), FSharpList<PdEndpoint>.Empty, PdCall.GetStores)] =
                Happening.NewPdAnswered(RequestId.NewRequestId(4), Outcome<PdReply>.NewUnknown("PD has no endpoint yet")),
        };

        await Run(happening => happening.IsStarted ? [.. wanted.Keys] : inputs.Count == 5 ? [Exit] : []);

        Assert.That(inputs.Skip(1), Is.EquivalentTo(wanted.Values));
    }

    [Test]
    public async Task Events_of_a_watch_come_in_their_order_and_then_its_end()
    {
        var told = WatchEvent.NewBookmark(Given.Version("5"));
        api.Events = [told, WatchEvent.NewAdded(JsonModule.empty)];

        await Run(happening => happening switch
        {
            { IsStarted: true } => [Watch(One)],
            { IsWatchEnded: true } => [Exit],
            _ => [],
        });

        Assert.That(inputs.Skip(1), Is.EqualTo(new[]
        {
            Happening.NewWatched(One, told),
            Happening.NewWatched(One, WatchEvent.NewAdded(JsonModule.empty)),
            Happening.NewWatchEnded(One, WatchEnd.Closed),
        }));
    }

    [Test]
    public async Task A_watch_that_is_closed_is_cancelled_and_tells_nothing_more()
    {
        api.WatchHangs = true;

        await Run(happening => happening switch
        {
            { IsStarted: true } => [Watch(One), Effect.NewCloseWatch(One), Effect.NewRead(Two, Given.ConfigMap("a"))],
            _ => [Exit],
        });

        Assert.That(inputs.Any(input => input.IsWatchEnded), Is.False);
        await api.WatchCancelled.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Test]
    public async Task A_thousand_watches_one_after_another_leave_nothing_open()
    {
        var count = 0;
        var interpreter = Interpreter(happening => happening switch
        {
            { IsStarted: true } or { IsWatchEnded: true } when ++count <= 1000 => [Watch(RequestId.NewRequestId(count))],
            { IsWatchEnded: true } => [Exit],
            _ => [],
        });

        await interpreter.Run(CancellationToken.None);

        Assert.That(count, Is.EqualTo(1001));
        Assert.That(interpreter.OpenWatches, Is.Zero);
    }

    [Test]
    public async Task Watches_that_are_open_at_the_end_are_cancelled()
    {
        api.WatchHangs = true;

        await Run(happening => happening.IsStarted ? [Watch(One), Effect.NewRead(Two, Given.ConfigMap("a"))] : [Exit]);

        await api.WatchCancelled.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Test]
    public async Task It_wakes_at_the_last_time_asked_for_and_not_before()
    {
        var at = new List<long>();
        var asleep = new SemaphoreSlim(0);
        var interpreter = Interpreter(happening => happening switch
        {
            { IsStarted: true } => [WakeAt(60_000), WakeAt(120_000), Effect.NewRead(One, Given.ConfigMap("a"))],
            { IsWoke: true } => [Exit],
            _ => [],
        }, input =>
        {
            if (input.Happening.IsWoke)
            {
                at.Add(input.At.Milliseconds);
            }
            else if (input.Happening.IsHasRead)
            {
                asleep.Release();
            }
        });

        var run = interpreter.Run(CancellationToken.None);
        await asleep.WaitAsync(TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(119));
        time.Advance(TimeSpan.FromSeconds(1));
        await run;

        Assert.That(at, Is.EqualTo(new[] { 120_000 }));
    }

    [Test]
    public async Task A_stop_signal_is_an_input_and_the_state_machine_decides_when_to_exit()
    {
        using var stop = new CancellationTokenSource();
        var interpreter = Interpreter(happening => happening switch
        {
            { IsStarted: true } => [Effect.NewRead(One, Given.ConfigMap("a"))],
            { IsStopRequested: true } => [Effect.NewWrite(Two, Write.NewCreate(Given.ConfigMap("last"), JsonModule.empty))],
            { IsWrote: true } => [Exit],
            _ => [],
        });

        var run = interpreter.Run(stop.Token);
        await stop.CancelAsync();

        Assert.That((await run).Code, Is.Zero);
        Assert.That(inputs.Last().IsWrote, Is.True);
    }

    [Test]
    public async Task A_state_machine_that_does_not_stop_is_left_after_15_seconds()
    {
        using var stop = new CancellationTokenSource();
        var interpreter = Interpreter(_ => []);

        var run = interpreter.Run(stop.Token);
        await stop.CancelAsync();
        time.Advance(TimeSpan.FromSeconds(15));

        Assert.That(await run, Is.EqualTo(new Ending(1, "did not stop within 15 s of being asked to")));
    }

    [Test]
    public void A_fault_of_ours_ends_the_run()
    {
        api.Fault = new InvalidOperationException("a bug");

        Assert.That(
            () => Run(_ => [Effect.NewRead(One, Given.ConfigMap("a"))]),
            Throws.InvalidOperationException.With.Message.EqualTo("a bug"));
        Assert.That(
            () => Run(_ => throw new InvalidOperationException("a bug in the step")),
            Throws.InvalidOperationException.With.Message.EqualTo("a bug in the step"));
    }

    [Test]
    public async Task Log_lines_keep_their_message_and_fields_apart()
    {
        var logger = new Lines();
        var line = new LogLine(
            Core.Operator.LogLevel.Warning, "a constant {text}", ListModule.OfArray([Tuple.Create("kind", "TiKV")]));

        await new Interpreter<object>(
            this, (state, _) => Tuple.Create(state, ListModule.OfArray([Effect.NewLog(line), Exit])), api, new NoPd(), logger, time)
            .Run(CancellationToken.None);

        var (level, message, fields) = logger.Written.Single();
        Assert.That((level, message), Is.EqualTo((Microsoft.Extensions.Logging.LogLevel.Warning, "a constant {text}")));
        Assert.That(fields[0], Is.EqualTo(KeyValuePair.Create<string, object?>("kind", "TiKV")));
    }

    private static Effect Watch(RequestId request) =>
        Effect.NewWatch(request, Kind.Pod, null, Given.Version("1"), TimeSpan.FromMinutes(5));

    private static Effect WakeAt(long milliseconds) => Effect.NewWakeAt(Instant.NewInstant(milliseconds));

    private Task<Ending> Run(Func<Happening, Effect[]> step) => Interpreter(step).Run(CancellationToken.None);

    private Interpreter<object> Interpreter(Func<Happening, Effect[]> step, Action<Input>? recorder = null) => new(
        this,
        (state, input) => Tuple.Create(state, ListModule.OfArray(step(input.Happening))),
        api,
        new NoPd(),
        NullLogger.Instance,
        time,
        input =>
        {
            inputs.Enqueue(input.Happening);
            recorder?.Invoke(input);
        });

    private sealed class NoPd : IPdApi
    {
        public Task<Outcome<PdReply>> Ask(FSharpList<PdEndpoint> endpoints, PdCall question, CancellationToken ct) =>
            Task.FromResult(Outcome<PdReply>.NewUnknown("PD has no endpoint yet"));

        public void Dispose()
        {
        }
    }

    private sealed class FakeApi : IKubernetesApi
    {
        public Exception? Fault { get; set; }
        public Outcome<ListPage> Pages { get; set; } = Outcome<ListPage>.NewUnknown("none");
        public Outcome<Json> Objects { get; set; } = Outcome<Json>.NewDone(JsonModule.empty);
        public IReadOnlyList<WatchEvent> Events { get; set; } = [];
        public bool WatchHangs { get; set; }
        public TaskCompletionSource WatchCancelled { get; } = new();

        public Task<Outcome<ListPage>> ListPage(
            Kind kind, string? space, string? resourceVersion, string? page, CancellationToken ct) => Task.FromResult(Pages);

        public async Task<WatchEnd> Watch(
            Kind kind, string? space, ResourceVersion from, TimeSpan timeout, Action<WatchEvent> told, CancellationToken ct)
        {
            foreach (var one in Events)
            {
                told(one);
            }

            if (WatchHangs)
            {
                await using var registration = ct.Register(() => WatchCancelled.SetResult());
                await Task.Delay(Timeout.Infinite, ct);
            }

            return WatchEnd.Closed;
        }

        public Task<Outcome<Json>> Read(ObjectRef name, CancellationToken ct) =>
            Fault is { } fault ? Task.FromException<Outcome<Json>>(fault) : Task.FromResult(Objects);

        public Task<Outcome<Json>> Write(Write write, CancellationToken ct) => Task.FromResult(Objects);

        public Task<Outcome<RawAnswer>> Raw(
            HttpMethod method, string path, Json? body, TimeSpan deadline, CancellationToken ct) =>
            throw new NotSupportedException();
    }

    private sealed class Lines : ILogger
    {
        public List<(Microsoft.Extensions.Logging.LogLevel, string, IReadOnlyList<KeyValuePair<string, object?>>)> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(
            Microsoft.Extensions.Logging.LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Written.Add((logLevel, formatter(state, exception), (IReadOnlyList<KeyValuePair<string, object?>>)state!));
    }
}
