module Tikv.Core.Tests.Words.SelectorTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Tests.Words

let private labels = Map.ofList [ "app", "tikv"; "tier", "data" ]

[<TestCase("""{}""", true)>]
[<TestCase("""null""", false)>]
[<TestCase("""{"matchLabels":{"app":"tikv"}}""", true)>]
[<TestCase("""{"matchLabels":{"app":"pd"}}""", false)>]
[<TestCase("""{"matchLabels":{"app":"tikv","zone":"a"}}""", false)>]
[<TestCase("""{"matchExpressions":[{"key":"app","operator":"In","values":["pd","tikv"]}]}""", true)>]
[<TestCase("""{"matchExpressions":[{"key":"zone","operator":"In","values":["a"]}]}""", false)>]
[<TestCase("""{"matchExpressions":[{"key":"app","operator":"NotIn","values":["pd"]}]}""", true)>]
[<TestCase("""{"matchExpressions":[{"key":"app","operator":"NotIn","values":["tikv"]}]}""", false)>]
[<TestCase("""{"matchExpressions":[{"key":"zone","operator":"NotIn","values":["a"]}]}""", true)>]
[<TestCase("""{"matchExpressions":[{"key":"tier","operator":"Exists"}]}""", true)>]
[<TestCase("""{"matchExpressions":[{"key":"zone","operator":"Exists"}]}""", false)>]
[<TestCase("""{"matchExpressions":[{"key":"zone","operator":"DoesNotExist"}]}""", true)>]
[<TestCase("""{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}""", false)>]
[<TestCase("""{"matchLabels":{"app":"tikv"},"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}""",
           false)>]
let ``a label selector takes what meets all that it says`` selector takes =
    labels |> Selector.matches (json selector) |> shouldBe takes
