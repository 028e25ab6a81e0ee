namespace Tikv.Core.Group

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// Which component a group is made of, with what is asked of that component alone.
type Role =
    | PD of Spec: PDGroupSpec * Status: PDGroupStatus
    | TiKV of Spec: TiKVGroupSpec * Status: TiKVGroupStatus

/// What Kubernetes says of the Pod of an instance.
[<RequireQualifiedAccess>]
type PodWord =
    | Ready
    /// It has not been started: it waits for a node, a volume or an image; or there is none.
    | Pending
    /// It was started, and does not serve; or it is being stopped.
    | Down

/// What a group reads of one of its instances.
type InstanceView = {
    Meta: Meta
    Index: int
    Topology: Map<string, string>
    /// The name of its Pod.
    Pod: string
    /// Hash of all that the group gives to each of its instances alike; see `Shared`.
    Shared: string
    /// The same, of what its process is started with: an update that leaves it as it is restarts nothing.
    Process: string
    /// Ready, judged on its present generation.
    Ready: bool
    /// When that began (RFC 3339); empty when it is not ready.
    ReadySince: string
    /// It has been ready with the revision that it is to have.
    Settled: bool
    /// The revision that it last was ready with.
    Current: string option
    /// It is known not to serve. While PD is silent, what runs may serve or not.
    Fails: bool
    /// Its process is known not to run.
    Broken: bool
    /// PD only: it leads, as far as is known.
    Leads: bool
    /// TiKV only: asked to leave PD.
    Offline: bool
    /// TiKV only: PD has let it go.
    Removed: bool
    /// It has a store id or a member id.
    Registered: bool
    /// What it waits for, as code and text.
    Waits: (string * string) option
    /// Its zone, or else its node, when it was seen on one.
    Domain: string option
    /// Its volumes are of another storage class than its template says; none while its status does not say so of its
    /// present generation.
    OtherClass: bool option
    /// The generation of the Cluster at which its Pod was gone by suspension.
    SuspendedAt: int64 option
    PodWord: PodWord
    /// Since when it does not serve (RFC 3339), judged on whatever generation; empty when it has not said. None: it serves.
    Unready: string option
    /// What is wrong with it will not end by itself.
    Stalled: bool
}

/// What a group reads of a PD group of its cluster.
type PdGroupView = {
    Name: string
    /// The version that is asked for.
    Wanted: string
    /// The version that all its instances have reached.
    Reached: string option
    Deleting: bool
}

/// What follows from a group's specification alone; see `Shared`.
[<ReferenceEquality>]
type Prints = {
    /// The template, as JSON.
    Template: Lazy<Json>
    Told: Lazy<Json>
    Revision: Lazy<string>
    Wanted: Lazy<string>
    Process: Lazy<string>
}

/// One look at one group.
type Observed = {
    At: Instant
    /// UTC, for timestamps that people read.
    Clock: DateTimeOffset
    Meta: Meta
    Role: Role
    /// None: the Cluster does not exist.
    Cluster: Object<ClusterSpec, ClusterStatus> option
    /// The instances of the group, by index.
    Instances: Map<int, InstanceView>
    /// The indexes of its instances that are there and cannot be read: they are left as they are.
    Unreadable: Set<int>
    /// The Services that bear the group's names.
    Services: Map<string, ServiceView>
    /// All PD groups of the cluster, in the order of their names.
    PdGroups: PdGroupView list
    /// The revisions of the group's template that are kept, oldest first.
    Revisions: RevisionView list
    /// The PodDisruptionBudget that bears the group's name.
    Budget: Sighting<BudgetView>
    /// Those of other names that select Pods of the group, too.
    OtherBudgets: string list
    /// The Secrets of its instances' certificates, by name; empty without TLS.
    Secrets: Map<string, Sighting<SecretView>>
    Pd: PdView
    /// Indexes whose volume claims are left of an instance that has left the cluster: a new process must not start on them
    /// (V I39).
    Retained: Set<int>
    /// The stores of other groups of the cluster that are on their way out, and those groups that come before this one
    /// with what they have too much.
    LeavingElsewhere: string list
    /// Of the specification in `Role`.
    Prints: Derived<Prints>
}

