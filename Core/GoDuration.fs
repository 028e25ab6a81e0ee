namespace Tikv.Core

open System
open System.Numerics

/// Durations as Go writes them (`time.ParseDuration`, `metav1.Duration`): `1h30m`, `1.5h`, `100ms`, `0`. Go counts
/// nanoseconds; a TimeSpan counts ticks of 100 ns, to which what is finer is rounded down.
[<RequireQualifiedAccess>]
module GoDuration =

    /// Longer texts are refused.
    let private longest = 128

    /// Nanoseconds of each unit; a longer name comes before one that it begins with.
    let private units: (string * int64) list = [
        "ns", 1L
        "us", 1_000L
        "µs", 1_000L // micro sign
        "μs", 1_000L // Greek mu
        "ms", 1_000_000L
        "s", 1_000_000_000L
        "m", 60_000_000_000L
        "h", 3_600_000_000_000L
    ]

    let private allowed =
        "numbers with units, such as 1h30m, 1.5h or 100ms; units are ns, us, ms, s, m and h"

    let private isDigit (char: char) = char >= '0' && char <= '9'

    let rec private digitsEnd (text: string) from =
        if from < text.Length && isDigit text[from] then digitsEnd text (from + 1) else from

    /// One number with its unit: nanoseconds, and the index after it.
    let private part (text: string) start =
        let point = digitsEnd text start
        let fraction = if point < text.Length && text[point] = '.' then point + 1 else point
        let finish = digitsEnd text fraction

        let digits =
            text.Substring(start, point - start)
            + text.Substring(fraction, finish - fraction)

        let unit =
            units
            |> List.tryFind (fun (name, _) -> String.CompareOrdinal(text, finish, name, 0, name.Length) = 0)

        match digits, unit with
        | "", _
        | _, None -> None
        | _, Some(name, nanoseconds) ->
            let amount =
                BigInteger.Parse digits * BigInteger nanoseconds
                / BigInteger.Pow(10I, finish - fraction)

            Some(amount, finish + name.Length)

    let rec private sum (text: string) start total =
        if start = text.Length then
            Some total
        else
            match part text start with
            | Some(amount, next) -> sum text next (total + amount)
            | None -> None

    /// At most about 292 years (2^63-1 ns), as in Go.
    let parse (text: string) : Result<TimeSpan, string> =
        let signed = text.Length > 0 && (text[0] = '+' || text[0] = '-')
        let start = if signed then 1 else 0
        let sign = if signed && text[0] = '-' then -1L else 1L

        if text.Length > longest then
            Error $"a duration has at most %d{longest} characters, not %d{text.Length}"
        elif text.Length = start + 1 && text[start] = '0' then
            Ok TimeSpan.Zero
        else
            match (if text.Length = start then None else sum text start 0I) with
            | None -> Error $"\"%s{text}\" is not a duration: it must be %s{allowed}"
            | Some total when total > BigInteger Int64.MaxValue ->
                Error $"\"%s{text}\" is too long a duration: it must be below 292 years"
            | Some total -> Ok(TimeSpan.FromTicks(sign * int64 (total / 100I)))

    /// Seven decimal places without trailing zeros, or none.
    let private decimals (ticks: int64) (perUnit: int64) =
        let digits = (string perUnit).Length - 1
        let fraction = (ticks % perUnit).ToString().PadLeft(digits, '0').TrimEnd '0'
        if fraction = "" then string (ticks / perUnit) else $"%d{ticks / perUnit}.%s{fraction}"

    /// As Go prints it: `1h30m0s`, `1.5s`, `100ms`, `0s`.
    let print (span: TimeSpan) : string =
        let sign = if span.Ticks < 0L then "-" else ""
        // The least TimeSpan has no positive counterpart; it prints as the one above it.
        let ticks = Math.Abs(max span.Ticks -Int64.MaxValue)
        let second = TimeSpan.TicksPerSecond

        let text =
            if ticks = 0L then
                "0s"
            elif ticks < 10L then
                $"%d{ticks * 100L}ns"
            elif ticks < TimeSpan.TicksPerMillisecond then
                $"%s{decimals ticks 10L}µs"
            elif ticks < second then
                $"%s{decimals ticks TimeSpan.TicksPerMillisecond}ms"
            else
                let hours, minutes = ticks / (3600L * second), ticks / (60L * second) % 60L
                let seconds = decimals (ticks % (60L * second)) second

                if hours > 0L then $"%d{hours}h%d{minutes}m%s{seconds}s"
                elif minutes > 0L then $"%d{minutes}m%s{seconds}s"
                else $"%s{seconds}s"

        sign + text
