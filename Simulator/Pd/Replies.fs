namespace Tikv.Simulator.Pd

open Tikv.Core
open Tikv.Core.Pd

/// The shapes of PD's answers (P 4-8).
[<RequireQualifiedAccess>]
module Replies =

    let json status value : PdReply = { Status = status; Body = PdBody.Json value }
    let text status value : PdReply = { Status = status; Body = PdBody.Text value }
    let ok value = json 200 value
    let said (message: string) = json 200 (Json.string message)
    let refused status (message: string) = json status (Json.string message)
    let empty status = text status ""

    /// The object that PD answers malformed input with.
    let badInput (message: string) =
        json 400 (Json.object [ "code", Json.string "input"; "msg", Json.string message; "data", Json.empty ])

    let badNumber (given: string) = badInput $"strconv.ParseUint: parsing \"%s{given}\": invalid syntax"

    let notFound = text 404 "404 page not found\n"

    let notBootstrappedText =
        "[PD:cluster:ErrNotBootstrapped]TiKV cluster not bootstrapped, please start TiKV first"

    let redirectFailed = text 500 "[PD:apiutil:ErrRedirect]redirect failed\n"
    let noLeader = text 503 "[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader\n"
    let notLeader = text 500 "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader\n"
    let notStarted = text 500 "[PD:server:ErrServerNotStarted]server not started\n"
    let leaderNil = refused 500 "[PD:server:ErrLeaderNil]leader is nil"

    let etcdTimeout =
        refused 500 "[PD:etcd:ErrEtcdKVGet]context deadline exceeded: context deadline exceeded"

    let etcd (message: string) = refused 500 $"[PD:etcd:ErrEtcdMemberRemove]%s{message}: %s{message}"

    let noStore (id: uint64) = $"[PD:core:ErrStoreNotFound]store %d{id} not found"

    let store (id: uint64) refusal =
        match refusal with
        | StoreRefusal.NotFound -> refused 404 (noStore id)
        | StoreRefusal.Removed -> refused 410 $"[PD:core:ErrStoreRemoved]store %d{id} has been removed"
        | StoreRefusal.Destroyed ->
            refused 400 $"[PD:core:ErrStoreDestroyed]store %d{id} has been physically destroyed"
        | StoreRefusal.TooFewStores(left, needed) ->
            refused
                400
                $"[PD:core:ErrStoresNotEnough]can not remove store %d{id} since the number of up stores would be %d{left} while need %d{needed}"
        | StoreRefusal.NoStoreForLeaders ->
            refused
                400
                $"[PD:core:ErrNoStoreForRegionLeader]can not remove store %d{id} since there are no extra up store to store the leader"
