using System.Net.Http.Headers;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Tikv.Core;
using Tikv.Core.Kubernetes;

namespace Tikv.Adapters.Kubernetes;

/// <summary>Reads <c>metav1.Status</c>, and makes the best of answers that are none (proxies, "404 page not found").</summary>
internal static class StatusDecoder
{
    public static ApiError Decode(int code, RetryConditionHeaderValue? retryAfter, ReadOnlyMemory<byte> body)
    {
        var parsed = JsonBytes.Parse(body);
        var seconds = Seconds(retryAfter);

        return parsed.IsOk && IsStatus(parsed.ResultValue)
            ? Decode(code, seconds, parsed.ResultValue)
            : new ApiError(code, ReasonOf(code), Excerpt.Of(body.Span, 1000), FSharpList<Tuple<string, string>>.Empty, Option(seconds));
    }

    /// <summary>The Status in an ERROR event of a watch.</summary>
    public static ApiError Decode(Json status) => Decode(500, null, status);

    public static bool IsStatus(Json json) => TextAt(json, "kind") == "Status" && TextAt(json, "apiVersion") == "v1";

    private static ApiError Decode(int code, int? retryAfter, Json status)
    {
        var said = JsonModule.intAt(Path("code"), status)?.Value ?? code;
        var causes = JsonModule.itemsAt(Path("details", "causes"), status)
            .Select(cause => Tuple.Create(
                TextAt(cause, "field") ?? "", TextAt(cause, "message") ?? TextAt(cause, "reason") ?? ""));

        return new ApiError(
            said,
            TextAt(status, "reason") ?? ReasonOf(said),
            TextAt(status, "message") ?? "",
            ListModule.OfSeq(causes),
            Option(retryAfter ?? JsonModule.intAt(Path("details", "retryAfterSeconds"), status)?.Value));
    }

    /// <summary>The reasons that client-go gives to answers without a Status.</summary>
    private static string ReasonOf(int code) => code switch
    {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        409 => "Conflict",
        410 => "Gone",
        413 => "RequestEntityTooLarge",
        415 => "UnsupportedMediaType",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        >= 500 => "InternalError",
        _ => "",
    };

    /// <summary>Kubernetes sends seconds; a proxy may send a date, which then counts as one second.</summary>
    private static int? Seconds(RetryConditionHeaderValue? header) =>
        header is null ? null : header.Delta is { } delta ? (int)delta.TotalSeconds : 1;

    private static FSharpOption<int>? Option(int? value) => value is { } known ? FSharpOption<int>.Some(known) : null;

    private static string? TextAt(Json json, params string[] path) => JsonModule.stringAt(Path(path), json)?.Value;

    private static FSharpList<string> Path(params string[] path) => ListModule.OfArray(path);
}
