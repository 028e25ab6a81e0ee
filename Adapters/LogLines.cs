using Microsoft.Extensions.Logging;
using Tikv.Core.Operator;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Tikv.Adapters;

/// <summary>Writes the state machine's log lines: a constant message, and fields that any sink sees apart from it.</summary>
internal static class LogLines
{
    public static void Write(ILogger logger, LogLine line)
    {
        var level = LevelOf(line.Level);

        if (logger.IsEnabled(level))
        {
            KeyValuePair<string, object?>[] fields =
            [
                .. line.Fields.Select(field => KeyValuePair.Create(field.Item1, (object?)field.Item2)),
                KeyValuePair.Create("{OriginalFormat}", (object?)Escaped(line.Message)),
            ];

            logger.Log(level, default, fields, null, (_, _) => line.Message);
        }
    }

    private static LogLevel LevelOf(Tikv.Core.Operator.LogLevel level) =>
        level.IsDebug ? LogLevel.Debug
        : level.IsInfo ? LogLevel.Information
        : level.IsWarning ? LogLevel.Warning
        : LogLevel.Error;

    /// <summary>Braces would be taken for holes of a template.</summary>
    private static string Escaped(string message) =>
        message.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);
}
