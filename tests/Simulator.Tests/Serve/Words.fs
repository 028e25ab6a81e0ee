/// What the tests of the embedded cluster share.
[<AutoOpen>]
module Tikv.Simulator.Tests.Serve.Words

open System
open NUnit.Framework
open Tikv.Core
open Tikv.Simulator.Kubernetes

let shouldBe (expected: 'Value) (actual: 'Value) = Assert.That(box actual, Is.EqualTo(box expected))

let parsed (text: string) =
    match Json.parse text with
    | Ok json -> json
    | Error problem -> failwith problem

let at (text: string) = DateTimeOffset.Parse(text, Globalization.CultureInfo.InvariantCulture)
let noon = at "2026-01-01T12:00:00Z"

/// A custom resource as a definition would make the server serve it.
let gadgets: ResourceType = {
    Key = { Group = "example.com"; Version = "v1"; Plural = "gadgets" }
    Singular = "gadget"
    Kind = "Gadget"
    ShortNames = [ "gd" ]
    Categories = [ "toys" ]
    Namespaced = true
    Subresources = [ "status"; "scale" ]
    ScalePaths = Some(".spec.size", ".status.size", None)
    Schema =
        Some(
            parsed
                """{"type":"object","description":"A gadget.","properties":{"spec":{"type":"object","description":"What it is to be.","properties":{"size":{"type":"integer","description":"How big."}}},"metadata":{"type":"object"}}}"""
        )
    Columns = [
        { Name = "Size"; Type = "integer"; JsonPath = ".spec.size"; Priority = 0; Description = "" }
        {
            Name = "Ready"
            Type = "string"
            JsonPath = ".status.conditions[?(@.type==\"Ready\")].status"
            Priority = 0
            Description = ""
        }
        { Name = "Since"; Type = "date"; JsonPath = ".status.since"; Priority = 1; Description = "" }
    ]
    Custom = true
}

/// A server with gadgets.
let server = ApiServer.start 1 |> ApiServer.serve gadgets
