namespace Tikv.Core.Pd

open System
open System.Globalization

/// Byte counts as PD writes them: `1TiB`, `1021GiB`, `3.094GiB`, `0B`; four significant digits, powers of 1024.
[<RequireQualifiedAccess>]
module PdSize =

    let private units = [ "B"; "KiB"; "MiB"; "GiB"; "TiB"; "PiB"; "EiB" ]

    let tryParse (text: string) : int64 option =
        let digits = text |> Seq.takeWhile (fun c -> Char.IsAsciiDigit c || c = '.') |> Seq.length
        let invariant = CultureInfo.InvariantCulture

        match
            Double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, invariant),
            units |> List.tryFindIndex (fun unit -> unit = text.Substring digits)
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
