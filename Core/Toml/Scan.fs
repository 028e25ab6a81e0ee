namespace Tikv.Core

open System
open System.Globalization
open System.Text.RegularExpressions

/// Where a document is not TOML. `Key` is the dotted key being read; empty outside of one.
type internal TomlProblem = { At: int; Key: string list; Message: string }

/// The smallest parts of a document: blanks, strings, keys, numbers. Each function takes the text and an index, and
/// returns what it read with the index after it.
[<RequireQualifiedAccess>]
module internal TomlScan =

    let fail at message = Error { At = at; Key = []; Message = message }

    /// The character at an index; NUL, which TOML never allows, beyond the end.
    let peek (text: string) at = if at < text.Length then text[at] else '\000'

    let private startsWith (text: string) at (part: string) =
        String.CompareOrdinal(text, at, part, 0, part.Length) = 0

    /// What stands at an index, for a message.
    let found (text: string) at =
        if at >= text.Length then "the end"
        elif text[at] = '\n' || text[at] = '\r' then "the end of the line"
        elif Char.IsControl text[at] then $"the control character U+%04X{int text[at]}"
        else $"\"%c{text[at]}\""

    let expected text at what = fail at $"expected %s{what}, found %s{found text at}"

    let rec skipBlanks text at =
        match peek text at with
        | ' '
        | '\t' -> skipBlanks text (at + 1)
        | _ -> at

    /// The length of the line end at an index; 0 when there is none.
    let newline text at =
        match peek text at with
        | '\n' -> 1
        | '\r' when peek text (at + 1) = '\n' -> 2
        | _ -> 0

    let private isForbidden char = (char < ' ' && char <> '\t') || char = '\127'

    let rec private comment (text: string) at =
        if at >= text.Length || newline text at > 0 then Ok at
        elif isForbidden text[at] then expected text at "no control character in a comment"
        else comment text (at + 1)

    /// Blanks and a comment, up to the end of the line, which stays.
    let restOfLine text at =
        let at = skipBlanks text at
        if peek text at = '#' then comment text (at + 1) else Ok at

    /// Blanks, comments and line ends.
    let rec skipLines text at =
        match restOfLine text at with
        | Ok next when newline text next > 0 -> skipLines text (next + newline text next)
        | result -> result

    let private joined pieces = pieces |> List.rev |> String.concat ""

    let private unicode (text: string) at digits =
        let hex = if at + digits <= text.Length then text.Substring(at, digits) else ""

        match
            hex <> "" && Seq.forall Char.IsAsciiHexDigit hex,
            Int32.TryParse(hex, NumberStyles.HexNumber, null)
        with
        | true, (true, code) when code >= 0 && code < 0x110000 && (code < 0xD800 || code > 0xDFFF) ->
            Ok(Char.ConvertFromUtf32 code, at + digits)
        | _ -> fail at $"expected %d{digits} hexadecimal digits of a Unicode character"

    let rec private skipWhitespace text at =
        let next = skipBlanks text at
        if newline text next > 0 then skipWhitespace text (next + newline text next) else next

    /// What a backslash stands for.
    let private escape multiline text at =
        let lineEnd = skipBlanks text (at + 1)

        match peek text (at + 1) with
        | 'b' -> Ok("\b", at + 2)
        | 't' -> Ok("\t", at + 2)
        | 'n' -> Ok("\n", at + 2)
        | 'f' -> Ok("\f", at + 2)
        | 'r' -> Ok("\r", at + 2)
        | '"' -> Ok("\"", at + 2)
        | '\\' -> Ok("\\", at + 2)
        | 'u' -> unicode text (at + 2) 4
        | 'U' -> unicode text (at + 2) 8
        | _ when multiline && newline text lineEnd > 0 -> Ok("", skipWhitespace text lineEnd)
        | _ -> expected text (at + 1) "one of b t n f r \" \\ u U after a backslash"

    let rec private quotes text quote at count =
        if count < 5 && peek text at = quote then quotes text quote (at + 1) (count + 1) else count

    /// The rest of a string, of which `pieces` and the text from `start` to `at` have been read.
    let rec private content (quote: char) multiline (text: string) start at pieces =
        let pending () = text.Substring(start, at - start) :: pieces

        match peek text at with
        | _ when at >= text.Length -> expected text at "the end of the string"
        | char when char = quote && not multiline -> Ok(joined (pending ()), at + 1)
        | char when char = quote ->
            // Up to two quotes may stand before the closing three.
            match quotes text quote at 0 with
            | count when count < 3 -> content quote multiline text start (at + count) pieces
            | count -> Ok(joined (String(quote, count - 3) :: pending ()), at + count)
        | '\\' when quote = '"' ->
            match escape multiline text at with
            | Ok(piece, next) -> content quote multiline text next next (piece :: pending ())
            | Error problem -> Error problem
        | _ when multiline && newline text at > 0 ->
            let next = at + newline text at
            content quote multiline text next next ("\n" :: pending ())
        | char when isForbidden char -> expected text at "the end of the string on its line"
        | _ -> content quote multiline text start (at + 1) pieces

    /// A string in one line, basic or literal.
    let private line text at = content (peek text at) false text (at + 1) (at + 1) []

    let string (text: string) at =
        if startsWith text at "\"\"\"" || startsWith text at "'''" then
            let start = at + 3 + newline text (at + 3)
            content (peek text at) true text start start []
        else
            line text at

    let private isBare char = Char.IsAsciiLetterOrDigit char || char = '-' || char = '_'

    let rec private bareEnd text at = if isBare (peek text at) then bareEnd text (at + 1) else at

    let private name (text: string) at =
        match peek text at with
        | '"'
        | '\'' -> line text at
        | char when isBare char ->
            let finish = bareEnd text at
            Ok(text.Substring(at, finish - at), finish)
        | _ -> expected text at "a key"

    /// Deeper nesting is refused: a key of more parts, arrays and inline tables in more arrays and inline tables.
    let deepest = 64

    let rec private names text at found =
        match name text (skipBlanks text at) with
        | Error problem -> Error problem
        | Ok(part, next) ->
            let next = skipBlanks text next
            let found = part :: found

            if List.length found > deepest then fail at $"a key has at most %d{deepest} parts"
            elif peek text next = '.' then names text (next + 1) found
            else Ok(List.rev found, next)

    /// A dotted key, and the blanks after it.
    let key text at = names text at []

    let private isWord char = isBare char || char = '+' || char = '.' || char = ':'

    let rec private wordEnd text at = if isWord (peek text at) then wordEnd text (at + 1) else at

    let private integer = Regex "^[+-]?(0|[1-9](_?[0-9])*)$"
    let private radix = Regex "^0(x[0-9a-fA-F](_?[0-9a-fA-F])*|o[0-7](_?[0-7])*|b[01](_?[01])*)$"

    let private float = Regex @"^[+-]?(0|[1-9](_?[0-9])*)(\.[0-9](_?[0-9])*)?([eE][+-]?[0-9](_?[0-9])*)?$"

    let private time = @"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
    let private offset = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
    let private date = Regex "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    let private dateTime = Regex $"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ]%s{time}%s{offset}?$"
    let private localTime = Regex $"^%s{time}$"

    let private isDate (text: string) = DateOnly.TryParseExact(text.Substring(0, 10), "yyyy-MM-dd") |> fst

    let private ofRadix (word: string) =
        let root =
            if word[1] = 'x' then 16I
            elif word[1] = 'o' then 8I
            else 2I

        word.Substring(2).Replace("_", "")
        |> Seq.fold
            (fun total digit -> total * root + bigint (Convert.ToInt32(Operators.string digit, 16)))
            0I

    let private scalarOf (word: string) =
        let plain = word.Replace("_", "")

        match word with
        | "true" -> Some(TomlValue.Bool true)
        | "false" -> Some(TomlValue.Bool false)
        | "inf"
        | "+inf" -> Some(TomlValue.Float Double.PositiveInfinity)
        | "-inf" -> Some(TomlValue.Float Double.NegativeInfinity)
        | "nan"
        | "+nan"
        | "-nan" -> Some(TomlValue.Float Double.NaN)
        | _ when integer.IsMatch word ->
            match Int64.TryParse(plain, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
            | true, value -> Some(TomlValue.Integer value)
            | false, _ -> None
        | _ when radix.IsMatch word ->
            match ofRadix word with
            | value when value <= bigint Int64.MaxValue -> Some(TomlValue.Integer(int64 value))
            | _ -> None
        | _ when float.IsMatch word ->
            Some(TomlValue.Float(Double.Parse(plain, NumberStyles.Float, CultureInfo.InvariantCulture)))
        | _ when (date.IsMatch word || dateTime.IsMatch word) && isDate word -> Some(TomlValue.DateTime word)
        | _ when localTime.IsMatch word -> Some(TomlValue.DateTime word)
        | _ -> None

    /// A number, a boolean, a date or a time.
    let scalar (text: string) at =
        let wordFinish = wordEnd text at

        let finish =
            // A blank may stand between a date and a time.
            if
                peek text wordFinish = ' '
                && Char.IsAsciiDigit(peek text (wordFinish + 1))
                && date.IsMatch(text.Substring(at, wordFinish - at))
            then
                wordEnd text (wordFinish + 1)
            else
                wordFinish

        let word = text.Substring(at, finish - at)

        match scalarOf word with
        | Some value -> Ok(value, finish)
        | None when word = "" -> expected text at "a value"
        | None when integer.IsMatch word || radix.IsMatch word ->
            fail at $"expected an integer of 64 bits, found %s{word}"
        | None ->
            fail
                at
                $"expected a value (a string stands in quotes; else a number, true, false, a date, an array or a table), found %s{word}"
