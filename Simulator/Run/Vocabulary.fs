namespace Tikv.Simulator.Run

open System
open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes

/// What a word of the vocabulary means, for the schema of scenario files, and how it is written there.
[<AttributeUsage(AttributeTargets.All)>]
type AboutAttribute(text: string) =
    inherit Attribute()
    member _.Text = text

    /// The word in files, where it is not the name of the case.
    member val Word = "" with get, set

    /// The field whose value stands right behind the word; the others stand beside it by their names. The first, if empty.
    member val Head = "" with get, set

    /// The cases of what it holds stand among those of its own union.
    member val Spliced = false with get, set

/// A state of the world, to wait for or to expect. Objects are named by kind and name, such as `TiKVGroup/basic-tikv`, Pods
/// and groups by their names; all stand in the namespace `default`.
[<RequireQualifiedAccess>]
type Fact =
    // objects
    | [<About "The object exists.">] Exists of Target: string
    | [<About "The object does not exist.">] Absent of Target: string
    | [<About "The object is being deleted.">] Terminating of Target: string
    | [<About "The object was made since the scenario began.">] New of Target: string
    | [<About "A field of an object has a value.">] Field of Target: string * Path: string list * Value: Json
    | [<About "A field of an object has any value.">] HasField of Target: string * Path: string list
    | [<About("An object has a condition of that type: with that status, that reason, and those words in its message, where they are given. Unless it may be stale, it must be of the object's present generation.",
              Head = "Type")>] Condition of
        Target: string *
        Type: string *
        Status: string option *
        Reason: string option *
        Words: string option *
        Stale: bool
    | [<About("Some condition of the object has that reason.", Word = "givesReason", Head = "Reason")>] Reason of
        Target: string *
        Reason: string
    | [<About("The operator says that the Cluster or group is in that phase.", Head = "Phase")>] Phase of
        Target: string *
        Phase: Summary
    | [<About "Its condition Ready has been True for so long.">] ReadyFor of Target: string * Span: int64
    | [<About "Cluster, groups and all instances are Ready in their present generation, and nothing is under way.">] Settled

    // Pods and groups
    | [<About "So many Pods of the group are there, and not going.">] Pods of Group: string * Count: int
    | [<About "No more than one Pod is being stopped.">] OnePodStops
    | [<About "A Pod of the group is being stopped.">] PodStops of Group: string
    | [<About "A Pod of the group is on some node.">] PodStands of Group: string
    | [<About "Every Pod of the group is ready, and none is being stopped.">] PodsServe of Group: string
    | [<About "No Pod is on the node.">] NodeEmpty of Node: string
    | [<About "Every instance of the group bears the note of a restart, and is Ready.">] Restarted of
        Target: string *
        Note: string
    | [<About "Every Pod of the group runs the version.">] RunsVersion of Group: string * Version: string
    | [<About "No Pod of the group runs the version before all Pods of the former group do.">] NotBefore of
        Group: string *
        Former: string *
        Version: string
    | [<About "The group says of its present generation that its update revision is reached.">] RevisionReached of
        Target: string
    | [<About "The stores of the cluster are in these zones, and in no others.">] StoresInZones of
        Zones: string list

    // PD and TiKV
    | [<About "PD has so many stores up, whether they live or not.">] StoresUp of Count: int
    | [<About "PD has at least so many stores up.">] StoresUpAtLeast of Count: int
    | [<About "At least so many stores that are up do not run.">] StoresDown of AtLeast: int
    | [<About "PD has so many tombstones.">] Tombstones of Count: int
    | [<About "No more than one store is Removing.">] OneStoreLeaves
    | [<About "The store of the Pod is up: Preparing or Serving.">] StoreUp of Pod: string
    | [<About "The store of the Pod is Preparing.">] Preparing of Pod: string
    | [<About "The store of the Pod is Removing.">] Removing of Pod: string
    | [<About "The store of the Pod is a tombstone.">] Tombstone of Pod: string
    | [<About "The store with which the Pod began the scenario is up.">] KeepsStore of Pod: string
    | [<About "The store of the Pod leads at least so many regions.">] LeadsRegions of
        Pod: string *
        AtLeast: int
    | [<About "PD evicts the leaders of the Pod's store.">] Evicting of Pod: string
    | [<About "PD evicts the leaders of no store that is still there.">] NoEvictions
    | [<About "Every region has a majority of stores that run.">] EveryRegionServes
    | [<About "Every store that is up has that label in PD.">] StoresLabelled of Label: string
    | [<About "PD has no leader or peer left to move, and will not by itself.">] PdAtRest
    | [<About "A node has not been heard for longer than that.">] NodeSilent of Span: int64
    | [<About "PD has so many members.">] Members of Count: int
    | [<About "The Pod's member leads PD.">] LeadsPd of Pod: string
    | [<About "PD has a leader.">] PdHasLeader
    | [<About "There is no other PD cluster.">] OnePdCluster

    // taken together
    | [<About "It is not so.">] Not of Fact: Fact
    | [<About "All of these are so.">] All of Facts: Fact list
    | [<About "One of these is so.">] Any of Facts: Fact list
    | [<About "A fact in words of one's own, for reports.">] Called of Name: string * Is: Fact

