/// What an action on a member of PD that can do harm rests on; see `Evidence`.
module Tikv.Core.Instance.MemberEvidence

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// A member that can lead: healthy, with a name, and not being stopped (P 21).
type Heir = private Heir of Name: string

module Heir =
    let name (Heir name) = name

/// The heirs of the member, by name.
let heirs (self: MemberFact) (observed: Observed) (facts: PdFacts) =
    facts.Members
    |> List.filter (fun one ->
        one.Id <> self.Id
        && one.Healthy
        && one.Name <> ""
        && not (Set.contains one.Name observed.Stopping))
    |> List.sortBy _.Name
    |> List.map (_.Name >> Heir)

/// The members keep a quorum, and every other one of them is healthy: one is touched at a time (V B9, I20, I21).
type QuorumKept = private QuorumKept of Member: MemberId

/// Of the other members those that PD does not find healthy, and those that are being stopped: PD counts on them for some
/// seconds more.
let private othersIll (self: MemberFact) (observed: Observed) (facts: PdFacts) =
    facts.Members
    |> List.filter (fun one ->
        one.Id <> self.Id
        && (not one.Healthy || Set.contains one.Name observed.Stopping))
    |> List.map MemberFact.describe

/// One or two members cannot be restarted without a pause: that was the user's choice (V I20).
let quorumWhileItRests (self: MemberFact) (observed: Observed) (facts: PdFacts) =
    let members = facts.Members.Length

    match othersIll self observed facts with
    | [] when members <= 2 || Quorum.isKept members 1 -> Ok(QuorumKept self.Id)
    | [] -> Error(QuorumAtRisk(members, members))
    | ill when members - ill.Length - 1 < Quorum.majority members ->
        Error(QuorumAtRisk(members - ill.Length, members))
    | ill -> Error(MembersUnhealthy ill)

/// A dead member is removed before anything else is changed; a live one only while all others live (V I21, I23).
let quorumWithoutIt (self: MemberFact) (observed: Observed) (facts: PdFacts) =
    let members = facts.Members.Length
    let dead = facts.Members |> List.filter (fun one -> not one.Healthy) |> List.length
    let change = if self.Healthy then MemberChange.RemoveLive else MemberChange.RemoveDead

    match othersIll self observed facts with
    | _ when not (Quorum.allows change members dead) -> Error(QuorumAtRisk(members - dead, members))
    | _ :: _ as ill when self.Healthy -> Error(MembersUnhealthy ill)
    | _ -> Ok(QuorumKept self.Id)

/// Another member leads, or there is none that could.
type NotLeading = private NotLeading of Member: MemberId

let notLeading (self: MemberFact) observed facts =
    match self.IsLeader, heirs self observed facts with
    | true, heir :: _ -> Error heir
    | _ -> Ok(NotLeading self.Id)

/// No other member lists it, by the recorded id and by name (V I23, L F08).
type MemberGone = private MemberGone of Instance: Uid

let memberGone (observed: Observed) (facts: PdFacts) =
    let recorded =
        match observed.Role with
        | PD(_, status) -> status.Id
        | TiKV _ -> None

    let isListed =
        (Seen.memberOf observed facts).IsSome
        || facts.Members |> List.exists (fun one -> Some one.Id = recorded)

    if isListed then None else Some(MemberGone observed.Meta.Uid)

/// A member that is to be one no more.
type MemberUnwanted = private MemberUnwanted of Member: MemberId

/// Its instance is being deleted.
let leaves (self: MemberFact) (observed: Observed) =
    if Seen.deleting observed then Some(MemberUnwanted self.Id) else None

/// It has lost its disk: PD lists the member of the old one, and refuses the new one as its duplicate (P 24).
let lostDisk (self: MemberFact) (observed: Observed) =
    match observed.Role with
    | PD(_, status) when not self.Healthy && status.Id = Some self.Id && Diagnosis.diskReplaced observed ->
        Some(MemberUnwanted self.Id)
    | _ -> None

/// The Pod of a peer URL, when that has the form in which we name Pods: `<group>-<index>.<group>-peer.<namespace>`.
let private podOfUrl space (url: string) =
    match System.Uri.TryCreate(url, System.UriKind.Absolute) with
    | true, uri ->
        match
            (Option.ofObj uri |> Option.map _.Host |> Option.defaultValue "").Split '.'
            |> List.ofArray
        with
        | pod :: service :: name :: _ when
            name = space
            && service.EndsWith("-peer", System.StringComparison.Ordinal)
            && pod.StartsWith(service.Substring(0, service.Length - 4), System.StringComparison.Ordinal)
            ->
            Some pod
        | _ -> None
    | false, _ -> None

/// Members that are dead or have only half joined, that listen where one of our Pods would, and whose instance is gone:
/// they block every join (P 24), and nobody comes back for them (T S7, S8). Members of others are left alone (L F07).
let orphans (observed: Observed) (facts: PdFacts) =
    facts.Members
    |> List.filter (fun one -> not one.Healthy && not (Map.containsKey one.Name observed.Peers))
    |> List.choose (fun one ->
        match one.PeerUrls |> List.map (podOfUrl observed.Meta.Namespace) with
        | [ Some pod ] when not (Map.containsKey pod observed.Peers) -> Some(one, pod, MemberUnwanted one.Id)
        | _ -> None)
