namespace Tikv.Core.Operator

open System
open Tikv.Core
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// One round of questions to the PD of one cluster.
type Poll = {
    Namespace: string
    Cluster: string
    AskedAt: Instant
    Awaited: Map<RequestId, PdCall>
    Answers: (PdCall * Outcome<PdReply>) list
    /// Some questions have been asked twice.
    IsRepeated: bool
}

[<RequireQualifiedAccess>]
module Poll =
    /// What is asked each time: six calls a cluster.
    let questions = [
        PdCall.GetMembers
        PdCall.GetHealth
        PdCall.GetStores
        PdCall.GetReplicationConfig
        PdCall.GetEvictLeaders
        PdCall.GetRegionCount
    ]

    /// How long facts are good for, in a cluster where everything is as desired; and in one where something is waited for.
    let everyWhenSettled = TimeSpan.FromSeconds 30L
    let everyWhenWaiting = TimeSpan.FromSeconds 5L

    let private answer call read (poll: Poll) =
        match
            poll.Answers
            |> List.tryPick (fun (asked, outcome) -> if asked = call then Some outcome else None)
        with
        | Some(Done reply) -> read reply |> Result.mapError PdError.text
        | Some(Refused error) -> Error error.Message
        | Some(Unknown problem) -> Error problem
        | None -> Error "it was not asked"

    /// PD knows no store until the first has bootstrapped it (P 7).
    let private storesOrNone reply =
        match PdCodec.stores reply with
        | Error PdError.NotBootstrapped -> Ok []
        | stores -> stores

    let private evictLeadersOrNone reply =
        match PdCodec.evictLeaders reply with
        | Error PdError.NotBootstrapped -> Ok Set.empty
        | stores -> stores

    let private regionsOrNone reply =
        match PdCodec.regionCount reply with
        | Error PdError.NotBootstrapped -> Ok 0
        | count -> count

    let private member' (members: Members) (health: MemberHealth list) (one: Member) = {
        Id = one.Id
        Name = one.Name
        PeerUrls = one.PeerUrls
        ClientUrls = one.ClientUrls
        Healthy = health |> List.exists (fun line -> line.Id = one.Id && line.Health)
        IsLeader = members.Leader |> Option.exists (fun leader -> leader.Id = one.Id)
    }

    /// The facts of a complete poll. One question without an answer makes all of PD silent: half a picture is no ground
    /// to take anything down.
    let view (poll: Poll) =
        let facts =
            answer PdCall.GetMembers PdCodec.members poll
            |> Result.bind (fun members ->
                match members.Leader, members.EtcdLeader with
                | None, _ -> Error "it has no leader"
                | Some leader, Some etcd when leader.Id <> etcd.Id ->
                    Error "its members disagree on the leader"
                | Some _, _ ->
                    answer PdCall.GetHealth PdCodec.health poll
                    |> Result.bind (fun health ->
                        answer PdCall.GetStores storesOrNone poll
                        |> Result.bind (fun stores ->
                            answer PdCall.GetReplicationConfig PdCodec.replication poll
                            |> Result.bind (fun replication ->
                                answer PdCall.GetEvictLeaders evictLeadersOrNone poll
                                |> Result.bind (fun evicting ->
                                    answer PdCall.GetRegionCount regionsOrNone poll
                                    |> Result.map (fun regions -> {
                                        AskedAt = poll.AskedAt
                                        ClusterId = members.ClusterId
                                        Members =
                                            members.Members
                                            |> List.map (member' members health)
                                            |> List.sortBy (fun { Id = MemberId id } -> id)
                                        Stores = stores
                                        Evicting = evicting
                                        MaxReplicas = replication.MaxReplicas
                                        LocationLabels = replication.LocationLabels
                                        IsolationLevel = replication.IsolationLevel
                                        Regions = regions
                                    }))))))

        match facts with
        | Ok facts -> PdView.Answered facts
        | Error problem -> PdView.Silent problem

    /// What is asked once more, because others were answered: PD is there, and an answer was lost. That PD does not answer
    /// at all is believed the first time.
    let unanswered (poll: Poll) : PdCall list =
        let isLost (_, outcome: Outcome<PdReply>) = outcome.IsUnknown

        if poll.IsRepeated || List.forall isLost poll.Answers then
            []
        else
            poll.Answers |> List.filter isLost |> List.map fst

    let private isSameStore (one: Store) (other: Store) =
        one.NodeState = other.NodeState
        && one.Leaders = other.Leaders
        && one.Regions = other.Regions
        && one.Address = other.Address
        && one.StateName = other.StateName
        && one.Labels = other.Labels

    /// Stores of one list only, or not the same in both. Both are in the order of ids.
    let rec private differing (one: Store list) (other: Store list) (found: Store list) : Store list =
        match one, other with
        | [], rest
        | rest, [] -> rest @ found
        | a :: restOfOne, b :: restOfOther ->
            let (StoreId idOfA), (StoreId idOfB) = a.Id, b.Id

            if idOfA < idOfB then differing restOfOne other (a :: found)
            elif idOfA > idOfB then differing one restOfOther (b :: found)
            elif isSameStore a b then differing restOfOne restOfOther found
            else differing restOfOne restOfOther (a :: b :: found)

    /// The names of the Pods whose facts differ between two looks; none when all may differ.
    let changed before now =
        match before, now with
        | PdView.Answered before, PdView.Answered now when
            before.ClusterId = now.ClusterId
            && before.MaxReplicas = now.MaxReplicas
            && before.LocationLabels = now.LocationLabels
            ->
            let stores =
                differing before.Stores now.Stores []
                |> List.map (fun store -> Address.pod store.Address)

            let evicted =
                if before.Evicting = now.Evicting then
                    []
                else
                    now.Stores
                    |> List.filter (fun store ->
                        Set.contains store.Id before.Evicting <> Set.contains store.Id now.Evicting)
                    |> List.map (fun store -> Address.pod store.Address)

            let members =
                if before.Members = now.Members then [] else before.Members @ now.Members |> List.map _.Name

            Some(Set.ofList (stores @ evicted @ members))
        | PdView.Silent before, PdView.Silent now when before = now -> Some Set.empty
        | PdView.Unasked, PdView.Unasked -> Some Set.empty
        | _ -> None
