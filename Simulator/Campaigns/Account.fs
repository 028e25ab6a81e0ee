/// What a campaign has been through, in lines.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Account

open System
open Tikv.Simulator.Scenarios

let private sorts = [
    "reason ", "reasons"
    "action ", "actions"
    "property ", "properties"
    "goal ", "goals"
]

let private ofSort (prefix: string) (marks: string seq) =
    marks
    |> Seq.filter (fun mark -> mark.StartsWith(prefix, StringComparison.Ordinal))
    |> List.ofSeq

/// Every mark that there is and that has not been reached, in order.
let missing (marks: Set<string>) : string list =
    Marks.all.Value |> List.filter (fun mark -> not (Set.contains mark marks))

/// `reached 80 of 120 reasons, ...`.
let summary (tally: Tally) : string =
    let parts =
        sorts
        |> List.map (fun (prefix, name) ->
            let all = ofSort prefix Marks.all.Value
            let reached = all |> List.filter (fun mark -> Set.contains mark tally.Marks)
            $"%d{reached.Length} of %d{all.Length} %s{name}")

    let cells = ofSort "cell " tally.Marks |> List.length
    let cells = if cells = 0 then "" else $"; %d{cells} meetings of one with a world and a mishap"
    "Reached " + String.Join(", ", parts) + cells + "."

/// Goals with how many runs reached each, and what no run has reached.
let details (tally: Tally) : string list = [
    "Goals, and how many runs reached them:"
    for goal in Goals.all do
        $"  %7d{Map.tryFind goal tally.Goals |> Option.defaultValue 0} %s{goal}"
    for prefix, name in sorts do
        match ofSort prefix (missing tally.Marks) with
        | [] -> ()
        | some ->
            let what =
                if prefix = "property " then "properties never put to the test" else $"%s{name} never reached"

            let some = some |> List.map (fun mark -> mark.Substring prefix.Length)
            $"%d{some.Length} %s{what}:"

            for some in List.chunkBySize 6 some do
                "  "
                + String.Join(" ", some |> List.map (fun one -> if prefix = "goal " then one + ";" else one))
]

/// What breaks the rule that everything is reached but what is known not to be.
let offences (marks: Set<string>) : string list =
    missing marks
    |> List.filter (fun mark -> not (List.contains mark Unreached.known))
    |> List.map (fun mark -> $"never reached: %s{mark}")

/// What is known not to be reached, and was: by one run of thousands, maybe, so that nothing fails for it.
let surprises (marks: Set<string>) : string list =
    Unreached.known
    |> List.filter (fun mark -> Set.contains mark marks)
    |> List.map (fun mark -> $"reached, though Campaigns/Unreached.fs names it: %s{mark}")

/// How many runs failed in which way.
let failures (tally: Tally) : string list = [
    for kind, failed in tally.Failed |> List.groupBy (fun (_, kind, _) -> kind) do
        let names = failed |> List.truncate 10 |> List.map (fun (name, _, _) -> name)
        $"""%s{kind}: %d{failed.Length} runs, such as %s{String.Join(", ", names)}"""
]