/// A Secret with a certificate, as a component or the operator wants it. `Round` tells keys of one
/// authority apart.
type Certificate = {
    Secret: string
    Hosts: string list
    Round: int
    [<About "The first day on which it is valid (UTC).">]
    ValidFrom: string
    [<About "The first day on which it is valid no more (UTC).">]
    ValidUntil: string
}

/// What somebody beside the operators does: a user, an administrator of PD, another controller.
[<RequireQualifiedAccess>]
type Act =
    // requests to the API server
    | [<About "Creates an object from its manifest.">] Create of Manifest: Json
    | [<About "Applies a manifest (server-side, as `kubectl apply --server-side --force-conflicts`).">] Apply of
        Manifest: Json
    | [<About("Changes an object by a JSON merge patch.", Head = "Target")>] Patch of
        Target: string *
        With: Json
    | [<About "Deletes the volume of a claim, finalizers and all: the claim is Lost.">] LoseVolumeOf of
        Claim: string
    | [<About("Changes the status of an object by a JSON merge patch, as `kubectl patch --subresource=status` does.",
              Head = "Target")>] PatchStatus of Target: string * With: Json
    | [<About "Sets the replicas of a group.">] Scale of Target: string * Replicas: int
    | [<About "Sets the version of a group.">] SetVersion of Target: string * To: string
    | [<About "Restarts every Pod of a group, by a note in its template.">] Restart of
        Target: string *
        Note: string
    | [<About "Deletes an object.">] Delete of Target: string
    | [<About "Deletes a Pod without grace: its object goes at once, whether its process ends or not.">] DeleteNow of
        Target: string
    | [<About "Deletes an object and takes its finalizers away: it goes before anything that belongs to it.">] DeleteForced of
        Target: string
    | [<About "Deletes everything in the namespace, as its controller does when the namespace is deleted.">] DeleteNamespaced
    | [<About "Evicts a Pod, as `kubectl drain` does.">] Evict of Pod: string
    | [<About "Creates the Secret of a certificate.">] IssueCertificate of Certificate: Certificate
    | [<About "Puts another certificate into a Secret.">] RenewCertificate of Certificate: Certificate
    | [<About "Has the Cluster adopt the volumes of the former Cluster for which the claim was made.">] AdoptVolumes of
        Claim: string

    // machines, by who is on them
    | [<About "The node that a Pod runs on loses its power.">] PowerOffNodeOf of Pod: string
    | [<About "The node that an instance says it was on last has power again.">] PowerOnNodeOf of
        Target: string
    | [<About "All nodes have power again.">] PowerOnEverywhere
    | [<About "The node that a Pod runs on is lost for good, with its local disks.">] LoseNodeOf of
        Pod: string
    | [<About "The node that a Pod runs on is replaced by another of its name, with empty disks.">] ReplaceNodeOf of
        Pod: string
    | [<About "The node that a Pod runs on loses its power, and its Node is deleted.">] DeleteNodeOf of
        Pod: string
    | [<About "The Node that an instance says it was on last is deleted.">] DeleteLastNodeOf of Target: string
    | [<About "Containers on the node of a Pod may open so many files, from their next start on.">] LimitFilesOf of
        Pod: string *
        Files: int
    | [<About "Nothing but what is there may be put on the nodes without a Pod of the group; or may again.">] ReserveNodesWithout of
        Group: string *
        On: bool

    // PD, as an administrator has it with pd-ctl
    | [<About "PD evicts the leaders of the Pod's store.">] PdEvictLeaders of Pod: string
    | [<About "PD evicts the leaders of the Pod's store no longer.">] PdStopEvicting of Pod: string
    | [<About "PD removes the Pod's store.">] PdRemoveStore of Pod: string
    | [<About "PD takes the Pod's store back.">] PdRestoreStore of Pod: string
    | [<About "PD is led by the Pod's member.">] PdTransferLeader of Pod: string
    | [<About "The member that leads PD is killed.">] KillPdLeader
    | [<About "A store that is none of the operator's registers with PD, and is heard of once.">] RegisterStore of
        Name: string *
        Engine: string

