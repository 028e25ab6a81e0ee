/// What the references list, for scenarios to cover: each id is the source of a scenario, or stands in `Elsewhere`.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Scenarios.References

let private numbers (prefix: string) (text: string) =
    text.Split([| ' '; '\n' |], System.StringSplitOptions.RemoveEmptyEntries)
    |> Seq.map (fun number -> prefix + number)
    |> List.ofSeq

/// Faults and changes, of the study of how operators are verified.
let verification =
    numbers
        "V T"
        "01 03 04 06 07 08 11 12 13 14 16 17 18 19 20
         21 23 24 25 27 28 29 30 32 34 35 36 38 39 40 41 42 43 44
         45 48 49 50 51 52 54 55 56 57
         59 63 64 65 66 67
         69 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87"

/// Behaviours of tidb-operator v2.
let peer = [ for number in 1..48 -> $"T 6.4.%d{number}" ]

/// What users of tidb-operator ask for or complain about.
let complaints = [ for number in 1..34 -> $"T 7.1.%d{number}" ]

/// Where tidb-operator v2 breaks, or might.
let weaknesses = [ for number in 1..60 -> $"T S%d{number}" ]

/// Behaviours of an operator of three layers, of the study of the former TiKV operator.
let layers = [ for number in 18..29 -> $"L B%d{number}" ]

/// Faults from reports about the former TiKV operator.
let reports = [ for number in 1..40 -> $"L F%02d{number}" ]

/// Every list with its name.
let lists = [
    "Faults and changes (V D)", verification
    "Behaviours of tidb-operator v2 (T 6.4)", peer
    "What its users ask for or complain about (T 7.1)", complaints
    "Where it breaks, or might (T 7.2)", weaknesses
    "Behaviours of an operator of three layers (L 7.2)", layers
    "Faults from real reports (L 7.3)", reports
]
