using System.Buffers;
using System.IO.Pipelines;
using Microsoft.FSharp.Collections;
using Tikv.Core;
using Tikv.Core.Kubernetes;
using Tikv.Core.Operator;

namespace Tikv.Adapters.Kubernetes;

/// <summary>One watch: a stream of lines, each a JSON object with <c>type</c> and <c>object</c>.</summary>
internal sealed class WatchStream(Sender sender, KubernetesOptions options, Action<WatchEvent> told)
{
    /// <summary>An object in etcd has at most 1.5 MiB by default; a longer line is not from an API server.</summary>
    private const int MaxLine = 64 << 20;

    private static readonly StreamPipeReaderOptions Buffers = new(bufferSize: 32 << 10, leaveOpen: true);

    /// <param name="path">Where to watch.</param>
    /// <param name="timeout">The time-out that the server was asked for; the watch is given up somewhat later.</param>
    /// <param name="ct">Ends the watch; the only way that throws.</param>
    public async Task<WatchEnd> Run(string path, TimeSpan timeout, CancellationToken ct)
    {
        using var whole = CancellationTokenSource.CreateLinkedTokenSource(ct);
        whole.CancelAfter(timeout + options.WatchGrace);
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(whole.Token);
        silence.CancelAfter(options.RequestDeadline);

        try
        {
            using var exchange = await sender.Send(new ApiRequest(HttpMethod.Get, path) { IsWatch = true }, silence.Token);

            if (exchange.Status != 200)
            {
                var body = await exchange.Response.Content.ReadAsByteArrayAsync(silence.Token);
                return WatchEnd.NewRefused(StatusDecoder.Decode(exchange.Status, exchange.Response.Headers.RetryAfter, body));
            }

            await using var stream = await exchange.Response.Content.ReadAsStreamAsync(silence.Token);
            var reader = PipeReader.Create(stream, Buffers);

            try
            {
                return await Lines(reader, silence);
            }
            finally
            {
                await reader.CompleteAsync();
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return WatchEnd.NewBroken(
                whole.IsCancellationRequested ? "the server did not end it in time" : "the server was silent for too long");
        }
        catch (Exception problem) when (Problem.IsOfTransport(problem))
        {
            ct.ThrowIfCancellationRequested();
            return WatchEnd.NewBroken(Problem.Text(problem));
        }
    }

    private async Task<WatchEnd> Lines(PipeReader reader, CancellationTokenSource silence)
    {
        long searched = 0; // so that a long line is not searched from its start with every read

        while (true)
        {
            silence.CancelAfter(options.WatchSilence);
            var read = await reader.ReadAsync(silence.Token);
            var buffer = read.Buffer;

            while (buffer.Slice(searched).PositionOf((byte)'\n') is { } end)
            {
                if (Tell(buffer.Slice(0, end)) is { } ending)
                {
                    return ending;
                }

                buffer = buffer.Slice(buffer.GetPosition(1, end));
                searched = 0;
            }

            if (read.IsCompleted)
            {
                return Tell(buffer) ?? WatchEnd.Closed; // the last line may lack its end
            }

            if (buffer.Length > MaxLine)
            {
                return WatchEnd.NewBroken($"a line is longer than {MaxLine} bytes");
            }

            searched = buffer.Length;
            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Tells of one line; the end of the watch when nothing can follow it.</summary>
    private WatchEnd? Tell(ReadOnlySequence<byte> line)
    {
        var bytes = line.ToArray();

        if (bytes.AsSpan().IndexOfAnyExcept(" \t\r"u8) < 0)
        {
            return null;
        }

        var parsed = JsonBytes.Parse(bytes);

        if (!parsed.IsOk)
        {
            return WatchEnd.NewBroken(parsed.ErrorValue);
        }

        var type = JsonModule.stringAt(ListModule.OfArray(["type"]), parsed.ResultValue)?.Value;
        var body = JsonModule.tryField("object", parsed.ResultValue)?.Value ?? Json.Null;

        switch (type)
        {
            case "ADDED":
                told(WatchEvent.NewAdded(body));
                return null;
            case "MODIFIED":
                told(WatchEvent.NewModified(body));
                return null;
            case "DELETED":
                told(WatchEvent.NewDeleted(body));
                return null;
            case "BOOKMARK" when JsonModule.stringAt(ListModule.OfArray(["metadata", "resourceVersion"]), body) is { } version:
                told(WatchEvent.NewBookmark(ResourceVersion.NewResourceVersion(version.Value)));
                return null;
            case "ERROR":
                told(WatchEvent.NewFailed(StatusDecoder.Decode(body)));
                return WatchEnd.Closed;
            default:
                return WatchEnd.NewBroken($"a line of unknown type \"{type}\"; it begins: {Excerpt.Of(bytes, 200)}");
        }
    }
}
