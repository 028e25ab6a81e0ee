/// Changes that are taken back in the middle: the cluster ends as if nobody had asked for them (verification I60).
module Tikv.Simulator.Scenarios.Reverts

open Tikv.Core
open Tikv.Simulator.Run

/// What is asked for, and what takes it back.
type Revert = { Name: string; There: Misfortune; Back: Misfortune }

let private pd, tikv = "PDGroup/basic-pd", "TiKVGroup/basic-tikv"
let private revert name there back = { Name = name; There = there; Back = back }
let private template path = "template" :: "spec" :: path

let private onAndOff name target path value = revert name (set target path value) (set target path Json.Null)

let private noSuchImage = Json.String "registry.example.com/no/such:image"

/// More than any node has.
let private tooMuch = Json.object [ "requests", Json.object [ "cpu", Json.String "1000" ] ]

let private noted kind (name: string) = Json.object [ kind, Json.object [ name, Json.String "once" ] ]

let private configOf reserve = $"[storage]\nreserve-space = \"%s{reserve}\"\n"

let all = [
    revert "two stores more" (scale tikv 6) (scale tikv 4)
    revert "a store less" (scale tikv 3) (scale tikv 4)
    revert "a member more" (scale pd 4) (scale pd 3)
    revert "one member only" (scale pd 1) (scale pd 3)
    revert "a newer TiKV" (version tikv "v8.5.3") (version tikv "v8.5.2")
    onAndOff "an image of TiKV that there is not" tikv (template [ "image" ]) noSuchImage
    onAndOff "an image of PD that there is not" pd (template [ "image" ]) noSuchImage
    onAndOff "more cpu for TiKV than any node has" tikv (template [ "resources" ]) tooMuch
    onAndOff "more cpu for PD than any node has" pd (template [ "resources" ]) tooMuch
    revert "another configuration" (config tikv (configOf "1MB")) (config tikv (configOf "0MB"))
    revert "a configuration that is none" (config tikv "[storage") (config tikv (configOf "0MB"))
    onAndOff "a restart" tikv [ "template"; "metadata" ] (noted "annotations" "example.com/restarted-at")
    onAndOff "a label of the Pods" tikv [ "template"; "metadata" ] (noted "labels" "example.com/team")
    revert "a pause" (pause true) (pause false)
    revert "a suspension" (suspend true) (suspend false)
]

/// Seconds after which it is taken back.
let after = [ 2; 20; 90; 240; 900 ]

/// A pause or a suspension that is over says so where none was said before.
let private neutral: Relations.Deeds = {
    Name = "nothing"
    Given = Givens.ordinary
    Steps = [ at (seconds 4) (pause false); at (seconds 4) (suspend false) ]
}

/// The most Pods that may be deleted for it: each twice (C9, I60).
let private most = 2 * (Givens.ordinary.Pd + Givens.ordinary.Tikv)

/// What is wrong with a change that is taken back so many seconds later; nothing when it ends as if it had not been.
let tryProblem (rest: int64) (revert: Revert) (later: int) : string option =
    let name = $"%s{revert.Name}, taken back after %d{later} s"

    let deeds: Relations.Deeds = {
        neutral with
            Name = name
            Steps =
                neutral.Steps
                @ [ at (seconds 5) revert.There; at (seconds (5 + later)) revert.Back ]
    }

    match Relations.twin neutral, Relations.run rest deeds [] with
    | Error words, _ -> Some("nothing: " + words)
    | _, Error words -> Some $"%s{name}: %s{words}"
    | Ok _, Ok ending when ending.Restarts > most -> Some $"%s{name}: %d{ending.Restarts} Pods are deleted"
    | Ok calm, Ok ending ->
        FinalState.tryDifference calm.Final ending.Final
        |> Option.map (fun difference -> $"%s{name}: it ends otherwise: %s{difference}")
