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

/// What a group reads of one of its instances.
type InstanceView = {
    Meta: Meta
    Index: int
    Topology: Map<string, string>
    /// Hash of all that the group gives to each of its instances alike; see `Shared`.
    Shared: string
    /// Ready, judged on its present generation.
    Ready: bool
    /// When that began (RFC 3339); empty when it is not ready.
    ReadySince: string
    /// It has been ready with the revision that it is to have.
    Settled: bool
    /// TiKV only: asked to leave PD.
    Offline: bool
    /// TiKV only: PD has let it go.
    Removed: bool
    /// TiKV only: it has a store id.
    Registered: bool
    /// Its volumes are of another storage class than its template says; none while its status does not say so of its
    /// present generation.
    OtherClass: bool option
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
    /// The Services that bear the group's names.
    Services: Map<string, ServiceView>
    /// All PD groups of the cluster: name, and the version that all its instances have reached.
    PdGroups: (string * string option) list
    /// The revisions of the group's template that are kept, oldest first.
    Revisions: RevisionView list
    /// The PodDisruptionBudget that bears the group's name.
    Budget: Sighting<BudgetView>
}

/// Everything that may be done for a group.
type Action =
    | AddFinalizer
    | CreateService of Name: string * Body: Json
    | UpdateService of Seen: Meta * Spec: Json * Body: Json
    | CreateInstance of Name: string * Body: Json
    /// Gives an instance the group's present template and settings.
    | UpdateInstance of Seen: Meta * Spec: Json
    /// TiKV: the first step of removal; revocable.
    | TakeOffline of Instance: Meta
    | KeepOnline of Instance: Meta
    | DeleteInstance of Instance: Meta
    | MarkBootstrapped
    | RemoveService of Service: Meta
    | RemoveFinalizer
    /// The indexes, all of them, whose instances have been or are being replaced by others.
    | MarkReplaced of Indexes: int list

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
    | InstancesNotReady of Names: string list
    | InstanceSoaking of Name: string * Left: TimeSpan
    | PdUpgradesFirst of Wanted: string
    | ScalingIn of Name: string
    | Replacing of Name: string

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
        | InstanceTerminating name -> $"%s{name} is being removed; it is made anew after that"
        | InstancesNotReady waiting -> $"waiting for %s{names waiting} to be ready"
        | InstanceSoaking(name, left) -> $"%s{name} must be ready for %.0f{ceil left.TotalSeconds} s more"
        | PdUpgradesFirst wanted -> $"PD is upgraded to %s{wanted} before TiKV is"
        | ScalingIn name -> $"%s{name} is leaving the cluster"
        | Replacing name -> $"another instance takes the place of %s{name}"

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
        | InstancesNotReady _ -> "InstancesNotReady"
        | InstanceSoaking _ -> "SoakTime"
        | PdUpgradesFirst _ -> "VersionPath"
        | ScalingIn _ -> "ScalingIn"
        | Replacing _ -> "Replacing"

    /// How soon to look again unasked; every other wait ends with a change of an object.
    let recheckAfter reason =
        match reason with
        | InstanceSoaking(_, left) -> ValueSome(max (TimeSpan.FromMilliseconds 100L) left)
        | NotOurs _ -> ValueSome(TimeSpan.FromMinutes 1L)
        | StepRefused _
        | ClusterAbsent _
        | ClusterPaused
        | ClusterSuspended
        | OtherGroupBootstraps _
        | InstancesRemain _
        | InstanceTerminating _
        | InstancesNotReady _
        | PdUpgradesFirst _
        | ScalingIn _
        | Replacing _ -> ValueNone
