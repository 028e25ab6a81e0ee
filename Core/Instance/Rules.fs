/// The rules that PD and TiKV instances share: what stands before, beside and after the life of the process.
module Tikv.Core.Instance.Rules

open Tikv.Core
open Tikv.Core.Api
open Tikv.Core.Kubernetes
open Tikv.Core.Pd
open Tikv.Core.Instance

/// A paused cluster is left alone in everything but status, deletion included.
let pause (observed: Observed) =
    if Seen.paused observed then Decision.wait [ ClusterPaused ] else Decision.settled

/// An instance without its Cluster is not built up: nothing says how. It can still be deleted.
let cluster (observed: Observed) =
    match observed.Cluster with
    | None when observed.ClusterUnreadable ->
        Decision.wait [ ClusterUnreadable (Seen.settings observed).Cluster.Name ]
    | None when not (Seen.deleting observed) ->
        Decision.wait [ ClusterAbsent (Seen.settings observed).Cluster.Name ]
    | _ -> Decision.settled

/// Our finalizer stands before anything exists that it must clean up after.
let finalizer (observed: Observed) =
    if
        Seen.deleting observed
        || List.contains Labels.finalizer observed.Meta.Finalizers
    then
        Decision.settled
    else
        Decision.act [ AddFinalizer ]

/// A Pod under our name that somebody else owns is neither restarted nor removed, and nothing is built beside it.
let foreign (observed: Observed) =
    match observed.Pod with
    | Some pod when not (Seen.owns observed pod.Meta) -> Decision.wait [ NotOurs("Pod", pod.Meta.Name) ]
    | _ -> Decision.settled

let private keptConfig (observed: Observed) =
    match observed.Config with
    | Some config when Seen.owns observed config.Meta -> Decision.settled
    | Some config -> Decision.wait [ NotOurs("ConfigMap", config.Meta.Name) ]
    | None -> Decision.wait [ Seen.pdReason observed ]

let private holds file (config: ConfigMapView) =
    config.Data.Count = 1 && Map.tryFind "config.toml" config.Data = Some file

let private wantedConfig (observed: Observed) =
    match Manifest.configFile observed, observed.Config with
    | Error problem, _ -> Decision.wait [ InvalidSpec $"spec.config is not TOML: %s{problem}" ]
    | Ok file, None -> Decision.act [ CreateConfig(Manifest.configMap observed file) ]
    | Ok _, Some config when not (Seen.owns observed config.Meta) ->
        Decision.wait [ NotOurs("ConfigMap", config.Meta.Name) ]
    | Ok _, Some _ when Reload.holdsConfig observed -> Decision.settled
    | Ok file, Some config when not (holds file config) ->
        Decision.act [ UpdateConfig(config.Meta, Manifest.configMap observed file) ]
    | Ok _, Some _ -> Decision.settled

/// The ConfigMap says what the process is to be started with; it is in place before the Pod. While PD would have to say
/// how a member enters and does not answer, it stays as it is.
let config (observed: Observed) =
    match Seen.entry observed with
    | EntryUnknown -> keptConfig observed
    | Bootstraps
    | Joins -> wantedConfig observed

/// What is the matter with the certificates of the process; none without TLS.
let certificateProblems (observed: Observed) =
    Manifest.tlsSecrets observed
    |> Option.map (fun secrets ->
        Certificates.problems observed.Clock observed.Secrets secrets [ Manifest.advertisedHost observed ])

/// A process is never started, nor taken down to be started again, without the certificates that TLS needs (V T73).
let startable (observed: Observed) =
    certificateProblems observed
    |> Option.defaultValue []
    |> List.filter Certificates.blocks
    |> List.map CertificateWrong
    |> Decision.wait

/// What is wrong with certificates is told, whatever else goes on. A process that runs is left alone: it has read its
/// certificates, and new ones reach it as files.
let certificates (observed: Observed) =
    let isWarning problem =
        match problem with
        | CertificateProblem.ExpiresSoon _ -> true
        | _ -> false

    if Seen.deleting observed || Seen.suspended observed then
        Decision.settled
    else
        certificateProblems observed
        |> Option.defaultValue []
        |> List.filter (isWarning >> not)
        |> List.map CertificateWrong
        |> Decision.wait

/// The Pod, with what its process is started with written down on it.
let podBody (observed: Observed) =
    Map [
        Annotations.processBase, Revision.ofBase observed
        Annotations.configInEffect, Reload.wanted observed
    ]
    |> Manifest.pod observed (Revision.ofProcess observed)

/// The Pod that is to be made, for those who may make it.
let withPod (observed: Observed) (make: Json -> Decision<Action, Reason>) =
    match startable observed, podBody observed with
    | { Waiting = _ :: _ } as waiting, _ -> waiting
    | _, Ok body -> make body
    | _, Error problem -> Decision.wait [ InvalidSpec $"spec.overlay.pod.spec cannot be merged: %s{problem}" ]

