/// The pages of `tikv-sim serve --ui`: the list of scenarios, and a run with the editor above it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Ui.Workbench

open System
open Tikv.Simulator.Files
open Tikv.Simulator.Reports
open Tikv.Simulator.Run
open Tikv.Simulator.Scenarios

let private e = Markup.escape

let private frame (title: string) (body: string list) =
    [
        "<!DOCTYPE html>"
        "<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">"
        $"<title>%s{e title}</title><style>"
        Page.style ()
        "</style></head><body>"
        yield! body
        "</body></html>"
        ""
    ]
    |> String.concat "\n"

/// Every scenario that comes along, by topic.
let index () : string =
    let line (story: Story) =
        $"<li><a href=\"/play?scenario=%s{Uri.EscapeDataString story.Id}\"><b>%s{e story.Id}</b></a> <span>%s{e story.Shows}</span></li>"

    frame "tikv-sim" [
        "<header><h1>tikv-sim</h1><p class=\"shows\">Choose a scenario to play it, to change it, and to try what happens if something goes wrong at any moment of it.</p></header>"
        for topic, stories in All.topics do
            $"<section><h2>%s{e topic}</h2><ol class=\"lines stories\">"
            yield! stories |> List.map line
            "</ol></section>"
    ]

let private options (story: Story) =
    Branches.all story
    |> List.mapi (fun index branch -> $"<option value=\"%d{index}\">%s{e branch.Name}</option>")
    |> String.concat ""

let private editor (text: string) (former: string) (branches: string) =
    let branch =
        if branches = "" then
            ""
        else
            $" What if, at <output id=\"moment\"></output>, <select name=\"what\" aria-label=\"what happens\">%s{branches}</select> <button name=\"do\" value=\"branch\">Try it</button>"

    let rows = max 8 (min 30 (text.Split('\n').Length + 1))

    $"<section id=\"workbench\"><form method=\"post\" action=\"/play\"><textarea name=\"text\" rows=\"%d{rows}\" spellcheck=\"false\" aria-label=\"scenario\">\n%s{e text}</textarea><input type=\"hidden\" name=\"former\" value=\"%s{e former}\"><input type=\"hidden\" name=\"at\" value=\"\"><p><button name=\"do\" value=\"play\">Play</button>%s{branch} <a href=\"/\">other scenarios</a></p></form></section>"

/// What is wrong with what stands in the editor.
let refused (wish: Wish) (problems: string list) : string =
    frame "tikv-sim: not played" [
        "<header class=\"bad\"><h1>It cannot be played</h1>"
        for problem in problems do
            $"<p class=\"deed\">%s{e problem}</p>"
        "</header>"
        editor wish.Text wish.Former ""
    ]

let private firstDifference (one: Played) (other: Played) =
    let lines (played: Played) = Account.lines played.Account |> List.map Simulation.print

    let rec go ones others =
        match ones, others with
        | one :: ones, other :: others when one = other -> go ones others
        | ones, others -> List.tryHead ones, List.tryHead others

    go (lines one) (lines other)

let private comparison (played: Played) (twin: Played) =
    let now, before = firstDifference played twin
    let ends = "it ends there"
    let words (played: Played) = Run.words played.Account.Result

    [
        "<section id=\"twin\"><h2>Beside the run before</h2><table class=\"beliefs\"><thead><tr><th></th><th>before</th><th>now</th></tr></thead><tbody>"
        $"<tr><td>first difference</td><td>%s{e (Option.defaultValue ends before)}</td><td>%s{e (Option.defaultValue ends now)}</td></tr>"
        $"<tr><td>outcome</td><td>%s{e (words twin)}</td><td>%s{e (words played)}</td></tr>"
        $"<tr><td>writes</td><td>%d{twin.Film.Orders.Count}</td><td>%d{played.Film.Orders.Count}</td></tr>"
        "</tbody></table><p class=\"shows\">A red line under a lane marks when it was otherwise than before.</p></section>"
    ]
    |> String.concat "\n"

/// A run, with the editor above it.
let ran (played: Played) (twin: Played option) : string =
    let text = StoryFile.print played.Story

    let head =
        editor text text (options played.Story)
        + (twin |> Option.map (comparison played) |> Option.defaultValue "")

    Page.beside (twin |> Option.map _.Film) head played.Account played.Film
