/// One run as one page: nothing in it is fetched from anywhere. The same run gives the same bytes.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.Page

open System.IO
open System.Reflection
open Tikv.Core
open Tikv.Simulator.Run

let private resource (name: string) =
    match
        Assembly.GetExecutingAssembly().GetManifestResourceStream("reports/" + name)
        |> Option.ofObj
    with
    | Some stream ->
        use reader = new StreamReader(stream)
        reader.ReadToEnd()
    | None -> invalidOp $"the page has no %s{name}"

let private sheet = lazy (resource "page.css")
let private code = lazy (resource "page.js")
let private ui = lazy (resource "ui.js")

let style () : string = sheet.Value
let private e = Markup.escape

let private mark account =
    match Account.verdict account with
    | "reached" -> "good", "&#10004; reached"
    | "broke" ->
        let ids = Account.broken account |> List.map _.Property.Id |> List.distinct
        let ids = ids |> String.concat ", " |> e
        "bad", $"&#10008; broke %s{ids}"
    | _ -> "bad", "&#10074;&#10074; stuck"

let private fact (name: string) (value: string) = $"<div><dt>%s{name}</dt><dd>%s{e value}</dd></div>"

let private simulated (account: Account) (chart: Chart) =
    let drawn, alone = chart.Axis.End - Account.began account, account.Result.Ended - chart.Axis.End

    if alone < 60_000L then
        Axis.span drawn
    else
        $"%s{Axis.span drawn}, then left alone for %s{Axis.span alone}"

let private header (account: Account) (chart: Chart) =
    let scenario, result = Account.scenario account, account.Result
    let kind, word = mark account
    let writes = result.Writes |> Map.toList |> List.sumBy snd

    let others =
        match Account.broken account with
        | _ :: others -> others
        | [] -> []

    [
        $"<header class=\"%s{kind}\"><p class=\"mark\">%s{word}</p><h1>%s{e result.Scenario}</h1><p class=\"shows\">%s{e scenario.Shows}.</p>"
        $"<p class=\"words\">%s{result |> Run.words |> e}</p>"
        for other in others do
            $"<p class=\"words\">%s{e other.Property.Id}, too: %s{e other.What}</p>"
        match Account.tryDeed account with
        | Some deed -> $"<p class=\"deed\">%s{deed |> Account.deedWords |> e}</p>"
        | None -> ()
        "<dl>"
        fact "run again" account.Replay
        fact "seed" (string scenario.World.Seed)
        fact "fingerprint" (Account.fingerprint account)
        fact "simulated" (simulated account chart)
        fact "events" (string result.Final.Events)
        fact "writes" (string writes)
        "</dl></header>"
    ]
    |> String.concat "\n"

let private legend =
    [
        "good", "well"
        "leads", "leads PD"
        "coming", "on its way up"
        "going", "on its way out"
        "weak", "not as it should be"
        "bad", "down"
        "gone", "not there"
    ]
    |> List.map (fun (tone, words) ->
        $"<span><svg viewBox=\"0 0 22 12\" class=\"bar %s{tone}\"><rect width=\"22\" height=\"12\" rx=\"2\"/><rect class=\"hatch\" width=\"22\" height=\"12\" rx=\"2\"/></svg>%s{words}</span>")
    |> String.concat ""

/// Lines of the transcript on the page: of a longer run the beginning and the end.
let private first, private last = 1_000, 4_000

let private kindOf (line: Line) =
    if line.Told.IsLog then
        "log"
    elif
        line.Who.StartsWith("operator", System.StringComparison.Ordinal)
        && line.Told.IsEvent
    then
        "operator"
    else
        Chart.rowOf line

let private lineOf (line: Line) =
    let refused = if Chart.isRefused line then " no" else ""

    $"<li class=\"%s{kindOf line}%s{refused}\" data-t=\"%d{line.At}\"><time>%s{Simulation.clock line.At}</time><b>%s{e line.Who}</b><span>%s{e line.Text}</span></li>"

