module Tikv.Core.Tests.Words.SemVerTests

open NUnit.Framework
open Tikv.Core

let private version text = ok (SemVer.parse text)

/// The example of semver.org, 11.4, and versions that TiKV has had.
let private ascending = [
    "0.9.9"
    "1.0.0-alpha"
    "1.0.0-alpha.1"
    "1.0.0-alpha.beta"
    "1.0.0-beta"
    "1.0.0-beta.2"
    "1.0.0-beta.11"
    "1.0.0-rc.1"
    "1.0.0"
    "v8.5.0-alpha-5-g1a2b3c4"
    "v8.5.0"
    "8.5.7"
    "v8.10.0"
    "26.3.0"
]

[<Test>]
let ``versions are ordered by precedence`` () =
    let versions = ascending |> List.map version

    List.allPairs (List.indexed versions) (List.indexed versions)
    |> List.filter (fun ((i, one), (j, other)) -> sign (compare one other) <> sign (compare i j))
    |> shouldBe []

[<Test>]
let ``neither v nor build metadata makes another version`` () =
    let plain, dressed = version "8.5.0", version "v8.5.0+20240101.dirty"
    (plain = dressed, hash plain = hash dressed) |> shouldBe (true, true)
    SemVer.print dressed |> shouldBe "8.5.0+20240101.dirty"
    dressed.Text |> shouldBe "v8.5.0+20240101.dirty"

[<Test>]
let ``a version has its parts`` () =
    let beta = version "v9.0.0-beta.2.pre-1-gabc"

    (SemVer.major beta, SemVer.minor beta, SemVer.isPrerelease beta)
    |> shouldBe (9, 0, true)

    beta.Prerelease |> shouldBe [ "beta"; "2"; "pre-1-gabc" ]
    SemVer.print beta |> shouldBe "9.0.0-beta.2.pre-1-gabc"

[<Test>]
let ``a feature of a minor version is there in its prereleases and in all later ones`` () =
    [ "8.4.9"; "8.5.0-alpha"; "8.5.0"; "9.0.0"; "7.9.0" ]
    |> List.map (version >> SemVer.atLeast 8 5)
    |> shouldBe [ false; true; true; true; false ]

[<TestCase "">]
[<TestCase "v">]
[<TestCase "nightly">]
[<TestCase "8.5">]
[<TestCase "8.5.0.1">]
[<TestCase "08.5.0">]
[<TestCase "8.5.0-">]
[<TestCase "8.5.0-01">]
[<TestCase "8.5.0-a..b">]
[<TestCase "8.5.0+">]
[<TestCase "8.5.0-a_b">]
[<TestCase " 8.5.0">]
[<TestCase "8.5.99999999999">]
[<TestCase "-1.0.0">]
let ``what is not a version is refused with its text and with what is allowed`` (text: string) =
    SemVer.parse text
    |> error
    |> shouldBe
        $"\"%s{text}\" is not a version: it must be MAJOR.MINOR.PATCH with an optional -prerelease and +build, such as v8.5.0"
