/// Durations as scenario files have them: `90s`, `5m`, `2h30m`, `-10m`; in milliseconds.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Files.Spans

open System
open System.Globalization
open System.Text.RegularExpressions

let pattern = @"^-?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"

let private units = [ "d", 86_400_000L; "h", 3_600_000L; "m", 60_000L; "s", 1_000L; "ms", 1L ]
let private form = Regex pattern

/// Nothing when it is none, or longer than 64 bits hold.
let tryParse (text: string) : int64 option =
    let found = form.Match text

    if not found.Success || text.TrimStart('-') = "" then
        None
    else
        let part (group: Group) (name: string, milliseconds: int64) =
            if not group.Success then
                Some 0L
            else
                let digits = group.Value.Substring(0, group.Value.Length - name.Length)

                match Int64.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture) with
                | true, number when number <= Int64.MaxValue / 10L / milliseconds ->
                    Some(number * milliseconds)
                | _ -> None

        let parts = units |> List.mapi (fun index unit -> part found.Groups[index + 1] unit)

        if List.contains None parts then
            None
        else
            let sum = parts |> List.choose id |> List.sum
            Some(if text.StartsWith '-' then -sum else sum)

/// In the largest unit that it is a whole number of.
let print (milliseconds: int64) : string =
    if milliseconds = 0L then
        "0s"
    else
        let name, unit =
            units
            |> List.filter (fun (name, _) -> name <> "d")
            |> List.find (fun (_, unit) -> milliseconds % unit = 0L)

        (milliseconds / unit).ToString CultureInfo.InvariantCulture + name
