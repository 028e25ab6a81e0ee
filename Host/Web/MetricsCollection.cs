using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Web;
using Tikv.Core.Operator;
using CoreMetric = Tikv.Core.Operator.Metric;
using Metric = Tikv.Adapters.Web.Metric;
using Sample = Tikv.Adapters.Web.Sample;

namespace Tikv.Host.Web;

/// <summary>Everything that /metrics tells: of the state machine, of the adapters' instruments, and of the process.</summary>
internal sealed class MetricsCollection : IDisposable
{
    private readonly MetricsReader reader = new(AdapterMeters.Kubernetes, AdapterMeters.Pd, AdapterMeters.Operator);

    public void Dispose() => reader.Dispose();

    public IEnumerable<Metric> Collect(OperatorState state) =>
    [
        .. Metrics.ofState(state).Select(Of),
        .. reader.Collect(),
        .. ProcessMetrics.Collect(),
    ];

    private static Metric Of(CoreMetric metric) => new(
        metric.Name,
        metric.Help,
        metric.IsCounter ? MetricType.Counter : MetricType.Gauge,
        [.. metric.Samples.Select(sample => new Sample(
            [.. sample.Labels.Select(label => KeyValuePair.Create(label.Item1, label.Item2))], sample.Value))]);
}
