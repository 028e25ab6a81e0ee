/// Scenarios as files: read, with all that is wrong with them, and written.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Files.StoryFile

open Tikv.Simulator.Scenarios

let private read (node: Node) : Result<Story, Problem list> =
    let result, mentions = Reader.ofNode<Story> node

    match result, Names.problems node mentions with
    | Ok story, [] -> Ok story
    | Ok _, problems -> Error problems
    | Error problems, others ->
        problems @ others
        |> List.distinct
        |> List.sortBy (fun one -> one.Line, one.Field)
        |> Error

/// The scenarios in a text of one document or several.
let parse (text: string) : Result<Story list, Problem list> =
    match Tree.read text with
    | Error problems -> Error problems
    | Ok [] -> Error [ { Line = 1L; Field = "file"; What = "it is empty" } ]
    | Ok documents -> documents |> List.map read |> Results.all

/// `file:line: field: what is wrong`.
let words (file: string) (problem: Problem) =
    let field = if problem.Field = "" then "" else problem.Field + ": "
    $"%s{file}:%d{problem.Line}: %s{field}%s{problem.What}"

let print (story: Story) : string = Page.print (Writer.toTree story)
