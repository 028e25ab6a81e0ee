/// Reports as files.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.ReportFile

open System
open System.IO

let private write (file: string, print: unit -> string) =
    match Path.GetDirectoryName(Path.GetFullPath file) |> Option.ofObj with
    | Some folder -> Directory.CreateDirectory folder |> ignore
    | None -> ()

    File.WriteAllText(file, print ())
    printfn $"Written: %s{file}"

/// Writes each, and answers with the exit code that is given; with 2 when one cannot be written.
let writeAll (files: (string * (unit -> string)) list) (code: int) : int =
    try
        files |> List.iter write
        code
    with
    | :? IOException
    | :? UnauthorizedAccessException as problem ->
        eprintfn $"tikv-sim: a report cannot be written: %s{problem.Message}"
        2
