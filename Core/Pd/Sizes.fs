namespace Tikv.Core.Pd

open System
open System.Globalization

/// Byte counts as PD writes them: `1TiB`, `1021GiB`, `3.094GiB`, `0B`; four significant digits, powers of 1024.
[<RequireQualifiedAccess>]
module PdSize =

    let private units = [ "B"; "KiB"; "MiB"; "GiB"; "TiB"; "PiB"; "EiB" ]

    let private isOfNumber c = Char.IsAsciiDigit c || c = '.'

    let tryParse (text: string) : int64 option =
        let rec digits at = if at < text.Length && isOfNumber text[at] then digits (at + 1) else at

        let digits = digits 0
        let isUnit (unit: string) = text.AsSpan(digits).SequenceEqual(unit.AsSpan())

        match
            Double.TryParse(
                text.AsSpan(0, digits),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture
            ),
            units |> List.tryFindIndex isUnit
        with
        | (true, value), Some power -> Some(int64 (value * Math.Pow(1024.0, float power)))
        | _ -> None

    let print (bytes: int64) : string =
        let rec scaled value units =
            match units with
            | unit :: _ when value < 1024.0 -> value, unit
            | _ :: (_ :: _ as larger) -> scaled (value / 1024.0) larger
            | [ unit ] -> value, unit
            | [] -> value, ""

        let value, unit = scaled (float bytes) units

        let decimals =
            if value >= 1000.0 then 0
            elif value >= 100.0 then 1
            elif value >= 10.0 then 2
            else 3

        let rounded = Math.Round(value, decimals)

        // most are whole
        (if rounded = Math.Floor rounded && abs rounded < 1e15 then
             (int64 rounded).ToString CultureInfo.InvariantCulture
         else
             rounded.ToString("0.###", CultureInfo.InvariantCulture))
        + unit
