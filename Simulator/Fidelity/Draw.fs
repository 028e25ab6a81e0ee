/// Histories by chance: the same from the same seed.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Fidelity.Draw

open Tikv.Simulator.Pd

let private limits = [
    "leader-schedule-limit"
    "region-schedule-limit"
    "replica-schedule-limit"
    "max-snapshot-count"
]

/// How often a kind of deed is drawn, and how it is made of numbers.
let private kinds: (int * ((int -> int -> int) -> Deed)) list = [
    2, fun draw -> Deed.Kill(draw 0 6)
    2, fun draw -> Deed.Terminate(draw 0 6)
    6, fun draw -> Deed.Start(draw 0 6)
    1, fun draw -> Deed.KillPd(draw 0 3)
    3, fun draw -> Deed.StartPd(draw 0 3)
    1, fun _ -> Deed.Resign
    2, fun draw -> Deed.Evict(draw 0 6)
    2, fun draw -> Deed.StopEvicting(draw 0 6)
    3, fun draw -> Deed.Remove(draw 0 6)
    2, fun draw -> Deed.Restore(draw 0 6)
    1, fun _ -> Deed.ForgetTombstones
    1, fun draw -> Deed.Replicas(1 + draw 0 5)
    1, fun draw -> Deed.StoreLimit([ 5; 15; 60; 200 ][draw 0 4])
    1, fun draw -> Deed.DownAfter([ 60; 300; 1800 ][draw 0 3])
    1, fun draw -> Deed.Limit(limits[draw 0 4], 1 + draw 1 4)
    1, fun draw -> Deed.Split(1 + draw 0 40)
    1, fun draw -> Deed.Part(draw 0 6, draw 1 6)
    2, fun _ -> Deed.Heal
    1, fun draw -> Deed.Slow(draw 0 6, draw 1 2 = 0)
    6, fun draw -> Deed.Pass(draw 0 10)
    8, fun draw -> Deed.Pass(draw 0 400)
    1, fun draw -> Deed.Pass(1800 + draw 0 2200)
]

let private weights = kinds |> List.sumBy fst

/// Numbers that a deed takes at most.
let numbers = 3

/// A deed by chance: `draw nth below` is its nth number, from 0 and less than `below`.
let deed (draw: int -> int -> int) : Deed =
    Hash.weighed (draw 0 weights) kinds (fun nth below -> draw (nth + 1) below)

/// The history of a seed.
let history (seed: uint64) : History =
    let number (stream: int) below = int (Hash.mix (Hash.mix seed 0xF1DE117UL) (uint64 stream) % uint64 below)

    let nextDeed index =
        // four numbers a deed, of its own
        let first = 4 * (index + 1)
        deed (fun nth below -> number (first + nth) below)

    {
        Stores = 3 + number 1 3
        Regions = 5 + number 2 60
        Deeds = [ for index in 0 .. 9 + number 3 60 -> nextDeed index ]
    }

let private without (deeds: Deed list) from count =
    List.take from deeds @ List.skip (min deeds.Length (from + count)) deeds

/// Leaves out what can be left out while a history fails as before: halves first, then single deeds, to a fixed point.
let rec shrink (fails: History -> bool) (history: History) : History =
    let rec pass size history =
        let rec go from (history: History) =
            if from >= history.Deeds.Length then
                history
            else
                let smaller = { history with Deeds = without history.Deeds from size }
                if fails smaller then go from smaller else go (from + size) history

        let shrunk = go 0 history
        if size = 1 then shrunk else pass (size / 2) shrunk

    let shrunk = pass (max 1 (history.Deeds.Length / 2)) history
    if shrunk.Deeds.Length < history.Deeds.Length then shrink fails shrunk else shrunk
