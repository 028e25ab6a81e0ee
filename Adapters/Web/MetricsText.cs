using System.Globalization;
using System.Text;

namespace Tikv.Adapters.Web;

/// <summary>The Prometheus text format, version 0.0.4.</summary>
public static class MetricsText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Metrics in the order of their names; those without a series are left out.</summary>
    public static string Render(IEnumerable<Metric> metrics)
    {
        var text = new StringBuilder();

        foreach (var metric in metrics.Where(metric => metric.Samples.Count > 0).OrderBy(metric => metric.Name, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {metric.Name} {Help(metric.Help)}\n");
            text.Append(CultureInfo.InvariantCulture, $"# TYPE {metric.Name} {Name(metric.Type)}\n");

            foreach (var sample in metric.Samples)
            {
                text.Append(metric.Name).Append(sample.Suffix);
                Labels(text, sample.Labels);
                text.Append(' ').Append(Number(sample.Value)).Append('\n');
            }
        }

        return text.ToString();
    }

    internal static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static void Labels(StringBuilder text, IReadOnlyList<KeyValuePair<string, string>> labels)
    {
        if (labels.Count > 0)
        {
            text.Append('{').AppendJoin(',', labels.Select(label => $"{label.Key}=\"{Value(label.Value)}\"")).Append('}');
        }
    }

    private static string Name(MetricType type) => type switch
    {
        MetricType.Counter => "counter",
        MetricType.Gauge => "gauge",
        _ => "histogram",
    };

    private static string Help(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Value(string text) => Help(text).Replace("\"", "\\\"", StringComparison.Ordinal);
}
