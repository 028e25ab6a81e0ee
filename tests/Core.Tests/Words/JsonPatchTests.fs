module Tikv.Core.Tests.Words.JsonPatchTests

open NUnit.Framework
open Tikv.Tests
open Tikv.Core

let private patch operations target = JsonPatch.apply (json operations) (json target)

/// The examples of RFC 6902, appendix A, and of RFC 6901.
[<TestCase("""{"foo":"bar"}""",
           """[{"op":"add","path":"/baz","value":"qux"}]""",
           """{"foo":"bar","baz":"qux"}""")>]
[<TestCase("""{"foo":[1,3]}""", """[{"op":"add","path":"/foo/1","value":2}]""", """{"foo":[1,2,3]}""")>]
[<TestCase("""{"foo":[1]}""", """[{"op":"add","path":"/foo/1","value":2}]""", """{"foo":[1,2]}""")>]
[<TestCase("""{"foo":[1]}""", """[{"op":"add","path":"/foo/-","value":[2]}]""", """{"foo":[1,[2]]}""")>]
[<TestCase("""{"foo":1}""", """[{"op":"add","path":"/foo","value":null}]""", """{"foo":null}""")>]
[<TestCase("""{"foo":1}""", """[{"op":"add","path":"","value":[2]}]""", """[2]""")>]
[<TestCase("""{"baz":"qux","foo":"bar"}""", """[{"op":"remove","path":"/baz"}]""", """{"foo":"bar"}""")>]
[<TestCase("""{"foo":[1,2,3]}""", """[{"op":"remove","path":"/foo/1"}]""", """{"foo":[1,3]}""")>]
[<TestCase("""{"a":1,"b":2}""", """[{"op":"replace","path":"/a","value":3}]""", """{"a":3,"b":2}""")>]
[<TestCase("""{"a":[1,[2]]}""", """[{"op":"replace","path":"/a/1/0","value":3}]""", """{"a":[1,[3]]}""")>]
[<TestCase("""{"foo":{"bar":"baz","w":1},"qux":{"c":2}}""",
           """[{"op":"move","from":"/foo/w","path":"/qux/t"}]""",
           """{"foo":{"bar":"baz"},"qux":{"c":2,"t":1}}""")>]
[<TestCase("""{"foo":[1,2,3,4]}""",
           """[{"op":"move","from":"/foo/1","path":"/foo/3"}]""",
           """{"foo":[1,3,4,2]}""")>]
[<TestCase("""{"a":{"b":1}}""",
           """[{"op":"copy","from":"/a","path":"/a/c"}]""",
           """{"a":{"b":1,"c":{"b":1}}}""")>]
[<TestCase("""{"baz":["a",2]}""",
           """[{"op":"test","path":"/baz/1","value":2},{"op":"test","path":"","value":{"baz":["a",2]}}]""",
           """{"baz":["a",2]}""")>]
[<TestCase("""{"a/b":{"m~n":1,"":2}}""",
           """[{"op":"remove","path":"/a~1b/m~0n"},{"op":"replace","path":"/a~1b/","value":3}]""",
           """{"a/b":{"":3}}""")>]
[<TestCase("""{"~1":1}""", """[{"op":"test","path":"/~01","value":1}]""", """{"~1":1}""")>]
let ``JSON patches do as the examples of their RFC`` (target: string) (operations: string) (result: string) =
    patch operations target |> ok |> shouldBe (json result)

[<TestCase("""[{"op":"remove","path":"/x"}]""", "operation 0 (remove \"/x\"): there is no member \"x\"")>]
[<TestCase("""[{"op":"test","path":"/a","value":1},{"op":"replace","path":"/b/2","value":1}]""",
           "operation 1 (replace \"/b/2\"): the index 2 is above 1, the last that is allowed")>]
[<TestCase("""[{"op":"add","path":"/b/3","value":1}]""",
           "operation 0 (add \"/b/3\"): the index 3 is above 2, the last that is allowed")>]
[<TestCase("""[{"op":"add","path":"/b/01","value":1}]""",
           "operation 0 (add \"/b/01\"): \"01\" is not an index of an array")>]
[<TestCase("""[{"op":"remove","path":"/b/-"}]""",
           "operation 0 (remove \"/b/-\"): \"-\" is not an index of an array")>]
[<TestCase("""[{"op":"remove","path":"/e/0"}]""", "operation 0 (remove \"/e/0\"): the array is empty")>]
[<TestCase("""[{"op":"add","path":"/x/y","value":1}]""",
           "operation 0 (add \"/x/y\"): there is no member \"x\"")>]
[<TestCase("""[{"op":"add","path":"/a/y","value":1}]""",
           "operation 0 (add \"/a/y\"): \"y\" cannot be added to a value that is neither object nor array")>]
[<TestCase("""[{"op":"test","path":"/a","value":2}]""", "operation 0 (test \"/a\"): expected 2, found 1")>]
[<TestCase("""[{"op":"move","from":"/c","path":"/c/d"}]""",
           "operation 0 (move \"/c/d\"): a value cannot be moved into itself")>]
[<TestCase("""[{"op":"copy","path":"/c"}]""", "operation 0 (copy \"/c\"): the operation has no \"from\"")>]
[<TestCase("""[{"op":"add","path":"/c"}]""", "operation 0 (add \"/c\"): the operation has no \"value\"")>]
[<TestCase("""[{"op":"merge","path":"/c"}]""", "operation 0 (merge \"/c\"): there is no operation \"merge\"")>]
[<TestCase("""[1]""", "operation 0 (? \"?\"): the operation has no \"op\"")>]
[<TestCase("""[{"op":"remove","path":"a"}]""",
           "operation 0 (remove \"a\"): a JSON pointer begins with \"/\", not as \"a\"")>]
[<TestCase("""[{"op":"remove","path":"/~2"}]""",
           "operation 0 (remove \"/~2\"): in a JSON pointer \"~\" stands before 0 or 1 only, not as in \"~2\"")>]
[<TestCase("""{}""", "a JSON patch is an array of operations")>]
let ``an error names the operation, its path and what is wrong`` (operations: string) (problem: string) =
    patch operations """{"a":1,"b":[1,2],"c":{},"e":[]}"""
    |> error
    |> shouldBe problem

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``what is added is found by test, and removing it restores the object`` (tree: Json) (value: Json) =
    let target = Json.object [ "tree", tree ]

    let operation name =
        Json.object [ "op", Json.string name; "path", Json.string "/new~0~1"; "value", value ]

    JsonPatch.apply (Json.array [ operation "add"; operation "test"; operation "remove" ]) target = Ok target
