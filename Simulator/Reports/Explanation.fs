namespace Tikv.Simulator.Reports

open Tikv.Core
open Tikv.Simulator.Run

/// Why a run failed, as far as a machine can tell.
type Explanation = {
    /// Whose beliefs these are, and of when.
    Heading: string
    /// Of what the failure is about, and of all else in which the operator was wrong.
    Opinions: Opinion list
    /// What the operator said that it waited for.
    Waits: string list
    /// What led to it, oldest first: of what it is about, with the faults and what people did, and what was heard late.
    Course: Line list
}

[<RequireQualifiedAccess>]
module Explanation =

    let private words (view: View option) =
        match view with
        | Some view -> view.Words
        | None -> "nothing"

    let private table (opinions: Opinion list) =
        let width column = opinions |> List.fold (fun most one -> max most (String.length (column one))) 0
        let subject, believed = width _.Subject, width (fun one -> words one.Believed)

        opinions
        |> List.map (fun one ->
            let mark = if one.Differs then "  <- not so" else ""

            $"  %s{one.Subject.PadRight subject}  believed: %s{(words one.Believed).PadRight believed}  true: %s{words one.True}%s{mark}")

    /// For a terminal.
    let print (explanation: Explanation) : string list = [
        explanation.Heading + ":"
        yield! table explanation.Opinions
        if not explanation.Waits.IsEmpty then
            "What it said that it waited for:"
            yield! explanation.Waits |> List.map (fun line -> "  " + line)
        "What led to it:"
        yield! explanation.Course |> List.map (fun line -> "  " + Simulation.print line)
    ]

    let json (explanation: Explanation) : Json =
        let opinion (one: Opinion) =
            Json.object [
                "subject", Json.string one.Subject
                "believed", Json.string (words one.Believed)
                "true", Json.string (words one.True)
                "differs", Json.bool one.Differs
            ]

        Json.object [
            "heading", Json.string explanation.Heading
            "beliefs", explanation.Opinions |> List.map opinion |> Json.array
            "waitsFor", Json.strings explanation.Waits
            "ledToIt", explanation.Course |> List.map Simulation.print |> Json.strings
        ]

    /// For a page: the table, and below it the course; a line of it bears its time.
    let html (explanation: Explanation) : string =
        let e = Markup.escape

        let row (one: Opinion) =
            let differs = if one.Differs then " class=\"wrong\"" else ""

            $"<tr%s{differs}><td>%s{e one.Subject}</td><td>%s{e (words one.Believed)}</td><td>%s{e (words one.True)}</td></tr>"

        let line (one: Line) =
            $"<li data-t=\"%d{one.At}\"><time>%s{Simulation.clock one.At}</time><b>%s{e one.Who}</b><span>%s{e one.Text}</span></li>"

        [
            $"<section id=\"why\"><h2>%s{e explanation.Heading}</h2>"
            "<table class=\"beliefs\"><thead><tr><th></th><th>believed</th><th>true</th></tr></thead><tbody>"
            yield! explanation.Opinions |> List.map row
            "</tbody></table>"
            if not explanation.Waits.IsEmpty then
                "<h2>What it said that it waited for</h2><ul>"
                yield! explanation.Waits |> List.map (fun line -> $"<li>%s{e line}</li>")
                "</ul>"
            "<h2>What led to it</h2><ol class=\"lines\">"
            yield! explanation.Course |> List.map line
            "</ol></section>"
        ]
        |> String.concat "\n"
