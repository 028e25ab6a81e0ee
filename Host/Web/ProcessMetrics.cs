using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Tikv.Adapters.Web;

namespace Tikv.Host.Web;

/// <summary>What every Prometheus client tells of its process, by the names that dashboards expect.</summary>
internal static class ProcessMetrics
{
    public static string Version { get; } =
        typeof(ProcessMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static IEnumerable<Metric> Collect()
    {
        using var process = Process.GetCurrentProcess();
        var (version, commit) = Version.Split('+', 2) is [var number, var hash] ? (number, hash) : (Version, "");

        yield return One(
            "tikv_operator_build_info", "Version of the operator; always 1.", MetricType.Gauge, 1,
            ("version", version), ("commit", commit), ("dotnet", Environment.Version.ToString()));
        yield return One(
            "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", MetricType.Counter,
            process.TotalProcessorTime.TotalSeconds);
        yield return One(
            "process_resident_memory_bytes", "Resident memory size in bytes.", MetricType.Gauge, process.WorkingSet64);
        yield return One(
            "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", MetricType.Gauge,
            new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0);

        if (RuntimeInformation.IsOSPlatform(OSPlatform.Linux))
        {
            yield return One(
                "process_open_fds", "Number of open file descriptors.", MetricType.Gauge, Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        }

        yield return One("process_threads", "Number of threads of the process.", MetricType.Gauge, process.Threads.Count);
        yield return One(
            "dotnet_gc_heap_size_bytes", "Size of the managed heap after the last collection.", MetricType.Gauge,
            GC.GetGCMemoryInfo().HeapSizeBytes);
        yield return new Metric(
            "dotnet_gc_collections_total", "Garbage collections by generation.", MetricType.Counter,
            [.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => new Sample(
                [KeyValuePair.Create("generation", $"{generation}")], GC.CollectionCount(generation)))]);
    }

    private static Metric One(
        string name, string help, MetricType type, double value, params (string Name, string Value)[] labels) =>
        new(name, help, type, [new Sample([.. labels.Select(label => KeyValuePair.Create(label.Name, label.Value))], value)]);
}
