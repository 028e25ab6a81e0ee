module Tikv.Core.Tests.Words.JsonTests

open NUnit.Framework
open Tikv.Tests
open Tikv.Core

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a tree that is printed and parsed is the same tree`` (tree: Json) =
    Json.parse (Json.print tree) = Ok tree
    && Json.parse (Json.printIndented tree) = Ok tree
    && Json.print (ok (Json.parse (Json.print tree))) = Json.print tree

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``two trees are equal whatever the order of their keys`` (tree: Json) =
    let other = Trees.reversed tree
    tree = other && hash tree = hash other

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``two trees are equal when their canonical texts are`` (one: Json) (other: Json) =
    (one = other) = (Json.print (Json.canonical one) = Json.print (Json.canonical other))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``what is set at a path is read there, and is gone once removed`` (tree: Json) (value: Json) =
    let path = [ "a"; "b"; "c" ]
    let changed = Json.setPath path (Some value) tree

    Json.tryPath path changed = (if value = Json.Null then None else Some value)
    && Json.tryPath path (Json.setPath path None changed) = None
    && Json.setPath path None (Json.setPath path None tree) = Json.setPath path None tree

[<Test>]
let ``a key given twice has its last value, as in Go`` () =
    json """{"a":1,"b":2,"a":3}""" |> shouldBe (json """{"a":3,"b":2}""")

[<Test>]
let ``objects of equal size with a key twice are not taken for others`` () =
    let twice = Json.object [ "a", Json.int 1; "a", Json.int 1 ]
    let once = Json.object [ "a", Json.int 1; "b", Json.int 2 ]
    (twice = once, once = twice) |> shouldBe (false, false)

[<Test>]
let ``long arrays and wide objects are compared, ordered and printed`` () =
    let wide = Json.object [ for index in 1..5_000 -> string index, Json.int index ]
    let tree = Json.array (List.replicate 200_000 Json.Null @ [ wide ])
    let again = json (Json.print tree)
    (again = tree, Json.canonical again = tree) |> shouldBe (true, true)
    Trees.reversed wide = wide |> shouldBe true

[<Test>]
let ``an id above 2^53 is kept to the last digit`` () =
    let tree = json """{"id":18446744073709551615}"""
    Json.uint64At [ "id" ] tree |> shouldBe (Some 18446744073709551615UL)
    Json.int64At [ "id" ] tree |> shouldBe None
    Json.print tree |> shouldBe """{"id":18446744073709551615}"""

[<Test>]
let ``a number that does not fit reads as none`` () =
    Json.asInt (Json.Number "2147483648") |> shouldBe None
    Json.asInt (Json.Number "-2147483648") |> shouldBe (Some -2147483648)
    Json.asInt64 (Json.Number "1.5") |> shouldBe None
    Json.asUInt64 (Json.Number "-1") |> shouldBe None

[<TestCase "">]
[<TestCase "{\"a\":}">]
[<TestCase "[1,]">]
[<TestCase "{} {}">]
[<TestCase "\"\\ud800\"">]
let ``text that is not JSON is an error`` (text: string) = Json.parse text |> error |> ignore

[<Test>]
let ``bytes that are not UTF-8 are an error`` () =
    Json.parseBytes (System.ReadOnlyMemory [| 0x22uy; 0xFFuy; 0x22uy |])
    |> error
    |> ignore

[<Test>]
let ``an error names line and position`` () =
    Assert.That(Json.parse "{\n \"a\": nil}" |> error, Does.Contain "LineNumber: 1")

[<Test>]
let ``paths read what is there and none else`` () =
    let tree =
        json
            """{"metadata":{"name":"basic","labels":{"a":"b","n":1}},"spec":{"on":true,"off":null,"ports":[1]}}"""

    Json.stringAt [ "metadata"; "name" ] tree |> shouldBe (Some "basic")
    Json.mapAt [ "metadata"; "labels" ] tree |> shouldBe (Map.ofList [ "a", "b" ])
    Json.boolAt [ "spec"; "on" ] tree |> shouldBe (Some true)
    Json.boolAt [ "spec"; "off" ] tree |> shouldBe None
    Json.itemsAt [ "spec"; "ports" ] tree |> shouldBe [ Json.int 1 ]
    Json.membersAt [ "metadata"; "name" ] tree |> shouldBe []
    Json.intAt [ "metadata"; "name"; "x" ] tree |> shouldBe None

[<Test>]
let ``a member that is replaced keeps its place, a new one comes last`` () =
    json """{"a":1,"b":{"c":2}}"""
    |> Json.setPath [ "a" ] (Some(Json.int 7))
    |> Json.setPath [ "b"; "d" ] (Some(Json.int 8))
    |> Json.print
    |> shouldBe """{"a":7,"b":{"c":2,"d":8}}"""

[<Test>]
let ``removing what is not there changes nothing`` () =
    let tree = json """{"a":null,"b":"text","c":{}}"""

    for path in [ [ "a"; "x" ]; [ "b"; "x" ]; [ "c"; "x" ]; [ "d"; "x" ] ] do
        Json.setPath path None tree |> Json.print |> shouldBe (Json.print tree)