let private transcript (lines: Line list) =
    let left = lines.Length - first - last

    if left <= 0 then
        lines |> List.map lineOf
    else
        (lines |> List.truncate first |> List.map lineOf)
        @ [ $"<li class=\"cut\">%d{left} lines are left out; the command above prints all</li>" ]
        @ (lines |> List.skip (first + left) |> List.map lineOf)
    |> String.concat "\n"

let private filters (lines: Line list) =
    let names = [
        "people", "faults, people"
        "cluster", "cluster"
        "operator", "operators"
        "api", "API writes"
        "pd", "PD calls"
        "log", "log"
    ]

    let counts = lines |> List.countBy kindOf |> Map.ofList

    names
    |> List.map (fun (key, words) ->
        let count = Map.tryFind key counts |> Option.defaultValue 0
        $"<label><input type=\"checkbox\" data-kind=\"%s{key}\" checked> %s{words} <small>%d{count}</small></label>")
    |> String.concat ""

let private tested account =
    Account.tested account
    |> List.sortBy (fun (_, count) -> count = 0)
    |> List.map (fun (property, count) ->
        $"<tr><td>%s{e property.Id}</td><td>%d{count}</td><td>%s{e property.Means}</td></tr>")
    |> String.concat "\n"

/// What the script needs to tell of each moment: where it is, and what every lane was then.
let private data (chart: Chart) =
    let shown =
        match chart.Failure with
        | Some(time, _) -> time
        | None ->
            match chart.Rows |> List.collect _.Otherwise |> List.map fst with
            | [] -> Array.head chart.Moments
            | times -> List.min times

    // of states within the same part of a pixel the last one counts
    let states (row: Row) =
        row.Bars
        |> List.map (fun bar -> bar.Start, Timeline.now row bar.Cell)
        |> List.groupBy (fun (time, _) -> int (2.0 * Axis.x time chart.Axis))
        |> List.collect (fun (_, within) -> if within.Length > 8 then [ List.last within ] else within)

    Json.object [
        "moments", chart.Moments |> Seq.map Json.int64 |> Json.array
        "xs",
        chart.Moments
        |> Seq.map (fun time -> Json.Number(Markup.number 1 (Timeline.x chart time)))
        |> Json.array
        "shown", Json.int64 shown
        "lanes",
        chart.Rows
        |> List.filter (fun row -> not row.Bars.IsEmpty)
        |> List.map (fun row ->
            row.Key,
            states row
            |> List.map (fun (time, words) -> Json.array [ Json.int64 time; Json.string words ])
            |> Json.array)
        |> Json.object
    ]
    |> Json.print
    |> Markup.script

/// Beside another run of the same cluster, where there is one, and with something above it.
let beside (twin: Film option) (head: string) (account: Account) (film: Film) : string =
    let chart = Chart.beside twin account film
    let lines = Account.lines account

    [
        "<!DOCTYPE html>"
        "<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">"
        $"<title>%s{e account.Result.Scenario}: %s{Account.verdict account}</title><style>"
        sheet.Value
        "</style></head><body>"
        head
        header account chart
        account.Why |> Option.map Explanation.html |> Option.defaultValue ""
        $"<section><div class=\"bar-of-time\"><output id=\"clock\"></output><input id=\"slider\" type=\"range\" min=\"0\" max=\"%d{chart.Moments.Length - 1}\" value=\"0\" aria-label=\"moment\"><button id=\"back\" type=\"button\" aria-label=\"the moment before\">&#9664;</button><button id=\"on\" type=\"button\" aria-label=\"the next moment\">&#9654;</button></div>"
        Timeline.print chart
        $"<p class=\"legend\">%s{legend}</p></section>"
        $"<section><h2>Transcript</h2><p class=\"filters\">%s{filters lines}<input id=\"search\" type=\"search\" placeholder=\"words in a line\" aria-label=\"words in a line\"></p><ol id=\"lines\">"
        transcript lines
        "</ol></section>"
        "<section><details><summary>How often each property was put to the test</summary><table>"
        tested account
        "</table></details></section>"
        $"<script type=\"application/json\" id=\"data\">%s{data chart}</script><script>"
        code.Value
        if head <> "" then
            ui.Value
        "</script></body></html>"
        ""
    ]
    |> String.concat "\n"

let print (account: Account) (film: Film) : string = beside None "" account film
