module Tikv.Simulator.Tests.Serve.WireTests

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Serve

let private bytes (hex: string) = Convert.FromHexString(hex.Replace(" ", ""))

/// Kubernetes' envelope around a message of a kind of v1.
let private enveloped (kind: string) (message: byte array) =
    let lengthened tag (content: byte array) = Array.concat [ [| tag; byte content.Length |]; content ]
    let text (text: string) = Text.Encoding.UTF8.GetBytes text
    let head = Array.append (lengthened 0x0Auy (text "v1")) (lengthened 0x12uy (text kind))
    Array.concat [ bytes "6B387300"; lengthened 0x0Auy head; lengthened 0x12uy message ]

[<Test>]
let ``a ConfigMap as Go sends it reads as its JSON`` () =
    // metadata { name: "a" namespace: "" creationTimestamp {} }, data { "x": "y" }
    bytes "0A 07 0A 01 61 1A 00 42 00 12 06 0A 01 78 12 01 79"
    |> enveloped "ConfigMap"
    |> Wire.parse WireMessages.all
    |> shouldBe (
        Ok(parsed """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"y"}}""")
    )

[<Test>]
let ``a grace of zero seconds is not no grace`` () =
    bytes "08 00 12 03 0A 01 75"
    |> enveloped "DeleteOptions"
    |> Wire.parse WireMessages.all
    |> shouldBe (
        Ok(
            parsed
                """{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u"}}"""
        )
    )

[<Test>]
let ``a kind that is not read in protobuf is named`` () =
    match enveloped "Ingress" [||] |> Wire.parse WireMessages.all with
    | Error problem -> Assert.That(problem, Does.Contain "Ingress")
    | Ok json -> failwith (Json.print json)

[<TestCase("")>]
[<TestCase("6B387300 0A")>]
[<TestCase("6B387300 0A FF FF FF FF FF FF FF FF FF FF FF 01")>]
[<TestCase("7B7D")>]
let ``bytes that are no such message are an error`` (hex: string) =
    match Wire.parse WireMessages.all (bytes hex) with
    | Error _ -> ()
    | Ok json -> failwith (Json.print json)
