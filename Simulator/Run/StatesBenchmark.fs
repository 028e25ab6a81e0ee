/// `tikv-sim bench --states`: what the table of states takes and how quick it is, and what it costs to tell a state.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.StatesBenchmark

open System
open System.Diagnostics

let private invariant (text: FormattableString) = FormattableString.Invariant text

let private perSecond (count: int) (watch: Stopwatch) = float count / watch.Elapsed.TotalSeconds

/// Enters so many states, and asks for each once more.
let private table (count: int) : unit =
    let states = StateTable()
    let watch = Stopwatch.StartNew()
    let mutable added = 0

    for number in 1..count do
        if states.Add(StateTable.Arbitrary number) then
            added <- added + 1

    let inserts = perSecond count watch
    watch.Restart()
    let mutable found = 0

    for number in 1..count do
        if states.Contains(StateTable.Arbitrary number) then
            found <- found + 1

    let questions = perSecond count watch
    let size = Memory.mebibytes states.Bytes

    printfn
        "%s"
        (invariant
            $"{added} states, {found} found again: {size} MiB, {inserts:F0} inserts/s, {questions:F0} questions/s.")

/// The states after each call of a run: once by somebody who has told none of them, and once by who has told them all.
let private fingerprints () : unit =
    let states =
        Catalogue.tryStart "E-in" 1UL
        |> Option.toList
        |> Seq.collect (fun start -> (Twin.ofRun start).BeforeWrite.Values)
        |> Seq.map Engine.step
        |> Array.ofSeq

    // compiles what is measured
    Fingerprints()
    |> fun prints -> states |> Array.iter (fun state -> prints.Of state |> ignore)

    let prints = Fingerprints()
    let watch = Stopwatch.StartNew()

    for state in states do
        prints.Of state |> ignore

    let first = 1e6 / perSecond states.Length watch
    watch.Restart()

    for state in states do
        prints.Of state |> ignore

    let again = 1e6 / perSecond states.Length watch
    let last = prints.Of(Array.last states)

    printfn
        "%s"
        (invariant
            $"Fingerprint of each of {states.Length} states of a run: {first:F0} us, told again {again:F0} us.")

    printfn $"The last one is %O{last}."

let run (states: int) : int =
    table states
    fingerprints ()
    printfn $"Peak memory %d{Memory.peak ()} MiB."
    0
