namespace Tikv.Simulator.Scenarios

open System
open System.Collections.Concurrent
open System.IO
open Tikv.Simulator.Files

/// Every named scenario: the files of `stories`, which come along in the program. Each is read when it is asked for.
[<AbstractClass; Sealed>]
type All private () =

    static let folder = "stories/"

    /// The files, by the names of their scenarios.
    static let files: (string * string) list =
        typeof<All>.Assembly.GetManifestResourceNames()
        |> Seq.filter (fun name -> name.StartsWith(folder, StringComparison.Ordinal))
        |> Seq.sortWith (fun one other -> String.CompareOrdinal(one, other))
        |> Seq.map (fun name ->
            Option.ofObj (Path.GetFileNameWithoutExtension name) |> Option.defaultValue name, name)
        |> List.ofSeq

    static let read (file: string) : Story =
        use stream =
            typeof<All>.Assembly.GetManifestResourceStream file
            |> Option.ofObj
            |> Option.defaultWith (fun () -> invalidOp $"%s{file} is not in the program")

        use text = new StreamReader(stream)

        match StoryFile.parse (text.ReadToEnd()) with
        | Ok [ story ] -> story
        | Ok stories -> invalidOp $"%s{file} holds %d{stories.Length} scenarios, not one"
        | Error problems -> invalidOp (String.Join("\n", problems |> List.map (StoryFile.words file)))

    static let known = ConcurrentDictionary<string, Lazy<Story>>()
    static let story file = known.GetOrAdd(file, fun file -> lazy read file).Force()

    /// The scenarios in the order of their files.
    static member stories: Story list = files |> List.map (snd >> story)

    /// By the folders that their files stand in.
    static member topics: (string * Story list) list =
        files
        |> List.groupBy (fun (_, file) -> file.Split('/')[1])
        |> List.map (fun (topic, files) -> topic, files |> List.map (snd >> story))

    static member tryFind(id: string) : Story option =
        files
        |> List.tryFind (fun (name, _) -> String.Equals(name, id, StringComparison.OrdinalIgnoreCase))
        |> Option.map (snd >> story)
