namespace Tikv.Core.Tests.Api

open System
open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

/// Any value that the records of our kinds can hold and JSON can say.
type Records =
    static member String() = Arb.fromGen Trees.text

    static member Map() = Gen.zip Trees.text Trees.text |> Gen.listOf |> Gen.map Map.ofList |> Arb.fromGen

    static member Quantity() =
        Gen.elements [ "0"; "500m"; "1"; "1.5Gi"; "1Gi"; "100G"; "1e3" ]
        |> Gen.map (Quantity.parse >> ok)
        |> Arb.fromGen

    static member TimeSpan() =
        Gen.choose (0, 1_000_000)
        |> Gen.map (fun seconds -> TimeSpan.FromMilliseconds(float seconds * 100.0))
        |> Arb.fromGen

    static member Json() = Trees.tree |> Gen.map (fun tree -> Json.object [ "a", tree ]) |> Arb.fromGen

[<RequireQualifiedAccess>]
module Samples =

    let cluster =
        json
            """{"apiVersion":"core.tikv.org/v1alpha1","kind":"Cluster",
                "metadata":{"name":"basic","namespace":"default","uid":"u1","resourceVersion":"7","generation":1},
                "spec":{}}"""

    let pdGroup =
        json
            """{"apiVersion":"core.tikv.org/v1alpha1","kind":"PDGroup",
                "metadata":{"name":"basic-pd","namespace":"default"},
                "spec":{"cluster":{"name":"basic"},"replicas":3,
                  "template":{"spec":{"version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]}}}}"""

    let tikvGroup =
        json
            """{"apiVersion":"core.tikv.org/v1alpha1","kind":"TiKVGroup",
                "metadata":{"name":"basic-tikv","namespace":"default"},
                "spec":{"cluster":{"name":"basic"},"replicas":3,
                  "template":{"spec":{"version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]}}}}"""

    let pd =
        json
            """{"apiVersion":"core.tikv.org/v1alpha1","kind":"PD",
                "metadata":{"name":"basic-pd-0","namespace":"default"},
                "spec":{"cluster":{"name":"basic"},"subdomain":"basic-pd-peer","index":0,
                  "initialCluster":["basic-pd-0","basic-pd-1","basic-pd-2"],
                  "version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]}}"""

    let tikv =
        json
            """{"apiVersion":"core.tikv.org/v1alpha1","kind":"TiKV",
                "metadata":{"name":"basic-tikv-2","namespace":"default"},
                "spec":{"cluster":{"name":"basic"},"subdomain":"basic-tikv-peer","index":2,
                  "version":"v8.5.2","volumes":[{"name":"data","storage":"1Gi"}]},
                "status":{"id":"18446744073709551615","state":"Serving","leaders":12}}"""

    let of' (kind: Kind) =
        match kind with
        | Kind.PDGroup -> pdGroup
        | Kind.TiKVGroup -> tikvGroup
        | Kind.PD -> pd
        | Kind.TiKV -> tikv
        | _ -> cluster

    /// The object with one value put in; the value is JSON text, the path has dots.
    let having (path: string) (value: string) (object: Json) =
        Json.setPath (List.ofArray (path.Split '.')) (Some(json value)) object

    let without (path: string) (object: Json) = Json.setPath (List.ofArray (path.Split '.')) None object

    /// Where volumes, config and so on stand in an object of that kind.
    let template (kind: Kind) = if kind = Kind.PD || kind = Kind.TiKV then "spec" else "spec.template.spec"

[<AutoOpen>]
module Problems =

    /// The value; the test fails with the problems when there is none.
    let sound (result: Result<'T, Problem list>) : 'T =
        match result with
        | Ok value -> value
        | Error problems -> raise (AssertionException(String.Join("\n", problems |> List.map Problem.text)))

    /// The texts of the problems of an object.
    let problems (kind: Kind) (object: Json) : string list =
        Validation.json kind object |> List.map Problem.text
