using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;

namespace Tikv.Host.Logging;

/// <summary>The parts of a log event as our formats have them.</summary>
internal static class LogFields
{
    /// <summary>Keys of every line; a field of such a name would stand there twice.</summary>
    private static readonly HashSet<string> Taken = new(StringComparer.Ordinal) { "ts", "level", "logger", "msg", "error", "stacktrace" };

    public static string Logger(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue(Constants.SourceContextPropertyName, out var value)
            && value is ScalarValue { Value: string name } ? name : "tikv-operator";

    /// <summary>The constant text of the line; what varies stands in the fields (U 4.5).</summary>
    public static string Message(LogEvent logEvent) =>
        string.Concat(logEvent.MessageTemplate.Tokens.OfType<TextToken>().Select(token => token.Text)).Trim();

    /// <summary>Every field in the order of its name.</summary>
    public static IEnumerable<(string Name, LogEventPropertyValue Value)> Of(LogEvent logEvent) =>
        logEvent.Properties
            .Where(field => field.Key is not (Constants.SourceContextPropertyName or "EventId"))
            .Select(field => (Name: NameOf(field.Key, logEvent.Exception is not null), field.Value))
            .OrderBy(field => field.Name, StringComparer.Ordinal);

    private static string NameOf(string key, bool failed) =>
        Taken.Contains(key) && (failed || key is not ("error" or "stacktrace")) ? key + "_" : key;
}
