/// What administrators do to PD, as misfortunes of a scenario.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Run.PdActs

open Tikv.Core

let private post path body = Misfortune.PdAct("POST", "/pd/api/v1/" + path, Json.print body)
let private delete path = Misfortune.PdAct("DELETE", "/pd/api/v1/" + path, "")
let private setting name value = post "config" (Json.object [ name, value ])

let maxReplicas count = setting "max-replicas" (Json.int count)
let locationLabels (labels: string list) = setting "location-labels" (Json.string (String.concat "," labels))
let isolationLevel label = setting "isolation-level" (Json.string label)
let maxStoreDownTime (span: string) = setting "max-store-down-time" (Json.string span)

/// An evict-leader entry that is nobody's but theirs.
let evictLeaders (StoreId store) =
    post
        "schedulers"
        (Json.object [ "name", Json.string "evict-leader-scheduler"; "store_id", Json.uint64 store ])

let stopEvicting (StoreId store) = delete $"schedulers/evict-leader-scheduler-%d{store}"
let removeTombstones = delete "stores/remove-tombstone"
let transferLeader name = post $"leader/transfer/%s{name}" Json.empty

/// `Up` or `Offline`.
let setState (StoreId store) (state: string) = post $"store/%d{store}/state?state=%s{state}" Json.empty

let removeStore (StoreId store) = delete $"store/%d{store}"

/// Physically destroyed, whatever else is so (V P06).
let destroyStore (StoreId store) = delete $"store/%d{store}?force=true"

let label (StoreId store) (labels: (string * string) list) =
    post
        $"store/%d{store}/label"
        (Json.object (labels |> List.map (fun (key, value) -> key, Json.string value)))

let removeMember name = delete $"members/name/%s{name}"
