using System.Diagnostics.Metrics;

namespace Tikv.Adapters.Web;

/// <summary>
/// Sums up what the instruments of some meters measure, for a Prometheus server to scrape. Instruments are the one
/// source; an OpenTelemetry exporter may listen to the same ones.
/// </summary>
public sealed class MetricsReader : IDisposable
{
    private static readonly double[] DefaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Lock gate = new();
    private readonly Dictionary<string, Family> families = new(StringComparer.Ordinal);
    private readonly MeterListener listener = new();

    /// <param name="meters">Names of the meters to listen to.</param>
    public MetricsReader(params string[] meters)
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (meters.Contains(instrument.Meter.Name))
            {
                lock (gate)
                {
                    self.EnableMeasurementEvents(instrument, FamilyOf(instrument));
                }
            }
        };

        listener.SetMeasurementEventCallback<int>((_, value, tags, family) => Measured(value, tags, family));
        listener.SetMeasurementEventCallback<long>((_, value, tags, family) => Measured(value, tags, family));
        listener.SetMeasurementEventCallback<double>((_, value, tags, family) => Measured(value, tags, family));
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    /// <summary>Everything measured so far; observable instruments are asked now.</summary>
    public IReadOnlyList<Metric> Collect()
    {
        listener.RecordObservableInstruments();

        lock (gate)
        {
            return [.. families.Values.Select(family => family.Read())];
        }
    }

    private Family FamilyOf(Instrument instrument)
    {
        if (!families.TryGetValue(instrument.Name, out var family))
        {
            family = Family.Of(instrument);
            families.Add(instrument.Name, family);
        }

        return family;
    }

    private void Measured(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? family)
    {
        lock (gate)
        {
            ((Family)family!).Add(value, tags);
        }
    }

    private sealed class Family(string name, string help, MetricType type, double[] bounds, bool sums)
    {
        private readonly SortedDictionary<string, Series> series = new(StringComparer.Ordinal);

        public static Family Of(Instrument instrument)
        {
            var kind = instrument.GetType().GetGenericTypeDefinition();
            var type = kind == typeof(Histogram<>) ? MetricType.Histogram
                : kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? MetricType.Counter
                : MetricType.Gauge;

            // A Counter and an UpDownCounter tell of changes, everything else of values.
            var sums = kind == typeof(Counter<>) || kind == typeof(UpDownCounter<>);
            var bounds = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray() ?? DefaultBuckets;
            return new Family(instrument.Name, instrument.Description ?? "", type, bounds, sums);
        }

        public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = tags.ToArray()
                .Select(tag => KeyValuePair.Create(tag.Key, Convert.ToString(tag.Value, System.Globalization.CultureInfo.InvariantCulture) ?? ""))
                .OrderBy(label => label.Key, StringComparer.Ordinal)
                .ToArray();
            var key = string.Join('\n', labels.Select(label => $"{label.Key}={label.Value}"));

            if (!series.TryGetValue(key, out var found))
            {
                series.Add(key, found = new Series(labels, new long[bounds.Length]));
            }

            found.Value = sums || type == MetricType.Histogram ? found.Value + value : value;
            found.Count++;

            for (var index = 0; type == MetricType.Histogram && index < bounds.Length; index++)
            {
                found.Buckets[index] += value <= bounds[index] ? 1 : 0;
            }
        }

        public Metric Read() => new(
            name,
            help,
            type,
            [.. series.Values.SelectMany(one => type == MetricType.Histogram ? Histogram(one) : [new Sample(one.Labels, one.Value)])]);

        private IEnumerable<Sample> Histogram(Series one) =>
        [
            .. bounds.Select((bound, index) => Bucket(one, bound, one.Buckets[index])),
            Bucket(one, double.PositiveInfinity, one.Count),
            new Sample(one.Labels, one.Value, "_sum"),
            new Sample(one.Labels, one.Count, "_count"),
        ];

        private static Sample Bucket(Series one, double bound, long count) =>
            new([.. one.Labels, KeyValuePair.Create("le", MetricsText.Number(bound))], count, "_bucket");
    }

    private sealed class Series(KeyValuePair<string, string>[] labels, long[] buckets)
    {
        public KeyValuePair<string, string>[] Labels => labels;
        public long[] Buckets => buckets;
        public double Value { get; set; }
        public long Count { get; set; }
    }
}
