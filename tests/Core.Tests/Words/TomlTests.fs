module Tikv.Core.Tests.Words.TomlTests

open System
open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Tikv.Tests
open Tikv.Core

let private toml text = ok (Toml.parse text)

/// Documents of every shape, without NaN, which equals nothing.
type Documents =
    static member Document() : Arbitrary<TomlValue> =
        let name = Gen.elements [ "a"; "b"; "data-dir"; "with.dot"; ""; "ä \"q\"" ]

        let floats = [ 0.0; -0.0; 1.0; 0.1; 1e300; -2.5e-9; Double.PositiveInfinity; Double.NegativeInfinity ]
        let moments = [ "1979-05-27"; "07:32:00"; "1979-05-27T07:32:00.5Z"; "1979-05-27 07:32:00-07:00" ]

        let scalar =
            Gen.oneof [
                Trees.text |> Gen.map TomlValue.String
                Gen.elements [ 0L; -1L; Int64.MaxValue; Int64.MinValue ]
                |> Gen.map TomlValue.Integer
                Gen.elements floats |> Gen.map TomlValue.Float
                Gen.elements [ TomlValue.Bool true; TomlValue.Bool false ]
                Gen.elements moments |> Gen.map TomlValue.DateTime
            ]

        let rec value size =
            if size <= 1 then
                scalar
            else
                Gen.frequency [
                    2, scalar
                    1, Gen.listOf (value (size / 4)) |> Gen.resize 3 |> Gen.map TomlValue.Array
                    1, Gen.listOf (table (size / 4)) |> Gen.resize 3 |> Gen.map TomlValue.Array
                    2, table (size / 3)
                ]

        and table size =
            Gen.zip name (value size)
            |> Gen.listOf
            |> Gen.resize 5
            |> Gen.map (List.distinctBy fst >> TomlValue.Table)

        let smaller document =
            match document with
            | TomlValue.Table members ->
                seq {
                    for index in 0 .. members.Length - 1 do
                        yield TomlValue.Table(List.removeAt index members)

                        match snd members[index] with
                        | TomlValue.Table _ as inner -> yield inner
                        | TomlValue.Array(_ :: rest) ->
                            yield
                                TomlValue.Table(
                                    List.updateAt index (fst members[index], TomlValue.Array rest) members
                                )
                        | _ -> ()
                }
            | _ -> Seq.empty

        Arb.fromGenShrink (Gen.sized table, smaller)

[<Property(Arbitrary = [| typeof<Documents> |])>]
let ``a document that is printed and read is the same document`` (document: TomlValue) =
    let printed = Toml.print document
    let again = toml printed
    Toml.canonical again = Toml.canonical document && Toml.print again = printed

[<Property(Arbitrary = [| typeof<Documents> |])>]
let ``what is set is found, and removing it leaves nothing there`` (document: TomlValue) (value: int64) =
    let path = [ "a"; "with.dot"; "b" ]
    let changed = Toml.set path (TomlValue.Integer value) document

    Toml.tryFind path changed = Some(TomlValue.Integer value)
    && Toml.tryFind path (Toml.remove path changed) = None
    && Toml.print (toml (Toml.print changed)) = Toml.print changed

/// Texts of pieces of TOML, most of which are no documents.
type Jumbles =
    static member Pieces() : Arbitrary<string list> =
        let pieces = [
            "a"
            "b"
            "."
            " "
            "="
            "["
            "]"
            "[a]"
            "\n[[b]]\n"
            "{"
            "}"
            ","
            "\n"
            "\r\n"
            "\r"
            "\""
            "'"
            "\"\"\""
            "\\"
            "\\u00"
            "#"
            "1"
            "-"
            "1979-05-27"
            "07:32:00"
            "\nb = 1\n"
            "\na.b = 2\n"
            "\000"
            "\uD800"
        ]

        Arb.fromGenShrink (
            Gen.listOf (Gen.elements pieces),
            fun chosen -> seq { for index in 0 .. chosen.Length - 1 -> List.removeAt index chosen }
        )

[<Property(Arbitrary = [| typeof<Jumbles> |], MaxTest = 2_000)>]
let ``any text is read or refused with the line`` (pieces: string list) =
    match Toml.parse (String.concat "" pieces) with
    | Ok document -> Toml.canonical (toml (Toml.print document)) = Toml.canonical document
    | Error problem -> problem.StartsWith "line "

