namespace Tikv.Core.Tests.Words

open System
open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Tikv.Core

/// JSON trees of every shape, with keys from a few, so that two trees often meet in a key.
module Trees =

    let keys = [ "a"; "b"; "c"; "name"; "a.b"; "~/ü" ]

    let private numbers = [ "0"; "-1"; "18446744073709551615"; "1.50"; "6.02e23"; "9007199254740993" ]

    /// Texts of valid Unicode, with what JSON and YAML have to escape or quote among them.
    let text: Gen<string> =
        let odd = [
            ""
            "null"
            "Yes"
            "0x1F"
            "1_000"
            "2001-01-01"
            "a: b"
            "- a"
            "a #b"
            "\""
            "\\n"
            "\t"
            "é\u2028"
            "😀"
            "\u0001"
            "two\nlines\n"
            "  indented\nlines"
            "ends\n\n"
            "~"
            "trailing "
        ]

        Gen.oneof [
            Gen.elements odd
            Gen.elements [ 'a' .. 'z' ] |> Gen.listOf |> Gen.map (Array.ofList >> String)
        ]

    let private scalar =
        Gen.oneof [
            Gen.constant Json.Null
            Gen.elements [ Json.Bool true; Json.Bool false ]
            Gen.elements numbers |> Gen.map Json.Number
            text |> Gen.map Json.String
        ]

    let rec private sized size : Gen<Json> =
        if size <= 1 then
            scalar
        else
            let inner = sized (size / 3)

            let members =
                gen {
                    let! count = Gen.choose (0, 4)
                    let! chosen = Gen.shuffle keys
                    let! values = Gen.listOfLength count inner
                    return Json.Object(List.zip (chosen |> List.ofArray |> List.take count) values)
                }

            Gen.frequency [
                1, scalar
                1,
                Gen.choose (0, 3)
                |> Gen.bind (fun count -> Gen.listOfLength count inner)
                |> Gen.map Json.Array
                3, members
            ]

    /// Each part of the tree, then the tree without one of its parts, then with a part shrunk.
    let rec private shrink json : Json seq =
        match json with
        | Json.Null -> Seq.empty
        | Json.Bool _
        | Json.Number _
        | Json.String _ -> Seq.singleton Json.Null
        | Json.Array items ->
            seq {
                yield! items

                for index in 0 .. items.Length - 1 do
                    yield Json.Array(List.removeAt index items)

                    for smaller in shrink items[index] do
                        yield Json.Array(List.updateAt index smaller items)
            }
        | Json.Object members ->
            seq {
                yield! members |> Seq.map snd

                for index in 0 .. members.Length - 1 do
                    yield Json.Object(List.removeAt index members)
                    let key, value = members[index]

                    for smaller in shrink value do
                        yield Json.Object(List.updateAt index (key, smaller) members)
            }

    let tree = Gen.sized sized

    /// The tree with the keys of every object in the other order.
    let rec reversed json =
        match json with
        | Json.Object members ->
            Json.Object(members |> List.map (fun (key, value) -> key, reversed value) |> List.rev)
        | Json.Array items -> Json.Array(List.map reversed items)
        | scalar -> scalar

    /// The tree without null members: what a merge patch can say.
    let rec withoutNulls json =
        match json with
        | Json.Object members ->
            members
            |> List.filter (fun (_, value) -> value <> Json.Null)
            |> List.map (fun (key, value) -> key, withoutNulls value)
            |> Json.Object
        | json -> json

    let arbitrary = Arb.fromGenShrink (tree, shrink)

type Arbitraries =
    static member Json() : Arbitrary<Json> = Trees.arbitrary

[<AutoOpen>]
module Expect =
    let shouldBe (expected: 'T) (actual: 'T) = Assert.That(box actual, Is.EqualTo(box expected))

    /// The value; the test fails when there is none.
    let ok (result: Result<'T, string>) : 'T =
        match result with
        | Ok value -> value
        | Error problem -> raise (AssertionException problem)

    /// The message; the test fails when there is a value.
    let error (result: Result<'T, string>) : string =
        match result with
        | Ok value -> raise (AssertionException $"no error, but %A{value}")
        | Error problem -> problem

    let json text = ok (Json.parse text)
