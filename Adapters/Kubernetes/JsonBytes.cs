using Microsoft.FSharp.Core;
using Tikv.Core;

namespace Tikv.Adapters.Kubernetes;

internal static class JsonBytes
{
    /// <summary>Parses what a server sent; a message that also shows the beginning of what is not JSON.</summary>
    public static FSharpResult<Json, string> Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            var parsed = JsonModule.parseBytes(utf8);
            return parsed.IsOk ? parsed : Failed(parsed.ErrorValue, utf8);
        }
        catch (InvalidOperationException problem)
        {
            return Failed(problem.Message, utf8); // a string that is not UTF-8
        }
    }

    private static FSharpResult<Json, string> Failed(string problem, ReadOnlyMemory<byte> utf8) =>
        FSharpResult<Json, string>.NewError($"the answer is not JSON ({problem}); it begins: {Excerpt.Of(utf8.Span, 200)}");
}
