/// What keeps the decisions pure: no clock, no chance, no I/O, no task, nothing that changes.
module Tikv.Tidy.Tests.CoreTests

open System
open System.Text.RegularExpressions
open NUnit.Framework
open Tikv.Tidy.Tests

let private core =
    Repository.files
    |> List.filter (fun path ->
        path.StartsWith("Core/", StringComparison.Ordinal)
        && Repository.hasExtension [ ".fs"; ".fsi" ] path)

let private literal = Regex("\"(\\\\.|[^\"\\\\])*\"|``[^`]+``", RegexOptions.Compiled)
let private comment = Regex("//.*$", RegexOptions.Compiled)

/// A line without its strings, quoted names and comment: words there are for people.
let private codeOf line = comment.Replace(literal.Replace(line, "\"\""), "")

let private offences pattern = core |> List.collect (Repository.linesMatching (Regex pattern) codeOf)

[<Test>]
let ``the files of Core are found`` () = Assert.That(core, Has.Member "Core/Decision.fs")

[<TestCase(@"\bDateTime(Offset)?\.(Now|UtcNow|Today)\b|\bStopwatch\b|\bTimeProvider\b|\bTickCount",
           TestName = "no clock")>]
[<TestCase(@"\bNewGuid\b|\bRandom\b|\bRandomNumberGenerator\b", TestName = "no chance")>]
[<TestCase(@"\basync\s*\{|\btask\s*\{|\bTask\b|\bThread\b|\block\b\s*\(", TestName = "no task, thread or lock")>]
[<TestCase(@"\bmutable\b|<-|\bref\b\s|\bConcurrentDictionary\b", TestName = "nothing that changes")>]
[<TestCase(@"\bHttpClient\b|\bSocket\b|\bFile\.|\bDirectory\.|\bProcess\.|\bConsole\.|\be?printfn?\b|\bEnvironment\.",
           TestName = "no input or output")>]
let ``Core is pure`` (pattern: string) = Assert.That(offences pattern, Is.Empty)
