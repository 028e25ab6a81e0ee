module Tikv.Core.Tests.Words.MergePatchTests

open NUnit.Framework
open Tikv.Tests
open Tikv.Core

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``the patch from one tree to another makes the one into the other`` (before: Json) (after: Json) =
    let after = Trees.withoutNulls after

    match MergePatch.diff before after with
    | None -> before = after
    | Some patch -> before <> after && MergePatch.apply patch before = after

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a patch that has been applied changes nothing when applied again`` (patch: Json) (target: Json) =
    let patched = MergePatch.apply patch target
    MergePatch.apply patch patched = patched

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``there is no patch between equal trees`` (tree: Json) = MergePatch.diff tree (Trees.reversed tree) = None

/// The examples of RFC 7386, appendix A.
[<TestCase("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")>]
[<TestCase("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")>]
[<TestCase("""{"a":"b"}""", """{"a":null}""", """{}""")>]
[<TestCase("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")>]
[<TestCase("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")>]
[<TestCase("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")>]
[<TestCase("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")>]
[<TestCase("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")>]
[<TestCase("""["a","b"]""", """["c","d"]""", """["c","d"]""")>]
[<TestCase("""{"a":"b"}""", """["c"]""", """["c"]""")>]
[<TestCase("""{"a":"foo"}""", "null", "null")>]
[<TestCase("""{"a":"foo"}""", "\"bar\"", "\"bar\"")>]
[<TestCase("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")>]
[<TestCase("""[1,2]""", """{"a":"b","c":null}""", """{"a":"b"}""")>]
[<TestCase("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")>]
let ``merge patches do as the examples of their RFC`` (target: string) (patch: string) (result: string) =
    MergePatch.apply (json patch) (json target) |> shouldBe (json result)

[<Test>]
let ``a patch says only what differs`` () =
    MergePatch.diff
        (json """{"a":1,"b":{"c":2,"d":3},"e":[1],"f":{"g":1}}""")
        (json """{"b":{"d":4,"c":2},"e":[1,2],"f":{"g":1},"h":{}}""")
    |> Option.map Json.print
    |> shouldBe (Some """{"b":{"d":4},"e":[1,2],"h":{},"a":null}""")

[<Test>]
let ``a null that would be new is no difference`` () =
    MergePatch.diff (json "{}") (json """{"a":null}""") |> shouldBe None
