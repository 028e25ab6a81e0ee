namespace Tikv.Core.Instance

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance.MemberEvidence
open Tikv.Core.Instance.Evidence

/// Everything that may be done for an instance. Each action is complete: nothing is left to be chosen when it is
/// carried out. Every change of an existing object carries the metadata that it was decided on, and every action that can
/// do harm the evidence that it may.
type Action =
    | AddFinalizer
    | CreateClaim of Name: string * Body: Json
    | CreateConfig of Body: Json
    | UpdateConfig of Seen: Meta * Body: Json
    | CreatePod of Body: Json
    /// The only way to a first bootstrap of PD (architecture, law 7).
    | CreateBootstrapPod of Body: Json * FirstBootstrap
    | TakeDisruption of Cluster: Meta * Why: string
    | ReleaseDisruption of Cluster: Meta
    /// Written to our status before the entry is made in PD, so that a crash cannot orphan it (law 9).
    | MarkEviction of EvictionMark
    /// Follows a mark in the same decision: so a mark without its entry means that the call's outcome is unknown.
    | EvictLeaders of Store: StoreId
    | StopEvictingLeaders of Store: StoreId
    | UnmarkEviction
    | TransferPdLeader of To: Heir
    /// Takes down a process that may be serving.
    | RestartPod of Pod: Meta * Why: string * RestartGrounds
    /// Takes away a Pod whose process does not run, or one that is not needed any more.
    | RemovePod of Pod: Meta * Why: string * RemovalGrounds
    | RemoveStore of Store: StoreId * NotFrozen * EnoughStores * LeadersGone
    | RestoreStore of Store: StoreId
    | RemoveMember of Member: MemberId * NotFrozen * QuorumKept * MemberUnwanted
    | RemoveConfig of Config: Meta
    | RemoveClaim of Claim: Meta * Departed * PodGone * DataDisowned
    | RemoveFinalizer of Departed * PodGone
    /// Takes away, without its kubelet's word, a Pod that is being stopped on a node that is gone for good (V I09).
    | ForceRemovePod of Pod: Meta * Why: string * Diagnosis.NodeLost
    /// Asks for another size.
    | ExpandClaim of Claim: Meta * Size: string
    /// Asks for another VolumeAttributesClass.
    | ModifyClaim of Claim: Meta * AttributesClass: string
    /// Labels and annotations; none takes a key away.
    | DescribeClaim of
        Claim: Meta *
        Labels: Map<string, string option> *
        Annotations: Map<string, string option>
    /// A claim that holds nothing, or the data of a store or member (decimal id) that is gone for ever, makes place for a
    /// new one.
    | DiscardClaim of Claim: Meta * Held: string * Ownership.Useless
    /// Adds to the store's labels in PD, or changes them; those that are not named stay.
    | SetStoreLabels of Store: StoreId * Labels: Map<string, string>
    /// Gives settings to the running process; a refusal is written down on the Pod under the fingerprint.
    | ReloadConfig of Pod: Meta * Settings: Map<string, Json> * Fingerprint: string
    /// The configuration of that fingerprint is in effect in the Pod's process.
    | MarkConfig of Pod: Meta * Fingerprint: string
    /// The Pod is not restarted under the disruption that is held since then: a deletion of it that is still on its way meets
    /// another resourceVersion.
    | SparePod of Pod: Meta * Since: string
    /// The disruption that others hold, as it is to be with this instance.
    | JoinDisruption of Cluster: Meta * Joined: Disruption
    /// The disruption as it is to be without this instance; the next one stands first.
    | LeaveDisruption of Cluster: Meta * Left: Disruption

/// How much an action can spoil when it was decided on an old world.
[<RequireQualifiedAccess; Struct>]
type Risk =
    /// Builds up, or can be undone.
    | None
    /// Needs another look, by quorum reads, before it is carried out (law 4).
    | Disruptive
    /// The same; and may depend only on facts that stay true for ever, or that the server checks (law 2).
    | Irreversible

module Action =
    let risk action =
        match action with
        | AddFinalizer
        | CreateClaim _
        | CreateConfig _
        | UpdateConfig _
        | CreatePod _
        | TakeDisruption _
        | ReleaseDisruption _
        | MarkEviction _
        | StopEvictingLeaders _
        | UnmarkEviction
        | RestoreStore _
        | RemoveConfig _
        | ExpandClaim _
        | ModifyClaim _
        | DescribeClaim _
        | SetStoreLabels _
        | ReloadConfig _
        | MarkConfig _
        | SparePod _
        | JoinDisruption _
        | LeaveDisruption _ -> Risk.None
        // Whose an entry is can be told only if there was none just before.
        | EvictLeaders _
        | TransferPdLeader _
        | RestartPod _
        | RemovePod _ -> Risk.Disruptive
        | CreateBootstrapPod _
        | RemoveStore _
        | RemoveMember _
        | RemoveClaim _
        | RemoveFinalizer _
        | ForceRemovePod _
        | DiscardClaim _ -> Risk.Irreversible
