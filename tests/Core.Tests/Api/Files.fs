/// Files of the repository that are made from Core. `CRDS=overwrite` writes them instead of comparing.
module Tikv.Core.Tests.Api.Files

open System
open System.IO
open NUnit.Framework

let rec private above (directory: DirectoryInfo | null) =
    match directory with
    | null -> raise (AssertionException "the tests do not run inside of the repository")
    | directory when File.Exists(Path.Combine(directory.FullName, "tikv-operator.slnx")) -> directory.FullName
    | directory -> above directory.Parent

let root = above (DirectoryInfo AppContext.BaseDirectory)

let read (path: string) = File.ReadAllText(Path.Combine(root, path))

let names (folder: string) =
    Directory.GetFiles(Path.Combine(root, folder))
    |> Array.map (fun path -> Path.GetRelativePath(Path.Combine(root, folder), path))
    |> Array.sort
    |> List.ofArray

let private overwrites = Environment.GetEnvironmentVariable "CRDS" = "overwrite"

/// The file holds that text; or does from now on.
let shouldHold (path: string) (text: string) =
    if overwrites then
        File.WriteAllText(Path.Combine(root, path), text)
    else
        Assert.That(read path, Is.EqualTo text, $"{path} is not up to date; write it with CRDS=overwrite")
