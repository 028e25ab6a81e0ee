/// Rolls of several stores of one failure domain at a time (maxUnavailable).
module Tikv.Simulator.Scenarios.Parallel

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Simulator.Kubernetes
open Tikv.Simulator.Pd
open Tikv.Simulator.World
open Tikv.Simulator.Invariants
open Tikv.Simulator.Run

let private tikv = "TiKVGroup/basic-tikv"

/// Two stores in each of three zones, of which two may be down at a time.
let private zoned = {
    Groups.zoned with
        Manifests =
            Groups.zoned.Manifests
            @ [ tikv, Json.object [ "spec", Json.object [ "maxUnavailable", Json.int 2 ] ] ]
}

/// PD is told of zones, and moves replicas apart; half an hour later the roll begins.
let isolated = [
    at (seconds 1) (PdActs.locationLabels [ "zone" ])
    at (minutes 2) (PdActs.isolationLevel "zone")
]

let private roll = at (minutes 30) (restart tikv "once")

let private silent world (group: PdGroup) =
    let live = Ground.live world group

    group.Cluster.Stores.Values
    |> Seq.filter (fun store -> Ground.isUp store && not (Set.contains store.Id live))
    |> List.ofSeq

let private down world = Ground.clusters world |> Seq.collect (silent world) |> List.ofSeq

let private twoAreDown =
    state "two stores are down at a time" (fun world ->
        match down world with
        | _ :: _ :: _ -> None
        | found -> Some $"it is %A{found |> List.map _.Address}")

let private oneIsDown =
    state "no more than one store is down" (fun world ->
        match down world with
        | _ :: _ :: _ as found -> Some $"these are: %A{found |> List.map _.Address}"
        | _ -> None)

let private everyRegionServes =
    state "every region has its majority" (fun world ->
        Ground.clusters world
        |> Seq.tryPick (fun group ->
            let live = Ground.live world group

            group.Cluster.Regions
            |> Map.tryFindKey (fun region _ ->
                region.Voters
                |> List.filter (fun voter -> Set.contains voter live)
                |> List.length
                |> fun left -> left < Ground.quorum region.Voters.Length))
        |> Option.map (fun region -> $"one on %A{region.Voters} has not"))

let private rolled = restarted "tikvs" "basic-tikv" "once"

/// What three rounds take at the most, and six do not.
let private threeRounds = minutes 36

let stories = [
    scenario
        "ZR1"
        "With maxUnavailable 2 and an isolation level the stores of a zone are rolled together, zone by zone, and every region serves all the time"
        [ "TO#6768"; "V I16"; "T 7.1.5" ]
        zoned
        (isolated @ [ roll ])
        [
            exactly 6 (deletes Kind.Pod)
            always everyRegionServes
            eventually threeRounds twoAreDown
            eventually threeRounds rolled
            finally' settled
            finally' noEvictions
        ]

    scenario
        "ZR2"
        "Without an isolation level stores are rolled one at a time, whatever maxUnavailable says, and the group says why"
        [ "TO#6768"; "V I15" ]
        zoned [ roll ] [
            exactly 6 (deletes Kind.Pod)
            always everyRegionServes
            always oneIsDown
            eventually threeRounds (mentions tikv "Synced" "one at a time, not maxUnavailable")
            finally' settled
            finally' noEvictions
        ]

    scenario
        "ZR3"
        "When a node of another zone fails while a zone is rolled, no other store is taken down until it is back"
        [ "TO#6768"; "V I17" ]
        zoned
        (isolated
         @ [ roll; once (when' twoAreDown) (Misfortune.NodeReboot("node-a1", minutes 10)) ])
        [ exactly 6 (deletes Kind.Pod); finally' settled; finally' noEvictions ]

    scenario
        "ZR4"
        "A node of another zone that fails before the first of a zone is down stops the roll"
        [ "TO#6768"; "V I17" ]
        zoned
        (isolated
         @ [ roll; once (when' (evicting "basic-tikv-5")) (Misfortune.NodeReboot("node-b1", minutes 10)) ])
        [ exactly 6 (deletes Kind.Pod); finally' settled; finally' noEvictions ]

    scenario
        "E-zone"
        "A roll zone by zone, with every single misfortune"
        [ "V E5"; "TO#6768" ]
        { zoned with Regions = 20 }
        (isolated @ [ roll ])
        [ finally' settled; finally' (storesUp 6); finally' noEvictions ]
]
