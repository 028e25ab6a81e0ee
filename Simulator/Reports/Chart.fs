namespace Tikv.Simulator.Reports

open Tikv.Simulator.Run

/// A span of time in which a lane was in one state.
type Bar = { Start: int64; End: int64; Cell: Cell }

/// A row of the page: what happened there, what was so there, or both.
type Row = {
    /// What a line of the transcript names it by, and the page's script.
    Key: string
    Name: string
    Heading: string
    Bars: Bar list
    Marks: Line list
    HasLevel: bool
    /// When it was otherwise than in the run that this one is compared with.
    Otherwise: (int64 * int64) list
}

/// What the page draws.
type Chart = {
    Axis: Axis
    Rows: Row list
    Flights: Flight list
    Hearings: Hearing list
    /// Times at which something happens: where the slider stops.
    Moments: int64 array
    /// When the run failed, and in a word how.
    Failure: (int64 * string) option
}

[<RequireQualifiedAccess>]
module Chart =

    /// Width of the lanes on the page.
    let width = 860.0

    /// The row that a line stands in; what operators say of themselves stands in their own.
    let rowOf (line: Line) : string =
        match line.Told, line.Who with
        | Told.Written _, _ -> "api"
        | Told.AskedPd _, _ -> "pd"
        | (Told.Log | Told.Event), ("user" | "fault" | "moment") -> "people"
        | (Told.Log | Told.Event), who -> who

    /// Whether what was asked for was refused.
    let isRefused (line: Line) =
        match line.Told with
        | Told.Written code
        | Told.AskedPd code -> code >= 300
        | Told.Log
        | Told.Event -> false

    let private heading section =
        match section with
        | Section.Operators -> "Operators"
        | Section.Members -> "PD members"
        | Section.Stores -> "Stores: the fill is the share of leaders"
        | Section.Regions -> "Regions: the fill is the share that can lose no further store"
        | Section.Pods -> "Pods"
        | Section.Nodes -> "Nodes"

    /// A member and its Pod have the same name.
    let private key (lane: Lane) =
        match lane.Section with
        | Section.Members -> "member " + lane.Name
        | Section.Pods -> "pod " + lane.Name
        | Section.Nodes -> "node " + lane.Name
        | Section.Operators
        | Section.Stores
        | Section.Regions -> lane.Name

    /// Each state lasts until the next one.
    let private bars (film: Film) until (lane: Lane, changes: (int64 * Cell) list) : Bar list =
        let changes = List.rev changes

        let changes =
            match changes with
            | (first, _) :: _ when first > film.From -> (film.From, States.absent lane.Section) :: changes
            | changes -> changes

        let ends = (changes |> List.skip 1 |> List.map fst) @ [ until ]

        List.zip changes ends
        |> List.map (fun ((start, cell), until) -> { Start = start; End = until; Cell = cell })

    let private hasChanged (bars: Bar list) = bars |> List.distinctBy _.Cell |> List.length > 1

    let private marks key (lines: Line list) = lines |> List.filter (fun line -> rowOf line = key)

    let private events lines key name heading = {
        Key = key
        Name = name
        Heading = heading
        Bars = []
        Marks = marks key lines
        HasLevel = false
        Otherwise = []
    }

    /// The spans in which two lanes are not in the same state; what one has not, is not there.
    let private otherwise (film: Film) (twin: Film option) until (lane: Lane) (bars: Bar list) =
        match twin with
        | None -> []
        | Some twin ->
            let others =
                match Map.tryFind lane twin.Lanes with
                | Some changes -> List.rev changes
                | None -> [ film.From, States.absent lane.Section ]

            let at time changes =
                changes
                |> List.tryFindBack (fun (since, _) -> since <= time)
                |> Option.map (fun (_, cell: Cell) -> cell.Words)
                |> Option.defaultValue (States.absent lane.Section).Words

            let ones = bars |> List.map (fun bar -> bar.Start, bar.Cell)
            let ends = min until twin.SampledAt

            let times =
                (List.map fst ones @ List.map fst others)
                |> List.filter (fun time -> time < ends)
                |> List.distinct
                |> List.sort

            List.zip times (List.skip (min 1 times.Length) times @ [ ends ] |> List.truncate times.Length)
            |> List.filter (fun (time, _) -> at time ones <> at time others)

    /// Of nodes only those to which something happens.
    let private states film twin until lines : Row list = [
        for lane, changes in Map.toList film.Lanes do
            let bars = bars film until (lane, changes)

            if lane.Section <> Section.Nodes || hasChanged bars then
                {
                    Key = key lane
                    Name = lane.Name
                    Heading = heading lane.Section
                    Bars = bars
                    Marks = if lane.Section = Section.Operators then marks lane.Name lines else []
                    HasLevel = lane.Section = Section.Stores || lane.Section = Section.Regions
                    Otherwise = otherwise film twin until lane bars
                }
    ]

    let private rows film twin until lines =
        let operators, others =
            states film twin until lines
            |> List.partition (fun row -> row.Heading = heading Section.Operators)

        [
            events lines "people" "faults, people" "What happens"
            events lines "cluster" "cluster" "What happens"
            yield! operators
            events lines "api" "API writes" (heading Section.Operators)
            events lines "pd" "PD calls" (heading Section.Operators)
            yield! others
        ]

    let private failure (account: Account) =
        match Account.broken account, Account.verdict account with
        | first :: _, _ -> Some(first.At, first.Property.Id)
        | [], "stuck" -> Some(account.Result.Ended, "stuck")
        | _ -> None

    let private isMoment (line: Line) = not line.Told.IsLog

    /// One for each part of a pixel, when there are more than a slider can stop at.
    let private thinned axis (times: int64 list) =
        if times.Length <= 2_000 then
            times
        else
            times |> List.distinctBy (fun time -> int (2.0 * Axis.x time axis))

    /// Beside another run of the same cluster, where there is one.
    let beside (twin: Film option) (account: Account) (film: Film) : Chart =
        let lines = Account.lines account
        let failure = failure account
        let ends = Option.toList (Option.map fst failure) @ (lines |> List.map _.At)
        let until = List.fold max film.SampledAt ends
        let rows = rows film twin until lines

        // how many lead, and more of that kind, changes all the time, and is no moment
        let changes = [
            for row in rows do
                for one, next in List.pairwise row.Bars do
                    if one.Cell.Words <> next.Cell.Words then
                        next.Start
        ]

        let told = lines |> List.filter isMoment |> List.map _.At

        let flights =
            film.Flights.Values
            |> Seq.filter (fun flight -> flight.LandsAt <= until)
            |> Seq.sortBy (fun flight -> flight.SentAt, flight.LandsAt, flight.Operator, flight.Words)
            |> List.ofSeq

        let moments = film.From :: until :: told @ changes |> List.distinct |> List.sort
        let axis = Axis.make width moments

        {
            Axis = axis
            Rows = rows
            Flights = flights
            Hearings =
                film.Hearings
                |> List.rev
                |> List.filter (fun hearing -> hearing.HeardAt <= until)
            Moments = thinned axis moments |> Array.ofList
            Failure = failure
        }

    let make (account: Account) (film: Film) : Chart = beside None account film
