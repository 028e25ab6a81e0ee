using Spectre.Console;
using Tikv.Core.Kubernetes;

namespace Tikv.Host.Demo;

/// <summary>What a person sees of a demo: a line for each change, or a table that is redrawn on a terminal.</summary>
internal sealed class DemoScreen(IAnsiConsole console, bool live)
{
    private readonly DateTime started = DateTime.UtcNow;
    private string shown = "";

    /// <summary>Shows looks as they come, until the last one.</summary>
    /// <param name="looks">The looks.</param>
    public async Task Show(IAsyncEnumerable<ClusterSight> looks)
    {
        if (!live)
        {
            await foreach (var sight in looks)
            {
                Line(sight);
            }

            return;
        }

        await console.Live(new Text("")).AutoClear(true).StartAsync(async screen =>
        {
            await foreach (var sight in looks)
            {
                screen.UpdateTarget(new Rows(new Text($"{Elapsed} {sight.Line}"), Progress(sight)));
                screen.Refresh();
            }
        });
    }

    /// <summary>The members of PD and the stores of TiKV.</summary>
    public void Tables(ClusterSight sight)
    {
        console.Write(Table(
            ["PD", "MEMBER-ID", "ROLE", "READY", "NODE"],
            sight.Of(Kind.PD).Select(pd => new[] { pd.Name, pd.Status("id"), pd.Status("role"), Ready(pd), pd.Status("nodeName") })));
        console.Write(Table(
            ["TIKV", "STORE", "STATE", "LEADERS", "REGIONS", "READY", "NODE"],
            sight.Of(Kind.TiKV).Select(tikv => new[]
            {
                tikv.Name, tikv.Status("id"), tikv.Status("state"), tikv.Status("leaders"), tikv.Status("regions"), Ready(tikv), tikv.Status("nodeName"),
            })));
    }

    public void Say(string text) => console.Profile.Out.Writer.WriteLine(text);

    private string Elapsed => $"[{(DateTime.UtcNow - started).TotalSeconds,5:0.0}s]";

    private void Line(ClusterSight sight)
    {
        if (sight.Line != shown)
        {
            shown = sight.Line;
            Say($"{Elapsed} {shown}");
        }
    }

    private static string Ready(ObjectSight sight) => sight.Ready ? "True" : "False";

    private static Table Progress(ClusterSight sight) => Table(
        ["KIND", "NAME", "READY", "WAITING FOR"],
        sight.Objects.Select(one => new[] { KindModule.name(one.Kind), one.Name, Ready(one), one.Ready ? "" : one.Why }));

    private static Table Table(string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table().Border(TableBorder.None);

        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(column).NoWrap().PadRight(3));
        }

        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }

        return table;
    }
}
