/// Kubernetes quantities (`100m`, `5Gi`, `1e3`), enough to compare them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Kubernetes.Quantities

open System
open System.Globalization
open Tikv.Core

let private factor (suffix: string) =
    match suffix with
    | "" -> Some 1m
    | "n" -> Some 1e-9m
    | "u" -> Some 1e-6m
    | "m" -> Some 1e-3m
    | "k" -> Some 1e3m
    | "M" -> Some 1e6m
    | "G" -> Some 1e9m
    | "T" -> Some 1e12m
    | "P" -> Some 1e15m
    | "E" -> Some 1e18m
    | "Ki" -> Some 1024m
    | "Mi" -> Some 1048576m
    | "Gi" -> Some 1073741824m
    | "Ti" -> Some 1099511627776m
    | "Pi" -> Some 1125899906842624m
    | "Ei" -> Some 1152921504606846976m
    | exponent when exponent[0] = 'e' || exponent[0] = 'E' ->
        match
            Int32.TryParse(exponent.AsSpan 1, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
        with
        | true, power when abs power <= 18 -> Some(Decimal(Math.Pow(10.0, float power)))
        | _ -> None
    | _ -> None

let tryParse (text: string) : decimal option =
    let isNumber (c: char) = Char.IsAsciiDigit c || c = '.' || c = '+' || c = '-'
    let at = text |> Seq.tryFindIndex (isNumber >> not) |> Option.defaultValue text.Length
    let style = NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowLeadingSign

    match
        Decimal.TryParse(text.AsSpan(0, at), style, CultureInfo.InvariantCulture), factor (text.Substring at)
    with
    | (true, number), Some factor ->
        try
            Some(number * factor)
        with :? OverflowException ->
            None
    | _ -> None

let ofJson json =
    match json with
    | Json.String text
    | Json.Number text -> tryParse text
    | _ -> None

/// How a server complains of text that is no quantity.
let complaint =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
