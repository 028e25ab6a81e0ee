/// What an action of a group that takes an instance away rests on. Each piece of evidence has one maker, which looks. What
/// becomes of the process and of its data, the instance decides by evidence of its own.
module Tikv.Core.Group.Evidence

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

let private ending (one: InstanceView) = one.Meta.DeletionTimestamp.IsSome

let private abandoned (meta: Meta) = meta.Annotations |> Map.tryFind Annotations.abandon = Some "true"

/// The instances of the group that are on their way out, and a part of the cluster still.
let leaving (observed: Observed) =
    Observed.instances observed
    |> List.filter (fun one -> ending one || one.Offline && not one.Removed)

/// No other store of the cluster is on its way out (V I06).
type NoStoreLeaves = private NoStoreLeaves of Group: Uid

/// Or the name of one that is.
let noStoreLeaves (observed: Observed) =
    match leaving observed |> List.filter _.Registered, observed.LeavingElsewhere with
    | one :: _, _ -> Error one.Meta.Name
    | [], elsewhere :: _ -> Error elsewhere
    | [], [] -> Ok(NoStoreLeaves observed.Meta.Uid)

/// An instance of PD that is being removed holds nobody up once PD does not list it any more: its Pod may be stuck on a
/// node that is lost.
let holdsUp (observed: Observed) (one: InstanceView) =
    match observed.Pd with
    | PdView.Answered facts ->
        facts.Members
        |> List.exists (fun other -> other.Name = one.Pod || other.Name = "")
    | PdView.Silent _
    | PdView.Unasked -> true

/// The instance never registered with PD: it has no store, and is no member.
type NeverRegistered = private NeverRegistered of Instance: Uid

/// PD has let the store of the instance go.
type LetGo = private LetGo of Instance: Uid

/// No other member of the group is on its way out (V B9).
type NoMemberLeaves = private NoMemberLeaves of Group: Uid

/// The whole cluster goes or has gone, or nothing of it was ever bootstrapped: there is nobody left to be kept in quorum.
type ClusterEnds = private ClusterEnds of Group: Uid

/// The user gave the group up, and this instance has been told.
type GivenUp = private GivenUp of Instance: Uid

/// Why an instance may be deleted.
type DeletionGrounds =
    | Unregistered of NeverRegistered
    | Left of LetGo
    | OneMember of NoMemberLeaves
    | WithCluster of ClusterEnds
    | Abandoned of GivenUp

/// It has no part in the cluster: nothing is lost by it.
let apart (one: InstanceView) =
    if one.Removed then Some(Left(LetGo one.Meta.Uid))
    elif not one.Registered then Some(Unregistered(NeverRegistered one.Meta.Uid))
    else None

/// A member is taken out of PD by its instance, when that is deleted. Or the names of those that leave.
let oneMember (observed: Observed) =
    match observed.Role, leaving observed |> List.filter (holdsUp observed) with
    | PD _, [] -> Ok(OneMember(NoMemberLeaves observed.Meta.Uid))
    | _, others -> Error others

let withCluster (observed: Observed) =
    let ends =
        observed.Cluster
        |> Option.forall (fun cluster -> cluster.Meta.DeletionTimestamp.IsSome || cluster.Status.Id.IsNone)

    if observed.Meta.DeletionTimestamp.IsSome && ends then
        Some(WithCluster(ClusterEnds observed.Meta.Uid))
    else
        None

/// The user lets the whole group go without PD.
type AbandonAsked = private AbandonAsked of Group: Uid

let abandonAsked (observed: Observed) =
    if observed.Meta.DeletionTimestamp.IsSome && abandoned observed.Meta then
        Some(AbandonAsked observed.Meta.Uid)
    else
        None

let givenUp (_: AbandonAsked) (one: InstanceView) =
    if abandoned one.Meta then Some(Abandoned(GivenUp one.Meta.Uid)) else None

/// The last of the instances is gone.
type NoneLeft = private NoneLeft of Group: Uid

let noneLeft (observed: Observed) =
    if
        observed.Meta.DeletionTimestamp.IsSome
        && observed.Instances.IsEmpty
        && observed.Unreadable.IsEmpty
    then
        Some(NoneLeft observed.Meta.Uid)
    else
        None
