module Tikv.Core.Tests.Words.YamlTests

open NUnit.Framework
open Tikv.Core

[<Test>]
let ``an object prints as kubectl would write it`` () =
    json
        """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"basic","labels":{},"finalizers":[]},
            "data":{"config.toml":"a = 1\n\n[b]\n  c = 2\n","line":"no end\nof line","kept":"x\n\n","first":"\n  x"},
            "list":[{"a":1,"b":[true,null]},[1,[2,{}]],"text","two\nlines"],"id":18446744073709551615}"""
    |> Yaml.print
    |> shouldBe
        """apiVersion: v1
kind: ConfigMap
metadata:
  name: basic
  labels: {}
  finalizers: []
data:
  config.toml: |
    a = 1

    [b]
      c = 2
  line: |-
    no end
    of line
  kept: |+
    x

  first: |2-

      x
list:
- a: 1
  b:
  - true
  - null
- - 1
  - - 2
    - {}
- text
- |-
  two
  lines
id: 18446744073709551615
"""

[<TestCase "basic-pd-0">]
[<TestCase "pingcap/tikv:v8.5.0">]
[<TestCase "100Gi">]
[<TestCase "a sentence, with (some) marks; and more.">]
[<TestCase "--addr=0.0.0.0:20160">]
[<TestCase "/var/lib/tikv">]
[<TestCase "v1.2">]
[<TestCase "1h30m">]
let ``a string that can only be a string stands without quotes`` (text: string) =
    Yaml.print (Json.string text) |> shouldBe (text + "\n")

[<TestCase "">]
[<TestCase "~">]
[<TestCase "null">]
[<TestCase "True">]
[<TestCase "NO">]
[<TestCase "on">]
[<TestCase "y">]
[<TestCase "8">]
[<TestCase "8.5">]
[<TestCase "-1">]
[<TestCase "+.5">]
[<TestCase "1e3">]
[<TestCase "0x1F">]
[<TestCase "0o17">]
[<TestCase "017">]
[<TestCase "1_000">]
[<TestCase "12:30:45">]
[<TestCase "2001-01-01">]
[<TestCase "2001-01-01T00:00:00Z">]
[<TestCase ".inf">]
[<TestCase "-.INF">]
[<TestCase ".NaN">]
[<TestCase "=">]
[<TestCase "<<">]
[<TestCase "-">]
[<TestCase "- a">]
[<TestCase "---">]
[<TestCase "--- a">]
[<TestCase "...">]
[<TestCase "a: b">]
[<TestCase "a:">]
[<TestCase ":a">]
[<TestCase "a #b">]
[<TestCase "#a">]
[<TestCase " a">]
[<TestCase "a ">]
[<TestCase "*a">]
[<TestCase "&a">]
[<TestCase "!a">]
[<TestCase "@a">]
[<TestCase "%a">]
[<TestCase "'a'">]
[<TestCase "{a}">]
[<TestCase "[a]">]
[<TestCase "a, [b]">]
[<TestCase "\u0663">]
let ``a string that YAML could take for something else stands in quotes`` (text: string) =
    Yaml.print (Json.string text) |> shouldBe $"\"%s{text}\"\n"
    Yaml.print (Json.object [ text, Json.Null ]) |> shouldBe $"\"%s{text}\": null\n"

[<Test>]
let ``what cannot be seen is escaped`` () =
    Yaml.print (Json.string "tab\t\"\\\r\u0001\u0085\u2028\uFEFF é😀")
    |> shouldBe "\"tab\\t\\\"\\\\\\r\\u0001\\u0085\\u2028\\uFEFF é😀\"\n"

    Yaml.print (Json.string "two\r\nlines") |> shouldBe "\"two\\r\\nlines\"\n"
    Yaml.print (Json.string "\n\n") |> shouldBe "\"\\n\\n\"\n"

[<Test>]
let ``several documents are separated`` () =
    Yaml.printAll [ json "{\"a\":1}"; json "{\"b\":2}" ]
    |> shouldBe "a: 1\n---\nb: 2\n"
