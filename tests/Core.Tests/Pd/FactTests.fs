module Tikv.Core.Tests.Pd.FactTests

open NUnit.Framework
open Tikv.Core
open Tikv.Core.Pd
open Tikv.Core.Tests.Pd

let private shouldBe (expected: 'Value) (actual: 'Value) = Assert.That(actual, Is.EqualTo<'Value> expected)
let private error result = result |> Result.map ignore

let private body call = (PdCodec.request call).Body |> Option.map Json.print

// ---- requests

[<Test>]
let ``stores are asked for with their tombstones`` () =
    PdCodec.request PdCall.GetStores
    |> shouldBe { Method = "GET"; Path = "/pd/api/v1/stores?state=0&state=1&state=2"; Body = None }

[<Test>]
let ``an eviction is asked for with a number, not a text`` () =
    body (PdCall.EvictLeaders(StoreId 4UL))
    |> shouldBe (Some """{"name":"evict-leader-scheduler","store_id":4}""")

[<Test>]
let ``an eviction is ended for one store only`` () =
    (PdCodec.request (PdCall.StopEvictingLeaders(StoreId 4UL))).Path
    |> shouldBe "/pd/api/v1/schedulers/evict-leader-scheduler-4"

[<Test>]
let ``a member id beyond 2^53 is asked for unrounded`` () =
    (PdCodec.request (PdCall.RemoveMember(MemberId 17945574609565044308UL))).Path
    |> shouldBe "/pd/api/v1/members/id/17945574609565044308"

[<Test>]
let ``every recorded kind of request is one of ours, by method and path`` () =
    let known =
        [
            PdCall.GetCluster
            PdCall.GetMembers
            PdCall.GetHealth
            PdCall.GetReplicationConfig
            PdCall.GetEvictLeaders
            PdCall.GetRegionCount
            PdCall.GetStores
            PdCall.GetStore(StoreId 1UL)
            PdCall.EvictLeaders(StoreId 1UL)
            PdCall.StopEvictingLeaders(StoreId 1UL)
            PdCall.TransferLeader "pd-0"
            PdCall.RemoveMember(MemberId 13396625318972965956UL)
            PdCall.RemoveStore(StoreId 5UL)
            PdCall.RestoreStore(StoreId 6UL)
            PdCall.SetStoreLabels(StoreId 1UL, Map [ "zone", "z1" ])
        ]
        |> List.map (PdCodec.request >> fun request -> request.Method, request.Path.Split('?')[0])

    let recorded =
        Recordings.all.Value
        |> List.filter (fun one -> one.Reply.Status = 200)
        |> List.map (fun one -> one.Method, one.Path.Split('?')[0])
        |> Set.ofList

    Assert.That(known |> List.filter (fun one -> not (Set.contains one recorded)), Is.Empty)

// ---- what answers mean

[<Test>]
let ``a store without heartbeat is shown as Down though it is only new`` () =
    PdCodec.store (Recordings.reply "new-store-first-seen")
    |> Result.map (fun store -> store.StateName, store.LastHeartbeat, store.StoreState, store.NodeState)
    |> shouldBe (Ok("Down", None, StoreState.Up, NodeState.Preparing))

[<Test>]
let ``a heartbeat is told in nanoseconds`` () =
    PdCodec.store (Recordings.reply "failed-store-Disconnected")
    |> Result.map (fun store -> store.StateName, store.LastHeartbeat, store.Leaders)
    |> shouldBe (Ok("Disconnected", Some 1795247077093951179L, 0))

[<Test>]
let ``a tombstone is Removed and shown when asked for`` () =
    PdCodec.stores (Recordings.reply "tombstone-stores-state-0-1-2")
    |> Result.map (List.filter (fun store -> store.StoreState = StoreState.Tombstone))
    |> Result.map (List.map (fun store -> store.Id, store.NodeState, store.Regions))
    |> shouldBe (Ok [ StoreId 6UL, NodeState.Removed, 0 ])

[<Test>]
let ``a store removed by force says so`` () =
    PdCodec.store (Recordings.reply "force-offline-get")
    |> Result.map (fun store -> store.PhysicallyDestroyed, store.NodeState)
    |> shouldBe (Ok(true, NodeState.Removing))

[<Test>]
let ``labels are read`` () =
    PdCodec.store (Recordings.reply "label-get-store")
    |> Result.map _.Labels
    |> shouldBe (Ok(Map [ "host", "h1"; "zone", "z1" ]))

[<Test>]
let ``location labels are one text, joined by commas`` () =
    PdCodec.replication (Recordings.reply "replicate-get-after-config")
    |> Result.map _.LocationLabels
    |> shouldBe (Ok [ "topology.kubernetes.io/zone"; "kubernetes.io/hostname" ])

[<Test>]
let ``a static member never seen has a name and no client URL`` () =
    PdCodec.members (Recordings.reply "static-3-two-started-members")
    |> Result.map (fun view ->
        view.Members
        |> List.filter (fun one -> List.isEmpty one.ClientUrls)
        |> List.map _.Name,
        view.Leader |> Option.map _.Id)
    |> shouldBe (Ok([ "pd-2" ], Some(MemberId 14318340322766640597UL)))

[<Test>]
let ``the stores of the evict-leader scheduler are its keys`` () =
    PdCodec.evictLeaders (Recordings.reply "evict-list-after-second")
    |> shouldBe (Ok(Set [ StoreId 1UL; StoreId 4UL ]))

[<Test>]
let ``regions are counted`` () = PdCodec.regionCount (Recordings.reply "bs-regions-count") |> shouldBe (Ok 44)

[<Test>]
let ``no evict-leader scheduler means no such store`` () =
    PdCodec.evictLeaders (Recordings.reply "evict-list-absent")
    |> shouldBe (Ok Set.empty)

[<Test>]
let ``another 404 is not an empty list`` () =
    PdCodec.evictLeaders { Status = 404; Body = PdBody.Text "no such service" }
    |> shouldBe (Error(PdError.Unexpected(404, "no such service")))

[<Test>]
let ``an answer without what it must hold is unexpected`` () =
    PdCodec.stores { Status = 200; Body = PdBody.Json(Json.object [ "count", Json.int 3 ]) }
    |> error
    |> shouldBe (Error(PdError.Unexpected(200, """{"count":3}""")))

[<Test>]
let ``one store that cannot be read makes the whole list unexpected`` () =
    let good = Recordings.reply "bs-stores"

    match good.Body with
    | PdBody.Json json ->
        let spoilt =
            Json.itemsAt [ "stores" ] json
            @ [ Json.object [ "store", Json.object [ "id", Json.int 9 ] ] ]

        let read =
            PdCodec.stores {
                Status = 200
                Body = PdBody.Json(Json.withField "stores" (Json.array spoilt) json)
            }

        Assert.That(Result.isError read)
    | PdBody.Text text -> Assert.Fail text

// ---- errors

let private meaning case = PdError.ofReply (Recordings.reply case)

[<Test>]
let ``before the first TiKV every store call says not bootstrapped`` () =
    for case in
        [
            "nb-stores"
            "nb-scheduler-config-evict-list"
            "nb-delete-scheduler-evict-leader"
            "nb-v2-keyspaces"
        ] do
        meaning case |> shouldBe PdError.NotBootstrapped

[<Test>]
let ``every way to have no leader means the same`` () =
    for case in
        [
            "noleader-stores"
            "noleader-config"
            "noleader-delete-member"
            "two-members-one-dead-stores"
            "two-members-one-dead-config"
            "member-deleted-leader-own-stores"
            "follower-already-redirected"
        ] do
        match meaning case with
        | PdError.NoLeader _ -> ()
        | other -> Assert.Fail $"%s{case}: %A{other}"

[<Test>]
let ``a write that etcd did not answer may have happened`` () =
    for case in [ "two-members-one-dead-delete-dead-0s"; "kill9-transfer-to-dead" ] do
        match meaning case with
        | PdError.TimedOut _ -> ()
        | other -> Assert.Fail $"%s{case}: %A{other}"

[<Test>]
let ``a store or member that is not there is not found, whatever the status`` () =
    for case in
        [
            "delete-unknown"
            "label-set-unknown-store"
            "evict-post-unknown-store"
            "evict-post-unknown-store-when-exists"
            "member-delete-unknown-name"
            "member-delete-id-unknown"
        ] do
        match meaning case with
        | PdError.NotFound _ -> ()
        | other -> Assert.Fail $"%s{case}: %A{other}"

[<Test>]
let ``refusals are told apart`` () =
    meaning "tombstone-state-up" |> shouldBe PdError.Tombstone
    meaning "force-offline-up" |> shouldBe PdError.PhysicallyDestroyed
    meaning "transfer-to-unknown" |> shouldBe PdError.NoTransferTarget

    meaning "delete-when-replicas-would-be-too-few"
    |> shouldBe (
        PdError.StoresNotEnough
            "[PD:core:ErrStoresNotEnough]can not remove store 5 since the number of up stores would be 2 while need 3"
    )

    match meaning "three-members-one-dead-delete-healthy-follower" with
    | PdError.UnhealthyCluster _ -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``a bad request is refused with its reason`` () =
    meaning "delete-bad-id"
    |> shouldBe (PdError.Refused "strconv.ParseUint: parsing \"abc\": invalid syntax")

[<Test>]
let ``no recorded refusal of a call of ours is unexpected, but for the bare 404 of an absent eviction`` () =
    let ours (one: Recordings.Recorded) =
        match one.Method, one.Path.Replace("/pd/api/v1", "") with
        | "POST", "/schedulers" -> one.Body.Contains "evict-leader"
        | "POST", path when path.StartsWith "/store/" -> path.Contains "/state" || path.EndsWith "/label"
        | "DELETE", path when path.StartsWith "/store/" -> not (path.EndsWith "/label")
        | "GET", path ->
            path.StartsWith "/store/"
            || List.contains path [ "/stores"; "/members"; "/leader"; "/cluster" ]
        | _, path ->
            path.StartsWith "/members/"
            || path.StartsWith "/leader/"
            || path.StartsWith "/schedulers/"

    let unexpected =
        Recordings.all.Value
        |> List.filter (fun one -> ours one && one.Reply.Status >= 400 && one.Reply.Status <> 405)
        |> List.choose (fun one ->
            match PdError.ofReply one.Reply with
            | PdError.Unexpected(status, text) -> Some(status, text)
            | _ -> None)
        |> List.distinct

    unexpected |> shouldBe [ 404, "null" ]

// ---- writes

let private outcome call case = PdCodec.written call (Recordings.reply case)

[<Test>]
let ``a store that is gone counts as removed`` () =
    let remove = PdCall.RemoveStore(StoreId 6UL)
    outcome remove "delete-normal" |> shouldBe (Ok())
    outcome remove "offline-delete-again" |> shouldBe (Ok())
    outcome remove "tombstone-delete" |> shouldBe (Ok())
    outcome remove "removed-delete" |> shouldBe (Ok())

[<Test>]
let ``a store that is gone cannot be restored`` () =
    let restore = PdCall.RestoreStore(StoreId 6UL)
    outcome restore "state-up-on-up" |> shouldBe (Ok())
    outcome restore "offline-cancel-up" |> shouldBe (Ok())
    outcome restore "tombstone-state-up" |> shouldBe (Error PdError.Tombstone)

    outcome restore "removed-state-up"
    |> shouldBe (Error(PdError.NotFound "[PD:core:ErrStoreNotFound]store 6 not found"))

[<Test>]
let ``a member that is gone counts as removed`` () =
    let remove = PdCall.RemoveMember(MemberId 13396625318972965956UL)
    outcome remove "member-delete-dead-by-id" |> shouldBe (Ok())
    outcome remove "member-delete-dead-by-id-again" |> shouldBe (Ok())

[<Test>]
let ``an eviction that is not there counts as ended, but not before TiKV has registered`` () =
    let stop = PdCall.StopEvictingLeaders(StoreId 1UL)
    outcome stop "evict-delete-first" |> shouldBe (Ok())
    outcome stop "evict-delete-first-again" |> shouldBe (Ok())
    outcome stop "evict-delete-absent" |> shouldBe (Ok())

    outcome stop "nb-delete-scheduler-evict-leader"
    |> shouldBe (Error PdError.NotBootstrapped)

[<Test>]
let ``an eviction asked for twice is one eviction`` () =
    let evict = PdCall.EvictLeaders(StoreId 1UL)
    outcome evict "evict-post-first" |> shouldBe (Ok())
    outcome evict "evict-post-duplicate" |> shouldBe (Ok())

// ---- bodies

[<Test>]
let ``an empty body is empty text`` () = (Recordings.reply "bs-ping").Body |> shouldBe (PdBody.Text "")

[<Test>]
let ``a body is printed as PD writes it`` () =
    PdBody.print (PdBody.Json(Json.object [ "id", Json.int 1 ]))
    |> shouldBe "{\n  \"id\": 1\n}\n"