/// A process that does not run loses nothing by being replaced: a revert must always heal (law 5).
let replace (pod: PodView) why =
    match Evidence.notServing pod with
    | Some broken -> Decision.act [ RemovePod(pod.Meta, why, Evidence.Broken broken) ]
    | None -> Decision.settled

/// The process is started, and serves. A Pod that has ended for good (evicted, or of a lost node's past) is replaced.
let podServes (observed: Observed) =
    match observed.Pod with
    | None -> Decision.settled
    | Some pod when
        pod.Meta.DeletionTimestamp.IsNone
        && (pod.Phase = "Failed" || pod.Phase = "Succeeded")
        ->
        let why = if pod.EndReason = "" then pod.Phase else pod.EndReason
        replace pod $"Pod%s{why}"
    | Some pod when pod.Unschedulable <> "" ->
        Decision.wait (Diagnosis.pod observed pod @ (Drain.cordonedHomes observed |> List.map NodeLeft))
    | Some pod -> Decision.wait (Diagnosis.pod observed pod)

/// A Pod that does not say what it was started with is taken for what the instance was ready with last; and while that
/// is not known either, nobody is restarted by surprise (T 6.4 #26).
let private unmarkedIsCurrent (observed: Observed) (pod: PodView) =
    let lacks name = not (Map.containsKey name pod.Meta.Annotations)

    lacks Annotations.processRevision
    && lacks Annotations.processBase
    && (Seen.status observed).CurrentRevision
       |> Option.forall (fun last -> Map.tryFind Labels.revision observed.Meta.Labels = Some last)

/// Whether the running process was started with other settings than are wanted now, or must be started anew for its volume
/// to grow.
let outdated (observed: Observed) (pod: PodView) =
    let bears name revision = Map.tryFind name pod.Meta.Annotations = Some revision

    let sameBase =
        bears Annotations.processRevision (Revision.ofProcess observed)
        || bears Annotations.processBase (Revision.ofBase observed)
        || unmarkedIsCurrent observed pod

    pod.Meta.DeletionTimestamp.IsNone
    && (not sameBase
        || Reload.pending observed pod = Reload.ByRestart
        || Volumes.awaitsRestart observed pod)

/// Why the running process is to be replaced: what the disruption is for, and what the restart says.
let restartCause (observed: Observed) (pod: PodView) =
    if outdated observed pod then Some("RollingUpdate", "TemplateChanged")
    elif Drain.wanted observed && pod.Meta.DeletionTimestamp.IsNone then Some("NodeDrain", "NodeDrain")
    else None

/// Who may take a process down now: nobody but the holder of the single disruption.
let withDisruption why (observed: Observed) (act: Evidence.HeldDisruption -> Decision<Action, Reason>) =
    match observed.Cluster, Evidence.heldDisruption observed with
    | _ when not (startable observed).Waiting.IsEmpty -> startable observed
    | None, _ -> Decision.wait [ ClusterAbsent (Seen.settings observed).Cluster.Name ]
    | Some _, Some held -> act held
    | Some cluster, None ->
        match cluster.Status.Disruption with
        | Some other -> Decision.wait [ DisruptionHeldBy(other.Name, other.Reason) ]
        | None -> Decision.act [ TakeDisruption(cluster.Meta, why) ]

/// A running process is to be restarted: what the disruption is for, and PD's facts, by which it is no outage.
type Restart = { Disruption: string; Calm: Evidence.NotFrozen; Facts: PdFacts }

/// Who has no cause to be restarted stays; whose process does not run, or whom nobody counts on, is replaced at once. The
/// others wait while a PodDisruptionBudget that somebody else has made refuses: a deletion would pass it by (V I27, K47).
/// Then it depends on the component.
let restart running (observed: Observed) : Decision<Action, Reason> =
    let cause =
        observed.Pod
        |> Option.bind (fun pod -> restartCause observed pod |> Option.map (fun cause -> pod, cause))

    match cause with
    | None -> Decision.settled
    | Some(pod, (disruption, why)) ->
        match Evidence.notServing pod, Evidence.notFrozen observed, Seen.facts observed with
        | Some _, _, _ -> replace pod why
        | None, Error reason, _ -> Decision.wait [ reason ]
        | None, Ok _, None -> Decision.wait [ Seen.pdReason observed ]
        | None, Ok calm, Some facts ->
            let go grounds = Decision.act [ RestartPod(pod.Meta, why, grounds) ]

            match Evidence.alreadyOut pod observed facts with
            | Some out -> go (Evidence.Unneeded(calm, out))
            | None when not observed.Refusing.IsEmpty ->
                Decision.wait (observed.Refusing |> List.map BudgetRefuses)
            | None -> running { Disruption = disruption; Calm = calm; Facts = facts } go

