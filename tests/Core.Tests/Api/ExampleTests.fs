module Tikv.Core.Tests.Api.ExampleTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

let private example kind name spec =
    Json.object [
        "apiVersion", Json.string (Kind.apiVersion kind)
        "kind", Json.string (Kind.name kind)
        "metadata", Json.object [ "name", Json.string name ]
        "spec", json spec
    ]

/// The objects of each example, by file.
let private examples: (string * Kind * Json) list = [
    "basic/cluster.yaml", Kind.Cluster, example Kind.Cluster "basic" "{}"
    "basic/pd.yaml",
    Kind.PDGroup,
    example
        Kind.PDGroup
        "basic-pd"
        """{"cluster":{"name":"basic"},"replicas":3,
            "template":{"spec":{"version":"v8.5.2","volumes":[{"name":"data","storage":"10Gi"}]}}}"""
    "basic/tikv.yaml",
    Kind.TiKVGroup,
    example
        Kind.TiKVGroup
        "basic-tikv"
        """{"cluster":{"name":"basic"},"replicas":3,
            "template":{"spec":{"version":"v8.5.2","config":"[storage]\nreserve-space = \"0MB\"\n",
              "volumes":[{"name":"data","storage":"10Gi"}]}}}"""
]

/// What YAML says without its comments.
let private uncommented (yaml: string) =
    yaml.Split '\n'
    |> Array.filter (fun line -> not (line.TrimStart().StartsWith '#'))
    |> String.concat "\n"

[<Test>]
let ``the examples are what the tests know`` () =
    for file, _, object in examples do
        uncommented (Files.read $"examples/%s{file}") |> shouldBe (Yaml.print object)

[<Test>]
let ``the examples are valid`` () =
    for _, kind, object in examples do
        problems kind object |> shouldBe []

[<Test>]
let ``there are no examples but those`` () =
    Files.names "examples/basic"
    |> List.map (fun name -> "basic/" + name)
    |> shouldBe (examples |> List.map (fun (file, _, _) -> file))
