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
        match Evidence.firstBootstrap observed, Seen.entry observed, Seen.clusterId observed with
        | Some first, _, _ ->
            match siblingsMissing observed spec with
            | [] -> Rules.withPod observed (fun body -> Decision.act [ CreateBootstrapPod(body, first) ])
            | missing -> Decision.wait [ SiblingsMissing missing ]
        | None, (Bootstraps | EntryUnknown), _
        | None, Joins, None -> Decision.wait [ Seen.pdReason observed ]
        | None, Joins, Some _ -> Rules.withPod observed (fun body -> Decision.act [ CreatePod body ])

/// A member with other settings than wanted, or on a node that is to be emptied, is restarted:
/// 1. one whose process does not run is replaced at once;
/// 2. otherwise only while holding the disruption, while all other members are healthy and a quorum;
/// 3. the leader only after another member leads.
let restart (observed: Observed) =
    match observed.Pod with
    | None -> Decision.settled
    | Some pod ->
        match
            Rules.restartCause observed pod,
            Evidence.notServing pod,
            Evidence.notFrozen observed,
            Seen.facts observed
        with
        | None, _, _, _ -> Decision.settled
        | Some(_, why), Some _, _, _ -> Rules.replace pod why
        | Some _, None, Error reason, _ -> Decision.wait [ reason ]
        | Some _, None, Ok _, None -> Decision.wait [ Seen.pdReason observed ]
        | Some(disruption, why), None, Ok calm, Some facts ->
            Rules.withDisruption disruption observed (fun held ->
                match Seen.memberOf observed facts with
                | None -> Decision.wait [ MemberNotJoined ]
                | Some self ->
                    match
                        Evidence.quorumWhileItRests self facts, Evidence.notLeading self observed facts
                    with
                    | Error reason, _ -> Decision.wait [ reason ]
                    | Ok _, Error heir -> Decision.act [ TransferPdLeader heir ]
                    | Ok quorum, Ok follower ->
                        let grounds = Evidence.MemberRests(held, calm, quorum, follower)
                        Decision.act [ RestartPod(pod.Meta, why, grounds) ])

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
    match Evidence.departed observed, Seen.facts observed with
    | Some departed, _ -> Rules.tearDown departed observed
    | None, None -> Decision.wait [ Seen.pdReason observed ]
    | None, Some facts ->
        match Seen.memberOf observed facts, Evidence.notFrozen observed with
        | None, _ -> Decision.wait [ MemberNotJoined ]
        | Some _, Error reason -> Decision.wait [ reason ]
        | Some self, Ok calm ->
            match Evidence.quorumWithoutIt self facts, Evidence.notLeading self observed facts with
            | Error reason, _ -> Decision.wait [ reason ]
            | Ok _, Error heir -> Decision.act [ TransferPdLeader heir ]
            | Ok _, Ok _ when self.IsLeader -> Decision.wait [ PdLeaderHere ]
            | Ok quorum, Ok _ -> Decision.act [ RemoveMember(self.Id, calm, quorum) ]