let private configuration =
    """# TiKV
log-level = "info"   # a comment
[server]
grpc-concurrency = 5_0
labels = { zone = "a", "host name" = 'n\1' }
[storage.block-cache]
capacity = "1GB"
ratio = 1e-1
[storage]
reserve-space = 0x1F
flags.a.b = true
flags.a.c = [ 1, # one
  2,
]
[[rules]]
id = 1
[rules.match]
prefix = "x"
[[rules]]
id = 2
"""

[<Test>]
let ``a configuration prints in one spelling`` () =
    toml configuration
    |> Toml.print
    |> shouldBe
        "log-level = \"info\"

[server]
grpc-concurrency = 50

[server.labels]
zone = \"a\"
\"host name\" = \"n\\\\1\"

[storage]
reserve-space = 31

[storage.block-cache]
capacity = \"1GB\"
ratio = 0.1

[storage.flags.a]
b = true
c = [1, 2]

[[rules]]
id = 1

[rules.match]
prefix = \"x\"

[[rules]]
id = 2
"

[<Test>]
let ``line ends of Windows make no difference`` () =
    toml (configuration.Replace("\n", "\r\n")) |> shouldBe (toml configuration)

[<TestCase("\"\\u00e9\\U0001F600\\t\\\"\"", "é😀\t\"")>]
[<TestCase("'C:\\x'", "C:\\x")>]
[<TestCase("\"\"", "")>]
[<TestCase("\"\"\"\"\"\"", "")>]
[<TestCase("\"\"\"\na\n  \"\"b\"\"\"\"\"", "a\n  \"\"b\"\"")>]
[<TestCase("\"\"\"a \\\n\n   b\"\"\"", "a b")>]
[<TestCase("'''\n'a'\\\n'''", "'a'\\\n")>]
let ``a string reads as TOML says`` (text: string) (expected: string) =
    toml $"key = %s{text}"
    |> shouldBe (TomlValue.Table [ "key", TomlValue.String expected ])

[<TestCase("+99", 99L)>]
[<TestCase("-0", 0L)>]
[<TestCase("0xdead_beef", 0xdeadbeefL)>]
[<TestCase("0o755", 493L)>]
[<TestCase("0b11", 3L)>]
[<TestCase("-9223372036854775808", Int64.MinValue)>]
let ``an integer reads as TOML says`` (text: string) (expected: int64) =
    toml $"key = %s{text}"
    |> shouldBe (TomlValue.Table [ "key", TomlValue.Integer expected ])

[<TestCase "1979-05-27T07:32:00Z">]
[<TestCase "1979-05-27 07:32:00.999-07:00">]
[<TestCase "1979-05-27">]
[<TestCase "07:32:00">]
let ``a date keeps its text`` (text: string) =
    toml $"key = %s{text} # then"
    |> shouldBe (TomlValue.Table [ "key", TomlValue.DateTime text ])

[<TestCase("a = 1\na = 2", "line 2, key a: it is set twice")>]
[<TestCase("[x]\nb.c = 1\nb.c = 2", "line 3, key x.b.c: it is set twice")>]
[<TestCase("[x]\n[x]", "line 2, key x: the table has two headers")>]
[<TestCase("a = 1\n[a]", "line 2, key a: it has a value already")>]
[<TestCase("a = {}\n[a.b]", "line 2, key a.b: a has a value already, to which nothing can be added")>]
[<TestCase("a = []\n[[a]]", "line 2, key a: it has a value already, to which nothing can be added")>]
[<TestCase("[[a]]\n[a]", "line 2, key a: it is an array of tables, whose headers are written [[...]]")>]
[<TestCase("[a.b]\n[[a]]", "line 2, key a: it is a table already, not an array of tables")>]
[<TestCase("[a]\nb.c = 1\n[a.b]", "line 3, key a.b: dotted keys have made this table already")>]
[<TestCase("[a.b.c]\n[a]\nb.d = 1",
           "line 3, key a.b.d: the table b has a header elsewhere, and takes its keys there")>]
[<TestCase("a = {b = 1, b = 2}", "line 1, key a.b: it is set twice")>]
[<TestCase("a", "line 1, key a: expected \"=\" after a key, found the end")>]
[<TestCase("\n= 1", "line 2: expected a key, found \"=\"")>]
[<TestCase("a = ", "line 1, key a: expected a value, found the end")>]
[<TestCase("a = 1 b = 2", "line 1: expected the end of the line, found \"b\"")>]
[<TestCase("a = \"x\nb = 1",
           "line 1, key a: expected the end of the string on its line, found the end of the line")>]
