using System.Diagnostics.Metrics;
using Microsoft.FSharp.Collections;
using Tikv.Adapters.Kubernetes;
using Tikv.Adapters.Pd;
using Tikv.Adapters.Tests.Kubernetes;
using Tikv.Adapters.Web;
using Tikv.Core.Pd;

namespace Tikv.Adapters.Tests.Web;

public sealed class MetricsTests
{
    [Test]
    public void Metrics_are_printed_in_the_order_of_their_names_with_escaped_labels()
    {
        Metric[] metrics =
        [
            new("b_total", "Counts\nwith \\.", MetricType.Counter, [new([new("path", "a\"b\\c\nd")], 3)]),
            new("a", "A value.", MetricType.Gauge, [new([], 0.5), new([new("x", "1"), new("y", "2")], double.PositiveInfinity)]),
            new("empty", "Nothing.", MetricType.Gauge, []),
        ];

        Assert.That(MetricsText.Render(metrics), Is.EqualTo("""
            # HELP a A value.
            # TYPE a gauge
            a 0.5
            a{x="1",y="2"} +Inf
            # HELP b_total Counts\nwith \\.
            # TYPE b_total counter
            b_total{path="a\"b\\c\nd"} 3

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void Counters_add_up_gauges_keep_the_last_value_and_histograms_count_into_buckets()
    {
        using var meter = new Meter("test.metrics");
        using var reader = new MetricsReader("test.metrics");
        var counter = meter.CreateCounter<long>("c_total", description: "c");
        var gauge = meter.CreateGauge<int>("g", description: "g");
        var histogram = meter.CreateHistogram(
            "h", "s", "h", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [1.0, 2] });

        counter.Add(1, new KeyValuePair<string, object?>("code", 200));
        counter.Add(2, new KeyValuePair<string, object?>("code", 200));
        counter.Add(1, new KeyValuePair<string, object?>("code", 404));
        gauge.Record(7);
        gauge.Record(5);
        histogram.Record(0.5);
        histogram.Record(2);
        histogram.Record(9);

        Assert.That(MetricsText.Render(reader.Collect()), Is.EqualTo("""
            # HELP c_total c
            # TYPE c_total counter
            c_total{code="200"} 3
            c_total{code="404"} 1
            # HELP g g
            # TYPE g gauge
            g 5
            # HELP h h
            # TYPE h histogram
            h_bucket{le="1"} 1
            h_bucket{le="2"} 2
            h_bucket{le="+Inf"} 3
            h_sum 11.5
            h_count 3

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void Other_meters_are_not_listened_to()
    {
        using var meter = new Meter("test.other");
        using var reader = new MetricsReader("test.metrics");

        meter.CreateCounter<long>("c_total").Add(1);

        Assert.That(reader.Collect(), Is.Empty);
    }

    [Test]
    public async Task Requests_are_counted_by_code_method_and_host_as_Go_operators_do_it()
    {
        using var reader = new MetricsReader(AdapterMeters.Kubernetes);
        await using var server = await FakeServer.Start(404, "{}");
        using var client = Given.Client(server);

        await client.Read(Given.ConfigMap("a"), default);

        var text = MetricsText.Render(reader.Collect());
        var host = server.Url.Authority;
        Assert.That(text, Does.Contain($"rest_client_requests_total{{code=\"404\",host=\"{host}\",method=\"GET\"}} 1"));
        Assert.That(text, Does.Contain($"rest_client_request_duration_seconds_count{{host=\"{host}\",verb=\"GET\"}} 1"));
    }

    [Test]
    public async Task Requests_to_PD_are_counted_by_endpoint_and_code()
    {
        using var reader = new MetricsReader(AdapterMeters.Pd);
        await using var server = await FakeServer.Start(404, "404 page not found");
        using var pd = PdApi.Create(PdAccess.Direct, null!);
        var endpoint = new PdEndpoint("metrics", false, "basic-pd", "127.0.0.1", server.Url.Port, null);

        await pd.Ask(ListModule.OfArray([endpoint]), PdCall.GetStores, default);

        Assert.That(MetricsText.Render(reader.Collect()), Does.Contain(
            "tikv_operator_pd_requests_total{code=\"404\",endpoint=\"basic-pd\",namespace=\"metrics\"} 1"));
    }
}
