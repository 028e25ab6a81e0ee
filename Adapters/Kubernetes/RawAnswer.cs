using System.Net.Http.Headers;
using Tikv.Core;
using Tikv.Core.Kubernetes;

namespace Tikv.Adapters.Kubernetes;

/// <summary>A whole answer, of any status.</summary>
public sealed record RawAnswer(int Status, ReadOnlyMemory<byte> Body)
{
    internal RetryConditionHeaderValue? RetryAfter { get; init; }

    /// <summary>What the API server says is wrong; for an answer that is no success.</summary>
    public ApiError Error() => StatusDecoder.Decode(Status, RetryAfter, Body);

    /// <summary>The object of a success, or the error; a success that is not JSON did not come from an API server.</summary>
    public Outcome<Json> AsJson()
    {
        if (Status is < 200 or >= 300)
        {
            return Outcome<Json>.NewRefused(Error());
        }

        var parsed = JsonBytes.Parse(Body);
        return parsed.IsOk ? Outcome<Json>.NewDone(parsed.ResultValue) : Outcome<Json>.NewUnknown(parsed.ErrorValue);
    }
}
