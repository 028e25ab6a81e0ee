/// The files of the repository, as git would commit them.
module Tikv.Tidy.Tests.Repository

open System
open System.IO
open System.Text.RegularExpressions

let root =
    let rec climb (folder: DirectoryInfo | null) =
        match folder with
        | null -> failwith "no folder above the tests holds tikv-operator.slnx"
        | folder when File.Exists(Path.Combine(folder.FullName, "tikv-operator.slnx")) -> folder.FullName
        | folder -> climb folder.Parent

    climb (DirectoryInfo AppContext.BaseDirectory)

let private generated =
    set [
        "bin"
        "obj"
        "out"
        "artifacts"
        "packages"
        "paket-files"
        "TestResults"
        "node_modules"
        ".git"
    ]

let rec private filesBelow (folder: string) : string seq =
    seq {
        yield! Directory.EnumerateFiles folder

        for inner in Directory.EnumerateDirectories folder do
            let name = DirectoryInfo(inner).Name

            if
                not (
                    generated.Contains name
                    || name.StartsWith("BenchmarkDotNet", StringComparison.Ordinal)
                )
            then
                yield! filesBelow inner
    }

/// Paths from the root, with forward slashes, in order.
let files =
    filesBelow root
    |> Seq.map (fun path -> Path.GetRelativePath(root, path).Replace('\\', '/'))
    |> Seq.sort
    |> List.ofSeq

let read (path: string) = File.ReadAllText(Path.Combine(root, path))

let length (path: string) = FileInfo(Path.Combine(root, path)).Length

let hasExtension (extensions: string list) (path: string) =
    extensions
    |> List.exists (fun extension -> path.EndsWith(extension, StringComparison.Ordinal))

/// The lines of a file that match, each as `path:line: text`.
let linesMatching (pattern: Regex) (clean: string -> string) path =
    (read path).Split('\n')
    |> Seq.indexed
    |> Seq.filter (fun (_, line) -> pattern.IsMatch(clean line))
    |> Seq.map (fun (index, line) -> $"%s{path}:%d{index + 1}: %s{line.Trim()}")
    |> List.ofSeq
