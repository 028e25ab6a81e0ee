/// Faults in how PD's answers are read.
module internal Tikv.Simulator.Mutants.OfAnswers

open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Operator
open Tikv.Core.Pd

let private isSilent store = stateName store = "Down" || stateName store = "Disconnected"

let private up store =
    if isSilent store then put [ "store"; "state_name" ] (Json.String "Up") store else store

/// A store that is leaving reads as in another state: its numbers and its name.
let private leaving (state: int, nodeState: int, name: string) store =
    if Json.intAt [ "store"; "node_state" ] store = Some 2 then
        store
        |> put [ "store"; "state" ] (Json.int state)
        |> put [ "store"; "node_state" ] (Json.int nodeState)
        |> put [ "store"; "state_name" ] (Json.String name)
    else
        store

let private withoutStores isOut =
    answering "stores" (fun _ json ->
        put [ "stores" ] (Json.itemsAt [ "stores" ] json |> List.filter (isOut >> not) |> Json.array) json)

let mutants: Mutant list = [
    mutant
        "leaders-unread"
        "takes every store for free of leaders"
        [ "I18" ]
        [ "T21" ]
        (readingStores (put [ "status"; "leader_count" ] (Json.int 0)))

    mutant
        "down-is-up"
        "counts stores that PD does not hear as healthy"
        [ "I05"; "I15"; "I17" ]
        [ "T40"; "T45" ]
        (readingStores up)

    mutant
        "one-down-for-all"
        "takes a store that PD has not heard for 20 seconds for lost"
        [ "I41" ]
        [ "T56"; "T48" ]
        (Warp.both
            (readingStores (fun store ->
                if isSilent store then
                    store
                    |> put [ "store"; "state_name" ] (Json.String "Down")
                    |> put [ "store"; "last_heartbeat" ] (Json.int 1)
                else
                    store))
            (Warp.seeing Kind.TiKV (fun _ instance ->
                let longAgo condition =
                    if Json.stringAt [ "status" ] condition = Some "True" then
                        condition
                    else
                        put [ "lastTransitionTime" ] (Json.String "2020-01-01T00:00:00Z") condition

                match Json.tryPath [ "status"; "conditions" ] instance with
                | Some(Json.Array conditions) ->
                    put [ "status"; "conditions" ] (Json.Array(conditions |> List.map longAgo)) instance
                | _ -> instance)))

    mutant
        "never-down"
        "forgets since when a store has been silent"
        [ "I67"; "I77" ]
        [ "T45" ]
        (answering "stores" (fun memory json ->
            let (Instant now) = memory.Now

            let heard store =
                if isSilent store then
                    put
                        [ "store"; "last_heartbeat" ]
                        (Json.int64 (now * 1_000_000L + 1_767_225_600_000_000_000L))
                        store
                else
                    store

            put [ "stores" ] (Json.itemsAt [ "stores" ] json |> List.map heard |> Json.array) json))

    mutant
        "offline-is-tombstone"
        "takes a store that is leaving for one that has left"
        [ "I02"; "I07" ]
        [ "T04"; "C37" ]
        (readingStores (leaving (2, 3, "Tombstone")))

    mutant
        "removing-is-serving"
        "does not see that a store is leaving"
        [ "I06" ]
        [ "T19c"; "T04" ]
        (readingStores (leaving (0, 1, "Up")))

    mutant
        "tombstones-unseen"
        "asks for stores without those that have left"
        [ "V B2"; "I67" ]
        [ "T04"; "C37" ]
        (withoutStores (fun store -> stateName store = "Tombstone"))

    mutant
        "silent-stores-unseen"
        "asks for stores that are Up only"
        [ "I05"; "I15"; "I25" ]
        [ "T40"; "T54" ]
        (withoutStores isSilent)

    mutant
        "pending-unseen"
        "restarts the next store before the last one has caught up"
        [ "I19" ]
        [ "R4" ]
        (readingStores (fun store ->
            store
            |> put [ "status"; "pending_peer_count" ] (Json.int 0)
            |> put [ "store"; "start_timestamp" ] (Json.int 1)))

    mutant
        "replicas-unread"
        "takes PD's max-replicas for one"
        [ "I05"; "TO#3182" ]
        [ "T01" ]
        (Warp.both
            (answering "replication" (fun _ -> put [ "max-replicas" ] (Json.int 1)))
            (answering "cluster" (fun _ -> put [ "max_peer_count" ] (Json.int 1))))

    mutant
        "all-members-well"
        "takes every member of PD for healthy"
        [ "I20"; "I21" ]
        [ "L2.4"; "C08" ]
        (readingHealth (put [ "health" ] (Json.Bool true)))

    mutant
        "health-cached"
        "trusts what PD said of its members for five minutes"
        [ "I20"; "law 5" ]
        [ "T66"; "T63"; "R3" ]
        (Warp.both (Warp.keeping "health" 300_000L) (Warp.keeping "members" 300_000L))

    mutant
        "evictions-unseen"
        "does not see which stores PD is evicting"
        [ "I28"; "I29" ]
        [ "T21"; "T27" ]
        (answering "evictions" (fun _ -> put [ "store-id-ranges" ] Json.empty))

]
