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

/// Makes a server serve gadgets.
let definition (description: string) =
    """{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"gadgets.example.com"},
        "spec":{"group":"example.com","scope":"Namespaced",
        "names":{"plural":"gadgets","singular":"gadget","kind":"Gadget","listKind":"GadgetList","shortNames":["gd"],"categories":["toys"]},
        "versions":[{"name":"v1","served":true,"storage":true,
        "subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.size"}},
        "additionalPrinterColumns":[
        {"name":"Size","type":"integer","jsonPath":".spec.size"},
        {"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
        {"name":"Since","type":"date","jsonPath":".status.since","priority":1}],
        "schema":{"openAPIV3Schema":{"type":"object","description":"DESCRIPTION","properties":{
        "spec":{"type":"object","description":"What it is to be.","properties":{"size":{"type":"integer","description":"How big."}}},
        "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}]}}"""
        .Replace("DESCRIPTION", description)
    |> parsed

/// A server with a resource `gadgets`, described so.
let serverOf (description: string) =
    let request = Requests.create Builtins.customResourceDefinitions None (definition description)

    match ApiServer.handle noon request (ApiServer.start 1) with
    | struct (api, { Code = 201 }) -> api
    | struct (_, refusal) -> failwith (Json.print refusal.Body)

let server = serverOf "A gadget."

let gadgets =
    ApiServer.tryResourceType { Group = "example.com"; Version = "v1"; Plural = "gadgets" } server
    |> Option.defaultWith (fun () -> failwith "gadgets are not served")
