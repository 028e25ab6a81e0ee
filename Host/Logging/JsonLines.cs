using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Serilog.Events;
using Serilog.Formatting;

namespace Tikv.Host.Logging;

/// <summary>
/// One JSON object a line, with the keys that readers of controller-runtime's logs know: <c>ts</c>, <c>level</c>,
/// <c>logger</c>, <c>msg</c>, and every field beside them (U 4.5).
/// </summary>
internal sealed class JsonLines : ITextFormatter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Format(LogEvent logEvent, TextWriter output)
    {
        using var buffer = new MemoryStream();

        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("ts", logEvent.Timestamp.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            writer.WriteString("level", LevelOf(logEvent.Level));
            writer.WriteString("logger", LogFields.Logger(logEvent));
            writer.WriteString("msg", LogFields.Message(logEvent));

            foreach (var (name, value) in LogFields.Of(logEvent))
            {
                Write(writer, name, value);
            }

            if (logEvent.Exception is { } problem)
            {
                writer.WriteString("error", problem.Message);
                writer.WriteString("stacktrace", problem.ToString());
            }

            writer.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    internal static string LevelOf(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => "trace",
        LogEventLevel.Debug => "debug",
        LogEventLevel.Information => "info",
        LogEventLevel.Warning => "warn",
        _ => "error",
    };

    private static void Write(Utf8JsonWriter writer, string name, LogEventPropertyValue value)
    {
        switch (value is ScalarValue scalar ? scalar.Value : value)
        {
            case null:
                writer.WriteNull(name);
                break;
            case bool flag:
                writer.WriteBoolean(name, flag);
                break;
            case int number:
                writer.WriteNumber(name, number);
                break;
            case long number:
                writer.WriteNumber(name, number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumber(name, number);
                break;
            case string text:
                writer.WriteString(name, text);
                break;
            case var other:
                writer.WriteString(name, Convert.ToString(other, CultureInfo.InvariantCulture));
                break;
        }
    }
}
