/// Text that stands in XML and HTML, whatever is in it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.Markup

open System
open System.Globalization
open System.Text

let private isAllowed (rune: Rune) =
    let value = rune.Value

    value >= 0x20 && value <> 0xFFFE && value <> 0xFFFF
    || value = 9
    || value = 10
    || value = 13

/// Without what XML 1.0 cannot hold (its section 2.2): in the place of each stands U+FFFD.
let clean (text: string) : string =
    let builder = StringBuilder text.Length

    for rune in text.EnumerateRunes() do
        builder.Append(if isAllowed rune then rune.ToString() else "\uFFFD") |> ignore

    builder.ToString()

/// For the inside of an element, and of a quoted attribute.
let escape (text: string) : string =
    (clean text)
        .Replace("&", "&amp;")
        .Replace("<", "&lt;")
        .Replace(">", "&gt;")
        .Replace("\"", "&quot;")
        .Replace("'", "&#39;")

/// JSON for the inside of a script element: nothing in it can end the element.
let script (json: string) : string =
    json.Replace("<", "\\u003c").Replace(">", "\\u003e").Replace("&", "\\u0026")

/// With so many digits after the point.
let number (digits: int) (value: float) : string =
    value.ToString("F" + string digits, CultureInfo.InvariantCulture)

/// An argument as a POSIX shell takes it.
let quoted (argument: string) : string =
    let isPlain letter = Char.IsAsciiLetterOrDigit letter || "-_./+:@%,=".Contains letter

    if argument <> "" && argument |> String.forall isPlain then
        argument
    else
        "'" + argument.Replace("'", "'\\''") + "'"
