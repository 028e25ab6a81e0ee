/// Tells why a run failed, from a recording of it.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Reports.Explaining

open System
open Tikv.Core.Operator
open Tikv.Simulator.Run
open Tikv.Simulator.World

/// Lines of the course.
let private most = 24

let private isOfName letter = Char.IsLetterOrDigit letter || letter = '-' || letter = '.'

/// The names and numbers in a text.
let private namesIn (text: string) : Set<string> =
    String.map (fun letter -> if isOfName letter then letter else ' ') text
    |> _.Split(' ', StringSplitOptions.RemoveEmptyEntries)
    |> Array.map _.TrimEnd('.')
    |> Set.ofArray

/// The Pod of `store 5 basic-tikv-3`, and the id that calls to PD name it by.
let private tryStore (opinion: Opinion) =
    match opinion.Subject.Split ' ' with
    | [| "store"; id; pod |] -> Some(id, pod)
    | _ -> None

let private callsStore (text: string) id =
    text.Contains("pd ", StringComparison.Ordinal)
    && (text.Contains("Store " + id, StringComparison.Ordinal)
        || text.Contains("Leaders " + id, StringComparison.Ordinal))
    && Set.contains id (namesIn text)

let private subjectName (opinion: Opinion) = Array.last (opinion.Subject.Split ' ')
let private isOfCluster (opinion: Opinion) = opinion.Subject.StartsWith("Cluster ", StringComparison.Ordinal)

/// The names that the failure is about, with the Pods of the stores that it is about, and those in which the operator was
/// wrong.
let private subjects (opinions: Opinion list) (texts: string list) =
    let named = texts |> List.map namesIn |> Set.unionMany

    let isNamed opinion =
        match tryStore opinion with
        | Some(id, _) when texts |> List.exists (fun text -> callsStore text id) -> true
        | Some _ -> false
        | None -> Set.contains (subjectName opinion) named

    opinions
    |> List.filter (fun opinion -> not (isOfCluster opinion) && (opinion.Differs || isNamed opinion))
    |> List.map subjectName
    |> Set.ofList

let private isAbout (subjects: Set<string>) (opinion: Opinion) =
    let name = subjectName opinion

    subjects
    |> Set.exists (fun subject -> name = subject || name.EndsWith("-" + subject, StringComparison.Ordinal))

/// What led to it. Of very much the last is kept, with all that came from outside.
let private course (subjects: Set<string>) until (film: Film) =
    let lines = Causes.slice subjects until film.Causes
    let surplus = lines.Length - most

    lines
    |> List.indexed
    |> List.filter (fun (index, line) -> index >= surplus || line.Who = "user" || line.Who = "fault")
    |> List.map snd

/// What an operator says that it waits for.
let private says (state: OperatorState) = [
    for waiting in state.Waiting.Values do
        for KeyValue(object, reasons) in waiting do
            for code, text in reasons do
                yield $"%s{Words.object object}: %s{code}: %s{text}"
]

let private asked at (state: OperatorState) =
    match Belief.askedBefore at state with
    | Some age -> $"; PD had been asked %s{Axis.span age} before"
    | None -> "; PD had not answered"

/// What was sent, of what was executed last.
let private tryOrder (deed: Deed) (film: Film) =
    film.Orders.Values
    |> Seq.filter (fun order ->
        Simulation.place order.Operator = deed.Line.Who
        && order.SentAt <= deed.Line.At
        && deed.Line.Text.StartsWith(order.Words + " -> ", StringComparison.Ordinal))
    |> Seq.sortBy _.SentAt
    |> Seq.tryLast

/// What an operator that lives remembers when the run ends.
let private tryLast (result: Result) =
    result.Final.Operators.Values
    |> Seq.tryPick (fun operator ->
        match operator.Program with
        | ValueSome program ->
            match program.Believes with
            | ValueSome state -> Some(operator.Number, state)
            | ValueNone -> None
        | ValueNone -> None)

/// Whose beliefs are of interest, of when, and the world that they are held against.
let private tryBeliefs account film =
    match Account.tryDeed account with
    | Some({ AtOnce = true } as deed) ->
        match tryOrder deed film with
        | Some { Believed = ValueSome state; SentAt = at; Operator = number } ->
            let words =
                $"What %s{Simulation.place number} remembered when it sent this, at %s{Simulation.clock at}"

            Some(words + asked at state, state, film.Before)
        | _ -> None
    | _ ->
        tryLast account.Result
        |> Option.map (fun (number, state) ->
            let now = account.Result.Ended
            let words = $"What %s{Simulation.place number} remembers at the end, at %s{Simulation.clock now}"
            words + asked now state, state, account.Result.Final.World)

/// Of a run that failed.
let tryMake (account: Account) (film: Film) : Explanation option =
    if Account.isGood account then
        None
    else
        tryBeliefs account film
        |> Option.map (fun (heading, state, world) ->
            let opinions = Belief.opinions state world

            let deed =
                match Account.tryDeed account with
                | Some deed when deed.AtOnce -> [ "pd " + deed.Line.Text ]
                | _ -> []

            let broken = Account.broken account |> List.map _.What
            let subjects = subjects opinions (deed @ broken @ Account.missing account)

            let until =
                match Account.broken account with
                | first :: _ -> first.At
                | [] -> account.Result.Ended

            {
                Heading = heading
                Opinions =
                    opinions
                    |> List.filter (fun opinion -> opinion.Differs || isAbout subjects opinion)
                Waits = says state
                Course = course subjects until film
            })
