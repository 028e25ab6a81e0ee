/// The timeline as SVG: a row a lane, with its name before it and its state at the cursor behind it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.Timeline

open Tikv.Simulator.Run

let private left = 176.0
let private right = 214.0
let private rowHeight = 21.0
let private headHeight = 26.0
let private top = 34.0
let private number value = Markup.number 1 value

let tone (cell: Cell) = (string cell.Tone).ToLowerInvariant()

/// The state of a row, in the words that stand behind it.
let now (row: Row) (cell: Cell) =
    if
        row.HasLevel
        && cell.Tone <> Tone.Gone
        && row.Heading.StartsWith("Stores", System.StringComparison.Ordinal)
    then
        $"%s{cell.Words}, leads %d{cell.Level}"
    else
        cell.Words

let private title (text: string) = "<title>" + Markup.escape text + "</title>"

let private span (start: int64) (until: int64) =
    $"%s{Simulation.clock start} to %s{Simulation.clock until} (%s{Axis.span (until - start)})"

/// Neighbours that look alike are one.
let private merged (bars: Bar list) =
    ([], bars)
    ||> List.fold (fun done' bar ->
        match done' with
        | former :: older when former.Cell.Words = bar.Cell.Words && former.Cell.Tone = bar.Cell.Tone ->
            { former with End = bar.End; Cell = bar.Cell } :: older
        | _ -> bar :: done')
    |> List.rev

/// Of bars that are too thin to be seen one a pixel is left: the worst.
let private thinned axis (bars: Bar list) =
    bars
    |> List.groupBy (fun bar ->
        let x = Axis.x bar.Start axis
        if Axis.x bar.End axis - x < 0.5 then int64 x else -bar.Start - 1L)
    |> List.map (fun (_, bars) -> bars |> List.maxBy _.Cell.Tone)

let private bar axis y (row: Row) (bar: Bar) =
    let x = Axis.x bar.Start axis
    let width = max 0.8 (Axis.x bar.End axis - x)

    let place =
        $"x=\"%s{number (left + x)}\" y=\"%s{number (y + 2.0)}\" width=\"%s{number width}\" height=\"17\""

    let detail = if bar.Cell.Detail = "" then "" else "\n" + bar.Cell.Detail
    let text = $"%s{row.Name}: %s{bar.Cell.Words}\n%s{span bar.Start bar.End}%s{detail}"

    let words =
        if width > 6.3 * float bar.Cell.Words.Length + 8.0 then
            $"<text class=\"in\" x=\"%s{number (left + x + 5.0)}\" y=\"%s{number (y + 14.5)}\">%s{Markup.escape bar.Cell.Words}</text>"
        else
            ""

    $"<g class=\"bar %s{tone bar.Cell}\"><rect %s{place} rx=\"2\"/><rect class=\"hatch\" %s{place} rx=\"2\"/>%s{words}%s{title text}</g>"

/// The share of the leaders, as an area from below.
let private level axis y (most: int) (row: Row) =
    let bottom = y + 19.0
    let height value = bottom - 17.0 * float value / float (max 1 most)

    let steps =
        row.Bars
        |> List.map (fun bar -> Axis.x bar.Start axis, bar.Cell.Level)
        |> List.groupBy (fst >> int)
        |> List.map (snd >> List.last)

    let path =
        steps
        |> List.map (fun (x, value) -> $"H%s{number (left + x)}V%s{number (height value)}")
        |> String.concat ""

    $"<path class=\"level\" d=\"M%s{number left} %s{number bottom}%s{path}H%s{number (left + axis.Width)}V%s{number bottom}Z\"/>"

let private shape (row: Row) x y refused many =
    let r = if many then 4.5 else 3.2

    if refused then
        $"<path class=\"no\" d=\"M%s{number (x - r)} %s{number (y - r)}l%s{number (2.0 * r)} %s{number (2.0 * r)}m0 %s{number (-2.0 * r)}l%s{number (-2.0 * r)} %s{number (2.0 * r)}\"/>"
    elif row.Key = "people" then
        $"<path d=\"M%s{number x} %s{number (y - r - 1.0)}l%s{number (r + 1.0)} %s{number (2.0 * r)}h%s{number (-2.0 * r - 2.0)}z\"/>"
    else
        $"<circle cx=\"%s{number x}\" cy=\"%s{number y}\" r=\"%s{number r}\"/>"

let private told = 12

/// What happens within some pixels is one mark, which tells of the first of it.
let private marks axis y (row: Row) =
    row.Marks
    |> List.filter (fun line -> not line.Told.IsLog)
    |> List.groupBy (fun line -> int (Axis.x line.At axis / 5.0))
    |> List.map (fun (_, lines) ->
        let first = List.head lines
        let more = lines.Length - told
        let words = lines |> List.truncate told |> List.map Simulation.print
        let words = if more > 0 then words @ [ $"and %d{more} more" ] else words
        let refused = lines |> List.exists Chart.isRefused
        let x = left + Axis.x first.At axis
        let text = words |> String.concat "\n" |> title

        $"<g class=\"mark\" data-t=\"%d{first.At}\">%s{shape row x (y + 10.5) refused (lines.Length > 1)}%s{text}</g>")
    |> String.concat ""

let private ticks axis height =
    [ 0.0 .. 1.0 / 8.0 .. 1.0 ]
    |> List.map (fun part ->
        let x = part * Chart.width

        let anchor =
            if part = 0.0 then "start"
            elif part = 1.0 then "end"
            else "middle"

        let clock = (Simulation.clock (Axis.time x axis)).Substring(0, 8)

        $"<line class=\"grid\" x1=\"%s{number (left + x)}\" x2=\"%s{number (left + x)}\" y1=\"20\" y2=\"%s{number height}\"/><text class=\"tick\" text-anchor=\"%s{anchor}\" x=\"%s{number (left + x)}\" y=\"14\">%s{clock}</text>")
    |> String.concat ""

let private silence axis height (start, until) =
    let x, next = Axis.x start axis, Axis.x until axis
    let length = Axis.span (until - start)

    let label =
        if next - x > 6.0 * float length.Length + 6.0 then
            $"<text x=\"%s{number (left + (x + next) / 2.0)}\" y=\"28\">%s{length}</text>"
        else
            ""

    let text = title $"nothing happens for %s{length}: drawn shorter than it is"

    $"<g class=\"silence\"><rect x=\"%s{number (left + x)}\" y=\"20\" width=\"%s{number (next - x)}\" height=\"%s{number (height - 20.0)}\"/>%s{label}%s{text}</g>"

let private flight axis (ys: Map<string, float>) (one: Flight) =
    let y key = (Map.tryFind key ys |> Option.defaultValue top) + 10.5
    let sender = Simulation.place one.Operator
    let from, into = y sender, y (if one.ToPd then "pd" else "api")
    let x, next = left + Axis.x one.SentAt axis, left + Axis.x one.LandsAt axis
    let unheard = if one.Unheard then "; nobody hears the answer" else ""
    let late = Axis.span (one.LandsAt - one.SentAt)

    let text =
        $"%s{sender}: %s{one.Words}\nlands %s{late} after it was sent%s{unheard}\n%s{span one.SentAt one.LandsAt}"

    $"<g class=\"flight\"><path d=\"M%s{number x} %s{number from}L%s{number next} %s{number into}\" marker-end=\"url(#arrow)\"/>%s{title text}</g>"

let private hearing axis (ys: Map<string, float>) (one: Hearing) =
    let y key = (Map.tryFind key ys |> Option.defaultValue top) + 10.5
    let hearer = Simulation.place one.Operator
    let from, into = y (if one.FromPd then "pd" else "api"), y hearer
    let x, next = left + Axis.x one.SaidAt axis, left + Axis.x one.HeardAt axis
    let late = Axis.span (one.HeardAt - one.SaidAt)
    let text = $"%s{hearer} hears of %s{one.Words}\n%s{late} late\n%s{span one.SaidAt one.HeardAt}"

    $"<g class=\"hearing\"><path d=\"M%s{number x} %s{number from}L%s{number next} %s{number into}\"/>%s{title text}</g>"

let private failure axis height (time, what) =
    let x = left + Axis.x time axis
    let isLate = x > left + Chart.width / 2.0
    let anchor, label = if isLate then "end", x - 6.0 else "start", x + 6.0

    $"<g class=\"failure\"><line x1=\"%s{number x}\" x2=\"%s{number x}\" y1=\"20\" y2=\"%s{number height}\"/><text text-anchor=\"%s{anchor}\" x=\"%s{number label}\" y=\"46\">&#10008; %s{Markup.escape what}</text></g>"

let private hatches =
    "<defs><pattern id=\"h-going\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"2\" height=\"6\"/></pattern>"
    + "<pattern id=\"h-bad\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 0l5 5M5 0l-5 5\"/></pattern>"
    + "<pattern id=\"h-weak\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\"><circle cx=\"2\" cy=\"2\" r=\"1\"/></pattern>"
    + "<marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>"

/// The rows with the height at which each stands, headings between them, and the height of all.
let private placed (rows: Row list) =
    (([], top, ""), rows)
    ||> List.fold (fun (placed, y, heading) row ->
        let y = if row.Heading <> heading then y + headHeight else y
        (row, y, row.Heading <> heading) :: placed, y + rowHeight, row.Heading)
    |> fun (placed, height, _) -> List.rev placed, height + 6.0

let private otherwise axis y (row: Row) =
    row.Otherwise
    |> List.map (fun (start, until) ->
        let x = Axis.x start axis
        let width = max 1.0 (Axis.x until axis - x)
        let text = title $"otherwise than before\n%s{span start until}"

        $"<rect class=\"otherwise\" x=\"%s{number (left + x)}\" y=\"%s{number (y + 18.5)}\" width=\"%s{number width}\" height=\"2.5\">%s{text}</rect>")
    |> String.concat ""

let private most (rows: Row list) =
    let highest row = row.Bars |> List.fold (fun most bar -> max most bar.Cell.Level) 0
    let byHeading = rows |> List.groupBy _.Heading

    byHeading
    |> List.map (fun (name, rows) -> name, rows |> List.map highest |> List.max)
    |> Map.ofList

let private rowOf axis (most: Map<string, int>) (row: Row, y, isFirst) =
    let heading =
        if isFirst then
            $"<text class=\"head\" x=\"0\" y=\"%s{number (y - 6.0)}\">%s{Markup.escape row.Heading}</text>"
        else
            ""

    let bars = merged row.Bars |> thinned axis |> List.map (bar axis y row) |> String.concat ""
    let level = if row.HasLevel then level axis y (Map.find row.Heading most) row else ""

    let last =
        match List.tryLast row.Bars with
        | Some bar -> now row bar.Cell
        | None -> ""

    $"%s{heading}<g class=\"lane\" data-lane=\"%s{Markup.escape row.Key}\"><rect class=\"ground\" x=\"%s{number left}\" y=\"%s{number (y + 2.0)}\" width=\"%s{number Chart.width}\" height=\"17\"/><text class=\"name\" x=\"%s{number (left - 8.0)}\" y=\"%s{number (y + 14.5)}\">%s{Markup.escape row.Name}</text>%s{bars}%s{level}%s{otherwise axis y row}%s{marks axis y row}<text class=\"now\" x=\"%s{number (left + Chart.width + 10.0)}\" y=\"%s{number (y + 14.5)}\">%s{Markup.escape last}</text></g>\n"

/// Where a moment stands on the drawing.
let x (chart: Chart) (time: int64) = left + Axis.x time chart.Axis

let print (chart: Chart) : string =
    let axis = chart.Axis
    let rows, height = placed chart.Rows
    let ys = rows |> List.map (fun (row, y, _) -> row.Key, y) |> Map.ofList
    let most = most chart.Rows
    let width = left + Chart.width + right

    [
        $"<svg id=\"timeline\" viewBox=\"0 0 %s{number width} %s{number height}\" role=\"img\" aria-label=\"timeline\">"
        hatches
        ticks axis height
        yield! Axis.squeezed axis |> List.map (silence axis height)
        yield! rows |> List.map (rowOf axis most)
        yield! chart.Hearings |> List.map (hearing axis ys)
        yield! chart.Flights |> List.map (flight axis ys)
        yield! chart.Failure |> Option.toList |> List.map (failure axis height)
        $"<line id=\"cursor\" x1=\"%s{number left}\" x2=\"%s{number left}\" y1=\"20\" y2=\"%s{number height}\"/></svg>"
    ]
    |> String.concat "\n"
