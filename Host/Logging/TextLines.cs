using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;

namespace Tikv.Host.Logging;

/// <summary>For people: time of day, level, message, then the fields as <c>name=value</c>.</summary>
internal sealed class TextLines : ITextFormatter
{
    public void Format(LogEvent logEvent, TextWriter output)
    {
        output.Write(logEvent.Timestamp.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture));
        output.Write(' ');
        output.Write(JsonLines.LevelOf(logEvent.Level).PadRight(5));
        output.Write(' ');
        output.Write(LogFields.Message(logEvent));

        foreach (var (name, value) in LogFields.Of(logEvent))
        {
            output.Write(' ');
            output.Write(name);
            output.Write('=');
            output.Write(Quoted(value is ScalarValue scalar
                ? Convert.ToString(scalar.Value, CultureInfo.InvariantCulture) ?? "null"
                : value.ToString(null, CultureInfo.InvariantCulture)));
        }

        output.WriteLine();

        if (logEvent.Exception is { } problem)
        {
            output.WriteLine(problem);
        }
    }

    private static string Quoted(string text) =>
        text.Length > 0 && text.AsSpan().IndexOfAny(" \"\n\t=") < 0
            ? text
            : $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).ReplaceLineEndings("\\n")}\"";
}
