/// Spans of time as kubectl prints them: two units while the span is short, then one.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Serve.Ages

open System
open System.Globalization

let private two (major: int) (majorUnit: string) (minor: int) (minorUnit: string) =
    if minor = 0 then $"%d{major}%s{majorUnit}" else $"%d{major}%s{majorUnit}%d{minor}%s{minorUnit}"

/// Below two minutes seconds, below ten minutes with seconds, below three hours minutes, below eight hours with minutes,
/// below two days hours, below eight days with hours, below two years days, below eight years with days, then years.
let ofSpan (span: TimeSpan) =
    let seconds = int64 (Math.Floor span.TotalSeconds)

    if seconds < -1L then
        "<invalid>"
    elif seconds < 0L then
        "0s"
    elif seconds < 120L then
        $"%d{seconds}s"
    else
        let minutes = int (seconds / 60L)
        let hours = minutes / 60
        let days = hours / 24
        let years = days / 365

        if minutes < 10 then two minutes "m" (int (seconds % 60L)) "s"
        elif minutes < 180 then $"%d{minutes}m"
        elif hours < 8 then two hours "h" (minutes % 60) "m"
        elif hours < 48 then $"%d{hours}h"
        elif hours < 192 then two days "d" (hours % 24) "h"
        elif years < 2 then $"%d{days}d"
        elif years < 8 then two years "y" (days % 365) "d"
        else $"%d{years}y"

/// Reads a time as Kubernetes writes it (RFC 3339).
let tryParse (text: string) =
    match
        DateTimeOffset.TryParse(
            text,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal ||| DateTimeStyles.AdjustToUniversal
        )
    with
    | true, at -> Some at
    | false, _ -> None

/// The time since then; `<unknown>` when there is no such time.
let since (now: DateTimeOffset) (text: string option) =
    match text |> Option.bind tryParse with
    | Some at -> ofSpan (now - at)
    | None -> "<unknown>"
