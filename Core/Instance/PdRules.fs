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

/// A member that has never been one joins while all others live, and nobody else is half-way in: PD would refuse it, and
/// may keep half of it (P 24, V B9). One that PD lists already, by its peer URL, goes on with what it began.
let private joinable (observed: Observed) =
    match observed.Role, Seen.facts observed with
    | PD(_, status), Some facts when status.Id.IsNone && (Seen.memberOf observed facts).IsNone ->
        let ill = facts.Members |> List.filter (fun one -> not one.Healthy)

        if Quorum.allows MemberChange.Add facts.Members.Length ill.Length then
            Decision.settled
        else
            Decision.wait [ MembersUnhealthy(ill |> List.map MemberFact.describe) ]
    | _ -> Decision.settled

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
        | None, Joins, Some _ ->
            let create observed = Rules.withPod observed (fun body -> Decision.act [ CreatePod body ])
            observed |> Rule.inTurn [ joinable; create ]

/// A member is removed by its id once it is known that it is to go, in a quorum that keeps one (V B9). While it must not be,
/// that is what is waited for, after the reasons for which it is to go.
let private removeFor why (self: MemberFact) unwanted (observed: Observed) facts =
    match Evidence.notFrozen observed, MemberEvidence.quorumWithoutIt self observed facts with
    | Error reason, _
    | _, Error reason -> Decision.wait (why @ [ reason ])
    | Ok calm, Ok quorum -> Decision.act [ RemoveMember(self.Id, calm, quorum, unwanted) ]

let private remove = removeFor []

/// A member whose disk is gone leaves PD before it joins anew: PD refuses a second one of its name (V P45).
let lostDisk (observed: Observed) =
    match observed.Role, Seen.facts observed with
    | PD(_, status), Some facts when not (Seen.suspended observed) ->
        match facts.Members |> List.tryFind (fun one -> Some one.Id = status.Id) with
        | None -> Decision.settled
        | Some self ->
            match MemberEvidence.lostDisk self observed with
            | Some unwanted -> removeFor [ MemberDiskLost self.Id ] self unwanted observed facts
            | None -> Decision.settled
    | _ -> Decision.settled

/// The dead whose instance is gone are removed first, by the instance of the leader (V I23).
let dead (observed: Observed) =
    match Seen.facts observed with
    | None -> Decision.settled
    | Some facts ->
        match Seen.memberOf observed facts with
        | None -> Decision.settled
        | Some self ->
            match MemberEvidence.orphans observed facts with
            | (orphan, _, unwanted) :: _ when self.IsLeader -> remove orphan unwanted observed facts
            | _ -> Decision.settled

/// A member with other settings than wanted, or on a node that is to be emptied, is restarted:
/// 1. one whose process does not run, or whom nobody counts on, is replaced at once;
/// 2. otherwise only while holding the disruption, while all other members are healthy and a quorum;
/// 3. the leader only after another member leads.
let restart (observed: Observed) =
    observed
    |> Rules.restart (fun restart go ->
        match Seen.memberOf observed restart.Facts with
        | None -> Decision.wait [ MemberNotJoined ]
        | Some self ->
            Rules.withDisruption restart.Disruption observed (fun held ->
                match
                    MemberEvidence.quorumWhileItRests self observed restart.Facts,
                    MemberEvidence.notLeading self observed restart.Facts
                with
                | Error reason, _ -> Decision.wait [ reason ]
                | Ok _, Error heir -> Decision.act [ TransferPdLeader heir ]
                | Ok quorum, Ok follower -> go (Evidence.MemberRests(held, restart.Calm, quorum, follower))))

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
        | Some _ when Seen.areOutOfDate observed facts -> Decision.wait [ FactsOutOfDate ]
        | Some _ -> Decision.settled

/// A member leaves PD before its Pod goes, by its id, and only while there is a quorum to agree to that and the others
/// are one without it (V B9); a live one holds the disruption meanwhile, and a leader hands over first.
let leave (observed: Observed) =
    match Evidence.departed observed, Seen.facts observed with
    | Some departed, _ -> observed |> Rule.inTurn [ Rules.release; Rules.tearDown departed ]
    | None, None -> Decision.wait [ Seen.pdReason observed ]
    | None, Some facts ->
        match Seen.memberOf observed facts with
        | None -> Decision.wait [ MemberNotJoined ]
        | Some self ->
            match MemberEvidence.leaves self observed, MemberEvidence.quorumWithoutIt self observed facts with
            | None, _ -> Decision.settled
            | Some _, Error reason ->
                observed
                |> Rule.together [ Rules.releaseEarly; (fun _ -> Decision.wait [ reason ]) ]
            | Some unwanted, Ok _ when not self.Healthy -> remove self unwanted observed facts
            | Some unwanted, Ok _ ->
                Rules.withDisruption "Removal" observed (fun _ ->
                    match MemberEvidence.notLeading self observed facts with
                    | Error heir -> Decision.act [ TransferPdLeader heir ]
                    | Ok _ when self.IsLeader -> Decision.wait [ PdLeaderHere ]
                    | Ok _ -> remove self unwanted observed facts)
