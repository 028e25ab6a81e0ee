using System.Collections.Concurrent;
using System.Text;

namespace Tikv.Host.Tests.Start;

/// <summary>Keeps what several threads write, piece by piece.</summary>
internal sealed class CapturedLog : TextWriter
{
    private readonly ConcurrentQueue<string> pieces = [];

    public override Encoding Encoding => Encoding.UTF8;

    public IReadOnlyList<string> Lines => string.Concat(pieces).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override void Write(char value) => pieces.Enqueue(value.ToString());

    public override void Write(string? value) => pieces.Enqueue(value ?? "");
}
