/// Kubernetes quantities, as the machines of the world count them.
[<RequireQualifiedAccess>]
module Tikv.Simulator.World.Amount

open System
open System.Globalization
open Tikv.Core

let private scale (suffix: string) =
    match suffix with
    | "m" -> Some 0.001m
    | "" -> Some 1m
    | "k" -> Some 1e3m
    | "M" -> Some 1e6m
    | "G" -> Some 1e9m
    | "T" -> Some 1e12m
    | "P" -> Some 1e15m
    | "Ki" -> Some 1024m
    | "Mi" -> Some 1048576m
    | "Gi" -> Some 1073741824m
    | "Ti" -> Some 1099511627776m
    | "Pi" -> Some 1125899906842624m
    | _ -> None

/// Thousandths of the unit (milli-cores, milli-bytes); what does not parse counts as nothing.
let milli (text: string) : int64 =
    let digits =
        text
        |> Seq.takeWhile (fun c -> Char.IsAsciiDigit c || c = '.' || c = '-' || c = '+')
        |> Seq.length

    match
        Decimal.TryParse(text.Substring(0, digits), NumberStyles.Number, CultureInfo.InvariantCulture),
        scale (text.Substring digits)
    with
    | (true, number), Some scale when abs number <= 1e6m || scale <= 1e9m -> int64 (number * scale * 1000m)
    | _ -> 0L

/// As a manifest has it: in quotes or as a number.
let tryMilli (amount: Json option) : int64 option =
    match amount with
    | Some(Json.String text)
    | Some(Json.Number text) -> Some(milli text)
    | _ -> None
