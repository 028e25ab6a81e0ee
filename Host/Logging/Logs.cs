using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Formatting;

namespace Tikv.Host.Logging;

/// <summary>Sets up where log lines go and how they look.</summary>
internal static class Logs
{
    /// <summary>Lines to a writer; disposing of the factory flushes them.</summary>
    public static ILoggerFactory To(TextWriter output, LogOptions options)
    {
        ITextFormatter format = options.Format == LogFormat.Json ? new JsonLines() : new TextLines();

        var logger = new LoggerConfiguration()
            .MinimumLevel.Is(LevelOf(options.Level))
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .WriteTo.Sink(new WriterSink(output, format))
            .CreateLogger();

        return new SerilogLoggerFactory(logger, dispose: true);
    }

    private static LogEventLevel LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => LogEventLevel.Verbose,
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Info => LogEventLevel.Information,
        LogLevel.Warn => LogEventLevel.Warning,
        _ => LogEventLevel.Error,
    };

    private sealed class WriterSink(TextWriter output, ITextFormatter format) : ILogEventSink
    {
        private readonly Lock gate = new();

        public void Emit(LogEvent logEvent)
        {
            using var line = new StringWriter();
            format.Format(logEvent, line);

            lock (gate)
            {
                output.Write(line.ToString());
                output.Flush();
            }
        }
    }
}