/// The disruption of others is joined, if it may be.
let join (joined: Result<Disruption, Alone>) (observed: Observed) =
    match observed.Cluster, joined with
    | _ when not (startable observed).Waiting.IsEmpty -> startable observed
    | None, _ -> Decision.wait [ ClusterAbsent (Seen.settings observed).Cluster.Name ]
    | Some cluster, Ok joined -> Decision.act [ JoinDisruption(cluster.Meta, joined) ]
    | Some cluster, Error why ->
        Decision.wait [
            match cluster.Status.Disruption with
            | Some other -> DisruptionHeldBy(other.Name, other.Reason)
            | None -> ()
            TakenAlone why
        ]

/// A restart that is not wanted any more may have been asked for: the request is still on its way when its sender has given it up,
/// or has died, and would come upon a store whose leaders are back. So the Pod is changed first, and the request refused: it
/// names the resourceVersion that was seen (law 2; V A7, zombie writes).
let spared (observed: Observed) =
    match Seen.asHolder observed, observed.Pod with
    | Some holder, Some pod when
        pod.Meta.DeletionTimestamp.IsNone
        && Map.tryFind Annotations.spared pod.Meta.Annotations <> Some holder.Since
        && (match Timestamp.tryParse pod.Meta.CreationTimestamp, Timestamp.tryParse holder.Since with
            | Some made, Some since -> made <= since
            | _ -> true)
        ->
        Decision.act [ SparePod(pod.Meta, holder.Since) ]
    | _ -> Decision.settled

let private giveBack (observed: Observed) =
    match observed.Cluster, Seen.disruption observed with
    | Some cluster, Some held when Seen.holdsDisruption observed ->
        match held |> Disruption.without (fun uid -> uid = observed.Meta.Uid) with
        | None -> Decision.act [ ReleaseDisruption cluster.Meta ]
        | Some left -> Decision.act [ LeaveDisruption(cluster.Meta, left) ]
    | _ -> Decision.settled

/// The disruption is given back once the instance is as desired; others who hold it go on.
let release (observed: Observed) = observed |> Rule.inTurn [ spared; giveBack ]

/// An instance on its way out needs the disruption no more while its process serves: leaving may take hours.
let releaseEarly (observed: Observed) =
    match observed.Pod with
    | Some pod when pod.Ready && pod.Meta.DeletionTimestamp.IsNone -> release observed
    | _ -> Decision.settled

/// What is left of an instance that has no part in the cluster any more, from the process down to the finalizer.
let tearDown departed (observed: Observed) =
    let claims =
        match Evidence.podGone observed, Evidence.dataDisowned departed observed with
        | Some gone, Some disowned ->
            Seen.wantedClaims observed
            |> List.choose (fun (_, name) -> observed.Claims |> Map.tryFind name)
            |> List.filter (Ownership.isOurs observed)
            |> List.map (fun claim ->
                if claim.Meta.DeletionTimestamp.IsSome then
                    Decision.wait [ ClaimTerminating claim.Meta.Name ]
                else
                    Decision.act [ RemoveClaim(claim.Meta, departed, gone, disowned) ])
        | _ -> []

    match observed.Pod, Evidence.podGone observed, observed.Config, claims with
    | Some pod, None, _, _ when pod.Meta.DeletionTimestamp.IsSome -> Decision.wait [ PodTerminating ]
    | Some pod, None, _, _ -> Decision.act [ RemovePod(pod.Meta, "Removed", Evidence.Left departed) ]
    | _, _, Some config, _ when Seen.owns observed config.Meta -> Decision.act [ RemoveConfig config.Meta ]
    | _, _, _, _ :: _ -> Decision.together claims
    // It may be using the data.
    | Some foreign, _, _, [] when Evidence.wantsDataDeleted departed observed && not observed.Claims.IsEmpty ->
        Decision.wait [ NotOurs("Pod", foreign.Meta.Name) ]
    | _, Some gone, _, [] when List.contains Labels.finalizer observed.Meta.Finalizers ->
        let kept =
            match departed with
            | Evidence.StoreDeparted _
            | Evidence.MemberDeparted _ -> Volumes.retire
            | Evidence.NothingDeparted _
            | Evidence.GivenUp _
            | Evidence.ClusterDeparted _ -> fun _ -> Decision.settled

        observed
        |> Rule.inTurn [ kept; (fun _ -> Decision.act [ RemoveFinalizer(departed, gone) ]) ]
    | _ -> Decision.settled

/// An instance that goes with its whole cluster: nothing is drained, data goes by the Cluster's policy.
let endsWithCluster (observed: Observed) =
    match Evidence.clusterEnds observed with
    | Some ends -> tearDown (Evidence.ClusterDeparted ends) observed
    | None -> Decision.settled
