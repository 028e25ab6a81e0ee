/// Runs that fail, kept as files.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.Kept

open System
open System.IO
open Tikv.Simulator.Scenarios

/// Writes a scenario into a folder, and answers with its file.
let write (folder: string) (story: Story) : string =
    Directory.CreateDirectory folder |> ignore
    let plain letter = if Char.IsLetterOrDigit letter || letter = '-' || letter = '.' then letter else '_'
    let file = Path.Combine(folder, String.map plain story.Id + ".yaml")
    File.WriteAllText(file, Tikv.Simulator.Files.StoryFile.print story)
    file

/// Keeps a run that fails as a file, where files are asked for.
let tell (folder: string option) (story: Story) : unit =
    folder
    |> Option.iter (fun folder -> printfn $"        kept: tikv-sim run %s{write folder story}")
