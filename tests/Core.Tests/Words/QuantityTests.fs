module Tikv.Core.Tests.Words.QuantityTests

open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Tikv.Tests
open Tikv.Core

let private quantity text = ok (Quantity.parse text)

type Quantities =
    static member Quantity() : Arbitrary<Quantity> =
        let written =
            gen {
                let! sign = Gen.elements [ ""; "-"; "+" ]
                let! whole = Gen.choose (0, 4096)
                let! fraction = Gen.elements [ ""; "."; ".5"; ".125"; ".0000000001" ]

                let! suffix =
                    Gen.elements [
                        "n"
                        "u"
                        "m"
                        ""
                        "k"
                        "M"
                        "G"
                        "P"
                        "E"
                        "Ki"
                        "Mi"
                        "Gi"
                        "Ei"
                        "e3"
                        "E-2"
                        "e+6"
                    ]

                return quantity $"%s{sign}%d{whole}%s{fraction}%s{suffix}"
            }

        let simpler amount =
            [ "0"; "1"; "1500m"; "1Ki" ]
            |> Seq.filter (fun text -> text.Length < (Quantity.text amount).Length)
            |> Seq.map quantity

        Arb.fromGenShrink (written, simpler)

[<Property(Arbitrary = [| typeof<Quantities> |])>]
let ``the canonical text of a quantity has its value, and is its own canonical text`` (amount: Quantity) =
    let canonical = Quantity.canonical amount
    // Digits alone are read as decimal, also where they were printed of a binary amount: 1562.5Ki, 1600000, 1600k.
    let isWhole =
        canonical
        |> Seq.forall (fun char -> char = '-' || System.Char.IsAsciiDigit char)

    let again = quantity canonical
    again = amount && (isWhole || Quantity.canonical again = canonical)

[<Property(Arbitrary = [| typeof<Quantities> |])>]
let ``adding a positive quantity makes a greater one`` (one: Quantity) (other: Quantity) =
    let sum = Quantity.add one other
    // 9 Ei and more is capped at 2^63-1.
    let large amount = abs (Quantity.value amount) > 2_000_000_000_000_000_000L

    large one
    || large other
    || sign (Quantity.compare sum one) = sign (Quantity.compare other Quantity.zero)
       && sum = Quantity.add other one

[<Property(Arbitrary = [| typeof<Quantities> |])>]
let ``quantities are ordered as their values are`` (one: Quantity) (other: Quantity) =
    let order = Quantity.compare one other

    sign order = -sign(Quantity.compare other one)
    && (order = 0) = (one = other)
    && (order > 0 || Quantity.value one <= Quantity.value other)
    && (one <> other || hash one = hash other)

[<TestCase("0", 0L, "0")>]
[<TestCase("100Gi", 107374182400L, "100Gi")>]
[<TestCase("1.5Gi", 1610612736L, "1536Mi")>]
[<TestCase("1.5", 2L, "1500m")>]
[<TestCase("500m", 1L, "500m")>]
[<TestCase("-1.5", -2L, "-1500m")>]
[<TestCase("1024Mi", 1073741824L, "1Gi")>]
[<TestCase("0.5Ki", 512L, "512")>]
[<TestCase("-1562.5Ki", -1600000L, "-1600000")>]
[<TestCase("1000", 1000L, "1k")>]
[<TestCase("1E", 1000000000000000000L, "1E")>]
[<TestCase("1e3", 1000L, "1e3")>]
[<TestCase("12E2", 1200L, "1200")>]
[<TestCase(".5", 1L, "500m")>]
[<TestCase("5.", 5L, "5")>]
[<TestCase("+7", 7L, "7")>]
[<TestCase("0.1n", 1L, "1n")>]
[<TestCase("9Ei", 9223372036854775807L, "9223372036854775807")>]
[<TestCase("1e1000000000000", 9223372036854775807L, "9223372036854775807")>]
[<TestCase("1e-1000000000000", 1L, "1e-9")>]
let ``a quantity is exact, rounded up to whole units, and has one canonical text``
    (text: string)
    (value: int64)
    (canonical: string)
    =
    Quantity.value (quantity text) |> shouldBe value
    Quantity.canonical (quantity text) |> shouldBe canonical
    Quantity.text (quantity text) |> shouldBe text

[<TestCase "">]
[<TestCase "-">]
[<TestCase ".">]
[<TestCase "Gi">]
[<TestCase "1 Gi">]
[<TestCase "1GB">]
[<TestCase "1K">]
[<TestCase "1e">]
[<TestCase "1e+">]
[<TestCase "1.2.3">]
[<TestCase "ten">]
[<TestCase "1\u0663">]
let ``what is not a quantity is refused with its text and with what is allowed`` (text: string) =
    Quantity.parse text
    |> error
    |> shouldBe
        $"\"%s{text}\" is not a quantity: it must be a decimal number with an optional suffix: n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent such as e3"

[<Test>]
let ``a quantity of a thousand digits is refused`` () =
    Quantity.parse (String.replicate 1000 "9")
    |> error
    |> shouldBe "a quantity has at most 128 characters, not 1000"

[<Test>]
let ``a sum keeps the format of its first part, unless that is zero`` () =
    let sum one other = Quantity.text (Quantity.add (quantity one) (quantity other))
    sum "1Gi" "512Mi" |> shouldBe "1536Mi"
    sum "1k" "24" |> shouldBe "1024"
    sum "0" "1Ki" |> shouldBe "1Ki"
    sum "9Ei" "9Ei" |> shouldBe "9223372036854775807"
    Quantity.text (Quantity.bytes 1048576L) |> shouldBe "1Mi"

[<Test>]
let ``thousandths of a core are rounded up`` () =
    Quantity.milli (quantity "0.1001") |> shouldBe 101L
    Quantity.milli (quantity "2") |> shouldBe 2000L
