namespace Tikv.Core.Pd

open System

/// Why PD did not do, or did not tell, what it was asked. Its statuses are no guide (an unknown store is 404 here and
/// 500 there, P 18), so that the text decides.
[<RequireQualifiedAccess>]
type PdError =
    /// No leader serves at the moment; nothing was done. Ask again later.
    | NoLeader of Text: string
    /// Etcd did not answer in time: a write may have happened, or may happen yet.
    | TimedOut of Text: string
    /// No TiKV has ever registered.
    | NotBootstrapped
    /// No such store, member or scheduler.
    | NotFound of Text: string
    /// The store has been removed for good.
    | Tombstone
    /// The store was removed by force, and cannot come back.
    | PhysicallyDestroyed
    /// Fewer Up stores than max-replicas would be left.
    | StoresNotEnough of Text: string
    /// Every other store is evicting its leaders.
    | NoStoreForLeaders of Text: string
    /// Etcd refuses a change of members that the started and connected ones could not carry.
    | UnhealthyCluster of Text: string
    /// No other member could lead.
    | NoTransferTarget
    /// The request itself is refused, and will be refused again.
    | Refused of Text: string
    | Unexpected of Status: int * Text: string

[<RequireQualifiedAccess>]
module PdError =

    let private says (part: string) (text: string) = text.Contains(part, StringComparison.Ordinal)

    /// The first that the text contains decides.
    let private meanings: (string * (string -> PdError)) list = [
        "ErrNotBootstrapped", (fun _ -> PdError.NotBootstrapped)
        "ErrRedirect", PdError.NoLeader // ErrRedirect, ErrRedirectNoLeader, ErrRedirectToNotLeader
        "ErrLeaderNil", PdError.NoLeader
        "ErrServerNotStarted", PdError.NoLeader
        "dial tcp", PdError.NoLeader // a follower's attempt to reach the leader
        "ErrStoreNotFound", PdError.NotFound
        "ErrInvalidStoreID", PdError.NotFound
        "ErrSchedulerNotFound", PdError.NotFound
        "member not found", PdError.NotFound
        "not found, pd:", PdError.NotFound
        "ErrStoreRemoved", (fun _ -> PdError.Tombstone)
        "ErrStoreDestroyed", (fun _ -> PdError.PhysicallyDestroyed)
        "ErrStoresNotEnough", PdError.StoresNotEnough
        "ErrNoStoreForRegionLeader", PdError.NoStoreForLeaders
        "unhealthy cluster", PdError.UnhealthyCluster
        "re-configuration failed due to not enough started members", PdError.UnhealthyCluster
        "no valid pd to transfer", (fun _ -> PdError.NoTransferTarget)
        "deadline exceeded", PdError.TimedOut
        "request timed out", PdError.TimedOut
        "ErrPauseLeaderTransfer", PdError.Refused
    ]

    /// The meaning of an answer that is not a success.
    let ofReply (reply: PdReply) =
        let text = PdBody.message reply.Body

        match meanings |> List.tryFind (fun (part, _) -> says part text), reply.Status with
        | Some(_, meaning), _ -> meaning text
        | None, 406 -> PdError.NotBootstrapped // the scheduler routes, with the body `null` (P 7)
        | None, 410 -> PdError.Tombstone
        | None, 503 -> PdError.NoLeader text
        | None, 504 -> PdError.TimedOut text
        | None, 400 -> PdError.Refused text
        | None, status -> PdError.Unexpected(status, text)

    /// Whether the same request can succeed later without anyone doing anything about it.
    let isTransient error =
        match error with
        | PdError.NoLeader _
        | PdError.TimedOut _
        | PdError.UnhealthyCluster _
        | PdError.Unexpected _ -> true
        | PdError.NotBootstrapped
        | PdError.NotFound _
        | PdError.Tombstone
        | PdError.PhysicallyDestroyed
        | PdError.StoresNotEnough _
        | PdError.NoStoreForLeaders _
        | PdError.NoTransferTarget
        | PdError.Refused _ -> false

    /// For people.
    let text error =
        match error with
        | PdError.NoLeader text -> $"PD has no leader at the moment: %s{text}"
        | PdError.TimedOut text -> $"PD's etcd did not answer in time: %s{text}"
        | PdError.NotBootstrapped -> "no TiKV has registered with PD yet"
        | PdError.NotFound text -> $"PD does not know it: %s{text}"
        | PdError.Tombstone -> "the store has been removed for good (Tombstone)"
        | PdError.PhysicallyDestroyed -> "the store was removed by force and cannot come back"
        | PdError.StoresNotEnough text -> $"too few stores would be left: %s{text}"
        | PdError.NoStoreForLeaders text -> $"no store would be left for leaders: %s{text}"
        | PdError.UnhealthyCluster text -> $"too few PD members are started and connected: %s{text}"
        | PdError.NoTransferTarget -> "no other PD member can lead"
        | PdError.Refused text -> $"PD refused: %s{text}"
        | PdError.Unexpected(status, text) -> $"PD answered %d{status}: %s{text}"
