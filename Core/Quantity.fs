namespace Tikv.Core

open System
open System.Numerics

/// How a quantity was written; sums and canonical text keep to it.
[<RequireQualifiedAccess; Struct>]
type QuantityFormat =
    /// `100Mi`: powers of 1024.
    | BinarySI
    /// `500m`, `2`, `1G`: powers of 1000.
    | DecimalSI
    /// `5e3`: powers of 1000 as an exponent.
    | DecimalExponent

/// An amount of a Kubernetes resource (apimachinery, `resource.Quantity`): exact to a billionth (nano), never a float.
/// Two quantities are equal when their values are, however they are written: `1Gi` = `1024Mi`.
[<CustomEquality; CustomComparison>]
type Quantity = private {
    Nano: BigInteger
    Written: QuantityFormat
    Original: string
} with

    override this.Equals(other: obj) =
        match other with
        | :? Quantity as other -> this.Nano = other.Nano
        | _ -> false

    override this.GetHashCode() = this.Nano.GetHashCode()
    override this.ToString() = this.Original

    interface IComparable with
        member this.CompareTo(other: obj | null) =
            match other with
            | :? Quantity as other -> BigInteger.Compare(this.Nano, other.Nano)
            | _ -> 1

[<RequireQualifiedAccess>]
module Quantity =

    /// Longer texts are refused; with it, every exponent that matters stays below 300.
    let private longest = 128

    let private nano = BigInteger.Pow(10I, 9)

    /// Kubernetes caps values at 2^63-1 units.
    let private largest = BigInteger Int64.MaxValue * nano

    let private binarySuffixes = [ "Ki", 1; "Mi", 2; "Gi", 3; "Ti", 4; "Pi", 5; "Ei", 6 ]

    let private decimalSuffixes = [
        "n", -9
        "u", -6
        "m", -3
        "", 0
        "k", 3
        "M", 6
        "G", 9
        "T", 12
        "P", 15
        "E", 18
    ]

    let private allowed =
        "a decimal number with an optional suffix: n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent such as e3"

    let private isDigit (char: char) = char >= '0' && char <= '9'

    /// The index after the digits that start at `from`.
    let rec private digitsEnd (text: string) from =
        if from < text.Length && isDigit text[from] then digitsEnd text (from + 1) else from

    /// Base, exponent and format that a suffix stands for.
    let private scaleOf (suffix: string) =
        let find = List.tryFind (fun (name: string, _) -> String.Equals(name, suffix))

        match find binarySuffixes, find decimalSuffixes with
        | Some(_, power), _ -> Some(1024I, power, QuantityFormat.BinarySI)
        | None, Some(_, power) -> Some(10I, power, QuantityFormat.DecimalSI)
        | None, None when suffix.Length > 1 && (suffix[0] = 'e' || suffix[0] = 'E') ->
            let signed = suffix[1] = '+' || suffix[1] = '-'
            let digits = suffix.Substring(if signed then 2 else 1)

            if digits = "" || digitsEnd digits 0 < digits.Length then
                None
            else
                // Below 10^-300 everything rounds to 1n, above 10^300 to the largest: `longest` bounds the digits.
                let power =
                    match Int32.TryParse digits with
                    | true, power -> min power 300
                    | false, _ -> 300

                Some(10I, (if suffix[1] = '-' then -power else power), QuantityFormat.DecimalExponent)
        | None, None -> None

    let private awayFromZero (dividend: BigInteger) (divisor: BigInteger) =
        if divisor.IsOne then
            dividend
        else
            let quotient = BigInteger.Divide(dividend, divisor)
            if quotient * divisor = dividend then quotient else quotient + BigInteger(dividend.Sign)

    let private capped value = BigInteger.Min(largest, BigInteger.Max(-largest, value))

    /// Reads what Kubernetes reads; finer than nano is rounded away from zero, beyond 2^63-1 is capped, as there.
    let parse (text: string) : Result<Quantity, string> =
        if text.Length > longest then
            Error $"a quantity has at most %d{longest} characters, not %d{text.Length}"
        else
            let signed = text.Length > 0 && (text[0] = '+' || text[0] = '-')
            let start = if signed then 1 else 0
            let point = digitsEnd text start
            let fractional = point < text.Length && text[point] = '.'
            let fraction = if fractional then point + 1 else point
            let finish = digitsEnd text fraction
            let whole = text.Substring(start, point - start)
            let digits = whole + text.Substring(fraction, finish - fraction)

            match digits, scaleOf (text.Substring finish) with
            | "", _
            | _, None -> Error $"\"%s{text}\" is not a quantity: it must be %s{allowed}"
            | _, Some(root, power, format) ->
                let sign = if signed && text[0] = '-' then -1I else 1I
                let scaled = sign * BigInteger.Parse digits * nano * BigInteger.Pow(root, max power 0)
                let divisor = BigInteger.Pow(10I, finish - fraction) * BigInteger.Pow(root, max -power 0)
                Ok { Nano = capped (awayFromZero scaled divisor); Written = format; Original = text }

    /// In whole units (bytes, cores, pieces), rounded away from zero.
    let value (quantity: Quantity) : int64 = int64 (awayFromZero quantity.Nano nano)

    /// In thousandths, rounded away from zero: the usual measure of CPU. Capped at 2^63-1.
    let milli (quantity: Quantity) : int64 =
        awayFromZero quantity.Nano (BigInteger.Pow(10I, 6))
        |> fun amount ->
            BigInteger.Min(BigInteger Int64.MaxValue, BigInteger.Max(BigInteger Int64.MinValue, amount))
        |> int64

    /// As it was written.
    let text (quantity: Quantity) = quantity.Original

    /// How often `root` divides the amount, at most `most` times, and what is left.
    let rec private reduced (root: BigInteger) most (amount: BigInteger) count =
        if count < most && (amount % root).IsZero then
            reduced root most (amount / root) (count + 1)
        else
            amount, count

    /// The one spelling of a value that Kubernetes prints: `1.5Gi` is `1536Mi`, `0.5` is `500m`.
    let canonical (quantity: Quantity) : string =
        let units, rest = quantity.Nano / nano, quantity.Nano % nano

        let binary =
            quantity.Written = QuantityFormat.BinarySI
            && rest.IsZero
            && BigInteger.Abs units >= 1024I

        if quantity.Nano.IsZero then
            "0"
        elif binary then
            let amount, power = reduced 1024I binarySuffixes.Length units 0

            let suffix =
                binarySuffixes
                |> List.tryFind (fun (_, other) -> other = power)
                |> Option.map fst
                |> Option.defaultValue ""

            $"%O{amount}%s{suffix}"
        else
            let amount, thousands = reduced 1000I 9 quantity.Nano 0
            let power = 3 * thousands - 9

            match quantity.Written with
            | QuantityFormat.DecimalExponent when power = 0 -> $"%O{amount}"
            | QuantityFormat.DecimalExponent -> $"%O{amount}e%d{power}"
            | QuantityFormat.BinarySI
            | QuantityFormat.DecimalSI ->
                let suffix = decimalSuffixes |> List.find (fun (_, other) -> other = power) |> fst
                $"%O{amount}%s{suffix}"

    let private ofNano format amount =
        let quantity = { Nano = capped amount; Written = format; Original = "" }
        { quantity with Original = canonical quantity }

    let zero = ofNano QuantityFormat.DecimalSI 0I

    /// So many bytes, in the binary format.
    let bytes (count: int64) = ofNano QuantityFormat.BinarySI (BigInteger count * nano)

    /// By value: negative, zero or positive, as the first is less than, equal to or greater than the second.
    let compare (one: Quantity) (other: Quantity) = BigInteger.Compare(one.Nano, other.Nano)

    /// The sum, in the format of the first unless that is zero, as Kubernetes has it.
    let add (one: Quantity) (other: Quantity) =
        ofNano (if one.Nano.IsZero then other.Written else one.Written) (one.Nano + other.Nano)