[<RequireQualifiedAccess>]
module Observed =
    /// Its instances, in the order of their indexes.
    let instances (observed: Observed) =
        Map.foldBack (fun _ one others -> one :: others) observed.Instances []

    let unreadable (observed: Observed) =
        observed.Unreadable
        |> Set.toList
        |> List.map (Names.instance observed.Meta.Name)

/// Why a group that is not (yet) as desired is left alone for now.
type Reason =
    /// The API server or PD refused what was decided.
    | StepRefused of Action: string * Message: string
    | ClusterAbsent of Name: string
    | ClusterPaused
    | ClusterSuspended
    | NotOurs of Kind: string * Name: string
    | OtherGroupBootstraps of Name: string
    | InstancesRemain of Names: string list
    | InstanceTerminating of Name: string
    | InstancesUnreadable of Names: string list
    | InstancesNotReady of Names: string list
    | InstanceSoaking of Name: string * Left: TimeSpan
    | PdUpgradesFirst of Wanted: string
    | ScalingIn of Name: string
    /// An instance says why it cannot go on, by a gate.
    | InstanceBlocked of Name: string * Code: string * Message: string
    | OtherGroupScalesIn of Name: string
    | LastPdGroup
    | Downgrade of Wanted: string * Floor: string
    | StoresAreNewer of Wanted: string * Store: string
    | UnknownRevision of Asked: string * Known: string list
    | DeletionDeferred of Names: string list
    | Replacing of Name: string
    | ForeignBudget of Name: string
    | SecondBudget of Name: string
    | InstanceDown of Name: string * Why: string
    | FailoverHeld of Name: string * Why: string
    | FailoverPending of Name: string * After: TimeSpan * Left: TimeSpan
    | FailedRemains of Name: string * Removed: bool
    | FailedReturns of Name: string * Left: TimeSpan
    | TakenAlone of Why: Alone

