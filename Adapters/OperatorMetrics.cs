using System.Diagnostics.Metrics;
using Tikv.Adapters.Kubernetes;

namespace Tikv.Adapters;

/// <summary>Metrics of the loop around the state machine.</summary>
internal static class OperatorMetrics
{
    private static readonly double[] Seconds = [0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

    private static readonly Meter Meter = new(AdapterMeters.Operator);

    private static readonly Histogram<double> Steps = Meter.CreateHistogram(
        "tikv_operator_step_duration_seconds",
        unit: "s",
        description: "Time that one step of the operator's state machine took.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    private static readonly Gauge<int> Waiting = Meter.CreateGauge<int>(
        "tikv_operator_inputs_waiting", description: "Inputs that wait for a step of the state machine.");

    public static void Stepped(TimeSpan duration, int waiting)
    {
        Steps.Record(duration.TotalSeconds);
        Waiting.Record(waiting);
    }
}
