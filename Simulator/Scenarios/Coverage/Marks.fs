/// What a run has been through, as marks: each reason and action of an operator, each property that was put to the test,
/// each goal; and, where that is looked for, each of the first two with the world and the mishaps that it came in.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.Marks

open Tikv.Core.Operator
open Tikv.Simulator.Run
open Tikv.Simulator.Invariants

let reason name = "reason " + name
let action name = "action " + name
let property id = "property " + id
let goal name = "goal " + name

let private isSame one other = LanguagePrimitives.PhysicalEquality one other

let private remembered number (run: Simulation) =
    match Simulation.operator number run with
    | Some { Program = ValueSome program } -> program.Believes
    | _ -> ValueNone

let private reasons (before: OperatorState voption) (now: OperatorState) = [
    for KeyValue(cluster, objects) in now.Waiting do
        let former =
            match before with
            | ValueSome before -> Map.tryFind cluster before.Waiting |> Option.defaultValue Map.empty
            | ValueNone -> Map.empty

        if not (isSame former objects) then
            for KeyValue(object, said) in objects do
                match Map.tryFind object former with
                | Some same when isSame same said -> ()
                | _ ->
                    for code, text in said do
                        reason (Cases.reason object.Kind code text)
]

let private actions (now: OperatorState) = [
    for KeyValue(object, stage) in now.Rounds do
        match stage with
        | Stage.Carrying(_, step, _) -> action (Cases.action object.Kind step.Action)
        | _ -> ()
]

let private said (before: Simulation) (after: Simulation) number =
    match remembered number after, remembered number before with
    | ValueNone, _ -> []
    | ValueSome now, before ->
        let differs (part: OperatorState -> 'Part) =
            match before with
            | ValueSome before -> not (isSame (part before) (part now))
            | ValueNone -> true

        [
            if differs _.Waiting then
                yield! reasons before now
            if differs _.Rounds then
                yield! actions now
        ]

/// Where marks are of interest with what they come in: the mishaps that are under way.
type Around = (Simulation -> string list) option

/// An onlooker of a run.
let look (around: Around) (before: Simulation) (after: Simulation) (marks: Set<string>) : Set<string> =
    if isSame before.Operators after.Operators then
        marks
    else
        match after.Operators |> Map.toList |> List.collect (fst >> said before after) with
        | [] -> marks
        | said ->
            let marks = (marks, said) ||> List.fold (fun marks mark -> Set.add mark marks)

            match around with
            | None -> marks
            | Some mishaps ->
                let situation = Situation.ofWorld after.World

                let mishaps =
                    match mishaps after with
                    | [] -> [ "nothing" ]
                    | some -> some

                (marks, List.allPairs said mishaps)
                ||> List.fold (fun marks (mark, mishap) ->
                    Set.add $"cell %s{mark}, %s{situation}, %s{mishap}" marks)

/// With what the judge has counted and seen.
let ofResult (result: Result) (marks: Set<string>) : Set<string> =
    let tested =
        result.Tested
        |> Map.toSeq
        |> Seq.filter (fun (id, count) -> count > 0 && not (Checks.isOwn id))
        |> Seq.map (fst >> property)

    let goals = Goals.reached result.Final.Judge marks |> List.map goal
    let refused = Goals.refused result.Final.Judge |> Set.map reason
    Set.unionMany [ marks; Set.ofSeq tested; Set.ofList goals; refused ]

/// Every mark but the cells, of which nobody knows how many there are.
let all: Lazy<string list> =
    lazy
        ((Cases.reasons.Value |> List.map reason)
         @ (Cases.actions.Value |> List.map action)
         @ (All.invariants
            |> List.map (fun one -> property one.Property.Id)
            |> List.distinct)
         @ (Goals.all |> List.map goal))
