/// The order between the components of one cluster, and what is recorded of it for ever.
module Tikv.Core.Cluster.Rules

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// A paused cluster is left alone in everything but status, deletion included.
let pause (observed: Observed) = if observed.Spec.Paused then Decision.wait [ Paused ] else Decision.settled

/// Our finalizer stands before anything exists that it must clean up after.
let finalizer (observed: Observed) =
    if List.contains Labels.finalizer observed.Meta.Finalizers then
        Decision.settled
    else
        Decision.act [ AddFinalizer ]

/// TiKV goes before PD, so that stores can still say goodbye; the Cluster goes last.
let ends (observed: Observed) =
    let groups kind =
        (observed.Groups |> List.map (fun group -> group.Kind, group.Meta))
        @ observed.Unreadable
        |> List.filter (fun (one, _) -> one = kind)

    let gone (groups: (Kind * Meta) list) =
        let waiting = Decision.wait [ GroupsRemain(groups |> List.map (fun (_, meta) -> meta.Name)) ]

        Decision.together (
            waiting
            :: [
                for kind, meta in groups do
                    if meta.DeletionTimestamp.IsNone then
                        Decision.act [ DeleteGroup(kind, meta) ]
            ]
        )

    match groups Kind.TiKVGroup, groups Kind.PDGroup with
    | (_ :: _ as tikv), _ -> gone tikv
    | [], (_ :: _ as pd) -> gone pd
    | [], [] when List.contains Labels.finalizer observed.Meta.Finalizers -> Decision.act [ RemoveFinalizer ]
    | [], [] -> Decision.settled

/// The id that PD gave is recorded once. PD that answers with another id is not this cluster.
let identity (observed: Observed) =
    match observed.Pd, observed.Status.Id with
    | PdView.Answered facts, None -> Decision.act [ RecordId(facts.ClusterId, List.tryHead observed.PdUrls) ]
    | PdView.Answered facts, Some id when facts.ClusterId <> id ->
        Decision.wait [ AnotherCluster(facts.ClusterId, id) ]
    | _ -> Decision.settled

/// A disruption whose holder is gone holds nobody up; of several holders it is left to those that exist.
let disruption (observed: Observed) =
    match observed.Status.Disruption with
    | None -> Decision.settled
    | Some held ->
        let isGone uid =
            uid = held.Uid && not observed.HolderExists
            || Set.contains uid observed.OthersGone

        match held |> Disruption.without isGone with
        | None -> Decision.act [ VoidDisruption ]
        | Some left when Disruption.holders left <> Disruption.holders held ->
            Decision.act [ CutDisruption left ]
        | Some _ -> Decision.settled

let components (observed: Observed) =
    let has kind =
        observed.Groups |> List.exists (fun group -> group.Kind = kind)
        || observed.Unreadable |> List.exists (fun (unreadable, _) -> unreadable = kind)

    Decision.wait [
        for _, meta in observed.Unreadable do
            GroupUnreadable meta.Name
        if not (has Kind.PDGroup) then
            NoPdGroup
        if not (has Kind.TiKVGroup) then
            NoTikvGroup
    ]

/// PD answers.
let pd (observed: Observed) =
    match observed.Pd with
    | PdView.Answered _ -> Decision.settled
    | PdView.Unasked -> Decision.wait [ PdNotAsked ]
    | PdView.Silent problem -> Decision.wait [ PdSilent problem ]

/// The group has seen its present generation.
let groupSpeaks (group: GroupView) = group.Status.ObservedGeneration = group.Meta.Generation

/// A group speaks for itself only once it has seen its present generation; until then the last word on a cluster that was
/// Ready stands.
let groupReady (observed: Observed) (group: GroupView) =
    Condition.isTrue ConditionType.Ready group.Status.Conditions
    && (groupSpeaks group
        || Condition.isTrue ConditionType.Ready observed.Status.Conditions)

let groups (observed: Observed) =
    match observed.Groups |> List.filter (groupReady observed >> not) with
    | [] -> Decision.settled
    | waiting ->
        let why (group: GroupView) =
            group.Status.Conditions
            |> Condition.tryFind ConditionType.Ready
            |> Option.map _.Message
            |> Option.defaultValue ""

        Decision.wait [ GroupsNotReady(waiting |> List.map (fun group -> group.Meta.Name, why group)) ]

/// The Pods of ours that PD lists and that it does not hear from. A Pod whose disk was made anew may have two stores.
let private silent (observed: Observed) (facts: PdFacts) =
    let members =
        facts.Members
        |> List.filter (fun one -> Set.contains one.Name observed.PdPods && not one.Healthy)
        |> List.map _.Name

    let stores =
        facts.Stores
        |> List.filter (fun store ->
            store.NodeState <> NodeState.Removing && store.NodeState <> NodeState.Removed)
        |> List.groupBy (fun store -> Address.pod store.Address)
        |> List.filter (fun (pod, stores) ->
            Set.contains pod observed.TikvPods
            && stores |> List.forall (fun store -> store.StateName <> "Up"))
        |> List.map fst

    members @ stores

/// To become Ready a Cluster takes more than its groups' word, which may be of before an outage of the API server: what PD
/// lists of them has to serve by PD's word too. One that is Ready stays so while its groups are.
let processes (observed: Observed) =
    match observed.Pd with
    | PdView.Answered facts when not (Condition.isTrue ConditionType.Ready observed.Status.Conditions) ->
        match silent observed facts with
        | [] -> Decision.settled
        | pods -> Decision.wait [ ProcessesNotServing pods ]
    | _ -> Decision.settled

/// What is the matter with the operator's own certificate; none without TLS.
let certificateProblems (observed: Observed) =
    if Defaults.isTls observed.Spec then
        let secrets = Defaults.clientTlsSecrets observed.Meta.Name observed.Spec
        Some(Certificates.problems observed.Clock observed.Secrets secrets [])
    else
        None
