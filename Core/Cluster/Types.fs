namespace Tikv.Core.Cluster

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd

/// What a Cluster reads of one of its groups.
type GroupView = {
    /// PDGroup or TiKVGroup.
    Kind: Kind
    Meta: Meta
    /// How many instances are wanted, and of which version.
    Replicas: int
    Version: string
    Status: GroupStatus
}

/// One look at one Cluster.
type Observed = {
    At: Instant
    /// UTC, for timestamps that people read.
    Clock: DateTimeOffset
    Meta: Meta
    Spec: ClusterSpec
    Status: ClusterStatus
    /// In the order of their names.
    Groups: GroupView list
    /// Those groups that cannot be read.
    Unreadable: (Kind * Meta) list
    /// Where PD is reached.
    PdUrls: string list
    Pd: PdView
    /// The names of the Pods of all instances of PD, and of all of TiKV, whether there is such a Pod or not.
    PdPods: Set<string>
    TikvPods: Set<string>
    /// How long a PD that had answered has been silent, or has heard from hardly any store.
    PdSilentFor: TimeSpan option
    /// The instance that holds the disruption exists, in the life that took it.
    HolderExists: bool
    /// Those who hold it together with the first one, and do not exist any more.
    OthersGone: Set<Uid>
    /// The Secrets of the operator's own certificate, by name; empty without TLS.
    Secrets: Map<string, Sighting<SecretView>>
}

/// Everything that may be done for a Cluster.
type Action =
    | AddFinalizer
    /// Once, and never again (architecture, law 7).
    | RecordId of Id: ClusterId * Url: string option
    | DeleteGroup of Kind: Kind * Group: Meta
    /// The holder is gone for good: its claim means nothing any more.
    | VoidDisruption
    | RemoveFinalizer
    /// How far the way to sleep is, for the instances to see: PD stops once TiKV is recorded, and TiKV starts once it is
    /// not any more.
    | RecordStopped of Stopped: Component list
    /// Some of those who hold the disruption are gone for good: it is left to the others.
    | CutDisruption of Left: Disruption

/// Why a Cluster that is not (yet) as desired is left alone for now.
type Reason =
    /// The API server or PD refused what was decided.
    | StepRefused of Action: string * Message: string
    | Paused
    | Suspended
    | NoPdGroup
    | NoTikvGroup
    | GroupUnreadable of Name: string
    | PdNotAsked
    | PdSilent of Problem: string
    | AnotherCluster of Id: ClusterId * Recorded: ClusterId
    | GroupsRemain of Names: string list
    | GroupsNotReady of Groups: (string * string) list
    /// The groups say Ready, and PD says that these do not serve.
    | ProcessesNotServing of Pods: string list
    | Suspending of Groups: string list
    | Resuming of Problem: string

module Reason =
    /// For people: the message of the Kubernetes condition, the event, the log line and the transcript.
    let text reason =
        match reason with
        | StepRefused(action, message) -> $"%s{action} was refused: %s{message}"
        | Paused -> "the cluster is paused"
        | Suspended -> "the cluster is suspended"
        | NoPdGroup -> "no PDGroup belongs to this cluster yet"
        | NoTikvGroup -> "no TiKVGroup belongs to this cluster yet"
        | GroupUnreadable name ->
            $"the group %s{name} cannot be read, and is left as it is; its conditions say why"
        | PdNotAsked -> "PD has not been asked yet: none of its members runs"
        | PdSilent problem -> $"PD did not answer: %s{problem}"
        | AnotherCluster(ClusterId id, ClusterId recorded) ->
            $"another cluster (id %d{id}) answers at PD's address; the id of this one is %d{recorded}"
        | GroupsRemain names ->
            let names = String.Join(", ", names)
            $"waiting for %s{names} to be removed"
        | GroupsNotReady groups ->
            groups
            |> List.map (fun (name, why) -> if why = "" then name else $"%s{name}: %s{why}")
            |> fun groups -> String.Join("; ", groups)
        | ProcessesNotServing pods ->
            let names = String.Join(", ", pods)
            $"PD does not hear from %s{names}"
        | Suspending groups ->
            let names = String.Join(", ", groups)
            $"the Pods of %s{names} stop, first those of TiKV"
        | Resuming problem -> $"TiKV starts once PD answers: %s{problem}"

    /// The reason of the Kubernetes condition: stable, part of the API.
    let code reason =
        match reason with
        | StepRefused _ -> "StepRefused"
        | Paused -> "Paused"
        | Suspended -> "Suspended"
        | NoPdGroup -> "NoPDGroup"
        | NoTikvGroup -> "NoTiKVGroup"
        | GroupUnreadable _ -> "GroupUnreadable"
        | PdNotAsked -> "PDNotAsked"
        | PdSilent _ -> "PDUnreachable"
        | AnotherCluster _ -> "ClusterIdMismatch"
        | GroupsRemain _ -> "GroupsRemain"
        | GroupsNotReady _ -> "GroupsNotReady"
        | ProcessesNotServing _ -> "ProcessesNotServing"
        | Suspending _ -> "Suspending"
        | Resuming _ -> "Resuming"

    /// Every other wait of a Cluster ends with a change of an object, or with new facts of PD.
    let recheckAfter (reason: Reason) : TimeSpan voption =
        match reason with
        | PdSilent _ -> ValueSome PdView.shortSilence
        | _ -> ValueNone
