module Tikv.Core.Tests.Words.HashTests

open System.Text
open NUnit.Framework
open Tikv.Tests
open Tikv.Core

[<TestCase("", 0xcbf29ce484222325UL)>]
[<TestCase("a", 0xaf63dc4c8601ec8cUL)>]
[<TestCase("foobar", 0x85944171f73967e8UL)>]
let ``bytes hash to the published values of FNV-1a`` (text: string) (expected: uint64) =
    Hash.ofBytes (Encoding.UTF8.GetBytes text) |> shouldBe expected

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a fingerprint does not depend on the order of keys`` (tree: Json) =
    Hash.ofJson tree = Hash.ofJson (Trees.reversed tree)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``trees that differ have other fingerprints`` (one: Json) (other: Json) =
    (one = other) = (Hash.ofJson one = Hash.ofJson other)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a fingerprint can stand in a label and in a name`` (tree: Json) =
    let fingerprint = Hash.ofJson tree
    fingerprint.Length = 10 && Names.label "revision" fingerprint = Ok fingerprint

[<Test>]
let ``a fingerprint never changes from release to release`` () =
    Hash.ofJson (json """{"spec":{"version":"v8.5.0","replicas":3},"name":"basic"}""")
    |> shouldBe "hwcpxtbm4c"
