/// What holds for every file of the repository.
module Tikv.Tidy.Tests.FileTests

open System
open System.IO
open System.Text.RegularExpressions
open NUnit.Framework
open Tikv.Tidy.Tests

let private source = [ ".fs"; ".fsi"; ".fsx"; ".cs"; ".py"; ".sh" ]

let private text =
    source
    @ [
        ".md"
        ".json"
        ".yaml"
        ".yml"
        ".props"
        ".targets"
        ".csproj"
        ".fsproj"
        ".slnx"
        ".lock"
        ".dependencies"
    ]

/// Bytes. A longer file holds more than one thought.
let private longestSource = 24L * 1024L

/// These tests have to spell out what they forbid.
let private tests path = String.Equals(path, "tests/Tidy.Tests/FileTests.fs")

let private offences extensions (pattern: string) =
    Repository.files
    |> List.filter (fun path -> Repository.hasExtension extensions path && not (tests path))
    |> List.collect (Repository.linesMatching (Regex pattern) id)

[<Test>]
let ``no source file is longer than 24 KiB`` () =
    let long =
        Repository.files
        |> List.filter (fun path ->
            Repository.hasExtension source path && Repository.length path > longestSource)

    Assert.That(long, Is.Empty)

[<Test>]
let ``no file names a package registry: the feed is the machine's own`` () =
    let hosts =
        @"https?://[\w.-]*(nuget|npmjs|pypi|goproxy|artifactory|jfrog|nexus|packagecloud|pkgs\.dev)[\w.-]*|remote: http"
    // the schema that Paket's own targets declare is a name, not an address
    let found =
        offences text hosts
        |> List.filter (fun line -> not (line.StartsWith(".paket/", StringComparison.Ordinal)))

    Assert.That(found, Is.Empty)

[<Test>]
let ``no file names a path of the machine it was written on`` () =
    Assert.That(offences text @"(?<![\w./$}-])/(root|home|work|Users)/|(?<![\w./-])/tmp/", Is.Empty)

[<Test>]
let ``the lock file names the feed by its variable`` () =
    Assert.That(Repository.read "paket.lock", Does.Contain "remote: %NUGET_FEED%")

[<Test>]
let ``no test is switched off`` () =
    Assert.That(offences [ ".fs"; ".cs" ] @"\[<?\s*(Ignore|Explicit)\b", Is.Empty)

[<Test>]
let ``no line ends in a carriage return, and every file ends with a line`` () =
    let broken =
        Repository.files
        |> List.filter (Repository.hasExtension text)
        |> List.filter (fun path -> not (path.StartsWith(".paket/", StringComparison.Ordinal)))
        |> List.filter (fun path ->
            let content = Repository.read path
            content.Contains '\r' || (content.Length > 0 && not (content.EndsWith '\n')))

    Assert.That(broken, Is.Empty)

[<Test>]
let ``every decision record is linked from its index`` () =
    let index = Repository.read "docs/adr/README.md"

    let records =
        Repository.files
        |> List.filter (fun path -> Regex.IsMatch(path, @"^docs/adr/\d{4}-.*\.md$"))
        |> List.map (fun path -> Path.GetFileName path |> string)

    Assert.That(records, Is.Not.Empty)
    Assert.That(records |> List.filter (fun name -> not (index.Contains $"({name})")), Is.Empty)

[<Test>]
let ``every decision record says why, and what would change our mind`` () =
    let headings = [ "## Context"; "## Decision"; "## Why not otherwise"; "## What would change our mind" ]

    let missing = [
        for path in Repository.files do
            if Regex.IsMatch(path, @"^docs/adr/\d{4}-.*\.md$") then
                let content = Repository.read path

                for heading in headings do
                    if not (content.Contains heading) then
                        $"%s{path}: %s{heading}"
    ]

    Assert.That(missing, Is.Empty)
