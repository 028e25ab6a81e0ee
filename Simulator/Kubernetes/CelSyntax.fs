namespace Tikv.Simulator.Kubernetes

open System
open System.Globalization
open System.Text

/// An expression of the Common Expression Language, as `x-kubernetes-validations` has it.
[<RequireQualifiedAccess>]
type Cel =
    | Null
    | Bool of bool
    | Number of decimal
    | Text of string
    | ListOf of Cel list
    | Name of string
    | Field of Cel * string
    | Index of Cel * Cel
    | Has of Cel * string
    /// Function or method name, and arguments (the receiver first).
    | Call of string * Cel list
    /// `all`, `exists`, `exists_one`, `map`, `filter`: receiver, variable, body.
    | Comprehension of string * Cel * string * Cel
    | Not of Cel
    | Negate of Cel
    | Binary of string * Cel * Cel
    | Choice of Cel * Cel * Cel

/// Parses the part of CEL that validation rules commonly use; the rest is an error, never a guess.
[<RequireQualifiedAccess>]
module CelSyntax =

    type private Token =
        | Word of string
        | Quoted of string
        | Numeral of decimal
        | Sign of string

    let private signs = [
        "&&"
        "||"
        "=="
        "!="
        "<="
        ">="
        "<"
        ">"
        "!"
        "?"
        ":"
        "("
        ")"
        "["
        "]"
        "."
        ","
        "+"
        "-"
        "*"
        "/"
        "%"
    ]

    let private escape (c: char) =
        match c with
        | 'n' -> '\n'
        | 't' -> '\t'
        | 'r' -> '\r'
        | other -> other

    let private quoted raw (text: string) start =
        let quote = text[start]
        let found = StringBuilder()

        let rec go at =
            if at >= text.Length then
                None
            elif text[at] = quote then
                Some(found.ToString(), at + 1)
            elif text[at] = '\\' && not raw && at + 1 < text.Length then
                found.Append(escape text[at + 1]) |> ignore
                go (at + 2)
            else
                found.Append text[at] |> ignore
                go (at + 1)

        go (start + 1)

    let private isQuote c = c = '"' || c = '\''

    let private tokens (text: string) : Result<Token list, string> =
        let rec go at found =
            if at >= text.Length then
                Ok(List.rev found)
            else
                let c = text[at]

                if Char.IsWhiteSpace c then
                    go (at + 1) found
                elif isQuote c || (c = 'r' && at + 1 < text.Length && isQuote text[at + 1]) then
                    let raw = not (isQuote c)

                    match quoted raw text (if raw then at + 1 else at) with
                    | Some(value, next) -> go next (Quoted value :: found)
                    | None -> Error "a string is not closed"
                elif Char.IsAsciiDigit c then
                    let length =
                        text.Substring at
                        |> Seq.takeWhile (fun c -> Char.IsAsciiDigit c || c = '.')
                        |> Seq.length

                    match
                        Decimal.TryParse(
                            text.AsSpan(at, length),
                            NumberStyles.AllowDecimalPoint,
                            CultureInfo.InvariantCulture
                        )
                    with
                    | true, value -> go (at + length) (Numeral value :: found)
                    | false, _ -> Error $"not a number at %d{at}"
                elif Char.IsAsciiLetter c || c = '_' then
                    let length =
                        text.Substring at
                        |> Seq.takeWhile (fun c -> Char.IsAsciiLetterOrDigit c || c = '_')
                        |> Seq.length

                    go (at + length) (Word(text.Substring(at, length)) :: found)
                else
                    match
                        signs
                        |> List.tryFind (fun sign ->
                            String.CompareOrdinal(text, at, sign, 0, sign.Length) = 0)
                    with
                    | Some sign -> go (at + sign.Length) (Sign sign :: found)
                    | None -> Error $"unexpected '%c{c}'"

        go 0 []

    type private Parsed = Result<struct (Cel * Token list), string>

    let private comprehensions = set [ "all"; "exists"; "exists_one"; "map"; "filter" ]

    let private known =
        set [
            "size"
            "matches"
            "startsWith"
            "endsWith"
            "contains"
            "string"
            "int"
            "double"
            "lowerAscii"
            "upperAscii"
            "trim"
            "isQuantity"
            "quantity"
            "isGreaterThan"
            "isLessThan"
            "compareTo"
            "sum"
            "split"
            "replace"
            "indexOf"
            "substring"
            "isSorted"
            "min"
            "max"
            "join"
            "duration"
            "type"
        ]

    let private levels = [
        [ "||" ]
        [ "&&" ]
        [ "=="; "!="; "<="; ">="; "<"; ">"; "in" ]
        [ "+"; "-" ]
        [ "*"; "/"; "%" ]
    ]

    /// Names that CRD schemas cannot spell otherwise come escaped (`__dot__` and so on).
    let private unescaped (name: string) =
        name
            .Replace("__underscores__", "__")
            .Replace("__dot__", ".")
            .Replace("__dash__", "-")
            .Replace("__slash__", "/")

    let rec private expression tokens : Parsed =
        match binary levels tokens with
        | Ok(struct (condition, Sign "?" :: rest)) ->
            match expression rest with
            | Ok(struct (yes, Sign ":" :: rest)) ->
                expression rest
                |> Result.map (fun struct (no, rest) -> struct (Cel.Choice(condition, yes, no), rest))
            | Ok _ -> Error "expected ':'"
            | Error problem -> Error problem
        | parsed -> parsed

    and private binary (levels: string list list) tokens : Parsed =
        match levels with
        | [] -> unary tokens
        | operators :: tighter ->
            let rec more left tokens =
                let operator =
                    match tokens with
                    | Sign sign :: _ when List.contains sign operators -> Some sign
                    | Word "in" :: _ when List.contains "in" operators -> Some "in"
                    | _ -> None

                match operator with
                | None -> Ok(struct (left, tokens))
                | Some operator ->
                    match binary tighter (List.tail tokens) with
                    | Ok(struct (right, rest)) -> more (Cel.Binary(operator, left, right)) rest
                    | Error problem -> Error problem

            match binary tighter tokens with
            | Ok(struct (left, rest)) -> more left rest
            | Error problem -> Error problem

    and private unary tokens : Parsed =
        match tokens with
        | Sign "!" :: rest ->
            unary rest
            |> Result.map (fun struct (inner, rest) -> struct (Cel.Not inner, rest))
        | Sign "-" :: rest ->
            unary rest
            |> Result.map (fun struct (inner, rest) -> struct (Cel.Negate inner, rest))
        | _ ->
            match primary tokens with
            | Ok(struct (inner, rest)) -> suffixes inner rest
            | Error problem -> Error problem

    and private primary tokens : Parsed =
        match tokens with
        | Numeral value :: rest -> Ok(struct (Cel.Number value, rest))
        | Quoted value :: rest -> Ok(struct (Cel.Text value, rest))
        | Word "true" :: rest -> Ok(struct (Cel.Bool true, rest))
        | Word "false" :: rest -> Ok(struct (Cel.Bool false, rest))
        | Word "null" :: rest -> Ok(struct (Cel.Null, rest))
        | Word "has" :: Sign "(" :: rest ->
            match expression rest with
            | Ok(struct (Cel.Field(inner, name), Sign ")" :: rest)) -> Ok(struct (Cel.Has(inner, name), rest))
            | Ok _ -> Error "has() takes a field"
            | Error problem -> Error problem
        | Word name :: Sign "(" :: rest when known.Contains name ->
            arguments rest
            |> Result.map (fun struct (found, rest) -> struct (Cel.Call(name, found), rest))
        | Word name :: Sign "(" :: _ -> Error $"function '%s{name}' is not supported"
        | Word name :: rest -> Ok(struct (Cel.Name name, rest))
        | Sign "(" :: rest ->
            match expression rest with
            | Ok(struct (inner, Sign ")" :: rest)) -> Ok(struct (inner, rest))
            | Ok _ -> Error "expected ')'"
            | Error problem -> Error problem
        | Sign "[" :: rest ->
            sequence "]" rest
            |> Result.map (fun struct (found, rest) -> struct (Cel.ListOf found, rest))
        | [] -> Error "the expression ends too soon"
        | token :: _ -> Error $"unexpected %A{token}"

    and private suffixes inner tokens : Parsed =
        match tokens with
        | Sign "." :: Word name :: Sign "(" :: rest when comprehensions.Contains name ->
            match rest with
            | Word variable :: Sign "," :: rest ->
                match expression rest with
                | Ok(struct (body, Sign ")" :: rest)) ->
                    suffixes (Cel.Comprehension(name, inner, variable, body)) rest
                | Ok _ -> Error $"%s{name}() takes a variable and an expression"
                | Error problem -> Error problem
            | _ -> Error $"%s{name}() takes a variable and an expression"
        | Sign "." :: Word name :: Sign "(" :: rest when known.Contains name ->
            match arguments rest with
            | Ok(struct (found, rest)) -> suffixes (Cel.Call(name, inner :: found)) rest
            | Error problem -> Error problem
        | Sign "." :: Word name :: Sign "(" :: _ -> Error $"method '%s{name}' is not supported"
        | Sign "." :: Word name :: rest -> suffixes (Cel.Field(inner, unescaped name)) rest
        | Sign "[" :: rest ->
            match expression rest with
            | Ok(struct (index, Sign "]" :: rest)) -> suffixes (Cel.Index(inner, index)) rest
            | Ok _ -> Error "expected ']'"
            | Error problem -> Error problem
        | _ -> Ok(struct (inner, tokens))

    and private arguments tokens = sequence ")" tokens

    and private sequence closing tokens : Result<struct (Cel list * Token list), string> =
        let rec more found tokens =
            match expression tokens with
            | Ok(struct (next, Sign "," :: rest)) -> more (next :: found) rest
            | Ok(struct (next, Sign sign :: rest)) when sign = closing ->
                Ok(struct (List.rev (next :: found), rest))
            | Ok _ -> Error $"expected '%s{closing}'"
            | Error problem -> Error problem

        match tokens with
        | Sign sign :: rest when sign = closing -> Ok(struct ([], rest))
        | _ -> more [] tokens

    let parse (text: string) : Result<Cel, string> =
        match tokens text with
        | Error problem -> Error problem
        | Ok tokens ->
            match expression tokens with
            | Ok(struct (parsed, [])) -> Ok parsed
            | Ok(struct (_, rest)) -> Error $"unexpected %A{List.head rest}"
            | Error problem -> Error problem

    /// Whether the old value is asked for: such rules apply to changes only.
    let rec usesOld cel =
        match cel with
        | Cel.Name name -> name = "oldSelf"
        | Cel.Null
        | Cel.Bool _
        | Cel.Number _
        | Cel.Text _ -> false
        | Cel.Field(inner, _)
        | Cel.Has(inner, _)
        | Cel.Not inner
        | Cel.Negate inner -> usesOld inner
        | Cel.ListOf inner
        | Cel.Call(_, inner) -> List.exists usesOld inner
        | Cel.Index(one, other)
        | Cel.Binary(_, one, other)
        | Cel.Comprehension(_, one, _, other) -> usesOld one || usesOld other
        | Cel.Choice(one, two, three) -> usesOld one || usesOld two || usesOld three
