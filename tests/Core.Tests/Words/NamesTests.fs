module Tikv.Core.Tests.Words.NamesTests

open NUnit.Framework
open Tikv.Tests
open Tikv.Core

let private long count = String.replicate count "a"

[<Test>]
let ``names that Kubernetes allows are allowed`` () =
    for value in [ "a"; "0"; "basic-pd-0"; long 63 ] do
        Names.label "metadata.name" value |> shouldBe (Ok value)

    for value in [ "a.b-c.0"; $"%s{long 100}.%s{long 152}" ] do
        Names.subdomain "metadata.name" value |> shouldBe (Ok value)

    for value in [ ""; "A"; "v8.5.0_x"; long 63 ] do
        Names.labelValue "metadata.labels[a]" value |> shouldBe (Ok value)

    for value in [ "app"; "tikv.org/Store_Id"; $"a.b/%s{long 63}" ] do
        Names.qualifiedName "metadata.labels" value |> shouldBe (Ok value)

[<TestCase "">]
[<TestCase "A">]
[<TestCase "-a">]
[<TestCase "a-">]
[<TestCase "a.b">]
[<TestCase "a_b">]
[<TestCase "ä">]
let ``what is not a DNS label is refused with field, value and rule`` (value: string) =
    Names.label "spec.name" value
    |> error
    |> shouldBe
        $"spec.name: \"%s{value}\" is not allowed: a DNS label consists of a-z, 0-9 and '-', and begins and ends with a letter or digit"

[<TestCase "">]
[<TestCase ".a">]
[<TestCase "a..b">]
[<TestCase "a.-b">]
[<TestCase "a/b">]
let ``what is not a DNS subdomain is refused`` (value: string) =
    Assert.That(
        Names.subdomain "spec.name" value |> error,
        Does.StartWith $"spec.name: \"%s{value}\" is not allowed"
    )

[<TestCase "-a">]
[<TestCase "a b">]
[<TestCase "a/b">]
let ``what is not a label value is refused`` (value: string) =
    Assert.That(Names.labelValue "x" value |> error, Does.Contain "a label value consists of")

[<TestCase "">]
[<TestCase "/a">]
[<TestCase "a/">]
[<TestCase "a/b/c">]
[<TestCase "A_/b">]
let ``what is not a qualified name is refused`` (value: string) =
    Assert.That(Names.qualifiedName "x" value |> error, Does.Contain "is not allowed")

[<Test>]
let ``a name too long is refused with both lengths`` () =
    Names.label "spec.name" (long 64)
    |> error
    |> shouldBe
        $"spec.name: \"%s{long 64}\" is not allowed: a DNS label has at most 63 characters, this has 64"

    Assert.That(Names.subdomain "x" (long 254) |> error, Does.EndWith "at most 253 characters, this has 254")
    Assert.That(Names.labelValue "x" (long 64) |> error, Does.EndWith "at most 63 characters, this has 64")
    Assert.That(Names.qualifiedName "x" (long 64) |> error, Does.EndWith "at most 63 characters, this has 64")

[<Property>]
let ``the index of an instance is read from its name`` (index: uint16) =
    Names.indexOf "basic-tikv" (Names.instance "basic-tikv" (int index)) = Some(int index)

[<TestCase "basic-tikv">]
[<TestCase "basic-tikv-">]
[<TestCase "basic-tikv-01">]
[<TestCase "basic-tikv-+1">]
[<TestCase "basic-tikv--1">]
[<TestCase "basic-tikv-1 ">]
[<TestCase "basic-tikv-99999999999">]
[<TestCase "basic-tikv-b-0">]
[<TestCase "other-tikv-0">]
let ``a name that is not one of the group's has no index`` (name: string) =
    Names.indexOf "basic-tikv" name |> shouldBe None
