using System.Text;

namespace Tikv.Adapters.Kubernetes;

internal static class Excerpt
{
    /// <summary>The beginning of an answer, on one line, for a message.</summary>
    public static string Of(ReadOnlySpan<byte> utf8, int bytes)
    {
        var text = Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, bytes)]).ReplaceLineEndings(" ").Trim();
        return utf8.Length > bytes ? text + "..." : text;
    }
}
