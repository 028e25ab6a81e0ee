module Tikv.Core.Tests.Words.GoDurationTests

open System
open NUnit.Framework
open Tikv.Tests
open Tikv.Core

[<Property>]
let ``a duration that is printed and parsed is the same duration`` (ticks: int64) (scale: byte) =
    // Go's longest is a hundredth of a TimeSpan's.
    let span = TimeSpan.FromTicks(ticks * (1L <<< int scale % 40) % 92_233_720_368_547_758L)
    GoDuration.parse (GoDuration.print span) = Ok span

[<TestCase("0", 0L, "0s")>]
[<TestCase("-0", 0L, "0s")>]
[<TestCase("1h30m", 54_000_000_000L, "1h30m0s")>]
[<TestCase("1.5h", 54_000_000_000L, "1h30m0s")>]
[<TestCase("100ms", 1_000_000L, "100ms")>]
[<TestCase("1m0.5s", 605_000_000L, "1m0.5s")>]
[<TestCase("-2m", -1_200_000_000L, "-2m0s")>]
[<TestCase(".5s", 5_000_000L, "500ms")>]
[<TestCase("5.s", 50_000_000L, "5s")>]
[<TestCase("300ns", 3L, "300ns")>]
[<TestCase("250ns", 2L, "200ns")>]
[<TestCase("1us", 10L, "1µs")>]
[<TestCase("1.5µs", 15L, "1.5µs")>]
[<TestCase("1.5μs", 15L, "1.5µs")>]
[<TestCase("72h", 2_592_000_000_000L, "72h0m0s")>]
let ``a duration reads and prints as in Go`` (text: string) (ticks: int64) (printed: string) =
    let span = ok (GoDuration.parse text)
    span.Ticks |> shouldBe ticks
    GoDuration.print span |> shouldBe printed

[<TestCase "">]
[<TestCase "-">]
[<TestCase "1">]
[<TestCase "s">]
[<TestCase ".s">]
[<TestCase "1d">]
[<TestCase "1h 30m">]
[<TestCase "1h-30m">]
[<TestCase "PT1H">]
[<TestCase "1.2.3s">]
let ``what is not a duration is refused with its text and with what is allowed`` (text: string) =
    GoDuration.parse text
    |> error
    |> shouldBe
        $"\"%s{text}\" is not a duration: it must be numbers with units, such as 1h30m, 1.5h or 100ms; units are ns, us, ms, s, m and h"

[<Test>]
let ``a duration that Go could not hold is refused`` () =
    GoDuration.parse "3000000h"
    |> error
    |> shouldBe "\"3000000h\" is too long a duration: it must be below 292 years"

[<Test>]
let ``the least TimeSpan prints`` () =
    GoDuration.print TimeSpan.MinValue |> shouldBe "-256204778h48m5.4775807s"