module Reason =
    let private names (names: string list) =
        match names with
        | a :: b :: c :: d :: rest when not rest.IsEmpty ->
            $"%s{a}, %s{b}, %s{c}, %s{d} and %d{rest.Length} more"
        | names -> String.Join(", ", names)

    /// For people: the message of the Kubernetes condition, the event, the log line and the transcript.
    let text reason =
        match reason with
        | StepRefused(action, message) -> $"%s{action} was refused: %s{message}"
        | ClusterAbsent name -> $"the Cluster %s{name} does not exist"
        | ClusterPaused -> "the cluster is paused"
        | ClusterSuspended -> "the cluster is suspended"
        | NotOurs(kind, name) ->
            $"the %s{kind} %s{name} exists and belongs to somebody else; rename or remove it"
        | OtherGroupBootstraps name -> $"the group %s{name} bootstraps PD first; this one joins it"
        | InstancesRemain remaining -> $"waiting for %s{names remaining} to be removed"
        | InstanceTerminating name -> $"%s{name} is being removed; and makes room for another"
        | InstancesUnreadable unreadable ->
            $"%s{names unreadable} cannot be read, and is left as it is; its conditions say why"
        | InstancesNotReady waiting -> $"waiting for %s{names waiting} to be ready"
        | InstanceSoaking(name, _) -> $"%s{name} is ready, and must stay so for minReadySeconds"
        | PdUpgradesFirst wanted -> $"PD is upgraded to %s{wanted} before TiKV is"
        | ScalingIn name -> $"%s{name} is leaving the cluster"
        | InstanceBlocked(name, _, message) -> $"%s{name}: %s{message}"
        | OtherGroupScalesIn name -> $"%s{name} goes first; stores of a cluster leave one at a time"
        | LastPdGroup ->
            $"the last PD group of a cluster stays until the Cluster is deleted, or until the group has the annotation %s{Annotations.abandon}=true"
        | Downgrade(wanted, floor) ->
            $"%s{wanted} is older than %s{floor}, the version of the cluster: PD refuses such stores"
        | StoresAreNewer(wanted, store) ->
            $"TiKV goes back first: a store runs %s{store}, and PD is to run %s{wanted}"
        | UnknownRevision(asked, []) ->
            $"there is no revision \"%s{asked}\" to go back to, and no other is kept"
        | UnknownRevision(asked, known) ->
            $"there is no revision \"%s{asked}\" to go back to; kept are %s{names known}"
        | Replacing name -> $"another instance takes the place of %s{name}"
        | DeletionDeferred deferred -> $"%s{names deferred} will be removed when the others have been updated"
        | ForeignBudget name ->
            $"the PodDisruptionBudget %s{name} exists and belongs to somebody else: drains are as it says"
        | SecondBudget name ->
            $"the PodDisruptionBudget %s{name} selects Pods of this group, which have one: Kubernetes refuses to evict a Pod that has two, so kubectl drain waits for ever; remove it, or set spec.drain: Unmanaged"
        | InstanceDown(name, why) -> $"PD says that %s{name} is down, and it is not replaced: %s{why}"
        | FailoverHeld(name, why) -> $"%s{name} may be down, and nothing is replaced now: %s{why}"
        | FailoverPending(name, after, _) ->
            $"PD says that %s{name} is down; it is replaced when it has been for %.0f{after.TotalMinutes} min"
        | FailedRemains(name, true) -> $"%s{name} is down; it goes when its replacement serves"
        | FailedRemains(name, false) ->
            $"%s{name} is down and has a replacement; delete it when it is gone for good (or set spec.failover.removeFailed)"
        | FailedReturns(name, _) -> $"%s{name} serves again; its replacement goes when that lasts"
        | TakenAlone why -> $"one at a time, not maxUnavailable: %s{Alone.text why}"

    /// The reason of the Kubernetes condition: stable, part of the API.
    let code reason =
        match reason with
        | StepRefused _ -> "StepRefused"
        | ClusterAbsent _ -> "ClusterAbsent"
        | ClusterPaused -> "Paused"
        | ClusterSuspended -> "Suspended"
        | NotOurs _ -> "ConflictingOwner"
        | OtherGroupBootstraps _ -> "OtherGroupBootstraps"
        | InstancesRemain _ -> "InstancesRemain"
        | InstanceTerminating _ -> "InstanceTerminating"
        | InstancesUnreadable _ -> "InstanceUnreadable"
        | InstancesNotReady _ -> "InstancesNotReady"
        | InstanceSoaking _ -> "SoakTime"
        | PdUpgradesFirst _ -> "VersionPath"
        | ScalingIn _ -> "ScalingIn"
        | InstanceBlocked(_, code, _) -> code
        | OtherGroupScalesIn _ -> "OneAtATime"
        | LastPdGroup -> "LastPDGroup"
        | Downgrade _
        | StoresAreNewer _ -> "VersionPath"
        | UnknownRevision _ -> "UnknownRevision"
        | DeletionDeferred _ -> "DeletionDeferred"
        | Replacing _ -> "Replacing"
        | ForeignBudget _
        | SecondBudget _ -> "PDBAllows"
        | InstanceDown _ -> "InstanceDown"
        | FailoverHeld _ -> "FailoverHeld"
        | FailoverPending _ -> "FailoverPending"
        | FailedRemains _ -> "FailedRemains"
        | FailedReturns _ -> "FailedReturns"
        | TakenAlone _ -> "OneAtATime"

    /// How soon to look again unasked; every other wait ends with a change of an object.
    let recheckAfter reason =
        match reason with
        | InstanceSoaking(_, left) -> ValueSome(max (TimeSpan.FromMilliseconds 100L) left)
        | FailoverPending(_, _, left)
        | FailedReturns(_, left) -> ValueSome(max (TimeSpan.FromSeconds 1.0) left)
        | NotOurs _
        | InstancesNotReady _
        | InstanceDown _
        | FailoverHeld _
        | FailedRemains _ -> ValueSome(TimeSpan.FromMinutes 1L)
        | TakenAlone _ -> ValueSome(TimeSpan.FromSeconds 30L)
        | StepRefused _
        | ClusterAbsent _
        | ClusterPaused
        | ClusterSuspended
        | OtherGroupBootstraps _
        | InstancesRemain _
        | InstanceTerminating _
        | InstancesUnreadable _
        | PdUpgradesFirst _
        | ScalingIn _
        | ForeignBudget _
        | SecondBudget _
        | InstanceBlocked _
        | OtherGroupScalesIn _
        | LastPdGroup
        | Downgrade _
        | StoresAreNewer _
        | UnknownRevision _
        | DeletionDeferred _
        | Replacing _ -> ValueNone
