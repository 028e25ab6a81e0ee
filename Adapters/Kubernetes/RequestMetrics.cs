using System.Diagnostics.Metrics;
using System.Globalization;

namespace Tikv.Adapters.Kubernetes;

/// <summary>client-go's metrics of requests, by its names, so that dashboards for Go operators show ours too.</summary>
internal static class RequestMetrics
{
    /// <summary>client-go's buckets.</summary>
    private static readonly double[] Seconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

    private static readonly Meter Meter = new(AdapterMeters.Kubernetes);

    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "rest_client_requests_total",
        description: "Number of HTTP requests, partitioned by status code, method, and host.");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "rest_client_request_duration_seconds",
        unit: "s",
        description: "Request latency in seconds, broken down by verb and host.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    /// <param name="method">The HTTP method.</param>
    /// <param name="server">The server's URL.</param>
    /// <param name="status">The status of the answer; none when there was no answer.</param>
    /// <param name="duration">From the request to the headers of the answer.</param>
    public static void Record(HttpMethod method, Uri server, int? status, TimeSpan duration)
    {
        var code = status is { } known ? known.ToString(CultureInfo.InvariantCulture) : "<error>";
        Requests.Add(1, new("code", code), new("method", method.Method), new("host", server.Authority));
        Durations.Record(duration.TotalSeconds, new("verb", method.Method), new("host", server.Authority));
    }
}

/// <summary>The meters of this assembly.</summary>
public static class AdapterMeters
{
    public const string Kubernetes = "Tikv.Kubernetes";
    public const string Pd = "Tikv.Pd";
    public const string Operator = "Tikv.Operator";
}
