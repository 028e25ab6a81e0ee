/// The life of one member of PD.
module Tikv.Core.Instance.PdRules

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance

/// The first bootstrap knows all its members before the first of them starts, so that all have one and the same
/// `initial-cluster` (P 25: growing from one by join costs 16-19 s without a leader).
let private siblingsMissing (observed: Observed) (spec: PDSpec) =
    spec.InitialCluster
    |> List.filter (fun name -> not (Set.contains name observed.Siblings))

/// A Pod is made as soon as its claims and its ConfigMap are there: in bootstrap mode as long as the first bootstrap goes
/// on for it, else to join the cluster whose id is recorded.
let pod (observed: Observed) =
    match observed.Role, observed.Pod with
    | TiKV _, _
    | _, Some _ -> Decision.settled
    | PD(spec, _), None ->
        match Seen.entry observed, Seen.clusterId observed with
        | Bootstraps, _ ->
            match siblingsMissing observed spec with
            | [] -> Rules.withPod observed (fun body -> Decision.act [ CreateBootstrapPod body ])
            | missing -> Decision.wait [ SiblingsMissing missing ]
        | EntryUnknown, _
        | Joins, None -> Decision.wait [ Seen.pdReason observed ]
        | Joins, Some _ -> Rules.withPod observed (fun body -> Decision.act [ CreatePod body ])

let private majority members = List.length members / 2 + 1

/// Members that would be left healthy without this one, when PD says that there are enough of them for a quorum.
let private othersCarry name (facts: PdFacts) =
    let healthy = facts.Members |> List.filter _.Healthy
    let others = healthy |> List.filter (fun one -> one.Name <> name)

    // One or two members cannot be restarted without a pause: that was the user's choice (V I20).
    if facts.Members.Length <= 2 || others.Length >= majority facts.Members then
        Ok others
    else
        Error(QuorumAtRisk(healthy.Length, facts.Members.Length))

/// Leadership moves to the healthy member with the first name, before the leader goes.
let private handOver others =
    match others |> List.filter (fun one -> one.Name <> "") |> List.sortBy _.Name with
    | heir :: _ -> Decision.act [ TransferPdLeader heir.Name ]
    | [] -> Decision.wait [ PdLeaderHere ]

/// A member with other settings than wanted, or on a node that is to be emptied, is restarted:
/// 1. one whose process does not run is replaced at once;
/// 2. otherwise only while holding the disruption, with a quorum of healthy members besides it;
/// 3. the leader only after another member leads.
let restart (observed: Observed) =
    match observed.Pod with
    | None -> Decision.settled
    | Some pod ->
        match Rules.restartCause observed pod with
        | None -> Decision.settled
        | Some(_, why) when Rules.broken pod -> Decision.act [ RemovePod(pod.Meta, why) ]
        | Some(disruption, why) ->
            match Seen.facts observed with
            | None -> Decision.wait [ Seen.pdReason observed ]
            | Some facts ->
                Rules.withDisruption disruption observed (fun () ->
                    match Seen.memberOf observed facts, othersCarry pod.Meta.Name facts with
                    | _, Error reason -> Decision.wait [ reason ]
                    | Some self, Ok others when self.IsLeader && not others.IsEmpty -> handOver others
                    | _, Ok _ -> Decision.act [ RestartPod(pod.Meta, why) ])

/// A running process is a member when the *other* members list it, and healthy when they say so (P 2, P 23).
let membership (observed: Observed) =
    match observed.Pod, Seen.facts observed with
    | None, _ -> Decision.settled
    | Some _, None -> Decision.wait [ Seen.pdReason observed ]
    | Some _, Some facts ->
        match Seen.memberOf observed facts with
        | None -> Decision.wait [ MemberNotJoined ]
        | Some self when not (Seen.hasStarted self) -> Decision.wait [ MemberNotJoined ]
        | Some self when not self.Healthy -> Decision.wait [ MemberUnhealthy ]
        | Some _ -> Decision.settled

/// A member leaves PD before its Pod goes, by its id, and only while there is a quorum to agree to that and the others
/// are one without it (V B9); a leader hands over first.
let leave (observed: Observed) =
    let gone () =
        Rules.tearDown ((Seen.settings observed).VolumeReclaimPolicy = ReclaimPolicy.Delete) observed

    match observed.Role, Seen.facts observed with
    // It was never asked to run, and there is no cluster that could list it, so there is nobody to remove.
    | PD(_, status), None when
        status.Id.IsNone
        && observed.Pod.IsNone
        && observed.Config.IsNone
        && (Seen.clusterId observed).IsNone
        ->
        gone ()
    | _, None -> Decision.wait [ Seen.pdReason observed ]
    | _, Some facts ->
        match Seen.memberOf observed facts with
        | None -> gone ()
        | Some self ->
            let others = facts.Members |> List.filter (fun one -> one.Id <> self.Id)
            let healthy = others |> List.filter _.Healthy

            let agreeing = (facts.Members |> List.filter _.Healthy).Length

            if
                agreeing < majority facts.Members
                || healthy.Length < majority others
                || others.IsEmpty
            then
                Decision.wait [ QuorumAtRisk(agreeing, facts.Members.Length) ]
            elif self.IsLeader then
                handOver healthy
            else
                Decision.act [ RemoveMember self.Id ]