/// What is counted: writes and calls of the operators, as they are executed.
[<RequireQualifiedAccess>]
type Counted =
    | [<About "An operator creates an object of that kind.">] Creates of Kind: Kind
    | [<About "An operator deletes an object of that kind; of that name only, where one is given.">] Deletes of
        Kind: Kind *
        Name: string option
    | [<About "An operator changes an object of that kind, its status included.">] Patches of Kind: Kind
    | [<About "Any write of an operator to Kubernetes; status, leases and events apart.">] Writes
    | [<About "Any call of an operator that changes something in PD.">] PdCalls
    | [<About "An operator asks PD to remove a store.">] RemovesStore
    | [<About "An operator asks PD to take a store back.">] RestoresStore
    | [<About "An operator asks PD to remove a member.">] RemovesMember
    | [<About "An operator asks PD to evict leaders.">] EvictsLeaders
    | [<About "An operator asks PD for another leader.">] TransfersLeader
    | [<About "An operator has set the labels of a store in PD.">] SetsLabels
    | [<About "An operator has given settings to a process that runs.">] SetsSettings

/// What is expected of a run, beside every invariant.
[<RequireQualifiedAccess>]
type Check =
    | [<About "Holds once all is done, and when the run ends.">] Finally of Fact: Fact
    | [<About("Holds at some time before that, from the beginning of the scenario.", Head = "Fact")>] Eventually of
        Within: int64 *
        Fact: Fact
    | [<About "Holds after everything that happens.">] Always of Fact: Fact
    | [<About "Does not happen; or not while something is so.">] Never of
        Counted: Counted *
        While: Fact option
    | [<About "Happens so often.">] Exactly of Count: int * Of: Counted
    | [<About "Happens so often at most.">] AtMost of Count: int * Of: Counted
    | [<About "Happens so often at least.">] AtLeast of Count: int * Of: Counted

    /// What is counted, how often at the least and at the most, and only while what is so; none of states.
    member check.Counts: (Counted * int * int * Fact option) option =
        match check with
        | Finally _
        | Eventually _
        | Always _ -> None
        | Never(counted, during) -> Some(counted, 0, 0, during)
        | Exactly(count, counted) -> Some(counted, count, count, None)
        | AtMost(count, counted) -> Some(counted, 0, count, None)
        | AtLeast(count, counted) -> Some(counted, count, Int32.MaxValue, None)
