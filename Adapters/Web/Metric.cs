namespace Tikv.Adapters.Web;

/// <summary>The types of the Prometheus text format that we use.</summary>
public enum MetricType
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>All series of one name.</summary>
public sealed record Metric(string Name, string Help, MetricType Type, IReadOnlyList<Sample> Samples);

/// <summary>One series. <paramref name="Suffix"/> is empty, or <c>_bucket</c>, <c>_sum</c> or <c>_count</c> of a histogram.</summary>
public sealed record Sample(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, string Suffix = "");