[<TestCase("a = \"\"\"x\n\n", "line 3, key a: expected the end of the string, found the end")>]
[<TestCase("a = \"\\q\"", "line 1, key a: expected one of b t n f r \" \\ u U after a backslash, found \"q\"")>]
[<TestCase("a = \"\\ud800\"", "line 1, key a: expected 4 hexadecimal digits of a Unicode character")>]
[<TestCase("[a\nb = 1", "line 1, key a: expected \"]\" after the name of a table, found the end of the line")>]
[<TestCase("[x]\na = [1 2]", "line 2, key x.a: expected \",\" or \"]\" in an array, found \"2\"")>]
[<TestCase("a = {b = 1,\n}", "line 1, key a: expected a key, found the end of the line")>]
[<TestCase("a = 9223372036854775808",
           "line 1, key a: expected an integer of 64 bits, found 9223372036854775808")>]
[<TestCase("# \u0001",
           "line 1: expected no control character in a comment, found the control character U+0001")>]
let ``an error names the line, the key and what was expected`` (text: string) (problem: string) =
    Toml.parse text |> error |> shouldBe problem

[<TestCase "01">]
[<TestCase "1_">]
[<TestCase "1__0">]
[<TestCase "+0x1">]
[<TestCase "1.">]
[<TestCase ".5">]
[<TestCase "True">]
[<TestCase "info">]
[<TestCase "1GB">]
[<TestCase "1979-13-01">]
[<TestCase "24:00:00">]
let ``a value that is none is refused with its text`` (text: string) =
    let problem = Toml.parse $"key = %s{text}" |> error
    Assert.That(problem, Does.StartWith "line 1, key key: expected a value (a string stands in quotes")
    Assert.That(problem, Does.EndWith $"found %s{text}")

[<Test>]
let ``nesting without end is refused`` () =
    Toml.parse ("a = " + String.replicate 100_000 "[")
    |> error
    |> shouldBe "line 1, key a: arrays and inline tables nest at most 64 deep"

    Toml.parse ("a" + String.replicate 100_000 ".a" + " = 1")
    |> error
    |> shouldBe "line 1: a key has at most 64 parts"

[<Test>]
let ``a document of many lines and long arrays is read`` () =
    let lines =
        List.init 5_000 (fun index ->
            $"[table-%d{index}]\nkey.a = %d{index} # comment\nkey.b = \"\"\"\ntext\"\"\"\n")

    let long = String.replicate 20_000 "1, # comment\n"
    let document = toml (String.concat "\n" lines + $"long = [%s{long}]\n")

    Toml.tryFind [ "table-4999"; "key"; "a" ] document
    |> shouldBe (Some(TomlValue.Integer 4999L))

    Toml.canonical (toml (Toml.print document)) = Toml.canonical document
    |> shouldBe true

[<Test>]
let ``keys that the operator manages are found in a user's document`` () =
    let managed = [ "server.addr"; "storage.data-dir"; "security.ca-path"; "pd.endpoints"; "name" ]
    let set text = Toml.keysSet managed (toml text)
    set configuration |> shouldBe []

    set "[security]\nca-path = ''\n[storage]\ndata-dir = 1"
    |> shouldBe [ "storage.data-dir"; "security.ca-path" ]

    set "name.x = 1\nserver = { addr = '' }\nserver-x = 1"
    |> shouldBe [ "server.addr"; "name" ]

    set "pd = 'instead of a table'" |> shouldBe [ "pd.endpoints" ]

[<Test>]
let ``setting and removing leaves a user's other keys and their order alone`` () =
    toml "z = 1\nsecurity = { x = 1 }\nname = 'a'"
    |> Toml.set [ "security"; "ca-path" ] (TomlValue.String "/ca")
    |> Toml.set [ "name" ] (TomlValue.String "b")
    |> Toml.set [ "pd"; "endpoints" ] (TomlValue.Array [ TomlValue.String "pd:2379" ])
    |> Toml.remove [ "security"; "x" ]
    |> Toml.remove [ "not"; "there" ]
    |> Toml.print
    |> shouldBe "z = 1\nname = \"b\"\n\n[security]\nca-path = \"/ca\"\n\n[pd]\nendpoints = [\"pd:2379\"]\n"
