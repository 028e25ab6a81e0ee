using System.Diagnostics.Metrics;
using System.Globalization;
using Tikv.Adapters.Kubernetes;

namespace Tikv.Adapters.Pd;

/// <summary>Metrics of requests to PD.</summary>
internal static class PdMetrics
{
    private static readonly double[] Seconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private static readonly Meter Meter = new(AdapterMeters.Pd);

    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "tikv_operator_pd_requests_total", description: "Requests to PD, by endpoint and status code.");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "tikv_operator_pd_request_duration_seconds",
        unit: "s",
        description: "Time that requests to PD took, by endpoint.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    /// <param name="space">The namespace of the cluster.</param>
    /// <param name="endpoint">The Service or Pod that was asked.</param>
    /// <param name="status">PD's status; none when PD did not answer.</param>
    /// <param name="duration">The whole exchange.</param>
    public static void Record(string space, string endpoint, int? status, TimeSpan duration)
    {
        var code = status is { } known ? known.ToString(CultureInfo.InvariantCulture) : "<error>";
        Requests.Add(1, new("namespace", space), new("endpoint", endpoint), new("code", code));
        Durations.Record(duration.TotalSeconds, new("namespace", space), new("endpoint", endpoint));
    }
}
