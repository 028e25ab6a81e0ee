namespace Tikv.Simulator.Run

open System
open System.IO
open Tikv.Simulator.Scenarios
open Tikv.Simulator.Files

/// A scenario that somebody asked for: by the name of one that comes along, or by a file.
[<RequireQualifiedAccess>]
type Chosen =
    | Named of string
    | Story of Story

[<RequireQualifiedAccess>]
module Choice =

    let private ofFile (file: string) : Result<Chosen, string list> list =
        match StoryFile.parse (File.ReadAllText file) with
        | Ok stories -> stories |> List.map (Chosen.Story >> Ok)
        | Error problems -> [ Error(problems |> List.map (StoryFile.words file)) ]

    let private looksLikeFile (name: string) =
        name.Contains '/'
        || name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase)

    /// The scenarios under a name: an id, a file, or a folder with files in it and in its folders. With each, the id or the
    /// file that it is found under.
    let sources (name: string) : (string * Result<Chosen, string list>) list =
        let inFile file = ofFile file |> List.map (fun one -> file, one)

        if File.Exists name then
            inFile name
        elif Directory.Exists name then
            match Directory.GetFiles(name, "*.yaml", SearchOption.AllDirectories) |> Array.sort with
            | [||] -> [ name, Error [ $"%s{name}: there is no *.yaml in this folder" ] ]
            | files -> files |> List.ofArray |> List.collect inFile
        elif looksLikeFile name then
            [ name, Error [ $"%s{name}: there is no such file" ] ]
        else
            match All.tryFind name with
            | Some story -> [ story.Id, Ok(Chosen.Story story) ]
            | None -> [ name, Ok(Chosen.Named name) ]

    let find (name: string) : Result<Chosen, string list> list = sources name |> List.map snd

    /// How it begins; with another seed, where one is given.
    let start (seed: uint64 option) (chosen: Chosen) : Simulation option =
        match chosen with
        | Chosen.Named name -> Catalogue.tryStart name (Option.defaultValue 1UL seed)
        | Chosen.Story story ->
            let seed = seed |> Option.defaultValue story.Given.Seed
            Some(Catalogue.start { story with Given = { story.Given with Seed = seed } })

    let name chosen =
        match chosen with
        | Chosen.Named name -> name
        | Chosen.Story story -> story.Id

    let tryStory chosen =
        match chosen with
        | Chosen.Named _ -> None
        | Chosen.Story story -> Some story

    let calms chosen =
        match chosen with
        | Chosen.Named _ -> false
        | Chosen.Story story -> Play.calms story

    let rests chosen =
        match chosen with
        | Chosen.Named _ -> true
        | Chosen.Story story -> story.Rest > 0L

    /// A run that ends otherwise than it is to has failed.
    let compared chosen (result: Result) : Result =
        match chosen with
        | Chosen.Named _ -> result
        | Chosen.Story story -> Play.compared story result

    /// A scenario with what a variation of it puts into it, to keep; nothing where that cannot be said.
    let varied chosen (start: int64) (variation: Variation) (problem: string) : Story option =
        let step (fault: Fault) : Step = {
            What = fault.What
            When =
                match fault.When with
                | Trigger.AtTime time -> Trigger.AtTime(time - start)
                | other -> other
        }

        match chosen, variation.Faults with
        | Chosen.Named _, _
        | _, [] -> None
        | Chosen.Story story, faults ->
            Some {
                story with
                    Id = $"%s{story.Id} with %s{variation.Name}"
                    Why = Some("Found by an exploration: " + problem)
                    Steps = story.Steps @ List.map step faults
                    Expect = story.Expect |> List.filter _.IsFinally
                    EndsLike = Some story.Steps
            }

    let private tell (problems: string list) = problems |> List.iter (eprintfn "%s")

    /// Goes on with what was found, or tells what is wrong with it; then the exit code is 2.
    let told (found: Result<Chosen, string list>) (goOn: Chosen -> int) : int =
        match found with
        | Ok chosen -> goOn chosen
        | Error problems ->
            tell problems
            2

    /// The same of several: all that is wrong with any of them.
    let allTold (found: Result<Chosen, string list> list) (goOn: Chosen list -> int) : int =
        let problems =
            found
            |> List.collect (fun one ->
                match one with
                | Ok _ -> []
                | Error problems -> problems)

        match problems with
        | [] -> goOn (found |> List.choose Result.toOption)
        | problems ->
            tell problems
            2

    /// Tells that there is no scenario of that name; the exit code is 2.
    let unknown chosen : int =
        eprintfn $"tikv-sim: there is no scenario %s{name chosen}; `tikv-sim list` names them"
        2

    /// Goes on with the scenarios that are meant, as many, or tells what is wrong with them.
    let stories (found: Result<Chosen, string list> list) (goOn: Story list -> int) : int =
        allTold found (fun chosen ->
            match chosen |> List.tryFind _.IsNamed with
            | Some one -> unknown one
            | None -> goOn (chosen |> List.choose tryStory))
