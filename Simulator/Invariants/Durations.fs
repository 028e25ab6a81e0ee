/// Durations as specs write them, such as `5m` or `1h30m`, read by the judges' own hand.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Invariants.Durations

let private unit' (name: string) =
    match name with
    | "ms" -> Some 1.0
    | "s" -> Some 1_000.0
    | "m" -> Some 60_000.0
    | "h" -> Some 3_600_000.0
    | _ -> None

/// Milliseconds of a duration; none of what is none.
let tryMilliseconds (text: string) : int64 option =
    let isNumber (c: char) = System.Char.IsDigit c || c = '.'

    let rec read at sum =
        if at >= text.Length then
            Some(int64 sum)
        else
            let mutable stop = at

            while stop < text.Length && isNumber text[stop] do
                stop <- stop + 1

            let mutable last = stop

            while last < text.Length && not (isNumber text[last]) do
                last <- last + 1

            match
                System.Double.TryParse(
                    text.Substring(at, stop - at),
                    System.Globalization.CultureInfo.InvariantCulture
                ),
                unit' (text.Substring(stop, last - stop))
            with
            | (true, number), Some unit' -> read last (sum + number * unit')
            | _ -> None

    if text = "" then None else read 0 0.0
