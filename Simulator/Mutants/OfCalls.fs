/// Faults in what is asked of PD.
module internal Tikv.Simulator.Mutants.OfCalls

open Tikv.Core
open Tikv.Core.Pd

let private other (memory: Memory) store = storesOf memory |> List.filter (fun one -> one <> store)

let private evicting (change: Memory -> StoreId -> PdCall list) =
    Warp.calling (fun memory call ->
        match call with
        | PdCall.EvictLeaders store -> change memory store
        | call -> [ call ])

let private removing (change: Memory -> StoreId -> PdCall list) =
    Warp.calling (fun memory call ->
        match call with
        | PdCall.RemoveStore store -> change memory store
        | call -> [ call ])

/// A store that there is none of: PD says 404, which counts as done.
let private nobody = StoreId 999UL

let private leaderOf (memory: Memory) =
    match Map.tryFind "members" memory.Answers with
    | Some { Body = PdBody.Json json } -> Json.uint64At [ "leader"; "member_id" ] json |> Option.map MemberId
    | _ -> None

/// PD's leader is said to be another member than the one that leads.
let private ledByAnother json =
    let leader = Json.stringAt [ "leader"; "name" ] json

    match
        Json.itemsAt [ "members" ] json
        |> List.tryFind (fun one -> Json.stringAt [ "name" ] one <> leader)
    with
    | Some another -> json |> put [ "leader" ] another |> put [ "etcd_leader" ] another
    | None -> json

let mutants: Mutant list = [
    mutant
        "no-eviction"
        "restarts a store without asking its leaders to leave"
        [ "I18" ]
        [ "T21" ]
        (Warp.both (evicting (fun _ _ -> [])) (readingStores (put [ "status"; "leader_count" ] (Json.int 0))))

    mutant
        "eviction-leaked"
        "never ends the eviction of a store's leaders"
        [ "I29" ]
        [ "T21" ]
        (Warp.calling (fun _ call ->
            match call with
            | PdCall.StopEvictingLeaders _ -> [ PdCall.StopEvictingLeaders nobody ]
            | call -> [ call ]))

    mutant
        "evicts-all"
        "asks the leaders of all stores to leave"
        [ "I28"; "I32" ]
        [ "T21" ]
        (evicting (fun memory store ->
            PdCall.EvictLeaders store
            :: (other memory store |> List.map PdCall.EvictLeaders)))

    mutant
        "evicts-neighbour"
        "evicts the leaders of another store than the one that it restarts"
        [ "I18"; "I28" ]
        [ "T21" ]
        (evicting (fun memory store -> other memory store |> List.truncate 1 |> List.map PdCall.EvictLeaders))

    mutant
        "ends-foreign-evictions"
        "ends evictions that an administrator of PD has begun"
        [ "I30" ]
        [ "S25" ]
        (evicting (fun memory store ->
            PdCall.EvictLeaders store
            :: (other memory store |> List.map PdCall.StopEvictingLeaders)))

    mutant
        "removes-another"
        "asks PD to remove another store than the one that was to leave"
        [ "I04"; "law 9" ]
        [ "T04" ]
        (removing (fun memory store -> other memory store |> List.truncate 1 |> List.map PdCall.RemoveStore))

    mutant
        "removes-two"
        "removes the next store, too, when one is to leave"
        [ "I04"; "I05"; "I06" ]
        [ "T04" ]
        (removing (fun memory store ->
            PdCall.RemoveStore store
            :: (other memory store |> List.truncate 1 |> List.map PdCall.RemoveStore)))

    mutant
        "removes-to-restart"
        "removes the store that it only restarts"
        [ "I04" ]
        [ "T21" ]
        (evicting (fun _ store -> [ PdCall.EvictLeaders store; PdCall.RemoveStore store ]))

    mutant
        "never-calls-back"
        "does not call a store back whose removal is cancelled"
        [ "I74"; "TO#6396" ]
        [ "T04" ]
        (Warp.calling (fun _ call ->
            match call with
            | PdCall.RestoreStore _ -> []
            | call -> [ call ]))

    mutant
        "never-removes-store"
        "waits for a store to leave that it has not asked to leave"
        [ "I67" ]
        [ "T04" ]
        (removing (fun _ _ -> [ PdCall.RemoveStore nobody ]))

    mutant
        "removes-leader"
        "removes PD's leader in place of the member that was to leave"
        [ "I22"; "I23" ]
        [ "C08" ]
        (Warp.calling (fun memory call ->
            match call with
            | PdCall.RemoveMember _ ->
                leaderOf memory
                |> Option.map (PdCall.RemoveMember >> List.singleton)
                |> Option.defaultValue [ call ]
            | call -> [ call ]))

    mutant
        "member-left-behind"
        "takes the Pod of a member away, and leaves the member in PD"
        [ "I23" ]
        [ "C08" ]
        (Warp.both
            (Warp.calling (fun _ call ->
                match call with
                | PdCall.RemoveMember _ -> []
                | call -> [ call ]))
            (answering "members" (fun _ json ->
                let stays one =
                    match Json.stringAt [ "name" ] one with
                    | Some name -> name <> "basic-pd-3" && name <> "basic-pd-4"
                    | None -> true

                put [ "members" ] (Json.itemsAt [ "members" ] json |> List.filter stays |> Json.array) json)))

    mutant
        "leads-no-more"
        "takes PD's leadership for moved when it has only asked"
        [ "I22" ]
        [ "T21" ]
        (Warp.both
            (Warp.calling (fun _ call ->
                match call with
                | PdCall.TransferLeader _ -> []
                | call -> [ call ]))
            (answering "members" (fun _ -> ledByAnother)))

    mutant
        "labels-lost"
        "tells PD nothing of where its stores are"
        [ "V B10" ]
        [ "C25b"; "T11" ]
        (Warp.calling (fun _ call ->
            match call with
            | PdCall.SetStoreLabels(store, _) -> [ PdCall.SetStoreLabels(store, Map.empty) ]
            | call -> [ call ]))

    mutant
        "settings-lost"
        "takes a setting for changed that PD or TiKV was never told of"
        [ "C24" ]
        [ "C24" ]
        (Warp.calling (fun _ call ->
            match call with
            | PdCall.SetConfig _
            | PdCall.SetTikvConfig _ -> []
            | call -> [ call ]))
]
